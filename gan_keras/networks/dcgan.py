"""Transposed convolutions up, strided convolutions down: [Radford et al., 2015](https://arxiv.org/abs/1511.06434)."""

import keras
from keras import layers, ops

from gan_keras.networks.image_base import ImageDiscriminator, ImageGenerator, beside, check_labels, require_labels, resolutions
from gan_keras.networks.layers import BatchNormalization

_KERNEL = 5
_WIDEST = 8  # times `width`, at the smallest feature maps


@keras.saving.register_keras_serializable(package="gan_keras")
class DCGANGenerator(ImageGenerator):
    """Latents `(batch, latent_dim)` to images in [-1, 1], `(batch, *image_shape)`, float32.

    Args:
        image_shape: `(size, size, channels)`; a size of 28 or a power of two from 16 to 256.
        latent_dim: Numbers of noise for an image.
        width: Filters before the last convolution; the paper's is 128. They double towards the smaller feature maps, up to
            8 times as many.
        num_labels: How many labels condition the images, embedded and put beside the latents; 0 for none.
    """

    def __init__(self, image_shape=(64, 64, 3), latent_dim=100, width=128, num_labels=0, **kwargs):
        super().__init__(image_shape, latent_dim, width, num_labels, **kwargs)
        sizes = resolutions(image_shape)
        filters = list(reversed(doubling(width, len(sizes) - 1)))
        self.label_embedding = layers.Embedding(num_labels, latent_dim) if num_labels else None
        self.project = layers.Dense(sizes[0] ** 2 * filters[0], use_bias=False, kernel_initializer=initializer())
        self.reshape = layers.Reshape((sizes[0], sizes[0], filters[0]))
        self.ups = [up(channels) for channels in filters[1:]]
        self.normalizations = [BatchNormalization(momentum=0.9, epsilon=1e-5) for _ in filters]
        self.to_image = up(image_shape[-1], use_bias=True, activation="tanh", dtype="float32")

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        features = self.reshape(self.project(beside(latents, self.label_embedding, labels)))
        features = ops.relu(self.normalizations[0](features, training=training))
        for convolution, normalization in zip(self.ups, self.normalizations[1:], strict=True):
            features = ops.relu(normalization(convolution(features), training=training))
        return self.to_image(features)


@keras.saving.register_keras_serializable(package="gan_keras")
class DCGANDiscriminator(ImageDiscriminator):
    """Images in [-1, 1], `(batch, *image_shape)`, to logits `(batch, 1)`, float32.

    Args:
        image_shape: `(size, size, channels)`, as for `DCGANGenerator`.
        width: Filters of the first convolution; the paper's is 128. They double at each following one, up to 8 times as many.
        num_labels: How many labels the images have ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
    """

    def __init__(self, image_shape=(64, 64, 3), width=128, num_labels=0, **kwargs):
        super().__init__(image_shape, width, num_labels, **kwargs)
        sizes = resolutions(image_shape)
        filters = doubling(width, len(sizes) - 1)
        self.downs = [down(channels, use_bias=index == 0) for index, channels in enumerate(filters)]
        # The first convolution reads the images as they are: the paper leaves it without normalisation.
        self.normalizations = [BatchNormalization(momentum=0.9, epsilon=1e-5) for _ in filters[1:]]
        self.flatten, self.logit = layers.Flatten(), layers.Dense(1, kernel_initializer=initializer(), dtype="float32")
        self.label_embedding = layers.Embedding(num_labels, sizes[0] ** 2 * filters[-1], dtype="float32") if num_labels else None

    def call(self, samples, labels=None, training=False):
        check_labels(labels, self.num_labels)
        features = self.features(samples, training=training)
        return self.with_labels(self.logit(features), features, labels)

    def features(self, samples, training=False):
        """What the last layer reads: `(batch, numbers)`."""
        features = leaky(self.downs[0](samples))
        for convolution, normalization in zip(self.downs[1:], self.normalizations, strict=True):
            features = leaky(normalization(convolution(features), training=training))
        return self.flatten(features)

    def layers_by_depth(self):
        """For `gan_keras.freeze`: each convolution with its normalisation, and last the logit."""
        convolutions = [[self.downs[0]], *map(list, zip(self.downs[1:], self.normalizations, strict=True))]
        return [*convolutions, [layer for layer in (self.logit, self.label_embedding) if layer is not None]]


def doubling(width, num):
    """Filters of `num` convolutions, from the image inwards."""
    return [width * min(2**index, _WIDEST) for index in range(num)]


def up(filters, use_bias=False, **options):
    options = {**options, "kernel_initializer": initializer(), "use_bias": use_bias}
    return layers.Conv2DTranspose(filters, _KERNEL, strides=2, padding="same", **options)


def down(filters, use_bias):
    return layers.Conv2D(filters, _KERNEL, strides=2, padding="same", use_bias=use_bias, kernel_initializer=initializer())


def initializer():
    """The paper's; one for each layer, for an initializer with a seed of its own repeats itself."""
    return keras.initializers.RandomNormal(stddev=0.02)


def leaky(features):
    return ops.leaky_relu(features, negative_slope=0.2)
