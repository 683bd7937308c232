"""`Quality` scores generated images and restores the best networks."""

import keras
import numpy as np
import pytest

from gan_keras import GAN
from gan_keras.callbacks import Quality
from gan_keras.callbacks.best import BestWeights, networks_of
from gan_keras.metrics.features import FeatureReader
from gan_keras.metrics.image_quality import ImageQuality
from gan_keras.metrics.protocol import Protocol, Score
from gan_keras.networks import Generator, MLPDiscriminator, MLPGenerator

REAL = np.random.default_rng(0).uniform(-1, 1, (96, 4, 4, 1)).astype(np.float32)
LABELS = np.arange(96, dtype=np.int32) % 2
NETWORK = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(4)])


class LabelGenerator(Generator):
    """Grey images, dark for label 0 and bright for label 1, with noise."""

    num_labels = 2

    def __init__(self, latent_dim=16, **kwargs):
        super().__init__(latent_dim, **kwargs)
        self.dense = keras.layers.Dense(16, activation="tanh")

    def call(self, latents, labels=None, training=False):
        shift = keras.ops.cast(labels, "float32")[:, None, None, None] - 0.5
        return 0.5 * keras.ops.reshape(self.dense(latents), (-1, 4, 4, 1)) + shift


class LabelDiscriminator(MLPDiscriminator):
    def call(self, samples, labels=None, training=False):
        return super().call(samples, training=training)


class ScriptedQuality:
    """Returns these Frechet distances in turn, and records the networks' weights each time."""

    label_moments, frechet_name = None, "frechet"

    def __init__(self, gan, distances):
        self.gan, self.distances, self.seen = gan, iter(distances), []

    def score(self, images, labels=None, seeds=None):
        self.num = sum(map(len, images))
        self.seen.append(weights_of(self.gan))
        return Score({"frechet": next(self.distances), "recall": 0.5}, Protocol("scripted"))


class OneCodec:
    """Doubles decoded values, so that a missing encoding is noticed."""

    raw_dtype, output_name, trackables = "float64", "image", ()

    def encode(self, raw):
        return keras.ops.cast(raw, "float32") / 2 - 1

    def decode(self, tensors):
        return 2 * (tensors + 1)


def small_gan():
    keras.utils.set_random_seed(3)
    gan = GAN(MLPGenerator((4, 4, 1), latent_dim=4, units=(8,), activation="tanh"), MLPDiscriminator(units=(8,)))
    gan.compile(keras.optimizers.Adam(0.05), keras.optimizers.Adam(0.05))
    return gan


def train(gan, callbacks, epochs=1):
    return gan.fit(REAL, batch_size=32, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks).history


def weights_of(gan):
    return [[np.array(weight) for weight in network.get_weights()] for network in networks_of(gan)]


def furthest(first, second):
    return max(np.abs(a - b).max() for a, b in zip(sum(first, []), sum(second, []), strict=True))


def test_real_images_are_read_once_for_all_scores(monkeypatch):
    read = []
    monkeypatch.setattr(FeatureReader, "_outputs", lambda self, block: read.append(len(block)) or (NETWORK(block).numpy(), None))
    quality = ImageQuality(NETWORK, REAL)
    assert read == [96]
    train(small_gan(), [Quality(quality, num=300)], epochs=3)
    assert read == [96] + 3 * [256, 44]


@pytest.mark.parametrize("codec", [None, OneCodec()], ids=["tensors", "codec"])
def test_the_logged_values_are_the_scores_of_generated_images(codec):
    quality, gan = ImageQuality(NETWORK, REAL), small_gan()
    gan.codec = codec
    history = train(gan, [Quality(quality, num=300, seed=5)])
    tensors = gan(gan.latents_from(np.arange(5, 305))).numpy()
    expected = quality.score(tensors).values
    assert {name: history[f"val_{name}"][0] for name in expected} == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_all_three_networks_of_the_lowest_distance_are_restored_unless_the_last_shall_stay():
    nan = float("nan")
    for distances, options in (
        ([3.0, 1.0, 2.0], {"num": 300}),
        ([1.0, 2.0], {"num": 10, "restore_best_weights": False}),
        ([nan, 4.0, nan], {"num": 10}),  # NaN is never the best
    ):
        gan = small_gan()
        quality = ScriptedQuality(gan, distances)
        history = train(gan, [Quality(quality, **options)], epochs=len(distances))
        np.testing.assert_array_equal(history["val_frechet"], distances)
        assert quality.num == options["num"]
        assert furthest(weights_of(gan), quality.seen[1]) == 0, distances
        others = [quality.seen[0], *quality.seen[2:]]
        assert all(furthest([a], [b]) > 0 for other in others for a, b in zip(other, quality.seen[1], strict=True))


def test_every_nth_epoch_and_the_last_are_scored():
    gan = small_gan()
    history = train(gan, [Quality(ScriptedQuality(gan, [3.0, 2.0, 1.0]), num=10, every=2)], epochs=5)
    assert history["val_frechet"] == [3.0, 2.0, 1.0]
    assert len(history["loss"]) == 5


def test_a_checkpoint_keeps_the_epoch_of_the_lowest_distance(tmp_path):
    gan = small_gan()
    quality = ScriptedQuality(gan, [2.0, 1.0, 3.0])
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", "val_frechet", save_best_only=True, mode="min")
    train(gan, [Quality(quality, num=10, restore_best_weights=False), checkpoint], epochs=3)
    assert furthest(weights_of(keras.saving.load_model(tmp_path / "best.keras")), quality.seen[1]) == 0


def test_a_conditional_gan_is_scored_within_classes():
    gan = GAN(LabelGenerator(), LabelDiscriminator(units=(4,)))
    gan.compile()
    quality = ImageQuality(NETWORK, REAL, LABELS)
    callbacks = [Quality(quality, num=300, seed=1)]
    history = gan.fit(REAL, LABELS, batch_size=32, shuffle=False, verbose=0, callbacks=callbacks).history
    labels = np.arange(1, 301) % 2
    expected = quality.score(gan.generate(300, 1, labels), labels).values
    assert history["val_intra_class_frechet"][0] == pytest.approx(expected["intra_class_frechet"], rel=1e-3)
    assert history["val_frechet"][0] == pytest.approx(expected["frechet"], rel=1e-3)


def test_best_weights_do_not_change_a_gan_that_was_never_scored():
    gan = small_gan()
    before = weights_of(gan)
    BestWeights().restore(networks_of(gan))
    assert furthest(weights_of(gan), before) == 0


def test_numbers_out_of_range_are_errors_before_training():
    with pytest.raises(ValueError, match="Got num=5 and every=1"):
        Quality(None, num=5)
    with pytest.raises(ValueError, match="every=0"):
        Quality(None, every=0)


def test_a_resumed_training_remembers_the_best_earlier_epoch():
    gan = GAN(MLPGenerator((4, 4, 1), 4, (8,)), MLPDiscriminator((8,)))
    first, again = BestWeights(), BestWeights()
    first.offer(networks_of(gan), -1.0)
    best = weights_of(gan)
    for network in networks_of(gan):
        network.set_weights([weight + 1 for weight in network.get_weights()])
    again.set_state(first.get_state())
    again.offer(networks_of(gan), -2.0)
    again.restore(networks_of(gan))
    assert furthest(best, weights_of(gan)) == 0
