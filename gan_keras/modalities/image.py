"""Images: arrays, files and folders that become pictures."""

import dataclasses
import pathlib
import time

import numpy as np

from gan_keras import exported, schedule
from gan_keras.callbacks import AdaptiveAugmentation, Interpolation, Quality, SampleGrid
from gan_keras.data import DOWNLOADED, IMAGE_DATASETS, describe_images, image_batches, load_images, load_test_images, split_images
from gan_keras.data.image_data import some_images, with_label_names, without_copies
from gan_keras.files import check_in_directory, check_parent
from gan_keras.image_evaluation import evaluate_images, in_memory_part, summary, tensors_of
from gan_keras.metrics.extractor import Recipe, train_extractor
from gan_keras.metrics.image_quality import ImageQuality
from gan_keras.modalities import image_report
from gan_keras.modalities.base import Modality
from gan_keras.pictures import write_images
from gan_keras.presets.image import STAGE, ImagePreset
from gan_keras.sampling import seeds_from

SCORE = "score"
PILOT_IMAGES = 64
LEAST_EPOCHS = 10
"""A training by the clock has at least so many epochs, shorter than a pass over the data if need be: epochs are what
samples, curves and checkpoints are made of."""

SCORED_FROM = 120.0
"""Seconds of training from which its epochs are scored: in less the classifier would take more time than it is worth."""

SCORING_SHARE = 0.1
LEAST_SCORED, QUALITY_IMAGES = 50, 5000  # the fewest training images to compare with, and the most


