"""Training in a run directory: check the options, plan the epochs, train, resume, load."""

import datetime
import math
import os
import pathlib
import shlex
import shutil
import statistics
import sys

import keras

from gan_keras import modalities, presets
from gan_keras.callbacks.best import Quality
from gan_keras.callbacks.checkpoint import Checkpoint, check_seconds
from gan_keras.callbacks.history import Progress, has_ended, read_history
from gan_keras.privacy.differential_privacy import Ledger
from gan_keras.runs import request
from gan_keras.runs.default_callbacks import Watchers, check_tracker, tracked
from gan_keras.runs.files import Run
from gan_keras.training import checkpoint_files, devices, time_budget
from gan_keras.training.console import Console, duration, shown
from gan_keras.training.fingerprint import check_same, flat, machine, shaping_versions, versions

LONG_STEPS = 500
"""A training with more steps is measured first, so that its duration can be estimated."""

FEW_UPDATES = 200
"""A training of fewer updates of the generator ends with a warning."""

BY_LENGTH = ("decay_steps", "pretraining_epochs", "discriminator_epochs", "embedding_epochs", "supervised_epochs")
"""Entries of a compiled GAN that follow from the number of epochs, which may differ from a checkpoint's: a run can go on."""


def load(path):
    """Returns the trained GAN of a run directory, or of a `.keras` file.

    Raises:
        FileNotFoundError: If there is no run or file, or the run has no model yet.
    """
    if str(path).endswith(".keras") and not os.path.isdir(path):
        if not os.path.exists(path):
            raise FileNotFoundError(f"There is no file {path}. Expected a run's directory, or a file of `gan.save`.")
        return keras.saving.load_model(path)
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
    """Trains a GAN and writes everything it produces to a directory.

    Ctrl-C saves the current GAN, so that the run can be loaded, and re-raises `KeyboardInterrupt`.

    Args:
        modality: Kind of samples, such as `"text"` or `"image"`: see `gan_keras.modalities`.
        data: Name of a data set, or a path: see `data.load_text`, `data.load_images` and the other loaders.
        out: The run's directory: new or empty, or, with `resume`, that of the run to resume.
        preset: A preset or its name; None is `"default"`.
        epochs: Epochs of all stages together, split in the preset's proportion. With `resume`, the new total: the last
            stage gets longer (see `resume`).
        minutes: Time limit in minutes. Training with several stages (text, TimeGAN) is shortened proportionally until it
            fits, never lengthened; any other training gets as many epochs as fit. With `resume`, further minutes.
        seed: Seed of the data split, weights and noise; None is 0.
        labels: Path of a file with a label per line of text; other modalities have their labels in the data.
        resume: Resume an interrupted run from its newest checkpoint, as if it had not been interrupted. Data and labels
            must be given again; other options may be omitted, and must match the run's if given. A finished run goes on too,
            with more `epochs` or with `minutes`: it trains on exactly as if it had been asked for that many epochs at first.
            There are two exceptions, and both are reported. Earlier stages keep their epochs, only the last one gets more;
            and learning rates that fall over all epochs fall over the new number from then on.
        settings: Preset fields to change: see `presets.with_settings`.
        track: Tracker to log to, `"tensorboard"`, `"mlflow"` or `"wandb"`, in the run's directory; None for none.
        checkpoint_seconds: Seconds between two checkpoints; 0 writes one after every batch.
        progress: Called with each line of progress, or a `training.console.Console`. `print` draws a bar too, on a terminal.
        strategy: Devices to train on: see `training.devices.get`. With several workers, only the first one writes `out`.

    Returns:
        The trained GAN.

    Raises:
        ValueError: If an argument is out of range or does not match the run; nothing has been written in that case.
        OSError: If the disk is full or read-only; the last checkpoint is complete.
        TrainingFailed: If training failed repeatedly; the run holds its last good state.
    """
    request.check(modality, data, out, preset, epochs=epochs, minutes=minutes, settings=settings, resume=resume)
    strategy = devices.get(strategy)
    if minutes is not None and devices.name_of(strategy) == "multi_worker":
        raise ValueError(f"minutes={minutes} for several workers, whose clocks differ. Expected epochs.")
    check_tracker(track)
    check_seconds(checkpoint_seconds)
    run, kind = Run(devices.own_path(out, strategy)), modalities.get(modality)
    requested = {"preset": preset, "settings": settings or {}, "epochs": epochs, "minutes": minutes, "seed": seed}
    with shown(progress) as console:
        if resume:
            longer = check_same_run(run, kind, requested)
            loaded = kind.load(data, kind.preset_of(run), labels)
            if loaded.fingerprint != run.config["data"]["fingerprint"]:
                raise ValueError(
                    f"{loaded.name} is not what {run.path} was trained on ({run.config['data']['name']}, other samples or "
                    "labels). Expected the same data: a run resumes with the data it started with."
                )
            trainer = Trainer(run, loaded, strategy, console, track, checkpoint_seconds)
            trainer.prolong(**longer)
            return trainer.resume()
        chosen = presets.with_settings(request.preset_of(modality, preset), settings or {})
        if epochs is not None:
            chosen = chosen.with_stage_epochs(time_budget.share_epochs(chosen.stage_epochs, epochs))
        devices.check_seed(seed := seed or 0)
        loaded = kind.load(data, chosen, labels)
        console(kind.describe(loaded))
        try:
            config = {**_config(kind, chosen, int(seed), requested), "strategy": devices.name_of(strategy)}
            for line in kind.keep(run, config, loaded, data) or ():
                console(line)
            trainer = Trainer(run, loaded, strategy, console, track, checkpoint_seconds)
            plan = trainer.plan(minutes)
            gan = trainer.start()
        except BaseException:
            shutil.rmtree(run.path, ignore_errors=True)  # it was new or empty, and nothing has been trained
            raise
        return trainer.fit(gan, plan)


