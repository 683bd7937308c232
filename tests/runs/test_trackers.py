"""Trackers of a run use the packages' own callbacks, here replaced by small stand-ins."""

import sys
import types

import keras
import pytest

from gan_keras.callbacks import TensorBoard
from gan_keras.runs.default_callbacks import check_tracker, tracked
from gan_keras.runs.files import Run


class Recorder:
    """A module that records calls; their results are the module itself, which is also a context manager."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *args, **kwargs: self.calls.append((name, args, kwargs)) or self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.calls.append(("end", (), {}))


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "a run")
    run.write_config({"modality": "image", "preset": {"units": 4}, "seed": 3})
    return run


@pytest.fixture
def modules(monkeypatch):
    """Stand-ins of MLflow and W&B by name."""
    found = {"mlflow": Recorder(), "wandb": Recorder()}
    callbacks = {"mlflow.keras": "MlflowCallback", "wandb.integration.keras": "WandbMetricsLogger"}
    for name, module in (*found.items(), ("wandb.integration", types.ModuleType("wandb.integration"))):
        monkeypatch.setitem(sys.modules, name, module)
    for name, attribute in callbacks.items():
        monkeypatch.setitem(sys.modules, name, types.SimpleNamespace(**{attribute: keras.callbacks.Callback}))
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return found


def test_mlflow_logs_into_the_run_and_ends_with_the_training(run, modules):
    modules["mlflow"].get_experiment_by_name = lambda name: None
    with tracked("mlflow", run) as callbacks:
        assert len(callbacks) == 1 and modules["mlflow"].calls[-1][0] == "log_params"
    calls = modules["mlflow"].calls
    names = ["set_tracking_uri", "create_experiment", "set_experiment", "start_run", "log_params", "end"]
    assert [name for name, _, _ in calls] == names
    assert calls[1][2] == {"artifact_location": (run.path / "mlflow" / "artifacts").as_uri()}
    assert calls[0][1] == (f"sqlite:///{run.path / 'mlflow' / 'mlflow.db'}",) and (run.path / "mlflow").is_dir()
    assert calls[3][2] == {"run_name": "a run"} and calls[4][1] == ({"seed": 3, "units": 4},)


def test_weights_and_biases_stays_offline_unless_it_is_configured(run, modules, monkeypatch):
    with tracked("wandb", run) as callbacks:
        assert len(callbacks) == 1
    assert [name for name, _, _ in modules["wandb"].calls] == ["init", "end"]
    assert modules["wandb"].calls[0][2]["mode"] == "offline" and modules["wandb"].calls[0][2]["config"] == run.config
    monkeypatch.setenv("WANDB_MODE", "online")
    with tracked("wandb", run):
        assert "mode" not in modules["wandb"].calls[2][2]


def test_tensorboard_logs_into_the_run_and_no_tracker_is_no_callback(run):
    with tracked(None, run) as callbacks:
        assert callbacks == []
    pytest.importorskip("tensorboard")
    with tracked("tensorboard", run) as callbacks:
        assert isinstance(callbacks[0], TensorBoard)


def test_a_missing_or_unknown_tracker_is_an_error_with_what_to_do(monkeypatch):
    check_tracker(None)
    with pytest.raises(ValueError, match="Expected one of tensorboard, mlflow, wandb"):
        check_tracker("neptune")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in ("mlflow", "wandb"):
        with pytest.raises(ImportError, match=rf"pip install 'gan_keras\[{name}\]'"):
            check_tracker(name)
