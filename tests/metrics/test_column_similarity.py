"""Similarity of columns and pairs, copies, and the baseline of independent columns."""

import numpy as np
import pytest
from scipy import stats

from gan_keras.data.table.columns import CategoryColumn, NumberColumn
from gan_keras.metrics.table_similarity import (
    IndependentColumns,
    column_similarities,
    copied_share,
    missing_similarity,
    pair_similarities,
)

COLUMNS = (
    NumberColumn("x", True, -9.0, 9.0, None),
    NumberColumn("y", False, -9.0, 9.0, None),
    CategoryColumn("k", True, ("a", "b", "c")),
    CategoryColumn("m", False, ("u", "v")),
)


def rows(seed, num=500, shift=0.0):
    random = np.random.default_rng(seed)
    x = random.normal(shift, 1, num)
    k = random.integers(0, 3, num).astype(float)
    cells = np.stack([x, x + random.normal(0, 1, num), k, (k + random.integers(0, 2, num)) % 2], axis=1)
    cells[random.random(num) < 0.1, 0] = np.nan
    cells[random.random(num) < 0.2, 2] = np.nan
    return cells


def test_equal_tables_have_similarity_one():
    real = rows(0)
    assert set(column_similarities(COLUMNS, real, real).values()) == {1.0}
    assert set(pair_similarities(COLUMNS, real, real).values()) == {1.0} and missing_similarity(real, real) == 1.0


def test_columns_are_compared_by_distribution_functions_and_shares():
    real, fake = rows(0), rows(1, 400, shift=0.7)
    found = column_similarities(COLUMNS, real, fake)
    points = np.sort(np.concatenate([real[:, 1], fake[:, 1]]))
    functions = [np.searchsorted(np.sort(each[:, 1]), points, side="right") / len(each) for each in (real, fake)]
    assert found["y"] == pytest.approx(1 - np.abs(functions[0] - functions[1]).max())
    shares = [[np.mean(each[:, 2] == value) for value in range(3)] + [np.mean(np.isnan(each[:, 2]))] for each in (real, fake)]
    assert found["k"] == pytest.approx(1 - np.abs(np.subtract(*shares)).sum() / 2)
    expected = 1 - np.mean([abs(np.isnan(real[:, i]).mean() - np.isnan(fake[:, i]).mean()) for i in range(4)])
    assert missing_similarity(real, fake) == pytest.approx(expected)


def test_pairs_are_compared_by_correlation_and_joint_frequencies():
    real, fake = rows(0), IndependentColumns(rows(0)).sample(500, seed=3)
    found = pair_similarities(COLUMNS, real, fake)
    correlations = []
    for each in (real, fake):
        known = each[~np.isnan(each[:, 0])]
        correlations.append(stats.pearsonr(known[:, 0], known[:, 1]).statistic)
    assert found["x", "y"] == pytest.approx(1 - abs(np.subtract(*correlations)) / 2)
    pairs = [[(-1 if np.isnan(a) else a, b) for a, b in each[:, 2:]] for each in (real, fake)]
    both = sorted(set(pairs[0]) | set(pairs[1]))
    shares = [[sum(each == pair for each in side) / 500 for pair in both] for side in pairs]
    assert found["k", "m"] == pytest.approx(1 - np.abs(np.subtract(*shares)).sum() / 2)
    assert found["x", "y"] < 0.75 < 0.9 < found["x", "m"]  # which is independent in the data too


def test_similarities_equal_those_of_sdmetrics():
    single = pytest.importorskip("sdmetrics.single_column")
    pairs = pytest.importorskip("sdmetrics.column_pairs")
    pandas = pytest.importorskip("pandas")
    real, fake = (pandas.DataFrame(each[:, 1:4:2], columns=["y", "m"]) for each in (rows(0), rows(1)))
    found = column_similarities(COLUMNS, rows(0), rows(1))
    assert found["y"] == pytest.approx(single.KSComplement.compute(real["y"], fake["y"]))
    assert found["m"] == pytest.approx(single.TVComplement.compute(real["m"], fake["m"]))
    whole = [pandas.DataFrame(each[:, 2:]).fillna(-1) for each in (rows(0), rows(1))]
    expected = pairs.ContingencySimilarity.compute(*whole)
    assert pair_similarities(COLUMNS, rows(0), rows(1))["k", "m"] == pytest.approx(expected)


def test_rows_are_copies_if_all_their_cells_are_equal():
    training = np.array([[1.0, np.nan], [2.0, 0.0], [3.0, 4.0]])
    fake = np.array([[1.0, np.nan], [2.0, -0.0], [3.0, 5.0], [np.nan, 1.0]])
    assert copied_share(fake, training) == 0.5


def test_independent_columns_keep_each_column_but_not_their_dependence():
    real = rows(0, 5000)
    fake = IndependentColumns(real).sample(5000, seed=1)
    assert min(column_similarities(COLUMNS, real, fake).values()) > 0.97
    known = ~np.isnan(fake[:, 0])
    assert abs(stats.pearsonr(fake[known, 0], fake[known, 1]).statistic) < 0.05
    np.testing.assert_array_equal(fake, IndependentColumns(real).sample(5000, seed=1))


def test_pairs_of_very_many_values_need_no_more_memory_than_rows():
    columns = tuple(CategoryColumn(name, False, tuple(map(str, range(100_000)))) for name in "ab")
    real, fake = (np.stack([np.arange(start, start + 1000.0)] * 2, axis=1) + [0.0, 90_000.0] for start in (0, 500))
    assert pair_similarities(columns, real, fake)["a", "b"] == pytest.approx(0.5)
