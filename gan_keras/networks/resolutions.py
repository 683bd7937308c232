"""The sizes that an image passes on its way through a generator, or backwards through a discriminator."""

import math

_POWERS_OF_TWO = (16, 32, 64, 128, 256)


def resolutions(image_shape):
    """Heights from the first feature map to the image, each twice the one before: `(4, 8, 16, 32)` or `(7, 14, 28)`.

    Args:
        image_shape: `(height, width, channels)` of a square image.

    Raises:
        ValueError: If the image is not square, or its size is neither 28 nor a power of two from 16 to 256.
    """
    size = image_shape[0]
    if len(image_shape) != 3 or image_shape[1] != size or size not in (28, *_POWERS_OF_TWO) or image_shape[2] < 1:
        raise ValueError(
            f"image_shape={tuple(image_shape)}. Expected (size, size, channels) with a size of 28 or one of {_POWERS_OF_TWO}: "
            "resize or pad the images."
        )
    sizes = [size]
    while sizes[0] % 2 == 0 and sizes[0] > 4:
        sizes.insert(0, sizes[0] // 2)
    return tuple(sizes)


def narrowed(width, size, full_width_size=32):
    """Filters at a size: `width` up to `full_width_size` pixels, then half as many at each doubling, so that work stays level."""
    doublings = max(0, math.ceil(math.log2(size / full_width_size)))
    return max(1, width >> doublings)
