"""Series as files: rows of CSV in long form, arrays, and pictures."""

import csv
import io

import numpy as np
from matplotlib.figure import Figure

from gan_keras.media.safe_files import replace_whole

SHOWN_COLUMNS, SHOWN_SERIES = 6, 12
"""The most columns of the data that a picture shows, a panel each, and the most series in a panel."""


def csv_text(series, columns):
    """Series in long form: a row for each step, with the number of its series, the number of the step, and the values.

    Args:
        series: `(num, steps, columns)`, NaN after the end; those steps have no row.
        columns: Names of the columns.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["sample", "step", *columns])
    for number, one in enumerate(series):
        steps = one[~np.isnan(one).all(axis=1)]
        writer.writerows([number, step, *(f"{value:.7g}" for value in values)] for step, values in enumerate(steps))
    return buffer.getvalue()


def write_series(path, series, columns):
    """Writes series: `.csv` as `csv_text`, `.npz` with the arrays `series`, `lengths` and `columns`, `.png` as a picture.

    Raises:
        ValueError: For another ending.
    """
    series = np.asarray(series)
    writers = {
        ".csv": lambda: csv_text(series, columns).encode(),
        ".npz": lambda: _npz(series=series, lengths=lengths_of(series), columns=np.array(columns)),
        ".png": lambda: picture_of({"generated": series}, columns),
    }
    if path.suffix not in writers:
        raise ValueError(f"{path} ends in {path.suffix or 'nothing'}. Expected NAME.csv, NAME.npz or NAME.png.")
    content = writers[path.suffix]()
    replace_whole(path, lambda temporary: temporary.write_bytes(content))


def lengths_of(series):
    """Steps of each series before its end: int32 `(num,)`."""
    return (~np.isnan(series).all(axis=2)).sum(axis=1).astype(np.int32)


def picture_of(groups, columns):
    """A PNG with a panel for each column and group, the groups beside each other on the same axes.

    Args:
        groups: Series `(num, steps, columns)` by the title of the group, such as `"real"` and `"generated"`.
        columns: Names of the columns, of which the first `SHOWN_COLUMNS` are shown.
    """
    shown = columns[:SHOWN_COLUMNS]
    figure = Figure(figsize=(3.4 * len(groups) + 0.4, 1.3 * len(shown) + 0.5), layout="constrained")
    panels = figure.subplots(len(shown), len(groups), sharex=True, sharey="row", squeeze=False)
    for row, column in enumerate(shown):
        for panel, (title, series) in zip(panels[row], groups.items(), strict=True):
            panel.plot(np.arange(series.shape[1]), series[:SHOWN_SERIES, :, row].T, linewidth=0.8)
            panel.tick_params(labelsize=6)
            panel.set_title(title if row == 0 else "", fontsize=8)
        panels[row][0].set_ylabel(column, fontsize=7, parse_math=False)  # dollars are dollars
    for panel in panels[-1]:
        panel.set_xlabel("step", fontsize=7)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110, format="png")
    return buffer.getvalue()


def _npz(**arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()
