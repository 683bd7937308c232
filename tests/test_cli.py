"""The command line: every command on a tiny run, and one line with an exit code for each wrong input."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import warnings
from types import SimpleNamespace

import pytest

import gan_keras.cli
import gan_keras.runs.files
from command_line import call, refused
from gan_keras.data.text.phrases import english_phrases
from gan_keras.export import exported
from gan_keras.runs import demo, train
from gan_keras.runs.files import Run
from whole_runs import assert_suggestions_run

ROOT = pathlib.Path(__file__).parents[1]
SETTINGS = ("units=16", "pretraining_epochs=1", "discriminator_epochs=0", "adversarial_epochs=0")
SMALL = ["--preset", "tiny", *(part for setting in SETTINGS for part in ("--set", setting))]


@pytest.fixture(scope="module")
def corpus(folder):
    path = folder / "text.txt"
    lines = list(dict.fromkeys(english_phrases().sample(400, seed=0)))[:100]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def run(folder, corpus):
    result = call("train", "text", "--data", corpus, "--out", folder / "run", *SMALL)
    assert result.exit_code == 0, result.output
    assert "epoch 1/1, pretraining: nll" in result.stdout
    return folder / "run"


@pytest.fixture(scope="module")
def version(folder, run):
    result = call("export", run, "--to", folder / "saved_models" / "tiny")
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(folder / "saved_models" / "tiny" / "1")
    return folder / "saved_models" / "tiny" / "1"


# --- Commands on a tiny run. ---


def test_tables_binary_files_and_prose_are_refused_with_the_command_that_takes_them(tmp_path):
    rows, prose, picture = tmp_path / "rows.csv", tmp_path / "prose.txt", tmp_path / "picture.txt"
    rows.write_text("age,city\n" + "20,Oslo\n30,Rome\n" * 9)
    prose.write_text("The cat sat on the old mat, and slept\n" * 9)
    picture.write_bytes(b"\x89PNG\r\n\x1a\nand more")
    out = ("--out", tmp_path / "run")
    assert "seems to be a table of 2 columns" in refused("train", "text", "--data", rows, *out)
    assert "`gan-keras train image` reads such files" in refused("train", "text", "--data", picture, *out)
    for modality in ("table", "series"):
        assert "To learn its lines: `gan-keras train text`" in refused("train", modality, "--data", prose, *out)
    assert not (tmp_path / "run").exists()


def test_generate_prints_only_samples(run):
    result = call("generate", run, "-n", 5, "--seed", 3)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 5
    assert call("generate", run, "-n", 1, "--seed", 5).stdout == result.stdout.splitlines()[2] + "\n"


def test_an_exported_version_generates_the_sentences_of_its_run(loaded, version):
    choices = ("-n", 4, "--seed", 9, "--temperature", 0.7, "--top-p", 0.9, "--prompt", "the")
    of_run = call("generate", loaded, *choices)
    assert of_run.exit_code == 0, of_run.output
    assert call("generate", version, *choices).stdout == of_run.stdout
    assert call("generate", version.parent, *choices).stdout == of_run.stdout
    assert all(line.startswith("the") for line in of_run.stdout.splitlines())


def test_an_exported_version_supports_the_number_of_drafts_it_was_exported_with(loaded, version):
    of_run = call("generate", loaded, "-n", 3, "--candidates", 4)
    assert call("generate", version, "-n", 3, "--candidates", 4).stdout == of_run.stdout
    assert "Expected 1 or 4" in refused("generate", version, "-n", 3, "--candidates", 2)


def test_evaluate_and_report_write_into_the_run(loaded, folder):
    result = call("evaluate", loaded, "--num", 40, "--json", folder / "scores.json")
    assert result.exit_code == 0, result.output
    assert "Verdict" in result.stdout
    assert json.loads((folder / "scores.json").read_text()) == json.loads((loaded / "evaluation.json").read_text())
    assert (loaded / "frontier.png").read_bytes().startswith(b"\x89PNG")
    for name in ("evaluation.json", "frontier.png"):
        assert f"Written: {loaded / name}\n" in result.stdout
    assert f"Written: {folder / 'scores.json'}\n" in result.stdout
    result = call("report", loaded)
    assert result.stdout.strip() == str(loaded / "report.html")
    assert "<html" in (loaded / "report.html").read_text()


def test_generate_writes_to_a_file(loaded, tmp_path):
    result = call("generate", loaded, "-n", 2, "--output", tmp_path / "out.txt")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"Written: {tmp_path / 'out.txt'}\n")
    assert (tmp_path / "out.txt").read_text() == call("generate", loaded, "-n", 2).stdout


@pytest.mark.slow
def test_every_suggested_command_runs_as_it_stands(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sorted(assert_suggestions_run(run)) == ["evaluate", "export", "generate", "generate", "report"]


def test_the_demo_shows_sentences_of_the_generator_of_its_resampled_drafts_and_of_people():
    names = {"gan": "GAN, one draw", "gan_resampled_of_4": "resampled", "gan_likeliest_of_4": "likeliest", "ngram": "5-gram"}
    samplers = {name: {"title": title, "sentences": [f"{title} {index}" for index in range(9)]} for name, title in names.items()}
    told = []
    console = SimpleNamespace(tell=lambda title, sentences: told.append((title, sentences[0], len(sentences))))
    demo.tell_sentences({"samplers": samplers, "real": {"title": "real", "sentences": ["r"] * 9}}, console)
    assert told == [("GAN, one draw:", "GAN, one draw 0", 6), ("resampled:", "resampled 0", 6), ("real:", "r", 6)]


def test_the_demo_shows_the_sentences_of_each_epoch_once(tmp_path):
    lines, run = [], Run(tmp_path)
    narrator = demo.Narrator(run, lines.append)
    run.samples.mkdir()
    (run.samples / "epoch_001.txt").write_text("a\nb\nc\nd\n")
    narrator("epoch 1/3")
    (run.samples / "epoch_002.txt").write_text("a\nb\nc\ne\n")
    narrator("epoch 2/3")
    (run.samples / "epoch_003.txt").write_text("f\n")
    narrator("epoch 3/3")
    first = ["epoch 1/3", "Epoch 1 writes:", "    a", "    b", "    c"]
    assert lines == [*first, "epoch 2/3", "epoch 3/3", "Epoch 3 writes:", "    f"]


def test_a_demo_never_uses_an_existing_directory(tmp_path):
    for expected in ("demo", "demo-2", "demo-3"):
        path = demo.fresh_directory(tmp_path, "demo")
        assert path.name == expected
        path.mkdir()


@pytest.mark.slow
def test_the_demo_trains_compares_exports_and_reports(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "saved_models").symlink_to(ROOT / "saved_models")
    monkeypatch.setattr(demo, "NUM_EVALUATED", 20)
    lines = []
    demo.demonstrate(1.5, "tiny", saved_models=tmp_path / "exported", show=lines.append)
    text = "\n".join(lines)
    assert lines[0].startswith("A model that comes with the package") and lines[1].startswith("    ")
    for expected in (
        "Epoch 1 writes:",
        "GAN, likeliest of 4",
        "real training lines",
        "Verdict: ",
        "gan-keras generate runs/demo -n 10",
    ):
        assert expected in text, text
    assert (tmp_path / "exported" / "demo" / "1" / "saved_model.pb").exists()
    assert (tmp_path / "runs" / "demo" / "report.html").exists()


# --- Lists. ---


def test_lists_show_data_sets_presets_and_commands():
    assert "text         docstrings       real English" in call("datasets").stdout
    table = call("presets", "text").stdout
    assert "text policy_gradient  de Masson d'Autume et al., 2019  42 (docstrings)" in table and "image" not in table
    assert call("--version").stdout == f"gan_keras {gan_keras.__version__}\n"
    for command in ("train", "schema", "generate", "evaluate", "report", "export", "datasets", "presets", "doctor", "demo"):
        assert command in call("--help").stdout


def test_the_help_of_a_modality_shows_its_own_options_fields_and_examples():
    general, text, image = call("train", "--help"), call("train", "text", "--help"), call("train", "image", "--help")
    assert [result.exit_code for result in (general, text, image)] == [0, 0, 0]
    assert "--labels" in general.stdout and "units=" not in general.stdout
    assert "--labels" in text.stdout and "units=512" in text.stdout and "--data docstrings --out" in text.stdout
    assert "--labels" not in image.stdout and "batch_size=64" in image.stdout and "--data digits --out" in image.stdout


# --- Wrong input to `train`. ---


@pytest.fixture
def bad_files(tmp_path):
    contents = {
        "empty": b"",
        "one": b"a single line\n",
        "blank": b"\n  \n\t\n\n",
        "binary": bytes(range(256)) * 40,
        "latin": "é è ê\n".encode("latin-1") * 50,
    }
    for name, content in contents.items():
        (tmp_path / f"{name}.txt").write_bytes(content)
    (tmp_path / "directory.txt").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing", "no file"),
        ("empty", "is empty"),
        ("one", "1 line"),
        ("blank", "blank"),
        ("binary", "binary"),
        ("latin", "not UTF-8"),
        ("directory", "holds no text files"),
    ],
)
def test_a_bad_file_is_refused_before_anything_is_written(bad_files, name, words):
    line = refused("train", "text", "--data", bad_files / f"{name}.txt", "--out", bad_files / "run", "--preset", "tiny")
    assert words in line
    assert not (bad_files / "run").exists()


def test_more_labels_than_lines_are_refused(corpus, tmp_path):
    (tmp_path / "labels.txt").write_text("a\n" * 101)
    line = refused("train", "text", "--data", corpus, "--labels", tmp_path / "labels.txt", "--out", tmp_path / "run")
    assert "101 labels" in line and "100 lines" in line


def test_lines_of_a_million_characters_are_truncated_and_counted(tmp_path):
    (tmp_path / "long.txt").write_text(("word " * 200_000 + "\n") * 2 + "short line\nother line\n" * 3)
    result = call("train", "text", "--data", tmp_path / "long.txt", "--out", tmp_path / "run", *SMALL)
    assert result.exit_code == 0, result.output
    assert "2 cut" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--preset", "nope"], "default, language_model"),
        (["--set", "units"], "key=value"),
        (["--set", "unit=1"], "no setting 'unit'"),
        (["--set", "units=0"], "at least 1"),
        (["--set", "feedback.candidates=abc"], "feedback.candidates=abc"),
        (["--set", "discriminator_options.filters=9"], "discriminator_options={'filters': 9}: Unrecognized keyword"),
        (["--set", "codec_options.foo=1"], "got an unexpected keyword argument 'foo'. Expected arguments of WordCodec"),
        (["--epochs", "0"], "epochs=0"),
        (["--minutes", "-1"], "minutes=-1"),
        (["--minutes", "inf"], "minutes=inf"),
        (["--seed", "-1"], "seed=-1"),
        (["--resume"], "does not exist"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(corpus, tmp_path, arguments, words):
    assert words in refused("train", "text", "--data", corpus, "--out", tmp_path / "run", *arguments)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_too_short_a_time_is_refused_before_anything_is_written(corpus, tmp_path):
    line = refused("train", "text", "--data", corpus, "--out", tmp_path / "run", "--minutes", "0.001", "--preset", "tiny")
    assert "minutes=0.001 is too short" in line and "Expected at least --minutes" in line
    assert not (tmp_path / "run").exists()


def test_an_unknown_modality_is_refused(corpus, tmp_path):
    assert "'smell'" in refused("train", "smell", "--data", corpus, "--out", tmp_path / "run")


def test_a_directory_with_another_run_is_refused_and_unchanged(corpus, run):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert "holds another run" in refused("train", "text", "--data", corpus, "--out", run, "--preset", "tiny")
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.json", b"{}", "lacks modality, preset, seed"),
        ("config.json", b"[]", "holds a list"),
        ("model.keras", b"no archive", "remove it, and `gan-keras train ... --resume` rebuilds it"),
    ],
)
def test_a_damaged_run_is_reported_in_one_line(run, tmp_path, name, content, words):
    damaged = tmp_path / "run"
    shutil.copytree(run, damaged)
    (damaged / name).write_bytes(content)
    assert words in refused("generate", damaged, "-n", "1")


def test_a_model_with_a_flipped_byte_is_rebuilt_from_the_checkpoint(run, gan, corpus, tmp_path):
    damaged = tmp_path / "run"
    shutil.copytree(run, damaged)
    content = bytearray((damaged / "model.keras").read_bytes())
    content[len(content) // 2] ^= 255
    (damaged / "model.keras").write_bytes(content)
    assert "is damaged" in refused("generate", damaged, "-n", "1")
    (damaged / "model.keras").unlink()
    assert call("train", "text", "--data", corpus, "--out", damaged, "--resume").exit_code == 0
    assert call("generate", damaged, "-n", "3", "--seed", "5").stdout.splitlines() == gan.generate(3, seed=5)


def test_a_missing_option_is_a_usage_error():
    result = call("train", "text")
    assert result.exit_code == 2
    assert "--data" in result.stderr


def test_a_full_disk_is_a_failure_of_one_line_that_leaves_no_files(corpus, tmp_path, monkeypatch):
    def full(path, write):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(gan_keras.runs.files, "replace_whole", full)
    line = refused("train", "text", "--data", corpus, "--out", tmp_path / "run", "--preset", "tiny", code=1)
    assert "No space left" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_leaves_an_output_file_unchanged(loaded, tmp_path, monkeypatch):
    (tmp_path / "out.txt").write_text("before")

    def full(path, write):
        with open("/dev/full", "w") as file:
            file.write("text")

    monkeypatch.setattr(gan_keras.modalities.text.modality, "replace_whole", full)
    assert "No space left" in refused("generate", loaded, "-n", 1, "--output", tmp_path / "out.txt", code=1)
    assert (tmp_path / "out.txt").read_text() == "before"


def test_ctrl_c_exits_with_130_and_without_a_traceback(corpus, tmp_path, monkeypatch):
    def interrupt(*arguments, **choices):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "train", interrupt)
    result = call("train", "text", "--data", corpus, "--out", tmp_path / "run")
    assert result.exit_code == 130
    assert "Traceback" not in result.output


# --- Wrong input to the other commands. ---

WRONG_CHOICES = [
    (["--temperature", "0"], "temperature"),
    (["--temperature", "-1"], "temperature"),
    (["--temperature", "nan"], "temperature"),
    (["--top-p", "0"], "top_p"),
    (["--top-p", "1.5"], "top_p"),
    (["-n", "0"], "n=0"),
    (["-n", "1000000000"], "n=1000000000"),
    (["--prompt", "the xyzzy"], "know"),
    (["--label", "7"], "label"),
    (["--candidates", "0"], "candidates=0"),
    (["--candidates", "4", "--choice", "first"], "choice='first'"),
    (["--choice", "best"], "candidates=1"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG_CHOICES)
def test_wrong_options_for_a_run_are_refused(loaded, arguments, words):
    assert words in refused("generate", loaded, *arguments)


@pytest.fixture(scope="module")
def loaded_version(version):
    return exported.load_version(version)


@pytest.mark.parametrize(("arguments", "words"), WRONG_CHOICES)
def test_wrong_options_for_a_version_are_refused(version, loaded_version, monkeypatch, arguments, words):
    monkeypatch.setattr(exported, "load_version", lambda path: loaded_version)  # from the disk once
    assert words in refused("generate", version, *arguments)


def test_a_prompt_as_long_as_a_line_is_refused(loaded):
    assert "tokens. Expected at most" in refused("generate", loaded, "--prompt", "the " * 60)


def test_an_output_that_cannot_be_written_is_refused_before_generating(loaded, tmp_path):
    assert "is a directory" in refused("generate", loaded, "--output", tmp_path)
    assert "no directory" in refused("generate", loaded, "--output", tmp_path / "none" / "out.txt")
    assert "no directory" in refused("evaluate", loaded, "--json", tmp_path / "none" / "out.json")


@pytest.mark.parametrize("command", ["generate", "evaluate", "report", "export"])
def test_a_missing_run_is_refused(command, tmp_path, corpus):
    assert "does not exist" in refused(command, tmp_path / "none")
    assert "holds no run" in refused(command, tmp_path)
    assert "is a file" in refused(command, corpus)


def test_wrong_test_data_are_refused(loaded, tmp_path):
    assert "no file" in refused("evaluate", loaded, "--data", tmp_path / "none.txt")
    assert "num=1" in refused("evaluate", loaded, "--num", 1)


def test_an_export_into_a_file_is_refused(run, corpus):
    before = corpus.read_bytes()
    assert "is a file" in refused("export", run, "--to", corpus)
    assert corpus.read_bytes() == before


@pytest.mark.slow
def test_the_module_runs_as_a_program():
    command = [sys.executable, "-m", "gan_keras", "presets"]
    child = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    assert child.returncode == 0
    assert {line.split()[0] for line in child.stdout.splitlines()} >= {"text", "image"}


def test_sigterm_is_treated_like_ctrl_c():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), gan_keras.cli.ended_as_interrupted():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1.0)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_warning_is_one_line_without_the_place_in_the_code(monkeypatch, capsys):
    def app():
        warnings.warn("Drafts weigh the same.", stacklevel=1)
        return 0

    monkeypatch.setattr(gan_keras.cli, "app", app)
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    monkeypatch.setattr(warnings, "showwarning", lambda *args, **_: print(warnings.formatwarning(*args), end="", file=sys.stderr))
    with pytest.raises(SystemExit), warnings.catch_warnings(record=False):
        warnings.simplefilter("always")
        gan_keras.cli.main()
    assert capsys.readouterr().err == "Warning: Drafts weigh the same.\n"
