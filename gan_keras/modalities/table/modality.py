"""Tables: rows of numbers, dates and categories."""

import csv
import io

import numpy as np
from matplotlib.figure import Figure

from gan_keras.callbacks import Samples
from gan_keras.codecs import TableCodec
from gan_keras.data import TABLE_DATASETS, Table, describe_table, load_table, split_table, table_batches, write_csv
from gan_keras.data.files import check_is_file
from gan_keras.data.table.columns import CategoryColumn, column_from_config
from gan_keras.data.table.csv import read_like
from gan_keras.data.table.table import AllRows, RowsByCondition
from gan_keras.export import exported
from gan_keras.gans.sampling import seeds_from
from gan_keras.media import html
from gan_keras.media.plots import Picture
from gan_keras.media.safe_files import check_parent, replace_whole
from gan_keras.modalities.from_files import ReloadedModality
from gan_keras.modalities.sample_files import last_and_first, title_of
from gan_keras.modalities.table.evaluation import COLUMNS, evaluate_table
from gan_keras.modalities.table.presets import TablePreset

LEAST_STEPS = 20
"""An epoch has at least so many steps: rows are drawn with replacement, so that a small table does not end it."""


NOTE = """<p>Higher is better: what models that learn from the rows reach on real test rows (F1 and accuracy, or R2, the mean over
simple models of scikit-learn), and the similarity of columns, of pairs of columns and of the shares of missing cells to the
test rows (1 is equal). Lower is better: how often a classifier tells the rows from real ones (.5 is chance), and the share of
rows that are training rows, all cells alike; for real rows it is the share of test rows. The last row holds real training rows:
what no generator beats, except by chance or by copying.</p>"""
USE = "rows like those of the data, to learn from and to experiment with; they are no records of anybody"
LIMITS = "what the data lack or show one-sidedly, the rows lack or show so too; they are not proven to be anonymous"


class TableModality(ReloadedModality):
    """Tables; the run keeps the place of the file."""

    name, preset_class, samples = "table", TablePreset, "rows"
    columns, note, use, limits = COLUMNS, NOTE, USE, LIMITS
    told_by_data = ("columns", "labels", "score_inputs")

    def datasets(self):
        return TABLE_DATASETS

    def read(self, source, preset):
        table = load_table(source, preset.types)
        if preset.label:
            table.index(preset.label)
        return table

    def describe(self, data):
        return describe_table(data)

    def split(self, data, seed):
        return split_table(data, seed=seed)

    def entries(self, data):
        return {"columns": {column.name: type(column).__name__.removesuffix("Column").lower() for column in data.columns}}

    def check_training(self, training):
        """Any table does: its labels are values of its columns."""

    def check_fills_a_batch(self, data, training, preset):
        """Any table does: rows are drawn with replacement."""

    def steps_of(self, preset, training):
        steps = max(LEAST_STEPS, len(training) // preset.batch_size)
        return min(steps, preset.steps_per_epoch) if preset.steps_per_epoch else steps

    def batches(self, gan, preset, part, seed, shuffle=True):
        """Held-out rows take no part in training."""
        if not shuffle:
            return None
        codec = gan.codec
        conditions = codec.conditions_of(part.cells)
        rows = RowsByCondition(len(part), conditions, codec.num_conditions) if codec.slots else AllRows(len(part))
        return table_batches(part.cells, rows, preset.batch_size, self.steps_of(preset, part), seed)

    def callbacks(self, run, preset, training, held_out):
        return [Samples(run.samples)]

    def check_output(self, output):
        if output is None:
            return
        if output.suffix != ".csv":
            raise ValueError(f"{output} ends in {output.suffix or 'nothing'}. Expected NAME.csv, or none for standard output.")
        check_parent(output)

    def generate(self, gan, n, seed, label, options):
        labels = None if label is None else np.full(len(seeds_from(n, seed)), label)
        return Table("generated", gan.codec.columns, gan.generate_cells(n, seed, labels), {})

    def generate_by_version(self, version, n, seed, label, options):
        columns = tuple(map(column_from_config, version.card["columns"]))
        found = exported.generate_samples(version, n, seed, label)
        cells = [column.from_tensor(found[column.name]).numpy() for column in columns]
        return Table("generated", columns, np.stack(cells, axis=1), {})

    def exports(self, version):
        return version.card.get("codec") == TableCodec.__name__

    def write(self, samples, output):
        file = io.StringIO()
        write_csv(file, samples)
        if output is None:
            return file.getvalue()
        return replace_whole(output, lambda path: path.write_text(file.getvalue(), encoding="utf-8", newline=""))

    def judge(self, gan, run, parts, num, seed, progress):
        training, test = parts
        label = TablePreset.from_config(run.config["preset"]).label
        result = evaluate_table(gan, training, test, label, num, seed, progress)
        generated = gan.generate_cells(min(5000, result["settings"]["num"]), seed)
        return result, {HISTOGRAMS: histograms(training.columns, np.asarray(test.cells), generated)}

    def test_part(self, run, source, training):
        """The rows of a test file, of the columns and categories of the run."""
        check_is_file(source)
        test = read_like(source, training.columns)
        self.check_is_other(run, source, test)
        return test

    def samples_section(self, run):
        return samples_html(run)


# --- The sections of a report that tables fill, and the pictures of an evaluation.

HISTOGRAMS = "histograms.png"

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


def samples_html(run):
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
