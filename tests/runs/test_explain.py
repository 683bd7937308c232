"""`explain` on tiny runs: what it writes is what the analysis measures, the report shows it, and an export can be edited."""

import json
import re

import numpy as np
import pytest
import tensorflow as tf

import whole_runs as runs
from command_line import refused
from gan_keras import modalities
from gan_keras.analysis import Directions, counterfactuals
from gan_keras.analysis import attribution as attributing
from gan_keras.data.text.phrases import english_phrases
from gan_keras.media.safe_files import replace_folder
from gan_keras.runs import explain as explaining
from gan_keras.runs.explain import explain, plain, summary
from gan_keras.runs.files import Run
from gan_keras.runs.report import write_report

FEW = {"NUM_EFFECTS": 24, "NUM_KEPT": 16, "NUM_UNITS": 8, "NUM_PATHS": 16, "NUM_COUNTERFACTUALS": 8, "NUM_ATTRIBUTED": 3}


@pytest.fixture(scope="module", autouse=True)
def few_samples():
    """Measures with few samples, so that tests are quick: what is checked does not depend on their number."""
    with pytest.MonkeyPatch.context() as patch:
        for name, num in {**FEW, "_STEPS": 5, "_KNOWN": 200}.items():
            patch.setattr(explaining, name, num)
        patch.setattr(attributing, "MAX_STEPS", 64)
        yield


@pytest.fixture(scope="module")
def run(folder):
    return runs.trained(folder / "run", "image", "digits", "--set", "width=2", prints=())


@pytest.fixture(scope="module")
def lines():
    return []


@pytest.fixture(scope="module")
def result(run, lines):
    return explain(run, num=3, seed=4, progress=lines.append)


def test_an_explanation_holds_what_the_analysis_measures(run, gan, result, lines):
    assert json.loads((run / "explanation" / "effects.json").read_text()) == result
    directions = Directions.fit(gan, num=3, seed=4)
    np.testing.assert_array_equal(np.load(run / "explanation" / "directions.npy"), directions.directions)
    effects = directions.effects(n=FEW["NUM_EFFECTS"], seed=4)
    assert result["effects"] == plain(effects.to_json())
    assert (result["sentences"], result["verdict"]) == (effects.sentences(), effects.verdict())
    np.testing.assert_allclose(result["spectrum"], directions.spectrum)
    assert (result["kind"], result["method"], result["num"], result["seed"]) == ("image", "jacobian", 3, 4)
    assert result["participation"] == pytest.approx(directions.participation)
    label = result["label_kept"]
    assert len(label["directions"]) == len(label["placebo"]) == 3 and label["accuracy"] > 0.6 > label["chance"]
    assert list(result["attribution"]["scores"]) == ["held-out images", "generated images"]
    scores = gan.score(gan.generate(3, 4), gan.labels_from(np.arange(3) + 4))
    np.testing.assert_allclose(result["attribution"]["scores"]["generated images"], scores, rtol=1e-3, atol=1e-4)
    found = counterfactuals(gan, 8, seed=4)
    assert result["counterfactuals"]["effects"] == plain(found.effects)
    assert {"path_length", "units", "inversion"} <= set(result) and not result["left_out"]
    assert "about" in lines[0] and "3 directions (jacobian)" in lines[0]
    strongest = {name.split(", ")[0] for name in result["names"]}
    assert len(result["names"]) == 3 and strongest <= set(effects.attributes)


def test_every_file_is_named_and_whole_and_no_other_is_left(run, result):
    files = {path.name for path in (run / "explanation").iterdir()}
    assert files == {"effects.json", "directions.npy", *(each["file"] for each in result["shown"])}
    pictures = {"directions.png", "directions_2.png", "directions_3.png", "attribution.png", "attribution_generated.png"}
    assert pictures | {"units.png", "nearest.png"} == {each["file"] for each in result["shown"]}
    for name in pictures:
        assert min(tf.io.decode_png((run / "explanation" / name).read_bytes()).shape[:2]) > 60
    assert not [path.name for path in run.iterdir() if path.name.startswith(".")]


def test_the_report_shows_pictures_sentences_and_verdict(run, result):
    page = write_report(run).read_text(encoding="utf-8")
    part = page.partition("<h2>What it learned</h2>")[2].partition("</section>")[0]
    assert part.count("<img") == len(result["shown"]) == 7
    for line in (*result["sentences"], *result["lines"]):
        assert f"<li>{line.replace('&', '&amp;').replace(chr(39), '&#x27;')}</li>" in part
    assert f"<strong>{result['verdict']}</strong>" in part and "random weights" in part
    whole = (run / "explanation" / "effects.json").read_text()
    try:
        (run / "explanation" / "effects.json").write_text('{"lines": []}')
        with pytest.raises(ValueError, match="effects.json lacks 'verdict'.*run `gan-keras explain`"):
            write_report(run)
    finally:
        (run / "explanation" / "effects.json").write_text(whole)


