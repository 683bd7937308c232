"""Training in a run directory: plan, train, resume, load."""

import datetime
import importlib.metadata
import math
import pathlib
import platform
import shlex
import shutil
import sys

import keras

from gan_keras import modalities, presets, schedule, strategies
from gan_keras.callbacks.checkpoint import Checkpoint, newest_checkpoint
from gan_keras.callbacks.history import History
from gan_keras.callbacks.progress import Progress
from gan_keras.run_directory import Run

LONG_STEPS = 500
"""A training of more steps is measured before it begins, so that its cost can be told."""

PACKAGES = ("gan_keras", "tensorflow", "keras", "numpy", "tensorflow-text")


def load(path):
    """The trained GAN of a run directory.

    Raises:
        FileNotFoundError: If there is no run, or it has no model yet.
    """
    return Run(path).load()


def train(
    modality,
    data,
    out,
    preset=None,
    *,
    epochs=None,
    minutes=None,
    seed=0,
    labels=None,
    resume=False,
    settings=None,
    progress=print,
    strategy=None,
):
    """Trains a GAN and keeps all that it made in a directory.

    Ctrl-C saves what there is, so that the run loads, and raises `KeyboardInterrupt` again.

    Args:
        modality: What the samples are, a name such as `"text"` or `"image"`: see `gan_keras.modalities`.
        data: Name of a data set, or a path: see `data.load_text` and `data.load_images`.
        out: The run's directory, new or empty; with `resume` that of the run to go on with.
        preset: Name of a preset, or a preset; None is `"default"`.
        epochs: Epochs of all stages together, shared in the preset's proportion.
        minutes: Time for the training. Stages of text are shortened, in proportion, until they fit, and never prolonged;
            images get as many epochs as fit.
        seed: Of the split, of all weights and noise.
        labels: Path of a file with a label for each line of text; labels of images come with them.
        resume: Go on with an interrupted run, from the end of its last whole epoch.
        settings: Fields of the preset to change: see `presets.with_settings`.
        progress: Called with every line of progress.
        strategy: Devices to train on: see `strategies.get`. Of several workers only the first writes into `out`.

    Returns:
        The trained GAN.

    Raises:
        ValueError: If an argument is out of its range or does not fit the run; nothing has been written then.
    """
    strategy = strategies.get(strategy)
    check_minutes(minutes, strategy)
    run, kind = Run(strategies.own_path(out, strategy)), modalities.get(modality)
    if resume:
        if any(choice is not None for choice in (preset, epochs, minutes)) or settings:
            raise ValueError("A resumed run goes on as it began. Leave out the preset, epochs, minutes and settings.")
        return go_on(run, kind, data, labels, progress, strategy)
    chosen = _preset(kind, preset, settings, epochs, minutes)
    check_seed(seed)
    run.check_free()
    loaded = kind.load(data, chosen, labels)
    progress(kind.describe(loaded))
    try:
        kind.keep(run, {**_config(kind, chosen, seed), "strategy": strategies.name_of(strategy)}, loaded, data)
        trainer = Trainer(run, loaded, progress, strategy)
        seconds = trainer.plan(minutes)
        gan = trainer.begin()
    except BaseException:
        shutil.rmtree(run.path, ignore_errors=True)  # it was new or empty, and nothing is trained yet
        raise
    return trainer.fit(gan, 0, seconds)


def go_on(run, kind, data, labels=None, progress=print, strategy=None):
    """Goes on with a run from its newest checkpoint; see `train`."""
    config = run.config
    if config["modality"] != kind.name:
        raise ValueError(f"{run.path} is a run of the modality {config['modality']}. Expected that one, got {kind.name}.")
    loaded = kind.load(data, kind.preset_class.from_config(config["preset"]), labels)
    if loaded.fingerprint != config["data"]["fingerprint"]:
        raise ValueError(
            f"{loaded.name} is not what {run.path} was trained on ({config['data']['name']}, other samples or labels). "
            "Expected the same data: a run goes on with what it began with."
        )
    return Trainer(run, loaded, progress, strategy).go_on()


