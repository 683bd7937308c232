"""A training's history up to an epoch, read from any of its forms."""

import csv
import os

import numpy as np

UNKNOWN_STEPS = 100
"""Assumed steps per epoch if the history has no column `steps`, which `callbacks.Speed` logs."""


class Past:
    """The first epochs of a history.

    `past["d_loss"]` is an array with one number per epoch, NaN where nothing was logged. A column that was never logged is NaN
    throughout.

    Args:
        columns: Result of `columns_of`.
        num: Number of epochs; None for all.
    """

    def __init__(self, columns, num=None):
        self.columns, self.num = columns, len(columns["epoch"]) if num is None else num

    def __len__(self):
        return self.num

    def __getitem__(self, name):
        values = self.columns[name][: self.num] if name in self.columns else [None] * self.num
        return np.array([np.nan if value is None else float(value) for value in values], float)

    def has(self, name):
        """Returns True if the last epoch logged the column."""
        return self.num > 0 and name in self.columns and self.columns[name][self.num - 1] is not None

    def scores(self, name):
        """Returns epochs (indices) and values of a column that is not logged every epoch; both empty unless the last one did."""
        found = np.flatnonzero([value is not None for value in self.columns.get(name, ())[: self.num]]) if self.has(name) else []
        return found, self[name][found]

    @property
    def is_adversarial(self):
        """Boolean array: epochs in which both networks trained."""
        stages = self.columns.get("stage")
        if stages is not None:
            return np.array([stage == "adversarial" for stage in stages[: self.num]], bool) & ~np.isnan(self["d_accuracy"])
        return (self["d_norm"] != 0) & (self["g_loss"] != 0) & ~np.isnan(self["d_accuracy"])

    @property
    def steps(self):
        """Array of the steps of both networks in each epoch."""
        return np.where(self.is_adversarial, np.nan_to_num(self["steps"], nan=UNKNOWN_STEPS), 0.0)

    def lasting(self, holds, steps):
        """Returns the last epochs in which `holds` is true throughout, as a slice; None if they have fewer than `steps` steps."""
        breaks = np.flatnonzero(~(holds & self.is_adversarial))
        first = int(breaks[-1]) + 1 if len(breaks) else 0
        return slice(first, self.num) if self.num > first and self.steps[first:].sum() >= steps else None


def columns_of(history):
    """Returns a history as lists by column name, None where an epoch logged nothing; `epoch` counts from 1.

    Args:
        history: Result of `fit`, its `history`, the rows of a `history.csv`, or its path. A list shorter than the others
            is assumed to be logged at regular intervals, ending with the last epoch.

    Raises:
        ValueError: If `history` is none of these.
    """
    history = getattr(history, "history", history)
    if isinstance(history, str | os.PathLike):
        with open(history, newline="", encoding="utf-8") as file:
            history = list(csv.DictReader(file))
    if isinstance(history, list) and all(isinstance(row, dict) for row in history):
        names = dict.fromkeys(name for row in history for name in row)
        columns = {name: [None if row.get(name) == "" else row.get(name) for row in history] for name in names}
    elif isinstance(history, dict):
        columns = {name: list(values) for name, values in history.items()}
    else:
        raise ValueError(f"Got a history of type {type(history).__name__}. Expected the result of `fit`, a dict, rows or a path.")
    num = max(map(len, columns.values()), default=0)
    columns = {name: _spread(values, num) for name, values in columns.items()}
    return {"epoch": list(range(1, num + 1)), **columns}


def _spread(values, num):
    """Returns a column with None for epochs that did not log it."""
    if len(values) in (0, num):
        return values or [None] * num
    places = np.linspace(0, num, len(values) + 1)[1:].round().astype(int) - 1
    spread = [None] * num
    for place, value in zip(places, values, strict=True):
        spread[place] = value
    return spread
