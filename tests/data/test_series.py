"""Time series from files: repaired and counted, or refused; windows that leak nothing."""

import json
import re

import numpy as np
import pandas
import pytest

from gan_keras.data import describe_series, load_series, series_batches, split_series
from gan_keras.data.series.layout import Layout
from gan_keras.data.series.load import sines
from gan_keras.data.series.series import cut_windows
from gan_keras.media.series import csv_text
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
    assert repr(data) == f"<Series {describe_series(data)}>" and "<td>1</td>" in data._repr_html_()
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
        (["a,b", "1,2", "3"], "have not 2 cells, such as line 3"),
        (["1,2", "3,4", "5,6"], "Expected a header"),
        (["a,b", "1,red", "3,blue"], "column 'b' holds 'red'. Expected numbers: leave a column out with `--set types.b=drop`"),
        (["a,b", "1,", "3,"], "column 'b' has no value"),
        (["a,b", "1,7", "1,7", "1,7"], "a, b never changes"),
        (["time,a", "0,1", "0,2", "1,3"], "1 of 3 time stamps are those of other rows too"),
        (["time,a", "0,1", "noon,2", "later,3"], "column 'time' holds 'noon'. Expected time stamps"),
        (["time", "0", "1"], "has no column of numbers"),
        (["a"], "has 0 rows"),
        (["a", "1"], "has 1 rows"),
        (["a", "1", "2"], "holds one window"),
        (["a", "1000000000000", "1000000000001", "1000000000005"], "a changes by less than float32 tells apart"),
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
        ({"series": np.ones((3, 4, 1)), "columns": [""]}, "column 1 has no name"),
        ({"series": np.random.default_rng(0).random((3, 4, 1)), "labels": [0, 1]}, "labels of shape (2,)"),
        ({"series": np.random.default_rng(0).random((3, 4, 2)), "columns": ["a"]}, "1 names in `columns` for 2 columns"),
    ):
        np.savez(tmp_path / "x.npz", **arrays)
        refused(re.escape(words), load_series, tmp_path / "x.npz", length=2)


def test_files_that_are_not_arrays_or_not_text_are_refused(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"a\xff\n1\n\xfe")
    refused("cannot be read as arrays", load_series, tmp_path / "x.npz")
    refused("seems to be prose.*gan-keras train text", load, tmp_path, ["The cat sat on the old mat"] * 9)
    refused("sines", load_series, tmp_path / "none.csv", error=FileNotFoundError)


def written(data, num=1, **options):
    """The lines of CSV in which windows of the data would be written, if they were generated."""
    layout = Layout.from_config(json.loads(json.dumps(data.layout.to_config())))
    return csv_text(data.samples()[:num], data.columns, layout, **options).splitlines()


HOURS = pandas.date_range("2024-10-26 00:00", periods=40, freq="h")
LOAD = [f"{50 + 7 * np.sin(step):.2f}" for step in range(40)]


def test_what_is_written_has_the_digits_of_the_file_and_its_time_goes_on(tmp_path):
    lines = [
        f"{time:%Y-%m-%d %H:%M},{load},{47_000_000 + 991 * row}" for row, (time, load) in enumerate(zip(HOURS, LOAD, strict=True))
    ]
    data = load(tmp_path, ["time,load,volume", *lines])
    assert written(data) == [
        "sample,step,time,load,volume",
        f"0,0,2024-10-27 16:00,{LOAD[0]},47000000",
        f"0,1,2024-10-27 17:00,{LOAD[1]},47000992",  # 47000991 as float32
    ]
    assert written(data, start="2030-01-01 05:00")[1].startswith("0,0,2030-01-01 05:00,")
    refused("start='soon'. Expected a time stamp such as 2024-10-27 16:00", written, data, start="soon")
    data = load(tmp_path, ["a,b", "1,2.50", "2,3.25", "4,4.50"])
    assert written(data) == ["sample,step,a,b", "0,0,1,2.50", "0,1,2,3.25"]


STAMPS = {
    "%d.%m.%Y %H:%M": ("h", "27.10.2024 16:00"),
    "%m/%d/%Y %I:%M %p": ("h", "10/27/2024 04:00 PM"),
    "%Y%m%d": ("D", "20241205"),
    "%Y-%m-%d": ("B", "2024-12-23"),
    "%b %Y": ("MS", "Mar 2028"),
    "%Y/%m/%d": ("ME", "2028/02/29"),
    "%d-%b-%Y": ("7D", "02-Aug-2025"),
}
"""Format, step, and the stamp that follows forty of them."""


