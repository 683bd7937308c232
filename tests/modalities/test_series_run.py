"""Runs of time series: the whole way through the command line on a tiny run, a server, exact resuming, labels and lengths."""

import csv
import io
import json

import numpy as np
import pytest

import gan_keras
from command_line import call, refused
from gan_keras.data import load_series, split_series
from gan_keras.runs.train import train
from gan_keras.serving import Client
from gan_keras.serving.server import Server
from whole_runs import StopAfterEpochs, assert_trained_alike, exported, interrupted, silent

SETTINGS = {"length": 8, "width": 4, "latent_dim": 3, "time_column": "when"}
SET = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]


def write_csv(path, steps=500):
    random = np.random.default_rng(0)
    slow, fast = np.sin(np.arange(steps) / 9.0), np.cumsum(random.standard_normal(steps))
    rows = [f"{step},{one:.5f},{two:.4f},{two:.4f}" for step, (one, two) in enumerate(zip(slow, fast, strict=True))]
    path.write_text("\n".join(["when,slow,fast,again", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def source(folder):
    return write_csv(folder / "x.csv")


@pytest.fixture(scope="module")
def run(folder, source):
    result = call("train", "series", "--data", source, "--out", folder / "run", "--preset", "tiny", *SET)
    assert result.exit_code == 0, result.output
    assert "x.csv: 493 windows of 8 steps x 3 columns, 1 series of 500 steps in all" in result.stdout
    assert "epoch 4/4, adversarial: d_loss" in result.stdout
    return folder / "run"


@pytest.fixture(scope="module")
def version(folder, run):
    return exported(run, folder / "saved_models" / "x")


def series_of(text):
    """The series that rows of CSV in long form hold."""
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["sample", "step", "slow", "fast", "again"]
    numbers = np.array(rows, float).reshape(-1, 8, 5)
    assert (numbers[:, :, 0] == np.arange(len(numbers))[:, None]).all() and (numbers[:, :, 1] == np.arange(8)).all()
    return numbers[:, :, 2:]


# --- The whole way. ---


def test_a_series_run_keeps_where_its_series_are_and_holds_out_other_steps(run, source):
    config = json.loads((run / "config.json").read_text())
    data = load_series(source, 8, time_column="when")
    training, held_out = split_series(data, seed=0)
    kept = config["data"]
    assert (kept["source"], kept["fingerprint"]) == (str(source.resolve()), data.fingerprint)
    assert (kept["training_windows"], kept["held_out_windows"]) == (len(training), len(held_out))
    assert (kept["columns"], kept["window"]) == (["slow", "fast", "again"], 8)
    assert sorted(path.name for path in (run / "samples").iterdir()) == [f"epoch_00{epoch}.png" for epoch in (1, 2, 3, 4)]


def test_generate_writes_rows_to_standard_output_or_to_files(loaded, gan, tmp_path):
    expected = gan.generate(3, seed=5)
    assert expected.shape == (3, 8, 3)
    np.testing.assert_array_equal(expected[..., 1], expected[..., 2])  # a copy stays one
    result = call("generate", loaded, "-n", 3, "--seed", 5)
    assert result.exit_code == 0, result.output
    np.testing.assert_allclose(series_of(result.stdout), expected, rtol=1e-5, atol=1e-6)
    for name in ("a.csv", "a.npz", "a.png"):
        result = call("generate", loaded, "-n", 3, "--seed", 5, "--output", tmp_path / name)
        assert (result.exit_code, result.stdout) == (0, ""), result.output
    np.testing.assert_allclose(series_of((tmp_path / "a.csv").read_text()), expected, rtol=1e-5, atol=1e-6)
    arrays = np.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(arrays["series"], expected)
    assert arrays["lengths"].tolist() == [8] * 3 and list(arrays["columns"]) == ["slow", "fast", "again"]
    assert load_series(tmp_path / "a.npz", 8).columns == ("slow", "fast", "again")  # what is written can be read again
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_an_exported_version_makes_the_series_of_its_run_and_is_served(gan, version):
    expected = gan.generate(3, seed=5)
    result = call("generate", version, "-n", 3, "--seed", 5)
    assert result.exit_code == 0, result.output
    np.testing.assert_allclose(series_of(result.stdout), expected, rtol=1e-4, atol=1e-4)
    with (
        Server(version.parents[1], port=0, grpc_port=0, workers=1) as server,
        Client(f"http://127.0.0.1:{server.port}") as client,
    ):
        np.testing.assert_allclose(client.generate("x", n=3, seed=5), expected, rtol=1e-4, atol=1e-4)


def test_evaluate_and_report_write_into_the_run(run, folder, monkeypatch):
    monkeypatch.setattr("gan_keras.metrics.series.train", lambda *arguments: None)  # untrained judges cost less
    result = call("evaluate", run, "--num", 40, "--json", folder / "scores.json")
    assert result.exit_code == 0, result.output
    scores = json.loads((run / "evaluation.json").read_text())
    assert scores == json.loads((folder / "scores.json").read_text())
    assert scores["samplers"].keys() == {"gan", "baseline"} and scores["real"]["title"] == "real training windows"
    assert scores["protocol"]["num_fake"] == 40 and scores["protocol"]["split"] == "test"
    assert scores["samplers"]["gan"]["values"].keys() == scores["real"]["values"].keys()
    assert "Verdict: " in result.stdout and "predictive score" in result.stdout
    assert call("report", run).stdout.strip() == str(run / "report.html")
    page = (run / "report.html").read_text()
    assert "<h2>Model card</h2>" in page and "discriminative score" in page and "Epoch 004" in page
    assert page.count("data:image/png;base64,") >= 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--output", "a.txt"], "ends in .txt. Expected NAME.csv, NAME.npz or NAME.png"),
        (["--output", "none/a.csv"], "no directory"),
        (["--temperature", "0.5"], "Got --temperature for a model of the modality series"),
        (["--label", "1"], "label"),
        (["-n", "0"], "n=0"),
    ],
)
def test_wrong_choices_for_series_are_refused(loaded, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert words in refused("generate", loaded, *arguments)
    assert not list(tmp_path.iterdir())


def test_test_series_must_be_others_of_the_same_columns(loaded, source, tmp_path):
    assert "is what" in refused("evaluate", loaded, "--data", source)
    other = tmp_path / "other.csv"
    other.write_text("when,a\n" + "".join(f"{step},{step % 7}\n" for step in range(99)))
    assert "steps of the columns a. Expected 8 steps of slow, fast, again" in refused("evaluate", loaded, "--data", other)


def test_lists_name_what_there_is_for_series():
    assert "series sines: " in call("datasets").stdout and "series timegan: " in call("presets").stdout


# --- Resuming. ---


def test_a_resumed_run_equals_an_uninterrupted_one(folder, run, source):
    out = folder / "interrupted"
    options = {"preset": "tiny", "settings": {name: str(value) for name, value in SETTINGS.items()}}
    with interrupted("series", StopAfterEpochs(2)):
        train("series", source, out, **options, checkpoint_seconds=0, progress=silent)
    train("series", source, out, resume=True, progress=silent)
    assert_trained_alike(run, out)


# --- Labels and lengths. ---


def test_labelled_series_of_different_lengths_go_the_whole_way(tmp_path):
    random = np.random.default_rng(0)
    labels = np.arange(60) % 2
    series = random.standard_normal((60, 6, 1)) + 10.0 * labels[:, None, None]
    np.savez(tmp_path / "x.npz", series=series, lengths=random.integers(3, 7, 60), labels=labels, label_names=["low", "high"])
    settings = ("--set", "length=0", "--set", "width=4", "--set", "batch_size=16", "--epochs", 1)
    result = call("train", "series", "--data", tmp_path / "x.npz", "--out", tmp_path / "run", "--preset", "tiny", *settings)
    assert result.exit_code == 0, result.output
    assert "60 windows of 3 to 6 steps x 1 columns" in result.stdout and "2 labels" in result.stdout
    gan = gan_keras.load(tmp_path / "run")
    made = gan.generate(20, seed=1, labels=[1] * 20)
    result = call("generate", tmp_path / "run", "-n", 20, "--seed", 1, "--label", "high", "--output", tmp_path / "made.npz")
    assert result.exit_code == 0, result.output
    arrays = np.load(tmp_path / "made.npz")
    np.testing.assert_array_equal(arrays["series"], made)
    np.testing.assert_array_equal(arrays["lengths"], np.isfinite(made[..., 0]).sum(axis=1))
    encoded = gan.signatures()["encoded"].function(seed=np.arange(1, 21), label=np.ones(20, np.int32))
    np.testing.assert_array_equal(encoded["series"], made)
    np.testing.assert_array_equal(encoded["length"], arrays["lengths"])
