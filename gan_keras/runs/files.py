"""`Run`: the files of a run directory, which hold everything a training produces and all that is needed to resume it.

Keras is imported only where a GAN is loaded.
"""

import csv
import functools
import importlib
import pathlib
import warnings
import zipfile
import zlib

from gan_keras.media.safe_files import read_json, replace_whole, sweep, write_json

_HOMES_OF_CLASSES = (
    *("augmentation", "auxiliary", "codecs", "constraints", "feedback", "history_pool", "losses", "networks", "optimizers"),
    *(
        "penalties",
        "privacy",
        "gans.cycle_gan",
        "gans.pix2pix",
        "gans.table_gan",
        "gans.table_vae",
        "gans.text_gan",
        "gans.time_gan",
    ),
)


class Run:
    """The files of a run directory.

    Args:
        path: Path of the directory, which may not exist yet.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.config_path, self.model_path = self.path / "config.json", self.path / "model.keras"
        self.history_path, self.evaluation_path = self.path / "history.csv", self.path / "evaluation.json"
        self.privacy_path, self.canaries = self.path / "privacy.json", self.path / "canaries"
        self.canaries_path = self.canaries / "canaries.json"  # is written once a training with them has ended
        self.events_path, self.augmentation_path = self.path / "events.csv", self.path / "augmentation.json"
        self.report_path, self.explanation = self.path / "report.html", self.path / "explanation"
        self.effects_path, self.directions_path = self.explanation / "effects.json", self.explanation / "directions.npy"
        self.privacy_ledger_path = self.path / "privacy_ledger.json"
        self.checkpoints, self.samples, self.data = (self.path / name for name in ("checkpoints", "samples", "data"))

    def check_free(self):
        """Raises unless the directory is empty or can be created."""
        if self.path.exists() and not self.path.is_dir():
            raise NotADirectoryError(f"{self.path} is a file. Expected a directory for the run: choose another name.")
        if self.config_path.exists():
            raise ValueError(f"{self.path} holds another run. Choose another directory, or resume that run with --resume.")
        if self.path.exists() and any(self.path.iterdir()):
            raise ValueError(f"{self.path} is not empty. Expected a new or an empty directory: choose another.")

    def check_exists(self):
        """Raises unless the directory holds a run."""
        if self.path.exists() and not self.path.is_dir():
            raise NotADirectoryError(f"{self.path} is a file. Expected the directory of a run.")
        if not self.config_path.exists():
            problem = "holds no run (no config.json)" if self.path.exists() else "does not exist"
            raise FileNotFoundError(f"{self.path} {problem}. Expected a directory made by `gan-keras train`.")

    @functools.cached_property
    def config(self):
        """The contents of `config.json`, read once; `write_config` replaces them.

        Raises:
            FileNotFoundError: If there is no run.
            ValueError: If the file is damaged or incomplete.
        """
        self.check_exists()
        config = read_json(self.config_path)
        missing = [name for name in ("modality", "preset", "seed") if name not in config]
        if missing:
            raise ValueError(f"{self.config_path} lacks {', '.join(missing)}. Expected the file that `gan-keras train` wrote.")
        return config

    @property
    def seconds(self):
        """Seconds that the epochs so far took: see `history.csv`."""
        if not self.history_path.is_file():
            return 0.0
        with open(self.history_path, newline="", encoding="utf-8") as file:
            return sum(float(row.get("seconds") or 0.0) for row in csv.DictReader(file))

    def write_config(self, config):
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.config_path, config)
        self.__dict__.pop("config", None)

    # --- Lines of text and labels. ---

    def write_lines(self, part, lines, labels=None):
        """Saves the lines of `part`, `"train"` or `"held_out"`, and their labels, so that the source is no longer needed."""
        self.data.mkdir(exist_ok=True)
        for name, content in ((part, lines), (f"{part}_labels", labels)):
            if content is not None:
                data = "".join(f"{line}\n" for line in content).encode()
                replace_whole(self.data / f"{name}.txt", lambda path, data=data: path.write_bytes(data))

    def lines(self, part):
        """Returns the lines of `part` as a list of str; `"train_labels"` gives their labels."""
        self.check_exists()
        return (self.data / f"{part}.txt").read_bytes().decode().split("\n")[:-1]

    def label_numbers(self, part):
        """Returns the label number of each line of `part`; None for a run without labels."""
        if self.config["labels"] is None:
            return None
        numbers = {name: number for number, name in enumerate(self.config["labels"])}
        return [numbers[label] for label in self.lines(f"{part}_labels")]

    # --- The trained GAN. ---

    def begin(self):
        """Removes temporary files of interrupted writes, and the model of an interrupted training, which is outdated."""
        for directory in (self.path, self.samples, self.data):
            sweep(directory)
        self.model_path.unlink(missing_ok=True)

    def save(self, gan):
        replace_whole(self.model_path, gan.save)

    def evaluated_by(self, modality):
        """Returns the lines of the run's last evaluation, an entry of an exported model card; no entry without one."""
        if not self.evaluation_path.is_file():
            return {}
        return {"evaluation": modality.summary(read_json(self.evaluation_path)).splitlines()}

    def directions(self, latent_dim):
        """Returns the directions of `gan-keras explain`, float32 `(num, latent_dim)`, and their names.

        Raises:
            ValueError: If a file is damaged, or the directions are those of other latents.
        """
        import numpy as np

        try:
            directions = np.load(self.directions_path, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise ValueError(
                f"{self.directions_path} is damaged ({error}). Run `gan-keras explain {self.path}` again."
            ) from error
        if directions.ndim != 2 or directions.shape[1] != latent_dim:
            raise ValueError(
                f"{self.directions_path} holds directions of shape {directions.shape}. Expected (num, {latent_dim}), for the "
                f"latents of the run's model: run `gan-keras explain {self.path}` again."
            )
        return directions.astype(np.float32), read_json(self.effects_path)["names"]

    def load(self, compile=True):
        """Returns the trained GAN, or that of the newest undamaged checkpoint if training is not finished.

        Args:
            compile: Whether the GAN can be trained further. False is faster and enough to use it.

        Raises:
            FileNotFoundError: If there is no run, or it has no model yet.
            ValueError: If the model file is damaged.
        """
        self.check_exists()
        import_classes()
        import keras

        from gan_keras.training import checkpoint_files

        if not self.model_path.exists():
            path, _ = checkpoint_files.newest(self.checkpoints, warnings.warn)
            if path is None:
                raise FileNotFoundError(f"{self.path} has no model yet. Resume its training: `gan-keras train ... --resume`.")
            return checkpoint_files.load_model(path, compile)
        try:
            if not zipfile.is_zipfile(self.model_path):
                raise zipfile.BadZipFile("not a ZIP archive")
            return keras.saving.load_model(self.model_path, compile=compile)
        except (zipfile.BadZipFile, zlib.error, OSError, KeyError) as error:
            raise ValueError(
                f"{self.model_path} is damaged ({error}). Expected the file that `gan-keras train` wrote: remove it, and "
                "`gan-keras train ... --resume` rebuilds it from the last checkpoint."
            ) from error


def import_classes():
    """Imports every class that the model of a run may hold, so that Keras finds it: a command imports no more than it needs."""
    for home in _HOMES_OF_CLASSES:
        importlib.import_module(f"gan_keras.{home}")


def find_version(path):
    """Returns the directory of a version: `path` itself or the highest version in it; None if there is none."""
    path = pathlib.Path(path)
    if (path / "saved_model.pb").exists():
        return path
    versions = [child for child in path.glob("*") if child.name.isdecimal() and (child / "saved_model.pb").exists()]
    return max(versions, key=lambda child: int(child.name), default=None)
