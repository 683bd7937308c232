"""Public schemas: what columns may hold without a look at the rows, drafts, files that they fit, and runs that keep them."""

import copy
import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from command_line import call
from command_line import refused as command_refused
from gan_keras.data import load_table, split_table, write_csv
from gan_keras.data.table.columns import CategoryColumn, DateColumn, IdColumn, NumberColumn
from gan_keras.data.table.schema import columns_of_schema, draft_schema, note_of_draft, schema_json, schema_of_columns
from gan_keras.data.table.table import describe_table, schema_of
from gan_keras.modalities.table.modality import TableModality
from gan_keras.runs.files import Run
from gan_keras.runs.train import train
from refusals import refused

HEADER = "customer;age;income;rate;town;since;seen;member;remark"
REMARKS = [f"a sentence of words that only row {row} has" for row in range(40)]


def rows(num=40, age=lambda row: 20 + row // 2 * 2):
    """Rows with an identifier, numbers with and without decimals and units, missing cells, dates, times, and free text."""
    return [
        f"C-{1000 + row};{age(row)};{3.5 + 1.25 * row:.2f} EUR;{'' if row % 7 == 3 else f'{row / 8:.3f}'};"
        f"{['Oslo', 'Rome', '?', 'Bern'][row % 4]};{1 + row % 28:02d}.0{1 + row % 9}.2021;"
        f"2024-02-{1 + row % 28:02d} {row % 24:02d}:30:00;{'yes' if row % 3 else 'no'};{REMARKS[row]}"
        for row in range(num)
    ]


def written(path, lines=None, header=HEADER):
    path.write_text("\n".join([header, *(rows() if lines is None else lines)]) + "\n")
    return path


@pytest.fixture
def path(tmp_path):
    return written(tmp_path / "people.csv")


@pytest.fixture
def table(path):
    return load_table(path)


@pytest.fixture
def schema(table):
    return draft_schema(table)


def entry(schema, name):
    return next(each for each in schema["columns"] if each["name"] == name)


def changed(schema, name, /, **fields):
    """A schema with fields of a column changed; None takes a field out."""
    schema = copy.deepcopy(schema)
    entry(schema, name).update(fields)
    for field in [field for field, value in fields.items() if value is None]:
        del entry(schema, name)[field]
    return schema


def text_of(table):
    file = io.StringIO()
    write_csv(file, table)
    return file.getvalue()


def without_ids(table):
    return table.select([index for index, column in enumerate(table.columns) if column.kind != "id"])


# --- Schemas and columns. ---


def test_columns_survive_the_way_into_a_schema_of_json_and_back():
    columns = (
        NumberColumn("n", True, -3.0, 7.0, 0, places=1),
        NumberColumn("m", False, -1e30, 1e30, None),
        NumberColumn("p", False, 0.25, 1e6, 2, prefix="$", suffix=" a", thousands="'", point=",", dtype="float32"),
        DateColumn("d", True, 0.0, 365.0, 0, "%d.%m.%Y"),
        DateColumn("t", False, 3600.0, 7200.0, 0, "%Y-%m-%d %H:%M:%S", step=3600),
        DateColumn("h", False, 0.0, 86_340.0, 0, "%H:%M"),
        CategoryColumn("c", True, ("a", "é", "ü, 'x'"), dtype="bool"),
        IdColumn("i", False, "C-", "/x", 5, 7),
        IdColumn("j", False, template="AA\\-999"),
    )
    schema = json.loads(schema_json(schema_of_columns(columns)))
    assert columns_of_schema(schema) == columns
    assert schema["read_from_data"] is False and "note" not in schema
    assert entry(schema, "d")["high"] == "01.01.1971" and entry(schema, "n")["low"] == -3


def test_a_draft_describes_every_column_a_line_each_and_says_that_it_was_read_from_data(schema):
    assert {each["name"]: each["type"] for each in schema["columns"]} == {
        **{"customer": "id", "age": "number", "income": "number", "rate": "number", "town": "category", "since": "date"},
        **{"seen": "date", "member": "category", "remark": "drop"},
    }
    assert schema["read_from_data"] is True and "set read_from_data to false" in schema["note"]
    assert entry(schema, "town") == {"name": "town", "type": "category", "values": ["Bern", "Oslo", "Rome"], "missing": True}
    assert entry(schema, "since")["low"] == "01.01.2021" and entry(schema, "since")["high"] == "30.09.2021"
    assert (entry(schema, "seen")["low"], entry(schema, "seen")["high"]) == ("2024-02-01 00:00:00", "2024-02-29 23:59:00")
    assert (entry(schema, "rate")["missing"], entry(schema, "age")["missing"]) == (True, False)
    assert entry(schema, "income")["suffix"] == " EUR" and entry(schema, "income")["decimals"] == 2
    text = schema_json(schema)
    assert json.loads(text) == schema
    assert all(sum(f'"name": "{each["name"]}"' in line for line in text.splitlines()) == 1 for each in schema["columns"])
    assert not any(remark in text for remark in REMARKS)


def test_a_draft_hides_which_the_largest_and_the_smallest_cells_are(tmp_path):
    drafts = [
        schema_json(
            draft_schema(
                load_table(written(tmp_path / f"{extreme}.csv", rows(age=lambda row, top=extreme: top if row == 7 else 20 + row)))
            )
        )
        for extreme in (91, 96, 99)
    ]
    assert drafts[0] == drafts[1] == drafts[2]


@pytest.mark.parametrize("decimals", [0, 2, None])
def test_the_range_of_a_draft_is_round_and_holds_the_one_of_the_data(decimals):
    random = np.random.default_rng(0)
    for scale in 10.0 ** np.arange(-3, 9):
        cells = random.normal(random.normal(), 1, 30) * scale
        cells = cells if decimals is None else np.round(cells, decimals)
        column = NumberColumn("x", False, float(cells.min()), float(cells.max()), decimals)
        table = load_table({"x": cells, "c": list("ab") * 15}, {"x": "number"})
        drafted = draft_schema(type(table)("t", (column,), cells[:, None], {}))
        found = columns_of_schema({**drafted, "read_from_data": False})[0]
        span = max(column.high - column.low, 10.0 ** -(decimals or 0) if decimals is not None else 0.0)
        assert found.low <= column.low and found.high >= column.high
        assert found.high - found.low <= 1.5 * span + 2 * (10.0**-decimals if decimals is not None else 0.0)
        assert max(len(f"{abs(each):.12g}".strip("0.").replace(".", "")) for each in (found.low, found.high)) <= 4


def test_values_of_few_rows_and_guesses_are_told_beside_the_draft(table, path):
    lines = rows()
    lines[5] = lines[5].replace("Rome", "Ulan Bator")
    note = note_of_draft(load_table(written(path, lines)))
    assert "town: Rome, Ulan Bator (2)" in note and "remark: free text" in note and "read_from_data" in note
    assert "not covered by the guarantee" in note


# --- Tables by a schema. ---


def test_a_table_by_its_draft_has_equal_cells_and_is_public(table, schema, path, tmp_path):
    file = tmp_path / "people.schema.json"
    file.write_text(schema_json(schema))
    for source in (schema, file, str(file)):
        found = load_table(path, schema=source)
        assert found.is_public and not table.is_public
        assert found.columns == columns_of_schema(schema) and found.column_names == table.column_names
        assert np.array_equal(without_ids(found).cells, without_ids(table).cells, equal_nan=True)
        assert text_of(without_ids(found)) == text_of(without_ids(table))


def test_an_edited_schema_gives_its_own_order_ranges_and_values_and_the_same_texts(table, schema, path):
    edited = changed(schema, "age", low=0, high=130, missing=True)
    edited = changed(edited, "town", values=["Zug", "Rome", "Oslo", "Bern", "Aarau"])
    edited = changed(edited, "since", low="01.01.1990", high="31.12.2030")
    edited["columns"], edited["read_from_data"] = edited["columns"][::-1], False
    found = load_table(path, schema=edited)
    assert found.column_names == table.column_names[::-1]
    town, age = found.columns[found.index("town")], found.columns[found.index("age")]
    assert town.values == ("Aarau", "Bern", "Oslo", "Rome", "Zug") and (age.low, age.high, age.has_missing) == (0.0, 130.0, True)
    first, second = (
        {column.name: column.format(each.cells[:, i]) for i, column in enumerate(each.columns)} for each in (found, table)
    )
    assert {**first, "customer": []} == {**second, "customer": []}
    assert "read off the rows" not in describe_table(found) and found.label_names[:3] == ["member=no", "member=yes", "town=Aarau"]


def test_parts_of_a_public_table_have_its_columns_whatever_rows_they_have(schema, path, table):
    found = load_table(path, schema=schema)
    training, held_out = split_table(found, held_out=30, seed=0)
    assert training.columns == held_out.columns == found.columns == found.take([0, 1]).columns == found.fitted().columns
    parts = (training, held_out, found.take([0, 1]), found.select([1, 2]), found.like(found.columns[::-1]), found.described())
    assert all(each.is_public for each in parts)
    private = split_table(table, held_out=30, seed=0)[0]
    assert private.columns != table.columns and not private.is_public  # the control: ranges of the rows themselves


def test_columns_reports_and_overviews_are_equal_for_other_rows(schema, tmp_path):
    lines = rows()
    tables = [load_table(written(tmp_path / "people.csv", each), schema=schema) for each in (lines, lines[:-1] + lines[:1])]
    first, second = (split_table(table, seed=0)[0] for table in tables)
    assert first.columns == second.columns and schema_of(tables[0]) == schema_of(tables[1]) and first.layout is None
    assert tables[0].fingerprint != tables[1].fingerprint
    assert {each["column"]: each["missing"] for each in schema_of(tables[0])}["rate"] == "allowed"


def test_columns_that_the_schema_lacks_are_left_out_and_told(schema, path):
    schema["columns"] = [each for each in schema["columns"] if each["name"] not in ("income", "remark")]
    found = load_table(path, schema=schema)
    assert "income" not in found.column_names and found.notes["income"] == "not in the schema"
    assert "left out: income, remark" in describe_table(found)


def test_a_draft_is_told_until_it_says_that_it_was_edited(schema, path):
    assert "the schema was read off the rows" in describe_table(load_table(path, schema=schema))
    assert "read off" not in describe_table(load_table(path, schema={**schema, "read_from_data": False}))


def test_cells_that_are_no_numbers_are_missing_where_the_schema_allows_it(schema, path, tmp_path):
    lines = [line.replace(";22;", ";unknown;") for line in rows()]
    odd = written(tmp_path / "odd.csv", lines)
    refused(r"column 'age': 'unknown' in row 3 is no number \(2 such cells\)", load_table, odd, schema=schema)
    found = load_table(odd, schema=changed(schema, "age", missing=True))
    assert np.isnan(found.cells[:, found.index("age")]).sum() == 2 and found.report["odd"] == 2


def test_numbers_are_rounded_to_the_digits_of_the_schema(schema, path):
    found = load_table(path, schema=changed(schema, "income", decimals=0))
    assert found.cells[:3, found.index("income")].tolist() == [4.0, 5.0, 6.0]


def test_data_frames_keep_their_types_and_coarser_dates_are_whole(tmp_path):
    frame = pd.DataFrame(
        {
            "when": pd.date_range("2024-01-01 05:30", periods=20, freq="7h"),
            "flag": [True, False] * 10,
            "code": pd.Series([1.0, 2.0, None, 2.0] * 5, dtype=object),
            "size": np.arange(20, dtype=np.float32) / 4,
            "kind": pd.Categorical(list("xyzx") * 5, ["z", "y", "x", "never"]),
        }
    )
    table = load_table(frame, {"code": "category"})
    schema = draft_schema(table)
    found = load_table(frame, schema=schema)
    assert np.array_equal(found.cells, table.cells, equal_nan=True)
    assert found.layout is None  # it would hold the categories of the frame
    assert found.to_frame().dtypes.astype(str).to_dict() == table.to_frame().dtypes.astype(str).to_dict()
    coarse = changed(schema, "when", format="%Y-%m-%d", low="2024-01-01", high="2024-12-31", step=None, dtype=None)
    cells = load_table(frame, schema=coarse).cells[:, 0]
    assert (cells == np.floor(table.cells[:, 0] * table.columns[0].unit / 86_400)).all()
    refused("column 'when'.* is none of the values", load_table, frame, schema=changed(coarse, "when", **AS_CATEGORY))


AS_CATEGORY = {"type": "category", "values": ["x"], "format": None, "low": None, "high": None}


def test_built_in_sets_have_drafts_too():
    table = load_table("wine")
    found = load_table("wine", schema=draft_schema(table))
    assert found.name == "wine" and found.is_public and np.array_equal(found.cells, table.cells)


# --- Schemas that are none, and schemas that do not fit. ---


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("age", {"low": 95, "high": 20}, "low=95 is above high=20"),
        ("age", {"type": "numbr"}, "type='numbr'. Did you mean 'number'"),
        ("age", {"lowest": 3}, "of the type number and has 'lowest'. Did you mean 'low'"),
        ("age", {"values": ["1"]}, "of the type number and has 'values'"),
        ("age", {"high": None}, "lacks 'high'"),
        ("age", {"high": "90"}, "high='90'. Expected a number"),
        ("age", {"high": True}, "high=True. Expected a number"),
        ("age", {"high": float("nan")}, "high=nan. Expected a number"),
        ("age", {"high": 1e17}, "Expected a number from -9"),
        ("age", {"high": 90.5}, "high=90.5 has more than decimals=0"),
        ("age", {"decimals": -1}, "decimals=-1. Expected 0 to 15"),
        ("age", {"missing": "no"}, "missing='no'. Expected true or false"),
        ("age", {"dtype": "numbers"}, "dtype='numbers'. Expected a type of pandas"),
        ("town", {"values": []}, r"values=\[\]. Expected a list of texts"),
        ("town", {"values": [1, 2]}, "Expected a list of texts"),
        ("town", {"values": ["Oslo", "Oslo"]}, "the value 'Oslo' 2 times"),
        ("town", {"values": ["Oslo", "?"]}, "the value '\\?'. Expected texts"),
        ("town", {"values": ["Oslo "]}, "without blanks"),
        ("since", {"format": "%Q"}, "has the field %Q"),
        ("since", {"format": "day"}, "has no field"),
        ("since", {"low": "2021-01-01"}, "low='2021-01-01'. Expected a date of the format %d.%m.%Y"),
        ("since", {"low": 3}, "low=3. Expected a date"),
        ("since", {"low": "02.01.2022"}, "low='02.01.2022' is above high='30.09.2021'"),
        ("seen", {"high": "2024-02-29 23:59:59"}, "is no multiple of step=60"),
        ("customer", {"template": "xyz"}, "Expected one of the letters"),
        ("customer", {"name": "age"}, "has the column 'age' 2 times"),
        ("customer", {"name": 3}, "column 1 has name=3"),
    ],
)
def test_a_wrong_schema_is_refused_with_its_column(name, fields, words, schema, path, tmp_path):
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(changed(schema, name, **fields)))
    refused(words, load_table, path, schema=file)
    refused("wrong.json", load_table, path, schema=file)


