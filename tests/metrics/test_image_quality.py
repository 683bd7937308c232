"""Images are scored by their features, with a control of real images; the classifier score and the Gaussian baseline."""

import operator
import tracemalloc
import weakref

import keras
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import entropy

from gan_keras.metrics.extractor import Extractor, hash_of
from gan_keras.metrics.feature_distances import frechet_distance, kernel_distance, sliced_wasserstein_distance
from gan_keras.metrics.features import FeatureReader, Moments
from gan_keras.metrics.image_quality import ImageQuality, PixelGaussian, classifier_score
from gan_keras.metrics.precision_recall import precision_recall
from refusals import refused

GENERATOR = np.random.default_rng(0)


def images(num, spread=1.0):
    return (spread * GENERATOR.uniform(-1, 1, (num, 4, 4, 1))).astype(np.float32)


REAL, CONTROL, FAKE, LABELS = images(120), images(80), images(60, spread=0.3), np.arange(120) % 2
EXTRACTOR = Extractor(3, widths=(4, 6))
EXTRACTOR(REAL[:1])
KERNEL = keras.initializers.GlorotUniform(seed=1)
NETWORK = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(5, kernel_initializer=KERNEL)])


def share_as_near(features, real, control):
    return (cdist(features, real).min(axis=1) <= np.quantile(cdist(control, real).min(axis=1), 0.05)).mean()


def moments(features):
    return Moments(features.shape[1]).update(features)


def test_each_score_equals_its_metric_of_the_features():
    real, fake, control = (EXTRACTOR(each)["features"].numpy() for each in (REAL, FAKE, CONTROL[:60]))
    expected = {}
    for prefix, features, logits in (
        ("", fake, EXTRACTOR(FAKE)["logits"]),
        ("control_", control, EXTRACTOR(CONTROL[:60])["logits"]),
    ):
        kernel = kernel_distance(real, features, 100, 60)
        values = {
            "frechet": frechet_distance(moments(real), moments(features)),
            "kernel": kernel.mean,
            "kernel_error": kernel.standard_error,
            **precision_recall(real, features),
            "sliced_wasserstein": sliced_wasserstein_distance(real, features),
            "classifier_score": classifier_score(logits, 1).mean,
            "memorised": share_as_near(features, real, EXTRACTOR(CONTROL)["features"].numpy()),
        }
        expected |= {prefix + name: value for name, value in values.items()}
    found = ImageQuality(EXTRACTOR, REAL, control_images=CONTROL).score(FAKE).values
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("cuts", [(), (1, 20, 21)])
def test_images_may_come_in_blocks(cuts):
    quality = ImageQuality(EXTRACTOR, iter(np.split(REAL, cuts)), control_images=iter(np.split(CONTROL, cuts)))
    difference = quality.score(iter(np.split(FAKE, cuts))) - ImageQuality(EXTRACTOR, REAL, control_images=CONTROL).score(FAKE)
    assert max(map(abs, difference.values())) < 1e-4


def test_without_control_images_the_real_ones_are_halved_and_the_protocol_names_their_number():
    quality = ImageQuality(NETWORK, REAL)
    rows = {row.tobytes() for row in np.concatenate([quality.features, quality.control.features])}
    assert len(rows) == 120 and len(quality.features) == len(quality.control.features) == 60
    assert quality.score(FAKE[:20]).protocol.num_real == 60
    protocol = ImageQuality(NETWORK, REAL, control_images=CONTROL, split="test").score(FAKE, seeds=(7,)).protocol
    assert (protocol.num_real, protocol.num_fake, protocol.split, protocol.seeds) == (120, 60, "test", (7,))
    assert (protocol.extractor, protocol.extractor_hash) == ("sequential", hash_of(NETWORK))


def test_real_images_score_like_the_control_and_narrow_or_copied_ones_worse():
    quality = ImageQuality(NETWORK, REAL, control_images=CONTROL)
    fresh, narrow = quality.score(images(80)).values, quality.score(FAKE).values
    assert fresh["frechet"] < 3 * fresh["control_frechet"] < narrow["frechet"]
    assert narrow["recall"] < fresh["recall"] and abs(fresh["precision"] - fresh["control_precision"]) < 0.1
    values = ImageQuality(NETWORK, REAL, control_images=CONTROL).score(np.concatenate([REAL[:40], images(40)])).values
    assert values["memorised"] == pytest.approx(0.5, abs=0.08) and values["control_memorised"] == pytest.approx(0.05)


def test_labels_add_the_distance_within_classes():
    quality = ImageQuality(NETWORK, REAL, LABELS, control_images=CONTROL)
    found = quality.score(FAKE, np.arange(60) % 2).values["intra_class_frechet"]
    features = [[NETWORK(each[label::2]).numpy() for label in (0, 1)] for each in (REAL, FAKE)]
    expected = np.mean([frechet_distance(moments(real), moments(fake)) for real, fake in zip(*features, strict=True)])
    assert found == pytest.approx(expected, rel=1e-4) and "classifier_score" not in quality.score(FAKE).values
    refused("Expected `real_labels` too", ImageQuality(NETWORK, REAL).score, FAKE, np.arange(60) % 2)


