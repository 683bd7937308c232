import numpy as np
import pytest

from gan_keras.metrics import precision_recall as distances
from gan_keras.metrics.precision_recall import precision_recall

GENERATOR = np.random.default_rng(0)
REAL, FAKE = GENERATOR.normal(size=(60, 4)), GENERATOR.normal(size=(45, 4)) * 0.7 + 0.3


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


@pytest.mark.parametrize("most_pairs", [1, 200, 2**21])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_scores_equal_brute_force_whatever_the_block(monkeypatch, k, most_pairs):
    monkeypatch.setattr(distances, "_MOST_PAIRS", most_pairs)
    found = precision_recall(REAL, FAKE, k)
    assert found == pytest.approx(brute_force(REAL, FAKE, k))
    assert 0 < found["recall"] < 1 and 0 < found["coverage"] < 1


def test_copies_of_the_real_samples_score_one_even_far_from_the_origin():
    scores = precision_recall(REAL + 1e4, REAL + 1e4, 3)
    assert scores["precision"] == scores["recall"] == scores["coverage"] == 1
    assert scores["density"] > 1  # each copy lies in its own ball too


def test_a_single_mode_is_precise_and_recalls_little():
    scores = precision_recall(np.concatenate([REAL, REAL + 100]), FAKE, 3)
    assert scores["precision"] > 0.8
    assert scores["recall"] <= 0.5 and scores["coverage"] <= 0.5


def test_a_block_of_distances_stays_small():
    rows = np.zeros((50, 2))
    assert all(block.size <= 2**21 for _, block in distances.distance_blocks(rows, np.ones((2**20, 2))))


def test_more_neighbours_than_samples_are_refused():
    with pytest.raises(ValueError, match="Got num_neighbours=5 for 5 samples. Expected 1 to 4"):
        precision_recall(REAL, FAKE[:5], 5)
    with pytest.raises(ValueError, match=r"shape \(4,\)"):
        precision_recall(REAL[0], FAKE)
