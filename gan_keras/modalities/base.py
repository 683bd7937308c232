"""`Modality`: what training, the command line and the report ask of a kind of samples."""


class Modality:
    """Base of the modalities. A subclass sets the attributes and implements the methods; it holds no state.

    `data` is what `load` returns: an object with `name` and `fingerprint`. A `part` is the training or the held-out part
    of it, in whatever form the methods of the subclass understand.

    Attributes:
        name: As on the command line.
        preset_class: Class of its presets.
        output_name: What the exported `serving_default` returns.
        quality: What its callbacks log as the quality, and whether `"min"` or `"max"` of it is the best; None for none.
        options: Names of the options of `generate` that it takes, beside a label, and their defaults.
    """

    name = preset_class = output_name = quality = None
    options = {}

    # --- Data. ---

    def datasets(self):
        """Built-in data sets: a line about each by its name."""
        raise NotImplementedError

    def load(self, source, preset, labels=None):
        """The data of a name or path, as the preset wants them; `labels` is the path of a file, None for none."""
        raise NotImplementedError

    def describe(self, data):
        """One line about data that were loaded."""
        raise NotImplementedError

    def keep(self, run, config, data, source):
        """Splits the data by `config["seed"]`, keeps in the run what it needs to go on, and writes its `config.json`.

        Args:
            run: A `Run`.
            config: What the run's `config.json` holds whatever the modality.
            data: What `load` returned.
            source: Name or path of the data.
        """
        raise NotImplementedError

    def parts(self, run, data=None):
        """Training and held-out part of a run; `data` is what `load` returned, where that is at hand."""
        raise NotImplementedError

    # --- Training. ---

    def build(self, preset, training, seed):
        """A compiled GAN for the training part."""
        raise NotImplementedError

    def details(self, gan):
        """A line about the GAN that `build` made, and further entries of `config.json`."""
        raise NotImplementedError

    def batches(self, gan, preset, part, seed, shuffle=True):
        """A `tf.data.Dataset` of an epoch; None where the part is not needed in that order.

        Args:
            gan: What `build` made.
            preset: The run's preset.
            part: Training or held-out part.
            seed: Of the order.
            shuffle: False for the held-out part.
        """
        raise NotImplementedError

    def measure(self, preset, training, seed):
        """Trains a throw-away copy for some steps: seconds of an epoch by stage, and seconds that training takes besides."""
        raise NotImplementedError

    def steps_of(self, preset, training):
        """Steps of an epoch."""
        raise NotImplementedError

    def fit_into(self, preset, training, seconds, budget):
        """The preset with the epochs that fit into a time, and the seconds of its epochs by stage.

        Args:
            preset: The run's preset.
            training: Training part.
            seconds: What `measure` found an epoch of each stage to cost.
            budget: Seconds.
        """
        raise NotImplementedError

    def callbacks(self, run, preset, training, held_out):
        """Callbacks of a run; the `on_train_end` of each is called after an interruption too."""
        raise NotImplementedError

    def complete(self, run, gan):
        """Makes a GAN whose training was interrupted usable; nothing has to be done for most."""

    # --- Use. ---

    def check_output(self, output):
        """Raises unless samples can be written to `output`, a path, or None for standard output."""
        raise NotImplementedError

    def generate_from_run(self, run, n, seed, label, options):
        """`n` samples of a run, for `write`; `label` is a name or None."""
        return self.generate(run.load(compile=False), n, seed, run.label_number(label), options)

    def generate(self, gan, n, seed, label, options):
        """`n` samples of a trained GAN, for `write`; `label` is a number or None."""
        raise NotImplementedError

    def generate_by_version(self, version, n, seed, label, options):
        """The same of an exported version, a `exported.Version`."""
        raise NotImplementedError

    def exports(self, version):
        """Whether an exported version, a `exported.Version`, is of this modality."""
        return self.output_name in version.outputs and "seed" in version.inputs

    def write(self, samples, output):
        """Writes samples to a path, or returns the text for standard output where `output` is None."""
        raise NotImplementedError

    def with_defaults(self, options):
        """All options of `generate`, from those that were given.

        Raises:
            ValueError: For an option of another modality.
        """
        strange = [f"--{name.replace('_', '-')}" for name in options if name not in self.options]
        if strange:
            expected = ", ".join(f"--{name.replace('_', '-')}" for name in self.options) or "no such option"
            raise ValueError(f"Got {', '.join(strange)} for a model of the modality {self.name}. Expected {expected}.")
        return {**self.options, **options}

    # --- Judging. ---

    def evaluate(self, run, data=None, num=None, seed=0, progress=print):
        """The result for `evaluation.json`, and pictures to write beside it: PNG bytes by the name of the file.

        Args:
            run: A `Run` with a trained GAN.
            data: Name or path of test data; None for the run's held-out part.
            num: Samples of each sampler; None for a number that suits the data.
            seed: Of the samples.
            progress: Called with every line of progress.
        """
        raise NotImplementedError

    def summary(self, result):
        """The result of `evaluate` as text."""
        raise NotImplementedError

    def evaluation_sections(self, result):
        """The sections of the report that the result fills, a list of HTML."""
        raise NotImplementedError

    def samples_section(self, run):
        """The content of the report's section of samples by epoch, HTML; None where there are none. `run` is a path."""
        raise NotImplementedError

    def card(self, config):
        """What the report's model card tells, a dictionary; None for none."""
