"""`History`: one row an epoch in a CSV file."""

import csv
import os
import time

import keras

from gan_keras.media.safe_files import replace_whole


class History(keras.callbacks.Callback):
    """Writes `epoch` (from 1), `stage`, `seconds` and the logs of every epoch as it ends.

    Stages log different values, so that columns can come late: the file is written anew each time, beside its place and
    renamed into it, and is whole at any moment. Rows of earlier epochs that the file holds are kept, later ones dropped.

    Args:
        path: The CSV file.
    """

    def __init__(self, path):
        super().__init__()
        self.path = os.fspath(path)

    def on_train_begin(self, logs=None):
        self.rows = read_history(self.path)

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        values = {name: f"{float(value):.7g}" for name, value in (logs or {}).items()}
        row = {"epoch": str(epoch + 1), "stage": self.model.stage_of(epoch), "seconds": f"{time.monotonic() - self.start:.2f}"}
        self.rows = [row for row in self.rows if int(row["epoch"]) <= epoch] + [{**row, **values}]
        self.write()

    def write(self):
        replace_whole(self.path, self.write_rows)

    def write_rows(self, path):
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(self.rows)


def read_history(path):
    """Rows of a history, a dict of text by column each; none if there is no file."""
    if not os.path.exists(path):
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
