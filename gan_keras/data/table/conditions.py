"""Conditions that generated rows meet, `city=Oslo` and `age=30..40`, and constraints that every row of a table meets, `a<=b`."""

import re
from typing import NamedTuple

import numpy as np

from gan_keras.diagnosis.names import choice_of

_BATCHES = (1, 4, 16, 64, *[256] * 12)
"""Rows that are drawn for each one that is still missing, by attempt."""


class Condition(NamedTuple):
    """A condition on a column: a set of cells for a category, otherwise a closed interval.

    Attributes:
        place: Index of the column.
        text: The condition as it was given.
        cells: Allowed cells of a category; NaN allows missing ones.
        low: Smallest number or date.
        high: Largest number or date.
    """

    place: int
    text: str
    cells: tuple = ()
    low: float = -np.inf
    high: float = np.inf

    def is_met(self, rows):
        """Returns which rows meet the condition, booleans `(num,)`."""
        own = rows[:, self.place]
        if self.cells:
            return np.isin(own, [cell for cell in self.cells if cell == cell]) | (
                np.isnan(own) & any(cell != cell for cell in self.cells)
            )
        return (own >= self.low) & (own <= self.high)


def as_wanted(texts):
    """Converts texts such as `city=Oslo` and `age=30..40` to a dictionary by column; repeated columns allow each of their values.

    Raises `ValueError` for a text without `=`.
    """
    wanted = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark:
            raise ValueError(f"label={text!r}. Expected COLUMN=VALUE, or COLUMN=LOW..HIGH for numbers and dates.")
        wanted.setdefault(name.strip(), []).append(value.strip())
    return {name: values[0] if len(values) == 1 else values for name, values in wanted.items()}


def conditions_of(columns, wanted):
    """Returns the `Condition`s of wanted values by column: a value, a list of them, a pair `(low, high)`, or `"low..high"`.

    Raises `ValueError` for an unknown column or value, an empty range, or a range of categories.
    """
    names = [column.name for column in columns]
    found = []
    for name, value in wanted.items():
        if name not in names:
            raise ValueError(f"There is no column {name!r}. {choice_of(name, names)}.")
        place = names.index(name)
        column, text = columns[place], f"{name}={value}"
        if column.kind == "id":
            raise ValueError(f"{text}: {name} holds identifiers, which are made anew. Expected a condition on another column.")
        if column.kind == "category":
            values = value if isinstance(value, list | tuple | set) else [value]
            found.append(Condition(place, text, tuple(_category_cell(column, each) for each in values)))
        else:
            found.append(Condition(place, text, (), *_interval(column, value)))
    return found


def _category_cell(column, value):
    text = "" if value is None else str(value)
    if text == "" and column.has_missing:
        return np.nan
    if text not in column.values:
        raise ValueError(f"{column.name}={value!r}. {choice_of(text, column.values)}.")
    return float(column.values.index(text))


def _interval(column, value):
    ends = value
    if isinstance(value, str):
        ends = value.split("..") if ".." in value else [value, value]
    elif not isinstance(value, list | tuple):
        ends = [value, value]
    if len(ends) != 2:
        raise ValueError(f"{column.name}={value!r}. Expected a value, or a range LOW..HIGH.")
    low, high = (_cell(column, end, open_end) for end, open_end in zip(ends, (column.low, column.high), strict=True))
    if not low <= high:
        raise ValueError(f"{column.name}={value!r} is an empty range. Expected the smaller end first, such as 30..40.")
    if low > column.high or high < column.low:
        raise ValueError(f"{column.name}={value!r} lies outside of the data. Expected a range within {column.shown()}.")
    return low, high


def _cell(column, end, open_end):
    if end is None or end == "":
        return open_end
    text = (
        str(end)
        if column.kind == "number"
        else str(getattr(end, "isoformat", lambda: end)()).replace("T", " " if "T" not in column.date_format else "T")
    )
    cell = column.parse([text])[0]
    if np.isnan(cell) and column.kind == "date":  # a date alone stands for its first moment
        from gan_keras.data.table import dates

        written = next((each for each in dates.candidates(text) if not np.isnan(dates.parse([text], each)[0])), None)
        cell = np.nan if written is None else dates.parse([text], written)[0] * dates.unit_of(written) / column.unit
    if np.isnan(cell):
        raise ValueError(f"{column.name}={end!r}. Expected a {column.kind} such as {column.format([column.low])[0]}.")
    return float(cell)


