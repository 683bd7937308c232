"""Waveforms by one-dimensional convolutions with long kernels: [Donahue et al., 2019](https://arxiv.org/abs/1802.04208)."""

import math

import keras
from keras import layers, ops

from gan_keras.networks.base import Discriminator, Generator
from gan_keras.networks.image_base import beside, check_labels, projection, require_labels
from gan_keras.networks.layers import PhaseShuffle

_KERNEL, _STRIDE = 25, 4
_LONGEST_START = 16  # steps before the first convolution
_SLOPE = 0.2  # of the leaky ReLU


def depth_of(length):
    """How many convolutions, each of the stride 4, lead from at most 16 steps to a waveform of `length` samples.

    Raises:
        ValueError: If the length is below 16, or no whole number of steps becomes it.
    """
    depth = max(1, math.ceil(math.log(length / _LONGEST_START, _STRIDE) - 1e-9)) if length >= _LONGEST_START else 0
    if not depth or length % _STRIDE**depth:
        raise ValueError(
            f"length={length}. Expected at least 16 samples, a multiple of {_STRIDE ** max(depth, 1)}, such as 4096 or 16384: "
            "cut or pad the sounds."
        )
    return depth


def filters_of(width, depth):
    """Filters of the convolutions from the waveform inwards, doubled at each."""
    return [width * 2**index for index in range(depth)]


@keras.saving.register_keras_serializable(package="gan_keras")
class WaveGANGenerator(Generator):
    """Latents `(batch, latent_dim)` to waveforms in [-1, 1], `(batch, length, 1)`, float32.

    Args:
        length: Samples of a waveform: 4 to 16 times a power of four, such as 4096, 5120, 8192 or 16384.
        latent_dim: Numbers of noise for a sound.
        width: Filters before the last convolution, doubled at each before it; the paper's is 64.
        num_labels: How many labels condition the sounds, embedded and put beside the latents; 0 for none.

    Raises:
        ValueError: If no whole number of steps becomes such a length.
    """

    def __init__(self, length=16384, latent_dim=100, width=64, num_labels=0, **kwargs):
        super().__init__(latent_dim, **kwargs)
        self.length, self.width, self.num_labels = length, width, num_labels
        depth = depth_of(length)
        first, *rest = reversed(filters_of(width, depth))
        self.label_embedding = layers.Embedding(num_labels, latent_dim) if num_labels else None
        self.project = layers.Dense(length // _STRIDE**depth * first)
        self.reshape = layers.Reshape((length // _STRIDE**depth, first))
        self.ups = [up(filters) for filters in rest]
        self.to_waveform = up(1, activation="tanh", dtype="float32")

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        features = ops.relu(self.reshape(self.project(beside(latents, self.label_embedding, labels))))
        for convolution in self.ups:
            features = ops.relu(convolution(features))
        return self.to_waveform(features)

    def build_from_config(self, config):
        # Keras would build a loaded network without labels, which a network made for labels refuses.
        self(ops.zeros((1, self.latent_dim)), ops.zeros((1,), "int32") if self.num_labels else None)

    def get_config(self):
        return {**super().get_config(), "length": self.length, "width": self.width, "num_labels": self.num_labels}


@keras.saving.register_keras_serializable(package="gan_keras")
class WaveGANDiscriminator(Discriminator):
    """Waveforms in [-1, 1], `(batch, length, 1)`, to logits `(batch, 1)`, float32.

    Args:
        length: Samples of a waveform, as of `WaveGANGenerator`.
        width: Filters of the first convolution, doubled at each following one; the paper's is 64.
        num_labels: How many labels the sounds have ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
        phase_shuffle: Furthest shift after each convolution but the last: see `layers.PhaseShuffle`.
    """

    def __init__(self, length=16384, width=64, num_labels=0, phase_shuffle=2, **kwargs):
        super().__init__(**kwargs)
        self.length, self.width, self.num_labels, self.phase_shuffle = length, width, num_labels, phase_shuffle
        depth = depth_of(length)
        filters = filters_of(width, depth)
        self.input_spec = keras.layers.InputSpec(shape=(None, length, 1))
        self.downs = [layers.Conv1D(channels, _KERNEL, strides=_STRIDE, padding="same") for channels in filters]
        self.shuffles = [PhaseShuffle(phase_shuffle) for _ in filters[1:]]
        self.flatten, self.logit = layers.Flatten(), layers.Dense(1, dtype="float32")
        num_features = length // _STRIDE**depth * filters[-1]
        self.label_embedding = layers.Embedding(num_labels, num_features, dtype="float32") if num_labels else None

    def call(self, samples, labels=None, training=False):
        check_labels(labels, self.num_labels)
        features = self.features(samples, training=training)
        logits = self.logit(features)
        if not self.num_labels:
            return logits
        return logits + projection(features, self.label_embedding, labels, self.num_labels)

    def features(self, samples, training=False):
        """What the last layer reads: `(batch, numbers)`."""
        features = ops.leaky_relu(self.downs[0](samples), _SLOPE)
        for shuffle, convolution in zip(self.shuffles, self.downs[1:], strict=True):
            features = ops.leaky_relu(convolution(shuffle(features, training=training)), _SLOPE)
        return self.flatten(features)

    def layers_by_depth(self):
        """For `gan_keras.freeze`: each convolution, and last the logit."""
        return [*([each] for each in self.downs), [layer for layer in (self.logit, self.label_embedding) if layer is not None]]

    def get_config(self):
        own = {"length": self.length, "width": self.width, "num_labels": self.num_labels, "phase_shuffle": self.phase_shuffle}
        return {**super().get_config(), **own}


def up(filters, **options):
    return layers.Conv1DTranspose(filters, _KERNEL, strides=_STRIDE, padding="same", **options)
