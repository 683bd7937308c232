"""Public schemas: a JSON file that says what the columns of a table may hold, without looking at its rows.

    {
      "version": 1,
      "read_from_data": false,
      "columns": [
        {"name": "age", "type": "number", "low": 17, "high": 90, "decimals": 0, "missing": false},
        {"name": "sex", "type": "category", "values": ["Female", "Male"], "missing": false},
        {"name": "joined", "type": "date", "format": "%Y-%m-%d", "low": "2000-01-01", "high": "2024-12-31", "missing": true},
        {"name": "customer", "type": "id", "prefix": "C-", "digits": 5, "first": 1},
        {"name": "remark", "type": "drop"}
      ]
    }

Ranges and values that are read off private rows tell about them: the smallest number is that of a row. A private training
therefore takes its columns from such a file, written by people who know what the columns mean. `draft_schema` reads a draft off a
table, to be edited; its `read_from_data` is true until then. `FIELDS` lists what the columns of each type can say.
"""

import dataclasses
import json
import math
import pathlib

import numpy as np

from gan_keras.data.table import dates
from gan_keras.data.table.columns import CategoryColumn, DateColumn, IdColumn, NumberColumn, is_missing
from gan_keras.data.table.numbers import MAX_EXACT, MAX_NUMBER
from gan_keras.data.table.types import DROP
from gan_keras.diagnosis.names import choice_of
from gan_keras.media.safe_files import check_is_file, read_json

VERSION = 1

NOTE = (
    "Draft read off the rows. Replace ranges and values by what is publicly known, round ranges up, complete values, and then "
    "set read_from_data to false."
)

FROM_ROWS = "the schema was read off the rows: its ranges and values tell about them"
"""What is said of a table whose schema says `read_from_data`."""

_WRITTEN = ("places", "prefix", "suffix", "thousands", "point", "dtype")
FIELDS = {
    "number": (NumberColumn, ("low", "high"), ("decimals", "missing", *_WRITTEN)),
    "category": (CategoryColumn, ("values",), ("missing", "dtype")),
    "date": (DateColumn, ("format", "low", "high"), ("missing", "step", "dtype")),
    "id": (IdColumn, (), ("prefix", "suffix", "digits", "first", "template", "dtype")),
    DROP: (None, (), ()),
}
"""By type: class of the column, fields that a schema must give besides `name` and `type`, and those that it may give.

`missing` is whether cells may be missing, `decimals` the digits after the point (null for numbers with an exponent), `format`
that of `strftime` (see `dates.FIELDS`), `first` the number of the first new identifier. Others are attributes of the column's
class.
"""

RARE = 10
"""Rows below which a value is pointed out: it may tell about them."""

_ATTRIBUTES = {"missing": "has_missing", "format": "date_format"}


def _is_number(value):
    return type(value) in (int, float) and math.isfinite(value)


def _is_count(value):
    return type(value) is int and value >= 0


_IS_TEXT = "a text", lambda value: isinstance(value, str)
_VALID = {
    "low": ("a number, or a text of the column's date format", lambda value: _is_number(value) or isinstance(value, str)),
    "high": ("a number, or a text of the column's date format", lambda value: _is_number(value) or isinstance(value, str)),
    "decimals": ("0 to 15, or null", lambda value: value is None or _is_count(value) and value <= 15),
    "missing": ("true or false", lambda value: isinstance(value, bool)),
    "values": (
        'a list of texts, such as ["no", "yes"]',
        lambda value: isinstance(value, list) and value and all(isinstance(each, str) for each in value),
    ),
    "point": ('"." or ","', lambda value: value in (".", ",")),
    "step": ("1 or more", lambda value: _is_count(value) and value > 0),
    **dict.fromkeys(("places", "digits", "first"), ("0 or more", _is_count)),
    **dict.fromkeys(("format", "prefix", "suffix", "thousands", "template", "dtype"), _IS_TEXT),
}


