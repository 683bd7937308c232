"""`TableVAE`: a variational autoencoder of rows, which is made, trained, used and exported as a `TableGAN` is.

References: [Auto-Encoding Variational Bayes, Kingma and Welling, 2014](https://arxiv.org/abs/1312.6114);
[Xu et al., 2019](https://arxiv.org/abs/1907.00503), section 4.5, for rows.
"""

import keras
import tensorflow as tf
from keras import ops

from gan_keras import noise
from gan_keras.auxiliary import Objective
from gan_keras.gans.step_metrics import StepMetrics
from gan_keras.gans.table_gan import TableGAN
from gan_keras.networks.tabular_autoencoder import negative_bound

MEASURED_ROWS = 64
"""Rows of a batch that are generated beside, to measure how diverse they are."""

_CODES = 3  # which child of the seed the noise of the codes has


@keras.saving.register_keras_serializable(package="gan_keras")
class TableVAE(TableGAN):
    """The baseline that a GAN of rows has to beat: nothing adversarial, only the likelihood of rows.

    The decoder stands in the generator's place, the encoder in the discriminator's; conditions are read by both. One loss,
    the negative evidence lower bound, trains the two. What `compile` knows besides their optimizers, and `generator_ema`, does
    nothing here.

    Args:
        generator: A `networks.TableDecoder`.
        discriminator: A `networks.TableEncoder`.
        codec: An adapted `codecs.TableCodec`.
        seed: Integer that all noise of training follows from.
        reconstruction_weight: Of the likelihood beside the divergence, > 0; the paper's is 2.
    """

    def __init__(self, generator, discriminator, codec, seed=0, reconstruction_weight=2.0, **kwargs):
        super().__init__(generator, discriminator, codec, seed, **kwargs)
        if not reconstruction_weight > 0:
            raise ValueError(f"reconstruction_weight={reconstruction_weight}. Expected more than 0.")
        self.reconstruction_weight = float(reconstruction_weight)

    def train_step(self, data):
        samples, conditions = self.unpack(data)
        with tf.GradientTape(persistent=True) as tape:
            loss = self.bound(samples, conditions)
        self.discriminator_player.update(loss, tape)
        has_moved = self.generator_player.update(loss, tape)
        self.average_generator(has_moved)
        self.step_metrics.g_loss.update_state(loss)
        some = None if conditions is None else conditions[:MEASURED_ROWS]
        made = self.draw(samples[:MEASURED_ROWS], some).fake_data
        self.step_metrics.update_samples(samples[:MEASURED_ROWS], made)
        return self.step_metrics.result()

    def bound(self, samples, conditions):
        """The negative evidence lower bound of rows, nats without constants, the mean over the batch."""
        return self.bound_at(samples, conditions, self.code_noise(ops.shape(samples)[0]))

    def bound_at(self, samples, conditions, code_noise):
        networks = self.generator, self.discriminator
        return ops.mean(negative_bound(*networks, samples, conditions, code_noise, self.reconstruction_weight))

    def code_noise(self, num):
        """Standard normal `(num, code_dim)`, new in every step."""
        return noise.normal(noise.split(self.next_seeds(num), _CODES), self.generator.noise_dim)

    def test_step(self, data):
        """The bound of held-out rows, at the means of their codes."""
        samples, conditions = self.read_batch(data)
        self.step_metrics.g_loss.update_state(self.bound_at(samples, conditions, code_noise=0.0))
        return self.step_metrics.test_result()

    def make_step_metrics(self):
        return LikelihoodMetrics()

    def get_config(self):
        return {**super().get_config(), "reconstruction_weight": self.reconstruction_weight}


class LikelihoodMetrics(StepMetrics):
    """Step metrics of a likelihood model: nothing is adversarial, so that no symptom of two players is looked for."""

    def test_result(self):
        return {name: value for name, value in super().test_result().items() if not name.startswith("d_")}


# --- `VariationalBound`: a generator of rows that explains real rows too, beside convincing a discriminator.
#
# Reference: [Autoencoding beyond pixels, Larsen et al., 2016](https://arxiv.org/abs/1512.09300), section 3, with the
# likelihood of rows themselves in the place of that of features.


@keras.saving.register_keras_serializable(package="gan_keras")
class VariationalBound(Objective):
    """The generator loses `weight` times the negative evidence lower bound of the real rows of the batch.

    The generator is a `networks.EncodedTableGenerator`, whose encoder learns by this term alone.

    Args:
        weight: Of the bound, in nats a row, beside the adversarial loss, >= 0.
        reconstruction_weight: Of the likelihood in the bound, > 0.
    """

    def __init__(self, weight=1.0, reconstruction_weight=2.0):
        super().__init__(weight)
        if not reconstruction_weight > 0:
            raise ValueError(f"reconstruction_weight={reconstruction_weight}. Expected more than 0.")
        self.reconstruction_weight = float(reconstruction_weight)

    def prepare(self, gan):
        if not hasattr(gan.generator, "bound"):
            raise ValueError(
                f"VariationalBound needs a generator with an encoder, and got {gan.generator.name!r}. "
                "Expected a `gan_keras.networks.EncodedTableGenerator`."
            )

    def generator(self, gan, batch):
        noise = batch.latents[:, : gan.generator.noise_dim]
        return self.weight * ops.mean(gan.generator.bound(batch.real_data, batch.labels, noise, self.reconstruction_weight))

    def get_config(self):
        return {**super().get_config(), "reconstruction_weight": self.reconstruction_weight}
