"""What a network makes of its input before the last layer: the features that a second head or an objective reads."""

import math

import keras
from keras import ops

from gan_keras.networks.base import Discriminator, Generator


def features_of(network):
    """A function `(inputs, training=False)` -> features.

    They are what the network's method `features` gives; without one, of a Sequential or functional model, what its last
    layer reads.

    Raises:
        ValueError: If the network is neither.
    """
    if hasattr(network, "features"):
        return network.features
    if getattr(network, "outputs", None) and network.layers[-1].output is network.outputs[0]:
        return keras.Model(network.inputs, network.layers[-1].input)
    raise ValueError(
        f"It is not known what the features of {network.name!r} ({type(network).__name__}) are. Expected a Sequential or "
        "functional model that begins with `keras.Input`, or a network with a method `features(samples, training=False)`."
    )


# --- What the networks of images have in common: their arguments, and a place for labels.


class ImageGenerator(Generator):
    """Base of generators of images in [-1, 1], `(batch, *image_shape)`, float32.

    Args:
        image_shape: `(size, size, channels)`; a size of 28 or a power of two from 16 to 256.
        latent_dim: Numbers of noise for an image.
        width: Scales the filters of all layers.
        num_labels: How many labels condition the images; 0 for none.
    """

    def __init__(self, image_shape, latent_dim, width, num_labels, **kwargs):
        super().__init__(latent_dim, **kwargs)
        self.image_shape, self.width, self.num_labels = tuple(image_shape), width, num_labels

    def build_from_config(self, config):
        # Keras would build a loaded network without labels, which a network made for labels refuses.
        self(ops.zeros((1, self.latent_dim)), ops.zeros((1,), "int32") if self.num_labels else None)

    def get_config(self):
        return {**super().get_config(), **image_config(self)}


class ImageDiscriminator(Discriminator):
    """Base of discriminators of images in [-1, 1], `(batch, *image_shape)`, to logits `(batch, 1)`, float32.

    Args:
        image_shape: `(size, size, channels)`; a size of 28 or a power of two from 16 to 256.
        width: Scales the filters of all layers.
        num_labels: How many labels the images have, read by projection; 0 for none.
    """

    def __init__(self, image_shape, width, num_labels, **kwargs):
        super().__init__(**kwargs)
        self.image_shape, self.width, self.num_labels = tuple(image_shape), width, num_labels
        # Convolutions read any size: without this a generator of other images would go unnoticed.
        self.input_spec = keras.layers.InputSpec(shape=(None, *self.image_shape))

    def with_labels(self, logits, features, labels):
        """Logits plus the projection of `features` on the embedded labels, where the network has labels."""
        if not self.num_labels:
            return logits
        return logits + projection(features, self.label_embedding, labels, self.num_labels)

    def get_config(self):
        return {**super().get_config(), **image_config(self)}


def image_config(network):
    return {name: getattr(network, name) for name in ("image_shape", "width", "num_labels")}


# --- How labels enter image networks: beside the latents of a generator, by projection in a discriminator.
#
# Labels are integers from 0, shape `(batch,)`.


def check_labels(labels, num_labels):
    """Raises `ValueError` if a network without labels gets some.

    Raises:
        ValueError: The message tells to set `num_labels`.
    """
    if labels is not None and not num_labels:
        raise ValueError("Got labels, but num_labels=0. Expected none: build the network with `num_labels`, or leave them out.")


def require_labels(labels, num_labels):
    """`check_labels`, and a generator that was built for labels cannot go without.

    Raises:
        ValueError: If labels are missing or not expected.
    """
    check_labels(labels, num_labels)
    if labels is None and num_labels:
        raise ValueError(
            f"Got no labels. Expected one for each sample, from 0 to {num_labels - 1}, such as `generate(2, labels=[0, 1])`."
        )


def beside(latents, embedding, labels):
    """Latents with the embedded label appended; the latents alone if there are no labels."""
    return latents if labels is None else ops.concatenate([latents, ops.cast(embedding(labels), latents.dtype)], axis=-1)


def projection(features, embedding, labels, num_labels):
    """Inner product of features `(batch, width)` with the embedded label: `(batch, 1)`, float32.

    Without labels it is the mean over all labels, so that samples of unknown label are judged too.

    Reference: [Miyato and Koyama, 2018](https://arxiv.org/abs/1802.05637).
    """
    if labels is None:
        embedded = ops.mean(ops.cast(embedding(ops.arange(num_labels)), "float32"), axis=0, keepdims=True)
    else:
        embedded = ops.cast(embedding(labels), "float32")
    return ops.sum(ops.cast(features, "float32") * embedded, axis=-1, keepdims=True)


# --- The sizes that an image passes on its way through a generator, or backwards through a discriminator.

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
