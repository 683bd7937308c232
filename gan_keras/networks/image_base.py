"""Basics of image and video networks: base classes, and the sizes of their feature maps from the smallest to the sample.

The base classes' `width` scales the filters of all layers. `num_labels` labels condition a generator and are read by a
discriminator; 0 for none.
"""

import math

from keras import layers

from gan_keras.networks.base import Generator, ProjectionDiscriminator, attributes

MIN_FRAMES = 2
_IMAGE_SIZES = (16, 32, 64, 128, 256)  # and 28
_SMALLEST_CLIP, _CLIP_SIZES = 4, tuple(sorted(base << power for base in (3, 4) for power in (2, 3, 4, 5)))


class ImageGenerator(Generator):
    """Base class of generators of images in [-1, 1], `(batch, *image_shape)`, float32; for sizes see `resolutions`."""

    def __init__(self, image_shape, latent_dim, width, num_labels, **kwargs):
        super().__init__(latent_dim, **kwargs)
        self.image_shape, self.width, self.num_labels = tuple(image_shape), width, num_labels

    def get_config(self):
        return {**super().get_config(), **attributes(self, "image_shape", "width", "num_labels")}


class ImageDiscriminator(ProjectionDiscriminator):
    """Base class of discriminators of images in [-1, 1], `(batch, *image_shape)`, to logits `(batch, 1)`, float32."""

    def __init__(self, image_shape, width, num_labels, **kwargs):
        super().__init__(num_labels, **kwargs)
        self.image_shape, self.width = tuple(image_shape), width
        # Convolutions accept any size; without this, a generator of other images would go unnoticed.
        self.input_spec = layers.InputSpec(shape=(None, *self.image_shape))

    def get_config(self):
        return {**super().get_config(), **attributes(self, "image_shape", "width", "num_labels")}


class VideoGenerator(Generator):
    """Base class of generators of clips in [-1, 1], `(batch, *video_shape)`, float32; for sizes see `clip_sizes`."""

    def __init__(self, video_shape, latent_dim, width, num_labels, **kwargs):
        super().__init__(latent_dim, **kwargs)
        self.video_shape, self.width, self.num_labels = tuple(video_shape), width, num_labels

    def get_config(self):
        return {**super().get_config(), **attributes(self, "video_shape", "width", "num_labels")}


class VideoDiscriminator(ProjectionDiscriminator):
    """Base class of discriminators of clips in [-1, 1], `(batch, *video_shape)`, to logits `(batch, 1)`, float32."""

    def __init__(self, video_shape, width, num_labels, **kwargs):
        super().__init__(num_labels, **kwargs)
        self.video_shape, self.width = tuple(video_shape), width
        self.input_spec = layers.InputSpec(shape=(None, *self.video_shape))

    def get_config(self):
        return {**super().get_config(), **attributes(self, "video_shape", "width", "num_labels")}


def resolutions(image_shape):
    """Sizes from the first feature map to the image, each twice the one before: `(4, 8, 16, 32)` or `(7, 14, 28)`.

    Args:
        image_shape: `(height, width, channels)` of a square image.

    Raises:
        ValueError: If the image is not square, or its size is neither 28 nor a power of two from 16 to 256.
    """
    size = image_shape[0]
    if len(image_shape) != 3 or image_shape[1] != size or size not in (28, *_IMAGE_SIZES) or image_shape[2] < 1:
        raise ValueError(
            f"image_shape={tuple(image_shape)}. Expected (size, size, channels) with a size of 28 or one of {_IMAGE_SIZES}: "
            "resize or pad the images."
        )
    sizes = [size]
    while sizes[0] % 2 == 0 and sizes[0] > 4:
        sizes.insert(0, sizes[0] // 2)
    return tuple(sizes)


def narrowed(width, size, full_width_size=32):
    """Number of filters at a size: `width` up to `full_width_size` pixels, then half as many per doubling."""
    doublings = max(0, math.ceil(math.log2(size / full_width_size)))
    return max(1, width >> doublings)


def clip_sizes(video_shape):
    """Frames and pixels from the first feature map to the clip, such as `((3, 3), (3, 6), (6, 12), (12, 24))`.

    Going down from the clip, each step halves the pixels until they are 3 or 4, and the frames if they are even and above 2.

    Args:
        video_shape: `(frames, height, width, channels)` of square clips.

    Raises:
        ValueError: If there are fewer than 2 frames, or the clips are not square or of an unsupported size.
    """
    frames, size = video_shape[:2]
    if len(video_shape) != 4 or video_shape[2] != size or size not in _CLIP_SIZES or frames < MIN_FRAMES:
        raise ValueError(
            f"video_shape={tuple(video_shape)}. Expected (frames, size, size, channels), with at least {MIN_FRAMES} frames and a "
            f"size of {', '.join(map(str, _CLIP_SIZES))}: resize the clips."
        )
    sizes = [(frames, size)]
    while size > _SMALLEST_CLIP:
        frames, size = frames // 2 if frames % 2 == 0 and frames > 2 else frames, size // 2
        sizes.insert(0, (frames, size))
    return tuple(sizes)
