"""Callbacks of every run, whatever its modality: watchers that guard a training, and trackers that log it elsewhere."""

import contextlib
import importlib
import importlib.util
import os

from gan_keras.callbacks import EarlyStop, Guard, Speed, TensorBoard, Watch
from gan_keras.callbacks.guard import TrainingFailed
from gan_keras.callbacks.history import Events, History
from gan_keras.diagnosis.names import choice_of


class Watchers:
    """Guard, speed, history, watch and early stop of a run, which share its events; `progress` gets a line about each event."""

    def __init__(self, run, modality, preset, progress=print):
        self.path, events = run.path, Events(run.events_path, progress)
        self.guard, self.history = Guard(events), History(run.history_path)
        judged = {"events": events, "history": self.history}
        self.judges = [Watch(**judged)]
        if modality.quality is not None:
            self.judges.append(EarlyStop(*modality.quality, preset.patience, **judged))

    def around(self, callbacks):
        """Returns all callbacks in order: the guard, the modality's own, which score epochs, and those that read scores."""
        return [self.guard, Speed(), *callbacks, self.history, *self.judges]

    def check(self):
        """Raises `TrainingFailed` if training was given up."""
        if self.guard.failure is not None:
            raise TrainingFailed(f"{self.guard.failure} {self.path} holds the last good state and can be used.")


def check_tracker(name):
    """Raises `ValueError` if a tracker is unknown, `ImportError` if its package is not installed; None is no tracker."""
    if name is not None and name not in _TRACKERS:
        raise ValueError(f"track={name!r}. {choice_of(name, _TRACKERS)}.")
    if name is not None and importlib.util.find_spec(name) is None:
        raise ImportError(f"{name} is not installed. Install it: pip install 'gan_keras[{name}]'.")


def tracked(name, run):
    """Returns a context with a list of callbacks that log to a tracker, in the run's own directory; empty if `name` is None."""
    return contextlib.nullcontext([]) if name is None else _TRACKERS[name](run)


def _tensorboard(run):
    return contextlib.nullcontext([TensorBoard(run.path / "tensorboard")])


@contextlib.contextmanager
def _mlflow(run):
    mlflow, keras_flavor = (importlib.import_module(name) for name in ("mlflow", "mlflow.keras"))
    directory = (run.path / "mlflow").resolve()
    directory.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(f"sqlite:///{directory / 'mlflow.db'}")
    if mlflow.get_experiment_by_name("gan_keras") is None:  # by default, artifacts go to the current directory
        mlflow.create_experiment("gan_keras", artifact_location=(directory / "artifacts").as_uri())
    mlflow.set_experiment("gan_keras")
    with mlflow.start_run(run_name=run.path.name):
        mlflow.log_params({"seed": run.config["seed"], **run.config["preset"]})
        yield [keras_flavor.MlflowCallback()]


@contextlib.contextmanager
def _wandb(run):
    wandb, integration = (importlib.import_module(name) for name in ("wandb", "wandb.integration.keras"))
    directory = run.path / "wandb"
    directory.mkdir(parents=True, exist_ok=True)
    is_configured = "WANDB_MODE" in os.environ or "WANDB_API_KEY" in os.environ
    mode = {} if is_configured else {"mode": "offline"}  # `wandb sync` uploads an offline run
    with wandb.init(project="gan_keras", name=run.path.name, dir=directory, config=run.config, **mode):
        yield [integration.WandbMetricsLogger()]


_TRACKERS = {"tensorboard": _tensorboard, "mlflow": _mlflow, "wandb": _wandb}
