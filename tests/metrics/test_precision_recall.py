"""Metrics of nearest neighbours agree with brute force."""

import importlib

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gan_keras.metrics.precision_recall import distance_blocks, memorisation, precision_recall
from refusals import refused

GENERATOR = np.random.default_rng(0)
REAL, FAKE = GENERATOR.normal(size=(60, 4)), GENERATOR.normal(size=(45, 4)) * 0.7 + 0.3
MEMORY_GENERATOR = np.random.default_rng(0)
TRAIN, HELD_OUT, GENERATED = (MEMORY_GENERATOR.normal(size=(num, 5)) for num in (300, 200, 150))


def distance(x, y):
    return np.sqrt(((x - y) ** 2).sum())


def radius(samples, index, k):
    return sorted(distance(samples[index], other) for i, other in enumerate(samples) if i != index)[k - 1]


def brute_force(real, fake, k):
    real_radii = [radius(real, i, k) for i in range(len(real))]
    fake_radii = [radius(fake, i, k) for i in range(len(fake))]
    held = np.array([[distance(x, y) <= r for x, r in zip(real, real_radii, strict=True)] for y in fake])
    recalled = [any(distance(x, y) <= r for y, r in zip(fake, fake_radii, strict=True)) for x in real]
    return {
        "precision": held.any(axis=1).mean(),
        "recall": np.mean(recalled),
        "density": held.sum() / (k * len(fake)),
        "coverage": held.any(axis=0).mean(),
    }


@pytest.mark.parametrize("max_pairs", [1, 200, 2**21])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_scores_equal_brute_force_for_any_block_size(monkeypatch, k, max_pairs):
    module = importlib.import_module("gan_keras.metrics.precision_recall")  # a function of the package has its name
    monkeypatch.setattr(module, "_MAX_PAIRS", max_pairs)
    found = precision_recall(REAL, FAKE, k)
    assert found == pytest.approx(brute_force(REAL, FAKE, k))
    assert 0 < found["recall"] < 1 and 0 < found["coverage"] < 1


def test_copies_score_one_and_a_single_mode_has_high_precision_and_low_recall():
    scores = precision_recall(REAL + 1e4, REAL + 1e4, 3)
    assert scores["precision"] == scores["recall"] == scores["coverage"] == 1
    assert scores["density"] > 1  # each copy lies in its own ball too
    scores = precision_recall(np.concatenate([REAL, REAL + 100]), FAKE, 3)
    assert scores["precision"] > 0.8 and scores["recall"] <= 0.5 and scores["coverage"] <= 0.5


def test_a_block_of_distances_stays_small():
    rows = np.zeros((50, 2))
    assert all(block.size <= 2**21 for _, block in distance_blocks(rows, np.ones((2**20, 2))))


def test_memorisation_equals_brute_force_and_that_of_fresh_samples_equals_the_held_out_one():
    found = memorisation(GENERATED, TRAIN, HELD_OUT, quantile=0.1)
    fake, held_out = cdist(GENERATED, TRAIN), cdist(HELD_OUT, TRAIN).min(axis=1)
    np.testing.assert_array_equal(found.nearest, fake.argmin(axis=1))
    np.testing.assert_allclose(found.distances, fake.min(axis=1))
    assert found.threshold == pytest.approx(np.quantile(held_out, 0.1))
    assert found.share == pytest.approx((fake.min(axis=1) < np.quantile(held_out, 0.1)).mean())
    assert found.ratio == pytest.approx(np.median(fake.min(axis=1)) / np.median(held_out))
    found = memorisation(np.random.default_rng(1).normal(size=(2000, 5)), TRAIN, HELD_OUT, quantile=0.2)
    assert found.held_out_share == pytest.approx(0.2) and found.share == pytest.approx(0.2, abs=0.07)
    assert found.ratio == pytest.approx(1, abs=0.1)


def test_copies_are_found_with_their_originals_even_if_held_out_data_repeat_the_training_data():
    fake = np.concatenate([TRAIN[[7, 250]], GENERATED[:8] + 50])
    found = memorisation(fake, TRAIN, HELD_OUT)
    assert found.share == pytest.approx(0.2) and found.nearest[:2].tolist() == [7, 250]
    assert found.distances[:2].tolist() == [0, 0]
    found = memorisation(TRAIN[:4], TRAIN, np.concatenate([TRAIN[:60], HELD_OUT[:40]]))
    assert (found.threshold, found.share, found.held_out_share, found.ratio) == (0, 1, 0.6, float("inf"))


def test_too_many_neighbours_and_quantiles_out_of_range_are_refused():
    refused("quantile=1.5", memorisation, GENERATED, TRAIN, HELD_OUT, quantile=1.5)
    refused("Got num_neighbours=5 for 5 samples. Expected 1 to 4", precision_recall, REAL, FAKE[:5], 5)
    refused(r"shape \(4,\)", precision_recall, REAL[0], FAKE)
