"""Tables: rows of numbers, dates and categories.

`presets.py` holds the models and their numbers, `evaluation.py` the scores, baseline and verdict. This file reads and splits the
data, and writes rows, the report and the histograms of an evaluation.
"""

import csv
import io

import numpy as np
from matplotlib.figure import Figure

from gan_keras.callbacks import Samples
from gan_keras.codecs import TableCodec
from gan_keras.data import Table, describe_table, load_table, split_table, write_csv
from gan_keras.data.table.columns import CategoryColumn, column_from_config
from gan_keras.data.table.csv import read_like
from gan_keras.export import exported
from gan_keras.gans.sampling import seeds_from
from gan_keras.media import html
from gan_keras.media.safe_files import check_is_file, replace_whole
from gan_keras.modalities.from_files import FileModality
from gan_keras.modalities.sample_files import check_table_output, figure, last_and_first, title_of
from gan_keras.modalities.table.evaluation import COLUMNS, evaluate_table
from gan_keras.modalities.table.presets import TablePreset

HISTOGRAMS = "histograms.png"
DRAWN_ROWS = 5000


class TableModality(FileModality):
    """Tables; the run remembers the path of the file."""

    name, samples, preset_class, data_class = "table", "rows", TablePreset, Table
    codec_classes, method, shape = (TableCodec,), "generate_cells", (("columns", "columns"),)
    describe, splitter = staticmethod(describe_table), staticmethod(split_table)
    judge, columns = staticmethod(evaluate_table), COLUMNS
    data_entries = ("columns", "labels", "score_inputs")
    note = """<p>Higher is better: the quality of models trained on the rows and tested on real ones (F1 and accuracy, or R2,
the mean over simple models of scikit-learn), and the similarity of columns, of pairs of columns and of missing cells to the
test rows (1 if equal). Lower is better: how often a classifier tells the rows from real ones (0.5 is chance), and the fraction
of rows that equal a training row in every cell (for real rows, the fraction of test rows that do). The last row holds real
training rows: no generator does better, except by chance or by copying.</p>"""
    use = "rows that resemble the data, for learning and experiments; they are nobody's records"
    limits = "gaps and biases of the data carry over to the rows; the rows are not proven to be anonymous"

    def read(self, source, preset):
        table = load_table(source, preset.types)
        if preset.label:
            table.index(preset.label)
        return table

    def test_part(self, run, source, training):
        """The rows of a test file with the run's columns and categories."""
        check_is_file(source)
        test = read_like(source, training.columns)
        self.check_is_other(run, source, test)
        return test

    def entries(self, data):
        return {"columns": {column.name: type(column).__name__.removesuffix("Column").lower() for column in data.columns}}

    def check_training(self, training):
        """Accepts any table: its labels are values of its columns."""

    def check_fills_a_batch(self, data, training, preset):
        """Accepts any table: rows are drawn with replacement."""

    def sample_callbacks(self, run, preset, training, held_out):
        return [Samples(run.samples)]

    # --- Use. ---

    def check_output(self, output):
        check_table_output(output, (".csv",))

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

    # --- Evaluation and report. ---

    def score_options(self, run):
        return {"target": TablePreset.from_config(run.config["preset"]).label}

    def pictures(self, gan, training, test, result):
        settings = result["settings"]
        generated = gan.generate_cells(min(DRAWN_ROWS, settings["num"]), settings["seed"])
        return {HISTOGRAMS: histograms(training.columns, np.asarray(test.cells), generated)}

    def samples_section(self, run):
        """The histograms of an evaluation, and the rows of the last and the first epoch."""
        parts = [f"<h3>{title_of(path)}</h3>{_rows(path)}" for path in last_and_first(run, ".csv")]
        if parts and (run / HISTOGRAMS).exists():
            text = "One histogram per column: the shares of its values among real and among generated rows."
            parts.insert(0, figure(run / HISTOGRAMS, "Columns, real and generated", text))
        return "".join(parts) or None


def _rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return html.table(reader.fieldnames, list(reader))


# --- Histograms. ---

MAX_COLUMNS, MAX_VALUES = 40, 15  # that are drawn
_ACROSS = 4


def histograms(columns, real, fake):
    """Histograms of real and generated rows, of at most 40 columns: the bytes of a PNG file."""
    columns = columns[:MAX_COLUMNS]
    down = -(-len(columns) // _ACROSS)
    figure = Figure(figsize=(4 * _ACROSS, 2.6 * down), layout="constrained")
    for index, column in enumerate(columns):
        axes = figure.add_subplot(down, _ACROSS, index + 1)
        axes.set_title(column.name, parse_math=False)  # a dollar sign is no formula
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
    """The most frequent values in order, and missing ones."""
    num = len(column.values)
    shares = [
        np.bincount(np.where(np.isnan(cells), num, cells).astype(np.int64), minlength=num + 1) / len(cells)
        for cells in (real, fake)
    ]
    chosen = [value for value in np.argsort(-shares[0], kind="stable")[:MAX_VALUES] if shares[0][value] or shares[1][value]]
    names = [str(([*column.values, "(missing)"])[value])[:14] for value in chosen]
    for offset, (share, name) in enumerate(zip(shares, ("real", "generated"), strict=True)):
        axes.bar(np.arange(len(chosen)) + 0.4 * offset, share[chosen], 0.4, alpha=0.7, label=name)
    axes.set_xticks(np.arange(len(chosen)) + 0.2, names, rotation=60, ha="right", fontsize=7, parse_math=False)
