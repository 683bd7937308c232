"""The five networks of [TimeGAN, Yoon et al., 2019](https://papers.nips.cc/paper/8789-time-series-generative-adversarial-networks).

The generator makes hidden states instead of values. An autoencoder (embedder and recovery) maps between both, and a supervisor
learns from real series to predict a hidden state from those before it.
"""

import keras
from keras import layers, ops

from gan_keras.networks.base import Discriminator, Generator, attributes
from gan_keras.networks.series import noise_of_steps


@keras.saving.register_keras_serializable(package="gan_keras")
class TimeGANGenerator(Generator):
    """Latents `(batch, steps * noise_dim)` to series in [-1, 1], `(batch, *series_shape)`: dynamics, then recovery.

    Args:
        series_shape: `(steps, columns)`.
        noise_dim: Size of the noise of a step.
        width: Units of each recurrent layer and size of a hidden state; 24 in the paper's code.
        depth: Recurrent layers of each network, 3 in the paper's code; the supervisor has one less.
    """

    def __init__(self, series_shape, noise_dim=5, width=24, depth=3, **kwargs):
        super().__init__(series_shape[0] * noise_dim, **kwargs)
        self.series_shape, self.noise_dim, self.width, self.depth = tuple(series_shape), noise_dim, width, depth
        self.dynamics = Dynamics(width, depth)
        self.recovery = recurrent_stack(width, depth, series_shape[1], "tanh", dtype="float32")

    def call(self, latents, labels=None, training=False):
        return self.recovery(self.hidden(latents)[1])

    def hidden(self, latents):
        """Hidden states of the generator, and the supervisor's predictions from them, each `(batch, steps, width)`."""
        return self.dynamics(noise_of_steps(latents, self.series_shape[0]))

    def get_config(self):
        config = {**super().get_config(), **attributes(self, "series_shape", "noise_dim", "width", "depth")}
        del config["latent_dim"]  # follows from the others
        return config


class Dynamics(keras.Model):
    """Generator and supervisor of hidden states, which are trained together. Arguments as for `TimeGANGenerator`."""

    def __init__(self, width, depth, **kwargs):
        super().__init__(**kwargs)
        self.generator = recurrent_stack(width, depth, width, "sigmoid")
        self.supervisor = recurrent_stack(width, max(1, depth - 1), width, "sigmoid")

    def call(self, noise):
        made = self.generator(noise)
        return made, self.supervisor(made)


@keras.saving.register_keras_serializable(package="gan_keras")
class TimeGANDiscriminator(Discriminator):
    """Series `(batch, steps, columns)` to logits `(batch, 1)`, float32: an embedder, then a judge of hidden states.

    Args:
        width: Units of each recurrent layer, as for `TimeGANGenerator`.
        depth: Recurrent layers of each network, as for `TimeGANGenerator`.
    """

    def __init__(self, width=24, depth=3, **kwargs):
        super().__init__(**kwargs)
        self.width, self.depth = width, depth
        self.embedder = recurrent_stack(width, depth, width, "sigmoid")
        self.judge = recurrent_stack(width, depth, 1, None, dtype="float32")

    def call(self, samples, labels=None, training=False):
        return self.judge_hidden(self.embedder(samples))

    def judge_hidden(self, hidden):
        """Logits `(batch, 1)` of hidden states: the mean over the steps."""
        return ops.mean(self.judge(hidden), axis=1)

    def get_config(self):
        return {**super().get_config(), **attributes(self, "width", "depth")}


def recurrent_stack(width, depth, outputs, activation, dtype=None):
    """GRU layers, then a dense layer at each step."""
    recurrent = [layers.GRU(width, return_sequences=True) for _ in range(depth)]
    return keras.Sequential([*recurrent, layers.Dense(outputs, activation=activation, dtype=dtype)])
