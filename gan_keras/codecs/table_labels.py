"""What rows of a table can be asked for, and how often the data have it."""

import numpy as np

from gan_keras.data.table.table import labels_of


class Labels:
    """A label for each value of each column of categories, and one for the missing cells of each that has some.

    Args:
        columns: All `table_columns.Column`s.
        slots: `table_slots.Slots` of each column of categories.
        counts: For each of them how often each value comes, and last the number of missing cells.

    Attributes:
        names: `column=value`, `column=` for a missing cell; a list in the columns' and values' order.
        places: The column of each, int32.
        cells: The cell that a row gets, float64; NaN is missing.
        conditions: What the networks are told, int32: all rare values of a column are one condition.
        cumulative: Chance of all labels up to each, float32: of columns that are all as likely, values as often as they come.
    """

    def __init__(self, columns, slots, counts):
        found, conditions, chances, first = labels_of(columns), [], [], 0
        for each, numbers in zip(slots, counts, strict=True):
            chosen = range(len(numbers) if each.has_missing else len(numbers) - 1)
            conditions += [first + each.slot_of_value[value] for value in chosen]
            chances += [numbers[value] / sum(numbers) / len(slots) for value in chosen]
            first += each.num
        self.names = [f"{columns[place].name}={text}" for place, _, text in found]
        self.places = np.array([place for place, _, _ in found], np.int32)
        self.cells = np.array([cell for _, cell, _ in found], np.float64)
        self.conditions, self.cumulative = np.array(conditions, np.int32), np.cumsum(chances).astype(np.float32)

    def __len__(self):
        return len(self.names)