def test_scores_of_another_extractor_number_data_control_or_size_never_compare():
    for other, fields in (
        (lambda: ImageQuality(EXTRACTOR, REAL).score(FAKE), "extractor"),
        (lambda: ImageQuality(NETWORK, REAL).score(FAKE[:30]), "num_fake"),
        (lambda: ImageQuality(NETWORK, REAL[::-1]).score(FAKE), "data"),
        (lambda: ImageQuality(NETWORK, REAL, control_images=CONTROL).score(FAKE), "data"),
        (lambda: ImageQuality(NETWORK, REAL, size=(4, 4)).score(FAKE), "resizing"),
    ):
        refused(f"different protocols.*{fields} ", operator.sub, ImageQuality(NETWORK, REAL).score(FAKE), other())


def test_images_are_resized_to_what_the_extractor_reads():
    wide = np.repeat(np.repeat(REAL, 2, axis=1), 2, axis=2)
    reader = FeatureReader(NETWORK, size=(4, 4))
    expected = keras.ops.image.resize(wide, (4, 4), interpolation="bilinear", antialias=True)
    np.testing.assert_allclose(reader.read(wide).features, NETWORK(expected), atol=1e-5)


def test_a_reader_releases_images_after_reading_them():
    blocks, most = [], 0

    def made():
        nonlocal most
        for _ in range(12):
            block = images(300)
            blocks.append(weakref.ref(block))
            most = max(most, sum(each() is not None for each in blocks))
            yield block

    assert FeatureReader(NETWORK).read(made()).features.shape == (3600, 5)
    assert most <= 2  # the one that was just made and the one before


def made(num):
    random = np.random.default_rng(0)
    return (random.uniform(-1, 1, (256, 4, 4, 1)).astype(np.float32) for _ in range(num))


def test_the_distance_of_a_stream_equals_that_of_all_images():
    features = np.concatenate([NETWORK(block).numpy() for block in made(20)])
    real = moments(NETWORK(REAL).numpy())
    found = frechet_distance(real, FeatureReader(NETWORK).moments(made(20)))
    assert found == pytest.approx(frechet_distance(real, moments(features)), rel=1e-5)


def test_memory_does_not_grow_with_the_length_of_a_stream():
    wide = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(64)])

    def growth(read):
        most = []
        for num in (5, 105):
            tracemalloc.start()
            read(made(num))
            most.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        return most[1] - most[0]

    features = 100 * 256 * 64 * 4  # bytes that 100 blocks more give
    assert growth(FeatureReader(wide).moments) < features / 10 and growth(FeatureReader(wide).read) > features


def test_wrong_images_are_refused():
    refused("no images", ImageQuality, NETWORK, iter(()))
    refused("no images", FeatureReader(NETWORK).moments, iter(()))
    refused(r"Expected numbers in \[-1, 1\]", ImageQuality, NETWORK, REAL * 100)
    refused("for 120 samples", ImageQuality, NETWORK, REAL, LABELS[:7])


def test_the_classifier_score_equals_the_formula_with_scipys_divergences():
    logits = np.random.default_rng(0).normal(size=(21, 4)) * 2
    scores = []
    for part in np.array_split(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 3):
        scores.append(np.exp(np.mean([entropy(row, part.mean(axis=0)) for row in part])))
    found = classifier_score(logits, splits=3)
    assert found.mean == pytest.approx(np.mean(scores)) and found.deviation == pytest.approx(np.std(scores))


def test_the_classifier_score_ranges_from_one_to_the_number_of_classes_without_overflow():
    sure = 1e4 * np.eye(5)
    assert classifier_score(np.tile(sure, (4, 1)), splits=4).mean == pytest.approx(5)
    assert classifier_score(np.tile(sure[:1], (20, 1)), splits=2).mean == pytest.approx(1)
    assert classifier_score([[1e30, -1e30], [-1e30, 1e30]], splits=1).mean == pytest.approx(2)
    refused("splits=10 for 3 samples", classifier_score, np.zeros((3, 2)))


RANDOM = np.random.default_rng(0)
MIX = RANDOM.normal(size=(4, 4)) * 0.05
CORRELATED = (RANDOM.normal(size=(300, 4)) @ MIX + [0.1, -0.2, 0.3, 0.0]).reshape(300, 2, 2, 1)


def test_samples_have_the_moments_of_the_images_stay_in_range_and_depend_only_on_the_seed():
    samples = PixelGaussian(CORRELATED).sample(40_000, seed=1).reshape(-1, 4)
    np.testing.assert_allclose(samples.mean(axis=0), CORRELATED.reshape(-1, 4).mean(axis=0), atol=3e-3)
    np.testing.assert_allclose(np.cov(samples.T), np.cov(CORRELATED.reshape(-1, 4).T), atol=5e-4)
    gaussian = PixelGaussian(CORRELATED * 20)
    samples = gaussian.sample(50, seed=3)
    assert samples.min() == -1.0 and samples.max() == 1.0
    np.testing.assert_array_equal(samples, gaussian.sample(50, seed=3))
    assert (samples != gaussian.sample(50, seed=4)).any()


def test_each_class_has_a_distribution_of_its_own():
    labels = np.arange(300) % 2
    moved = CORRELATED + labels[:, None, None, None] * 0.5
    gaussian = PixelGaussian(moved, labels)
    samples = gaussian.sample(4000, seed=1, labels=np.arange(4000) % 2)
    np.testing.assert_allclose((samples[1::2] - samples[::2]).mean(axis=0), (moved[1::2].mean(0) - moved[::2].mean(0)), atol=0.02)
    drawn = PixelGaussian(moved, (np.arange(300) % 3 == 0).astype(int)).sample(6000, seed=2)  # a third of one class
    np.testing.assert_allclose(drawn.mean(axis=0), moved.mean(axis=0), atol=0.02)
    refused("no images of class 2", gaussian.sample, 3, labels=[0, 1, 2])
