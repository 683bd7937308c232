"""`Modality`: what training, the command line and the report need to know about a kind of samples."""

import pathlib
import shlex
import shutil
import sys
import time

from gan_keras import catalogue
from gan_keras.training import time_budget

MIN_AUDITED = 100
"""Held-out samples from which `gan-keras audit` is suggested: it refuses fewer."""


def seconds_per_sample(gan, num, **choices):
    """Seconds to generate a sample in a batch of `num`, the second time: the first builds the graph."""
    for _ in range(2):
        start = time.monotonic()
        gan.generate(num, **choices)
    return (time.monotonic() - start) / num


def program_name():
    """Returns `gan-keras`, or how to call it if the shell does not find it: by its path or with this Python."""
    if shutil.which("gan-keras"):
        return "gan-keras"
    python, here = pathlib.Path(sys.executable), pathlib.Path.cwd()
    script = python.with_name("gan-keras")
    path = script if script.exists() else python
    called = shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
    return called if path == script else f"{called} -m gan_keras"


class Modality:
    """Base of the modalities. A subclass sets the attributes and implements the methods that raise; it holds no state.

    `data` is what `load` returns: an object with `name` and `fingerprint`. A `part` is its training or held-out part, in a form
    that the subclass and its presets understand.

    Attributes:
        name: Name on the command line.
        samples: Plural noun for the samples.
        preset_class: Class of its presets.
        data_class: Class of its data objects.
        codec_classes: Classes of the codecs that decode its samples.
        method: Method of the GANs that generate its samples.
        output_name: Output of the exported `serving_default`.
        quality: Name of the logged quality score, and whether its `"min"` or `"max"` is best; None without a score.
        example: Number of samples, and file to write them to or None, in the commands that are suggested.
    """

    name = samples = preset_class = data_class = codec_classes = output_name = quality = None
    method = "generate"
    example = 10, None

    # --- Data. ---

    @property
    def known(self):
        """Descriptions of the built-in data sets by name."""
        return catalogue.DATASETS[self.name]

    def load(self, source, preset, labels=None):
        """Loads the data of a name or path as the preset requires; `labels` is the path of a file, or None."""
        raise NotImplementedError

    def preset_of(self, run):
        """Returns the preset of a run, by which its data are read again."""
        return self.preset_class.from_config(run.config["preset"])

    def describe(self, data):
        """One line about loaded data."""
        raise NotImplementedError

    def keep(self, run, config, data, source):
        """Splits the data by `config["seed"]`, keeps in the run what resuming needs, and writes its `config.json`.

        Args:
            run: A `Run`.
            config: Entries of `config.json` that do not depend on the modality.
            data: Data from `load`.
            source: Name or path of the data.

        Returns:
            Lines about what was adjusted to the data, or None.
        """
        raise NotImplementedError

    def parts(self, run, data=None):
        """Returns the training and the held-out part of a run; `data` saves loading them again."""
        raise NotImplementedError

    # --- Training. ---

    def build(self, preset, training, seed):
        """Returns a compiled GAN for the training part."""
        return preset.build(training, seed=seed)

    def details(self, gan):
        """Returns a line about a new GAN, and further entries of `config.json`."""
        raise NotImplementedError

    def batches(self, gan, preset, part, seed, shuffle=True):
        """Returns the batches of an epoch; None for a held-out part (`shuffle=False`) that training does not use."""
        return preset.batches(gan, part, seed) if shuffle else preset.validation_batches(gan, None, part)

    def steps_of(self, preset, training):
        """Steps per epoch."""
        return preset.steps_per_pass(training)

    def measure(self, preset, training, seed=0):
        """Trains a throw-away copy for some steps.

        Returns:
            Seconds per epoch by stage, with the entries of `measure_further`, and the seconds of overhead.
        """
        stages = {stage: min(num, 1) for stage, num in preset.stage_epochs.items()}
        gan = self.build(preset.with_stage_epochs(stages), training, seed)
        batches = self.batches(gan, preset, training, seed)
        start = time.monotonic()
        steps = time_budget.measure_steps(gan, batches, sum(stages.values()))
        further = self.measure_further(gan, preset)
        overhead = time.monotonic() - start - sum(time_budget.MEASURED_STEPS * steps.mean(stage) for stage in stages)
        seconds = {stage: steps.mean(stage) * self.steps_of(preset, training) for stage in stages}
        return {**seconds, **further}, max(overhead, 0.0)

    def measure_further(self, gan, preset):
        """Seconds of other work during training, by name, for `fit_into`."""
        return {}

    def fit_into(self, preset, training, seconds, budget):
        """Shortens the stages in proportion until they fit into a time; never prolongs them.

        Args:
            preset: The run's preset.
            training: Training part.
            seconds: Seconds per epoch by stage, from `measure`.
            budget: Seconds.

        Returns:
            The changed preset, and its seconds per epoch by stage.
        """
        return preset.with_stage_epochs(time_budget.allot(preset.stage_epochs, seconds, budget)), seconds

    def callbacks(self, run, preset, training, held_out):
        """Callbacks of a run; the `on_train_end` of each is called after an interruption too."""
        return [*preset.callbacks(training, held_out), *self.sample_callbacks(run, preset, training, held_out)]

    def sample_callbacks(self, run, preset, training, held_out):
        """Callbacks that write samples into the run."""
        raise NotImplementedError

    def complete(self, run, gan):
        """Makes a GAN usable after an interrupted training; most need nothing."""

    def check_resumable(self, run):
        """Raises `ValueError` if a run was begun by a release that trained in another way."""

    def results(self, gan):
        """Entries of `config.json` that are known after training, such as what `fit` has measured, and what is promised."""
        return {} if gan.privacy is None else {"privacy": gan.privacy.statement()}

    # --- Use. ---

    def generate_from_run(self, run, n, seed, label, options):
        """Generates `n` samples of a run, for `write`; `label` is what `sample_files.chosen_label` returns."""
        return self.generate(run.load(compile=False), n, seed, label, options)

    def generate(self, gan, n, seed, label, options):
        """Generates `n` samples of a trained GAN, for `write`; see `generate_from_run` for `label`."""
        raise NotImplementedError

    def generate_by_version(self, version, n, seed, label, options):
        """Generates `n` samples of an exported version, an `exported.Version`."""
        raise NotImplementedError

    def exports(self, version):
        """Returns whether an exported version, an `exported.Version`, belongs to this modality."""
        return self.output_name in version.outputs and "seed" in version.inputs

    def columns_of(self, version):
        """Types of the columns of an exported version's samples, by name; None for samples without columns."""

    def write(self, samples, output):
        """Writes samples to a path; returns their text if `output` is None."""
        raise NotImplementedError

    def next_commands(self, command, run, version=None):
        """Returns the commands that suggest themselves after another one; each can be run as it stands.

        Args:
            command: The command that has ended: `"train"`, `"evaluate"`, `"explain"`, `"audit"`, `"augment"` or
                `"export"`.
            run: A `Run`.
            version: Path of the version that `"export"` wrote.
        """
        path, program = shlex.quote(str(run.path)), program_name()
        if command == "train":
            return [self.example_of(program, path), f"{program} evaluate {path}", f"{program} export {path}"]
        if command == "export":
            return [self.example_of(program, shlex.quote(str(version)))]
        if command == "explain":
            return [f"{program} report {path}", f"{program} export {path} --edit"]
        if command == "evaluate":
            held_out = [num for name, num in run.config.get("data", {}).items() if name.startswith("held_out_")]
            further = ["explain", *(["audit"] if sum(held_out) >= MIN_AUDITED else []), "export"]
        else:
            further = []
        return [f"{program} {each} {path}" for each in ("report", *further)]

    def example_of(self, program, source):
        """Returns a `generate` command for a run or a version, a quoted path."""
        num, output = self.example
        return f"{program} generate {source} -n {num}" + (f" --output {output}" if output else "")

    # --- Evaluation. ---

    def check_fits(self, gan, data):
        """Raises `ValueError` unless a GAN generates samples that can be compared with some data."""
        codec = getattr(gan, "codec", None)
        if not isinstance(codec, self.codec_classes) or not hasattr(gan, self.method):
            names = ", ".join(each.__name__ for each in self.codec_classes)
            raise ValueError(
                f"Got {type(gan).__name__} with codec={type(codec).__name__} for {self.samples}. Expected a GAN with the method "
                f"`{self.method}` and one of the codecs {names}: build it with a preset of {self.name!r}."
            )

    def score(self, gan, training, test, num=None, seed=0, progress=print, **options):
        """Scores a GAN with its baselines and the real control; see `gan_keras.evaluate`."""
        raise NotImplementedError

    def evaluate(self, run, data=None, num=None, seed=0, progress=print):
        """Evaluates a run.

        Args:
            run: A `Run` with a trained GAN.
            data: Name or path of test data; None for the run's held-out part.
            num: Samples per sampler; None for a number that suits the data.
            seed: Seed of the samples.
            progress: Function that receives each line of progress.

        Returns:
            The result for `evaluation.json`, and pictures to write next to it: PNG bytes by file name.
        """
        raise NotImplementedError

    def test_part(self, run, source, training):
        """Returns test data of a name or path in the form of the training part, with its label numbers."""
        raise NotImplementedError

    def summary(self, result):
        """The result of `evaluate` as text."""
        raise NotImplementedError

    def evaluation_sections(self, result):
        """Report sections of an evaluation, a list of HTML."""
        raise NotImplementedError

    def samples_section(self, run):
        """Report section of the samples by epoch, HTML; None without samples. `run` is a path."""
        raise NotImplementedError

    def card(self, config):
        """The report's model card, a dictionary; None without a card."""

    # --- Explanation. ---

    def explained_part(self, run, source, training):
        """Returns samples of a name or path, in the form of the training part, whose scores are explained."""
        return self.test_part(run, source, training)

    def size_of(self, part):
        """Returns the number of samples of a part."""
        return len(part)

    def real_samples(self, gan, part, rows):
        """Returns some samples of a part as `gan.score` takes them, in the range of generated ones, and their label numbers.

        Labels are None without any, and for tables, whose rows hold them. `rows` is an array of numbers.
        """
        raise NotImplementedError
