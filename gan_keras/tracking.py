"""Trackers of the command line: pages of others on which a run's curves are seen."""

import importlib.util

from gan_keras.callbacks import MLflow, TensorBoard, WeightsAndBiases


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
