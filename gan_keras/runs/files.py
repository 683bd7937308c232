"""A run: a directory that holds everything a training made, enough to go on with it."""

import functools
import pathlib
import warnings
import zipfile
import zlib

import keras

from gan_keras.media.safe_files import read_json, replace_whole, sweep, write_json
from gan_keras.training import checkpoint_files


class Run:
    """The files of a run directory.

    Args:
        path: The directory; it need not exist yet.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.config_path, self.model_path = self.path / "config.json", self.path / "model.keras"
        self.history_path, self.evaluation_path = self.path / "history.csv", self.path / "evaluation.json"
        self.events_path, self.augmentation_path = self.path / "events.csv", self.path / "augmentation.json"
        self.frontier_path = self.path / "frontier.png"
        self.checkpoints, self.samples, self.data = (self.path / name for name in ("checkpoints", "samples", "data"))

    def check_free(self):
        """Raises unless the directory can be made or is empty."""
        if self.path.exists() and not self.path.is_dir():
            raise NotADirectoryError(f"{self.path} is a file. Expected a directory for the run: name another.")
        if self.config_path.exists():
            raise ValueError(f"{self.path} holds another run. Name another directory, or go on with that run: --resume.")
        if self.path.exists() and any(self.path.iterdir()):
            raise ValueError(f"{self.path} is not empty. Expected a new or an empty directory: name another.")

    def check_exists(self):
        """Raises unless a run has begun here."""
        if self.path.exists() and not self.path.is_dir():
            raise NotADirectoryError(f"{self.path} is a file. Expected the directory of a run.")
        if not self.config_path.exists():
            what = "holds no run (no config.json)" if self.path.exists() else "does not exist"
            raise FileNotFoundError(f"{self.path} {what}. Expected a directory made by `gan-keras train`.")

    @functools.cached_property
    def config(self):
        """What `config.json` holds, read once: `write_config` replaces it.

        Raises:
            FileNotFoundError: If there is no run.
            ValueError: If it holds no choices of a training.
        """
        self.check_exists()
        config = read_json(self.config_path)
        missing = [name for name in ("modality", "preset", "seed") if not isinstance(config, dict) or name not in config]
        if missing:
            raise ValueError(f"{self.config_path} lacks {', '.join(missing)}. Expected what `gan-keras train` wrote there.")
        return config

    def write_config(self, config):
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.config_path, config)
        self.__dict__.pop("config", None)

    def write_lines(self, part, lines, labels=None):
        """Keeps the lines of `part`, `"train"` or `"held_out"`, and their labels: the run does not need the source again."""
        self.data.mkdir(exist_ok=True)
        for name, content in ((part, lines), (f"{part}_labels", labels)):
            if content is not None:
                replace_whole(self.data / f"{name}.txt", lambda path, content=content: _write_lines(path, content))

    def lines(self, part):
        """Lines of `part`, a list of str; of `"train_labels"` their labels."""
        self.check_exists()
        return (self.data / f"{part}.txt").read_bytes().decode().split("\n")[:-1]

    def label_number(self, label):
        """The number of a label by its name; of `column=value` the value will do where no other column has it. None for None."""
        names = self.config["labels"]
        if label is None:
            return None
        if names is None:
            raise ValueError(f"label={label!r}. Expected none: this run has no labels.")
        found = [name for name in names if name == label] or [name for name in names if name.partition("=")[2] == label]
        if len(found) != 1:
            raise ValueError(f"label={label!r}. Expected one of {', '.join(found or names)}.")
        return names.index(found[0])

    def label_numbers(self, part):
        """The label of each line of `part`, as numbers; None for a run without labels."""
        if self.config["labels"] is None:
            return None
        numbers = {name: number for number, name in enumerate(self.config["labels"])}
        return [numbers[label] for label in self.lines(f"{part}_labels")]

    def save(self, gan):
        replace_whole(self.model_path, gan.save)

    def load(self, compile=True):
        """Returns the trained GAN, as `train` left it, or that of the newest whole checkpoint if training is not finished.

        Args:
            compile: Whether the GAN can be trained further. False is enough to use it, and quicker.
        """
        self.check_exists()
        if self.model_path.exists():
            return load_whole(self.model_path, compile)
        path, _ = checkpoint_files.newest(self.checkpoints, warnings.warn)
        if path is None:
            raise FileNotFoundError(f"{self.path} has no model yet. Go on with its training: `gan-keras train ... --resume`.")
        return checkpoint_files.load_model(path, compile)

    def begin(self):
        """Removes what writes left behind that were killed, and the model of a training that was interrupted: it is older than
        the next checkpoint."""
        for directory in (self.path, self.samples, self.data):
            sweep(directory)
        self.model_path.unlink(missing_ok=True)


def load_whole(path, compile=True):
    """Returns the GAN of a file, compiled for training unless `compile` is False.

    Raises:
        ValueError: If the file is damaged.
    """
    try:
        if not zipfile.is_zipfile(path):
            raise zipfile.BadZipFile("it is no archive")
        return keras.saving.load_model(path, compile=compile)
    except (zipfile.BadZipFile, zlib.error, OSError, KeyError) as error:
        raise ValueError(
            f"{path} is damaged ({error}). Expected what `gan-keras train` wrote: remove the file, and `gan-keras train ... "
            "--resume` makes it anew from the last checkpoint."
        ) from error


def _write_lines(path, lines):
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
