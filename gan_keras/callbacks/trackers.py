"""`MLflow`: what training logs, for MLflow's page."""

import importlib
import importlib.util
import os
import pathlib

import keras
import tensorflow as tf

from gan_keras.callbacks.samples import check_grid, sample_grid


class MLflow(keras.callbacks.Callback):
    """Logs every value of an epoch as a metric of an MLflow run, and `config` as its parameters.

    `mlflow ui --backend-store-uri sqlite:///DIRECTORY/mlflow.db` shows them.

    Args:
        directory: Where the store goes; None for what `MLFLOW_TRACKING_URI` or MLflow itself says.
        experiment: Name of the experiment.
        name: Name of the run; None for one that MLflow makes up.
        config: Flat dict of the run's parameters; None for none.

    Raises:
        ImportError: If MLflow is not installed.
    """

    def __init__(self, directory=None, experiment="gan_keras", name=None, config=None):
        super().__init__()
        try:
            self.mlflow = importlib.import_module("mlflow")
        except ImportError as error:
            raise ImportError("MLflow is not installed. Install it: pip install 'gan_keras[mlflow]'.") from error
        self.directory, self.experiment, self.name, self.config = directory, experiment, name, config or {}

    def on_train_begin(self, logs=None):
        if self.directory is not None:
            directory = pathlib.Path(self.directory).resolve()
            directory.mkdir(parents=True, exist_ok=True)
            self.mlflow.set_tracking_uri(f"sqlite:///{directory / 'mlflow.db'}")
        self.mlflow.set_experiment(self.experiment)
        self.mlflow.start_run(run_name=self.name)
        self.mlflow.log_params(self.config)

    def on_epoch_end(self, epoch, logs=None):
        self.mlflow.log_metrics({name: float(value) for name, value in (logs or {}).items()}, step=epoch + 1)

    def on_train_end(self, logs=None):
        self.mlflow.end_run()


# --- `TensorBoard`: what training logs, and its images, for TensorBoard's page.


class TensorBoard(keras.callbacks.Callback):
    """Logs every value of an epoch as a scalar, and of a GAN of images a grid of samples of fixed latents.

    `tensorboard --logdir DIRECTORY` shows them. Keras' own callback of this name logs no images of a GAN.

    Args:
        directory: Where event files go.
        rows: Rows of the grid, see `SampleGrid`, >= 1.
        columns: Images in a row, >= 1.
        seed: Of the first latent.
        every: Epochs from one image to the next, >= 1; scalars are logged at each.

    Raises:
        ImportError: If TensorBoard is not installed.
        ValueError: If a size is below 1.
    """

    def __init__(self, directory, rows=10, columns=10, seed=0, every=1):
        super().__init__()
        check_grid(rows=rows, columns=columns, every=every)
        if importlib.util.find_spec("tensorboard") is None:
            raise ImportError("TensorBoard is not installed. Install it: pip install 'gan_keras[tensorboard]'.")
        self.directory, self.rows, self.columns = os.fspath(directory), rows, columns
        self.seed, self.every, self.writer = seed, every, None

    def on_train_begin(self, logs=None):
        self.writer = tf.summary.create_file_writer(self.directory)

    def on_epoch_end(self, epoch, logs=None):
        with self.writer.as_default(step=epoch + 1):
            for name, value in (logs or {}).items():
                tf.summary.scalar(name, float(value))
            if (epoch + 1) % self.every == 0 and len(self.model.sample_shape) == 3:  # of images: text and points have none
                tf.summary.image("samples", sample_grid(self.model, self.rows, self.columns, self.seed)[None])
        self.writer.flush()

    def on_train_end(self, logs=None):
        self.writer.close()


# --- `WeightsAndBiases`: what training logs, for the page of Weights & Biases.


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
