"""Convolutions in space and time: the one-stream network of VGAN, [Vondrick et al., 2016](https://arxiv.org/abs/1609.02612)."""

import itertools

import keras
from keras import layers, ops

from gan_keras.networks.dcgan import doubling, initializer, leaky
from gan_keras.networks.image_base import beside, check_labels, require_labels
from gan_keras.networks.layers import BatchNormalization
from gan_keras.networks.video_base import VideoDiscriminator, VideoGenerator, clip_sizes

_KERNEL = 4
_STILL_KERNEL = 3  # along the frames, where their number stays


@keras.saving.register_keras_serializable(package="gan_keras")
class VGANGenerator(VideoGenerator):
    """Latents `(batch, latent_dim)` to clips in [-1, 1], `(batch, *video_shape)`, float32: motion and content are one.

    Args:
        video_shape: `(frames, size, size, channels)`: see `clip_sizes`.
        latent_dim: Numbers of noise for a clip, the paper's are 100.
        width: Filters before the last convolution; the paper's is 64. They double towards the smaller feature maps, up to 8
            times as many.
        num_labels: How many labels condition the clips, embedded and put beside the latents; 0 for none.
    """

    def __init__(self, video_shape=(32, 64, 64, 3), latent_dim=100, width=64, num_labels=0, **kwargs):
        super().__init__(video_shape, latent_dim, width, num_labels, **kwargs)
        sizes = clip_sizes(video_shape)
        (frames, size), *steps = sizes[0], *itertools.pairwise(sizes)
        filters = list(reversed(doubling(width, len(steps))))
        self.label_embedding = layers.Embedding(num_labels, latent_dim) if num_labels else None
        self.project = layers.Dense(frames * size**2 * filters[0], use_bias=False, kernel_initializer=initializer())
        self.reshape = layers.Reshape((frames, size, size, filters[0]))
        self.ups = [up(number, *step) for number, step in zip(filters[1:], steps[:-1], strict=True)]
        self.normalizations = [BatchNormalization(momentum=0.9, epsilon=1e-5) for _ in filters]
        self.to_video = up(video_shape[-1], *steps[-1], use_bias=True, activation="tanh", dtype="float32")

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        features = self.reshape(self.project(beside(latents, self.label_embedding, labels)))
        features = ops.relu(self.normalizations[0](features, training=training))
        for convolution, normalization in zip(self.ups, self.normalizations[1:], strict=True):
            features = ops.relu(normalization(convolution(features), training=training))
        return self.to_video(features)


@keras.saving.register_keras_serializable(package="gan_keras")
class VGANDiscriminator(VideoDiscriminator):
    """Clips in [-1, 1], `(batch, *video_shape)`, to logits `(batch, 1)`, float32.

    Args:
        video_shape: `(frames, size, size, channels)`: see `clip_sizes`.
        width: Filters of the first convolution; the paper's is 64. They double at each following one, up to 8 times as many.
        num_labels: How many labels the clips have ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
    """

    def __init__(self, video_shape=(32, 64, 64, 3), width=64, num_labels=0, **kwargs):
        super().__init__(video_shape, width, num_labels, **kwargs)
        self.body = ClipFeatures(video_shape, width)
        self.logit = layers.Dense(1, kernel_initializer=initializer(), dtype="float32")
        self.label_embedding = layers.Embedding(num_labels, self.body.dim, dtype="float32") if num_labels else None

    def call(self, samples, labels=None, training=False):
        check_labels(labels, self.num_labels)
        features = self.features(samples, training=training)
        return self.with_labels(self.logit(features), features, labels)

    def features(self, samples, training=False):
        """What the last layer reads: `(batch, numbers)`."""
        return self.body(samples, training=training)


class ClipFeatures(layers.Layer):
    """Strided convolutions in space and time from clips to `dim` numbers each.

    Args:
        video_shape: `(frames, size, size, channels)`: see `clip_sizes`.
        width: Filters of the first convolution.
    """

    def __init__(self, video_shape, width, **kwargs):
        super().__init__(**kwargs)
        sizes = clip_sizes(video_shape)
        filters = doubling(width, len(sizes) - 1)
        steps = reversed(list(itertools.pairwise(sizes)))
        pairs = zip(filters, steps, strict=True)
        self.downs = [down(number, *step, use_bias=index == 0) for index, (number, step) in enumerate(pairs)]
        # The first convolution reads the clips as they are: as in DCGAN it stays without normalisation.
        self.normalizations = [BatchNormalization(momentum=0.9, epsilon=1e-5) for _ in filters[1:]]
        self.flatten, self.dim = layers.Flatten(), sizes[0][0] * sizes[0][1] ** 2 * filters[-1]

    def call(self, samples, training=False):
        features = leaky(self.downs[0](samples))
        for convolution, normalization in zip(self.downs[1:], self.normalizations, strict=True):
            features = leaky(normalization(convolution(features), training=training))
        return self.flatten(features)


def up(filters, smaller, larger, use_bias=False, **options):
    """The transposed convolution from one of `clip_sizes` to the next."""
    options = {**options, **_shape_of(smaller, larger), "kernel_initializer": initializer(), "use_bias": use_bias}
    return layers.Conv3DTranspose(filters, padding="same", **options)


def down(filters, smaller, larger, use_bias):
    """The convolution back."""
    options = {**_shape_of(smaller, larger), "kernel_initializer": initializer(), "use_bias": use_bias}
    return layers.Conv3D(filters, padding="same", **options)


def _shape_of(smaller, larger):
    stride = larger[0] // smaller[0]
    kernel = _KERNEL if stride == 2 else _STILL_KERNEL
    return {"kernel_size": (kernel, _KERNEL, _KERNEL), "strides": (stride, 2, 2)}
