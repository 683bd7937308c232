"""Images: arrays, files and folders that become pictures."""

import dataclasses
import time

from gan_keras.callbacks import AdaptiveAugmentation, Interpolation, Quality, SampleGrid
from gan_keras.data import DOWNLOADED, IMAGE_DATASETS, describe_images, image_batches, load_images, load_test_images, split_images
from gan_keras.data.image.images import some_images
from gan_keras.media.html import picture
from gan_keras.media.images import write_images
from gan_keras.media.plots import Picture
from gan_keras.metrics.extractor import Recipe, train_extractor
from gan_keras.metrics.image_quality import ImageQuality
from gan_keras.modalities.from_files import ReloadedModality
from gan_keras.modalities.image.evaluation import COLUMNS, evaluate_images, in_memory_part, tensors_of
from gan_keras.modalities.image.presets import ImagePreset
from gan_keras.modalities.sample_files import check_output, last_and_first, title_of

SCORE = "score"
PILOT_IMAGES = 64
SCORED_FROM = 120.0
"""Seconds of training from which its epochs are scored: in less the classifier would take more time than it is worth."""

SCORING_SHARE = 0.1
LEAST_SCORED, QUALITY_IMAGES = 50, 5000  # the fewest training images to compare with, and the most


NOTE = """<p>Lower is better: Frechet and kernel distance, Frechet within classes, sliced Wasserstein. Higher is better: precision
and density (are the images real?), recall and coverage (are all kinds there?), agreement (does the classifier, which has never
seen a generated image, name the label asked for?). The last row holds real training images against the same test images: what no
generator beats, except by chance or by copying. The Frechet distance is not the FID: that has other features.</p>"""
USE = "images like those of the data, to learn from and to experiment with; they show no real events or people"
LIMITS = "what the data lack or show one-sidedly, the images lack or show so too"


class ImageModality(ReloadedModality):
    """Images; of folders the files are read as they are needed."""

    name, preset_class, output_name, samples = "image", ImagePreset, "image", "images"
    columns, note, use, limits = COLUMNS, NOTE, USE, LIMITS
    quality = ("val_frechet", "min")

    def datasets(self):
        return {**IMAGE_DATASETS, **dict.fromkeys(DOWNLOADED, "of keras.datasets, downloaded once")}

    def read(self, source, preset):
        images = load_images(source, preset.size or None, preset.channels or None)
        preset.check_shape(images.image_shape)
        return images

    def describe(self, data):
        return describe_images(data)

    def split(self, data, seed):
        return split_images(data, seed=seed)

    def entries(self, data):
        return {"image_shape": list(data.image_shape)}

    def epoch(self, part, preset, seed):
        part = part if preset.num_labels(part) else dataclasses.replace(part, labels=None, label_names=None)
        return image_batches(part, preset.batch_size, seed)

    def measure_further(self, gan, preset):
        return {SCORE: preset.quality_samples * seconds_per_image(gan)}

    def fit_into(self, preset, training, seconds, budget):
        """As many epochs as fit, scored as often as a tenth of the time allows."""
        scoring = preset.quality_every > 0 and budget >= SCORED_FROM
        fitted, spent = super().fit_into(preset, training, seconds, budget * (1.0 - SCORING_SHARE * scoring))
        most_scores = max(1, int(SCORING_SHARE * budget / max(seconds[SCORE], 1e-3)))
        fitted.quality_every = max(preset.quality_every, -(-fitted.epochs // most_scores)) if scoring else 0
        return fitted, spent

    def callbacks(self, run, preset, training, held_out):
        found = [AdaptiveAugmentation()] if preset.augmentation is not None else []
        if preset.quality_every and can_be_scored(training):
            found.append(Quality(ruler(preset, training), preset.quality_samples, every=preset.quality_every))
        return [*found, SampleGrid(run.samples), Interpolation(run.samples)]

    def check_output(self, output):
        expected = "Expected --output and NAME.png (one image, or a grid), NAME.npz, or a directory for a PNG each"
        check_output(output, (".png", ".npz"), self.samples, expected)

    def write(self, samples, output):
        write_images(output, samples)

    def judge(self, gan, run, parts, num, seed, progress):
        return evaluate_images(gan, *parts, num, seed, progress), {}

    def read_test(self, source, training):
        return load_test_images(source, training.image_shape[:2], training.image_shape[2])

    def samples_section(self, run):
        return samples_html(run)


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


# --- The sections of a report that images fill.


_TEXTS = {
    "animation.gif": ("All epochs", "An animation: the grids of the epochs in turn."),
    "interpolation.png": ("From one image to another", "Along each row the noise of one image turns into that of another."),
}


def samples_html(run):
    """The first and the last grid of samples, how they came about, and walks between latents, HTML; None without any.

    Args:
        run: Path of the run.
    """
    directory = run / "samples"
    paths = [*last_and_first(run, ".png"), directory / "animation.gif", directory / "interpolation.png"]
    return "".join(picture(_shown(path)) for path in paths if path.exists()) or None


def _shown(path):
    title, alternative = _TEXTS.get(path.name, (title_of(path), "A grid of generated images."))
    return Picture(title, f"{alternative} The noise is the same at every epoch.", path.read_bytes(), path.suffix[1:])
