"""Variational autoencoders of table rows: the baseline `TableVAE`, and `VariationalBound`, the same loss as a GAN's objective.

References: [Auto-Encoding Variational Bayes, Kingma and Welling, 2014](https://arxiv.org/abs/1312.6114);
[Xu et al., 2019](https://arxiv.org/abs/1907.00503), section 4.5, for rows; [Larsen et al., 2016](https://arxiv.org/abs/1512.09300),
section 3, for the bound inside a GAN, here with the likelihood of rows instead of features.
"""

import keras
import tensorflow as tf
from keras import ops

from gan_keras import noise
from gan_keras.auxiliary import Objective
from gan_keras.gans.step_metrics import StepMetrics
from gan_keras.gans.table_gan import TableGAN
from gan_keras.networks.tabular_autoencoder import negative_bound

MEASURED_ROWS = 64  # per batch: as many are generated to measure diversity
_CODES = 3  # index of the child seed for the noise of codes


@keras.saving.register_keras_serializable(package="gan_keras")
class TableVAE(TableGAN):
    """The baseline that a GAN of rows has to beat: it is trained by the likelihood of rows alone, and used as a `TableGAN` is.

    The decoder takes the generator's place and the encoder the discriminator's; both read conditions. One loss, the negative
    evidence lower bound, trains both. Arguments of `compile` other than optimizers and `generator_ema` have no effect.

    Args:
        generator: A `networks.TableDecoder`.
        discriminator: A `networks.TableEncoder`.
        codec: An adapted `codecs.TableCodec`.
        seed: Integer that determines all noise of training.
        reconstruction_weight: Weight of the likelihood relative to the divergence, > 0; the paper uses 2.
    """

    def __init__(self, generator, discriminator, codec, seed=0, reconstruction_weight=2.0, **kwargs):
        super().__init__(generator, discriminator, codec, seed, **kwargs)
        self.reconstruction_weight = positive(reconstruction_weight)

    loss_tells_quality = True  # it is the bound on the likelihood

    def train_step(self, data):
        samples, conditions = self.unpack(data)
        with tf.GradientTape(persistent=True) as tape:
            code_noise = noise.normal(noise.split(self.next_seeds(ops.shape(samples)[0]), _CODES), self.generator.noise_dim)
            loss = self.bound(samples, conditions, code_noise)
        self.discriminator_player.update(loss, tape)
        self.average_generator(self.generator_player.update(loss, tape))
        self.step_metrics.g_loss.update_state(loss)
        real_rows, conditions = samples[:MEASURED_ROWS], None if conditions is None else conditions[:MEASURED_ROWS]
        self.step_metrics.update_samples(real_rows, self.draw(real_rows, conditions).fake_data)
        return self.step_metrics.result()

    def bound(self, samples, conditions, code_noise):
        """Returns the negative evidence lower bound in nats per row, without constants, averaged over the batch."""
        networks = self.generator, self.discriminator
        return ops.mean(negative_bound(*networks, samples, conditions, code_noise, self.reconstruction_weight))

    def test_step(self, data):
        """Measures the bound of held-out rows, with each code at its mean."""
        samples, conditions = self.read_batch(data)
        self.step_metrics.g_loss.update_state(self.bound(samples, conditions, code_noise=0.0))
        return self.step_metrics.test_result()

    def make_step_metrics(self):
        return LikelihoodMetrics()

    def get_config(self):
        return {**super().get_config(), "reconstruction_weight": self.reconstruction_weight}


class LikelihoodMetrics(StepMetrics):
    """Step metrics of a likelihood model, without those of an adversary, so that no symptom of a GAN is diagnosed."""

    def test_result(self):
        return {name: value for name, value in super().test_result().items() if not name.startswith("d_")}


@keras.saving.register_keras_serializable(package="gan_keras")
class VariationalBound(Objective):
    """Adds `weight` x the negative evidence lower bound of the batch's real rows to the generator's loss.

    The generator is a `networks.EncodedTableGenerator`. Its encoder learns from this term alone.

    Args:
        weight: Weight of the bound, in nats per row, relative to the adversarial loss, >= 0.
        reconstruction_weight: Weight of the likelihood in the bound, > 0.
    """

    def __init__(self, weight=1.0, reconstruction_weight=2.0):
        super().__init__(weight)
        self.reconstruction_weight = positive(reconstruction_weight)

    def prepare(self, gan):
        if not hasattr(gan.generator, "bound"):
            raise ValueError(
                f"VariationalBound needs a generator with an encoder, and got {gan.generator.name!r}. "
                "Expected a `gan_keras.networks.EncodedTableGenerator`."
            )

    def generator(self, gan, batch):
        code_noise = batch.latents[:, : gan.generator.noise_dim]
        bound = gan.generator.bound(batch.real_data, batch.labels, code_noise, self.reconstruction_weight)
        return self.weight * ops.mean(bound)

    def get_config(self):
        return {**super().get_config(), "reconstruction_weight": self.reconstruction_weight}


def positive(reconstruction_weight):
    """Returns the weight as a float; raises `ValueError` unless it is more than 0."""
    if not reconstruction_weight > 0:
        raise ValueError(f"reconstruction_weight={reconstruction_weight}. Expected more than 0.")
    return float(reconstruction_weight)
