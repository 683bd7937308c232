"""Features of sentences."""

import math
from collections import Counter

import numpy as np
import pytest

from gan_keras.metrics import LatentSemantics, sentence_features
from refusals import refused

LINES = ["a cat sees the dog", "the dog sees a cat .", "one bird sings", "two birds sing", "a bird sees the cat", "the dog sings"]


def weighted_counts(lines, others):
    """Damped tf-idf of uni- and bigrams of `others` by the vocabulary of `lines`, in plain Python, `(others, ngrams)`."""

    def ngrams(line):
        words = line.split()
        return Counter([*words, *map(" ".join, zip(words, words[1:], strict=False))])

    names = sorted(set().union(*map(ngrams, lines)))
    rarity = {name: 1.0 + math.log((1 + len(lines)) / (1 + sum(name in ngrams(line) for line in lines))) for name in names}
    rows = []
    for line in others:
        counts = ngrams(line)
        row = np.array([(1.0 + math.log(counts[name])) * rarity[name] if counts[name] else 0.0 for name in names])
        rows.append(row / (np.linalg.norm(row) or 1.0))
    return np.array(rows)


def test_features_are_the_projections_on_the_singular_vectors_of_the_weighted_counts():
    others = ["the cat sings sings", "a dog", "zebra"]
    _, _, directions = np.linalg.svd(weighted_counts(LINES, LINES), full_matrices=False)
    expected = weighted_counts(LINES, others) @ directions[:3].T
    features = LatentSemantics(LINES, num_components=3)
    found = sentence_features(features, others)
    assert found.shape == (3, 3) and features.width == 3
    assert found @ found.T == pytest.approx(expected @ expected.T, abs=1e-6)  # the signs of the directions are free
    assert np.all(found[2] == 0.0)  # nothing of it is known


def test_few_lines_have_fewer_components_and_the_name_tells_them():
    features = LatentSemantics(LINES)
    assert features.width == 5 and "6 lines" in features.name and "5 components" in features.name
    assert sentence_features(features, LINES).shape == (6, 5)


def test_scripts_without_spaces_are_read_by_characters():
    lines = ["山川函谷路", "塵土遊子顏", "山路遊川", "子顏山"]
    features = LatentSemantics(lines, num_components=2, tokenize=list)
    assert {"山", "山川"} - {"山川"} <= set(features.weights.vocabulary_) and "山 川" in features.weights.vocabulary_
    assert np.linalg.norm(sentence_features(features, ["山川"])) > 0.0


def test_any_function_of_lines_gives_features_if_it_returns_a_finite_row_per_line():
    found = sentence_features(lambda lines: [[len(line), 1] for line in lines], ["a", "bcd"])
    assert found.tolist() == [[1.0, 1.0], [3.0, 1.0]] and found.dtype == np.float64
    refused(r"shape \(1, 2\) for 2 lines", sentence_features, lambda lines: np.ones((1, 2)), ["a", "b"])
    refused(r"shape \(2,\)", sentence_features, lambda lines: np.ones(2), ["a", "b"])
    refused("not finite", sentence_features, lambda lines: np.full((2, 2), np.inf), ["a", "b"])
    refused("2 lines", LatentSemantics, LINES[:2])
    refused("num_components=0", LatentSemantics, LINES, num_components=0)
    refused("1 different words", LatentSemantics, ["a", "a", "a"])