class ImageModality(Modality):
    """Images; the run keeps the place of their source and its fingerprint, and reads it again."""

    name, preset_class, output_name = "image", ImagePreset, "image"
    quality = ("val_frechet", "min")

    def datasets(self):
        return {**IMAGE_DATASETS, **dict.fromkeys(DOWNLOADED, "of keras.datasets, downloaded once")}

    def load(self, source, preset, labels=None):
        if labels is not None:
            raise ValueError(
                f"Got the labels {labels} for images. Expected none: labels come with the data, as sub-folders, one for each "
                "class, or as an array beside the images."
            )
        images = load_images(source, preset.size or None, preset.channels or None)
        preset.check_shape(images.image_shape)
        return images

    def describe(self, data):
        return describe_images(data)

    def keep(self, run, config, data, source):
        if str(source) not in self.datasets():
            check_apart(run.path, source)
        training, held_out = split_images(data, seed=config["seed"])
        check_classes(training)
        preset = ImagePreset.from_config(config["preset"])
        if len(training) < preset.batch_size:
            raise ValueError(
                f"{data.name} leaves {len(training)} images to train on, fewer than batch_size={preset.batch_size}. Expected "
                f"at least a whole batch: more images, or `--set batch_size={max(1, len(training) // 2)}`."
            )
        place = str(pathlib.Path(source).resolve()) if pathlib.Path(source).exists() else str(source)
        entries = {
            "name": data.name,
            "source": place if str(source) not in self.datasets() else str(source),
            "fingerprint": data.fingerprint,
            "image_shape": list(data.image_shape),
            "report": data.report,
            "training_images": len(training),
            "held_out_images": len(held_out),
        }
        names = list(data.label_names) if preset.num_labels(data) else None
        run.write_config({**config, "labels": names, "data": entries})

    def parts(self, run, data=None):
        return split_images(self.reload(run) if data is None else data, seed=run.config["seed"])

    def reload(self, run):
        """The images of a run, from where they were when it began."""
        data, preset = run.config["data"], ImagePreset.from_config(run.config["preset"])
        try:
            images = load_images(data["source"], preset.size or None, preset.channels or None)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"The images that {run.path} was trained on are gone: {error} Expected them in their place, {data['source']}."
            ) from error
        if images.fingerprint != data["fingerprint"]:
            raise ValueError(
                f"The images in {data['source']} have changed since {run.path} was trained on them. Expected the same images "
                "and labels: put them back."
            )
        return images

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
        """Held-out images take no part in training: what their losses tell is not worth their time."""
        if not shuffle:
            return None
        part = part if preset.num_labels(part) else dataclasses.replace(part, labels=None, label_names=None)
        batches = image_batches(part, preset.batch_size, seed)
        return batches.take(preset.steps_per_epoch) if preset.steps_per_epoch else batches

    def measure(self, preset, training, seed):
        gan = self.build(preset, training, seed)
        batches = self.batches(gan, preset, training, seed)
        start = time.monotonic()
        step = schedule.measure_steps(gan, batches, 1).mean(STAGE)
        score = preset.quality_samples * seconds_per_image(gan)
        besides = time.monotonic() - start - schedule.MEASURED_STEPS * step
        return {STAGE: step * self.steps_of(preset, training), SCORE: score}, max(besides, 0.0)

    def fit_into(self, preset, training, seconds, budget):
        """As many epochs as fit, however many the preset has; scored as often as a tenth of the time allows."""
        step = seconds[STAGE] / self.steps_of(preset, training)
        scoring = preset.quality_every > 0 and budget >= SCORED_FROM
        left = budget * (1.0 - SCORING_SHARE * scoring)
        steps = max(1, min(self.steps_of(preset, training), int(left / LEAST_EPOCHS / step)))
        epochs = max(1, int(left / (steps * step)))
        most_scores = max(1, int(SCORING_SHARE * budget / max(seconds[SCORE], 1e-3)))
        every = max(preset.quality_every, -(-epochs // most_scores)) if scoring else 0
        fitted = dataclasses.replace(preset, epochs=epochs, steps_per_epoch=steps, quality_every=every)
        return fitted, {STAGE: steps * step}

    def callbacks(self, run, preset, training, held_out):
        found = [AdaptiveAugmentation()] if preset.augmentation is not None else []
        if preset.quality_every and can_be_scored(training):
            found.append(Quality(ruler(preset, training), preset.quality_samples, every=preset.quality_every))
        return [*found, SampleGrid(run.samples), Interpolation(run.samples)]

    def check_output(self, output):
        expected = "Expected --output and NAME.png (one image, or a grid), NAME.npz, or a directory for a PNG each"
        if output is None:
            raise ValueError(f"Images are not text: standard output does not show them. {expected}.")
        if output.suffix in (".png", ".npz"):
            check_parent(output)
        elif output.suffix and not output.is_dir():
            raise ValueError(f"{output} ends in {output.suffix}. {expected}.")
        elif output.exists() and not output.is_dir():
            raise NotADirectoryError(f"{output} is a file without an ending. {expected}.")
        elif output.is_dir() and any(output.iterdir()):
            raise ValueError(f"{output} is not empty. Expected a new or an empty directory: name another.")
        check_in_directory(output)

    def generate(self, gan, n, seed, label, options):
        num = len(seeds_from(n, seed))
        return gan.generate(n, seed, labels=None if label is None else np.full(num, label))

    def generate_by_version(self, version, n, seed, label, options):
        return exported.generate_images(version, n, seed, label)

    def write(self, samples, output):
        write_images(output, samples)

    def evaluate(self, run, data=None, num=None, seed=0, progress=print):
        gan = run.load()
        training, held_out = self.parts(run)
        test = held_out if data is None else self.test_images(run, data, training)
        if data is not None:
            progress(describe_images(test))
        result = evaluate_images(gan, training, test, num, seed, progress)
        result["settings"]["test"] = "held-out images of the run" if data is None else test.name
        return result, {}

    def test_images(self, run, source, training):
        """The images of a test set: cropped and resized, and their labels numbered, as those of the run.

        Those that the run was trained on are left out: a generator that copies would win by them.
        """
        test = load_test_images(source, training.image_shape[:2], training.image_shape[2])
        if test.fingerprint == run.config["data"]["fingerprint"]:
            raise ValueError(f"{source} is what {run.path} was trained on. Expected other images, or no --data.")
        return without_copies(with_label_names(test, training.label_names), training)

    def summary(self, result):
        return summary(result)

    def evaluation_sections(self, result):
        return image_report.sections(result)

    def samples_section(self, run):
        return image_report.samples(run)

    def card(self, config):
        return image_report.card(config)


def check_apart(out, source):
    """Raises if a run would lie in the folder of its images: its samples would be among the images when they are read again."""
    if pathlib.Path(source).resolve() in out.resolve().parents:
        raise ValueError(
            f"{out} lies in {source}, the folder of images. Expected a run beside its images: name another directory."
        )


def check_classes(training):
    """Raises if there is no image to learn some class from: what was made for its label could be anything."""
    if training.labels is None:
        return
    missing = sorted(set(range(len(training.label_names))) - set(training.labels.tolist()))
    if missing:
        named = ", ".join(training.label_names[number] for number in missing[:5])
        raise ValueError(
            f"{training.name} leaves no image to train on for {len(missing)} of {len(training.label_names)} classes: {named}. "
            "Expected some of each: add images, leave the class out, or count labels from 0 without a gap."
        )


def seconds_per_image(gan):
    """Seconds to make an image, many at a time."""
    for _ in range(2):  # the first time builds the graph
        start = time.monotonic()
        gan.generate(PILOT_IMAGES)
    return (time.monotonic() - start) / PILOT_IMAGES


def can_be_scored(images):
    """Whether a classifier can be trained on images: it learns their labels, or by how many quarters they were turned."""
    return len(images) >= LEAST_SCORED and (images.labels is not None or images.image_shape[0] == images.image_shape[1])


def ruler(preset, training):
    """What steers the choice of the best weights: distances to training images, on the features of a small classifier.

    Held-out images take no part in it, so that an evaluation against them stays fair.
    """
    images = in_memory_part(some_images(training, QUALITY_IMAGES))
    pixels, labels = tensors_of(images, preset.codec(images))
    recipe = Recipe((16, 32, 64), preset.quality_steps, 64)
    return ImageQuality(train_extractor(pixels, labels, recipe=recipe), pixels, split="training")
