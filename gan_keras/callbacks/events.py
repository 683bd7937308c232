"""`Events`: what happened in a training besides its epochs, in a CSV file."""

import csv
import os

from gan_keras.callbacks.history import read_history
from gan_keras.media.safe_files import replace_whole

ENDED = "ended training"
COLUMNS = ("epoch", "batch", "kind", "seen", "done")


class Events:
    """Rows of `epoch` and `batch` (from 1; no batch for what an epoch has shown), `kind`, what was `seen`, what was `done`.

    The file is written anew with each row, beside its place and renamed into it: it is whole at any moment.

    Args:
        path: The CSV file; None keeps the rows in memory alone.
        show: Called with a line about each event, such as `print`.

    Attributes:
        rows: List of dict of str.
    """

    def __init__(self, path=None, show=print):
        self.path, self.show = path if path is None else os.fspath(path), show
        self.rows, self.is_known = [], False

    def add(self, epoch, batch, kind, seen, done):
        """Adds a row; `epoch` is counted from 0, `batch` from 0 or None."""
        values = (str(epoch + 1), "" if batch is None else str(batch + 1), kind, seen, done)
        self.rows.append(dict(zip(COLUMNS, values, strict=True)))
        self.write()
        place = f"epoch {epoch + 1}" if batch is None else f"epoch {epoch + 1}, batch {batch + 1}"
        self.show(f"{place}, {kind}: {seen}; {done}.")

    def add_end(self, epoch, kind, seen):
        """Adds the row of a training that is over before its last epoch: see `has_ended`."""
        self.add(epoch, None, kind, seen, ENDED)

    def begin(self, epoch):
        """Takes up the rows of the file that are of epochs before `epoch`, counted from 0, unless rows are known already."""
        if not self.is_known:
            rows = [] if self.path is None else read_history(self.path)
            self.set_rows([row for row in rows if int(row["epoch"]) <= epoch])

    def set_rows(self, rows):
        """Takes the rows of a training that goes on; others in the file are dropped."""
        self.rows, self.is_known = [dict(row) for row in rows], True
        if self.path is not None and (self.rows or os.path.exists(self.path)):
            self.write()

    def write(self):
        if self.path is not None:
            replace_whole(self.path, self.write_rows)

    def write_rows(self, path):
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)


def has_ended(path):
    """Whether the training whose events a file holds was ended on purpose: to go on with it would only end it again."""
    rows = read_history(path)
    return bool(rows) and rows[-1]["done"] == ENDED
