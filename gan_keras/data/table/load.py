"""`load_table`: rows by the name of a data set, from a file, or from a data frame."""

import dataclasses
import decimal
import pathlib

import numpy as np

from gan_keras import catalogue
from gan_keras.data.table.columns import CategoryColumn, IdColumn, NumberColumn, is_missing
from gan_keras.data.table.numbers import MAX_EXACT
from gan_keras.data.table.reader import read_frame
from gan_keras.data.table.schema import FROM_ROWS, columns_of_schema, read_schema
from gan_keras.data.table.table import Table, allocate
from gan_keras.data.table.texts import Typed, text_of
from gan_keras.data.table.types import DROP, check_types, is_moments, typed
from gan_keras.media.safe_files import check_is_file

TABLE_DATASETS = catalogue.DATASETS["table"]
MIN_ROWS = 10
MAX_ODD = 0.5  # largest share of cells that are not of the type that a schema gives
MAX_TOLD = 5  # columns that an error tells of

_CLASS_NAMES = {"wine": "cultivar", "breast_cancer": "diagnosis"}


def load_table(name_or_path, types=None, schema=None):
    """Loads a `Table` by name, from a file, or from a data frame.

    Types of columns are inferred from the majority of their cells: see the table's `notes`. Identifiers are not learned but made
    anew, free text is left out.

    Args:
        name_or_path: A name in `TABLE_DATASETS`; the path of a file (see `reader.read_frame`); a `pandas.DataFrame`, whose index
            is kept if it is not a plain numbering; an array `(rows, columns)`, a dictionary of columns, or a list of rows.
            Write `./wine` for a file named like a data set.
        types: Types by column, for types that are not to be guessed: `number`, `category`, `boolean`, `date`, `date:FORMAT`,
            `id` or `drop`; for built-in sets only `drop`.
        schema: A public schema in the place of types: the path of a JSON file, or a dictionary. See `data.table.schema`. The
            table then has its columns in its order, and `is_public` is True. Columns that it lacks are left out.

    Raises:
        FileNotFoundError: If it is neither a name nor a file.
        ValueError: If the source is not a table, or types or the schema do not fit it.
        ImportError: If a Parquet file needs a package that is not installed.
    """
    types = types or {}
    if schema is not None and types:
        raise ValueError(f"Got types ({', '.join(types)}) and a schema. Expected one of them: the schema gives all types.")
    if not isinstance(name_or_path, str | pathlib.Path):
        frame = _as_frame(name_or_path)
        return read_table(frame, types) if schema is None else read_by_schema(frame, schema)
    name = str(name_or_path)
    if name not in TABLE_DATASETS:
        check_is_file(name_or_path, "Tables", TABLE_DATASETS)
        return read_table(name_or_path, types) if schema is None else read_by_schema(name_or_path, schema)
    table = _built_in(name)
    if schema is not None:
        return read_by_schema(table.to_frame(), schema, name)
    check_types(types, table.column_names)
    for column, type_ in types.items():
        if type_ != DROP:
            raise ValueError(f"types.{column}={type_} for {name}, whose types are known. Expected none, or drop.")
    kept = [index for index, column in enumerate(table.columns) if column.name not in types]
    return Table(name, tuple(table.columns[index] for index in kept), table.cells[:, kept], {}).described()


def _as_frame(data):
    """Arrays, dictionaries of columns and lists of rows as a data frame."""
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, pd.Series):
        return data.to_frame()
    try:
        data = np.asarray(data) if hasattr(data, "__array__") else data
        frame = pd.DataFrame(data)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"Got {type(data).__name__} for a table ({error}). Expected a name, a path, a pandas.DataFrame, a dictionary of "
            "columns of equal length, or an array (rows, columns)."
        ) from error
    names = [f"column_{each + 1}" if isinstance(each, int) else str(each) for each in frame.columns]
    return frame.set_axis(names, axis=1)


