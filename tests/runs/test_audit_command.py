"""`audit` on tiny runs: what it writes is what the analysis measures, the report shows it, and wrong input changes nothing."""

import json

import numpy as np
import pytest

import whole_runs as runs
from command_line import call, refused
from gan_keras import analysis, data, modalities
from gan_keras.data import mixtures
from gan_keras.data.text.phrases import english_phrases
from gan_keras.privacy import DifferentialPrivacy
from gan_keras.runs import audit as auditing
from gan_keras.runs.files import Run
from small_gans import small_gan


@pytest.fixture(scope="module")
def run(folder):
    return runs.trained(folder / "digits", "image", "digits", "--set", "width=2", prints=())


@pytest.fixture(scope="module")
def printed(run):
    return runs.succeeded("audit", run, "--num", 150)


@pytest.fixture(scope="module")
def result(run, printed):
    return json.loads((run / "privacy.json").read_text())


# --- Any run. ---


def test_an_audit_holds_what_the_analysis_measures(run, result):
    loaded = Run(run)
    gan, parts = loaded.load(compile=False), modalities.get("image").parts(loaded)
    found = analysis.audit(gan, *parts, "all", 0, 150, runs.silent)
    assert result["attacks"] == auditing.plain(found.to_json())["attacks"]
    assert (result["modality"], result["control"], result["seed"]) == ("image", "held-out images", 0)
    assert "canaries" not in result and "privacy" not in result


def test_an_audit_is_printed_as_a_table_and_sentences(run, printed, result):
    assert auditing.summary(result) in printed and f"Written: {run / 'privacy.json'}" in printed
    assert runs.suggested(printed) == [["report", str(run)]]
    for attack in result["attacks"].values():
        assert f"{attack['title']} " in printed and f"{attack['auc']['mean']:.3f} [" in printed
    assert "anonymous" not in printed.lower() and "safe" not in printed.lower()


def test_the_report_shows_what_a_run_gives_away(run, result):
    page = runs.reported(run)
    section = page.partition("<h2>What it gives away</h2>")[2].partition("</section>")[0]
    assert all(title in section for title in auditing.COLUMNS) and section.count("<img") == 1
    assert '<div class="verdict">' in section
    assert "audit.verdict" in page and "audit.auc (chance 0.5)" in page


def test_an_attack_that_finds_too_many_ends_with_1(run, result):
    highest = max(attack["tpr"]["0.01"]["mean"] for attack in result["attacks"].values())
    assert call("audit", run, "--num", 150, "--fail-above", min(1.0, highest + 0.01)).exit_code == 0
    failed = call("audit", run, "--num", 150, "--fail-above", max(0.0, highest - 1e-3))
    assert failed.exit_code == 1 and "of the training samples at 1 % false alarms, more than" in failed.stderr
    assert "Written: " in failed.stdout


def test_wrong_input_is_one_line_and_writes_nothing(run, folder):
    before = (run / "privacy.json").read_bytes()
    wrong = {
        "--fail-above 1.5": "Expected a share of the training samples, from 0 to 1",
        "--data nowhere.npz": "nowhere.npz",
        "--canaries 8 --train": "Canaries are lines of text: expected no --canaries",
        "--train": "Expected --canaries 8 --train",
        "--attacks nonsense": "nonsense",
        "--data digits": "members",
    }
    runs.assert_refuses(("audit", run), wrong)
    assert "does not exist" in refused("audit", folder / "missing")
    assert (run / "privacy.json").read_bytes() == before


# --- Planted secrets. ---


@pytest.fixture(scope="module")
def text(folder):
    lines = list(dict.fromkeys(english_phrases().sample(2000, seed=0)))[:1200]
    (folder / "text.txt").write_text("".join(f"{line}\n" for line in lines))
    settings = runs.as_options({"units": 16, "discriminator_epochs": 1, "pretraining_epochs": 1})
    return runs.trained(folder / "text", "text", folder / "text.txt", *settings, prints=())


@pytest.fixture(scope="module")
def planted(text):
    return analysis.insert_canaries(Run(text).lines("train"), num=2, seed=0)


@pytest.fixture(scope="module")
def progress():
    return []


@pytest.fixture(scope="module")
def exposed(text, planted, progress):
    return auditing.plain(auditing.expose(Run(text), Run(text).load(compile=False), *planted, progress.append))


