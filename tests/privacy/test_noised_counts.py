"""Noised counts: noise and sensitivity of what is released, bins of a public schema, and rows that follow the counts."""

import copy
import itertools

import numpy as np
import pytest

from gan_keras.data.table.columns import CategoryColumn, DateColumn, IdColumn, NumberColumn
from gan_keras.privacy import NoisedCounts, noise_multiplier_for, noised_counts
from gan_keras.privacy.noised_counts import Bins, exact_counts, fitted_to_margins, nearest_counts
from refusals import refused

COLUMNS = (
    NumberColumn("age", False, 0.0, 9.0),
    NumberColumn("gain", True, 0.0, 5000.0, 2),
    CategoryColumn("town", True, ("Bern", "Oslo", "Rome")),
    CategoryColumn("job", False, ("a", "b", "c")),
    CategoryColumn("class", False, ("no", "yes")),
)


def rows(num=4000, seed=0):
    """Rows in which the age and the job follow from the town, the gain is mostly 0, and the class depends on the gain."""
    random = np.random.default_rng(seed)
    town = random.choice([0.0, 1.0, 2.0, np.nan], num, p=[0.5, 0.3, 0.15, 0.05])
    known = np.nan_to_num(town, nan=3.0)
    gain = np.where(random.random(num) < 0.7, 0.0, random.uniform(1000, 4000, num).round(2))
    gain[random.random(num) < 0.1] = np.nan
    job = np.where(random.random(num) < 0.8, known % 3, random.integers(0, 3, num))
    age = np.clip(2 * known + random.integers(0, 3, num), 0, 9)
    chance = np.where(np.nan_to_num(gain) > 0, 0.8, 0.2)
    return np.stack([age, gain, town, job, (random.random(num) < chance).astype(float)], axis=1)


def silent(shape):
    return np.zeros(shape)


@pytest.fixture(scope="module")
def counts():
    return NoisedCounts(COLUMNS, rows(), 1.0, 1e-5)


@pytest.fixture(scope="module")
def exact():
    """Counts without noise."""
    return NoisedCounts(COLUMNS, rows(), 1e3, 1e-5, normal=silent)


# --- Privacy. ---


def test_all_releases_together_are_one_gaussian_mechanism_of_epsilon(counts):
    parts = {"label": 5, "selection": 6, "pairs": 3}
    precision = sum(num / counts.deviation(part, num) ** 2 for part, num in parts.items())
    assert precision**-0.5 == pytest.approx(counts.noise_multiplier, rel=1e-9)
    assert counts.noise_multiplier == noise_multiplier_for(1.0, 1e-5)


@pytest.mark.parametrize(("part", "num"), [("label", 5), ("selection", 6), ("pairs", 3)])
def test_noise_has_the_deviation_of_its_share_and_is_independent(counts, part, num):
    released = np.stack(counts.released(part, [np.zeros(20_000)] * num))
    expected = counts.noise_multiplier * (num / counts.shares[part]) ** 0.5
    # The standard error of a deviation is 1 / sqrt(2 n) of it, that of a correlation 1 / sqrt(n).
    assert np.abs(released.std(axis=1) / expected - 1.0).max() < 6 * (2 * 20_000) ** -0.5
    assert np.abs(released.mean(axis=1)).max() < 6 * expected * 20_000**-0.5
    assert np.abs(np.corrcoef(released) - np.eye(num)).max() < 6 * 20_000**-0.5
    assert np.abs(released[:, 1:] * released[:, :-1]).mean() > 0  # no constant
    np.testing.assert_array_equal(counts.released(part, [np.full(3, 7.0)])[0].shape, (3,))


def test_no_seed_repeats_the_noise(counts):
    np.random.seed(0)  # noqa: NPY002
    first = counts.released("pairs", [np.zeros(8)])[0]
    np.random.seed(0)  # noqa: NPY002
    assert not np.array_equal(first, counts.released("pairs", [np.zeros(8)])[0])


def test_every_table_and_score_gets_noise(monkeypatch):
    shapes = []

    def normal(shape):
        shapes.append(tuple(shape))
        return np.zeros(shape)

    found = NoisedCounts(COLUMNS, rows(), 100.0, 1e-5, normal=normal)
    assert shapes[:5] == [(2, 10), (2, 103), (2, 4), (2, 3), (2, 2)]
    assert shapes[5:11] == [()] * 6
    assert shapes[11:] == [found.pairs[child].shape for child in sorted(found.pairs)] and len(shapes) > 11


