"""`WeightsAndBiases`: what training logs, for the page of Weights & Biases."""

import importlib
import os
import pathlib

import keras


class WeightsAndBiases(keras.callbacks.Callback):
    """Logs every value of an epoch to a run of Weights & Biases.

    Nothing leaves the machine unless it was asked for: without `WANDB_MODE` or `WANDB_API_KEY` in the environment the run is
    offline, and `wandb sync` sends it.

    Args:
        directory: Where the run's files go; None for where `wandb` puts them.
        project: Name of the project.
        name: Name of the run; None for one that is made up.
        config: Dict of the run's settings; None for none.

    Raises:
        ImportError: If `wandb` is not installed.
    """

    def __init__(self, directory=None, project="gan_keras", name=None, config=None):
        super().__init__()
        try:
            self.wandb = importlib.import_module("wandb")
        except ImportError as error:
            raise ImportError("Weights & Biases is not installed. Install it: pip install 'gan_keras[wandb]'.") from error
        self.directory, self.project, self.name, self.config, self.run = directory, project, name, config, None

    def on_train_begin(self, logs=None):
        if self.directory is not None:
            pathlib.Path(self.directory).mkdir(parents=True, exist_ok=True)
        is_configured = "WANDB_MODE" in os.environ or "WANDB_API_KEY" in os.environ
        mode = {} if is_configured else {"mode": "offline"}
        self.run = self.wandb.init(project=self.project, name=self.name, dir=self.directory, config=self.config, **mode)

    def on_epoch_end(self, epoch, logs=None):
        self.run.log({name: float(value) for name, value in (logs or {}).items()}, step=epoch + 1)

    def on_train_end(self, logs=None):
        self.run.finish()
