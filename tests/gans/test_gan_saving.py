"""Files of a `GAN` keep everything that shapes training, so that a resumed run equals an uninterrupted one."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from broken_off import Anew, furthest, state_of
from gan_keras import GAN, losses, penalties
from gan_keras.networks import MLPDiscriminator, MLPGenerator
from small_gans import POINTS, train


def stochastic_gan(*more_penalties):
    """A GAN with all that has a state: dropout, batch normalisation, a random penalty, two optimizers with momentum."""
    keras.utils.clear_session()  # so that layers have the names of a fresh process: the order of sums in a graph follows names
    keras.utils.set_random_seed(11)
    layers = keras.layers
    generator = keras.Sequential(
        [keras.Input((4,)), layers.Dense(8, "relu"), layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(2)]
    )
    discriminator = keras.Sequential([keras.Input((2,)), layers.Dense(8, "relu"), layers.Dropout(0.3), layers.Dense(1)])
    gan = GAN(generator, discriminator, seed=2)
    gan.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.01, 5, 0.9)),
        keras.optimizers.RMSprop(0.002),
        loss=losses.Wasserstein(),
        penalties=[penalties.GradientPenalty(2.0, seed=6), *more_penalties],
        discriminator_steps=2,
        generator_ema=0.9,
    )
    return gan


RESUME = """
import sys
import keras, numpy as np
import gan_keras
gan = keras.models.load_model(sys.argv[1])
gan.fit(np.load(sys.argv[2]), batch_size=16, epochs=2, shuffle=False, verbose=0)
gan.save(sys.argv[3])
"""


@pytest.mark.slow
def test_training_resumed_in_a_fresh_process_equals_uninterrupted_training(tmp_path):
    anew = Anew(stochastic_gan())
    train(anew(), epochs=4)
    straight, samples, half = state_of(anew.gan), anew.gan.generate(5), anew()
    train(half, epochs=2)
    half.save(tmp_path / "half.keras")
    np.save(tmp_path / "points.npy", POINTS)
    paths = [str(tmp_path / name) for name in ("half.keras", "points.npy", "resumed.keras")]
    subprocess.run([sys.executable, "-c", RESUME, *paths], check=True)
    resumed = keras.models.load_model(tmp_path / "resumed.keras")
    assert isinstance(resumed.discriminator_optimizer, keras.optimizers.RMSprop)
    assert (resumed.discriminator_steps, resumed.generator_ema, resumed.seed) == (2, 0.9, 2)
    assert furthest(resumed, straight) == 0.0 < 1e-3 < furthest(half, straight)
    np.testing.assert_array_equal(resumed.generate(5), samples)


@pytest.fixture
def sums_in_the_order_written():
    """TensorFlow's graph optimizer orders sums by the names of nodes: a second GAN in a process has other last bits."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


def gan_with_every_penalty():
    layers = keras.layers
    swap = [layers.Reshape((1, 2, 1)), layers.RandomFlip("horizontal", seed=8), layers.Flatten()]
    return stochastic_gan(
        penalties.Lazy(penalties.DRAGAN(2.0, seed=7), interval=3),
        penalties.LeCam(0.5, decay=0.9),
        penalties.Consistency(keras.Sequential([keras.Input((2,)), *swap])),
    )


def test_the_state_of_every_penalty_is_resumed(tmp_path, sums_in_the_order_written):
    anew = Anew(gan_with_every_penalty())
    fresh = {name: variable.numpy() for name, variable in anew.gan.own_state().items() if name.startswith("penalty")}
    assert sorted(fresh) == [f"penalty_{index}" for index in range(6)]
    train(anew(), epochs=4)
    straight, half = state_of(anew.gan), anew()
    train(half, epochs=2)
    assert all((variable.numpy() != fresh[name]).any() for name, variable in half.own_state().items() if name in fresh)
    half.save(tmp_path / "half.keras")
    resumed = keras.models.load_model(tmp_path / "half.keras")
    train(resumed, epochs=2)
    assert furthest(resumed, straight) == 0.0


def test_a_weights_file_keeps_the_random_state_too_and_a_gan_is_loaded_without_its_training_too(tmp_path):
    trained, fresh = stochastic_gan(), stochastic_gan()
    trained.run_eagerly = True
    train(trained, epochs=1)
    trained.save_weights(tmp_path / "gan.weights.h5")
    fresh.load_weights(tmp_path / "gan.weights.h5")
    assert furthest(fresh, trained) == 0.0
    trained.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras", compile=False)
    np.testing.assert_array_equal(loaded.generate(5), trained.generate(5))


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
def test_the_random_state_of_another_gan_is_an_error(tmp_path):
    another = GAN(MLPGenerator((2,), latent_dim=4), MLPDiscriminator())
    another.save_weights(tmp_path / "gan.weights.h5")
    pytest.raises(ValueError, stochastic_gan().load_weights, tmp_path / "gan.weights.h5").match("Expected .*: another GAN")


def test_a_gan_that_was_never_compiled_is_saved_and_loaded(tmp_path):
    gan = GAN(MLPGenerator((2,), latent_dim=4), MLPDiscriminator())
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert not loaded.compiled
    np.testing.assert_array_equal(loaded.generate(3), gan.generate(3))


def test_a_gan_augmented_by_a_keras_layer_is_loaded_with_and_without_its_training(tmp_path):
    generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16), keras.layers.Reshape((4, 4, 1))])
    gan = GAN(generator, keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]))
    gan.compile(augmentation=keras.layers.RandomFlip(seed=1))
    gan.fit(np.ones((8, 4, 4, 1), np.float32), verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(*(each.augmentation.variables[0] for each in (gan, loaded)))
    used = keras.saving.load_model(tmp_path / "gan.keras", compile=False)
    np.testing.assert_array_equal(used.generate(3), gan.generate(3))
