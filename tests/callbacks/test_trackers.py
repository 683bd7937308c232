"""Adapters of trackers, against small stand-ins of their modules."""

import sys

import keras
import numpy as np
import pytest

from gan_keras import GAN, callbacks, networks
from gan_keras.runs.default_callbacks import check_tracker


class Recorder:
    """A module that keeps what is called; its results record too."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *args, **kwargs: self.calls.append((name, args, kwargs)) or self


def trained(callback):
    keras.utils.set_random_seed(0)
    gan = GAN(networks.MLPGenerator((2,), 3, (4,)), networks.MLPDiscriminator((4,)))
    gan.compile()
    return gan.fit(np.ones((8, 2), np.float32), batch_size=4, epochs=2, verbose=0, callbacks=[callback]).history


def test_mlflow_gets_every_value_of_every_epoch(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", module := Recorder())
    history = trained(callbacks.MLflow(tmp_path / "store", name="a run", config={"seed": 3}))
    names = [name for name, _, _ in module.calls]
    assert names == ["set_tracking_uri", "set_experiment", "start_run", "log_params", "log_metrics", "log_metrics", "end_run"]
    assert module.calls[0][1] == (f"sqlite:///{tmp_path / 'store' / 'mlflow.db'}",) and (tmp_path / "store").is_dir()
    values, step = module.calls[5][1][0], module.calls[5][2]["step"]
    assert step == 2 and values == pytest.approx({name: found[1] for name, found in history.items()})


def test_weights_and_biases_stays_offline_unless_it_was_set_up(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", module := Recorder())
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    trained(callbacks.WeightsAndBiases(tmp_path / "wandb"))
    assert [name for name, _, _ in module.calls] == ["init", "log", "log", "finish"]
    assert module.calls[0][2]["mode"] == "offline" and "d_norm" in module.calls[1][1][0]
    module.calls.clear()
    monkeypatch.setenv("WANDB_MODE", "online")
    trained(callbacks.WeightsAndBiases(tmp_path / "wandb"))
    assert "mode" not in module.calls[0][2]


@pytest.mark.parametrize(("kind", "name", "extra"), [("MLflow", "mlflow", "mlflow"), ("WeightsAndBiases", "wandb", "wandb")])
def test_a_tracker_that_is_not_installed_names_the_command_that_installs_it(kind, name, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"pip install 'gan_keras\[{extra}\]'"):
        getattr(callbacks, kind)()


def test_an_unknown_tracker_is_an_error_that_names_the_known_ones():
    check_tracker(None)
    with pytest.raises(ValueError, match="Expected one of tensorboard, mlflow, wandb"):
        check_tracker("neptune")