# --- Reading.


def read_schema(source):
    """Returns a public schema, a dictionary as in the file, and its name in messages.

    Args:
        source: Path of a JSON file, or the dictionary itself.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no public schema: see `columns_of_schema`.
    """
    if isinstance(source, dict):
        schema, name = source, "the schema"
    else:
        check_is_file(source)
        schema, name = read_json(pathlib.Path(source)), str(source)
    columns_of_schema(schema, name)
    return schema, name


def columns_of_schema(schema, name="the schema"):
    """Returns the columns of a public schema, a tuple of `Column`; dropped ones are left out. Inverse of `schema_of_columns`.

    Raises:
        ValueError: If it is no public schema, such as one with an unknown type, a column given twice, or low above high. The
            message begins with `name`.
    """
    if schema.get("version") != VERSION:
        raise ValueError(
            f"{name}: version={schema.get('version')!r}. Expected a public schema of version {VERSION}, as `gan-keras schema` "
            "writes it."
        )
    known = ("version", "read_from_data", "note", "columns")
    if strange := [each for each in schema if each not in known]:
        raise ValueError(f"{name} holds {strange[0]!r}. {choice_of(strange[0], known)}.")
    if not isinstance(schema.get("read_from_data"), bool):
        raise ValueError(
            f"{name}: read_from_data={schema.get('read_from_data')!r}. Expected false, for a schema that was written without "
            "looking at the rows, or true."
        )
    entries = schema.get("columns")
    if not isinstance(entries, list) or not entries or not all(isinstance(each, dict) for each in entries):
        raise ValueError(f'{name}: "columns" is no list of columns. Expected some, such as {{"name": "sex", "type": "drop"}}.')
    names = [each.get("name") for each in entries]
    for number, each in enumerate(names, start=1):
        if not isinstance(each, str) or not each:
            raise ValueError(f"{name}: column {number} has name={each!r}. Expected the column's name in the table's header.")
        if names.count(each) > 1:
            raise ValueError(f"{name} has the column {each!r} {names.count(each)} times. Expected each column once.")
    columns = [_column(each, f"{name}, column {each['name']!r}") for each in entries]
    if all(column is None or column.kind == "id" for column in columns):
        raise ValueError(f"{name} has no column to learn. Expected a number, a category or a date.")
    return tuple(column for column in columns if column is not None)


def _column(entry, where):
    """Returns the `Column` of an entry of a schema; None for a dropped one. Messages begin with `where`."""
    type_ = entry.get("type")
    if type_ not in FIELDS:
        raise ValueError(f"{where}: type={type_!r}. {choice_of(type_, FIELDS)}.")
    kind, required, optional = FIELDS[type_]
    given = {field: value for field, value in entry.items() if field not in ("name", "type")}
    for field in given:
        if field not in (*required, *optional):
            raise ValueError(f"{where} is of the type {type_} and has {field!r}. {choice_of(field, (*required, *optional))}.")
    if missing := [field for field in required if field not in given]:
        raise ValueError(f"{where} is of the type {type_} and lacks {', '.join(map(repr, missing))}. Expected it.")
    for field, value in given.items():
        expected, is_valid = _VALID[field]
        if not is_valid(value):
            raise ValueError(f"{where}: {field}={value!r}. Expected {expected}.")
    if type_ == DROP:
        return None
    if given.get("dtype"):
        _check_dtype(given["dtype"], where)
    fields = {_ATTRIBUTES.get(field, field): value for field, value in given.items()}
    if type_ == "category":
        fields["values"] = _values(given["values"], where)
    if type_ == "date":
        fields |= _moments(given, where)
    elif type_ == "number":
        fields |= _range(given, where)
    column = kind(entry["name"], **fields)
    if type_ == "id" and column.template:
        _check_template(column, where)
    return column


