"""CSV files to tables: types, missing cells, repairs, errors, and how a table is split, written and drawn."""

import io
import re

import numpy as np
import pytest

from gan_keras.data import Table, load_table, split_table, write_csv
from gan_keras.data.table import columns as table_columns
from gan_keras.data.table import table as table_data
from gan_keras.data.table.columns import CategoryColumn, DateColumn, NumberColumn, column_from_config
from gan_keras.data.table.load import read_like
from gan_keras.media.series import picture_of
from gan_keras.modalities.table.modality import bin_edges, histograms, value_shares
from refusals import refused

HEADER = "age,height,joined,member,town,empty,zip"
ROWS = [f"{20 + i},{1.5 + i / 100:.2f},2024-02-{10 + i},{'true' if i % 2 else 'false'},town {i % 3},,0{i}" for i in range(12)]


def write(path, rows=ROWS, header=HEADER, encoding="utf-8"):
    path.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return path


def text_of(table):
    file = io.StringIO()
    write_csv(file, table)
    return file.getvalue()


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "a.csv")


def test_types_are_inferred_or_given_and_a_table_is_written_as_it_was_read(path):
    table = load_table(path)
    kinds = {column.name: type(column) for column in table.columns}
    assert kinds == {
        **{"age": NumberColumn, "height": NumberColumn, "joined": DateColumn},
        **dict.fromkeys(("member", "town", "empty", "zip"), CategoryColumn),  # numbers have no leading zero
    }
    assert (table.columns[0].decimals, table.columns[1].decimals, table.columns[1].high) == (0, 2, 1.61)
    assert table.columns[3].values == ("false", "true") and text_of(table) == path.read_text()
    assert table.report == {"rows": 12, "missing": 12, "empty": ["empty"]}
    assert all(column_from_config(column.to_config()) == column for column in table.columns)
    table = load_table(path, {"age": "category", "zip": "category", "joined": "drop", "empty": "drop"})
    assert [(column.name, type(column)) for column in table.columns[:2]] == [("age", CategoryColumn), ("height", NumberColumn)]
    assert table.column_names[2:] == ["member", "town", "zip"] and table.report["dropped"] == 2


def test_each_sign_of_a_missing_cell_is_read_and_written_as_the_empty_text(tmp_path):
    signs = ["", "?", "NA", "n/a", "NaN", "null", "inf"]
    table = load_table(write(tmp_path / "a.csv", [f"{sign},{sign}" for sign in signs] + ["1.5,x", "2,y", "3,x"] * 2, "a,b"))
    assert np.isnan(table.cells[:7]).all() and not np.isnan(table.cells[7:]).any()
    assert table.columns[0].has_missing and table.label_names == ["b=x", "b=y", "b="]
    assert text_of(table).splitlines()[1:9] == [","] * 7 + ["1.5,x"]


def test_ragged_rows_invalid_names_and_other_delimiters_are_repaired_and_reported(tmp_path):
    rows = [f"{i};{i};x;y" for i in range(40)] + ["1;2", "", "1;2;3;4;5"]
    table = load_table(write(tmp_path / "a.csv", rows, "a;a;;a_2"))
    assert table.column_names == ["a", "a_3", "column_2", "a_2"]
    assert table.report["first_renamed"] == ["2: a_3", "3: column_2"]
    assert (len(table), table.report["ragged"], table.report["first_ragged"]) == (40, 2, [42, 44])
    assert table.report["constant"] == ["column_2", "a_2"]


def test_invalid_tables_and_types_are_refused(tmp_path):
    for header, rows, types, words in (
        ("a,b", ["1,2"] * 9, {}, "has 9 rows"),
        ("a,b", ["1,2", "1"] * 9, {}, "9 of 18 rows have not 2 cells, such as line 3"),
        ("1,2", ["1,2"] * 20, {}, "Expected a header"),
        ("", [], {}, "Expected a header"),
        ("a,b", ["1,x"] * 20, {"c": "number"}, "no such column. Expected one of a, b"),
        ("a,b", ["1,x"] * 20, {"b": "number"}, "'b' is asked to be a number and holds 'x'"),
        ("a,b", ["1,x"] * 20, {"a": "money"}, "types.a=money. Expected one of number"),
        ("a,b", ["1,x"] * 20, {"b": "date"}, "asked to be a date"),
        ("a,b", ["1,x"] * 20, {"a": "drop", "b": "drop"}, "All columns are dropped"),
    ):
        both = rf"(?s)(?=.*Expected)(?=.*{re.escape(words)})"
        refused(both, load_table, write(tmp_path / "a.csv", rows, header), types)