@pytest.mark.parametrize("date_format", STAMPS)
def test_time_stamps_of_any_format_and_calendar_go_on(tmp_path, date_format):
    step, expected = STAMPS[date_format]
    stamps = pandas.date_range("2024-10-26", periods=40, freq=step).strftime(date_format)
    data = load(tmp_path, ["when,a", *(f"{stamp},{load}" for stamp, load in zip(stamps, LOAD, strict=True))])
    assert data.columns == ("a",) and "irregular" not in data.report
    assert written(data)[1].split(",")[2] == expected


def test_dates_beside_times_and_parts_of_dates_are_time_stamps(tmp_path):
    rows = list(zip(HOURS, LOAD, strict=True))
    data = load(tmp_path, ["Date;Time;a", *(f"{time:%d.%m.%Y};{time:%H:%M};{value}" for time, value in rows)])
    assert data.columns == ("a",) and written(data)[1] == f"0,0,27.10.2024,16:00,{LOAD[0]}"
    assert "Date and Time together are the time stamps" in describe_series(data)
    lines = [f"{row},{time.year},{time.month},{time.day},{time.hour},{value}" for row, (time, value) in enumerate(rows)]
    data = load(tmp_path, ["No,year,month,day,hour,a", *lines])
    assert data.columns == ("a",) and written(data)[1] == f"0,0,2024,10,27,16,{LOAD[0]}"
    assert "No numbers the rows and is left out" in describe_series(data)
    data = load(tmp_path, ["Time,a", *(f"{time:%H:%M},{value}" for time, value in rows)])
    assert written(data)[1] == f"0,0,16:00,{LOAD[0]}" and "unsorted" not in data.report


def test_a_column_that_counts_is_taken_for_time_stamps_unless_it_is_a_number(tmp_path):
    lines = ["step,a", *(f"{row},{value}" for row, value in enumerate(LOAD))]
    data = load(tmp_path, lines)
    assert data.columns == ("a",) and "step rises by the same in each row" in describe_series(data)
    assert written(data)[:2] == ["sample,step,a", f"0,40,{LOAD[0]}"]
    assert load(tmp_path, lines, types={"step": "number"}).columns == ("step", "a")


def test_clocks_that_are_put_back_or_forward_and_gaps_are_told_and_keep_the_order_of_the_file(tmp_path):
    back = [*HOURS[:27], *HOURS[26:39]]
    data = load(tmp_path, ["time,a", *(f"{time:%Y-%m-%d %H:%M},{value}" for time, value in zip(back, LOAD, strict=True))])
    assert data.report["repeated"] == 1 and data.values[:, 0].tolist() == np.array(LOAD, np.float32).tolist()
    quarters = pandas.date_range("2024-10-27 00:00", periods=60, freq="15min")
    back = [*quarters[:12], *quarters[8:36]]  # the hour from 2:00 on twice
    data = load(tmp_path, ["time,a", *(f"{time:%Y-%m-%d %H:%M},{value}" for time, value in zip(back, LOAD, strict=True))])
    assert data.report["repeated"] == 4 and "unsorted" not in data.report
    forward = [*HOURS[:10], *HOURS[11:21], *HOURS[30:]]
    lines = ["time,a", *(f"{time:%Y-%m-%d %H:%M},{value}" for time, value in zip(forward, LOAD, strict=False))]
    assert "2 steps of unusual duration, 1 of them gaps, the longest of 10 steps" in describe_series(load(tmp_path, lines))
    data = load(tmp_path, [lines[0], *lines[:0:-1]])  # the newest first
    assert data.report["unsorted"] == 30 - len(forward) % 2 and data.values[0, 0] == np.float32(LOAD[0])


def test_ids_get_new_ones_and_stamps_of_several_series_ask_for_the_column_that_tells_them_apart(tmp_path):
    rows = [f"{shop},{time:%Y-%m-%d %H:%M},{value}" for shop in ("S1", "S2") for time, value in zip(HOURS, LOAD, strict=True)]
    assert "`--set id_column=shop`" in refusal(tmp_path, ["shop,time,a", *rows])
    data = load(tmp_path, ["shop,time,a", *rows], id_column="shop")
    assert [line.split(",")[2] for line in written(data, 2)[1:]] == ["S3", "S3", "S4", "S4"]
    rows = [f"{number},{step},{LOAD[step]}" for number, steps in ((1, 9), (2, 12)) for step in range(steps)]
    data = load(tmp_path, ["patient,t,a", *rows], length=0, id_column="patient", time_column="t")
    lines = written(data, 2)
    assert len(lines) == 1 + 9 + 12 and lines[1] == f"0,0,3,0,{LOAD[0]}" and lines[-1] == f"1,11,4,11,{LOAD[11]}"