def _values(values, where):
    for value in values:
        if is_missing(value) or value != value.strip():
            raise ValueError(
                f"{where}: the value {value!r}. Expected texts without blanks around them; '', '?', 'NA' and the like are "
                'missing cells: "missing": true.'
            )
        if values.count(value) > 1:
            raise ValueError(f"{where} has the value {value!r} {values.count(value)} times. Expected each value once.")
    return tuple(sorted(values))


def _range(given, where):
    decimals, limit = given.get("decimals", 0), MAX_EXACT if given.get("decimals", 0) is not None else MAX_NUMBER
    for field in ("low", "high"):
        value = given[field]
        if not _is_number(value) or abs(value) > limit:
            raise ValueError(f"{where}: {field}={value!r}. Expected a number from {-limit:g} to {limit:g}.")
        if decimals is not None and round(value, decimals) != value:
            raise ValueError(f"{where}: {field}={value!r} has more than decimals={decimals}. Expected no more digits.")
    _check_order(given, given["low"], given["high"], where)
    return {"low": float(given["low"]), "high": float(given["high"])}


def _moments(given, where):
    try:
        fields = [each for each in dates.pieces(given["format"]) if each in dates.FIELDS]
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    if not fields:
        raise ValueError(f"{where}: format={given['format']!r} has no field. Expected one such as %Y-%m-%d.")
    found = {}
    for field in ("low", "high"):
        value = given[field]
        found[field] = float(dates.parse([value], given["format"])[0]) if isinstance(value, str) else math.nan
        if math.isnan(found[field]):
            raise ValueError(f"{where}: {field}={value!r}. Expected a date of the format {given['format']}.")
        if found[field] % given.get("step", 1):
            raise ValueError(f"{where}: {field}={value!r} is no multiple of step={given['step']}. Expected one.")
    _check_order(given, found["low"], found["high"], where)
    return found


def _check_order(given, low, high, where):
    if low > high:
        raise ValueError(f"{where}: low={given['low']!r} is above high={given['high']!r}. Expected at most that.")


def _check_dtype(dtype, where):
    from pandas.api.types import pandas_dtype

    try:
        pandas_dtype(dtype)
    except TypeError as error:
        raise ValueError(f"{where}: dtype={dtype!r}. Expected a type of pandas, such as int64, or none.") from error


def _check_template(column, where):
    try:
        column.format([0.0])
    except (KeyError, IndexError) as error:
        raise ValueError(
            f"{where}: template={column.template!r}. Expected one of the letters 9, A, a, f and F, and other characters after a "
            "backslash."
        ) from error


# --- Writing.


def schema_of_columns(columns, read_from_data=False):
    """Returns the public schema of some columns, exactly: the inverse of `columns_of_schema`."""
    note = {"note": NOTE} if read_from_data else {}
    return {"version": VERSION, "read_from_data": read_from_data, **note, "columns": list(map(_entry, columns))}


def _entry(column):
    config = column.to_config()
    _, required, optional = FIELDS[column.kind]
    entry = {"name": column.name, "type": column.kind}
    for field in (*required, *optional):
        attribute = _ATTRIBUTES.get(field, field)
        if field in (*required, "decimals", "missing", "first") or config.get(attribute):
            entry[field] = config[attribute]
    if column.kind == "date":
        entry |= dict(zip(("low", "high"), column.format([column.low, column.high]), strict=True))
    elif column.kind == "number":
        entry |= {field: int(value) if float(value := entry[field]).is_integer() else value for field in ("low", "high")}
    elif column.kind == "category":
        entry["values"] = list(column.values)
    return entry


def draft_schema(table):
    """Returns a draft of a table's public schema, to be edited; it says that it was read from data.

    Ranges are rounded outward to round numbers, years or months, so that single extreme values do not show. Columns that
    `load_table` left out are of the type `drop`, and so are columns without a value.
    """
    kept = {column.name: column for column in table.columns if getattr(column, "values", True)}
    schema = schema_of_columns([_widened(column) for column in kept.values()], read_from_data=True)
    dropped = [name for name in (*table.column_names, *table.notes) if name not in kept]
    schema["columns"] += [{"name": name, "type": DROP} for name in dict.fromkeys(dropped)]
    return schema


