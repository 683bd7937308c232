"""Images: arrays, files and folders.

`presets.py` holds the networks by name and the numbers of the papers, `evaluation.py` the scores, baseline and verdict. This file
reads and splits the data, trains by the clock, and writes samples and the report.
"""

from gan_keras.callbacks import Interpolation, SampleGrid
from gan_keras.codecs import ImageCodec
from gan_keras.data import Images, describe_images, load_images, load_test_images, split_images
from gan_keras.media.images import write_images
from gan_keras.modalities.base import seconds_per_sample
from gan_keras.modalities.from_files import FileModality
from gan_keras.modalities.image.evaluation import COLUMNS, evaluate_images
from gan_keras.modalities.image.presets import ImagePreset

_GRID = "Generated images. With labels, a row is a label and a column is a noise. The noise is the same at every epoch."
SCORE = "score"
NUM_PILOT = 64
MIN_SCORED_SECONDS = 120.0
"""Seconds of training from which epochs are scored: in a shorter training the classifier would take too large a share."""

SCORING_SHARE = 0.1


class ImageModality(FileModality):
    """Images; files in folders are read as they are needed."""

    name, samples, output_name = "image", "images", "image"
    preset_class, data_class, codec_classes, shape = ImagePreset, Images, (ImageCodec,), (("image_shape", "image_shape"),)
    describe, splitter, writer = (staticmethod(each) for each in (describe_images, split_images, write_images))
    judge, columns, quality = staticmethod(evaluate_images), COLUMNS, ("val_frechet", "min")
    example = 25, "images.png"
    epoch_picture = ".png", _GRID
    further_pictures = {
        "animation.gif": ("All epochs", f"{_GRID} All epochs in turn."),
        "interpolation.png": ("From one image to another", "Along each row, one image's noise changes into another's."),
    }
    note = """<p>Lower is better: Frechet and kernel distance, Frechet within classes, sliced Wasserstein. Higher is better:
precision and density (are the images realistic?), recall and coverage (are all kinds there?), classifier score (is each image
clear, and does every class occur?), agreement (does the classifier, which has never seen a generated image, find the requested
label?). The last row compares real training images with the same test images: no generator does better, except by chance or by
copying. The Frechet distance is not the FID, which uses other features, and not the distance to training images in the curves
below, whose classifier is smaller.</p>"""
    use = "images that resemble the data, for learning and experiments; they show no real events or people"
    limits = "gaps and biases of the data carry over to the images"

    def read(self, source, preset):
        images = load_images(source, preset.size or None, preset.channels or None)
        preset.check_shape(images.image_shape)
        return images

    def read_test(self, source, training):
        return load_test_images(source, training.image_shape[:2], training.image_shape[2])

    def entries(self, data):
        return {"image_shape": list(data.image_shape)}

    def measure_further(self, gan, preset):
        return {SCORE: preset.quality_samples * seconds_per_sample(gan, NUM_PILOT)}

    def fit_into(self, preset, training, seconds, budget):
        """Fits as many epochs as possible, scored as often as a tenth of the time allows."""
        scoring = preset.quality_every > 0 and budget >= MIN_SCORED_SECONDS
        fitted, spent = super().fit_into(preset, training, seconds, budget * (1.0 - SCORING_SHARE * scoring))
        max_scores = max(1, int(SCORING_SHARE * budget / max(seconds[SCORE], 1e-3)))
        fitted.quality_every = max(preset.quality_every, -(-fitted.epochs // max_scores)) if scoring else 0
        return fitted, spent

    def sample_callbacks(self, run, preset, training, held_out):
        return [kind(run.samples, label_names=training.label_names) for kind in (SampleGrid, Interpolation)]