def test_a_row_changes_each_table_by_one_count(monkeypatch, exact):
    """L2 sensitivity: sqrt(k) for k tables. What was released before is the same for both data sets."""
    tables = {}
    known = rows(300)

    def changed(cells):
        codes = np.stack([bins.of(cells[:, place]) for place, bins in enumerate(exact.bins)], axis=1)
        groups = np.stack([group[codes[:, place]] for place, group in enumerate(exact.groups)], axis=1)
        labels = exact.label_groups[codes[:, exact.label]]
        asked = {}
        mine = copy.copy(exact)
        mine.released = lambda part, values: asked.setdefault(part, [np.array(each) for each in values])
        for call in (lambda: mine.choose_parents(groups, labels), lambda: mine.count_pairs(groups, labels)):
            call()
        mine.count_with_label(codes, labels)
        return asked

    tables = changed(known)
    for row in rows(5, seed=1):
        more = changed(np.vstack([known, row]))
        for part in ("label", "pairs"):
            moved = [one - other for one, other in zip(more[part], tables[part], strict=True)]
            assert [(each != 0).sum() for each in moved] == [1] * len(moved) and {each.max() for each in moved} == {1.0}
            assert np.sqrt(sum(np.square(each).sum() for each in moved)) == pytest.approx(len(moved) ** 0.5)
        moved = np.subtract(more["selection"], tables["selection"])
        assert len(moved) == 6 and 0 < np.abs(moved).max() <= 1 + 1e-9


def test_rows_outside_of_the_schema_count_at_its_ends(exact):
    bins = exact.bins
    assert bins[0].of(np.array([-5.0, 99.0, np.nan])).tolist() == [0, 9, 0]
    assert bins[1].of(np.array([-1e9, 1e9])).tolist() == [0, bins[1].num - 2]


@pytest.mark.parametrize("epsilon", [0.01, 1.0, 100.0])
def test_sampled_rows_stay_in_the_schema(epsilon):
    cells = NoisedCounts(COLUMNS, rows(500), epsilon, 1e-4).sample(3000, seed=1)
    assert np.isnan(cells[:, [0, 3, 4]]).sum() == 0
    for place, column in enumerate(COLUMNS):
        known = cells[~np.isnan(cells[:, place]), place]
        low, high = (0, len(column.values) - 1) if column.kind == "category" else (column.low, column.high)
        assert known.min() >= low and known.max() <= high
        np.testing.assert_array_equal(known, np.round(known, getattr(column, "decimals", 0)))


# --- Utility. ---


def test_the_tree_joins_columns_that_depend_on_each_other(exact):
    edges = {frozenset((child, parent)) for child, parent in enumerate(exact.parents) if parent >= 0}
    assert {frozenset((0, 2)), frozenset((2, 3))} <= edges and exact.parents[4] == -1
    assert exact.order[0] in np.flatnonzero(exact.parents < 0) and sorted(exact.order) == [0, 1, 2, 3, 4]


def test_without_noise_single_columns_and_edges_have_their_frequencies(exact):
    cells, real = exact.sample(40_000, seed=0), rows()
    for child, parent in [(place, 4) for place in range(4)] + [(c, p) for c, p in enumerate(exact.parents) if p >= 0]:
        groups = [
            group[bins.of(part[:, each])]
            for part in (cells, real)
            for each, group, bins in (
                (child, exact.groups[child], exact.bins[child]),
                (parent, exact.groups[parent], exact.bins[parent]),
            )
        ]
        shape = exact.groups[child].max() + 1, exact.groups[parent].max() + 1
        mine, true = exact_counts(tuple(groups[:2]), shape) / len(cells), exact_counts(tuple(groups[2:]), shape) / len(real)
        assert np.abs(mine - true).sum() / 2 < 0.03, (child, parent)
    assert np.mean(cells[:, 1] == 0) == pytest.approx(np.mean(real[:, 1] == 0), abs=0.01)


def test_noise_of_epsilon_1_hides_no_strong_dependence(counts):
    cells = counts.sample(20_000, seed=0)
    real = rows()
    follow = [np.mean(part[:, 3] == np.nan_to_num(part[:, 2], nan=3.0) % 3) for part in (cells, real)]
    assert abs(follow[0] - follow[1]) < 0.06


def test_sampling_repeats_and_kept_counts_give_the_same_rows(counts, tmp_path):
    counts.save(tmp_path / counts.file_name)
    kept = NoisedCounts.load(tmp_path / counts.file_name)
    np.testing.assert_array_equal(kept.sample(200, seed=3), counts.sample(200, seed=3))
    assert kept.epsilon == 1.0 and not np.array_equal(counts.sample(200, seed=3), counts.sample(200, seed=4), equal_nan=True)