def test_the_recipe_of_the_run_is_trained_again_with_the_secrets(text, planted, exposed, progress):
    lines, canaries = planted
    copy = Run(text / "canaries")
    assert copy.lines("train") == lines and copy.lines("held_out") == Run(text).lines("held_out")
    assert copy.config["preset"] == Run(text).config["preset"] and copy.config["data"]["training_lines"] == len(lines)
    assert analysis.Canaries.from_config(json.loads((copy.path / "canaries.json").read_text())) == canaries
    assert progress[0].startswith(f"Training the recipe of {text} again with planted secrets: about ")


def test_what_the_secrets_tell_is_what_the_analysis_measures(text, planted, exposed):
    found = analysis.exposure(Run(text / "canaries").load(compile=False), planted[1])
    assert exposed["scores"] == auditing.plain(found.to_json())["scores"]
    assert exposed["lines"][: len(found.sentences())] == found.sentences()
    assert 0.5 < exposed["mean_bits_without"] < 3.0
    assert {name: each["prompt"] for name, each in exposed["extraction"].items()} == {
        "without_prompt": None,
        "with_prompt": "the secret code is",
    }


def test_a_training_with_secrets_is_used_again_and_an_interrupted_one_is_not(text, planted, exposed):
    path = text / "canaries" / "model.keras"
    before, lines = path.stat().st_mtime_ns, []
    auditing.trained_with(Run(text), *planted, lines.append)
    assert path.stat().st_mtime_ns == before and lines == []
    (text / "canaries" / "canaries.json").unlink()
    auditing.trained_with(Run(text), *planted, lines.append)
    assert path.stat().st_mtime_ns > before and "planted secrets" in lines[0]


def test_a_training_with_secrets_is_announced_before_it_begins(text, exposed):
    message = refused("audit", text, "--canaries", 3)
    assert f"--canaries 3 trains the recipe of {text} again" in message and "Expected --train too" in message


def test_the_picture_of_exposures_tells_them(exposed):
    picture = auditing.exposure_picture(exposed)
    bits = exposed["scores"]["generator"]["median_bits"]["16"]
    assert f"{bits:.1f} bits 16x" in picture.alternative and picture.data.startswith(b"\x89PNG")


def test_an_audit_of_text_adds_its_secrets_and_its_lines(text, exposed):
    printed = runs.succeeded("audit", text, "--canaries", 2)
    result = json.loads((text / "privacy.json").read_text())
    assert result["canaries"] == exposed and exposed["lines"][0] in printed
    assert result["extraction"]["sentence"] in printed
    page = runs.reported(text)
    assert page.partition("<h2>What it gives away</h2>")[2].partition("</section>")[0].count("<img") == 2


def test_text_with_labels_has_no_secrets(folder):
    path = folder / "labelled"
    Run(path).write_config({"modality": "text", "preset": {}, "seed": 0, "labels": ["a"]})
    assert "whose lines have labels" in refused("audit", path, "--canaries", 2, "--train")


# --- Tables. ---


def test_a_table_is_audited(folder):
    random = np.random.default_rng(0)
    rows = [f"{random.integers(18, 90)},{random.normal():.3f},{'ab'[i % 2]}" for i in range(1500)]
    (folder / "rows.csv").write_text("\n".join(["age,pay,kind", *rows]) + "\n")
    run = runs.trained(folder / "table", "table", folder / "rows.csv", "--set", "width=8", prints=())
    assert "Written: " in runs.succeeded("audit", run)
    assert json.loads((run / "privacy.json").read_text())["modality"] == "table"


# --- Private runs. ---


def test_a_private_gan_states_what_is_promised_and_what_an_audit_could_show():
    pytest.importorskip("dp_accounting")
    gan, rows = small_gan(), mixtures.ring(500, seed=0)
    privacy = DifferentialPrivacy(2.0, 1e-4, train_size=500, batch_size=50, train_steps=6)
    gan.compile(loss="non_saturating", discriminator_steps=2, privacy=privacy)
    gan.fit(data.poisson_batches(rows, privacy), verbose=0)
    told = []
    promised = auditing.plain(auditing.promise(gan, told.append, 0))
    assert promised["statement"] == auditing.plain(privacy.statement()) and promised["statement"]["epsilon"] <= 2.0
    assert promised["words"] == gan.privacy_statement().splitlines()
    found = promised["one_run"]
    assert found["claimed"] <= 2.0 < found["ceiling"] and not found["refuted"] and found["can_fail"]
    assert f"A perfect attacker would have shown {found['ceiling']:.2f}." in found["lines"] and "6 steps" in told[0]
    attack = {"title": "logit", "auc": dict(mean=0.5, low=0.4, high=0.6), "tpr": {}}
    card = auditing.card({"verdict": ["a"], "attacks": {"logit": attack}, "privacy": promised})
    assert card["privacy"] == promised["statement"] and card["audit"]["verdict"] == "a"
