"""A run that two worker processes train by the command line; what they compute is in `test_strategies.py`."""

import json

import gan_keras
from processes import finish, start_workers


def test_only_the_first_worker_writes_the_run(tmp_path):
    options = ["--preset", "tiny", "--set", "width=2", "--epochs", "2", "--strategy", "multi_worker"]
    command = ["-m", "gan_keras", "train", "image", "--data", "digits", "--out", tmp_path / "run", *options]
    finish(list(start_workers([command] * 2)))
    assert json.loads((tmp_path / "run" / "config.json").read_text())["strategy"] == "multi_worker"
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 3
    assert gan_keras.load(tmp_path / "run").generate(2).shape == (2, 16, 16, 1)
