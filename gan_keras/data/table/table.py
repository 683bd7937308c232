"""`Table`: a data set of rows, its split, its description, its batches, and its CSV form."""

import csv
import dataclasses
import functools
import hashlib
import json
import tempfile

import numpy as np
import tensorflow as tf

from gan_keras.data.arrays import epochs_of
from gan_keras.data.sample_set import description, num_held_out
from gan_keras.data.table.columns import CategoryColumn, IdColumn
from gan_keras.diagnosis.names import choice_of

IN_MEMORY_BYTES = 2**29
"""Size from which cells are stored in a temporary file, which the system keeps in memory as far as there is room."""

CHUNK_ROWS = 10_000


def allocate(shape, dtype=np.float64):
    """Returns an array of zeros, in memory or, if larger than `IN_MEMORY_BYTES`, in a file that disappears with it."""
    if np.prod(shape, dtype=np.int64) * np.dtype(dtype).itemsize <= IN_MEMORY_BYTES:
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, dtype, "w+", shape=shape)


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """Rows of cells.

    Attributes:
        name: Name of the table in reports: a built-in name, or the name of the file.
        columns: A `columns.Column` for each column.
        cells: float64 `(rows, columns)`, in memory or on disk; NaN is missing. See `columns` for their meaning.
        report: Counts of what was met while reading the table.
        notes: What was guessed or repaired, a sentence by column; columns that were left out have one too.
        layout: For a table from a data frame, what it needs besides the columns: `index`, names of the columns that were its
            index, `categories`, by column their order and whether it counts, and `names` that are no text. None for others.
        released: The `privacy.NoisedCounts` of these rows that were paid for before, such as by the run that is resumed; None
            before that.
        public_schema: The public schema that the columns come from, a dictionary: see `schema`. None if they were read off rows.
    """

    name: str
    columns: tuple
    cells: np.ndarray
    report: dict
    notes: dict = dataclasses.field(default_factory=dict)
    layout: dict | None = None
    public_schema: dict | None = None
    released: object = None

    def __len__(self):
        return len(self.cells)

    @property
    def column_names(self):
        return [column.name for column in self.columns]

    @property
    def is_public(self):
        """Whether the columns, their ranges and values, come from a public schema: none of them depends on the rows."""
        return self.public_schema is not None

    @property
    def label_names(self):
        """Labels of rows, a list of `column=value` for every value of every category; None without categories.

        `column=` is a missing cell, for columns that have some.
        """
        return [f"{self.columns[index].name}={text}" for index, _, text in labels_of(self.columns)] or None

    @functools.cached_property
    def fingerprint(self):
        """SHA-256 of columns and cells, 64 hexadecimal digits: equal if and only if the data are."""
        kept = (
            "kind",
            "name",
            "has_missing",
            "low",
            "high",
            "decimals",
            "date_format",
            "values",
        )  # how cells are written is not data
        configs = [column.to_config() for column in self.columns]
        configs = [{name: config[name] for name in config if name in kept} for config in configs]
        digest = hashlib.sha256(json.dumps(configs).encode())
        for part in chunks(self.cells):
            digest.update(np.ascontiguousarray(part))
        return digest.hexdigest()

    def index(self, name):
        """Returns the index of a column; raises `ValueError` if there is none of this name."""
        if name not in self.column_names:
            raise ValueError(f"There is no column {name!r}. {choice_of(name, self.column_names)}.")
        return self.column_names.index(name)

    def target(self, name=""):
        """Returns the index of a column to predict: the one of this name, or the last one that holds values.

        If that is constant, the last category with several values, otherwise the last column with several values.
        """
        if name:
            return self.index(name)
        places = [index for index, column in enumerate(self.columns) if getattr(column, "values", True) and column.kind != "id"]
        varying = [place for place in places if _varies(self.columns[place])]
        categories = [place for place in varying if self.columns[place].kind == "category"]
        last = max(places, default=0)
        return last if last in varying else max(categories or varying, default=last)

    def take(self, rows, report=None):
        """Returns a table of the rows with these numbers."""
        cells = allocate((len(rows), len(self.columns)))
        for start in range(0, len(rows), CHUNK_ROWS):
            part = rows[start : start + CHUNK_ROWS]
            cells[start : start + len(part)] = self.cells[part]
        return dataclasses.replace(self, cells=cells, report=report or {})

    def select(self, places):
        """Returns a table of some columns, by their indices."""
        if len(places) == len(self.columns):
            return self
        return dataclasses.replace(self, columns=tuple(self.columns[place] for place in places), cells=self.cells[:, places])

    def fitted(self):
        """Returns the table with columns that know these rows only: their range and their values. Public columns stay."""
        if self.is_public:
            return self
        cells, columns = allocate(self.cells.shape), []
        for index, column in enumerate(self.columns):
            column, cells[:, index] = column.fitted_to(np.asarray(self.cells[:, index]))
            columns.append(column)
        return dataclasses.replace(self, columns=tuple(columns), cells=cells)

    def like(self, columns):
        """Returns the table with the columns of another part, by name; values that these lack become missing."""
        if columns == self.columns:
            return self
        cells = allocate((len(self), len(columns)))
        for place, column in enumerate(columns):
            own = self.index(column.name)
            values = np.asarray(self.cells[:, own])
            is_category = isinstance(column, CategoryColumn) and column.values != self.columns[own].values
            cells[:, place] = self.columns[own].moved(values, column.values) if is_category else values
        return dataclasses.replace(self, columns=tuple(columns), cells=cells)

    def to_frame(self):
        """Returns a `pandas.DataFrame`; of a table that was read from one, with its types and its index."""
        import pandas as pd

        data = pd.DataFrame({column.name: frame_column(column, self.cells[:, i]) for i, column in enumerate(self.columns)})
        if not self.layout:
            return data
        for name, (values, is_ordered) in self.layout["categories"].items():
            data[name] = pd.Categorical(data[name].astype(object), values, is_ordered)
        data = data.set_index(self.layout["index"]) if self.layout["index"] else data
        return data.rename(columns=self.layout["names"])

    def __repr__(self):
        return f"<Table {describe_table(self)}>"

    def _repr_html_(self):
        """The first rows, for notebooks."""
        return self.take(np.arange(min(5, len(self)))).to_frame().to_html()

    def described(self):
        """Returns the table with a report that counts rows and missing cells, and names constant and empty columns."""
        missing = sum(np.isnan(part).sum(axis=0) for part in chunks(self.cells))
        empty = [name for name, num in zip(self.column_names, missing, strict=True) if num == len(self)]
        kept = [column for column in self.columns if column.name not in empty]
        constant = [column.name for column in kept if not _varies(column)]
        counts = {"rows": len(self), "missing": int(missing.sum()), **self.report}
        named = {"constant": constant, "empty": empty}
        return dataclasses.replace(self, report=counts | {name: names for name, names in named.items() if names})


