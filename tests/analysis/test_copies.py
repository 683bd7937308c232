"""Copies: planted ones are counted, distances and tests are those of other computations, hidden columns tell members."""

import functools

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import mannwhitneyu

from edited_gans import table_gan
from gan_keras.analysis import words_of
from gan_keras.analysis.copies import copies_of, disclosure_of, edit_distances, edits_to_nearest, three_sample_test
from gan_keras.analysis.real_rows import Rows
from gan_keras.data.table.columns import CategoryColumn, NumberColumn
from gan_keras.data.text.phrases import english_phrases
from gan_keras.metrics import LatentSemantics
from memorisers import replaying, text_gan

RANDOM = np.random.default_rng(0)


@functools.cache
def levenshtein(first, second):
    if not first or not second:
        return max(len(first), len(second))
    replaced = levenshtein(first[1:], second[1:]) + (first[0] != second[0])
    return min(replaced, levenshtein(first[1:], second) + 1, levenshtein(first, second[1:]) + 1)


def test_edit_distances_are_those_of_the_definition():
    pairs = [[RANDOM.integers(0, 3, RANDOM.integers(0, 7)).tolist() for _ in range(2)] for _ in range(200)]
    pairs += [[[], []], [[], [1]], [[1, 2], []]]
    found = edit_distances(*zip(*pairs, strict=True))
    expected = [levenshtein(tuple(one), tuple(two)) / max(1, len(one), len(two)) for one, two in pairs]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("shift, levels", [(0.0, None), (-0.3, None), (0.2, 4), (-0.2, 3)])
def test_the_three_sample_test_is_that_of_mann_and_whitney(shift, levels):
    generated, held_out = RANDOM.normal(shift, 1.0, 300), RANDOM.normal(size=200)
    if levels:
        generated, held_out = (np.round(each * levels) for each in (generated, held_out))
    found = three_sample_test(generated, held_out)
    expected = mannwhitneyu(generated, held_out, alternative="less", method="asymptotic", use_continuity=False)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert np.sign(found.z) == np.sign(expected.statistic - 30_000)
    assert three_sample_test(np.ones(5), np.ones(6)) == (0.0, 0.5)


def points(num, seed):
    return np.random.default_rng(seed).normal(size=(num, 5)).astype(np.float32)


def test_planted_copies_are_counted_beside_copies_of_held_out_rows():
    training, held_out, new = points(300, 0), points(100, 1), points(97, 2)
    generated = np.concatenate([new, training[:2], held_out[:1]])
    found = copies_of(replaying(new), lambda rows: rows, *(Rows(each) for each in (training, held_out, generated)), "points")
    assert (found.num, found.num_training, found.num_compared) == (100, 300, 100)
    assert found.exact == 2 and found.exact_compared <= 2 and found.exact_held_out == 1
    of_generated, of_held_out = (cdist(each, training).min(axis=1) for each in (generated, held_out))
    assert found.distance == pytest.approx(np.median(of_generated), rel=1e-5)
    assert found.distance_held_out == pytest.approx(np.median(of_held_out), rel=1e-5)
    assert found.near == pytest.approx((of_generated <= np.quantile(of_held_out, 0.05) + 1e-9).mean(), abs=0.011)
    expected = mannwhitneyu(of_generated, of_held_out, alternative="less", method="asymptotic", use_continuity=False)
    assert found.test.p == pytest.approx(expected.pvalue, rel=1e-4) and not found.found
    assert "Of 100 generated points, 2 equal one of 300 training points." in found.sentences()[0]


def test_a_generator_that_adds_a_little_noise_to_training_rows_is_found_by_distance():
    training, held_out = points(300, 0), points(100, 1)
    generated = training[:200] + 0.02 * points(200, 3)
    found = copies_of(replaying(generated), lambda rows: rows, *map(Rows, (training, held_out, generated)), "points")
    assert found.exact == 0 and found.found and found.test.z < -10 and found.near == 1.0
    assert "are nearer to training points" in found.sentences()[1]
    other = copies_of(replaying(held_out), lambda rows: rows, *map(Rows, (training, held_out, points(200, 4))), "points")
    assert not other.found and abs(other.test.z) < 4
    apart = copies_of(
        replaying(held_out), lambda rows: rows, *map(Rows, (training, held_out, generated)), "points", compares=False
    )
    assert apart.test is None and not apart.found and len(apart.sentences()) == 1