def test_a_category_of_very_many_values_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("gan_keras.data.table.texts.MAX_VALUES", 30)
    path = write(tmp_path / "a.csv", [f"town{i // 2},{i % 7}" for i in range(80)], "town,n")
    refused("`--set types.town=id`", load_table, path)
    assert load_table(path, {"town": "drop"}).column_names == ["n"]


def test_test_rows_are_read_with_the_training_columns(path, tmp_path):
    columns = load_table(path).columns
    other = write(
        tmp_path / "b.csv", ["x,2024-03-01,true,9,99,1.25,town 9,7"] * 2, "more,joined,member,empty,age,height,town,zip"
    )
    table = read_like(other, columns)
    assert table.report == {"rows": 2, "missing": 6, "unseen": 6, "dropped": 1, "empty": ["town", "empty", "zip"]}
    assert text_of(table).splitlines()[1] == "99,1.25,2024-03-01,true,,,"
    refused("no column 'age'", read_like, write(tmp_path / "c.csv", ["1"], "b"), columns)
    refused("column 'age'", read_like, write(tmp_path / "d.csv", [ROWS[0].replace("20,", "old,", 1)]), columns)


def test_a_split_loses_no_row_and_the_fingerprint_depends_on_cells_and_columns(path):
    table = load_table(path)
    training, held_out = split_table(table, seed=1)
    assert (len(training), len(held_out)) == (11, 1)
    together = np.concatenate([training.cells, held_out.cells])[:, 0]
    assert sorted(together) == sorted(table.cells[:, 0])
    assert split_table(table, seed=1)[1].fingerprint == held_out.fingerprint != split_table(table, seed=2)[1].fingerprint
    refused("held_out=12", split_table, table, held_out=12)
    cells = table.cells.copy()
    cells[3, 0] += 1
    renamed = (NumberColumn("old", False, 20.0, 31.0), *table.columns[1:])
    others = [Table("b", table.columns, cells, {}), Table("b", renamed, table.cells, {})]
    assert len({each.fingerprint for each in (table, *others)}) == 3
    assert Table("b", table.columns, table.cells, {}).fingerprint == table.fingerprint


def test_many_cells_are_held_on_disk(tmp_path, monkeypatch):
    path = write(tmp_path / "a.csv", [f"{i // 2},{i % 7}.5,{'xyz'[i % 3]}" for i in range(3000)], "a,b,c")
    whole = load_table(path)
    monkeypatch.setattr(table_data, "IN_MEMORY_BYTES", 2**14)
    monkeypatch.setattr(table_data, "CHUNK_ROWS", 300)
    table = load_table(path)
    assert isinstance(table.cells, np.memmap)
    np.testing.assert_array_equal(table.cells, whole.cells)
    assert table.fingerprint == whole.fingerprint


@pytest.mark.parametrize(("name", "shape", "last"), [("wine", (178, 14), "cultivar"), ("breast_cancer", (569, 31), "diagnosis")])
def test_built_in_tables_end_with_their_class(name, shape, last):
    table = load_table(name)
    assert table.cells.shape == shape and table.column_names[-1] == last
    assert len(table.label_names) == len(table.columns[-1].values)
    refused("whose types are known", load_table, name, {last: "number"})


def test_cells_round_trip_through_tensors(path):
    table = load_table(path)
    for index, column in enumerate(table.columns):
        tensor = column.to_tensor(table.cells[:, index])
        np.testing.assert_array_equal(column.from_tensor(tensor), table.cells[:, index])
    assert table_columns.is_missing("N/A") and not table_columns.is_missing("none")
    assert [column.to_tensor(table.cells[:2, i]).dtype.name for i, column in enumerate(table.columns)] == [
        *("int64", "float64"),
        *["string"] * 5,
    ]


