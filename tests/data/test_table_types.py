"""What tables of users hold: numbers as people write them, dates, identifiers, free text and odd cells, told and written back."""

import io
import lzma
import re
import zipfile

import numpy as np
import pandas as pd
import pytest

from gan_keras.data import load_table, split_table, write_csv
from gan_keras.data.table.columns import column_from_config
from gan_keras.data.table.load import read_like
from gan_keras.data.table.table import describe_table, schema_of, schema_text
from refusals import refused

NUM = 60
X = [f"{i % 17}.5" for i in range(NUM)]


def write(path, columns, separator=",", encoding="utf-8", before=""):
    lines = [separator.join(columns), *(separator.join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path.write_text(before + "\n".join(lines) + "\n", encoding=encoding)
    return path


def loaded(path, column, cells, separator=";", types=None):
    """The column of a table of some cells, its cells and its note."""
    table = load_table(write(path / "a.csv", {"x": X, column: cells}, separator), types)
    assert table.column_names[-1] == column
    return table.columns[-1], table.cells[:, -1], table.notes.get(column, "")


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        ([f"{i},25" for i in range(NUM)], [i + 0.25 for i in range(NUM)]),
        ([f"{i + 1}.234.567" for i in range(NUM)], [i * 1e6 + 1234567.0 for i in range(NUM)]),
        ([f"$1,{i + 100}.50" for i in range(NUM)], [1100.5 + i for i in range(NUM)]),
        (
            [f"{1 + i % 9}.{100 + i}" if i % 2 else str(i * 9) for i in range(NUM)],
            [1000.0 * (1 + i % 9) + 100 + i if i % 2 else 9.0 * i for i in range(NUM)],
        ),
        ([f"{i}.7 %" for i in range(NUM)], [i + 0.7 for i in range(NUM)]),
        ([f"1 {i + 100},5" for i in range(NUM)], [1100.5 + i for i in range(NUM)]),
        ([f"1'{i + 100}.25 kg" for i in range(NUM)], [1100.25 + i for i in range(NUM)]),
        ([f"{i % 20}.0" for i in range(NUM)], [i % 20 + 0.0 for i in range(NUM)]),
        ([f"EUR {i}" for i in range(NUM)], [float(i) for i in range(NUM)]),
    ],
)
def test_numbers_are_read_as_people_write_them_and_written_likewise(tmp_path, texts, numbers):
    column, cells, _ = loaded(tmp_path, "price", texts)
    np.testing.assert_allclose(cells, numbers)
    assert column.kind == "number" and column.format(cells) == texts
    assert column_from_config(column.to_config()) == column


def test_points_and_commas_of_one_column_are_told_apart(tmp_path):
    texts = [f"{1 + i % 9}.{100 + i}" if i % 2 else f"{i},5" for i in range(NUM)]
    column, cells, _ = loaded(tmp_path, "price", texts)
    assert (column.thousands, column.point) == (".", ",") and cells[:2].tolist() == [0.5, 2101.0]
    _, cells, note = loaded(tmp_path, "price", [f"{1 + i % 9}.{100 + i}" for i in range(NUM)])
    assert cells[0] == 1100 and "points taken for separators of thousands" in note
    _, cells, _ = loaded(tmp_path, "price", [f"{1 + i % 9}.{100 + i}" for i in range(NUM)], separator=",")
    assert cells[0] == 1.1


def test_numbers_of_all_digits_have_those_of_the_shortest_text(tmp_path):
    numbers = np.random.default_rng(0).uniform(0, 1000, NUM)
    column, cells, _ = loaded(tmp_path, "x2", list(map(repr, numbers.tolist())))
    assert column.format(cells) == list(map(repr, numbers.tolist()))
    assert all(len(text) <= 19 for text in column.format(column.rounded(cells * 0.99).numpy()))


