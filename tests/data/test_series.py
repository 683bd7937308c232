"""Time series from files: repaired and counted, or refused; windows that leak nothing."""

import re

import numpy as np
import pytest

from gan_keras.data import describe_series, load_series, series_batches, split_series
from gan_keras.data.series.load import sines
from gan_keras.data.series.series import cut_windows
from refusals import refused

LINES = ["time,a,b", "0,1,10", "1,2,12", "2,3,11", "3,4,15", "4,5,13"]


def write(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def load(path, lines, **options):
    return load_series(write(path / "x.csv", lines), **{"length": 2, **options})


def refusal(path, lines, **options):
    with pytest.raises(ValueError) as caught:
        load(path, lines, **options)
    return str(caught.value)


def test_windows_start_at_every_step_and_time_stamps_are_not_a_column(tmp_path):
    data = load(tmp_path, LINES, length=3)
    assert (data.columns, data.window, len(data)) == (("a", "b"), 3, 3)
    np.testing.assert_array_equal(data.samples()[1], [[2, 12], [3, 11], [4, 15]])
    np.testing.assert_array_equal(data.samples(np.array([2])), data.samples()[2:])
    assert len(load(tmp_path, LINES, length=2, stride=3)) == 2
    assert describe_series(data) == "x.csv: 3 windows of 3 steps x 2 columns, 1 series of 5 steps in all"


def test_time_stamps_are_numbers_or_dates_which_are_sorted_and_irregular_steps_are_counted(tmp_path):
    shuffled = [LINES[0], LINES[2], LINES[1], *LINES[3:]]
    data = load(tmp_path, shuffled)
    assert data.report["unsorted"] == 2 and "2 rows sorted by time" in describe_series(data)
    np.testing.assert_array_equal(data.values, load(tmp_path, LINES).values)
    days = ["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-06 00:00", "2024-01-07T00:00:00"]
    data = load(tmp_path, ["Date,a", *(f"{day},{number}" for number, day in enumerate(days))])
    assert (data.columns, data.report["irregular"]) == (("a",), 1)
    lines = ["time,a", "2024-10-27T02:30+01:00,3", "2024-10-27T01:30+02:00,1", "2024-10-27T02:30+02:00,2", "2024-10-27T02:30Z,4"]
    data = load(tmp_path, lines)
    assert data.values[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0] and "irregular" not in data.report


def test_missing_cells_are_interpolated_in_the_order_of_time_and_counted(tmp_path):
    data = load(tmp_path, ["a,b", ",1", "2,NA", "3,nan", "?,4", "null,6"])
    np.testing.assert_array_equal(data.values, [[2, 1], [2, 2], [3, 3], [3, 4], [3, 6]])
    assert data.report["missing"] == 5 and "5 missing cells interpolated" in describe_series(data)
    data = load(tmp_path, ["time,a", "2,", "0,0", "1,1", "3,3"])
    np.testing.assert_array_equal(data.values[:, 0], [0, 1, 2, 3])


def test_an_id_column_separates_series_and_no_window_spans_two(tmp_path):
    lines = ["id,time,a", "x,0,1", "y,0,7", "x,1,2", "y,1,8", "y,2,9", "x,2,3"]
    data = load(tmp_path, lines, id_column="id")
    np.testing.assert_array_equal(data.samples()[..., 0], [[1, 2], [2, 3], [7, 8], [8, 9]])
    assert data.report["series"] == 2


def test_each_file_of_a_folder_is_a_series(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    write(folder / "b.csv", ["a", "5", "6", "7"])
    write(folder / "a.csv", ["a", "1", "2"])
    (folder / "notes.txt").write_text("no series")
    np.testing.assert_array_equal(load_series(folder, length=2).samples()[..., 0], [[1, 2], [5, 6], [6, 7]])
    write(folder / "c.csv", ["other", "1", "2"])
    refused(r"c\.csv has the columns \['other'\]. Expected those of a.csv", load_series, folder, length=2)


def test_series_of_different_lengths_are_padded_with_nan(tmp_path):
    series = np.arange(24.0).reshape(3, 4, 2)
    np.savez(tmp_path / "x.npz", series=series, lengths=[4, 2, 3], labels=[0, 1, 1], columns=["a", "b"])
    data = load_series(tmp_path / "x.npz", length=0)
    assert data.varying and data.label_names == ("0", "1")
    expected = series.astype(np.float32).copy()
    expected[1, 2:], expected[2, 3:] = np.nan, np.nan
    np.testing.assert_array_equal(data.samples(), expected)
    cut = load_series(tmp_path / "x.npz", length=2)
    assert not cut.varying and cut.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_invalid_series_files_are_refused(tmp_path):
    for lines, words in (
        (["a,b", "1,2", "3"], "line 3: 1 cells. Expected 2"),
        (["a,a", "1,2", "3,4"], "more than one column is named a"),
        (["a,", "1,2", "3,4"], "column 2 has no name"),
        (["1,2", "3,4", "5,6"], "the first line holds numbers"),
        (["a,b", "1,red", "3,blue"], "line 2: column 'b' holds 'red'. Expected finite numbers"),
        (["a,b", "1,inf", "3,2"], "column 'b' holds 'inf'"),
        (["a,b", "1,", "3,"], "column 'b' has no value"),
        (["a,b", "1,7", "3,7", "4,7"], "b never changes"),
        (["time,a", "0,1", "0,2", "1,3"], "line 3: its time stamp is none, or that of another row"),
        (["time,a", "0,1", "noon,2"], "line 3: column 'time' holds 'noon'. Expected stamps"),
        (["time", "0", "1"], "has no column of numbers"),
        (["a"], "has 1 lines"),
        (["a", "1"], "a series of 1 steps, shorter than a window of 2"),
        (["a", "1", "2"], "holds one window"),
    ):
        assert words in refusal(tmp_path, lines), lines


def test_wrong_names_and_lengths_and_numbers_that_overflow_float32_are_refused(tmp_path):
    assert "has no column 'when'. Expected one of time, a, b" in refusal(tmp_path, LINES, time_column="when")
    assert "Got length=1" in refusal(tmp_path, LINES, length=1)
    assert "or length=0" in refusal(tmp_path, ["id,a", "x,1", "x,2", "y,1", "y,2", "y,3"], id_column="id", length=3)
    assert "b holds numbers beyond 3.4e38" in refusal(tmp_path, ["a,b", "1,1e39", "2,3", "3,4"])


def test_arrays_that_are_not_series_are_refused(tmp_path):
    for arrays, words in (
        ({"x": np.zeros(3)}, "Expected one named `series`"),
        ({"series": np.zeros((3, 4))}, "Expected numbers (num, steps, columns)"),
        ({"series": np.ones((3, 4, 1)), "lengths": [4, 4, 5]}, "`lengths` of shape (3,)"),
        ({"series": np.full((3, 4, 1), np.inf)}, "holds infinity"),
        ({"series": np.full((3, 4, 1), np.nan)}, "series 0: column 'column_1' has no value"),
        ({"series": np.random.default_rng(0).random((3, 4, 1)), "labels": [0, 1]}, "labels of shape (2,)"),
        ({"series": np.random.default_rng(0).random((3, 4, 2)), "columns": ["a"]}, "1 names in `columns` for 2 columns"),
    ):
        np.savez(tmp_path / "x.npz", **arrays)
        refused(re.escape(words), load_series, tmp_path / "x.npz", length=2)


def test_files_that_are_not_arrays_or_not_text_are_refused(tmp_path):
    for name, words in (("x.npz", "cannot be read as arrays"), ("x.csv", "cannot be read as a table")):
        (tmp_path / name).write_bytes(b"a\xff\n1\n\xfe")
        refused(words, load_series, tmp_path / name)
    refused("sines", load_series, tmp_path / "none.csv", error=FileNotFoundError)


def test_sines_follow_the_formula_and_are_reproducible():
    random = np.random.default_rng(3)
    frequencies, phases = random.uniform(0, 0.1, (2, 1, 5)), random.uniform(0, 0.1, (2, 1, 5))
    expected = [(np.sin(frequencies[1, 0, 4] * step + phases[1, 0, 4]) + 1) / 2 for step in range(24)]
    np.testing.assert_allclose(sines(2, seed=3)[1, :, 4], expected, rtol=1e-6)
    data = load_series("sines")
    assert data.samples().shape == (10_000, 24, 5) and data.fingerprint == load_series("sines").fingerprint


@pytest.fixture(scope="module")
def one():
    values = np.random.default_rng(0).standard_normal((2000, 2))
    return cut_windows("one", [values], ["a", "b"], 10)


def steps_of(part):
    return set(np.unique(part.starts[:, None] + np.arange(part.window)))


def test_held_out_windows_of_one_series_share_no_step_with_training_windows(one):
    training, held_out = split_series(one, seed=1)
    assert not steps_of(training) & steps_of(held_out) and 0.15 < len(held_out) / len(one) < 0.25
    assert len(training) + len(held_out) + training.report["at_borders"] == len(one)
    again, other = split_series(one, seed=1)[1], split_series(one, seed=2)[1]
    assert again.fingerprint == held_out.fingerprint != other.fingerprint


def test_whole_series_of_each_label_are_held_out_if_there_are_many_and_short_ones_are_refused():
    random = np.random.default_rng(0)
    series = [random.standard_normal((12, 1)) for _ in range(20)]
    data = cut_windows("many", series, ["a"], 4, labelling=(np.arange(20) % 2, ("x", "y")))
    training, held_out = split_series(data, seed=0)
    of_series = [set(np.searchsorted(data.bounds, part.starts, "right") - 1) for part in (training, held_out)]
    assert not of_series[0] & of_series[1] and len(of_series[1]) == 4
    assert np.bincount(held_out.labels).tolist() == [18, 18]
    data = cut_windows("short", [np.random.default_rng(0).random((30, 1))], ["a"], 10)
    refused("one of 30 steps. Expected at least 4 windows of 10", split_series, data)


def test_an_epoch_has_full_batches_of_distinct_windows_in_its_own_order(one):
    batches = series_batches(one, 256, seed=4)
    first, second = ([batch.numpy() for batch in batches] for _ in range(2))
    assert len(first) == int(batches.cardinality()) == len(one) // 256
    starts = np.concatenate(first)[:, 0]
    assert len(np.unique(starts, axis=0)) == len(starts) and not np.array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[0], next(iter(series_batches(one, 256, seed=4))).numpy())
    refused("batch_size=5000", series_batches, one, 5000)