def test_an_export_can_be_edited_along_the_directions(run, result, gan, tmp_path, monkeypatch):
    monkeypatch.setattr(Run, "load", lambda self, compile=True: gan)
    version = runs.exported(run, tmp_path / "model", "--edit")
    card = json.loads((version / "assets.extra" / "model_card.json").read_text())
    assert card["directions"] == result["names"]
    edit = tf.saved_model.load(str(version)).signatures["edit"]
    inputs = {"seed": tf.constant([7], tf.int64), "label": tf.constant([3]), "direction": tf.constant([1])}
    found = edit(**inputs, strength=tf.constant([2.0]))["image"]
    gan.directions = np.load(run / "explanation" / "directions.npy")
    expected = gan.generate(1, 7, labels=3, edits={1: 2.0})
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.abs(expected - gan.generate(1, 7, labels=3)).max() > 1e-4


def test_a_failure_keeps_the_older_explanation(run, result, monkeypatch):
    before = {path.name: path.read_bytes() for path in (run / "explanation").iterdir()}

    def fail(self):
        raise RuntimeError("no room")

    monkeypatch.setattr(explaining.Explanation, "explain_scores", fail)
    with pytest.raises(RuntimeError, match="no room"):
        explain(run, num=2, progress=runs.silent)
    assert {path.name: path.read_bytes() for path in (run / "explanation").iterdir()} == before


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "folder"
    for files in ({"a": b"1", "b": b"2"}, {"a": b"3"}):
        replace_folder(folder, files)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    with pytest.raises(TypeError):
        replace_folder(folder, {"a": b"4", "c": None})
    assert [path.name for path in tmp_path.iterdir()] == ["folder"] and (folder / "a").read_bytes() == b"3"


def test_samples_of_a_file_are_scored_alone_and_costly_parts_are_left_out_and_told(loaded, gan, tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 1)).astype(np.uint8)
    np.savez(tmp_path / "mine.npz", images=images)
    monkeypatch.setattr(explaining, "CHEAP", 0.0)
    lines = []
    found = explain(loaded, "sefa", str(tmp_path / "mine.npz"), num=2, progress=lines.append)
    (scores,) = found["attribution"]["scores"].values()
    np.testing.assert_allclose(scores, gan.score(images[:3]), rtol=1e-3, atol=1e-4)
    assert set(found["left_out"]) == {"path length", "units", "inversion", "counterfactuals"}
    assert any("Left out: units: it would take about" in line for line in lines)
    assert not {"path_length", "units", "inversion"} & set(found) and found["method"] == "sefa"
    page = write_report(loaded).read_text()
    assert "Left out: inversion: it would take about" in page and "attribution_generated.png" not in json.dumps(found["shown"])


def test_what_cannot_be_explained_is_refused_in_one_line(loaded, gan, tmp_path):
    for arguments, words in {
        "--directions jacobien": "--directions jacobien. Did you mean 'jacobian'?",
        "--samples nowhere.npz": "There is no file nowhere.npz.",
    }.items():
        assert words in refused("explain", loaded, *arguments.split()), arguments
    draws = int(gan.draws)
    try:
        gan.draws.assign(0)
        assert "has not been trained against its discriminator" in refused("explain", loaded)
    finally:
        gan.draws.assign(draws)
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text('{"modality": "image", "preset": {}, "seed": 0}')
    assert f"Run `gan-keras explain {other}` first" in refused("export", other, "--edit")
    (other / "explanation").mkdir()
    for damaged, words in ((b"no array", "is damaged"), (None, "holds directions of shape (2, 3). Expected (num, 64)")):
        path = other / "explanation" / "directions.npy"
        np.save(path, np.zeros((2, 3))) if damaged is None else path.write_bytes(damaged)
        with pytest.raises(ValueError, match=re.escape(words)):
            Run(other).directions(64)
    (other / "config.json").write_text('{"modality": "translation", "preset": {}, "seed": 0}')
    assert "has no latents. Expected no --directions" in refused("explain", other, "--directions", "sefa")
    assert "has no latents. Expected no --edit" in refused("export", other, "--edit")


def test_numbers_that_json_lacks_are_null():
    assert plain({1: np.float32(2), "a": [np.nan, np.inf, np.bool_(True), np.int64(3)], "b": np.zeros((1, 2))}) == {
        "1": 2.0,
        "a": [None, None, True, 3],
        "b": [[0.0, 0.0]],
    }


