"""Table runs: the whole way through the command line on a tiny run, resuming, and one clear line for wrong input."""

import csv
import io
import json

import numpy as np
import pytest
import tensorflow as tf

from command_line import call, refused
from gan_keras.data import load_table, split_table
from gan_keras.metrics import train_on_synthetic
from gan_keras.runs.train import train
from gan_keras.serving import Client
from gan_keras.serving.server import Server
from whole_runs import StopAfterSteps, assert_trained_alike, exported, interrupted, silent

TINY = {"preset": "tiny", "settings": {"width": "8"}}


@pytest.fixture(scope="module", autouse=True)
def quick_models():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_on_synthetic, "CLASSIFIERS", {"tree": train_on_synthetic.CLASSIFIERS["tree"]})
        yield


@pytest.fixture(scope="module")
def source(folder):
    """Numbers, missing cells, a date, names that are no identifiers, and a class that follows from the number."""
    random, path = np.random.default_rng(0), folder / "people.csv"
    rows = [
        f"{2000 + i % 20}-0{1 + i % 9}-1{i % 10},{random.integers(18, 90)},{'' if i % 9 == 0 else random.normal():.2f},"
        f"{'text'[i % 4]},{'>50K' if i % 3 else '<=50K'}"
        if i % 9
        else f"2001-01-01,{30 + i},?,t,>50K"
        for i in range(120)
    ]
    path.write_text("\n".join(["since,hours-per-week,log gain,text,income", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def run(folder, source):
    result = call("train", "table", "--data", source, "--out", folder / "run", "--preset", "tiny", "--set", "width=8")
    assert result.exit_code == 0, result.output
    assert "people.csv: 120 rows of 5 columns (3 numbers, 2 categories), 14 missing cells" in result.stdout
    return folder / "run"


@pytest.fixture(scope="module")
def version(folder, run):
    return exported(run, folder / "saved_models" / "people", "--score")


def rows_of(text):
    return list(csv.reader(io.StringIO(text)))


# --- The whole way. ---


def test_a_table_run_keeps_where_its_rows_are_and_what_can_be_asked_for(run, source):
    config = json.loads((run / "config.json").read_text())
    table = load_table(source)
    training, held_out = split_table(table, seed=0)
    assert config["data"]["fingerprint"] == table.fingerprint and config["data"]["source"] == str(source)
    assert (config["data"]["training_rows"], config["data"]["held_out_rows"]) == (len(training), len(held_out)) == (108, 12)
    assert config["labels"] == [*(f"text={value}" for value in "etx"), "income=<=50K", "income=>50K"]
    assert config["data"]["columns"] == dict(
        zip(table.column_names, ("date", "number", "number", "category", "category"), strict=True)
    )
    assert [path.name for path in sorted((run / "samples").iterdir())] == [f"epoch_00{epoch}.csv" for epoch in (1, 2, 3, 4)]
    assert len(rows_of((run / "samples" / "epoch_004.csv").read_text())) == 11


def test_generate_writes_csv_to_standard_output_or_to_a_file(loaded, gan, tmp_path):
    shown = call("generate", loaded, "-n", 7, "--seed", 3)
    assert shown.exit_code == 0, shown.output
    head, *rows = rows_of(shown.stdout)
    assert head == ["since", "hours-per-week", "log gain", "text", "income"] and len(rows) == 7
    expected = gan.generate(7, seed=3)
    assert [row[1] for row in rows] == [str(number) for number in expected["hours-per-week"]]
    assert [row[2] for row in rows] == ["" if np.isnan(each) else f"{each:.2f}" for each in expected["log gain"]]
    assert [row[0] for row in rows] == list(expected["since"])
    result = call("generate", loaded, "-n", 7, "--seed", 3, "--output", tmp_path / "rows.csv")
    assert (result.exit_code, result.stdout) == (0, "") and (tmp_path / "rows.csv").read_text() == shown.stdout


@pytest.mark.parametrize("label", ["income=>50K", ">50K"])
def test_every_row_meets_what_it_was_asked_for(loaded, label):
    result = call("generate", loaded, "-n", 1000, "--label", label)
    assert [row[-1] for row in rows_of(result.stdout)[1:]] == [">50K"] * 1000


def test_an_exported_version_makes_the_rows_of_its_run(loaded, gan, version):
    card = json.loads((version / "assets.extra" / "model_card.json").read_text())
    for name, label in ((None, None), ("text=x", card["labels"].index("text=x"))):
        of_run = call("generate", loaded, "-n", 20, "--seed", 5, *(["--label", name] if name else []))
        of_version = call("generate", version, "-n", 20, "--seed", 5, *([] if label is None else ["--label", label]))
        assert of_version.stdout == of_run.stdout != "", of_version.output
    model = tf.saved_model.load(str(version))
    served = model.signatures["generate"](seed=tf.constant([5], tf.int64), label=tf.constant([4]))
    assert sorted(served) == sorted(gan.codec.to_columns(tf.constant(gan.generate_cells(1))))
    assert served["income"].numpy().tolist() == [b">50K"] and served["hours-per-week"].dtype == tf.int64
    assert "label: expected 0 to 4, got" in refused("generate", version, "--label", "5")
    assert "score" in model.signatures


def test_a_server_answers_with_columns_in_their_own_types(gan, version):
    with (
        Server(version.parent.parent, port=0, grpc_port=0, workers=1) as server,
        Client(f"http://127.0.0.1:{server.port}") as client,
    ):
        served = client.generate("people", 3, seed=5, label=4)
        expected = gan.generate(3, seed=5, labels=["income=>50K"] * 3)
        assert list(served["income"]) == [">50K"] * 3 and list(served["since"]) == list(expected["since"])
        np.testing.assert_array_equal(served["hours-per-week"], expected["hours-per-week"])
        inputs = dict(zip(gan.input_names, expected.values(), strict=True))
        scores = client.predict("people", inputs, signature="score")
        np.testing.assert_allclose(scores, gan.score(expected), rtol=1e-4, atol=1e-5)


def test_evaluate_and_report_write_into_the_run(run, folder):
    result = call("evaluate", run, "--num", 60, "--data", held_out_file(run, folder))
    assert result.exit_code == 0, result.output
    scores = json.loads((run / "evaluation.json").read_text())
    assert scores["samplers"].keys() == {"gan", "baseline"} and scores["settings"]["target"] == "income"
    assert (scores["protocol"]["num_fake"], scores["protocol"]["num_real"]) == (60, 30)
    assert all(0 <= scores["real"]["values"][name] <= 1 for name in ("f1", "accuracy", "columns", "pairs", "told_apart"))
    assert "Verdict: " in result.stdout
    assert call("report", run).stdout.strip() == str(run / "report.html")
    page = (run / "report.html").read_text()
    assert "Columns, real and generated" in page and "F1 on real rows" in page and "Epoch 004" in page


def held_out_file(run, folder):
    """A file of other rows, with a value that the run does not know."""
    lines = (folder / "people.csv").read_text().splitlines()
    (folder / "test.csv").write_text("\n".join([lines[0], *lines[1:30], lines[40].replace(",t,", ",new,")]))
    return folder / "test.csv"


def test_lists_name_what_there_is_for_tables():
    assert "table wine: " in call("datasets").stdout and "table tvae: " in call("presets").stdout


# --- Wrong input. ---


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--output", "rows.xlsx"], "Expected NAME.csv"),
        (["--output", "none/rows.csv"], "no directory"),
        (["--temperature", "0.5"], "Got --temperature for a model of the modality table"),
        (["--label", "income=50K"], "label='income=50K'. Expected one of text=e"),
        (["-n", "0"], "n=0"),
    ],
)
def test_wrong_choices_for_rows_are_refused(loaded, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert words in refused("generate", loaded, *arguments)


@pytest.mark.parametrize(
    ("content", "settings", "words"),
    [
        ("a,b\n" + "1,2\n" * 5, [], "has 5 rows"),
        ("a,b\n" + "1,2\n1\n" * 20, [], "rows have not 2 cells"),
        ("1,2\n" + "1,2\n" * 20, [], "Expected a header"),
        ("a,b\n" + "1,x\n" * 20, ["types.b=number"], "asked to be a number and holds 'x'"),
        ("a,b\n" + "1,x\n" * 20, ["types.c=drop"], "no such column"),
        ("a,b\n" + "1,x\n" * 20, ["label=c"], "There is no column 'c'"),
        ("a,b\n" + "1,x\n" * 20, ["pack=3"], "Expected a batch of whole packs"),
        ("", [], "Expected a header"),
    ],
    ids=["few rows", "ragged", "no header", "no number", "no column", "no label", "no packs", "empty"],
)
def test_tables_that_are_none_are_refused_before_training(tmp_path, content, settings, words):
    (tmp_path / "a.csv").write_text(content)
    options = [part for setting in settings for part in ("--set", setting)]
    told = refused("train", "table", "--data", tmp_path / "a.csv", "--out", tmp_path / "run", "--preset", "tiny", *options)
    assert words in told and not (tmp_path / "run").exists()


def test_test_data_of_other_columns_or_of_the_training_are_refused(loaded, source, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n" + "1,x\n" * 20)
    assert "no column 'since'" in refused("evaluate", loaded, "--data", tmp_path / "a.csv")
    assert "trained on" in refused("evaluate", loaded, "--data", source)
    assert "seed=-1" in refused("evaluate", loaded, "--seed", -1)


# --- Resuming. ---


def test_a_resumed_run_equals_an_uninterrupted_one(folder, run, source):
    out = folder / "interrupted"
    with interrupted("table", StopAfterSteps(6)):  # in the midst of the second epoch
        train("table", source, out, **TINY, checkpoint_seconds=0, progress=silent)
    train("table", source, out, resume=True, progress=silent)
    assert_trained_alike(run, out)