def test_a_file_that_is_no_schema_is_refused(schema, path, tmp_path):
    refused("people.csv is damaged.*Expected JSON", load_table, path, schema=path)
    refused("There is no file", load_table, path, schema=tmp_path / "none.json", error=FileNotFoundError)
    for wrong, words in [
        ({}, "version=None. Expected a public schema of version 1"),
        ({**schema, "version": 2}, "version=2"),
        ({**schema, "read_from_data": "no"}, "read_from_data='no'"),
        ({name: schema[name] for name in schema if name != "read_from_data"}, "read_from_data=None"),
        ({**schema, "colums": []}, "holds 'colums'. Did you mean 'columns'"),
        ({**schema, "columns": []}, '"columns" is no list'),
        ({**schema, "columns": [entry(schema, "customer")]}, "no column to learn"),
    ]:
        refused(words, load_table, path, schema=wrong)
    refused("Got types .age. and a schema", load_table, path, {"age": "number"}, schema=schema)


def test_a_schema_that_does_not_fit_says_which_cell_how_many_and_where(schema, path, tmp_path):
    for wrong, words in [
        (changed(schema, "age", high=57), r"column 'age': '58' in row 39 is above high=57 \(2 such cells\)"),
        (changed(schema, "age", low=21), r"'20' in row 1 is below low=21 \(2 such cells\)"),
        (
            changed(schema, "town", values=["Oslo", "Rome"]),
            r"column 'town': 'Bern' in row 4 is none of the values \(10 such cells\)",
        ),
        (changed(schema, "rate", missing=False), r"a cell in row 4 is missing, and missing is false \(6 such cells\)"),
        (changed(schema, "since", high="30.06.2021"), "'07.07.2021' in row 7 is above high=30.06.2021"),
        (changed(schema, "since", format="%m.%d.%Y", low="01.01.2021", high="12.31.2021"), "'13.04.2021' in row 13 is no date"),
        (changed(schema, "town", type="number", values=None, low=0, high=9), "column 'town': 'Oslo' in row 1 is no number"),
        (changed(schema, "age", name="years"), "people.csv has no column 'years'"),
    ]:
        refused(words, load_table, path, schema=wrong)
    both = changed(changed(schema, "age", high=57), "town", values=["Oslo", "Rome"])
    refused("the schema does not fit people.csv: column 'age'.*; column 'town'", load_table, path, schema=both)
    refused("has 9 rows. Expected at least 10", load_table, written(tmp_path / "few.csv", rows(9)), schema=schema)


