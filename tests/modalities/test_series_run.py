"""Runs of time series: every command on a tiny run, a server, resuming, labels and lengths."""

import csv
import io
import json

import numpy as np
import pandas
import pytest

import gan_keras
import whole_runs as runs
from gan_keras.data import load_series, split_series
from gan_keras.modalities.series.modality import SeriesModality
from gan_keras.runs.files import Run

SETTINGS = {"length": "8", "width": "4", "latent_dim": "3", "time_column": "when"}


@pytest.fixture(scope="module")
def source(folder):
    slow, fast = np.sin(np.arange(500) / 9.0), np.cumsum(np.random.default_rng(0).standard_normal(500))
    rows = [f"{step},{one:.5f},{two:.4f},{two:.4f}" for step, (one, two) in enumerate(zip(slow, fast, strict=True))]
    (folder / "x.csv").write_text("\n".join(["when,slow,fast,again", *rows]) + "\n")
    return folder / "x.csv"


@pytest.fixture(scope="module")
def run(folder, source):
    described = "x.csv: 493 windows of 8 steps x 3 columns, 1 series of 500 steps in all"
    prints = (described, "epoch 4/4, adversarial: d_loss")
    return runs.trained(folder / "run", "series", source, *runs.as_options(SETTINGS), prints=prints)


def series_of(text):
    """The series in rows of CSV in long form."""
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["sample", "step", "when", "slow", "fast", "again"]
    numbers = np.array(rows, float).reshape(-1, 8, 6)
    assert (numbers[:, :, 0] == np.arange(len(numbers))[:, None]).all() and (numbers[:, :, 1] == np.arange(8)).all()
    assert (numbers[:, :, 2] == 500 + np.arange(8)).all()
    return numbers[:, :, 3:]


def test_a_series_run_records_where_its_series_are_and_holds_out_other_steps(run, source):
    config = json.loads((run / "config.json").read_text())
    data = load_series(source, 8, time_column="when")
    training, held_out = split_series(data, seed=0)
    kept = config["data"]
    assert (kept["source"], kept["fingerprint"]) == (str(source.resolve()), data.fingerprint)
    assert (kept["training_windows"], kept["held_out_windows"]) == (len(training), len(held_out))
    assert (kept["columns"], kept["window"]) == (["slow", "fast", "again"], 8)
    assert sorted(path.name for path in (run / "samples").iterdir()) == [f"epoch_00{epoch}.png" for epoch in (1, 2, 3, 4)]


def test_a_run_from_before_types_of_columns_keeps_the_columns_that_it_learned(run):
    old, kind = Run(run), SeriesModality()
    assert kind.preset_of(old).types == {}
    old.config["preset"].pop("types")
    assert kind.preset_of(old).types == dict.fromkeys(["slow", "fast", "again"], "number")


def test_generate_writes_rows_to_standard_output_or_to_files(loaded, gan, tmp_path):
    expected = gan.generate(3, seed=5)
    assert expected.shape == (3, 8, 3)
    np.testing.assert_array_equal(expected[..., 1], expected[..., 2])  # a copy stays one
    printed = runs.succeeded("generate", loaded, "-n", 3, "--seed", 5)
    np.testing.assert_allclose(series_of(printed), expected, rtol=0, atol=6e-5)  # four and five decimals, as in the file
    assert runs.succeeded("generate", loaded, "-n", 1, "--start", 7).splitlines()[1].startswith("0,0,7,")
    frame = gan.codec.frame(expected)
    assert frame.columns.tolist() == ["sample", "step", "when", "slow", "fast", "again"] and frame["when"].tolist()[7:9] == [
        507,
        500,
    ]
    for name in ("a.csv", "a.npz", "a.png"):
        assert runs.succeeded("generate", loaded, "-n", 3, "--seed", 5, "--output", tmp_path / name) == ""
    np.testing.assert_allclose(series_of((tmp_path / "a.csv").read_text()), expected, rtol=0, atol=6e-5)
    arrays = np.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(arrays["series"], expected)
    assert arrays["lengths"].tolist() == [8] * 3 and list(arrays["columns"]) == ["slow", "fast", "again"]
    assert load_series(tmp_path / "a.npz", 8).columns == ("slow", "fast", "again")  # what is written can be read again
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_an_exported_version_makes_the_series_of_its_run_and_is_served(gan, version):
    expected = gan.generate(3, seed=5)
    printed = runs.succeeded("generate", version, "-n", 3, "--seed", 5)
    np.testing.assert_allclose(series_of(printed), expected, rtol=1e-4, atol=1e-4)
    with runs.served(version) as client:
        np.testing.assert_allclose(client.generate("model", n=3, seed=5), expected, rtol=1e-4, atol=1e-4)