def test_exact_copies_of_both_parts_alike_are_chance():
    rows = RANDOM.integers(0, 3, (900, 3)).astype(np.float32)
    found = copies_of(replaying(rows), lambda rows: rows, *map(Rows, (rows[:300], rows[300:600], rows[600:])), "points")
    assert found.exact > 200 and found.exact_held_out > 200 and found.exact_p > 0.05
    assert found.to_json()["exact_p"] == found.exact_p


LINES = list(dict.fromkeys(english_phrases().sample(800, seed=0)))


def words(line):
    return tuple(words_of(line))


def test_lines_with_a_changed_word_are_near_copies():
    training, held_out = LINES[:100], LINES[300:340]
    changed = [" ".join(["zebras", *line.split()[1:]]) for line in training[:40]]
    lines = [*changed, *(f" {line.upper()} " for line in training[40:50])]
    known = [*map(words, training)]
    near = [
        np.mean([min(levenshtein(own, other) / max(len(own), len(other)) for other in known) <= 0.2 for own in map(words, side)])
        for side in (lines, held_out)
    ]
    found = copies_of(text_gan(LINES, lines), LatentSemantics(training), *map(Rows, (training, held_out, lines)), "lines")
    assert found.exact == 10 and found.near == pytest.approx(near[0], abs=0.05) and found.near > 0.7
    assert found.near_held_out <= near[1] + 1e-9 < 0.5


def test_the_nearest_line_by_edits_is_that_of_brute_force_if_it_is_near():
    known = LINES[:120]
    lines = [*(" ".join(["zebras", *line.split()[1:]]) for line in known[:60]), *LINES[400:460]]
    found = edits_to_nearest(lines, known)
    sides = [[*map(words, side)] for side in (lines, known)]
    pairs = [[levenshtein(own, other) / max(len(own), len(other)) for other in sides[1]] for own in sides[0]]
    expected = np.min(pairs, axis=1)
    near = expected <= 0.34
    assert near.sum() > 50 and (found >= expected - 1e-9).all()
    assert found[near] == pytest.approx(expected[near]) and np.mean(found - expected) < 0.1


# --- Tables. ---

COLUMNS = (
    NumberColumn("age", False, 0.0, 1.0, 3),
    NumberColumn("pay", False, 0.0, 1.0, 3),
    CategoryColumn("kind", False, ("a", "b", "c")),
)


def cells(num, seed):
    random = np.random.default_rng(seed)
    return np.column_stack([random.random((num, 2)).round(3), random.integers(0, 3, num)])


def test_hidden_columns_tell_members_of_a_generator_that_repeats_them():
    members, others = cells(300, 0), cells(300, 1)
    found = disclosure_of(COLUMNS, members, others, members)
    assert found.members > 0.95 and found.others < 0.6
    assert found.difference.low > 0.3 and found.difference.mean == pytest.approx(found.members - found.others)
    assert found.columns["kind"][0] > 0.9 and found.columns["kind"][1] < 0.5
    assert "right for " in found.sentences()[0] and " points [+" in found.sentences()[0]


def test_hidden_columns_tell_nothing_if_the_generator_has_not_seen_them():
    found = disclosure_of(COLUMNS, cells(300, 0), cells(300, 1), cells(600, 2))
    assert found.difference.low <= 0.0 <= found.difference.high
    nearest = cdist(cells(300, 0)[:, :2], cells(600, 2)[:, :2]).argmin(axis=1)  # of equal deviations
    right = (cells(300, 0)[:, 2] == cells(600, 2)[nearest, 2]).mean()
    assert found.columns["kind"][0] == pytest.approx(right, abs=0.02)


def test_missing_cells_are_guessed_as_missing():
    members = cells(200, 0)
    members[:100, 1] = np.nan
    columns = (COLUMNS[0], NumberColumn("pay", True, 0.0, 1.0, 3), COLUMNS[2])
    found = disclosure_of(columns, members, members, members)
    assert found.columns["pay"][0] > 0.9 and found.difference.mean == 0.0


def test_values_of_single_training_rows_are_counted_by_column():
    gan = table_gan()
    training, held_out, generated = (gan.generate_cells(100, seed) for seed in (0, 200, 400))
    training[0, 0], generated[:7, 0] = 39.9, 39.9
    held_out[:, 0] = np.where(held_out[:, 0] == 39.9, 1.0, held_out[:, 0])
    found = copies_of(gan, lambda rows: rows, *map(Rows, (training, held_out, generated)), "rows")
    assert list(found.cells) == ["number", "kind", "many"] and found.cells["number"][0] >= 0.07