def test_few_odd_cells_of_numbers_and_dates_are_missing_and_more_are_refused(tmp_path):
    for texts in (list(map(str, range(100, 100 + NUM))), [f"2024-01-{1 + i % 28:02d}" for i in range(NUM)]):
        odd = ["unknown" if i in (7, 9) else text for i, text in enumerate(texts)]
        table = load_table(write(tmp_path / "a.csv", {"x": X, "n": odd}))
        assert np.isnan(table.cells[:, 1]).sum() == 2 == table.report["odd"] and table.columns[1].kind != "category"
        assert "2 cells taken as missing, such as 'unknown' in row 8" in table.notes["n"]
        many = ["unknown" if i % 8 == 0 else text for i, text in enumerate(texts)]
        refused(
            r"'n' holds .* such as 'unknown' in row 1\. Expected.*--set types\.n=",
            load_table,
            write(tmp_path / "b.csv", {"n": many}),
        )
    kept = load_table(write(tmp_path / "b.csv", {"n": ["?!" if i % 8 == 0 else str(i) for i in range(NUM)]}), {"n": "number"})
    assert np.isnan(kept.cells).sum() == 8
    sizes, _, note = loaded(tmp_path, "size", [("1", "2", "3", "4+")[i % 4] for i in range(NUM)])
    assert sizes.kind == "category" and "though 75% of its cells are numbers" in note


def test_dates_of_every_form_are_new_dates_in_that_form(tmp_path):
    rng = np.random.default_rng(0)
    moments = pd.to_datetime(pd.Series(rng.integers(1_600_000_000, 1_700_000_000, NUM)), unit="s")
    for form in (
        "%Y-%m-%dT%H:%M:%SZ",
        "%m/%d/%Y %I:%M %p",
        "%Y%m%d",
        "%d %b %Y",
        "%H:%M:%S",
        "%d.%m.%y",
        "%Y-%m-%d %H:%M:%S+02:00",
    ):
        texts = list(moments.dt.strftime(form))
        column, cells, _ = loaded(tmp_path, "t", texts)
        assert (column.kind, column.date_format) == ("date", form) and column.format(cells) == texts
        between = column.format(column.rounded((cells[:-1] + cells[1:]) / 2).numpy())
        assert not pd.to_datetime(pd.Series(between), format=form).isna().any() and len(set(between) - set(texts)) > NUM / 2
    fractions = [f"2024-01-05 10:11:{i % 60:02d}.{i:06d}" for i in range(NUM)]
    column, cells, _ = loaded(tmp_path, "t", fractions)
    assert column.format(cells) == fractions


def test_the_order_of_day_and_month_is_told_where_it_is_ambiguous_and_can_be_set(tmp_path):
    clear, _, note = loaded(tmp_path, "d", [f"{1 + i % 28:02d}/0{1 + i % 9}/2024" for i in range(NUM)])
    assert clear.date_format == "%d/%m/%Y" and "ambiguous" not in note
    firsts, _, note = loaded(tmp_path, "d", [f"01/{1 + i % 12:02d}/2024" for i in range(NUM)])
    assert firsts.date_format == "%d/%m/%Y" and "ambiguous" in note and "--set types.d=date:%m/%d/%Y" in note
    given, _, _ = loaded(tmp_path, "d", [f"01/{1 + i % 12:02d}/2024" for i in range(NUM)], types={"d": "date:%m/%d/%Y"})
    assert given.date_format == "%m/%d/%Y"


def test_midnights_stay_midnights(tmp_path):
    column, cells, _ = loaded(tmp_path, "d", [f"2024-01-{1 + i % 28:02d} 00:00:00" for i in range(NUM)])
    assert all(text.endswith(" 00:00:00") for text in column.format(column.rounded(cells + 4321.0).numpy()))


@pytest.mark.parametrize(
    ("cells", "pattern"),
    [
        ([f"C{i:05d}" for i in range(NUM)], r"C000(60|61|62)"),
        ([str(i) for i in range(500, 500 + NUM)], r"56[012]"),
        (
            [f"{hash_:08x}-{hash_ % 65536:04x}" for hash_ in np.random.default_rng(0).integers(2**31, 2**32, NUM)],
            r"[0-9a-f]{8}-[0-9a-f]{4}",
        ),
        ([f"{'abcdefghij'[i % 10]}{'klmnopq'[i % 7]}.x{i}@mail.com" for i in range(NUM)], r"[a-z]{2}\.[a-z]\d+@\w+\.\w+"),
    ],
)
def test_identifiers_are_told_and_made_anew_in_their_form(tmp_path, cells, pattern):
    column, numbers, note = loaded(tmp_path, "customer_id", cells)
    assert column.kind == "id" and "an identifier" in note and "--set types.customer_id=" in note
    new = column.format(np.arange(3.0))
    assert len(set(new)) == 3 and not set(new) & set(cells) and all(re.fullmatch(pattern, text) for text in new), new
    assert not np.isnan(numbers).any() and column_from_config(column.to_config()) == column