@pytest.mark.parametrize("num", [1, 2])
def test_tables_of_few_columns_need_no_tree(num):
    found = NoisedCounts(COLUMNS[3:][:num], rows()[:, 3:][:, :num], 1.0, 1e-5)
    assert found.sample(50).shape == (50, num) and not found.pairs
    assert found.deviation("label", num) == pytest.approx(found.noise_multiplier * num**0.5)


def test_a_number_may_be_the_label():
    found = NoisedCounts(COLUMNS, rows(), 100.0, 1e-5, label=1)
    cells, real = found.sample(20_000), rows()
    assert len(found.label_counts) == 11  # ten intervals and missing cells
    assert np.mean(cells[:, 4][cells[:, 1] > 0]) == pytest.approx(np.mean(real[:, 4][real[:, 1] > 0]), abs=0.05)


# --- Bins and their arithmetic. ---


@pytest.mark.parametrize(
    ("column", "num"),
    [
        (COLUMNS[0], 10),
        (COLUMNS[1], 102),
        (NumberColumn("x", False, -2.5, 4.0, 1), 66),
        (NumberColumn("x", False, -3.0, 4.0, None), 103),
        (NumberColumn("x", False, 2.0, 2.0), 1),
        (DateColumn("d", False, 18000.0, 18364.0), 102),
    ],
)
def test_a_number_is_in_the_bin_that_holds_it(column, num):
    bins = Bins(column)
    assert len(bins.starts) == num
    numbers = column.rounded(np.random.default_rng(0).uniform(column.low, column.high, 2000)).numpy()
    numbers = np.concatenate([numbers, [column.low, column.high, *([0.0] if column.low < 0 < column.high else [])]])
    found = bins.of(numbers)
    assert (bins.starts[found] <= numbers + 1e-9).all() and (numbers <= bins.ends[found] + 1e-9).all()
    for point in numbers[2000:]:
        assert bins.starts[bins.of(np.array([point]))[0]] == bins.ends[bins.of(np.array([point]))[0]] == point
    again = bins.cells(found, np.random.default_rng(1).random(len(found)))
    np.testing.assert_array_equal(np.abs(again - numbers) <= bins.ends[found] - bins.starts[found] + 1e-9, True)


def test_groups_keep_missing_cells_apart_and_a_common_value_by_itself(exact):
    groups = exact.groups[1]
    assert groups[-1] == groups.max() and np.sum(groups == groups[-1]) == 1
    assert np.sum(groups == groups[exact.bins[1].of(np.zeros(1))[0]]) == 1
    assert (np.diff(groups) >= 0).all() and groups.max() < 16


def test_nearest_counts_are_the_projection_on_counts_of_a_total():
    noised = np.array([5.0, -2.0, 1.0, 0.5])
    found = nearest_counts(noised, 4.0)
    assert found.min() >= 0 and found.sum() == pytest.approx(4.0)
    grid = np.array([each for each in itertools.product(np.linspace(0, 4, 21), repeat=3) if sum(each) <= 4 + 1e-9])
    others = np.column_stack([grid, 4.0 - grid.sum(axis=1)])
    assert np.square(found - noised).sum() <= np.square(others - noised).sum(axis=1).min() + 1e-9


def test_fitting_to_margins_keeps_the_odds_and_meets_both_sums():
    table = np.random.default_rng(0).uniform(1, 2, (1, 3, 4))
    ones, twos = np.array([[2.0, 3.0, 5.0]]), np.array([[1.0, 2.0, 3.0, 4.0]])
    found = fitted_to_margins(table, ones, twos, rounds=100)
    np.testing.assert_allclose(found.sum(axis=2), ones, rtol=1e-9)
    np.testing.assert_allclose(found.sum(axis=1), twos, rtol=1e-9)

    def odds(each):
        return each[0, 0, 0] * each[0, 1, 1] / each[0, 0, 1] / each[0, 1, 0]

    assert odds(found) == pytest.approx(odds(table))


def test_what_cannot_be_counted_is_refused():
    cells = np.zeros((20, 2))
    refused("identifier", NoisedCounts, [IdColumn("i"), COLUMNS[0]], cells, 1.0, 1e-5)
    many = CategoryColumn("many", False, tuple(map(str, range(1001))))
    refused("more than 1,000 values", NoisedCounts, [many, COLUMNS[0]], cells, 1.0, 1e-5)


def test_noise_can_be_replaced_for_a_test(monkeypatch):
    monkeypatch.setattr(noised_counts, "secret_normal", silent)
    one, other = (NoisedCounts(COLUMNS, rows(), 1.0, 1e-5).sample(50) for _ in range(2))
    np.testing.assert_array_equal(one, other)
