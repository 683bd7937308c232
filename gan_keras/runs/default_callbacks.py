"""Trackers of the command line: pages of others on which a run's curves are seen."""

import importlib.util

from gan_keras.callbacks import EarlyStop, Guard, MLflow, Speed, TensorBoard, Watch, WeightsAndBiases
from gan_keras.callbacks.events import Events
from gan_keras.callbacks.guard import TrainingFailed
from gan_keras.callbacks.history import History


def check_tracker(name):
    """Raises unless `name` is None or a tracker that is installed.

    Raises:
        ValueError: If there is none of that name.
        ImportError: If its package is not installed.
    """
    if name is not None and name not in TRACKERS:
        raise ValueError(f"track={name!r}. Expected one of {', '.join(TRACKERS)}.")
    if name is not None and importlib.util.find_spec(name) is None:
        raise ImportError(f"{name} is not installed. Install it: pip install 'gan_keras[{name}]'.")


def trackers(name, run):
    """The callbacks that track a `Run`, into the run's own directory: one, or none for None."""
    return [] if name is None else [TRACKERS[name](run)]


def _of_tensorboard(run):
    return TensorBoard(run.path / "tensorboard")


def _of_mlflow(run):
    return MLflow(run.path / "mlflow", name=run.path.name, config={"seed": run.config["seed"], **run.config["preset"]})


def _of_wandb(run):
    return WeightsAndBiases(run.path / "wandb", name=run.path.name, config=run.config)


TRACKERS = {"tensorboard": _of_tensorboard, "mlflow": _of_mlflow, "wandb": _of_wandb}


# --- The callbacks that watch over every run, whatever its modality.


class Watchers:
    """Guard, speed, history, watch and early end of a `Run`, which share its events.

    Args:
        run: A `Run`.
        modality: Its `Modality`.
        preset: Its preset.
        progress: Called with a line about each event.
    """

    def __init__(self, run, modality, preset, progress=print):
        self.path, events = run.path, Events(run.events_path, progress)
        self.guard, self.history = Guard(events), History(run.history_path)
        judged = {"events": events, "history": self.history}
        self.judges = [Watch(**judged)]
        if modality.quality is not None:
            self.judges.append(EarlyStop(*modality.quality, preset.patience, **judged))

    def around(self, callbacks):
        """All of them in their order, with the modality's own where they score: after the guard, before what reads scores."""
        return [self.guard, Speed(), *callbacks, self.history, *self.judges]

    def check(self):
        """Raises `TrainingFailed` if training was given up."""
        if self.guard.failure is not None:
            raise TrainingFailed(f"{self.guard.failure} {self.path} holds the last good state and can be used as it is.")