def test_after_an_evaluation_an_explanation_is_suggested(run, folder):
    suggested = modalities.get("image").next_commands("evaluate", Run(run))
    assert [each.split()[-2] for each in suggested] == ["report", "explain", "audit", "export"]
    assert modalities.get("image").next_commands("explain", Run(run))[-1].endswith(f"export {run} --edit")


# --- Other modalities. ---


@pytest.mark.slow
def test_a_table_shows_the_cells_that_change(folder):
    rows = [f"{20 + i % 50},{i % 7 / 2},{'<b>' if i % 3 else 'c'}" for i in range(120)]
    (folder / "rows.csv").write_text("\n".join(["age,pay,city", *rows]) + "\n")
    run = runs.trained(folder / "table", "table", folder / "rows.csv", "--set", "width=8", prints=())
    printed = runs.succeeded("explain", run, "--num", 2)
    result = json.loads((run / "explanation" / "effects.json").read_text())
    assert summary(result) in printed and "Written: " in printed and f"export {run} --edit" in printed
    assert [each["file"] for each in result["shown"]] == ["directions.html", "attribution.html", "attribution_generated.html"]
    assert "label_kept" not in result and result["effects"]["directions"][0].keys() == {"age", "pay", "city"}
    page = runs.reported(run)
    assert "<summary>Directions</summary>" in page and "<b>" not in page and "&lt;b&gt;" in page


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Attributions correlate")
def test_text_tells_what_style_decides_and_marks_words(folder):
    lines = list(dict.fromkeys(english_phrases().sample(400, seed=0)))[:120]
    (folder / "text.txt").write_text("".join(f"{line}\n" for line in lines))
    (folder / "labels.txt").write_text("".join(f"{'<odd>' if index % 2 else 'even'}\n" for index in range(120)))
    settings = runs.as_options({"units": 16, "discriminator_epochs": 1, "adversarial_epochs": 1, "pretraining_epochs": 1})
    data = (folder / "text.txt", "--labels", folder / "labels.txt")
    run = runs.trained(folder / "text", "text", *data, *settings, prints=())
    (folder / "more.txt").write_text("the cat sees a dog.\n<i>never</i> seen\n")
    result = explain(run, samples=str(folder / "more.txt"), num=2, progress=runs.silent)
    assert set(result["decided_by_style"]) == {"style", "draws", "chance"} and len(result["words"]) == 2
    assert {"inversion", "path_length", "units"}.isdisjoint(result) and "label_kept" in result
    assert [each["file"] for each in result["shown"]] == ["directions.html", "attribution.html"]
    page = write_report(run).read_text(encoding="utf-8")
    assert "<summary>What the discriminator looks at" in page and "<i>" not in page
    assert " explain " in " ".join(modalities.get("text").next_commands("evaluate", Run(run)))
    (run / "history.csv").write_text("epoch,stage\n1,pretraining\n")
    assert " explain " not in " ".join(modalities.get("text").next_commands("evaluate", Run(run)))


@pytest.mark.slow
def test_series_are_drawn_as_curves(folder):
    steps = np.arange(400)
    rows = [f"{np.sin(step / 9):.4f},{np.cos(step / 5):.4f}" for step in steps]
    (folder / "x.csv").write_text("\n".join(["slow,fast", *rows]) + "\n")
    settings = runs.as_options({"length": 8, "width": 4, "latent_dim": 3})
    run = runs.trained(folder / "series", "series", folder / "x.csv", *settings, prints=())
    result = explain(run, num=8, progress=runs.silent)
    assert result["num"] == len(result["sentences"]) <= 8 and result["kind"] == "series" and "label_kept" not in result
    assert {"directions.png", "attribution.png"} <= {path.name for path in (run / "explanation").iterdir()}
    assert write_report(run).read_text().count("A row is a direction; colours are strengths") >= 3


@pytest.mark.slow
def test_a_translation_has_attributions_and_counterfactuals_alone(folder):
    run = runs.trained(folder / "translation", "translation", "inverted_digits", prints=())
    result = explain(run, progress=runs.silent)
    assert set(result["counterfactuals"]) == {"a_to_b", "b_to_a"} and not (run / "explanation" / "directions.npy").exists()
    assert {"attribution_a", "attribution_b"} <= set(result) and (result["verdict"], result["sentences"]) == ("", [])
    names = ["attribution_b.png", "attribution_b_generated.png", "attribution_a.png", "attribution_a_generated.png"]
    assert [each["file"] for each in result["shown"]] == [*names, "counterfactuals.png"]
    page = write_report(run).read_text()
    assert "A translation has no latents" in page and summary(result).startswith("A translation has no latents")
    assert not any("--edit" in each for each in modalities.get("translation").next_commands("explain", Run(run)))