def check_same_run(run, kind, requested):
    """Returns the requested `epochs` and `minutes` as far as they differ from the run's, for `Trainer.prolong`.

    Raises `ValueError` if the resumed run was started with other different options or versions; the message names them.

    Args:
        run: A `Run`.
        kind: The requested modality.
        requested: The other requested options by name; None or no settings where none are requested.
    """
    config = run.config
    if config["modality"] != kind.name:
        raise ValueError(f"{run.path} is a run of the modality {config['modality']}. Expected that one, got {kind.name}.")
    if "asked" not in config:
        raise ValueError(f"{run.path} was started by a release whose checkpoints cannot be read here. Expected that release.")
    check_same(shaping_versions(config["versions"]), shaping_versions(), run.path, "the run")
    preset = kind.preset_class.from_config(config["preset"])
    named = requested["preset"].to_config() if hasattr(requested["preset"], "to_config") else requested["preset"]
    known = {"preset": config["asked"]["preset"], "seed": config["seed"]}
    own = {"preset": named, "seed": requested["seed"]}
    given = [name for name in known if own[name] is not None]
    changed = presets.with_settings(preset, requested["settings"])
    known = {**{name: known[name] for name in given}, "settings": preset.to_config()}
    check_same(flat(known), flat({**{name: own[name] for name in given}, "settings": changed.to_config()}), run.path, "the run")
    lengths = {"epochs": preset.epochs, "minutes": config["asked"]["minutes"]}
    return {name: requested[name] for name, length in lengths.items() if requested[name] not in (None, length)}