def _varies(column):
    if isinstance(column, IdColumn):
        return True
    return len(column.values) > 1 if isinstance(column, CategoryColumn) else column.low != column.high


def frame_column(column, cells):
    """Cells as a `pandas` column: of the type that a data frame had, otherwise of the natural one."""
    import pandas as pd

    cells, dtype = np.asarray(cells, np.float64), column.dtype
    missing = np.isnan(cells)
    if column.kind == "date":
        texts = pd.Series(column.format(cells), dtype=object).where(~missing)
        if not dtype or dtype in ("object", "str", "string"):
            return texts.astype(dtype or "str")
        if not dtype.startswith(("datetime", "period")):
            return texts.astype(dtype)
        micros = pd.Series(np.where(missing, np.nan, np.round(cells * column.unit * 1e6)))
        moments = pd.to_datetime(micros.astype("Int64"), unit="us")
        if dtype.startswith("period"):
            return moments.dt.to_period(dtype[7:-1])
        zone = dtype.partition(", ")[2].rstrip("]")
        moments = moments.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else moments
        return moments.astype(dtype)
    if column.kind == "number":
        if dtype.startswith("timedelta"):
            return pd.to_timedelta(pd.Series(cells), unit="s").astype(dtype)
        if dtype in ("object", "str", "string"):
            return pd.Series(column.format(cells), dtype=object).where(~missing).astype(dtype)
        whole = column.decimals == 0 and not missing.any()
        numbers = pd.Series(cells.astype(np.int64) if whole else cells)
        return numbers.astype(dtype if dtype and (whole or not dtype.startswith(("int", "uint"))) else numbers.dtype)
    texts = pd.Series(column.format(cells), dtype=object).where(~missing)
    if column.kind == "id":
        return texts.astype("int64" if not column.is_text and dtype in ("", "int64") else dtype or "str")
    if dtype in ("bool", "boolean"):
        truths = texts.map(lambda text: None if text is None or text != text else text.lower() == "true")
        return truths.astype("bool" if dtype == "bool" and not missing.any() else "boolean")
    if dtype and dtype not in ("object", "str", "string", "category"):
        return pd.to_numeric(texts).astype(dtype if not missing.any() else "float64")
    return texts.astype(dtype or "str")


