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

from gan_keras import presets, schedule
from gan_keras.callbacks import KeepBest, Samples
from gan_keras.callbacks.checkpoint import Checkpoint, newest_checkpoint
from gan_keras.callbacks.history import History
from gan_keras.callbacks.progress import Progress
from gan_keras.data import describe, load_text, split, text_batches
from gan_keras.presets import TextPreset
from gan_keras.run_directory import Run
from gan_keras.yardstick import units_of

LONG_STEPS = 500
"""A training of more steps is measured before it begins, so that its cost can be told."""

PACKAGES = ("gan_keras", "tensorflow", "keras", "numpy", "tensorflow-text")


def load(path):
    """The trained GAN of a run directory.

    Raises:
        FileNotFoundError: If there is no run, or it has no model yet.
    """
    return Run(path).load()


def train_text(
    data, out, preset=None, *, epochs=None, minutes=None, seed=0, labels=None, resume=False, settings=None, progress=print
):
    """Trains a text GAN and keeps all that it made in a directory.

    Ctrl-C saves what there is, so that the run loads, and raises `KeyboardInterrupt` again.

    Args:
        data: Name of a data set, or path of a text file with one sample a line: see `data.load_text`.
        out: The run's directory, new or empty; with `resume` that of the run to go on with.
        preset: Name of a preset, or a `TextPreset`; None is `"default"`.
        epochs: Epochs of all stages together, shared in the preset's proportion.
        minutes: Time for the training: stages are shortened, in proportion, until they fit. They are never prolonged.
        seed: Of the split, of all weights and noise.
        labels: Path of a file with a label for each line.
        resume: Go on with an interrupted run, from the end of its last whole epoch.
        settings: Fields of the preset to change: see `presets.with_settings`.
        progress: Called with every line of progress.

    Returns:
        The trained `TextGAN`.

    Raises:
        ValueError: If an argument is out of its range or does not fit the run; nothing has been written then.
    """
    run = Run(out)
    if resume:
        if any(choice is not None for choice in (preset, epochs, minutes)) or settings:
            raise ValueError("A resumed run goes on as it began. Leave out the preset, epochs, minutes and settings.")
        return resume_text(run, load_text(data, labels), progress)
    chosen = _preset(preset, settings, epochs, minutes)
    check_seed(seed)
    run.check_free()
    corpus = load_text(data, labels)
    progress(describe(corpus))
    try:
        gan, seconds = begin(run, corpus, chosen, minutes, seed, progress)
    except BaseException:
        shutil.rmtree(run.path, ignore_errors=True)  # it was new or empty, and nothing is trained yet
        raise
    return fit(run, gan, 0, seconds, progress)


def resume_text(run, corpus, progress=print):
    """Goes on with a run from its newest checkpoint; see `train_text`."""
    config = run.config
    if corpus.fingerprint != config["data"]["fingerprint"]:
        raise ValueError(
            f"{corpus.name} is not what {run.path} was trained on ({config['data']['name']}, other lines or labels). "
            "Expected the same data: a run goes on with what it began with."
        )
    path, epoch = newest_checkpoint(run.checkpoints)
    total = TextPreset.from_config(config["preset"]).epochs
    if epoch >= total and run.model_path.exists():
        progress(f"{run.path} is complete: {epoch} epochs.")
        return run.load()
    gan = keras.saving.load_model(path) if path else build(run)
    progress(f"{run.path}: going on after {epoch} of {total} epochs.")
    return fit(run, gan, epoch, {}, progress)