def test_large_numbers_with_an_exponent_are_numbers_and_integers_that_floats_skip_are_not(tmp_path):
    rows = [f"{i + 1}e30,{2**60 + i}" for i in range(12)]
    table = load_table(write(tmp_path / "a.csv", rows, "mass,id"))
    assert [type(column) for column in table.columns] == [NumberColumn, CategoryColumn]  # 12 are too few for identifiers
    assert table.cells[:, 0].tolist() == [float(f"{i + 1}e30") for i in range(12)]


def test_names_of_columns_may_be_long_and_hold_other_delimiters_in_quotes(tmp_path):
    table = load_table(write(tmp_path / "a.csv", [f"{i};x" for i in range(12)], '"size, in, cm";kind'))
    assert table.column_names == ["size, in, cm", "kind"]
    names = [f"{number}{'x' * 1000}" for number in range(140)]
    cells = ",".join("1" * 140)
    table = load_table(write(tmp_path / "a.csv", [cells] * 12, ",".join(names)))
    assert table.column_names == names
    refused("Expected a header", load_table, write(tmp_path / "b.csv", [cells] * 12, "".join(names)))


def test_a_histogram_of_categories_adds_up_rare_values_and_counts_missing_ones():
    column = CategoryColumn("k", True, tuple("abcdefghijkl"))
    real = np.repeat([*range(12), np.nan], [20, 10, 30, 9, 8, 7, 6, 5, 1, 1, 1, 1, 1])
    titles, shares = value_shares(column, {"real": real, "generated": np.array([11.0, 10.0, 2.0, np.nan])})
    assert titles == [*"cabdefgh", "(4 others)", "(missing)"]
    np.testing.assert_allclose(shares["real"], np.array([30, 20, 10, 9, 8, 7, 6, 5, 4, 1]) / 100)
    assert shares["generated"] == [0.25, *[0.0] * 7, 0.5, 0.25]
    assert value_shares(CategoryColumn("k", False, ("x", "y")), {"real": np.array([1.0, 1.0])}) == (["y", "x"], {"real": [1, 0]})


def test_bins_of_whole_numbers_hold_equally_many_and_few_outliers_do_not_widen_them():
    ages = np.tile(np.arange(17.0, 91.0), 20)
    edges = bin_edges(NumberColumn("age", False, 0, 10**6, 0), np.append(ages, 10**6))
    assert len(edges) <= 25 and set(np.diff(edges)) == {4.0} and edges[0] == 16.5 and edges[-1] >= 90.5
    assert bin_edges(NumberColumn("few", False, 1, 3, 0), np.array([1.0, 2.0, 3.0])).tolist() == [0.5, 1.5, 2.5, 3.5]
    decimals = bin_edges(NumberColumn("x", False, 0, 1, 2), np.linspace(0.0, 1.0, 100))
    assert len(decimals) == 25 and 0 <= decimals[0] < 0.01 and 0.99 < decimals[-1] <= 1


@pytest.mark.parametrize("name", ["$c_$", "a $ b_$"])
def test_pictures_show_dollars_in_names_and_values_unchanged(name):
    cells = np.array([[0.1, 0.0], [0.2, 1.0]])
    columns = (NumberColumn(name, False, 0.1, 0.2, 1), CategoryColumn("k", False, ("$1_$", "$2_to_$3_")))
    assert histograms(columns, cells, cells).startswith(b"\x89PNG")
    assert picture_of({"real": cells[None]}, [name, "k"]).startswith(b"\x89PNG")


def test_the_column_to_predict_is_the_last_one_with_a_value(tmp_path):
    table = load_table(write(tmp_path / "a.csv", [f"{i},x{i % 2}," for i in range(12)], "size,kind,"))
    assert (table.target(), table.target("size")) == (1, 0)
    assert load_table(write(tmp_path / "b.csv", [","] * 12, "a,b")).target() == 0
    rows = [f"x{i % 2},{i % 5}.5,always" for i in range(12)]
    assert load_table(write(tmp_path / "c.csv", rows, "kind,size,constant")).target() == 0
