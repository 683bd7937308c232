"""`GAN` inside Keras: what `compile` takes, what `fit` and `evaluate` do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from broken_off import furthest
from gan_keras import GAN, noise, penalties
from gan_keras.data import mixtures
from gan_keras.networks import MLPGenerator
from small_gans import POINTS, compiled_gan, small_gan, train


def test_optimizers_are_given_by_name_config_or_instance_and_never_shared():
    by_config = {"class_name": "SGD", "config": {"learning_rate": 0.25}}
    for optimizer, rate in (("sgd", 0.01), (by_config, 0.25), (keras.optimizers.SGD(0.25), 0.25)):
        gan = compiled_gan(generator_optimizer=optimizer, discriminator_optimizer="rmsprop")
        assert isinstance(gan.generator_optimizer, keras.optimizers.SGD)
        assert isinstance(gan.discriminator_optimizer, keras.optimizers.RMSprop)
        assert float(gan.generator_optimizer.learning_rate) == pytest.approx(rate)
    gan = compiled_gan(generator_optimizer="adam", discriminator_optimizer="adam")
    assert gan.generator_optimizer is not gan.discriminator_optimizer
    optimizer = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="are the same object. Expected two"):
        compiled_gan(generator_optimizer=optimizer, discriminator_optimizer=optimizer)


def test_an_option_out_of_its_range_is_an_error():
    for option in ({"discriminator_steps": 0}, {"generator_steps": 0}, {"generator_ema": 1.0}, {"generator_ema": -0.1}):
        pytest.raises(ValueError, compiled_gan, **option).match("Expected steps >= 1 and generator_ema in")


def rates(gan):
    return [float(each.learning_rate) for each in (gan.generator_optimizer, gan.discriminator_optimizer)]


def test_callbacks_and_the_optimizer_of_the_gan_change_both_learning_rates_in_proportion(tmp_path):
    gan = compiled_gan(keras.optimizers.SGD(0.2), keras.optimizers.SGD(0.4), run_eagerly=True)
    before = gan.generator.get_weights(), gan.discriminator.get_weights()
    train(gan, POINTS[:16], callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: 0.0)])
    assert rates(gan) == [0.0, 0.0]
    after = gan.generator.get_weights(), gan.discriminator.get_weights()
    assert all(furthest(*each) == 0 for each in zip(after, before, strict=True))
    gan.optimizer.learning_rate = 0.1  # the ratio of before the rates were 0
    assert rates(gan) == pytest.approx([0.1, 0.2])
    plateau = keras.callbacks.ReduceLROnPlateau("g_loss", factor=0.5, patience=0, min_delta=100)
    train(gan, epochs=2, callbacks=[plateau])
    assert rates(gan) == pytest.approx([0.05, 0.1])
    gan.discriminator_optimizer.learning_rate = 0.2
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    loaded.optimizer.learning_rate = 0.1
    assert rates(gan) == pytest.approx([0.05, 0.2]) and rates(loaded) == pytest.approx([0.1, 0.4])


def test_a_schedule_cannot_follow_a_learning_rate_that_is_set_and_a_warning_says_so():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    gan = compiled_gan(keras.optimizers.SGD(0.2), keras.optimizers.SGD(schedule))
    with pytest.warns(UserWarning, match="The learning rate of the generator alone was set: one of the rates is a schedule"):
        gan.optimizer.learning_rate = 0.1
    assert rates(gan) == pytest.approx([0.1, 0.1])


def test_one_step_is_the_update_of_the_algorithm_box():
    """Gradient descent of the linear pair G(z) = a z, D(x) = w x with the Wasserstein loss, worked out by hand."""
    generator = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    discriminator = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    generator.set_weights([np.array([[2.0]])])
    discriminator.set_weights([np.array([[3.0]])])
    gan = GAN(generator, discriminator, seed=5)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), loss="wasserstein", discriminator_steps=2)
    real = np.array([[1.0], [2.0]], np.float32)
    gan.fit(real, verbose=0)
    means = [draw_mean(5, draw) for draw in (1, 2, 3)]
    w = 3.0 - sum(0.1 * (2.0 * mean - 1.5) for mean in means[:2])
    a = 2.0 + 0.1 * w * means[2]
    np.testing.assert_allclose([discriminator.get_weights()[0].item(), generator.get_weights()[0].item()], [w, a], rtol=1e-5)


def draw_mean(seed, draw):
    """Mean of the latents of two samples in one draw of training noise."""
    parent = noise.split(tf.constant([seed], tf.int64), draw)
    return float(tf.reduce_mean(noise.normal(noise.split(parent, tf.range(2, dtype=tf.int64)), 1)))


def test_steps_of_a_network_are_its_updates_per_batch_each_with_noise_of_its_own():
    gan = compiled_gan(generator_steps=3, discriminator_steps=2)
    train(gan)
    assert (int(gan.generator_optimizer.iterations), int(gan.discriminator_optimizer.iterations)) == (12, 8)
    assert int(gan.draws) == 4 * (3 + 2)


def test_networks_of_a_users_own_learn_a_ring():
    keras.utils.set_random_seed(1)

    def network(inputs, outputs):
        hidden = [keras.layers.Dense(64, "leaky_relu") for _ in range(2)]
        return keras.Sequential([keras.Input((inputs,)), *hidden, keras.layers.Dense(outputs)])

    gan = GAN(network(8, 2), network(2, 1))
    optimizers = [keras.optimizers.Adam(2e-3, beta_1=0.5) for _ in range(2)]
    options = {"loss": "relativistic_paired", "penalties": [penalties.R1(0.1), penalties.R2(0.1)], "generator_ema": 0.98}
    gan.compile(*optimizers, **options)
    gan.fit(mixtures.ring(4096, seed=1, deviation=0.1), batch_size=256, epochs=40, verbose=0)
    found = mixtures.modes_covered(gan.generate(2500), mixtures.ring_centres(), deviation=0.1)
    by_chance = mixtures.modes_covered(noise.normal(tf.range(2500), 2).numpy(), mixtures.ring_centres(), deviation=0.1)
    assert by_chance["high_quality"] < 0.3
    assert found["modes"] == 8 and found["high_quality"] > 0.6 and found["reverse_kl"] < 0.5


def test_the_same_seed_trains_the_same_gan_and_another_seed_another():
    runs = []
    for seed in (7, 7, 8):
        gan = small_gan(seed)
        gan.compile(run_eagerly=True)
        train(gan)
        runs.append(gan.generator.get_weights())
    assert furthest(runs[0], runs[1]) == 0
    assert furthest(runs[0], runs[2]) > 1e-4


def test_regularizers_of_a_network_count():
    """For samples at the origin all logits are 0, which leaves the regularizer's part."""
    discriminator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.5))])
    gan = GAN(MLPGenerator((2,), latent_dim=4, units=(8,)), discriminator)
    gan.discriminator.set_weights([np.full((2, 1), 2.0), np.zeros(1)])
    gan.compile("sgd", keras.optimizers.SGD(0.0), loss="hinge")
    bare = gan.adversarial_loss.discriminator(tf.zeros([1, 1]), tf.zeros([1, 1]))
    found = gan.discriminator_loss(tf.zeros([16, 2]), tf.zeros([16, 2]))
    assert float(found) == pytest.approx(float(bare) + 0.5 * 2 * 2**2)


