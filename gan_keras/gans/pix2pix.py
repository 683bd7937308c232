"""`Pix2Pix`: images translated by the example of pairs. Only what differs from `GAN`.

Reference: [Image-to-image translation with conditional GANs, Isola et al., 2016](https://arxiv.org/abs/1611.07004), section 3.
"""

import keras
import tensorflow as tf
from keras import ops

from gan_keras import auxiliary as objectives
from gan_keras.gans.image_translation import ImageTranslation
from gan_keras.gans.inputs import check_samples
from gan_keras.gans.step_metrics import StepMetrics
from gan_keras.networks.base import call_network, read_samples


@keras.saving.register_keras_serializable(package="gan_keras")
class Pix2Pix(ImageTranslation):
    """A generator from domain a to domain b, and a discriminator that reads an image of a and, beside it, one of b.

    Args:
        generator: A `keras.Model` from samples `(batch, height, width, channels)` to samples of the same shape, with an
            attribute `latent_dim` of 0, such as `networks.Pix2PixGenerator`.
        discriminator: A `keras.Model` from pairs `(batch, height, width, 2 * channels)` to logits, `(batch, 1)` or a map of
            them, `(batch, height, width, 1)`.
        codec: Maps raw values to tensors and back inside the graph; None if samples are tensors already.
        seed: Integer that all noise of training follows from.

    Data sets for `fit` yield pairs of batches: samples of a, and of b what each of them should become.

    Raises:
        ValueError: If the networks do not fit together; the message tells the shapes.
    """

    @property
    def translators(self):
        return {"a_to_b": self.ema_generator}

    def build_networks(self):
        images = self.latents_from(tf.range(2, dtype=tf.int64))
        fake_b = call_network(self.generator, images)
        self.sample_shape = tuple(fake_b.shape[1:])
        check_samples(self, fake_b)
        read_samples(self.discriminator, beside(images, fake_b))

    def make_step_metrics(self):
        """`l1` is the mean absolute error of samples, without its weight."""
        return StepMetrics(l1=keras.metrics.Mean("l1"))

    def compile(
        self, generator_optimizer="adam", discriminator_optimizer="adam", loss="non_saturating", l1_weight=100.0, **kwargs
    ):
        """Says how to train. Arguments that are not listed are those of `GAN.compile`, without `history_pool` and `auxiliary`.

        Args:
            generator_optimizer: Name, config or instance of a Keras optimizer.
            discriminator_optimizer: The same, for the discriminator.
            loss: Name, config or instance: see `gan_keras.losses`.
            l1_weight: Of the mean absolute error beside the adversarial loss, >= 0; the paper's is 100.
            **kwargs: As for `GAN.compile`.

        Raises:
            ValueError: If an argument is out of its range or does not go with pairs.
        """
        if l1_weight < 0:
            raise ValueError(f"l1_weight={l1_weight}. Expected a weight >= 0.")
        unfit = [name for name in ("auxiliary", "history_pool") if kwargs.get(name)]
        if unfit:
            raise ValueError(f"Got {' and '.join(unfit)} for a Pix2Pix. Expected none: its generator learns from pairs.")
        self.l1_weight = float(l1_weight)
        super().compile(generator_optimizer, discriminator_optimizer, loss, **kwargs)

    # --- The algorithm: section 3.1. The discriminator learns as in `GAN`, from pairs. ---

    def train_generator(self, real_data, labels=None):
        _, real_b = parts(real_data)
        with tf.GradientTape() as tape:
            fake_data = self.draw(real_data).fake_data
            loss = self.adversarial_loss.generator(self.judge(real_data), self.judge(fake_data))
            l1 = ops.mean(ops.abs(real_b - parts(fake_data)[1]))
            loss += self.l1_weight * l1 + sum(self.generator.losses)
        has_moved = self.generator_player.update(loss, tape)
        self.average_generator(has_moved)
        self.step_metrics.g_loss.update_state(loss)
        self.step_metrics.l1.update_state(l1)

    def draw(self, real_data, labels=None):
        """Beside each sample of a what the live generator makes of it."""
        real_a, _ = parts(real_data)
        fake_b = call_network(self.generator, real_a, training=True)
        return objectives.Batch(real_data, beside(real_a, fake_b), real_a, labels)

    def draw_to_test(self, real_data, labels=None):
        real_a, _ = parts(real_data)
        return beside(real_a, self(real_a))

    def read_batch(self, data):
        return beside(*super().read_batch(data)), None

    # --- Measuring and saving. ---

    def get_compile_config(self):
        config = super().get_compile_config()
        if config is None:
            return None
        return {
            **{name: config[name] for name in config if name not in ("history_pool", "auxiliary")},
            "l1_weight": self.l1_weight,
        }


def beside(of_a, of_b):
    """Pairs as one sample each: the channels of a, then those of b."""
    return ops.concatenate([of_a, of_b], axis=-1)


def parts(pairs):
    """The samples of a and those of b."""
    return ops.split(pairs, 2, axis=-1)
