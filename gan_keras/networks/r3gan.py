"""R3GAN: modern convolutional networks without normalisation or tricks: [Huang et al., 2025](https://arxiv.org/abs/2501.05441).

Made for `losses.RelativisticPaired` with `penalties.R1` and `penalties.R2`. Both networks are stacks of the same residual
block; the discriminator mirrors the generator.
"""

import itertools
import math

import keras
from keras import layers, ops

from gan_keras.networks.base import OnePrecision, append_labels, attributes, check_labels, projection, require_labels
from gan_keras.networks.image_base import ImageDiscriminator, ImageGenerator, narrowed, resolutions
from gan_keras.networks.layers import GroupedConv2D, SmoothDownsampling2D, SmoothUpsampling2D

_EXPANSION = 2  # factor of the channels in the middle of a block
_GROUP = 16  # channels per group in the middle of a block
_SLOPE = 0.2  # of the leaky ReLU
_GAIN = math.sqrt(2 / (1 + _SLOPE**2))  # keeps the variance through a leaky ReLU


@keras.saving.register_keras_serializable(package="gan_keras")
class R3GANBlock(OnePrecision, layers.Layer):
    """Residual block: 1x1 to twice the channels, grouped 3x3, 1x1 back, with leaky ReLU in between.

    The last convolution starts at 0, so the block starts as the identity. The other two are scaled down by the depth of the
    network, as in [Fixup](https://arxiv.org/abs/1901.09321). Only convolutions that a leaky ReLU follows have a bias. `filters`
    is the number of input and output channels, `depth` the number of blocks of the network.
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
        return {**super().get_config(), **attributes(self, "filters", "depth")}


@keras.saving.register_keras_serializable(package="gan_keras")
class LearnedStart(OnePrecision, layers.Layer):
    """Learned feature map `(size, size, filters)` with channels scaled by a linear function of the latents."""

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
        return {**super().get_config(), **attributes(self, "size", "filters")}


@keras.saving.register_keras_serializable(package="gan_keras")
class R3GANGenerator(ImageGenerator):
    """Latents `(batch, latent_dim)` to images `(batch, *image_shape)`, float32; in [-1, 1] once trained, but not clipped.

    Args:
        image_shape: `(size, size, channels)`; the size is 28 or a power of two from 16 to 256.
        latent_dim: Size of the latents.
        width: Channels up to `full_width_size` pixels, then half as many per doubling; 768 in the paper. Twice the channels
            must be a multiple of 16, or below 32.
        num_labels: Number of labels that condition the images; their embedding is appended to the latents. 0 for none.
        blocks: Blocks per resolution, >= 1; 2 in the paper.
        full_width_size: Size in pixels of the largest feature map with all channels. The largest maps take most of the time:
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
        self.transitions = [transition(before, after) for before, after in itertools.pairwise(widths)]
        self.upsampling = SmoothUpsampling2D()
        self.to_image = pointwise(image_shape[-1], dtype="float32")

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        features = self.stages[0](self.start(append_labels(latents, self.label_embedding, labels)))
        for between, blocks in zip(self.transitions, self.stages[1:], strict=True):
            features = blocks(self.upsampling(between(features)))
        return self.to_image(features)

    def get_config(self):
        return {**super().get_config(), **attributes(self, "blocks", "full_width_size")}


@keras.saving.register_keras_serializable(package="gan_keras")
class R3GANDiscriminator(ImageDiscriminator):
    """Images in [-1, 1], `(batch, *image_shape)`, to logits `(batch, 1)`, float32.

    Args:
        image_shape: `(size, size, channels)`, as for `R3GANGenerator`.
        width: Channels, as for `R3GANGenerator`.
        num_labels: Number of labels of the images, read by projection; 0 for none.
        blocks: Blocks per resolution, as for `R3GANGenerator`.
        full_width_size: Size of the largest feature map with all channels, as for `R3GANGenerator`.
    """

    def __init__(self, image_shape=(32, 32, 3), width=768, num_labels=0, blocks=2, full_width_size=32, **kwargs):
        super().__init__(image_shape, width, num_labels, **kwargs)
        self.blocks, self.full_width_size = blocks, full_width_size
        sizes = resolutions(image_shape)
        widths = [narrowed(width, size, full_width_size) for size in reversed(sizes)]
        self.from_image = pointwise(widths[0])
        self.stages = [stage(filters, blocks, len(sizes)) for filters in widths]
        self.transitions = [transition(before, after) for before, after in itertools.pairwise(widths)]
        self.downsampling = SmoothDownsampling2D()
        self.gather = layers.DepthwiseConv2D(sizes[0], use_bias=False, depthwise_initializer=normal(sizes[0] ** 2))
        self.flatten = layers.Flatten()
        # With labels, the outputs of the last layer are as wide as the embedding; without labels, they are the logit.
        options = {"use_bias": False, "kernel_initializer": variance_preserving(), "dtype": "float32"}
        self.last = layers.Dense(width if num_labels else 1, **options)
        self.label_embedding = None
        if num_labels:
            start = normal(num_labels * width)
            self.label_embedding = layers.Embedding(num_labels, width, embeddings_initializer=start, dtype="float32")

    def call(self, samples, labels=None, training=False):
        check_labels(labels, self.num_labels)
        features = self.last(self.features(samples, training=training))
        return projection(features, self.label_embedding, labels, self.num_labels) if self.num_labels else features

    def features(self, samples, training=False):
        """Inputs of the last layer: `(batch, num_features)`."""
        features = self.stages[0](self.from_image(samples))
        for between, blocks in zip(self.transitions, self.stages[1:], strict=True):
            features = blocks(between(self.downsampling(features)))
        return self.flatten(self.gather(features))

    def layers_by_depth(self):
        """For `gan_keras.freeze`: each resolution with the layer before it, then the layers of the logit."""
        stages = [[self.from_image, self.stages[0]], *map(list, zip(self.transitions, self.stages[1:], strict=True))]
        return [*stages, [layer for layer in (self.gather, self.last, self.label_embedding) if layer is not None]]

    def get_config(self):
        return {**super().get_config(), **attributes(self, "blocks", "full_width_size")}


def stage(filters, blocks, num_stages):
    """The blocks of one resolution."""
    return keras.Sequential([R3GANBlock(filters, depth=blocks * num_stages) for _ in range(blocks)])


def transition(before, after):
    """A 1x1 convolution to another number of channels, or the identity if the number is the same."""
    return layers.Identity() if before == after else pointwise(after)


def pointwise(filters, **options):
    return layers.Conv2D(filters, 1, use_bias=False, kernel_initializer=variance_preserving(), **options)


def variance_preserving(gain=1.0):
    """Normal initializer that makes the mean square of a layer's outputs `gain^2` times that of its inputs."""
    return keras.initializers.VarianceScaling(gain**2, mode="fan_in", distribution="untruncated_normal")


def normal(fan_in):
    return keras.initializers.RandomNormal(stddev=1 / math.sqrt(fan_in))
