"""VGAN: convolutions in space and time. The one-stream network of [Vondrick et al., 2016](https://arxiv.org/abs/1609.02612)."""

import itertools

import keras
from keras import layers

from gan_keras.networks.base import append_labels, require_labels
from gan_keras.networks.dcgan import doubling, downsampled, initializer, upsampled
from gan_keras.networks.image_base import VideoDiscriminator, VideoGenerator, clip_sizes
from gan_keras.networks.layers import BatchNormalization

_KERNEL = 4
_STILL_KERNEL = 3  # along the frames, where their number stays the same


@keras.saving.register_keras_serializable(package="gan_keras")
class VGANGenerator(VideoGenerator):
    """Latents `(batch, latent_dim)` to clips in [-1, 1], `(batch, *video_shape)`, float32, motion and content together.

    Args:
        video_shape: `(frames, size, size, channels)`: see `clip_sizes`.
        latent_dim: Size of the latents; 100 in the paper.
        width: Filters before the last convolution; 64 in the paper. They double towards the smaller feature maps, up to 8
            times as many.
        num_labels: Number of labels that condition the clips; their embedding is appended to the latents. 0 for none.
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
        return self.to_video(upsampled(self, append_labels(latents, self.label_embedding, labels), training))


@keras.saving.register_keras_serializable(package="gan_keras")
class VGANDiscriminator(VideoDiscriminator):
    """Clips in [-1, 1], `(batch, *video_shape)`, to logits `(batch, 1)`, float32.

    Args:
        video_shape: `(frames, size, size, channels)`: see `clip_sizes`.
        width: Filters of the first convolution; 64 in the paper. They double at each following one, up to 8 times as many.
        num_labels: Number of labels of the clips ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
    """

    def __init__(self, video_shape=(32, 64, 64, 3), width=64, num_labels=0, **kwargs):
        super().__init__(video_shape, width, num_labels, **kwargs)
        self.body = ClipFeatures(video_shape, width)
        self.add_head(self.body.dim, kernel_initializer=initializer())

    def features(self, samples, training=False):
        """Inputs of the last layer: `(batch, num_features)`."""
        return self.body(samples, training=training)


class ClipFeatures(layers.Layer):
    """Strided convolutions in space and time, from clips to features `(batch, dim)`."""

    def __init__(self, video_shape, width, **kwargs):
        super().__init__(**kwargs)
        sizes = clip_sizes(video_shape)
        filters = doubling(width, len(sizes) - 1)
        steps = reversed(list(itertools.pairwise(sizes)))
        pairs = zip(filters, steps, strict=True)
        self.downs = [down(number, *step, use_bias=index == 0) for index, (number, step) in enumerate(pairs)]
        # As in DCGAN, the first convolution, which reads the clips, is not normalised.
        self.normalizations = [BatchNormalization(momentum=0.9, epsilon=1e-5) for _ in filters[1:]]
        self.flatten, self.dim = layers.Flatten(), sizes[0][0] * sizes[0][1] ** 2 * filters[-1]

    def call(self, samples, training=False):
        return downsampled(self, samples, training)


def up(filters, smaller, larger, use_bias=False, **options):
    """A transposed convolution from one of `clip_sizes` to the next."""
    options = {**options, **shape_of(smaller, larger), "kernel_initializer": initializer(), "use_bias": use_bias}
    return layers.Conv3DTranspose(filters, padding="same", **options)


def down(filters, smaller, larger, use_bias):
    """A convolution from one of `clip_sizes` to the one before."""
    options = {**shape_of(smaller, larger), "kernel_initializer": initializer(), "use_bias": use_bias}
    return layers.Conv3D(filters, padding="same", **options)


def shape_of(smaller, larger):
    """Kernel and strides of a convolution between two of `clip_sizes`."""
    stride = larger[0] // smaller[0]
    kernel = _KERNEL if stride == 2 else _STILL_KERNEL
    return {"kernel_size": (kernel, _KERNEL, _KERNEL), "strides": (stride, 2, 2)}
