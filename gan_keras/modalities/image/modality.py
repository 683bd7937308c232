"""Images: arrays, files and folders.

`presets.py` holds the networks by name and the numbers of the papers, `evaluation.py` the scores, baseline and verdict. This file
reads and splits the data, trains by the clock, and writes samples and the report.
"""

from gan_keras.callbacks import Interpolation, SampleGrid
from gan_keras.codecs import ImageCodec
from gan_keras.data import Images, describe_images, load_images, load_test_images, split_images
from gan_keras.media.images import write_images
from gan_keras.modalities.from_files import ScoredModality
from gan_keras.modalities.image.evaluation import COLUMNS, evaluate_images, tensors_of
from gan_keras.modalities.image.presets import ImagePreset

_GRID = "Generated images. With labels, a row is a label and a column is a noise. The noise is the same at every epoch."


class ImageModality(ScoredModality):
    """Images; files in folders are read as they are needed."""

    name, samples, output_name = "image", "images", "image"
    preset_class, data_class, codec_classes, shape = ImagePreset, Images, (ImageCodec,), (("image_shape", "image_shape"),)
    describe, splitter, writer = (staticmethod(each) for each in (describe_images, split_images, write_images))
    judge, columns = staticmethod(evaluate_images), COLUMNS
    example = 25, "images.png"
    epoch_picture = ".png", _GRID
    further_pictures = {
        "animation.gif": ("All epochs", f"{_GRID} All epochs in turn."),
        "interpolation.png": ("From one image to another", "Along each row, one image's noise changes into another's."),
    }
    note = """Lower is better: Frechet and kernel distance, Frechet within classes, sliced Wasserstein. Higher is better:
precision and density (are the images realistic?), recall and coverage (are all kinds there?), classifier score (is each image
clear, and does every class occur?), agreement (does the classifier, which has never seen a generated image, find the requested
label?), accuracy on real test images of classifiers that were trained on the images (of private GANs). The last row compares
real training images with the same test images: no generator does better, except by chance or by copying. The Frechet distance
is not the FID, which uses other features, and not the distance to training images in the curves below, whose classifier is
smaller."""
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

    def values_of(self, gan, part):
        return gan.in_blocks(gan.decode, tensors_of(part, gan.codec)[0])

    def sample_callbacks(self, run, preset, training, held_out):
        return [kind(run.samples, label_names=training.label_names) for kind in (SampleGrid, Interpolation)]
