"""`Pix2Pix`: image translation learned from pairs. Only the differences from `GAN`.

Reference: [Image-to-image translation with conditional GANs, Isola et al., 2016](https://arxiv.org/abs/1611.07004), section 3.
"""

import keras
import tensorflow as tf
from keras import ops

from gan_keras import auxiliary as objectives
from gan_keras.gans.image_translation import ImageTranslation
from gan_keras.gans.options import check_unused
from gan_keras.gans.sampling import check_samples
from gan_keras.gans.step_metrics import StepMetrics
from gan_keras.networks.base import call_network, read_samples


@keras.saving.register_keras_serializable(package="gan_keras")
class Pix2Pix(ImageTranslation):
    """A generator from domain a to domain b, and a discriminator of pairs, an image of a stacked with one of b.

    Data sets for `fit` yield pairs of batches: samples of a and their targets in b. `codec` and `seed` are those of `GAN`.

    Args:
        generator: A `keras.Model` from samples `(batch, height, width, channels)` to samples of the same shape, with an
            attribute `latent_dim` of 0, such as `networks.Pix2PixGenerator`.
        discriminator: A `keras.Model` from pairs `(batch, height, width, 2 * channels)` to logits, `(batch, 1)` or a map of
            logits, `(batch, height, width, 1)`.
    """

    @property
    def translators(self):
        return {"a_to_b": self.ema_generator}

    def build_networks(self):
        images = self.latents_from(tf.range(2, dtype=tf.int64))
        fake_b = call_network(self.generator, images)
        self.sample_shape = tuple(fake_b.shape[1:])
        check_samples(self, fake_b)
        read_samples(self.discriminator, stack_pairs(images, fake_b))

    def make_step_metrics(self):
        """`l1` is the mean absolute error of samples, before weighting."""
        return StepMetrics(l1=keras.metrics.Mean("l1"))

    def compile(
        self, generator_optimizer="adam", discriminator_optimizer="adam", loss="non_saturating", l1_weight=100.0, **kwargs
    ):
        """Configures the training.

        Args:
            generator_optimizer: Name, config or instance of a Keras optimizer.
            discriminator_optimizer: Another one, for the discriminator.
            loss: Name, config or instance: see `gan_keras.losses`.
            l1_weight: Weight of the mean absolute error relative to the adversarial loss, >= 0; the paper uses 100.
            **kwargs: Further arguments of `GAN.compile`, except `history_pool` and `auxiliary`.

        Raises:
            ValueError: If an argument is out of its range or not available for pairs.
        """
        if l1_weight < 0:
            raise ValueError(f"l1_weight={l1_weight}. Expected a weight >= 0.")
        check_unused(kwargs, "the generator of a Pix2Pix learns from pairs.", ("auxiliary", "history_pool"))
        self.l1_weight = float(l1_weight)
        super().compile(generator_optimizer, discriminator_optimizer, loss, **kwargs)

    # --- The algorithm: section 3.1. The discriminator learns as in `GAN`, from pairs. ---

    def train_generator(self, real_data, labels=None):
        _, real_b = split_pairs(real_data)
        with tf.GradientTape() as tape:
            fake_data = self.draw(real_data).fake_data
            loss = self.adversarial_loss.generator(self.judge(real_data), self.judge(fake_data))
            l1 = ops.mean(ops.abs(real_b - split_pairs(fake_data)[1]))
            loss += self.l1_weight * l1 + sum(self.generator.losses)
        self.average_generator(self.generator_player.update(loss, tape))
        self.step_metrics.g_loss.update_state(loss)
        self.step_metrics.l1.update_state(l1)

    def draw(self, real_data, labels=None):
        """Returns each sample of a stacked with its translation by the live generator."""
        real_a, _ = split_pairs(real_data)
        fake_b = call_network(self.generator, real_a, training=True)
        return objectives.Batch(real_data, stack_pairs(real_a, fake_b), real_a, labels)

    def draw_to_test(self, real_data, labels=None):
        real_a, _ = split_pairs(real_data)
        return stack_pairs(real_a, self(real_a))

    def read_batch(self, data):
        return stack_pairs(*super().read_batch(data)), None

    def get_compile_config(self):
        config = super().get_compile_config()
        return config and {**config, "l1_weight": self.l1_weight}


def stack_pairs(samples_a, samples_b):
    """Returns each pair as one sample: the channels of a, followed by those of b."""
    return ops.concatenate([samples_a, samples_b], axis=-1)


def split_pairs(pairs):
    return ops.split(pairs, 2, axis=-1)
