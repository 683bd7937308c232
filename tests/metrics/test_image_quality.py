"""Images are scored as their features are, beside a control of real images."""

import operator
import tracemalloc
import weakref

import keras
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gan_keras.metrics.classifier_score import classifier_score
from gan_keras.metrics.extractor import Extractor, hash_of
from gan_keras.metrics.features import FeatureReader, Moments
from gan_keras.metrics.frechet import frechet_distance, kernel_distance
from gan_keras.metrics.image_quality import ImageQuality
from gan_keras.metrics.precision_recall import precision_recall
from gan_keras.metrics.sliced_wasserstein import sliced_wasserstein_distance

GENERATOR = np.random.default_rng(0)


def images(num, spread=1.0):
    return (spread * GENERATOR.uniform(-1, 1, (num, 4, 4, 1))).astype(np.float32)


REAL, CONTROL, FAKE, LABELS = images(120), images(80), images(60, spread=0.3), np.arange(120) % 2
EXTRACTOR = Extractor(3, widths=(4, 6))
EXTRACTOR(REAL[:1])
NETWORK = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(5)])


def share_as_near(features, real, control):
    return (cdist(features, real).min(axis=1) <= np.quantile(cdist(control, real).min(axis=1), 0.05)).mean()


def moments(features):
    return Moments(features.shape[1]).update(features)


def test_each_value_is_that_of_its_metric_on_the_features():
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


def test_without_control_images_the_real_ones_are_halved():
    quality = ImageQuality(NETWORK, REAL)
    rows = {row.tobytes() for row in np.concatenate([quality.features, quality.control.features])}
    assert len(rows) == 120
    assert len(quality.features) == len(quality.control.features) == 60
    assert quality.score(FAKE[:20]).protocol.num_real == 60


def test_real_images_score_like_the_control_and_others_worse():
    quality = ImageQuality(NETWORK, REAL, control_images=CONTROL)
    fresh, narrow = quality.score(images(80)).values, quality.score(FAKE).values
    assert fresh["frechet"] < 3 * fresh["control_frechet"] < narrow["frechet"]
    assert narrow["recall"] < fresh["recall"] and abs(fresh["precision"] - fresh["control_precision"]) < 0.1


def test_labels_add_the_distance_within_classes():
    quality = ImageQuality(NETWORK, REAL, LABELS, control_images=CONTROL)
    found = quality.score(FAKE, np.arange(60) % 2).values["intra_class_frechet"]
    features = [[NETWORK(each[label::2]).numpy() for label in (0, 1)] for each in (REAL, FAKE)]
    expected = np.mean([frechet_distance(moments(real), moments(fake)) for real, fake in zip(*features, strict=True)])
    assert found == pytest.approx(expected, rel=1e-4)
    assert "classifier_score" not in quality.score(FAKE).values
    with pytest.raises(ValueError, match="Expected `real_labels` too"):
        ImageQuality(NETWORK, REAL).score(FAKE, np.arange(60) % 2)


def test_the_protocol_names_data_counts_extractor_and_seeds():
    protocol = ImageQuality(NETWORK, REAL, control_images=CONTROL, split="test").score(FAKE, seeds=(7,)).protocol
    assert (protocol.num_real, protocol.num_fake, protocol.split, protocol.seeds) == (120, 60, "test", (7,))
    assert (protocol.extractor, protocol.extractor_hash) == ("sequential", hash_of(NETWORK))


@pytest.mark.parametrize(
    ("other", "fields"),
    [
        (lambda: ImageQuality(EXTRACTOR, REAL).score(FAKE), "extractor"),
        (lambda: ImageQuality(NETWORK, REAL).score(FAKE[:30]), "num_fake"),
        (lambda: ImageQuality(NETWORK, REAL[::-1]).score(FAKE), "data"),
        (lambda: ImageQuality(NETWORK, REAL, control_images=CONTROL).score(FAKE), "data"),
        (lambda: ImageQuality(NETWORK, REAL, size=(4, 4)).score(FAKE), "resizing"),
    ],
)
def test_scores_of_another_extractor_number_data_control_or_size_never_compare(other, fields):
    with pytest.raises(ValueError, match=f"different protocols.*{fields} "):
        operator.sub(ImageQuality(NETWORK, REAL).score(FAKE), other())


def test_images_are_resized_to_what_the_extractor_reads():
    wide = np.repeat(np.repeat(REAL, 2, axis=1), 2, axis=2)
    reader = FeatureReader(NETWORK, size=(4, 4))
    expected = keras.ops.image.resize(wide, (4, 4), interpolation="bilinear", antialias=True)
    np.testing.assert_allclose(reader.read(wide).features, NETWORK(expected), atol=1e-5)


def test_a_reader_lets_go_of_images_that_it_has_read():
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


def test_a_generator_that_copies_half_of_its_images_shows():
    values = ImageQuality(NETWORK, REAL, control_images=CONTROL).score(np.concatenate([REAL[:40], images(40)])).values
    assert values["memorised"] == pytest.approx(0.5, abs=0.08)
    assert values["control_memorised"] == pytest.approx(0.05)


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
    assert growth(FeatureReader(wide).moments) < features / 10
    assert growth(FeatureReader(wide).read) > features


def test_wrong_images_are_refused():
    with pytest.raises(ValueError, match="no images"):
        ImageQuality(NETWORK, iter(()))
    with pytest.raises(ValueError, match="no images"):
        FeatureReader(NETWORK).moments(iter(()))
    with pytest.raises(ValueError, match=r"Expected numbers in \[-1, 1\]"):
        ImageQuality(NETWORK, REAL * 100)
    with pytest.raises(ValueError, match="for 120 real images"):
        ImageQuality(NETWORK, REAL, LABELS[:7])
