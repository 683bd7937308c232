"""A user's own networks and algorithm: as short as Keras' guides write them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import gan_keras

POINTS = np.random.default_rng(0).normal(size=(32, 2)).astype("float32")


class ShortGenerator(keras.Model):
    """No `**kwargs`, no `get_config`."""

    latent_dim = 4

    def __init__(self):
        super().__init__()
        self.hidden, self.norm = keras.layers.Dense(8, "relu"), keras.layers.BatchNormalization()
        self.last = keras.layers.Dense(2)

    def call(self, latents, training=False):
        return self.last(self.norm(self.hidden(latents), training=training))


class ShortDiscriminator(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.hidden, self.last = keras.layers.Dense(units, "relu"), keras.layers.Dense(1)

    def call(self, samples, training=False):
        return self.last(self.hidden(samples))


def pair():
    generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(2)])
    return generator, keras.Sequential([keras.Input((2,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])


def test_subclasses_without_a_configuration_train_generate_and_export_and_saving_tells_what_they_lack(tmp_path):
    gan = gan_keras.GAN(ShortGenerator(), ShortDiscriminator(8))
    gan.compile(generator_ema=0.5)
    before = gan.generate(3, seed=1)
    gan.fit(POINTS, batch_size=16, verbose=0)
    after = gan.generate(3, seed=1)
    assert (before != after).any()
    np.testing.assert_array_equal(gan.generate(5, seed=0)[1:4], after)
    assert len(gan.ema_generator.weights) == len(gan.generator.weights) == 8
    version = gan_keras.export(gan, tmp_path / "models")
    served = tf.saved_model.load(str(version)).signatures["serving_default"](seed=tf.range(1, 4, dtype=tf.int64))
    np.testing.assert_array_equal(served["sample"], after)
    with pytest.raises(ValueError, match=r"ShortGenerator cannot be saved: .*Expected `def __init__\(self, ..., \*\*kwargs\)`"):
        gan.save(tmp_path / "gan.keras")
    with pytest.raises(ValueError, match="ShortDiscriminator cannot be saved"):
        gan_keras.GAN(pair()[0], ShortDiscriminator(8)).save(tmp_path / "gan.keras")


def test_averaged_weights_of_such_a_network_equal_those_of_one_that_keras_can_rebuild():
    class LongGenerator(ShortGenerator):
        def __init__(self, **kwargs):
            keras.Model.__init__(self, **kwargs)
            self.hidden, self.norm = keras.layers.Dense(8, "relu"), keras.layers.BatchNormalization()
            self.last = keras.layers.Dense(2)

    samples = []
    for kind in (ShortGenerator, LongGenerator):
        keras.utils.set_random_seed(1)
        generator, discriminator = kind(), pair()[1]
        keras.utils.set_random_seed(2)
        gan = gan_keras.GAN(generator, discriminator)
        gan.compile()
        gan.fit(POINTS, batch_size=16, epochs=2, verbose=0)
        samples.append(gan.generate(5))
    np.testing.assert_allclose(*samples, atol=1e-6)


class LogisticGAN(gan_keras.GAN):
    def generator_loss(self, real_data, fake_data, labels=None):
        return keras.ops.mean(keras.ops.softplus(-self.judge(fake_data, labels)))

    def discriminator_loss(self, real_data, fake_data, labels=None):
        real_logits, fake_logits = self.judge(real_data, labels), self.judge(fake_data, labels)
        self.step_metrics.update_logits(real_logits, fake_logits)
        return keras.ops.mean(keras.ops.softplus(-real_logits)) + keras.ops.mean(keras.ops.softplus(fake_logits))


class GeneratorFirst(gan_keras.GAN):
    def train_step(self, data):
        real_data, labels = self.unpack(data)
        self.train_generator(real_data, labels)
        self.train_discriminator(real_data, labels)
        return self.step_metrics.result()


def weights_after(kind):
    keras.utils.set_random_seed(1)
    gan = kind(*pair())
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    history = gan.fit(POINTS, batch_size=16, verbose=0).history
    assert history["samples"] == [32.0] and np.isfinite(history["d_loss"][0] + history["g_loss"][0])
    return gan.get_weights()


def test_losses_and_steps_of_a_subclass_are_those_that_train():
    losses, steps, standard = (weights_after(kind) for kind in (LogisticGAN, GeneratorFirst, gan_keras.GAN))
    for own, expected in zip(losses, standard, strict=True):
        np.testing.assert_allclose(own, expected, atol=1e-6)  # the non-saturating loss, written out
    assert any((one != other).any() for one, other in zip(steps, standard, strict=True))
