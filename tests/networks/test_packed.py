"""Packing: several samples are judged as one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import GAN, penalties
from gan_keras.networks import MLPDiscriminator, MLPGenerator, Packed
from small_gans import POINTS


def packed_mlp(num):
    keras.utils.set_random_seed(6)
    packed = Packed(MLPDiscriminator(units=(8,)), num)
    packed(POINTS[:num])
    return packed


def test_a_packs_logit_is_that_of_its_concatenated_samples():
    packed = packed_mlp(3)
    hidden_kernel, hidden_bias, kernel, bias = packed.get_weights()
    rows = np.array([np.concatenate(POINTS[start : start + 3]) for start in (0, 3)])  # two packs of three points
    hidden = rows @ hidden_kernel + hidden_bias
    logits = np.where(hidden > 0, hidden, 0.2 * hidden) @ kernel + bias
    found = packed(POINTS[:6], training=True)
    np.testing.assert_allclose(found, np.repeat(logits, 3, axis=0), rtol=1e-5, atol=1e-6)


def test_images_are_concatenated_along_their_channels():
    images = np.random.default_rng(1).normal(size=(4, 2, 3, 2)).astype(np.float32)

    class Spy(keras.Model):
        def call(self, packs, training=False):
            self.seen = packs
            return packs[:, 0, 0, :1]

    spy = Spy()
    assert Packed(spy, 2)(images).shape == (4, 1)
    np.testing.assert_array_equal(spy.seen, np.concatenate([images[::2], images[1::2]], axis=-1))


def test_gradients_reach_each_sample_of_a_pack_and_no_other():
    packed, samples = packed_mlp(2), tf.constant(POINTS[:6])
    with tf.GradientTape() as tape:
        tape.watch(samples)
        logit = packed(samples, training=True)[2, 0]
    reached = np.abs(tape.gradient(logit, samples)).max(axis=1) > 1e-4
    np.testing.assert_array_equal(reached, [False, False, True, True, False, False])


def test_r1_of_repeated_logits_is_num_times_r1_of_packs():
    packed = packed_mlp(4)
    of_samples = penalties.R1()(lambda samples: packed(samples, training=True), tf.constant(POINTS), None)
    of_packs = penalties.R1()(packed.discriminator, tf.constant(POINTS.reshape(16, 8)), None)
    assert float(of_samples) == pytest.approx(4 * float(of_packs), rel=1e-5)


@pytest.mark.parametrize("num", [2, 3])
def test_a_gan_trains_evaluates_scores_and_saves_with_packs(tmp_path, num):
    gan = GAN(MLPGenerator((2,), latent_dim=4, units=(8,)), packed_mlp(num))
    gan.compile(penalties=[penalties.R1(1.0 / num)])
    before = [np.array(weight) for weight in gan.discriminator.get_weights()]
    history = gan.fit(POINTS[:60], batch_size=12, validation_data=POINTS[:11], verbose=0).history
    assert np.isfinite([history["loss"], history["val_loss"]]).all()
    assert all(np.abs(new - old).max() > 1e-4 for new, old in zip(gan.discriminator.get_weights(), before, strict=True))
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert gan.score(POINTS[:5]).shape == (5,)
    np.testing.assert_array_equal(loaded.score(POINTS[:5]), gan.score(POINTS[:5]))


def test_outside_training_the_last_pack_is_filled_up_from_the_start():
    packed = packed_mlp(4)
    filled = packed(POINTS[[0, 1, 2, 3, 4, 5, 0, 1]], training=True)
    np.testing.assert_allclose(packed(POINTS[:6]), filled[:6], rtol=1e-6)
    np.testing.assert_allclose(packed(POINTS[:1]), packed(POINTS[[0, 0, 0, 0]], training=True)[:1], rtol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_training_on_an_incomplete_pack_is_an_error(compiled):
    packed = packed_mlp(2)

    def train_on(samples):
        return packed(samples, training=True)

    call = tf.function(train_on, input_signature=[tf.TensorSpec([None, 2])]) if compiled else train_on
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)not a multiple of num=2\. Expected whole packs.*5"):
        call(tf.constant(POINTS[:5]))


def test_packs_take_no_labels_and_hold_at_least_one_sample():
    pytest.raises(ValueError, Packed, MLPDiscriminator(), 0).match("num=0. Expected at least one sample")
    gan = GAN(MLPGenerator((2,), latent_dim=4, units=(8,)), packed_mlp(2))
    gan.compile()
    with pytest.raises(ValueError, match="Got labels, but .* takes none"):
        gan.fit(POINTS, y=np.zeros(64, np.int32), batch_size=16, verbose=0)