def draw_meeting(draw, seeds, conditions, split):
    """Draws a row per seed until each meets all conditions.

    Args:
        draw: Function from seeds, int64 `(num,)`, to rows, float64 `(num, columns)`.
        seeds: int64 `(num,)`. A row depends on its own seed only.
        conditions: `Condition`s.
        split: Function from seeds and a number to other seeds.

    Returns:
        Rows, float64, and the share of the drawn rows that met the conditions.

    Raises:
        ValueError: If some rows are still missing after thousands of attempts each; the message says how rare they are.
    """
    found, pending, drawn, met = None, np.arange(len(seeds)), 0, 0
    for attempt, num in enumerate(_BATCHES):
        own = np.asarray(seeds)[pending]
        tries = own[:, None] if attempt == 0 else np.stack([split(own, 1000 * attempt + each) for each in range(num)], axis=1)
        rows = draw(tries.reshape(-1))
        found = np.empty((len(seeds), rows.shape[1])) if found is None else found
        ok = np.all([np.ones(len(rows), bool), *(condition.is_met(rows) for condition in conditions)], axis=0).reshape(
            tries.shape
        )
        drawn, met = drawn + ok.size, met + int(ok.sum())
        has_row = ok.any(axis=1)
        chosen = np.flatnonzero(has_row) * num + ok[has_row].argmax(axis=1)
        found[pending[has_row]] = rows[chosen]
        pending = pending[~has_row]
        if not len(pending):
            return found, met / drawn
        if drawn > 200_000 and met == 0:
            break
    what = " and ".join(condition.text for condition in conditions)
    rare = f"about 1 in {drawn // met:,}" if met else f"none of {drawn:,}"
    raise ValueError(
        f"Rows with {what} are too rare: {rare} of the generated rows met that. Expected fewer conditions, or wider ranges."
    )


# --- Constraints. ---

_CONSTRAINT = re.compile(r"\s*(.+?)\s*(<=|>=|<|>)\s*(.+?)\s*")


class Constraint(NamedTuple):
    """`low <= high`, names of two columns of numbers or of dates; `strict` for `<`."""

    low: str
    high: str
    strict: bool = False

    def __str__(self):
        return f"{self.low}{'<' if self.strict else '<='}{self.high}"


def constraints_of(text, table):
    """Parses constraints such as `start<=end, age>=18` and checks them on a table.

    Returns:
        The `Constraint`s of pairs of columns, each after those of its smaller column. A bound that is a number needs none:
        generated numbers stay within the range of the data.

    Raises:
        ValueError: If a text is no constraint, a column is unknown or of another type, a column has two smaller ones, or a row
            of the table breaks a constraint.
    """
    found = []
    for part in filter(None, (each.strip() for each in text.replace(";", ",").split(","))):
        match = _CONSTRAINT.fullmatch(part)
        if match is None:
            raise ValueError(
                f"constraints={part!r}. Expected COLUMN<=COLUMN, COLUMN<COLUMN or COLUMN>=NUMBER, separated by commas."
            )
        first, sign, second = match.groups()
        low, high = (first, second) if sign[0] == "<" else (second, first)
        found.append(Constraint(low, high, "=" not in sign))
        _check(found[-1], table)
    pairs = [each for each in found if each.low in table.column_names and each.high in table.column_names]
    repeated = {each.high for each in pairs if sum(other.high == each.high for other in pairs) > 1}
    if repeated:
        raise ValueError(
            f"constraints={text!r}: {', '.join(sorted(repeated))} is the larger column of more than one. Expected one each."
        )
    ordered = []
    while pairs:
        ready = [each for each in pairs if each.low not in {other.high for other in pairs}]
        if not ready:
            raise ValueError(f"constraints={text!r} go round in a circle. Expected an order of the columns.")
        ordered += ready
        pairs = [each for each in pairs if each not in ready]
    return ordered


def _check(constraint, table):
    sides, kinds = [], set()
    for name in (constraint.low, constraint.high):
        if name in table.column_names:
            column = table.columns[table.index(name)]
            if column.kind not in ("number", "date"):
                raise ValueError(
                    f"constraints={constraint}: {name} is a column of the type {column.kind}. Expected numbers or dates."
                )
            sides.append(np.asarray(table.cells[:, table.index(name)]))
            kinds.add((column.kind, getattr(column, "unit", None)))
    if not sides:
        raise ValueError(f"constraints={constraint}: neither side is a column. {choice_of(constraint.low, table.column_names)}.")
    if len(sides) < 2:
        column = table.columns[table.index(constraint.low if constraint.low in table.column_names else constraint.high)]
        other = constraint.high if column.name == constraint.low else constraint.low
        bound = column.parse([other])[0]
        if np.isnan(bound):
            known = choice_of(other, table.column_names)
            raise ValueError(f"constraints={constraint}: {other!r} is neither a column nor a {column.kind}. {known}.")
        sides = (
            [sides[0], np.full(len(table), bound)] if column.name == constraint.low else [np.full(len(table), bound), sides[0]]
        )
    elif len(kinds) > 1:
        raise ValueError(
            f"constraints={constraint} compares columns of different types. Expected two of numbers, or of dates of one form."
        )
    broken = sides[0] >= sides[1] if constraint.strict else sides[0] > sides[1]
    if broken.any():
        rows = np.flatnonzero(broken)
        raise ValueError(
            f"constraints={constraint}: {len(rows):,} of {len(table):,} rows break it, such as row {rows[0] + 1:,}. Expected "
            "every row to meet it: mend these rows, or leave the constraint out."
        )