def chunks(cells):
    """Yields the rows of a matrix in parts that fit in memory."""
    for start in range(0, len(cells), CHUNK_ROWS):
        yield np.array(cells[start : start + CHUNK_ROWS])


def labels_of(columns):
    """Labels of rows: for each the index of the column, the cell (NaN is missing) and its text."""
    categories = [(index, column) for index, column in enumerate(columns) if isinstance(column, CategoryColumn)]
    return [
        (index, cell, text)
        for index, column in categories
        for cell, text in [*enumerate(column.values), *([(np.nan, "")] if column.has_missing else [])]
    ]


def split_table(table, held_out=None, seed=0, fitted=True):
    """Splits a table at random: see `gan_keras.data.split`. The columns know the training part alone, if it is `fitted`."""
    num = len(table)
    held_out = num_held_out(num, held_out, "rows")
    order = np.random.default_rng(seed).permutation(num)
    training, rest = (table.take(np.sort(rows), {"rows": len(rows)}) for rows in (order[held_out:], order[:held_out]))
    if not fitted:
        return training, rest
    training = training.fitted()
    return training, rest.like(training.columns)


def some_rows(table, num, seed=0):
    """At most `num` rows, drawn at random, in their original order."""
    if len(table) <= num:
        return table
    return table.take(np.sort(np.random.default_rng(seed).permutation(len(table))[:num]))