def _widened(column):
    """A column with a rounder and wider range."""
    if column.kind == "number":
        low, high = _round_range(column.low, column.high, column.decimals)
        return dataclasses.replace(column, low=low, high=high)
    if column.kind == "id" and not column.template:
        return dataclasses.replace(column, first=max(1, int(_round_range(0, column.first, 0)[1])))
    return _widened_date(column) if column.kind == "date" else column


def _round_range(low, high, decimals):
    """The range in whole steps of 1, 2 or 5 times a power of ten, about a tenth of it wide."""
    least = 0.0 if decimals is None else 10.0**-decimals
    tenth = max((high - low) / 10, least) or max(abs(low) / 10, 1e-12)
    power = 10.0 ** math.floor(math.log10(tenth))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= tenth * (1 - 1e-9))
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return round(math.floor(low / step) * step, digits), round(math.ceil(high / step) * step, digits)


def _widened_date(column):
    """A column of dates from the first day of a month or year to the last one; of times, those of a whole day."""
    seconds = np.array([column.low, column.high]) * column.unit
    first, last = np.floor(seconds / dates.DAY).astype(np.int64).astype("datetime64[D]")
    unit = "Y" if (last - first).astype(int) >= 365 else "M"
    if dates.has_date(column.date_format):
        first, last = first.astype(f"datetime64[{unit}]"), last.astype(f"datetime64[{unit}]") + 1
    else:
        last += 1
    days = [each.astype("datetime64[D]").astype(np.int64) for each in (first, last)]
    low, high = (day * dates.DAY / column.unit for day in days)
    high = high - 1 - (high - 1) % column.step
    # A format that writes less than the day, or two digits of the year, reads other dates than these.
    low, high = dates.parse(column.format([low, high]), column.date_format)
    return column if not (low <= column.low and high >= column.high) else dataclasses.replace(column, low=low, high=high)


def schema_json(schema):
    """A public schema as JSON with a line per column."""
    head = "".join(f"  {json.dumps(name)}: {json.dumps(value)},\n" for name, value in schema.items() if name != "columns")
    lines = ",\n".join(f"    {json.dumps(each, ensure_ascii=False)}" for each in schema["columns"])
    return f'{{\n{head}  "columns": [\n{lines}\n  ]\n}}\n'


def note_of_draft(table):
    """What people must know who edit the draft of a table's schema, as lines of text."""
    rare = {}
    for column, cells in zip(table.columns, np.asarray(table.cells).T, strict=True):
        if column.kind == "category":
            counts = np.bincount(cells[~np.isnan(cells)].astype(np.int64), minlength=len(column.values))
            rare |= {column.name: [value for value, num in zip(column.values, counts, strict=True) if num < RARE]}
    rare = {name: values for name, values in rare.items() if values}
    shown = [f"  {name}: {', '.join(values[:5])}{', ...' * (len(values) > 5)} ({len(values):,})" for name, values in rare.items()]
    guessed = [f"  {name}: {note}" for name, note in table.notes.items()]
    lines = [
        f"This draft was read off the rows of {table.name}. Edit it before a private training:",
        "- ranges: replace them by what is known without the rows, and round them up",
        "- values: complete them; one that only the rows tell of has to leave the rows too",
        '- "missing": true where cells may be missing, even if none is',
        '- then set "read_from_data" to false',
        "What remains of the data in it is not covered by the guarantee of a private training.",
        *([f"Values that fewer than {RARE} rows have:", *shown] if shown else []),
        *(["Guessed:", *guessed] if guessed else []),
    ]
    return "\n".join(lines)
