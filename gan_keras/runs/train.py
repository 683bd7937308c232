"""Training in a run directory: plan, train, resume, load."""

import datetime
import math
import pathlib
import shlex
import shutil
import sys
from collections.abc import Callable
from typing import NamedTuple

import keras
import tensorflow as tf

from gan_keras import modalities, presets
from gan_keras.callbacks.checkpoint import Checkpoint, check_seconds
from gan_keras.callbacks.events import has_ended
from gan_keras.callbacks.history import Progress
from gan_keras.runs.default_callbacks import Watchers, check_tracker, trackers
from gan_keras.runs.files import Run
from gan_keras.runs.same_run import check_goes_on
from gan_keras.training import checkpoint_files, devices, time_budget
from gan_keras.training.fingerprint import machine, versions
from gan_keras.training.seeds import check_seed

LONG_STEPS = 500
"""A training of more steps is measured before it begins, so that its cost can be told."""


class Manner(NamedTuple):
    """How a run is trained whatever it learns: see the arguments of `train`."""

    progress: Callable
    track: str | None
    checkpoint_seconds: float
    strategy: tf.distribute.Strategy


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
    seed=None,
    labels=None,
    resume=False,
    settings=None,
    track=None,
    checkpoint_seconds=60.0,
    progress=print,
    strategy=None,
):
    """Trains a GAN and keeps all that it made in a directory.

    Ctrl-C saves what there is, so that the run loads, and raises `KeyboardInterrupt` again.

    Args:
        modality: What the samples are, a name such as `"text"` or `"image"`: see `gan_keras.modalities`.
        data: Name of a data set, or a path: see `data.load_text`, `data.load_images` and their like.
        out: The run's directory, new or empty; with `resume` that of the run to go on with.
        preset: Name of a preset, or a preset; None is `"default"`.
        epochs: Epochs of all stages together, shared in the preset's proportion.
        minutes: Time for the training. Several stages, of text and of TimeGAN, are shortened, in proportion, until they fit,
            and never prolonged; all else gets as many epochs as fit.
        seed: Of the split, of all weights and noise; None is 0.
        labels: Path of a file with a label for each line of text; other labels come with the data.
        resume: Go on with an interrupted run from its newest checkpoint, as if it had not been interrupted. The preset and the
            other choices may be left out, but not the data and their labels; those that are given have to be those of the run.
        settings: Fields of the preset to change: see `presets.with_settings`.
        track: Name of a tracker to log to, into the run: see `tracking.TRACKERS`; None for none.
        checkpoint_seconds: From one checkpoint to the next; 0 writes one after every batch.
        progress: Called with every line of progress.
        strategy: Devices to train on: see `strategies.get`. Of several workers only the first writes into `out`.

    Returns:
        The trained GAN.

    Raises:
        ValueError: If an argument is out of its range or does not fit the run; nothing has been written then.
        OSError: If the disk is full or read-only; the last checkpoint is whole.
        TrainingFailed: If training broke again and again; the run holds its last good state.
    """
    strategy = devices.get(strategy)
    check_minutes(minutes, strategy)
    check_tracker(track)
    check_seconds(checkpoint_seconds)
    run, kind = Run(devices.own_path(out, strategy)), modalities.get(modality)
    manner = Manner(progress, track, checkpoint_seconds, strategy)
    asked = {"preset": preset, "settings": settings or {}, "epochs": epochs, "minutes": minutes, "seed": seed}
    if resume:
        check_goes_on(run, kind, asked)
        return go_on(run, kind, data, labels, manner)
    chosen = _preset(kind, preset, settings, epochs, minutes)
    check_seed(seed := seed or 0)
    seed = int(seed)
    run.check_free()
    loaded = kind.load(data, chosen, labels)
    progress(kind.describe(loaded))
    try:
        config = {**_config(kind, chosen, seed, asked), "strategy": devices.name_of(strategy)}
        kind.keep(run, config, loaded, data)
        trainer = Trainer(run, loaded, manner)
        seconds = trainer.plan(minutes)
        gan = trainer.begin()
    except BaseException:
        shutil.rmtree(run.path, ignore_errors=True)  # it was new or empty, and nothing is trained yet
        raise
    return trainer.fit(gan, seconds)


def go_on(run, kind, data, labels, manner):
    """Goes on with a run from its newest checkpoint; see `train`."""
    config = run.config
    loaded = kind.load(data, kind.preset_class.from_config(config["preset"]), labels)
    if loaded.fingerprint != config["data"]["fingerprint"]:
        raise ValueError(
            f"{loaded.name} is not what {run.path} was trained on ({config['data']['name']}, other samples or labels). "
            "Expected the same data: a run goes on with what it began with."
        )
    return Trainer(run, loaded, manner).go_on()