# --- Commands and runs. ---


def test_the_command_prints_a_draft_and_tells_beside_it_what_to_edit(path, schema, tmp_path):
    done = call("schema", path)
    assert done.exit_code == 0 and done.stdout == schema_json(schema)
    assert "read off the rows of people.csv" in done.stderr and "not covered by the guarantee" in done.stderr
    out = tmp_path / "people.schema.json"
    done = call("schema", path, "--output", out, "--set", "types.town=drop")
    assert done.exit_code == 0 and done.stdout == ""
    assert [each["name"] for each in json.loads(out.read_text())["columns"]].count("town") == 0
    assert "may have been edited" in command_refused("schema", path, "--output", out)
    assert "Expected types of columns" in command_refused("schema", path, "--set", "units=3")
    assert "no such column" in command_refused("schema", path, "--set", "types.tow=drop")
    assert "There is no file" in command_refused("schema", tmp_path / "none.csv")


def test_wrong_options_of_a_private_training_are_refused_and_nothing_is_written(path, schema, tmp_path):
    out, wrong = tmp_path / "run", tmp_path / "wrong.json"
    wrong.write_text(schema_json(changed(schema, "age", high=57)))
    table = ("train", "table", "--data", path, "--out", out)
    tiny, private = (*table, "--preset", "tiny"), (*table, "--preset", "private")
    for arguments, words in [
        ((*private, "--epsilon", 3), "without a public schema.* run `gan-keras schema .*people.csv > people.schema.json`"),
        ((*private, "--set", "epsilon=3"), "without a public schema"),
        ((*tiny, "--epsilon", 0), "Expected more than 0"),
        ((*tiny, "--epsilon", -1), "epsilon=-1.0. Expected at least 0"),
        ((*tiny, "--epsilon", 3, "--set", "epsilon=2"), "Got --epsilon 3.0 and --set epsilon=2"),
        ((*tiny, "--delta", 1e-5), "without epsilon"),
        ((*private, "--epsilon", 3, "--delta", 1, "--schema", wrong), "delta=1. Expected less than 1 / rows"),
        ((*tiny, "--schema", wrong), "wrong.json does not fit people.csv: column 'age': '58' in row 39"),
        ((*tiny, "--schema", path), "Expected JSON"),
        ((*tiny, "--schema", tmp_path / "none.json"), "There is no file"),
        ((*tiny, "--schema", wrong, "--set", "types.town=drop"), "Got types"),
        ((*table, "--epsilon", 3, "--schema", wrong), "--preset private"),
        (
            ("train", "text", "--data", "docstrings", "--out", out, "--epsilon", 3),
            "for text.*Expected it for image, table, series",
        ),
        (("train", "image", "--data", "digits", "--out", out, "--schema", wrong), "for image.*Expected it for table"),
        (("train", "audio", "--data", "spoken_digits", "--out", out, "--epsilon", 3), "no private training"),
    ]:
        line = command_refused(*arguments)
        assert re.search(words, line), (words, line)
        assert not out.exists()


