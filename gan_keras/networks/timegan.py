"""The five networks of [TimeGAN, Yoon et al., 2019](https://papers.nips.cc/paper/8789-time-series-generative-adversarial-networks).

The generator makes hidden states, not values: an autoencoder gives them their meaning, and a supervisor has learned from real
ones how a hidden state follows from those before it.
"""

import keras
from keras import layers, ops

from gan_keras.networks.base import Discriminator, Generator
from gan_keras.networks.recurrent_series import noise_of_steps


@keras.saving.register_keras_serializable(package="gan_keras")
class TimeGANGenerator(Generator):
    """Latents `(batch, steps * noise_dim)` to series in [-1, 1], `(batch, *series_shape)`: dynamics, then recovery.

    Args:
        series_shape: `(steps, columns)`.
        noise_dim: Numbers of noise for a step.
        width: Units of each recurrent layer, and numbers of a hidden state; those of the paper's code are 24.
        depth: Recurrent layers of each network; the supervisor has one less, as in the paper's code, where it is 3.
    """

    def __init__(self, series_shape, noise_dim=5, width=24, depth=3, **kwargs):
        super().__init__(series_shape[0] * noise_dim, **kwargs)
        self.series_shape, self.noise_dim, self.width, self.depth = tuple(series_shape), noise_dim, width, depth
        self.dynamics = Dynamics(width, depth)
        self.recovery = recurrent_stack(width, depth, series_shape[1], "tanh", dtype="float32")

    def call(self, latents, labels=None, training=False):
        return self.recovery(self.hidden(latents)[1])

    def hidden(self, latents):
        """Hidden states `(batch, steps, width)` as the generator makes them, and as the supervisor goes on from them."""
        return self.dynamics(noise_of_steps(latents, self.series_shape[0]))

    def get_config(self):
        own = ("series_shape", "noise_dim", "width", "depth")
        config = {**super().get_config(), **{name: getattr(self, name) for name in own}}
        del config["latent_dim"]
        return config


class Dynamics(keras.Model):
    """Generator and supervisor in the space of hidden states, which learn together.

    Args:
        width: As of `TimeGANGenerator`.
        depth: As of `TimeGANGenerator`.
    """

    def __init__(self, width, depth, **kwargs):
        super().__init__(**kwargs)
        self.generator = recurrent_stack(width, depth, width, "sigmoid")
        self.supervisor = recurrent_stack(width, max(1, depth - 1), width, "sigmoid")

    def call(self, noise):
        made = self.generator(noise)
        return made, self.supervisor(made)


@keras.saving.register_keras_serializable(package="gan_keras")
class TimeGANDiscriminator(Discriminator):
    """Series `(batch, steps, columns)` to logits `(batch, 1)`, float32: an embedder, and a judge of hidden states.

    Args:
        width: As of `TimeGANGenerator`.
        depth: As of `TimeGANGenerator`.
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
        return {**super().get_config(), "width": self.width, "depth": self.depth}


def recurrent_stack(width, depth, outputs, activation, dtype=None):
    """GRU layers and a dense layer at each step."""
    recurrent = [layers.GRU(width, return_sequences=True) for _ in range(depth)]
    return keras.Sequential([*recurrent, layers.Dense(outputs, activation=activation, dtype=dtype)])