class Trainer:
    """A run and its data, to plan, build and train.

    Args:
        run: A `Run` with a `config.json`.
        data: What its modality loaded.
        progress: Called with every line of progress.
        strategy: In whose scope a GAN is built; see `strategies.get`.
    """

    def __init__(self, run, data, progress, strategy=None):
        self.run, self.progress, self.strategy = run, progress, strategies.get(strategy)
        self.modality = modalities.get(run.config["modality"])
        self.training, self.held_out = self.modality.parts(run, data)

    @property
    def preset(self):
        """The preset as the run's `config.json` has it."""
        return self.modality.preset_class.from_config(self.run.config["preset"])

    def plan(self, minutes):
        """Writes the epochs that fit into the time into the run; returns the seconds of an epoch by stage as far as known."""
        config, preset = self.run.config, self.preset
        steps = preset.epochs * self.modality.steps_of(preset, self.training)
        if minutes is None and steps <= LONG_STEPS:
            return {}
        self.progress(f"{steps:,} steps at most: measuring what they cost" if minutes is None else "Measuring what a step costs")
        with self.strategy.scope():
            seconds, besides = self.modality.measure(preset, self.training, config["seed"])
        if minutes is not None:
            budget = schedule.SPARE * 60 * minutes - 2 * besides  # measuring itself has taken as much
            preset, seconds = self.modality.fit_into(preset, self.training, seconds, budget)
        self.progress(schedule.describe(preset.stage_epochs, seconds, besides))
        self.run.write_config({**config, "preset": preset.to_config()})
        return seconds

    def begin(self):
        """The untrained GAN, after a line about it; what it is made of goes into `config.json`."""
        gan = self.build()
        line, entries = self.modality.details(gan)
        self.progress(line)
        self.run.write_config({**self.run.config, **entries})
        return gan

    def build(self):
        with self.strategy.scope():
            return self.modality.build(self.preset, self.training, self.run.config["seed"])

    def go_on(self):
        """Trains from the newest checkpoint to the end."""
        run, total = self.run, self.preset.epochs
        path, epoch = newest_checkpoint(run.checkpoints)
        if epoch >= total and run.model_path.exists():
            self.progress(f"{run.path} is complete: {epoch} epochs.")
            return run.load()
        with self.strategy.scope():
            gan = keras.saving.load_model(path) if path else self.build()
        self.progress(f"{run.path}: going on after {epoch} of {total} epochs.")
        return self.fit(gan, epoch, {})

    def fit(self, gan, epoch, seconds):
        """Trains from `epoch` to the end, saving as it goes."""
        run, preset, seed = self.run, self.preset, self.run.config["seed"]
        batches, held_out = (
            self.modality.batches(gan, preset, part, seed, epoch, shuffle)
            for part, shuffle in ((self.training, True), (self.held_out, False))
        )
        own = self.modality.callbacks(run, preset, self.training, self.held_out)
        checkpoint = Checkpoint(run.checkpoints, copy_to=run.model_path)
        callbacks = [*own, History(run.history_path), checkpoint, Progress(self.progress, seconds)]
        options = {"initial_epoch": epoch, "epochs": preset.epochs, "verbose": int(sys.stdout.isatty()), "shuffle": False}
        try:
            gan.fit(batches, validation_data=held_out, callbacks=callbacks, **options)
        except KeyboardInterrupt:
            self.rescue(gan, own)
            raise
        run.save(gan)
        return gan

    def rescue(self, gan, callbacks):
        """Saves a GAN in the midst of its training so that it can be used and compared."""
        for callback in callbacks:
            callback.on_train_end()
        self.modality.complete(self.run, gan)
        self.run.save(gan)
        path = self.run.path
        self.progress(f"Interrupted. {path} can be used as it is; to go on with it: gan-keras train ... --resume.")


def _config(kind, preset, seed):
    """What `config.json` holds whatever the modality."""
    return {
        "modality": kind.name,
        "command": shlex.join([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "preset": preset.to_config(),
        "versions": versions(),
    }


def versions():
    """Versions of Python and of the packages that matter, None for what is not installed."""
    return {"python": platform.python_version(), **{name: version_of(name) for name in PACKAGES}}


def version_of(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_minutes(minutes, strategy):
    if minutes is not None and strategies.name_of(strategy) == "multi_worker":
        raise ValueError(f"minutes={minutes} for several workers, each with a clock of its own. Expected epochs.")


def check_seed(seed):
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed={seed!r}. Expected a whole number from 0 to 4294967295.")


def _preset(kind, preset, settings, epochs, minutes):
    """The preset that was asked for, with its settings and its number of epochs."""
    chosen = preset if isinstance(preset, kind.preset_class) else presets.get(kind.name, preset or "default")
    chosen = presets.with_settings(chosen, settings or {})
    if epochs is not None and minutes is not None:
        raise ValueError("Got both epochs and minutes. Expected one of them.")
    if epochs is not None and epochs < 1:
        raise ValueError(f"epochs={epochs}. Expected at least 1.")
    if minutes is not None and not 0 < minutes < math.inf:
        raise ValueError(f"minutes={minutes}. Expected more than 0.")
    return chosen if epochs is None else chosen.with_stage_epochs(schedule.share_epochs(chosen.stage_epochs, epochs))