SETTINGS = {"width": 4, "epochs": 1, "steps_per_epoch": 1}


@pytest.mark.slow
def test_a_run_keeps_the_schema_and_goes_on_without_its_file(path, schema, tmp_path):
    file, out, lines = tmp_path / "people.schema.json", tmp_path / "run", []
    file.write_text(schema_json(changed(schema, "age", high=130)))
    train("table", path, out, "tiny", settings={**SETTINGS, "schema": str(file)}, progress=lines.append)
    assert any("the schema was read off the rows" in str(line) for line in lines)
    run, kind = Run(out), TableModality()
    assert run.config["data"]["public_schema"] == json.loads(file.read_text())
    card = kind.card(run.config)
    assert "read off the rows" in card["limits"] and "public_schema" not in card["data"]
    file.unlink()
    training, held_out = kind.parts(run)
    assert training.is_public and held_out.is_public and training.columns[1].high == 130.0
    assert run.load().codec.columns == training.columns
    gan = train("table", path, out, resume=True, epochs=2, settings={"schema": str(file)}, progress=lines.append)
    assert gan.codec.columns == training.columns and Run(out).config["preset"]["epochs"] == 2
    other = tmp_path / "other.json"
    other.write_text(schema_json(schema))
    refused("schema", train, "table", path, out, resume=True, epochs=3, settings={"schema": str(other)})


def test_the_card_of_a_run_with_an_edited_schema_says_nothing_of_its_rows(schema):
    data = {"public_schema": {**schema, "read_from_data": False}, "name": "people.csv"}
    config = {"model": {}, "data": data, "labels": None, "preset": {"description": ""}}
    assert TableModality().card(config)["limits"] == TableModality.limits
    data["public_schema"] = schema
    assert "read off the rows" in TableModality().card(config)["limits"]
