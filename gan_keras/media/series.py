"""Series as CSV in long form, as NumPy archives and as pictures."""

import csv
import io

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, ScalarFormatter

from gan_keras.media.images import fullest_columns, shorten
from gan_keras.media.safe_files import replace_whole

SHOWN_COLUMNS, SHOWN_SERIES = 6, 12
"""Maximum number of columns (one panel each) and of series per panel in a picture."""

_NAME_LENGTH = 22  # characters of a column's name next to its panel


def csv_text(series, columns, layout=None, start=""):
    """Returns CSV in long form, a row per step: number of the series, number of the step, time stamps, values.

    Args:
        series: `(num, steps, columns)`, NaN after the end of a series; those steps get no row.
        columns: Column names.
        layout: `data.series.layout.Layout` that writes stamps and values as in the data's file; None for seven digits.
        start: First time stamp of each series; see `Layout.cells`.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    if layout is not None:
        columns, cells = zip(*layout.cells(np.asarray(series), start), strict=True)
        texts = [column.format(each) for column, each in zip(columns, cells, strict=True)]
        writer.writerows([[column.name for column in columns], *zip(*texts, strict=True)])
        return buffer.getvalue()
    writer.writerow(["sample", "step", *columns])
    for number, one in enumerate(series):
        steps = one[~np.isnan(one).all(axis=1)]
        writer.writerows([number, step, *(f"{value:.7g}" for value in values)] for step, values in enumerate(steps))
    return buffer.getvalue()


def write_series(path, series, columns, layout=None, start=""):
    """Writes series as `.csv` (see `csv_text`), `.npz` (arrays `series`, `lengths` and `columns`) or `.png` (see `picture_of`).

    Raises:
        ValueError: If `path` has another suffix.
    """
    series = np.asarray(series)
    writers = {
        ".csv": lambda file: file.write_bytes(csv_text(series, columns, layout, start).encode()),
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
    """Returns a PNG of curves: a row of panels per column and a column of panels per group, on shared axes.

    The panels of a single group are arranged in a grid instead.

    Args:
        groups: Dictionary from a title, such as `"real"` or `"generated"`, to series `(num, steps, columns)`.
        columns: Column names; the first `SHOWN_COLUMNS` columns are shown, and the first `SHOWN_SERIES` series of a group.
    """
    shown = columns[:SHOWN_COLUMNS]
    across = len(groups) if len(groups) > 1 else fullest_columns(len(shown), min(2, len(shown)), min(3, len(shown)))
    down = -(-len(shown) * len(groups) // across)
    figure = Figure(figsize=(4.2 * across + 0.4, 1.7 * down + 0.9), layout="constrained")
    panels = figure.subplots(down, across, sharex=True, sharey="row" if len(groups) > 1 else False, squeeze=False).ravel()
    pairs = [(column, title) for column in range(len(shown)) for title in groups]
    for index, (panel, (column, title)) in enumerate(zip(panels, pairs, strict=False)):
        series = groups[title][:SHOWN_SERIES, :, column]
        panel.plot(np.arange(series.shape[1]), series.T, linewidth=0.9)
        panel.yaxis.set_major_formatter(EngFormatter(sep="") if np.nanmax(np.abs(series)) >= 1e4 else ScalarFormatter(False))
        panel.tick_params(labelsize=8)
        if index < len(groups):
            panel.set_title(f"{title}, {len(series)} windows" if len(groups) > 1 else "", fontsize=10)
        if index % across == 0 or len(groups) == 1:
            panel.set_ylabel(shorten(str(shown[column]), _NAME_LENGTH), fontsize=9, parse_math=False)  # `$` starts no formula
        if index + across >= len(pairs):
            panel.set_xlabel("step", fontsize=9)
            panel.tick_params(labelbottom=True)
    for panel in panels[len(pairs) :]:
        panel.remove()
    if len(groups) == 1:
        ((title, series),) = groups.items()
        figure.suptitle(f"{title}, {min(len(series), SHOWN_SERIES)} windows", fontsize=10)
    if len(columns) > len(shown):
        figure.supxlabel(f"the first {len(shown)} of {len(columns)} columns", fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=120, format="png")
    return buffer.getvalue()
