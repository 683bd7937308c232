"""`TranslationGrid`: the same images translated after every epoch, and how the translation came about as an animation."""

import numpy as np

from gan_keras.callbacks.sample_grid import SampleGrid
from gan_keras.media.images import image_grid


class TranslationGrid(SampleGrid):
    """Writes `epoch_001.png`, `epoch_002.png`, ... and, when `fit` ends, all of them as `animation.gif`.

    Three rows for each direction: images, their translations, and what comes back of them on the way back. Where there is no
    way back the third row holds the images of the other domain, with which those of the first are paired.

    Args:
        directory: Where; it is made if it is missing.
        images_a: Images of domain a, uint8 levels or floats in [0, 1], `(num, height, width, channels)`.
        images_b: As many of domain b.
        every: Epochs from one picture to the next, >= 1; the last epoch has one in any case.

    Raises:
        ValueError: If there is no image, or not as many of both domains.
    """

    def __init__(self, directory, images_a, images_b, every=1):
        if len(images_a) != len(images_b):
            raise ValueError(f"Got {len(images_a)} images of domain a and {len(images_b)} of b. Expected as many of both.")
        super().__init__(directory, columns=len(images_a), every=every)
        self.images = {"a_to_b": as_floats(images_a), "b_to_a": as_floats(images_b)}

    def picture(self):
        return translation_grid(self.model, self.images)


def translation_grid(gan, images):
    """A picture of translations, uint8 `(height, width, channels)`: see `TranslationGrid`.

    Args:
        gan: A `CycleGAN` or a `Pix2Pix` with a codec.
        images: By direction what is translated, floats in [0, 1].
    """
    rows = [row for direction in gan.translators for row in rows_of(gan, images, direction)]
    return image_grid(np.concatenate(rows), columns=len(rows[0]))


def rows_of(gan, images, direction):
    others = [other for other in images if other != direction]
    translated = gan.translate(images[direction], direction)
    has_way_back = all(other in gan.translators for other in others)
    third = gan.translate(translated, others[0]) if has_way_back else images[others[0]]
    return [images[direction], translated, third]


def as_floats(images):
    images = np.asarray(images)
    return images.astype(np.float32) / 255.0 if images.dtype == np.uint8 else images.astype(np.float32)
