"""What the networks of images have in common: their arguments, and a place for labels."""

import keras
from keras import ops

from gan_keras.networks.base import Discriminator, Generator
from gan_keras.networks.labels import projection


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
