"""`MLflow`: what training logs, for MLflow's page."""

import importlib
import pathlib

import keras


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