def test_evaluate_and_report_write_into_the_run(run, folder, monkeypatch):
    monkeypatch.setattr("gan_keras.metrics.series.train", lambda *arguments: None)  # untrained judges cost less
    scores = runs.evaluated(run, "--num", 40, "--json", folder / "scores.json")
    assert scores == json.loads((folder / "scores.json").read_text())
    assert scores["samplers"].keys() == {"gan", "baseline"} and scores["real"]["title"] == "real training windows"
    assert scores["protocol"]["num_fake"] == 40 and scores["protocol"]["split"] == "test"
    assert scores["samplers"]["gan"]["values"].keys() == scores["real"]["values"].keys()
    page = runs.reported(run)
    assert "discriminative score" in page and "predictive score" in page and "Epoch 4" in page
    assert page.count("data:image/png;base64,") >= 4


def test_wrong_options_for_series_are_refused(loaded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = {
        "--output a.txt": "ends in .txt. Expected NAME.csv, NAME.npz or NAME.png",
        "--output none/a.csv": "no directory",
        "--temperature 0.5": "Got --temperature for a model of the modality series",
        "--label 1": "label",
        "--start noon": "start='noon'. Expected a time stamp such as 500",
        "-n 0": "n=0",
    }
    runs.assert_refuses(("generate", loaded), wrong)
    assert not list(tmp_path.iterdir())


def test_test_series_must_be_others_of_the_same_columns(loaded, source, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("when,a\n" + "".join(f"{step},{step % 7}\n" for step in range(99)))
    of_other = "steps of the columns a. Expected 8 steps of slow, fast, again"
    runs.assert_refuses(("evaluate", loaded), {f"--data {source}": "is what", f"--data {other}": of_other})


def test_a_resumed_run_equals_an_uninterrupted_one(folder, run, source):
    runs.assert_resumes(run, folder / "interrupted", "series", source, runs.StopAfterEpochs(2), settings=SETTINGS)


@pytest.mark.slow
def test_labelled_series_of_different_lengths_are_trained_and_generated(tmp_path):
    random = np.random.default_rng(0)
    labels = np.arange(60) % 2
    series = random.standard_normal((60, 6, 1)) + 10.0 * labels[:, None, None]
    np.savez(tmp_path / "x.npz", series=series, lengths=random.integers(3, 7, 60), labels=labels, label_names=["low", "high"])
    settings = (*runs.as_options({"length": 0, "width": 4, "batch_size": 16}), "--epochs", 1)
    prints = ("60 windows of 3 to 6 steps x 1 columns", "2 labels")
    runs.trained(tmp_path / "run", "series", tmp_path / "x.npz", *settings, prints=prints)
    gan = gan_keras.load(tmp_path / "run")
    made = gan.generate(20, seed=1, labels=[1] * 20)
    runs.succeeded("generate", tmp_path / "run", "-n", 20, "--seed", 1, "--label", "high", "--output", tmp_path / "made.npz")
    arrays = np.load(tmp_path / "made.npz")
    np.testing.assert_array_equal(arrays["series"], made)
    np.testing.assert_array_equal(arrays["lengths"], np.isfinite(made[..., 0]).sum(axis=1))
    encoded = gan.signatures()["encoded"].function(seed=np.arange(1, 21), label=np.ones(20, np.int32))
    np.testing.assert_array_equal(encoded["series"], made)
    np.testing.assert_array_equal(encoded["length"], arrays["lengths"])


def test_every_suggested_command_runs_as_it_stands(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    further = ["explain", "export", "generate"]  # with directions
    assert sorted(runs.assert_suggestions_run(run)) == sorted(["generate", "evaluate", "export", "report", "generate", *further])


def test_a_preset_takes_arrays_and_data_frames_and_gives_frames_back():
    hours = pandas.date_range("2024-01-01", periods=300, freq="h", name="when")
    frame = pandas.DataFrame({"a": np.cumsum(np.random.default_rng(0).standard_normal(300)).round(2), "k": 3}, index=hours)
    preset = gan_keras.presets.with_settings(gan_keras.presets.get("series", "tiny"), {"length": 8, "batch_size": 16})
    gan = preset.build(frame)
    gan.fit(preset.batches(gan, frame), epochs=1, verbose=0)
    made = gan.generate(3, seed=5)
    assert made.index.names == ["sample", "when"] and len(made) == 24 and (made["k"] == 3).all()
    assert made.index[8] == (1, hours[-1] + pandas.Timedelta("1h")) and (made["a"] == made["a"].round(2)).all()
    assert gan.generate(3, as_frame=False).shape == (3, 8, 2)
    plain = preset.build(frame.to_numpy())
    assert plain.generate(2).shape == (2, 8, 2) and plain.generate(2, as_frame=True).columns.tolist()[2:] == [
        "column_1",
        "column_2",
    ]
