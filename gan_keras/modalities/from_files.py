"""`ReloadedModality`: samples that a run does not copy; it keeps the place of their source, and reads it again."""

import pathlib
import time

import numpy as np

from gan_keras.data.sample_set import with_label_names, without_copies
from gan_keras.export import exported
from gan_keras.gans.sampling import seeds_from
from gan_keras.modalities import score_table
from gan_keras.modalities.base import Modality
from gan_keras.modalities.preset import STAGE
from gan_keras.training import time_budget


class ReloadedModality(Modality):
    """A modality whose data can be large: arrays and folders stay where they are.

    What `read` returns has `name`, `fingerprint`, `report` (counts of what was met and mended), `label_names` (None without
    labels, else there are `labels`, a number for each sample) and a length; presets are of `presets.base.Preset`. A subclass
    implements the methods of this class that raise, and those of `Modality` that are not here.

    Attributes:
        samples: What the samples are called, in the plural.
        columns: Titles of the scores by their names: see `score_table`.
        note: HTML about the scores, for the report.
        use: What the samples are for, for the model card.
        limits: What they are not for, for the model card.
        told_by_data: Entries of the GAN's own card that the report leaves out.
    """

    samples = columns = note = use = limits = None
    told_by_data = ()

    # --- What a subclass knows. ---

    def read(self, source, preset):
        """The data of a name or path, as the preset wants them."""
        raise NotImplementedError

    def split(self, data, seed):
        """Training and held-out part, each of the class of the data."""
        raise NotImplementedError

    def epoch(self, part, preset, seed):
        """A `tf.data.Dataset` of one epoch of training batches, in a new order in each."""
        raise NotImplementedError

    def entries(self, data):
        """Further entries of `config.json` about the data, such as shapes, as JSON can hold them."""
        raise NotImplementedError

    def read_test(self, source, training):
        """The part for tests of a name or path, where it has one, else all of it, in the form of the training part.

        Not needed where `test_part` is a modality's own.
        """
        raise NotImplementedError

    def judge(self, gan, run, parts, num, seed, progress):
        """What `evaluate` returns, but for the name of the test data; `parts` are the training and the test part."""
        raise NotImplementedError

    # --- Data. ---

    def load(self, source, preset, labels=None):
        if labels is not None:
            raise ValueError(
                f"Got the labels {labels} for {self.samples}. Expected none: a file of labels is for text, elsewhere "
                "labels come with the data."
            )
        return self.read(source, preset)

    def keep(self, run, config, data, source):
        is_path = str(source) not in self.datasets()
        if is_path:
            self.check_apart(run.path, source)
        training, held_out = self.split(data, config["seed"])
        self.check_training(training)
        preset = self.preset_class.from_config(config["preset"])
        self.check_fills_a_batch(data, training, preset)
        entries = {
            "name": data.name,
            "source": str(pathlib.Path(source).resolve()) if is_path else str(source),
            "fingerprint": data.fingerprint,
            **self.entries(data),
            "report": data.report,
            f"training_{self.samples}": len(training),
            f"held_out_{self.samples}": len(held_out),
        }
        names = list(data.label_names) if preset.num_labels(data) else None
        run.write_config({**config, "labels": names, "data": entries})

    def check_apart(self, out, source):
        """Raises if a run would lie in the folder of its samples: what it makes would be among them when they are read again."""
        if pathlib.Path(source).resolve() in out.resolve().parents:
            raise ValueError(
                f"{out} lies in {source}, the folder of {self.samples}. Expected a run beside its {self.samples}: name "
                "another directory."
            )

    def check_training(self, training):
        """Raises if there is nothing to learn some class from: what was made for its label could be anything."""
        if training.label_names is None:
            return
        missing = sorted(set(range(len(training.label_names))) - set(training.labels.tolist()))
        if missing:
            named = ", ".join(training.label_names[number] for number in missing[:5])
            raise ValueError(
                f"{training.name} leaves no {self.samples} to train on for {len(missing)} of {len(training.label_names)} "
                f"classes: {named}. Expected some of each: add data, leave the class out, or count labels from 0 without a gap."
            )

    def check_fills_a_batch(self, data, training, preset):
        if len(training) < preset.batch_size:
            raise ValueError(
                f"{data.name} leaves {len(training)} {self.samples} to train on, fewer than batch_size={preset.batch_size}. "
                f"Expected at least a whole batch: more {self.samples}, or `--set batch_size={max(1, len(training) // 2)}`."
            )

    def parts(self, run, data=None):
        return self.split(self.reload(run) if data is None else data, run.config["seed"])

    def reload(self, run):
        """The data of a run, from where they were when it began."""
        data, preset = run.config["data"], self.preset_class.from_config(run.config["preset"])
        try:
            loaded = self.read(data["source"], preset)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"The {self.samples} that {run.path} was trained on are gone: {error} Expected them in their place, "
                f"{data['source']}."
            ) from error
        if loaded.fingerprint != data["fingerprint"]:
            raise ValueError(
                f"The {self.samples} in {data['source']} have changed since {run.path} was trained on them. Expected the same "
                f"{self.samples} and labels: put them back."
            )
        return loaded

    # --- Training. ---

    def build(self, preset, training, seed):
        return preset.build(training, seed=seed)

    def details(self, gan):
        card = gan.model_card()
        networks = ((type(each).__name__, each.count_params()) for each in (gan.generator, gan.discriminator))
        line = ", ".join(f"{name}: {num:,} parameters" for name, num in networks)
        return line, {"model": card, "compilation": gan.compilation._asdict()}

    def steps_of(self, preset, training):
        steps = len(training) // preset.batch_size
        return min(steps, preset.steps_per_epoch) if preset.steps_per_epoch else steps

    def batches(self, gan, preset, part, seed, shuffle=True):
        """Held-out samples take no part in training: what their losses tell is not worth their time."""
        if not shuffle:
            return None
        batches = self.epoch(part, preset, seed)
        return batches.take(preset.steps_per_epoch) if preset.steps_per_epoch else batches

    def measure(self, preset, training, seed):
        gan = self.build(preset, training, seed)
        batches = self.batches(gan, preset, training, seed)
        start = time.monotonic()
        step = time_budget.measure_steps(gan, batches, 1).mean(STAGE)
        further = self.measure_further(gan, preset)
        besides = time.monotonic() - start - time_budget.MEASURED_STEPS * step
        return {STAGE: step * self.steps_of(preset, training), **further}, max(besides, 0.0)

    def measure_further(self, gan, preset):
        """Seconds of what a training does beside its steps, by name, for `fit_into`."""
        return {}

    def fit_into(self, preset, training, seconds, budget):
        """As many epochs as fit, however many the preset has."""
        most_steps = self.steps_of(preset, training)
        epochs, steps = time_budget.epochs_within(budget, seconds[STAGE] / most_steps, most_steps)
        fitted = preset.with_stage_epochs({STAGE: epochs})
        fitted.steps_per_epoch = steps
        return fitted, {STAGE: steps * seconds[STAGE] / most_steps}

    # --- Use. ---

    def generate(self, gan, n, seed, label, options):
        num = len(seeds_from(n, seed))
        return gan.generate(n, seed, labels=None if label is None else np.full(num, label))

    def generate_by_version(self, version, n, seed, label, options):
        return exported.generate_samples(version, n, seed, label)[self.output_name]

    # --- Judging. ---

    def evaluate(self, run, data=None, num=None, seed=0, progress=print):
        gan = run.load(compile=False)
        training, held_out = self.parts(run)
        test = held_out if data is None else self.test_part(run, data, training)
        if data is not None:
            progress(self.describe(test))
        result, pictures = self.judge(gan, run, (training, test), num, seed, progress)
        result["settings"]["test"] = f"held-out {self.samples} of the run" if data is None else test.name
        return result, pictures

    def test_part(self, run, source, training):
        """Test data of a name or path in the form of the run's own, and their labels numbered as those.

        Samples that the run was trained on are left out: a generator that copies would win by them.
        """
        test = self.read_test(source, training)
        self.check_is_other(run, source, test)
        return without_copies(with_label_names(test, training.label_names), training)

    def check_is_other(self, run, source, test):
        """Raises `ValueError` if test data are those of the run: a generator that copies would win by them."""
        if test.fingerprint == run.config["data"]["fingerprint"]:
            raise ValueError(f"{source} is what {run.path} was trained on. Expected other {self.samples}, or no --data.")

    def summary(self, result):
        return score_table.summary(result, self.columns)

    def evaluation_sections(self, result):
        return score_table.sections(result, self.columns, self.note)

    def card(self, config):
        """What was trained on what, and what it is not for; None before the networks are built."""
        if "model" not in config:
            return None
        data = config["data"]
        return {
            "model": {name: value for name, value in config["model"].items() if name not in self.told_by_data},
            "data": {name: value for name, value in data.items() if name not in ("source", "report")},
            "labels": config["labels"],
            "recipe": config["preset"]["description"],
            "use": self.use,
            "limits": self.limits,
        }