def test_constant_columns_truth_values_units_and_decimal_commas_are_read_and_written_alike(tmp_path):
    lines = [f"{value.replace('.', ',')};{row % 3 == 0};{row % 2};{value} %;7,50;A" for row, value in enumerate(LOAD)]
    data = load(tmp_path, ["a;open;odd;share;k;site", *lines])
    assert data.columns == ("a", "open", "odd", "share", "k", "site") and data.report["constant"] == ["k", "site"]
    np.testing.assert_array_equal(data.values[:3, 1:3], [[1, 0], [0, 1], [0, 0]])
    assert written(data)[1] == f'0,0,"{LOAD[0].replace(".", ",")}",True,0,{LOAD[0]} %,"7,50",A'
    assert load(
        tmp_path, ["a,note", *(f"{value},text {row}" for row, value in enumerate(LOAD))], types={"note": "drop"}
    ).columns == ("a",)


def test_missing_cells_of_a_part_are_interpolated_between_its_own_cells():
    values = np.random.default_rng(0).standard_normal((400, 2))
    values[np.random.default_rng(1).random(400) < 0.3, 1] = np.nan
    whole = cut_windows("gaps", [values], ["a", "b"], 8)
    for part, other in zip(split_series(whole, seed=0), reversed(split_series(whole, seed=0)), strict=True):
        changed = values.copy()
        mine = np.zeros(400, bool)
        mine[list(steps_of(part))] = True
        changed[list(steps_of(other))] += 1000.0
        again = split_series(cut_windows("gaps", [changed], ["a", "b"], 8), seed=0)
        same = [each for each in again if set(each.starts) == set(part.starts)][0]
        np.testing.assert_array_equal(same.samples(), part.samples())
        known = mine & ~np.isnan(values[:, 1])
        np.testing.assert_array_equal(part.values[known, 1], values[known, 1].astype(np.float32))
    plain = cut_windows("whole", [np.nan_to_num(values)], ["a", "b"], 8)
    assert split_series(plain)[0].values is plain.values


def test_arrays_and_lists_of_arrays_are_series():
    random = np.random.default_rng(0)
    three, two = random.standard_normal((5, 9, 2)), random.standard_normal((9, 2))
    np.testing.assert_array_equal(load_series(three, length=0).samples(), three.astype(np.float32))
    np.testing.assert_array_equal(load_series(two, length=9 - 1).samples()[0], two[:8].astype(np.float32))
    assert load_series(two[:, 0], length=4).columns == ("column_1",)
    listed = load_series([two, two[:5]], length=0)
    assert listed.lengths.tolist() == [9, 5]
    padded = three.copy()
    padded[1, 6:], padded[2, 3, 0] = np.nan, np.nan
    data = load_series(padded, length=0)
    assert data.lengths.tolist() == [9, 6, 9, 9, 9] and data.report["missing"] == 1
    refused(r"Got 2 arrays .*\(9, 2\).*Expected numbers", load_series, [two, two[:, :1]])
    refused("id_column='x' for the arrays", load_series, three, id_column="x")


def test_the_time_column_of_arrays_orders_their_steps_and_must_exist(tmp_path):
    steps = np.stack([np.arange(9)[::-1], np.arange(9) ** 2], axis=1).astype(float)
    np.savez(tmp_path / "x.npz", series=np.stack([steps, steps]), columns=["t", "a"])
    data = load_series(tmp_path / "x.npz", length=0, time_column="t")
    assert data.columns == ("a",) and data.samples()[0, :, 0].tolist() == (np.arange(9)[::-1] ** 2).tolist()
    refused("no column 'zeit'. Expected one of t, a", load_series, tmp_path / "x.npz", time_column="zeit")
    np.save(tmp_path / "x.npy", steps)
    assert load_series(tmp_path / "x.npy", length=4).columns == ("column_1", "column_2")


def test_data_frames_keep_their_index_and_types():
    values = np.array(LOAD, float)
    frame = pandas.DataFrame({"a": values, "n": np.arange(40, dtype="int16") % 7}, index=HOURS.rename("when"))
    data = load_series(frame, length=4)
    made = Layout.from_config(data.layout.to_config()).frame(data.samples()[:2])
    assert made.index.names == ["sample", "when"] and made.dtypes.astype(str).to_dict() == {
        "step": "int64",
        "a": "float64",
        "n": "int16",
    }
    assert made.index[0] == (0, HOURS[-1] + pandas.Timedelta("1h")) and made["a"].tolist()[:4] == values[:4].tolist()
    index = pandas.MultiIndex.from_product([[7, 8], HOURS[:20]], names=["device", "when"])
    data = load_series(pandas.DataFrame({"a": values}, index=index), length=4)
    assert (data.report["series"], data.columns) == (2, ("a",))
    assert Layout.from_config(data.layout.to_config()).frame(data.samples()[:1]).index[0][1] == 9
    data = load_series(pandas.Series(values, index=HOURS, name="v"), length=4)
    assert data.columns == ("v",)


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
