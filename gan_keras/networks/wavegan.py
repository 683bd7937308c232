"""WaveGAN: waveforms by one-dimensional convolutions with long kernels: [Donahue et al., 2019](https://arxiv.org/abs/1802.04208)."""

import math

import keras
from keras import layers, ops

from gan_keras.networks.base import Generator, ProjectionDiscriminator, append_labels, attributes, require_labels
from gan_keras.networks.layers import PhaseShuffle

_KERNEL, _STRIDE = 25, 4
_MAX_START = 16  # steps before the first convolution
_SLOPE = 0.2  # of the leaky ReLU


def depth_of(length):
    """Number of convolutions of stride 4 that lead from at most 16 steps to a waveform of `length` samples.

    Raises:
        ValueError: If the length is below 16, or is not a whole number of steps times the strides.
    """
    depth = max(1, math.ceil(math.log(length / _MAX_START, _STRIDE) - 1e-9)) if length >= _MAX_START else 0
    if not depth or length % _STRIDE**depth:
        raise ValueError(
            f"length={length}. Expected at least 16 samples, a multiple of {_STRIDE ** max(depth, 1)}, such as 4096 or 16384: "
            "cut or pad the sounds."
        )
    return depth


@keras.saving.register_keras_serializable(package="gan_keras")
class WaveGANGenerator(Generator):
    """Latents `(batch, latent_dim)` to waveforms in [-1, 1], `(batch, length, channels)`, float32.

    Args:
        length: Samples of a waveform: 4 to 16 times a power of four, such as 4096, 5120, 8192 or 16384.
        latent_dim: Size of the latents.
        width: Filters before the last convolution; 64 in the paper. They double at each one before it.
        num_labels: Number of labels that condition the sounds; their embedding is appended to the latents. 0 for none.
        channels: 1 for mono, 2 for stereo.

    Raises:
        ValueError: If `length` is not of that form.
    """

    def __init__(self, length=16384, latent_dim=100, width=64, num_labels=0, channels=1, **kwargs):
        super().__init__(latent_dim, **kwargs)
        self.length, self.width, self.num_labels, self.channels = length, width, num_labels, channels
        depth = depth_of(length)
        steps, filters = length // _STRIDE**depth, [width * 2**index for index in reversed(range(depth))]
        self.label_embedding = layers.Embedding(num_labels, latent_dim) if num_labels else None
        self.project = layers.Dense(steps * filters[0])
        self.reshape = layers.Reshape((steps, filters[0]))
        self.ups = [up(each) for each in filters[1:]]
        self.to_waveform = up(channels, activation="tanh", dtype="float32")

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        features = ops.relu(self.reshape(self.project(append_labels(latents, self.label_embedding, labels))))
        for convolution in self.ups:
            features = ops.relu(convolution(features))
        return self.to_waveform(features)

    def get_config(self):
        return {**super().get_config(), **attributes(self, "length", "width", "num_labels", *stereo(self))}


@keras.saving.register_keras_serializable(package="gan_keras")
class WaveGANDiscriminator(ProjectionDiscriminator):
    """Waveforms in [-1, 1], `(batch, length, channels)`, to logits `(batch, 1)`, float32.

    Args:
        length: Samples of a waveform, as for `WaveGANGenerator`.
        width: Filters of the first convolution; 64 in the paper. They double at each following one.
        num_labels: Number of labels of the sounds ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
        phase_shuffle: Largest shift after each convolution but the last: see `layers.PhaseShuffle`.
        channels: 1 for mono, 2 for stereo.
    """

    def __init__(self, length=16384, width=64, num_labels=0, phase_shuffle=2, channels=1, **kwargs):
        super().__init__(num_labels, **kwargs)
        self.length, self.width, self.phase_shuffle, self.channels = length, width, phase_shuffle, channels
        depth = depth_of(length)
        filters = [width * 2**index for index in range(depth)]
        self.input_spec = layers.InputSpec(shape=(None, length, channels))
        self.downs = [layers.Conv1D(each, _KERNEL, strides=_STRIDE, padding="same") for each in filters]
        self.shuffles = [PhaseShuffle(phase_shuffle) for _ in filters[1:]]
        self.flatten = layers.Flatten()
        self.add_head(length // _STRIDE**depth * filters[-1])

    def features(self, samples, training=False):
        """Inputs of the last layer: `(batch, num_features)`."""
        features = ops.leaky_relu(self.downs[0](samples), _SLOPE)
        for shuffle, convolution in zip(self.shuffles, self.downs[1:], strict=True):
            features = ops.leaky_relu(convolution(shuffle(features, training=training)), _SLOPE)
        return self.flatten(features)

    def layers_by_depth(self):
        """For `gan_keras.freeze`: each convolution, then the layers of the logit."""
        return [*([convolution] for convolution in self.downs), self.head_layers()]

    def get_config(self):
        return {**super().get_config(), **attributes(self, "length", "width", "num_labels", "phase_shuffle", *stereo(self))}


def stereo(network):
    """Names of the arguments that stereo adds to a config: none for mono, whose checkpoints are older."""
    return ["channels"] if network.channels > 1 else []


def up(filters, **options):
    """A transposed convolution that makes a waveform four times as long."""
    return layers.Conv1DTranspose(filters, _KERNEL, strides=_STRIDE, padding="same", **options)