def _config(kind, preset, seed, requested):
    """Returns the part of `config.json` that all modalities share."""
    name = (
        requested["preset"] if isinstance(requested["preset"], str) else requested["preset"] and requested["preset"].to_config()
    )
    return {
        "modality": kind.name,
        "command": shlex.join([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "asked": {"preset": name or "default", "minutes": requested["minutes"]},
        "preset": preset.to_config(),
        "versions": versions(),
        "machine": machine(),
    }


class Trainer:
    """Plans, builds and trains a run with a `config.json`, on the data that its modality loaded; other arguments: see `train`."""

    def __init__(self, run, data, strategy, progress, track=None, checkpoint_seconds=60.0):
        self.run, self.strategy = run, strategy
        self.progress = progress if isinstance(progress, Console) else Console(progress)
        self.track, self.checkpoint_seconds = track, checkpoint_seconds
        self.modality = modalities.get(run.config["modality"])
        self.training, self.held_out = self.modality.parts(run, data)

    @property
    def preset(self):
        """The preset in the run's `config.json`."""
        return self.modality.preset_class.from_config(self.run.config["preset"])

    def plan(self, minutes):
        """Saves the number of epochs that fit into `minutes`; returns the measured costs, a `time_budget.Plan`.

        Raises:
            ValueError: If the time is too short to train.
        """
        config, preset = self.run.config, self.preset
        steps = preset.epochs * self.modality.steps_of(preset, self.training)
        if minutes is None and steps <= LONG_STEPS:
            return time_budget.Plan({})
        self.progress("Measuring the duration of a step" + (f"; at most {steps:,} steps to train" if minutes is None else ""))
        with self.strategy.scope():
            measured, overhead = self.modality.measure(preset, self.training, config["seed"])
        seconds = measured
        if minutes is not None:
            preset, seconds = self.fit_into(minutes, measured, overhead)
        plan = time_budget.Plan(
            {stage: seconds[stage] for stage in preset.stage_epochs},
            sum(cost for name, cost in measured.items() if name not in preset.stage_epochs),
            overhead,
        )
        scores = preset.epochs // every if (every := getattr(preset, "quality_every", 0)) else 0
        self.progress(time_budget.describe(preset.stage_epochs, plan.seconds, overhead + scores * plan.scoring))
        self.run.write_config({**config, "preset": preset.to_config()})
        return plan

    def fit_into(self, minutes, measured, overhead):
        """Returns the preset with the epochs that fit into a time, and its seconds per epoch by stage.

        Args:
            minutes: The requested time.
            measured: What `Modality.measure` returned.
            overhead: Its seconds of overhead; measuring has taken the same.

        Raises:
            ValueError: If the time is too short to learn anything; the message says how long it has to be.
        """
        wanted = self.preset
        enough = time_budget.MIN_UPDATES
        if len(wanted.stage_epochs) > 1:  # stages are never lengthened
            enough = min(enough, wanted.epochs * self.modality.steps_of(wanted, self.training))

        def fitted(minutes):
            budget = time_budget.SPARE * 60 * minutes - 2 * overhead
            preset, seconds = self.modality.fit_into(wanted, self.training, measured, budget)
            cost = sum(num * seconds[stage] for stage, num in preset.stage_epochs.items())
            return preset, seconds, cost <= budget and preset.epochs * self.modality.steps_of(preset, self.training) >= enough

        preset, seconds, is_enough = fitted(minutes)
        if not is_enough:
            needed = minutes
            while not fitted(needed)[2]:
                needed = math.ceil(10.5 * needed + 0.1) / 10
            raise ValueError(
                f"minutes={minutes:g} is too short: building takes {duration(2 * overhead)}, and fewer than {enough} "
                f"updates of the networks would follow, too few to learn from. Expected at least --minutes {needed:g}, or "
                "smaller networks, such as those of --preset tiny."
            )
        missing = [stage for stage, num in wanted.stage_epochs.items() if num and not preset.stage_epochs[stage]]
        if missing:
            self.progress(f"Warning: no time for an epoch of the stage {', '.join(missing)}. A longer time would include it.")
        return preset, seconds

    def prolong(self, epochs=None, minutes=None):
        """Changes the number of epochs of a run that is resumed: to `epochs`, or by those that fit into further `minutes`.

        The last stage gets longer or, before its end, shorter.

        Raises:
            ValueError: If more epochs have been trained, or the run can train no further.
        """
        run, preset = self.run, self.preset
        if minutes is not None and not getattr(preset, "epsilon", 0):
            epochs = self.epochs_in(minutes)
        if epochs is minutes is None:
            return
        if getattr(preset, "epsilon", 0):
            raise ValueError(
                f"Got another length for {run.path}, a private training, whose noise was chosen for {preset.epochs} epochs. "
                "Expected --resume alone, or a new run: what both tell about a row adds up."
            )
        _, state = checkpoint_files.newest(run.checkpoints, show=lambda line: None)
        done = state["epoch"] + (state["batch"] > 0) if state else 0
        *before, (last, num) = [(stage, num) for stage, num in preset.stage_epochs.items() if num]
        least = max(done, sum(num for _, num in before) + 1)
        if epochs < least:
            raise ValueError(
                f"epochs={epochs}. Expected at least {least}: {run.path} has trained for {done} epochs"
                + (f", and the stage {last} follows {least - 1} others" if least > done else "")
                + ". For fewer epochs, start a new run."
            )
        if has_ended(run.events_path):
            end = read_history(run.events_path)[-1]
            raise ValueError(
                f"{run.path} was ended after epoch {end['epoch']} ({end['kind']}: {end['seen']}) and does not train further. "
                "Expected a run that reached its last epoch: start a new one, such as with --set patience=0."
            )
        stages = {**preset.stage_epochs, last: num + epochs - preset.epochs}
        self.progress(f"{run.path}: {epochs} epochs in place of {preset.epochs}" + (f", {stages[last]} {last}" if before else ""))
        if not before and getattr(preset, "final_share", 1.0) != 1.0 and done:
            self.progress(
                f"Warning: the learning rates fall over all epochs. From epoch {done + 1} on they are those of a run of {epochs} "
                "epochs, so the run does not end like one that was asked for as many at first."
            )
        lengths = [*run.config.get("lengths", [preset.epochs]), epochs]
        run.write_config({**run.config, "preset": preset.with_stage_epochs(stages).to_config(), "lengths": lengths})

    def epochs_in(self, minutes):
        """Returns the number of epochs after further `minutes`, by the median time of the last stage's finished epochs.

        An interrupted run trains at least to the end of its last epoch.
        """
        stage = [stage for stage, num in self.preset.stage_epochs.items() if num][-1]
        rows = read_history(self.run.history_path)
        seconds = [float(row["seconds"]) for row in rows if row["stage"] == stage]
        if not seconds:
            raise ValueError(
                f"minutes={minutes:g}, and {self.run.path} has not finished an epoch of its last stage, {stage}, to tell "
                "how many fit. Expected --resume alone, or a number of --epochs."
            )
        cost = max(statistics.median(seconds), 1e-3)
        further = int(time_budget.SPARE * 60 * minutes / cost)
        if not further:
            raise ValueError(
                f"minutes={minutes:g} is too short: an epoch takes {duration(cost)}. Expected at least --minutes "
                f"{math.ceil(10 * cost / 60 / time_budget.SPARE) / 10:g}."
            )
        return max(self.preset.epochs, len(rows) + further)

    def start(self):
        """Returns the untrained GAN, reports a line about it and adds its parts to `config.json`."""
        gan = self.build()
        line, entries = self.modality.details(gan)
        self.progress(line)
        self.run.write_config({**self.run.config, **entries})
        return gan

    def build(self):
        """Returns the untrained GAN. Resets layer-name counters: summation order, and so the last bits, depend on layer names."""
        policy = keras.config.dtype_policy()
        keras.utils.clear_session(free_memory=False)
        keras.config.set_dtype_policy(policy)
        with self.strategy.scope():
            return self.modality.build(self.preset, self.training, self.run.config["seed"])

    def resume(self):
        """Trains from the newest checkpoint to the end."""
        run, total = self.run, self.preset.epochs
        _, state = checkpoint_files.newest(run.checkpoints, show=lambda line: None)  # the callback reports damaged ones
        epoch, batch = (state["epoch"], state["batch"]) if state else (0, 0)
        if (epoch >= total or has_ended(run.events_path)) and run.model_path.exists():
            self.progress(f"{run.path} is complete: {epoch} epochs. To go on: --resume with more --epochs or other --minutes.")
            return run.load()
        batches = f" and {batch} batch{'es' * (batch != 1)}" if batch else ""
        self.progress(f"{run.path}: resuming after {epoch} of {total} epochs{batches}.")
        if state is None:  # nothing has been trained, and perhaps not even planned
            plan = self.plan(run.config["asked"]["minutes"])
            return self.fit(self.start(), plan)
        self.modality.check_resumable(run)
        if (gan := self.spent()) is not None:
            return gan
        return self.fit(self.build(), time_budget.Plan({}))

    def spent(self):
        """Saves and returns the GAN of the newest checkpoint if later steps, which were lost, spent all of its privacy budget."""
        run, ledger = self.run, Ledger(self.run.privacy_ledger_path)
        path, _ = checkpoint_files.newest(run.checkpoints, show=lambda line: None)
        if not ledger.reserved or ledger.reserved < (gan := checkpoint_files.load_model(path)).privacy.train_steps:
            return None
        gan.privacy.spent.assign(ledger.reserved)
        self.modality.complete(run, gan)
        run.save(gan)
        self.progress(f"{gan.privacy.ending} {run.path} holds the GAN of the newest checkpoint.")
        return gan

    def fit(self, gan, plan):
        """Trains from the newest checkpoint, if there is one, to the end, and saves the GAN."""
        run, preset, seed = self.run, self.preset, self.run.config["seed"]
        batches = self.modality.batches(gan, preset, self.training, seed, True)
        # Losses on held-out rows would tell about these, and are no part of the privacy budget.
        held_out = None if gan.privacy is not None else self.modality.batches(gan, preset, self.held_out, seed, False)
        self.progress.follow("Preparing the callbacks, such as the classifier whose features score epochs")
        own = self.modality.callbacks(run, preset, self.training, self.held_out)
        if plan.seconds:  # scores are rare: without their duration, the time left would be too short for long
            plan = plan._replace(scoring=sum(each.seconds_per_score(gan) for each in own if isinstance(each, Quality)))
        begin = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: run.begin())
        checkpoint = Checkpoint(run.checkpoints, self.checkpoint_seconds, show=self.progress, free=BY_LENGTH)
        ledger = [] if gan.privacy is None else [Ledger(run.privacy_ledger_path, self.progress)]
        watchers = Watchers(run, self.modality, preset, self.progress)
        fit_options = {"epochs": preset.epochs, "verbose": 0, "shuffle": False}
        with tracked(self.track, run) as trackers:
            callbacks = [begin, *ledger, *watchers.around(own), checkpoint, Progress(self.progress, plan, own), *trackers]
            try:
                gan.fit(batches, validation_data=held_out, callbacks=callbacks, **fit_options)
            except KeyboardInterrupt:
                self.save_interrupted(gan, own)
                raise
        run.save(gan)
        run.write_config({**run.config, **self.modality.results(gan)})
        watchers.check()
        self.warn_of_few_updates(gan)
        return gan

    def warn_of_few_updates(self, gan):
        updates = int(keras.ops.convert_to_numpy(gan.generator_optimizer.iterations))
        if updates < FEW_UPDATES:
            self.progress(
                f"Warning: only {updates} updates of the generator, too few for good {self.modality.samples}. Expected at least "
                f"{FEW_UPDATES}: go on with --resume and more --epochs or --minutes."
            )

    def save_interrupted(self, gan, callbacks):
        """Saves a GAN in the middle of its training, so that it can be used and compared."""
        for callback in callbacks:
            callback.on_train_end()
        self.modality.complete(self.run, gan)
        self.run.save(gan)
        self.warn_of_few_updates(gan)
        self.progress(f"Interrupted. {self.run.path} can be used; to resume training: gan-keras train ... --resume.")