def read_table(source, types=None):
    """Reads a path or a `pandas.DataFrame` into a `Table`, whose cells are on disk if they are many: see `allocate`.

    The table's report counts `rows`, `missing` cells, `odd` cells that are taken as missing, `ragged` rows that were left out,
    `renamed` and `dropped` columns, and names `constant` and `empty` columns; its `notes` say what was guessed. See `load_table`
    for the arguments.

    Raises:
        ValueError: If the source is not a table, has fewer than 10 rows, or columns are not of the given types.
    """
    types = {str(name): str(type_) for name, type_ in (types or {}).items()}
    as_text = [name for name, type_ in types.items() if type_.partition(":")[0] in ("category", "boolean", "id", "date")]
    frame = read_frame(source, as_text)
    names = list(frame.data)
    check_types(types, names)
    _check_rows(frame)
    found = {name: typed(frame, name, types.get(name)) for name in names}
    kept = {name: each for name, each in found.items() if each.column is not None}
    if all(isinstance(each.column, IdColumn) for each in kept.values()):
        told = "; ".join(f"{name}: {each.note}" for name, each in found.items() if each.note)
        raise ValueError(
            f"{frame.name} has no column to learn ({told}). Expected numbers, dates or categories: set a type, such as "
            f"`--set types.{names[0]}=category`."
        )
    notes = {name: each.note for name, each in found.items() if each.note}
    counts = {"odd": sum(each.odd for each in kept.values()), "dropped": len(found) - len(kept)}
    named = {"ids": [name for name, each in kept.items() if isinstance(each.column, IdColumn)]}
    named["left_out"] = [name for name, each in found.items() if each.column is None and types.get(name) != DROP]
    report = {**{name: value for name, value in {**counts, **named}.items() if value}, **frame.report}
    return _filled(frame, kept, report, notes).described()


def _check_rows(frame):
    if len(frame.data) < MIN_ROWS:
        raise ValueError(
            f"{frame.name} has {len(frame.data)} rows. Expected at least {MIN_ROWS}: from fewer nothing can be learned."
        )


def read_by_schema(source, schema, name=None):
    """Reads a path or a `pandas.DataFrame` into a `Table` with the columns of a public schema, in its order: see `load_table`.

    Cells that are no number or no date, if fewer than half, are taken as missing where the schema allows missing cells, and
    counted as `odd`. The report names columns that are `left_out`, as the schema lacks them. Numbers are rounded to its decimals.

    Raises:
        ValueError: If the source is not a table, or the schema does not fit it: a column is missing, its cells are of another
            type, or a cell is outside of its range or values. The message says which, how many and the first row.
    """
    schema, title = read_schema(schema)
    columns = columns_of_schema(schema)
    frame = read_frame(source, [column.name for column in columns if column.kind != "number"])
    frame = frame._replace(name=name or frame.name)
    _check_rows(frame)
    if absent := [column.name for column in columns if column.name not in frame.data]:
        more = f" and {len(absent) - MAX_TOLD} more" if len(absent) > MAX_TOLD else ""
        raise ValueError(
            f"{frame.name} has no column {', '.join(map(repr, absent[:MAX_TOLD]))}{more}, which {title} has. Expected all of its "
            "columns: take them out of the schema, or name them as the table does."
        )
    found, problems, odd = {}, [], 0
    for column in columns:
        cells, is_wrong = _like(frame, column)
        if getattr(column, "decimals", None) is not None:
            is_exact = np.abs(cells) * 10.0**column.decimals < MAX_EXACT
            cells = np.where(is_exact, np.round(cells, column.decimals) + 0.0, cells)
        problem = _misfit(frame, column, cells, is_wrong)
        problems += [problem] if problem else []
        odd += int(is_wrong.sum())
        found[column.name] = Typed(column, cells)
    if problems:
        more = f"; and {len(problems) - MAX_TOLD} more columns" if len(problems) > MAX_TOLD else ""
        raise ValueError(
            f"{title} does not fit {frame.name}: {'; '.join(problems[:MAX_TOLD])}{more}. Expected a schema that allows every "
            "cell: widen it by what is publicly known, or mend or leave out these rows."
        )
    known = [each["name"] for each in schema["columns"]]
    left_out = [name for name in frame.data if name not in known]
    counts = {"odd": odd, "dropped": len(frame.data.columns) - len(columns), "left_out": left_out}
    told = [FROM_ROWS] if schema["read_from_data"] else []
    report = {name: value for name, value in counts.items() if value} | frame.report
    report |= {"notes": [*frame.report.get("notes", []), *told]} if told else {}
    table = _filled(frame, found, report, dict.fromkeys(left_out, "not in the schema"))
    return dataclasses.replace(table, layout=None, public_schema=schema).described()


def _misfit(frame, column, cells, is_wrong):
    """Returns how cells do not fit a column of a public schema, for people; None if they do."""
    if column.kind == "id":
        return None
    of_type = f"is no date of the format {column.date_format}" if column.kind == "date" else "is no number"
    is_odd = column.kind != "category" and column.has_missing and is_wrong.sum() <= MAX_ODD * (~np.isnan(cells) | is_wrong).sum()
    problems = {} if is_odd else {"is none of the values" if column.kind == "category" else of_type: is_wrong}
    if column.kind != "category":
        low, high = column.format([column.low, column.high])
        problems |= {f"is below low={low}": cells < column.low, f"is above high={high}": cells > column.high}
    if not column.has_missing:
        problems["is missing, and missing is false"] = np.isnan(cells) & ~is_wrong
    found = []
    for problem, rows in problems.items():
        if rows.any():
            row, num = int(np.flatnonzero(rows)[0]), int(rows.sum())
            cell = frame.data[column.name].iloc[row]
            text = "a cell" if problem.startswith("is missing") else repr(text_of(cell))
            found.append(f"{text} in {frame.place(row)} {problem} ({num:,} such cell{'s' * (num > 1)})")
    return f"column {column.name!r}: {', '.join(found)}" if found else None


