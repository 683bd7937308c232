"""Series as CSV in long form, as NumPy archives and as pictures."""

import csv
import io

import numpy as np
from matplotlib.figure import Figure

from gan_keras.media.safe_files import replace_whole

SHOWN_COLUMNS, SHOWN_SERIES = 6, 12
"""Maximum number of columns (one panel each) and of series per panel in a picture."""


def csv_text(series, columns):
    """Returns CSV in long form, a row per step: number of the series, number of the step, values.

    Args:
        series: `(num, steps, columns)`, NaN after the end of a series; those steps get no row.
        columns: Column names.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["sample", "step", *columns])
    for number, one in enumerate(series):
        steps = one[~np.isnan(one).all(axis=1)]
        writer.writerows([number, step, *(f"{value:.7g}" for value in values)] for step, values in enumerate(steps))
    return buffer.getvalue()


def write_series(path, series, columns):
    """Writes series as `.csv` (see `csv_text`), `.npz` (arrays `series`, `lengths` and `columns`) or `.png` (see `picture_of`).

    Raises:
        ValueError: If `path` has another suffix.
    """
    series = np.asarray(series)
    writers = {
        ".csv": lambda file: file.write_bytes(csv_text(series, columns).encode()),
        ".npz": lambda file: np.savez_compressed(file, series=series, lengths=lengths_of(series), columns=np.array(columns)),
        ".png": lambda file: file.write_bytes(picture_of({"generated": series}, columns)),
    }
    if path.suffix not in writers:
        raise ValueError(f"{path} ends in {path.suffix or 'nothing'}. Expected NAME.csv, NAME.npz or NAME.png.")
    replace_whole(path, writers[path.suffix])


def lengths_of(series):
    """Returns the number of steps of each series, int32 `(num,)`."""
    return (~np.isnan(series).all(axis=2)).sum(axis=1).astype(np.int32)


def picture_of(groups, columns):
    """Returns a PNG with a row of panels per column and a column of panels per group, on shared axes.

    Args:
        groups: Dictionary from a title, such as `"real"` or `"generated"`, to series `(num, steps, columns)`.
        columns: Column names; the first `SHOWN_COLUMNS` columns are shown.
    """
    shown = columns[:SHOWN_COLUMNS]
    figure = Figure(figsize=(3.4 * len(groups) + 0.4, 1.3 * len(shown) + 0.5), layout="constrained")
    panels = figure.subplots(len(shown), len(groups), sharex=True, sharey="row", squeeze=False)
    for row, column in enumerate(shown):
        for panel, (title, series) in zip(panels[row], groups.items(), strict=True):
            panel.plot(np.arange(series.shape[1]), series[:SHOWN_SERIES, :, row].T, linewidth=0.8)
            panel.tick_params(labelsize=6)
            panel.set_title(title if row == 0 else "", fontsize=8)
        panels[row][0].set_ylabel(column, fontsize=7, parse_math=False)  # `$` starts no formula
    for panel in panels[-1]:
        panel.set_xlabel("step", fontsize=7)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110, format="png")
    return buffer.getvalue()