def write_csv(file, table):
    """Writes a table to an open text file: a header, then one row per line; missing cells are empty."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.column_names)
    for part in chunks(table.cells):
        writer.writerows(zip(*(column.format(part[:, i]) for i, column in enumerate(table.columns)), strict=True))


TEXTS = {
    "missing": "{} missing cells",
    "odd": "{} odd cells taken as missing",
    "ragged": "{} ragged rows left out",
    "renamed": "{} columns renamed",
    "dropped": "{} columns dropped",
    "constant": "constant: {}",
    "empty": "all missing: {}",
    "unseen": "{} cells with unseen values taken as missing",
    "ids": "identifiers, made anew: {}",
    "left_out": "left out: {}",
    "notes": "{}",
}


def describe_table(table):
    """One line for logs: `wine: 178 rows of 14 columns (13 numbers, 1 categories), 0 missing cells`."""
    titles = {"number": "numbers", "date": "dates", "category": "categories", "id": "identifiers"}
    found = [column.kind for column in table.columns]
    kinds = ", ".join(
        f"{found.count(kind)} {title}" for kind, title in titles.items() if kind in found or kind in ("number", "category")
    )
    return description(table, [f"{len(table):,} rows of {len(table.columns)} columns ({kinds})"], TEXTS)


def schema_of(table):
    """Returns what is known of each column, a list of dictionaries: its name, type, range or values, missing cells and note.

    Of public columns it says whether missing cells are allowed, and does not count them.
    """
    missing = sum(np.isnan(part).sum(axis=0) for part in chunks(table.cells)) if len(table) else np.zeros(len(table.columns))
    rows = [
        {
            "column": column.name,
            "type": column.kind,
            "values": column.shown(),
            "missing": int(num) if not table.is_public else "allowed" if column.has_missing else "never",
            "note": table.notes.get(column.name, ""),
        }
        for column, num in zip(table.columns, missing, strict=True)
    ]
    others = [name for name in table.notes if name not in table.column_names]
    return rows + [{"column": name, "type": "left out", "values": "", "missing": 0, "note": table.notes[name]} for name in others]


MAX_SHOWN, MAX_WIDTH = 60, 46


def schema_text(table):
    """The columns of a table as lines of text."""
    rows = [{name: str(value) for name, value in row.items()} for row in schema_of(table)]
    for row in rows:
        row["values"] = row["values"] if len(row["values"]) <= MAX_WIDTH else row["values"][: MAX_WIDTH - 1] + "…"
    titles = ("column", "type", "values", "missing", "note")
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in titles[:-1]}
    lines = [
        "  ".join([*(row[name].ljust(widths[name]) for name in titles[:-1]), row["note"]]).rstrip() for row in rows[:MAX_SHOWN]
    ]
    more = [f"... and {len(rows) - MAX_SHOWN} more columns"] if len(rows) > MAX_SHOWN else []
    return "\n".join(["  ".join([*(name.ljust(widths[name]) for name in titles[:-1]), "note"]).rstrip(), *lines, *more])


class RowsByCondition:
    """Training by sampling: draws a condition first, then a row that meets it.

    The `conditions` are arrays, int32 `(rows,)`, of the condition that each row meets, one for each category column; they are
    read once, so that only one must be in memory.

    Reference: [Xu et al., 2019](https://arxiv.org/abs/1907.00503), section 4.3.
    """

    def __init__(self, num_rows, conditions, num_conditions):
        self.orders, self.counts, self.owners = [], np.zeros(num_conditions, np.int64), np.zeros(num_conditions, np.int64)
        for column, met in enumerate(conditions):
            order = allocate((num_rows,), np.int64)
            order[:] = np.argsort(met, kind="stable")
            self.orders.append(order)
            counts = np.bincount(met, minlength=num_conditions)
            self.owners[counts > 0] = column
            self.counts += counts
        cumulative = np.cumsum(self.counts)
        self.starts = cumulative - self.counts - self.owners * num_rows  # each column has all rows, one after another
        self.by_column = [self.probabilities(column) for column in range(len(self.orders))]

    def probabilities(self, column):
        """Conditions of a column, and their probabilities, proportional to the logarithm of their frequencies."""
        own = np.flatnonzero((self.owners == column) & (self.counts > 0))
        weights = np.log1p(self.counts[own])
        return own, weights / weights.sum()

    def draw(self, num, random):
        """Draws conditions, int32 `(num,)`, of equally likely columns, and numbers of rows that meet them, int64 `(num,)`."""
        columns = random.integers(len(self.orders), size=num)
        conditions, rows = np.zeros(num, np.int64), np.zeros(num, np.int64)
        for column, (own, probabilities) in enumerate(self.by_column):
            chosen = np.flatnonzero(columns == column)
            conditions[chosen] = random.choice(own, len(chosen), p=probabilities)
            places = self.starts[conditions[chosen]] + random.integers(self.counts[conditions[chosen]])
            rows[chosen] = self.orders[column][places]
        return conditions.astype(np.int32), rows


class AllRows:
    """Replaces `RowsByCondition` without conditions: all rows are equally likely."""

    def __init__(self, num_rows):
        self.num_rows = num_rows

    def draw(self, num, random):
        return None, random.integers(self.num_rows, size=num)


def table_batches(cells, rows, batch_size, steps, seed=0):
    """One epoch of batches of rows drawn at random, with replacement.

    Args:
        cells: float64 `(rows, columns)`, in memory or on disk.
        rows: A `RowsByCondition` or an `AllRows` of them.
        batch_size: Rows per batch, >= 1.
        steps: Batches per epoch, >= 1.
        seed: Seed of the draws, which change from epoch to epoch.

    Returns:
        A `tf.data.Dataset` of pairs of cells and conditions, int32 `(batch_size,)`, or of cells without conditions.
    """

    def epoch(number):
        random = np.random.default_rng([seed, number])
        for _ in range(steps):
            conditions, chosen = rows.draw(batch_size, random)
            yield (np.array(cells[chosen]),) if conditions is None else (np.array(cells[chosen]), conditions)

    specs = (tf.TensorSpec([batch_size, cells.shape[1]], tf.float64), tf.TensorSpec([batch_size], tf.int32))
    return epochs_of(epoch, specs[:1] if isinstance(rows, AllRows) else specs, steps)