class Trainer:
    """A run and its data, to plan, build and train.

    Args:
        run: A `Run` with a `config.json`.
        data: What its modality loaded.
        manner: A `Manner`.
    """

    def __init__(self, run, data, manner):
        self.run, self.manner, self.progress = run, manner, manner.progress
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
        with self.manner.strategy.scope():
            seconds, besides = self.modality.measure(preset, self.training, config["seed"])
        if minutes is not None:
            budget = time_budget.SPARE * 60 * minutes - 2 * besides  # measuring itself has taken as much
            preset, seconds = self.modality.fit_into(preset, self.training, seconds, budget)
        self.progress(time_budget.describe(preset.stage_epochs, seconds, besides))
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
        """The GAN at its beginning. Its layers are named as in a process of their own: the order of sums in a graph, and so
        their last bits, follows names, which a GAN that was measured before must not shift."""
        policy = keras.config.dtype_policy()
        keras.utils.clear_session(free_memory=False)
        keras.config.set_dtype_policy(policy)
        with self.manner.strategy.scope():
            return self.modality.build(self.preset, self.training, self.run.config["seed"])

    def go_on(self):
        """Trains from the newest checkpoint to the end."""
        run, total = self.run, self.preset.epochs
        _, state = checkpoint_files.newest(run.checkpoints, show=lambda line: None)  # the callback tells of damaged ones
        epoch, batch = (state["epoch"], state["batch"]) if state else (0, 0)
        if (epoch >= total or has_ended(run.events_path)) and run.model_path.exists():
            self.progress(f"{run.path} is complete: {epoch} epochs.")
            return run.load()
        within = f" and {batch} batches" if batch else ""
        self.progress(f"{run.path}: going on after {epoch} of {total} epochs{within}.")
        if state is None:  # nothing is trained, and perhaps not even planned
            seconds = self.plan(run.config["asked"]["minutes"])
            return self.fit(self.begin(), seconds)
        return self.fit(self.build(), {})

    def fit(self, gan, seconds):
        """Trains from the newest checkpoint, if there is one, to the end, saving as it goes."""
        run, preset, seed = self.run, self.preset, self.run.config["seed"]
        batches, held_out = (
            self.modality.batches(gan, preset, part, seed, shuffle)
            for part, shuffle in ((self.training, True), (self.held_out, False))
        )
        own = self.modality.callbacks(run, preset, self.training, self.held_out)
        begin = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: run.begin())
        checkpoint = Checkpoint(run.checkpoints, self.manner.checkpoint_seconds, show=self.progress)
        watchers = Watchers(run, self.modality, preset, self.progress)
        told = [Progress(self.progress, seconds), *trackers(self.manner.track, run)]
        callbacks = [begin, *watchers.around(own), checkpoint, *told]
        options = {"epochs": preset.epochs, "verbose": int(sys.stdout.isatty()), "shuffle": False}
        try:
            gan.fit(batches, validation_data=held_out, callbacks=callbacks, **options)
        except KeyboardInterrupt:
            self.rescue(gan, own)
            raise
        run.save(gan)
        watchers.check()
        return gan

    def rescue(self, gan, callbacks):
        """Saves a GAN in the midst of its training so that it can be used and compared."""
        for callback in callbacks:
            callback.on_train_end()
        self.modality.complete(self.run, gan)
        self.run.save(gan)
        path = self.run.path
        self.progress(f"Interrupted. {path} can be used as it is; to go on with it: gan-keras train ... --resume.")


def _config(kind, preset, seed, asked):
    """What `config.json` holds whatever the modality; `asked` is what the user chose, by name."""
    preset_name = asked["preset"] if isinstance(asked["preset"], str) else asked["preset"] and asked["preset"].to_config()
    return {
        "modality": kind.name,
        "command": shlex.join([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "asked": {"preset": preset_name or "default", "minutes": asked["minutes"]},
        "preset": preset.to_config(),
        "versions": versions(),
        "machine": machine(),
    }


def check_minutes(minutes, strategy):
    if minutes is not None and devices.name_of(strategy) == "multi_worker":
        raise ValueError(f"minutes={minutes} for several workers, each with a clock of its own. Expected epochs.")


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
    return chosen if epochs is None else chosen.with_stage_epochs(time_budget.share_epochs(chosen.stage_epochs, epochs))
