"""DCGAN: transposed convolutions up, strided convolutions down: [Radford et al., 2015](https://arxiv.org/abs/1511.06434)."""

import keras
from keras import layers, ops

from gan_keras.networks.base import append_labels, require_labels
from gan_keras.networks.image_base import ImageDiscriminator, ImageGenerator, resolutions
from gan_keras.networks.layers import BatchNormalization

_KERNEL = 5
_MAX_WIDENING = 8  # factor of `width` at the smallest feature maps


@keras.saving.register_keras_serializable(package="gan_keras")
class DCGANGenerator(ImageGenerator):
    """Latents `(batch, latent_dim)` to images in [-1, 1], `(batch, *image_shape)`, float32.

    Args:
        image_shape: `(size, size, channels)`; the size is 28 or a power of two from 16 to 256.
        latent_dim: Size of the latents.
        width: Filters before the last convolution; 128 in the paper. They double towards the smaller feature maps, up to 8
            times as many.
        num_labels: Number of labels that condition the images; their embedding is appended to the latents. 0 for none.
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
        return self.to_image(upsampled(self, append_labels(latents, self.label_embedding, labels), training))


@keras.saving.register_keras_serializable(package="gan_keras")
class DCGANDiscriminator(ImageDiscriminator):
    """Images in [-1, 1], `(batch, *image_shape)`, to logits `(batch, 1)`, float32.

    Args:
        image_shape: `(size, size, channels)`, as for `DCGANGenerator`.
        width: Filters of the first convolution; 128 in the paper. They double at each following one, up to 8 times as many.
        num_labels: Number of labels of the images ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
    """

    def __init__(self, image_shape=(64, 64, 3), width=128, num_labels=0, **kwargs):
        super().__init__(image_shape, width, num_labels, **kwargs)
        sizes = resolutions(image_shape)
        filters = doubling(width, len(sizes) - 1)
        self.downs = [down(channels, use_bias=index == 0) for index, channels in enumerate(filters)]
        # As in the paper, the first convolution, which reads the images, is not normalised.
        self.normalizations = [BatchNormalization(momentum=0.9, epsilon=1e-5) for _ in filters[1:]]
        self.flatten = layers.Flatten()
        self.add_head(sizes[0] ** 2 * filters[-1], kernel_initializer=initializer())

    def features(self, samples, training=False):
        """Inputs of the last layer: `(batch, num_features)`."""
        return downsampled(self, samples, training)

    def layers_by_depth(self):
        """For `gan_keras.freeze`: each convolution with its normalisation, then the layers of the logit."""
        convolutions = [[self.downs[0]], *map(list, zip(self.downs[1:], self.normalizations, strict=True))]
        return [*convolutions, self.head_layers()]


def upsampled(network, latents, training):
    """Latents to the feature maps before the last convolution, by `project`, `reshape`, `ups` and `normalizations`."""
    features = network.reshape(network.project(latents))
    features = ops.relu(network.normalizations[0](features, training=training))
    for convolution, normalization in zip(network.ups, network.normalizations[1:], strict=True):
        features = ops.relu(normalization(convolution(features), training=training))
    return features


def downsampled(network, samples, training):
    """Samples to features `(batch, num_features)`, by `downs`, `normalizations` and `flatten`."""
    features = leaky(network.downs[0](samples))
    for convolution, normalization in zip(network.downs[1:], network.normalizations, strict=True):
        features = leaky(normalization(convolution(features), training=training))
    return network.flatten(features)


def doubling(width, num):
    """Filters of `num` convolutions, from the image inwards."""
    return [width * min(2**index, _MAX_WIDENING) for index in range(num)]


def up(filters, use_bias=False, **options):
    """A transposed convolution that doubles height and width."""
    options = {**options, "kernel_initializer": initializer(), "use_bias": use_bias}
    return layers.Conv2DTranspose(filters, _KERNEL, strides=2, padding="same", **options)


def down(filters, use_bias):
    """A convolution that halves height and width."""
    return layers.Conv2D(filters, _KERNEL, strides=2, padding="same", use_bias=use_bias, kernel_initializer=initializer())


def initializer():
    """Returns the paper's initializer, a new one per layer: one with a seed of its own repeats itself."""
    return keras.initializers.RandomNormal(stddev=0.02)


def leaky(features):
    return ops.leaky_relu(features, negative_slope=0.2)