def test_what_only_looks_like_an_identifier_is_learned(tmp_path):
    years, _, _ = loaded(tmp_path, "year", [str(1900 + i) for i in range(NUM)])
    incomes, _, _ = loaded(tmp_path, "income", [str(i) for i in np.random.default_rng(0).permutation(10**5)[:NUM]])
    towns, _, _ = loaded(tmp_path, "town", [f"{10_000 + i % 9:05d}"[::-1] for i in range(NUM)])
    assert [column.kind for column in (years, incomes, towns)] == ["number", "number", "category"]
    assert loaded(tmp_path, "nr", list(map(str, range(NUM))), types={"nr": "number"})[0].kind == "number"


def test_free_text_is_left_out_and_told_and_values_of_single_rows_are_counted(tmp_path):
    comments = [f"the phone {i} works after {i * 7} days" for i in range(NUM)]
    names = [f"name{i // 2 if i < 50 else i}" for i in range(NUM)] + [f"name{i}" for i in range(NUM)]
    table = load_table(write(tmp_path / "a.csv", {"stars": X, "comment": comments}))
    assert table.column_names == ["stars"] and table.report["left_out"] == ["comment"]
    assert "free text" in schema_of(table)[-1]["note"] and "left out: comment" in describe_table(table)
    assert load_table(tmp_path / "a.csv", {"comment": "id"}).column_names == ["stars", "comment"]
    table = load_table(write(tmp_path / "b.csv", {"x": X * 2, "name": names}))
    assert table.columns[1].kind == "category" and "of which occur in one row" in table.notes["name"]


