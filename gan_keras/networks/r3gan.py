"""A modern convolutional pair without normalisation or tricks: [Huang et al., 2025](https://arxiv.org/abs/2501.05441).

Made for `losses.RelativisticPaired` with `penalties.R1` and `penalties.R2`. Both networks are stacks of the same residual
block; the discriminator mirrors the generator.
"""

import math

import keras
from keras import layers, ops

from gan_keras.networks.image_base import (
    ImageDiscriminator,
    ImageGenerator,
    beside,
    check_labels,
    narrowed,
    projection,
    require_labels,
    resolutions,
)
from gan_keras.networks.layers import GroupedConv2D, SmoothDownsampling2D, SmoothUpsampling2D
from gan_keras.networks.precision import OnePrecision

_EXPANSION = 2  # the middle of a block has so many times its channels
_GROUP = 16  # channels of a group in the middle of a block
_SLOPE = 0.2  # of the leaky ReLU
_GAIN = math.sqrt(2 / (1 + _SLOPE**2))  # keeps the variance through a leaky ReLU


@keras.saving.register_keras_serializable(package="gan_keras")
class R3GANBlock(OnePrecision, layers.Layer):
    """1x1 to twice the channels, grouped 3x3, 1x1 back, leaky ReLU between; added to the input.

    The last convolution starts at 0, so that the block starts as the identity, and the other two are scaled down by the
    depth of the network as in [Fixup](https://arxiv.org/abs/1901.09321). Only what a leaky ReLU follows has a bias.

    Args:
        filters: Channels of input and output.
        depth: How many blocks the network has.
    """

    def __init__(self, filters, depth, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.depth = filters, depth
        expanded, gain = _EXPANSION * filters, _GAIN * depth ** (-1 / 4)
        self.expand = layers.Conv2D(expanded, 1, kernel_initializer=variance_preserving(gain))
        self.grouped = GroupedConv2D(max(1, expanded // _GROUP), 3, kernel_initializer=variance_preserving(gain))
        self.contract = layers.Conv2D(filters, 1, use_bias=False, kernel_initializer="zeros")

    def call(self, inputs):
        features = ops.leaky_relu(self.expand(inputs), _SLOPE)
        features = ops.leaky_relu(self.grouped(features), _SLOPE)
        return inputs + self.contract(features)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "depth": self.depth}


@keras.saving.register_keras_serializable(package="gan_keras")
class LearnedStart(OnePrecision, layers.Layer):
    """A learnt feature map `(size, size, filters)`, its channels scaled by a linear function of the latents.

    Args:
        size: Height and width.
        filters: Channels.
    """

    def __init__(self, size, filters, **kwargs):
        super().__init__(**kwargs)
        self.size, self.filters = size, filters
        self.scale = layers.Dense(filters, use_bias=False, kernel_initializer=variance_preserving())

    def build(self, input_shape):
        self.scale.build(input_shape)
        shape = (self.size, self.size, self.filters)
        self.basis = self.add_weight(name="basis", shape=shape, initializer=keras.initializers.RandomNormal(stddev=1.0))

    def call(self, latents):
        return self.basis * self.scale(latents)[:, None, None, :]

    def get_config(self):
        return {**super().get_config(), "size": self.size, "filters": self.filters}


@keras.saving.register_keras_serializable(package="gan_keras")
class R3GANGenerator(ImageGenerator):
    """Latents `(batch, latent_dim)` to images `(batch, *image_shape)`, float32; in [-1, 1] once trained, but not clipped.

    Args:
        image_shape: `(size, size, channels)`; a size of 28 or a power of two from 16 to 256.
        latent_dim: Numbers of noise for an image.
        width: Channels up to `full_width_size` pixels, then half as many at each doubling; the paper's is 768. Twice the
            channels must divide into groups of 16, or be below 32.
        num_labels: How many labels condition the images, embedded and put beside the latents; 0 for none.
        blocks: Blocks at each resolution, >= 1; the paper's is 2.
        full_width_size: The largest feature map, in pixels, with all the channels. Most of the work is in the largest ones:
            a smaller number is much faster.
    """

    def __init__(self, image_shape=(32, 32, 3), latent_dim=64, width=768, num_labels=0, blocks=2, full_width_size=32, **kwargs):
        super().__init__(image_shape, latent_dim, width, num_labels, **kwargs)
        self.blocks, self.full_width_size = blocks, full_width_size
        sizes = resolutions(image_shape)
        widths = [narrowed(width, size, full_width_size) for size in sizes]
        self.label_embedding = None
        if num_labels:
            self.label_embedding = layers.Embedding(num_labels, latent_dim, embeddings_initializer=normal(num_labels))
        self.start = LearnedStart(sizes[0], width)
        self.stages = [stage(filters, blocks, len(sizes)) for filters in widths]
        self.transitions = [transition(before, after) for before, after in neighbours(widths)]
        self.upsampling = SmoothUpsampling2D()
        self.to_image = layers.Conv2D(
            image_shape[-1], 1, use_bias=False, kernel_initializer=variance_preserving(), dtype="float32"
        )

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        features = self.stages[0](self.start(beside(latents, self.label_embedding, labels)))
        for between, blocks in zip(self.transitions, self.stages[1:], strict=True):
            features = blocks(self.upsampling(between(features)))
        return self.to_image(features)

    def get_config(self):
        return {**super().get_config(), "blocks": self.blocks, "full_width_size": self.full_width_size}


@keras.saving.register_keras_serializable(package="gan_keras")
class R3GANDiscriminator(ImageDiscriminator):
    """Images in [-1, 1], `(batch, *image_shape)`, to logits `(batch, 1)`, float32.

    Args:
        image_shape: `(size, size, channels)`, as for `R3GANGenerator`.
        width: Channels, as for `R3GANGenerator`.
        num_labels: How many labels the images have, read by projection; 0 for none.
        blocks: Blocks at each resolution, as for `R3GANGenerator`.
        full_width_size: The largest feature map with all the channels, as for `R3GANGenerator`.
    """

    def __init__(self, image_shape=(32, 32, 3), width=768, num_labels=0, blocks=2, full_width_size=32, **kwargs):
        super().__init__(image_shape, width, num_labels, **kwargs)
        self.blocks, self.full_width_size = blocks, full_width_size
        sizes = resolutions(image_shape)
        widths = [narrowed(width, size, full_width_size) for size in reversed(sizes)]
        self.from_image = layers.Conv2D(widths[0], 1, use_bias=False, kernel_initializer=variance_preserving())
        self.stages = [stage(filters, blocks, len(sizes)) for filters in widths]
        self.transitions = [transition(before, after) for before, after in neighbours(widths)]
        self.downsampling = SmoothDownsampling2D()
        self.gather = layers.DepthwiseConv2D(sizes[0], use_bias=False, depthwise_initializer=normal(sizes[0] ** 2))
        self.flatten = layers.Flatten()
        # With labels the last features are as wide as the embedding; without, they are the logit.
        self.last = layers.Dense(
            width if num_labels else 1, use_bias=False, kernel_initializer=variance_preserving(), dtype="float32"
        )
        self.label_embedding = None
        if num_labels:
            start = normal(num_labels * width)
            self.label_embedding = layers.Embedding(num_labels, width, embeddings_initializer=start, dtype="float32")

    def call(self, samples, labels=None, training=False):
        check_labels(labels, self.num_labels)
        features = self.last(self.features(samples, training=training))
        return projection(features, self.label_embedding, labels, self.num_labels) if self.num_labels else features

    def features(self, samples, training=False):
        """What the last layer reads: `(batch, numbers)`."""
        features = self.stages[0](self.from_image(samples))
        for between, blocks in zip(self.transitions, self.stages[1:], strict=True):
            features = blocks(between(self.downsampling(features)))
        return self.flatten(self.gather(features))

    def layers_by_depth(self):
        """For `gan_keras.freeze`: each resolution with what leads to it, and last what makes the logit."""
        stages = [[self.from_image, self.stages[0]], *map(list, zip(self.transitions, self.stages[1:], strict=True))]
        return [*stages, [layer for layer in (self.gather, self.last, self.label_embedding) if layer is not None]]

    def get_config(self):
        return {**super().get_config(), "blocks": self.blocks, "full_width_size": self.full_width_size}


def stage(filters, blocks, num_stages):
    """The blocks of one resolution."""
    return keras.Sequential([R3GANBlock(filters, depth=blocks * num_stages) for _ in range(blocks)])


def transition(before, after):
    """1x1 to another number of channels; nothing if it is the same."""
    if before == after:
        return layers.Identity()
    return layers.Conv2D(after, 1, use_bias=False, kernel_initializer=variance_preserving())


def neighbours(values):
    return list(zip(values, values[1:], strict=False))


def variance_preserving(gain=1.0):
    """Normal, so that the output of a layer has `gain^2` times the mean square of its input."""
    return keras.initializers.VarianceScaling(gain**2, mode="fan_in", distribution="untruncated_normal")


def normal(fan_in):
    return keras.initializers.RandomNormal(stddev=1 / math.sqrt(fan_in))