def _filled(frame, found, report, notes):
    """Returns the `Table` of typed columns."""
    cells = allocate((len(found), len(frame.data))).T  # a column's cells lie together: they are written one after another
    for index, each in enumerate(found.values()):
        cells[:, index] = each.cells
    columns = tuple(each.column for each in found.values())
    layout = None if frame.heads else frame.layout(found)
    return Table(frame.name, columns, cells, report, notes, layout)


def read_like(source, columns):
    """Reads a file or data frame, such as test data, into a `Table` with the `columns` of another one, in any order.

    The table's report also counts cells with `unseen` categories, which become missing, and `dropped` columns.

    Raises:
        ValueError: If a column is missing, or a cell is no number or no date of the column's format.
    """
    kinds = {column.name: column.kind for column in columns}
    frame = read_frame(source, [name for name, kind in kinds.items() if kind != "number"])
    absent = [name for name in kinds if name not in frame.data]
    if absent:
        raise ValueError(f"{source} has no column {', '.join(map(repr, absent))}. Expected all columns that were trained on.")
    if not len(frame.data):
        raise ValueError(f"{source} has no rows. Expected some.")
    found, unseen = {}, 0
    for column in columns:
        cells, is_wrong = _like(frame, column)
        if column.kind != "category" and is_wrong.any():
            row = int(np.flatnonzero(is_wrong)[0])
            raise ValueError(
                f"{frame.name}, column {column.name!r}: {text_of(frame.data[column.name].iloc[row])!r} in {frame.place(row)}. "
                "Expected cells like those of the first table."
            )
        found[column.name], unseen = Typed(column, cells), unseen + int(is_wrong.sum())
    counts = {"unseen": unseen, "dropped": frame.data.shape[1] - len(columns), **frame.report}
    return _filled(frame, found, {name: count for name, count in counts.items() if count}, {}).described()


def _like(frame, column):
    """Cells of a known column, NaN for what is missing or not of its type or values, and which are the latter, bool `(rows,)`."""
    import pandas as pd

    cells = frame.data[column.name]
    if column.kind == "id":
        return np.arange(len(cells), dtype=np.float64), np.zeros(len(cells), bool)
    if is_moments(cells):
        found = typed(frame, column.name)
        if column.kind != found.column.kind:
            return np.full(len(cells), np.nan), cells.notna().to_numpy()
        units = found.column.unit / column.unit if column.kind == "date" else 1.0
        return np.floor(found.cells * units + 1e-6) if units < 1 else found.cells * units, np.zeros(len(cells), bool)
    if column.kind == "number" and cells.dtype.kind in "iuf":
        numbers = cells.to_numpy(np.float64, na_value=np.nan)
        return np.where(np.isinf(numbers), np.nan, numbers), np.zeros(len(cells), bool)
    codes, uniques = pd.factorize(cells.astype(object))
    texts = list(map(text_of, uniques))
    present = [index for index, text in enumerate(texts) if not is_missing(text)]
    values = np.full(len(texts) + 1, np.nan)
    values[present] = column.parse([texts[index] for index in present])
    wrong = np.isin(np.arange(len(texts) + 1), present) & np.isnan(values)
    return values[codes], wrong[codes]


def _built_in(name):
    """The measurements, then the class as the last column."""
    from sklearn import datasets

    found = {"wine": datasets.load_wine, "breast_cancer": datasets.load_breast_cancer}[name]()
    measured = []
    for title, cells in zip(found.feature_names, found.data.T, strict=True):
        decimals = max(max(0, -decimal.Decimal(repr(float(cell))).normalize().as_tuple().exponent) for cell in cells)
        title = str(title).replace(" ", "_").replace("/", "_")
        measured.append(NumberColumn(title, False, float(cells.min()), float(cells.max()), decimals))
    names = tuple(str(each) for each in found.target_names)
    order = np.argsort(np.argsort(names))  # values of a category are sorted
    category = CategoryColumn(_CLASS_NAMES[name], False, tuple(sorted(names)))
    return Table(name, (*measured, category), np.column_stack([found.data, order[found.target]]).astype(np.float64), {})