def test_an_average_of_decay_zero_is_the_live_generator():
    gan = compiled_gan(generator_ema=0.0, run_eagerly=True)
    train(gan, POINTS[:32])
    assert furthest(gan.ema_generator.get_weights(), gan.generator.get_weights()) == 0


def test_training_with_a_constant_scale_takes_the_same_steps():
    """An optimizer with a scale divides the gradients by it: an unscaled loss would teach next to nothing."""

    def gan_of(*scales):
        return compiled_gan(*(keras.optimizers.SGD(0.1, loss_scale_factor=scale) for scale in scales), run_eagerly=True)

    plain, scaled = gan_of(None, None), gan_of(1024.0, 64.0)
    start = plain.generator.get_weights()
    train(plain)
    train(scaled)
    for name in ("generator", "discriminator"):
        assert furthest(getattr(plain, name).get_weights(), getattr(scaled, name).get_weights()) < 1e-6
    assert furthest(scaled.generator.get_weights(), start) > 1e-3


def test_networks_of_mixed_precision_train_with_a_penalty():
    policy = keras.DTypePolicy("mixed_bfloat16")
    generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, dtype=policy)])
    discriminator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, dtype=policy)])
    gan = GAN(generator, discriminator)
    gan.compile(penalties=[penalties.R1(), penalties.GradientPenalty()])
    assert np.isfinite(train(gan).history["loss"][-1])
    assert gan.generate(2).dtype == np.float32


class MeanFake(keras.metrics.Mean):
    """Mean of all generated numbers."""

    def update_state(self, real_data, fake_data):
        return super().update_state(fake_data)


def test_evaluation_judges_the_averaged_generator_with_new_noise_in_each_batch():
    gan = compiled_gan(loss="hinge", metrics=[MeanFake("fake")])
    train(gan)
    found = gan.evaluate(POINTS[:32], batch_size=16, verbose=0, return_dict=True)
    fake = gan.ema_generator(noise.normal(tf.range(32), 4)).numpy()
    real_logits, fake_logits = gan.discriminator(POINTS[:32]).numpy(), gan.discriminator(fake).numpy()
    expected = {
        "fake": fake.mean(),
        "d_real": real_logits.mean(),
        "d_fake": fake_logits.mean(),
        "d_accuracy": (real_logits > fake_logits).mean(),
        "d_loss": np.maximum(0, 1 - real_logits).mean() + np.maximum(0, 1 + fake_logits).mean(),
        "g_loss": -fake_logits.mean(),
    }
    expected["loss"] = expected["d_loss"] + expected["g_loss"]
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_validation_data_are_evaluated_after_each_epoch_and_change_nothing():
    with_validation, without = compiled_gan(), compiled_gan()
    history = train(with_validation, epochs=2, validation_data=POINTS[:10]).history
    train(without, epochs=2)
    assert {"val_loss", "val_d_loss", "val_g_loss", "val_d_real", "val_d_fake"} < set(history)
    assert len(history["val_loss"]) == 2
    assert furthest(with_validation.get_weights(), without.get_weights()) == 0
