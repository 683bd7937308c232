"""A failing run on the command line ends with one line, exit code 1 and a usable model."""

import numpy as np
import pytest

from command_line import call, refused
from gan_keras.callbacks.history import read_history
from gan_keras.data.text.phrases import english_phrases
from gan_keras.runs.train import load


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    lines = list(dict.fromkeys(english_phrases().sample(300, seed=0)))[:60]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_a_failing_image_run_is_given_up_with_a_usable_model(tmp_path):
    run = tmp_path / "run"
    settings = ["--set", "generator_learning_rate=1e38", "--set", "steps_per_epoch=6"]
    line = refused("train", "image", "--data", "digits", "--out", run, "--preset", "tiny", *settings, code=1)
    assert "given up in epoch" in line and "after 3 rollbacks" in line and str(run) in line
    gan = load(run)
    assert all(np.isfinite(weight).all() for weight in gan.get_weights())
    assert np.isfinite(gan.generate(4)).all()
    kinds = [row["kind"] for row in read_history(run / "events.csv")]
    assert kinds.count("not finite") == 4
    assert call("report", run).exit_code == 0
    page = (run / "report.html").read_text()
    assert "What happened" in page and "gave up" in page and "What the curves show" in page
    assert "peak_memory_mb" in read_history(run / "history.csv")[0]


@pytest.mark.slow
def test_a_failing_text_run_is_given_up_with_a_usable_model(text, tmp_path):
    run = tmp_path / "run"
    settings = ["--set", "learning_rate=1e38", "--set", "batch_size=8"]
    line = refused("train", "text", "--data", text, "--out", run, "--preset", "tiny", *settings, code=1)
    assert "given up in epoch" in line
    gan = load(run)
    assert all(np.isfinite(weight).all() for weight in gan.ema_generator.get_weights())
    assert len(gan.generate(2)) == 2


def test_an_unknown_tracker_is_refused_before_anything_is_written(tmp_path):
    line = refused("train", "image", "--data", "digits", "--out", tmp_path / "run", "--track", "neptune")
    assert "Expected one of tensorboard, mlflow, wandb" in line
    assert not (tmp_path / "run").exists()
