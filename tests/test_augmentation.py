"""Policies against NumPy and finite differences; the strength, its controllers, and saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from broken_off import Anew
from gan_keras import GAN, augmentation, penalties
from gan_keras.augmentation import Adaptive, DiffAugment, Scheduled
from gan_keras.callbacks import AdaptiveAugmentation
from gan_keras.networks import MLPDiscriminator, MLPGenerator

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.uniform(-1, 1, (6, 16, 8, 3)).astype(np.float32)
NOISE = RANDOM.uniform(0, 1, (6, 2)).astype(np.float32)
NAMES = ("brightness", "saturation", "contrast", "translation", "cutout")


def brightness(image, noise):
    return image + noise[0] - 0.5


def saturation(image, noise):
    grey = image.mean(axis=-1, keepdims=True)
    return 2 * noise[0] * image + (1 - 2 * noise[0]) * grey


def contrast(image, noise):
    return (0.5 + noise[0]) * image + (0.5 - noise[0]) * image.mean()


def translation(image, noise):
    """By at most 2 of 16 and 1 of 8 pixels."""
    down, right = int(noise[0] * 5) - 2, int(noise[1] * 3) - 1
    padded = np.pad(image, ((2, 2), (1, 1), (0, 0)))
    return padded[2 - down : 18 - down, 1 - right : 9 - right]


def cutout(image, noise):
    row, column = int(noise[0] * 16), int(noise[1] * 8)
    cut = image.copy()
    cut[max(row - 4, 0) : row + 4, max(column - 2, 0) : column + 2] = 0
    return cut


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_equals_its_definition_for_each_image(name):
    corners = np.array([[0, 0], [0.9999, 0.9999], [0, 0.9999]], np.float32)
    for noise in (NOISE, np.concatenate([corners, corners])):
        expected = [globals()[name](image, each) for image, each in zip(IMAGES, noise, strict=True)]
        found = getattr(augmentation, name)(tf.constant(IMAGES), tf.constant(noise))
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_shifts_and_cuts_are_equally_likely_everywhere():
    noise = (np.arange(1500) / 1500).astype(np.float32)
    ramp = tf.tile(tf.reshape(tf.range(1.0, 17.0), [1, 16, 1, 1]), [1500, 1, 16, 1])
    shifted = augmentation.translation(ramp, tf.stack([noise, noise], axis=1)).numpy()[:, 8, 8, 0]
    np.testing.assert_array_equal(np.unique(9 - shifted, return_counts=True), [[-2, -1, 0, 1, 2], [300] * 5])


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_of_a_policy_agrees_with_finite_differences(name):
    policy = getattr(augmentation, name)
    images, weights = tf.constant(IMAGES[:, :4, :4]), tf.constant(RANDOM.normal(size=(6, 4, 4, 3)).astype(np.float32))

    def loss(images):
        return tf.reduce_sum(weights * policy(images, NOISE) ** 2)

    with tf.GradientTape() as tape:
        tape.watch(images)
        found = loss(images)
    gradient = tape.gradient(found, images)
    for _ in range(5):
        direction = RANDOM.normal(size=images.shape).astype(np.float32)
        step = 1e-2  # the loss is quadratic: central differences are exact but for rounding
        slope = (loss(images + step * direction) - loss(images - step * direction)) / (2 * step)
        assert float(slope) == pytest.approx(float(tf.reduce_sum(gradient * direction)), rel=2e-3, abs=2e-2)


def test_the_strength_is_the_share_of_images_that_a_policy_changes():
    np.testing.assert_array_equal(DiffAugment(strength=0.0)(tf.constant(IMAGES)), IMAGES)
    changed = np.abs(DiffAugment(strength=1.0)(tf.constant(IMAGES)) - IMAGES).max(axis=(1, 2, 3))
    assert (changed > 1e-3).all()
    images = tf.zeros([4000, 1, 1, 1])
    for strength in (0.2, 0.7):
        changed = DiffAugment(["brightness"], strength=strength)(images).numpy() != 0
        assert changed.mean() == pytest.approx(strength, abs=0.03)


def test_every_image_and_every_call_gets_its_own_noise():
    augment = DiffAugment(["brightness"], seed=4)
    first, second = (augment(tf.zeros([50, 1, 1, 1])).numpy().ravel() for _ in range(2))
    assert len(np.unique(np.concatenate([first, second]))) == 100
    np.testing.assert_array_equal(DiffAugment(["brightness"], seed=4)(tf.zeros([50, 1, 1, 1])).numpy().ravel(), first)


def test_half_precision_batches_of_unknown_size_and_functions_of_ones_own_are_taken():
    augment = DiffAugment()
    graph = tf.function(augment, input_signature=[tf.TensorSpec([None, 16, 8, 3], tf.float16)])
    found = graph(tf.cast(IMAGES, tf.float16))
    assert found.dtype == tf.float16 and found.shape == IMAGES.shape
    np.testing.assert_array_equal(DiffAugment([lambda images, noise: -images])(tf.constant(IMAGES)), -IMAGES)


def test_invalid_arguments_are_errors():
    for make, message in (
        (lambda: DiffAugment(["color"]), "policy='color'. Did you mean 'colour'. Expected one of brightness"),
        (lambda: DiffAugment(strength=1.5), "strength=1.5. Expected a probability"),
        (lambda: Adaptive(target=1.0), "Expected a target in"),
        (lambda: Scheduled(end=-1), "strength=-1. Expected a probability"),
        (lambda: Scheduled(epochs=0), "epochs=0. Expected at least 1"),
        (lambda: AdaptiveAugmentation(every=0), "every=0. Expected"),
        (lambda: DiffAugment()(tf.zeros([2, 3])), r"shape \(2, 3\). Expected images"),
    ):
        pytest.raises(ValueError, make).match(message)


def test_adaptive_strength_moves_by_the_share_of_images_seen():
    adaptive = Adaptive(target=0.5, images=100, strength=0.1)
    for logits, expected in (
        ([5.0] * 10, 0.2),  # mean sign 1: overfitted, up by 10 of 100
        ([1.0] * 8 + [-9.0] * 2, 0.3),  # mean sign 0.6, although the mean logit is below 0
        ([1.0] * 7 + [-1.0] * 3, 0.2),  # mean sign 0.4
        ([-1.0] * 30, 0.0),  # not below 0
        ([2.0] * 200, 1.0),  # not above 1
    ):
        for half in np.split(np.array(logits, np.float32)[:, None], 2):
            adaptive.observe(tf.constant(half))
        adaptive.adapt()
        assert float(adaptive.strength) == pytest.approx(expected, abs=1e-6)
    adaptive.adapt()
    assert float(adaptive.strength) == 1.0  # nothing observed, nothing moved


def test_scheduled_strength_moves_evenly_and_then_stays():
    scheduled, found = Scheduled(strength=1.0, end=0.2, epochs=4), []
    for epoch in (0, 1, 2, 4, 9):
        scheduled.begin_epoch(epoch)
        found.append(float(scheduled.strength))
    np.testing.assert_allclose(found, [1.0, 0.8, 0.6, 0.2, 0.2], atol=1e-6)


def image_gan(augment, **options):
    keras.utils.set_random_seed(1)
    gan = GAN(MLPGenerator((8, 8, 1), 4, (8,), activation="tanh"), MLPDiscriminator((8,)))
    gan.compile(augmentation=augment, **options)
    return gan


def train(gan, epochs=1, **options):
    data = np.random.default_rng(5).uniform(-1, 1, (32, 8, 8, 1)).astype(np.float32)
    return gan.fit(data, batch_size=8, epochs=epochs, shuffle=False, verbose=0, **options)


def test_fit_moves_and_logs_the_strength_that_the_callback_needs():
    gan = image_gan(Scheduled(["translation"], strength=0.0, end=1.0, epochs=2))
    scheduled = train(gan, 3, callbacks=[AdaptiveAugmentation()])
    np.testing.assert_allclose(scheduled.history["augmentation_strength"], [0, 0.5, 1])
    gan = image_gan(Adaptive(["translation"], images=64, target=-0.999), discriminator_steps=2)
    history = train(gan, 2, callbacks=[AdaptiveAugmentation(every=2)])
    assert float(gan.augmentation.sign_count) == 0
    assert history.history["augmentation_strength"] == [1.0, 1.0]  # 64 images in an epoch, and few negative logits
    with pytest.raises(ValueError, match="compiled with augmentation=None. Expected one with a strength"):
        train(image_gan(None), callbacks=[AdaptiveAugmentation()])


def test_penalties_reach_the_discriminator_through_the_augmentation_and_save_the_state_of_their_own():
    gan = image_gan(DiffAugment())
    with tf.GradientTape() as tape:
        penalty = penalties.R1(1.0)(gan.judge, tf.constant(IMAGES[:, :8, :, :1]), None)
    gradients = tape.gradient(penalty, gan.discriminator.trainable_variables[:1])
    assert np.isfinite(gradients[0]).all() and np.abs(gradients[0]).max() > 0
    own = DiffAugment(("translation",))
    assert penalties.Consistency(own).variables == own.variables


def test_labels_are_not_augmented_nor_are_images_outside_training():
    seen = []

    class Recorder(MLPDiscriminator):
        def call(self, samples, labels=None, training=False):
            seen.append((np.array(samples), labels))
            return super().call(samples, training=training)

    gan = GAN(MLPGenerator((8, 8, 1), 4), Recorder((8,)))
    gan.compile(augmentation=DiffAugment())
    images, labels = tf.constant(IMAGES[:, :8, :, :1]), tf.range(6)
    for training in (True, False):
        gan.judge(images, labels, training=training)
        assert seen[-1][1] is labels
        assert np.array_equal(seen[-1][0], images) is not training


@pytest.mark.slow
def test_resumed_training_with_adaptive_augmentation_equals_uninterrupted_training(tmp_path):
    callbacks = [AdaptiveAugmentation(every=3)]
    anew = Anew(image_gan(Adaptive(["translation"], 0.0, images=50, strength=0.3)))
    train(anew(), 2, callbacks=callbacks)
    anew.gan.save(tmp_path / "half.keras")
    straight = anew()
    train(straight, 4, callbacks=callbacks)
    resumed = keras.models.load_model(tmp_path / "half.keras")
    train(resumed, 2, callbacks=callbacks)
    assert isinstance(resumed.augmentation, Adaptive)
    for first, second in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    for first, second in zip(straight.augmentation.variables, resumed.augmentation.variables, strict=True):
        np.testing.assert_array_equal(first, second)
    keras.models.load_model(tmp_path / "half.keras", compile=False).generate(2)