def test_a_table_of_the_columns_is_told(tmp_path):
    text = schema_text(load_table(write(tmp_path / "a.csv", {"x": X, "k": ["u", "v"] * (NUM // 2)})))
    assert text.splitlines() == [
        "column  type      values       missing  note",
        "x       number    0.5 to 16.5  0",
        "k       category  u, v         0",
    ]


# --- Files. ---


def rows(table):
    file = io.StringIO()
    write_csv(file, table)
    return file.getvalue()


PLAIN = {"a": [f"{i % 13}.5" for i in range(NUM)], "k": ["ü", "v"] * (NUM // 2)}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("encoding", "told"), [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "UTF-16"), ("cp1252", "Windows-1252")]
)
def test_files_of_every_separator_and_encoding_are_read(tmp_path, separator, encoding, told):
    plain = load_table(write(tmp_path / "plain.csv", PLAIN))
    table = load_table(write(tmp_path / "other.txt", PLAIN, separator, encoding))
    assert rows(table) == rows(plain) and told in "".join(table.report.get("notes", []))


def test_packed_files_are_read(tmp_path):
    text = write(tmp_path / "plain.csv", PLAIN).read_bytes()
    (tmp_path / "a.csv.xz").write_bytes(lzma.compress(text))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", text)
    for name in ("a.csv.gz", "a.csv.bz2"):
        pd.read_csv(tmp_path / "plain.csv", dtype=str).to_csv(tmp_path / name, index=False)
    for name in ("a.csv.xz", "a.zip", "a.csv.gz", "a.csv.bz2"):
        assert rows(load_table(tmp_path / name)).encode() == text


def test_lines_before_the_header_comments_and_nameless_columns_are_told(tmp_path):
    columns = {"": range(NUM), **PLAIN, " ": [""] * NUM}
    path = write(tmp_path / "a.csv", columns, before="# of 2024\nA report\n\n")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:10], "# a comment", *lines[10:]]) + "\n")
    table = load_table(path)
    assert table.column_names == ["a", "k"] and len(table) == NUM
    notes = "; ".join(table.report["notes"])
    for words in ("skipped 2 lines before", "skipped 1 comments", "numbers the rows, is left out", "1 nameless column without"):
        assert words in notes, notes


def test_rows_that_are_too_long_or_too_short_are_counted_also_with_quotes(tmp_path):
    for quote in ("", '"'):
        lines = ["a,k", *(f"{i % 13},{quote}v{quote}" for i in range(NUM)), "1", "1,2,3"]
        (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
        table = load_table(tmp_path / "a.csv")
        assert (len(table), table.report["ragged"], table.report["first_ragged"]) == (NUM, 2, [NUM + 2, NUM + 3])
    (tmp_path / "b.csv").write_text("a,note\n" + "".join(f'{i % 13},"x, {i % 3}\ny"\n' for i in range(NUM)))
    assert load_table(tmp_path / "b.csv").columns[1].values == ("x, 0\ny", "x, 1\ny", "x, 2\ny")


def test_files_that_are_no_tables_are_refused_by_what_they_are(tmp_path):
    for name, content, words in (
        ("a.csv", b"\x00\x01\x02" * 500, "is binary"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0" + b"\x00" * 500, "an Office document"),
        ("b.csv", b'[{"a": 1}]', "JSON or HTML"),
        ("c.csv", b"", "Expected a header"),
    ):
        (tmp_path / name).write_bytes(content)
        refused(words, load_table, tmp_path / name)


def test_a_parquet_file_is_read_and_its_package_is_named(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"a": np.arange(NUM) % 7, "when": pd.date_range("2024-01-01", periods=NUM)})
    frame.to_parquet(tmp_path / "a.parquet")
    assert load_table(tmp_path / "a.parquet").to_frame().equals(frame)
    monkeypatch.setattr(pd, "read_parquet", lambda path: (_ for _ in ()).throw(ImportError("pyarrow")))
    with pytest.raises(ImportError, match=re.escape('pip install "gan_keras[parquet]"')):
        load_table(tmp_path / "a.parquet")


# --- Data frames. ---


def frame():
    rng = np.random.default_rng(0)
    data = {
        "when": pd.date_range("2024-01-01", periods=NUM, freq="37min"),
        "zone": pd.date_range("2024-01-01", periods=NUM, freq="h", tz="Europe/Oslo"),
        "small": rng.integers(0, 9, NUM).astype("int8"),
        "single": rng.normal(size=NUM).astype("float32").round(2),
        "gaps": pd.array([None if i % 7 == 0 else i % 5 for i in range(NUM)], dtype="Int64"),
        "flag": rng.random(NUM) > 0.5,
        "size": pd.Categorical(rng.choice(["S", "M", "L"], NUM), ["S", "M", "L"], ordered=True),
        "took": pd.to_timedelta(rng.integers(0, 5000, NUM), unit="s"),
        "month": pd.period_range("2020-01", periods=NUM, freq="M"),
        3: rng.normal(size=NUM),
    }
    return pd.DataFrame(data, index=pd.Index([f"u{i:04d}" for i in range(NUM)], name="user"))


def test_a_data_frame_comes_back_with_its_types_its_index_and_its_cells():
    data = frame()
    table = load_table(data)
    back = table.to_frame()
    assert back.dtypes.equals(data.dtypes) and back.index.name == "user" and list(back.columns) == list(data.columns)
    pd.testing.assert_frame_equal(back.reset_index(drop=True), data.reset_index(drop=True))
    training, held_out = split_table(table)
    assert read_like(data.iloc[:20], training.columns).cells.shape == (20, len(table.columns))
    assert "<Table data frame" in repr(table) and "<table" in table._repr_html_() and len(held_out) == 6


def test_arrays_and_dictionaries_are_tables():
    cells = np.random.default_rng(0).normal(size=(NUM, 3))
    assert load_table(cells).column_names == ["column_1", "column_2", "column_3"]
    assert load_table({"a": cells[:, 0], "k": ["x", "y"] * (NUM // 2)}).columns[1].values == ("x", "y")
    refused("Got dict for a table", load_table, {"a": [1, 2], "b": [1]})


def test_a_training_part_knows_neither_ranges_nor_values_of_the_held_out_part():
    data = pd.DataFrame({"x": np.arange(100) / 8, "k": [f"only{i}" if i % 10 == 0 else "usual" for i in range(100)]})
    training, held_out = split_table(load_table(data, {"k": "category"}), seed=4)
    known = training.cells[:, 0]
    assert (training.columns[0].low, training.columns[0].high) == (known.min(), known.max())
    own = set(training.to_frame()["k"])
    assert set(training.columns[1].values) == own and len(own) < 11
    assert held_out.columns == training.columns and np.isnan(held_out.cells[:, 1]).any()