def begin(run, corpus, preset, minutes, seed, progress):
    """Claims the directory, plans the epochs and builds the GAN: returns it and what an epoch of each stage costs."""
    training, held_out = split(corpus, seed=seed)
    names = None if corpus.labels is None else sorted(set(corpus.labels))
    config = {
        "modality": "text",
        "command": shlex.join([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "preset": preset.to_config(),
        "labels": names,
        "data": {
            "name": corpus.name,
            "fingerprint": corpus.fingerprint,
            "report": corpus.report,
            "training_lines": len(training.lines),
            "held_out_lines": len(held_out.lines),
        },
        "versions": versions(),
    }
    run.write_config(config)  # first: what cannot be written shows before any work
    run.write_lines("train", training.lines, training.labels)
    run.write_lines("held_out", held_out.lines, held_out.labels)
    preset, seconds = plan(run, preset, minutes, seed, progress)
    run.write_config({**config, "preset": preset.to_config()})
    gan = build(run)
    progress(f"{type(gan.codec).__name__}: {gan.codec.vocabulary_size:,} tokens, at most {gan.codec.length} a line")
    run.write_config({**run.config, "codec": {"class": type(gan.codec).__name__, **gan.codec.report}})
    return gan, seconds


def plan(run, preset, minutes, seed, progress):
    """The preset with the epochs that fit into the time, and the seconds of an epoch by stage as far as they are known."""
    lines, labels = run.lines("train"), run.label_numbers("train")
    steps = preset.epochs * -(-len(lines) // preset.batch_size)
    if minutes is None and steps <= LONG_STEPS:
        return preset, {}
    progress(f"{steps:,} steps at most: measuring what they cost")
    seconds, besides = schedule.measure(preset, lines, labels, seed)
    if minutes is not None:
        budget = schedule.SPARE * 60 * minutes - 2 * besides  # measuring itself has taken as much
        preset = preset.with_stage_epochs(schedule.allot(preset.stage_epochs, seconds, budget))
    progress(schedule.describe(preset.stage_epochs, seconds, besides))
    return preset, seconds


def build(run):
    """The untrained GAN of a run, from its `config.json` and its lines."""
    config = run.config
    preset = TextPreset.from_config(config["preset"])
    return preset.build(run.lines("train"), run.label_numbers("train"), config["seed"])


def fit(run, gan, epoch, seconds, progress):
    """Trains from `epoch` to the end, saving as it goes."""
    config = run.config
    preset, seed = TextPreset.from_config(config["preset"]), config["seed"] + epoch
    batches, held_out = (
        text_batches(run.lines(part), gan.codec, preset.batch_size, run.label_numbers(part), seed, shuffle)
        for part, shuffle in (("train", True), ("held_out", False))
    )
    lines = run.lines("held_out")
    keep_best = KeepBest(lines, preset.rating_samples, tokenize=units_of(lines).tokenize)
    callbacks = [
        keep_best,
        Samples(run.samples),
        History(run.history_path),
        Checkpoint(run.checkpoints, copy_to=run.model_path),
        Progress(progress, seconds),
    ]
    options = {"initial_epoch": epoch, "epochs": preset.epochs, "verbose": int(sys.stdout.isatty()), "shuffle": False}
    try:
        gan.fit(batches, validation_data=held_out, callbacks=callbacks, **options)
    except KeyboardInterrupt:
        keep_best.on_train_end()
        rescue(run, gan)
        progress(f"Interrupted. {run.path} can be used as it is; to go on with it: gan-keras train ... --resume.")
        raise
    run.save(gan)
    return gan


def rescue(run, gan):
    """Saves a GAN in the midst of its training so that it can be used and compared."""
    if gan.stage != "pretraining":
        gan.calibrate()
    elif newest_checkpoint(run.checkpoints)[0] is None:  # no epoch has ended, so that nothing was kept as the baseline
        gan.baseline.set_weights(gan.ema_generator.get_weights())
    run.save(gan)


def versions():
    """Versions of Python and of the packages that matter, None for what is not installed."""
    return {"python": platform.python_version(), **{name: version_of(name) for name in PACKAGES}}


def version_of(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_seed(seed):
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed={seed!r}. Expected a whole number from 0 to 4294967295.")


def _preset(preset, settings, epochs, minutes):
    """The preset that was asked for, with its settings and its number of epochs."""
    chosen = preset if isinstance(preset, TextPreset) else presets.get("text", preset or "default")
    chosen = presets.with_settings(chosen, settings or {})
    if epochs is not None and minutes is not None:
        raise ValueError("Got both epochs and minutes. Expected one of them.")
    if epochs is not None and epochs < 1:
        raise ValueError(f"epochs={epochs}. Expected at least 1.")
    if minutes is not None and not 0 < minutes < math.inf:
        raise ValueError(f"minutes={minutes}. Expected more than 0.")
    return chosen if epochs is None else chosen.with_stage_epochs(schedule.share_epochs(chosen.stage_epochs, epochs))
