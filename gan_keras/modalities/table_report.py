"""The sections of a report that tables fill, and the pictures of an evaluation."""

import csv
import io

import numpy as np
from matplotlib.figure import Figure

from gan_keras.data.table.columns import CategoryColumn
from gan_keras.media import html
from gan_keras.media.plots import Picture
from gan_keras.modalities.epoch_files import last_and_first, title_of

HISTOGRAMS = "histograms.png"
NOTE = """<p>Higher is better: what models that learn from the rows reach on real test rows (F1 and accuracy, or R2, the mean over
simple models of scikit-learn), and the similarity of columns, of pairs of columns and of the shares of missing cells to the
test rows (1 is equal). Lower is better: how often a classifier tells the rows from real ones (.5 is chance), and the share of
rows that are training rows, all cells alike; for real rows it is the share of test rows. The last row holds real training rows:
what no generator beats, except by chance or by copying.</p>"""
USE = "rows like those of the data, to learn from and to experiment with; they are no records of anybody"
LIMITS = "what the data lack or show one-sidedly, the rows lack or show so too; they are not proven to be anonymous"

MOST_COLUMNS, MOST_VALUES = 40, 15  # that are drawn
_ACROSS = 4


def histograms(columns, real, fake):
    """Histograms of each column, at most 40 of them, real rows beside generated ones: the bytes of a PNG file."""
    columns = columns[:MOST_COLUMNS]
    down = -(-len(columns) // _ACROSS)
    figure = Figure(figsize=(4 * _ACROSS, 2.6 * down), layout="constrained")
    for index, column in enumerate(columns):
        axes = figure.add_subplot(down, _ACROSS, index + 1)
        axes.set_title(column.name, parse_math=False)  # dollars are dollars
        draw = _draw_categories if isinstance(column, CategoryColumn) else _draw_numbers
        draw(axes, column, real[:, index], fake[:, index])
    figure.axes[0].legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=80, format="png")
    return buffer.getvalue()


def _draw_numbers(axes, column, real, fake):
    edges = np.linspace(column.low, max(column.high, column.low + 1e-9), 31)
    for cells, name in ((real, "real"), (fake, "generated")):
        known = cells[~np.isnan(cells)]
        axes.hist(known, edges, weights=np.full(len(known), 1.0 / max(1, len(cells))), alpha=0.5, label=name)
    axes.set_ylabel("share")


def _draw_categories(axes, column, real, fake):
    """The frequent values, the most frequent first, and those that are missing."""
    num = len(column.values)
    shares = [
        np.bincount(np.where(np.isnan(cells), num, cells).astype(np.int64), minlength=num + 1) / len(cells)
        for cells in (real, fake)
    ]
    chosen = [value for value in np.argsort(-shares[0], kind="stable")[:MOST_VALUES] if shares[0][value] or shares[1][value]]
    names = [str(([*column.values, "(missing)"])[value])[:14] for value in chosen]
    for offset, (share, name) in enumerate(zip(shares, ("real", "generated"), strict=True)):
        axes.bar(np.arange(len(chosen)) + 0.4 * offset, share[chosen], 0.4, alpha=0.7, label=name)
    axes.set_xticks(np.arange(len(chosen)) + 0.2, names, rotation=60, ha="right", fontsize=7, parse_math=False)


def samples(run):
    """The rows of the last and of the first epoch, and the histograms of an evaluation, HTML; None without any rows.

    Args:
        run: Path of the run.
    """
    parts = [f"<h3>{title_of(path)}</h3>{_rows(path)}" for path in last_and_first(run, ".csv")]
    if parts and (run / HISTOGRAMS).exists():
        words = "A histogram for each column: the shares of its values among real and among generated rows."
        parts.insert(0, html.picture(Picture("Columns, real and generated", words, (run / HISTOGRAMS).read_bytes())))
    return "".join(parts) or None


def _rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return html.table(reader.fieldnames, list(reader))
