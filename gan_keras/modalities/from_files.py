"""`FileModality`: a modality whose runs do not copy their data, but read them from their source again."""

import dataclasses
import pathlib

import numpy as np

from gan_keras.data.sample_set import part_of, with_label_names, without_copies
from gan_keras.export import exported
from gan_keras.gans.sampling import seeds_from
from gan_keras.media.html import joined
from gan_keras.modalities import sample_files, score_table
from gan_keras.modalities.base import Modality, seconds_per_sample
from gan_keras.modalities.preset import STAGE
from gan_keras.privacy.noised_counts import NoisedCounts
from gan_keras.privacy.noised_moments import NoisedMoments
from gan_keras.training import time_budget

SCORE = "score"
NUM_PILOT = 64
MIN_SCORED_SECONDS = 120.0
"""Seconds of training from which epochs are scored: in a shorter training the classifier would take too large a share."""

SCORING_SHARE = 0.1


class FileModality(Modality):
    """A modality with possibly large data: arrays and folders stay where they are.

    Data objects have `name`, `fingerprint`, `report` (counts of what was found and mended), `label_names` (None, or names that
    the integers in `labels` index) and a length. Presets derive from `preset.Preset`. A subclass implements the methods of this
    class that raise, and those of `Modality` that are not here.

    Attributes:
        splitter: Function `(data, seed=)` that returns the training and the held-out part.
        judge: The modality's evaluation: `(gan, training, test, num=, seed=, progress=)`.
        shape: Pairs of attributes, of the codec and of the data, that have to be equal for an evaluation.
        columns: Titles of the scores by name: see `score_table`.
        note: HTML that explains the scores, for the report.
        use: Intended use, for the model card.
        limits: Limits, for the model card.
        data_entries: Entries of the GAN's own card that the report leaves out.
        writer: Function `(path, samples)` that writes samples.
        epoch_picture: Suffix of the pictures by epoch, and their alternative text.
        further_pictures: Titles and alternative texts of further pictures, by file name.
    """

    splitter = judge = columns = note = use = limits = writer = epoch_picture = None
    shape, data_entries, further_pictures = (), (), {}

    # --- What a subclass implements. ---

    def read(self, source, preset):
        """The data of a name or path, as the preset requires."""
        raise NotImplementedError

    def entries(self, data):
        """Further entries of `config.json` about the data, such as shapes, in a form that JSON can hold."""
        raise NotImplementedError

    def read_test(self, source, training):
        """The test part of a name or path, or all of it if there is none, in the form of the training part."""
        raise NotImplementedError

    # --- Data. ---

    def load(self, source, preset, labels=None):
        if labels is not None:
            raise ValueError(
                f"Got the labels {labels} for {self.samples}. Expected none: a file of labels is for text; other labels come "
                "with the data."
            )
        return self.read(source, preset)

    def split(self, data, seed):
        """Returns the training and the held-out part."""
        return self.splitter(data, seed=seed)

    def keep(self, run, config, data, source):
        is_path = str(source) not in self.known
        if is_path:
            self.check_apart(run.path, source)
        training, held_out = self.split(data, config["seed"])
        self.check_training(training)
        preset = self.preset_class.from_config(config["preset"])
        lines = self.fill_a_batch(data, training, preset)
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
        run.write_config({**config, "preset": preset.to_config(), "labels": names, "data": entries})
        released = preset.released_of(training)
        if released is not None:  # kept, as a resumed run that measured again would tell more than epsilon
            released.save(run.path / released.file_name)
        return lines

    def check_apart(self, out, source):
        """Raises `ValueError` if a run lies in the folder of its samples, which would then contain the run's own."""
        if pathlib.Path(source).resolve() in out.resolve().parents:
            raise ValueError(
                f"{out} lies in {source}, the folder of {self.samples}. Expected a run outside of it: name another directory."
            )

    def check_training(self, training):
        """Raises `ValueError` if some class has no training sample: samples of that label would be arbitrary."""
        if training.label_names is None:
            return
        missing = sorted(set(range(len(training.label_names))) - set(training.labels.tolist()))
        if missing:
            named = ", ".join(training.label_names[number] for number in missing[:5])
            raise ValueError(
                f"{training.name} leaves no {self.samples} to train on for {len(missing)} of {len(training.label_names)} "
                f"classes: {named}. Expected some of each: add data, leave the class out, or number labels from 0 without gaps."
            )

    def fill_a_batch(self, data, training, preset):
        """Makes the batches of a preset smaller if the training part does not fill one; returns the lines that tell it."""
        if len(training) >= preset.batch_size:
            return []
        wanted, preset.batch_size = preset.batch_size, max(min(2, len(training)), len(training) // 2)
        return [
            f"{data.name} leaves {len(training)} {self.samples} to train on, fewer than batch_size={wanted}: batches are of "
            f"{preset.batch_size}. More {self.samples} would train better."
        ]

    def parts(self, run, data=None):
        training, held_out = self.split_again(run, self.reload(run) if data is None else data)
        for kind in (NoisedCounts, NoisedMoments):
            if (run.path / kind.file_name).exists():
                training = dataclasses.replace(training, released=kind.load(run.path / kind.file_name))
        return training, held_out

    def split_again(self, run, data):
        """The parts of a run's data as they were split before its training."""
        return self.split(data, run.config["seed"])

    def reload(self, run):
        """The data of a run, read from their source again."""
        data, preset = run.config["data"], self.preset_of(run)
        try:
            loaded = self.read(data["source"], preset)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"The {self.samples} that {run.path} was trained on are gone: {error} Expected them at {data['source']}."
            ) from error
        if loaded.fingerprint != data["fingerprint"]:
            raise ValueError(
                f"The {self.samples} in {data['source']} have changed since {run.path} was trained on them. Expected the same "
                f"{self.samples} and labels: restore them."
            )
        return loaded

    # --- Training. ---

    def details(self, gan):
        networks = ((type(each).__name__, each.count_params()) for each in (gan.generator, gan.discriminator))
        line = ", ".join(f"{name}: {num:,} parameters" for name, num in networks)
        return line, {"model": gan.model_card(), "compilation": gan.compilation._asdict()}

    def fit_into(self, preset, training, seconds, budget):
        """Fits as many epochs as possible for a preset with a single stage; otherwise see `Modality.fit_into`."""
        if len(preset.stage_epochs) > 1:
            return super().fit_into(preset, training, seconds, budget)
        max_steps = self.steps_of(preset, training)
        epochs, steps = time_budget.epochs_within(budget, seconds[STAGE] / max_steps, max_steps)
        fitted = preset.with_stage_epochs({STAGE: epochs})
        fitted.steps_per_epoch = steps
        return fitted, {STAGE: steps * seconds[STAGE] / max_steps}

    # --- Use. ---

    def generate(self, gan, n, seed, label, options):
        num = len(seeds_from(n, seed))
        return gan.generate(n, seed, labels=None if label is None else np.full(num, label))

    def real_samples(self, gan, part, rows):
        some = part_of(part, rows, {})
        return self.values_of(gan, some), some.labels

    def values_of(self, gan, part):
        """The samples of a part: see `real_samples`."""
        raise NotImplementedError

    def generate_by_version(self, version, n, seed, label, options):
        return exported.generate_samples(version, n, seed, label)[self.output_name]

    def write(self, samples, output):
        self.writer(output, samples)

    # --- Evaluation. ---

    def check_fits(self, gan, data):
        super().check_fits(gan, data)
        for of_codec, of_data in self.shape:
            generated, real = getattr(gan.codec, of_codec), getattr(data, of_data)
            if generated != real:
                raise ValueError(
                    f"The GAN generates {self.samples} with {of_codec}={generated}, and {data.name} has {of_data}={real}. "
                    "Expected equal ones: evaluate with the data that the GAN was built for."
                )

    def score(self, gan, training, test, num=None, seed=0, progress=print, test_name=None, **options):
        result = self.judge(gan, training, test, num=num, seed=seed, progress=progress, **options)
        result["settings"]["test"] = test_name or test.name
        return result

    def score_options(self, run):
        """Further options of `score` that a run's preset determines."""
        return {}

    def pictures(self, gan, training, test, result):
        """Pictures of an evaluation: PNG bytes by file name."""
        return {}

    def evaluate(self, run, data=None, num=None, seed=0, progress=print):
        gan = run.load(compile=False)
        training, held_out = self.parts(run)
        test = held_out if data is None else self.test_part(run, data, training)
        if data is not None:
            progress(self.describe(test))
        name = f"held-out {self.samples} of the run" if data is None else test.name
        result = self.score(gan, training, test, num, seed, progress, name, **self.score_options(run))
        return result, self.pictures(gan, training, test, result)

    def test_part(self, run, source, training):
        """Test data of a name or path in the form of the training part, with its label numbers.

        Samples that the run was trained on are left out: a generator that copies would win by them.
        """
        test = self.read_test(source, training)
        self.check_is_other(run, source, test)
        return without_copies(with_label_names(test, training.label_names), training)

    def check_is_other(self, run, source, test):
        """Raises `ValueError` if test data are those of the run: a generator that copies would win by them."""
        if test.fingerprint == run.config["data"]["fingerprint"]:
            raise ValueError(f"{source} is what {run.path} was trained on. Expected other {self.samples}, or no --data.")

    # --- Report. ---

    def summary(self, result):
        return score_table.summary(result, self.columns)

    def evaluation_sections(self, result):
        return score_table.sections(result, self.columns, self.note)

    def samples_section(self, run):
        """The pictures of the last and the first epoch, then `further_pictures`."""
        ending, text = self.epoch_picture
        shown = [(path, sample_files.title_of(path), text) for path in sample_files.last_and_first(run, ending)]
        shown += [(run / "samples" / name, *texts) for name, texts in self.further_pictures.items()]
        return joined(self.figure(*each) for each in shown if each[0].exists()) or None

    def figure(self, path, title, text):
        """A picture as HTML."""
        return sample_files.figure(path, title, text)

    def card(self, config):
        """Model, data, recipe, intended use and limits; None before the networks are built."""
        if "model" not in config:
            return None
        data = config["data"]
        # Whoever knows all private rows but one could check guesses of it against a fingerprint.
        left_out = ("source", "report", *(["fingerprint"] if config["preset"].get("epsilon") else []))
        return {
            "model": {name: value for name, value in config["model"].items() if name not in (*self.data_entries, "labels")},
            "data": {name: value for name, value in data.items() if name not in left_out},
            "labels": config["labels"],
            "recipe": config["preset"]["description"],
            "use": self.use,
            "limits": self.limits,
        }


class ScoredModality(FileModality):
    """A modality whose presets score epochs: see `image.presets.Scored`."""

    quality = "val_frechet", "min"

    def explained_part(self, run, source, training):
        """See `Modality.explained_part`: labels may be missing, and training samples may be among them."""
        given = self.read_test(source, training)
        return given if given.labels is None else with_label_names(given, training.label_names)

    def measure_further(self, gan, preset):
        return {SCORE: preset.quality_samples * seconds_per_sample(gan, NUM_PILOT)}

    def fit_into(self, preset, training, seconds, budget):
        """Fits as many epochs as possible, scored as often as a tenth of the time allows."""
        scoring = preset.quality_every > 0 and budget >= MIN_SCORED_SECONDS
        fitted, spent = super().fit_into(preset, training, seconds, budget * (1.0 - SCORING_SHARE * scoring))
        max_scores = max(1, int(SCORING_SHARE * budget / max(seconds[SCORE], 1e-3)))
        fitted.quality_every = max(preset.quality_every, -(-fitted.epochs // max_scores)) if scoring else 0
        return fitted, spent
