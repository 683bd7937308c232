"""Tables: rows of numbers, dates and categories.

`presets.py` holds the models and their numbers, `evaluation.py` the scores, baseline and verdict. This file reads and splits the
data, and writes rows, the report and the histograms of an evaluation.
"""

import csv
import io
import sys

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter

from gan_keras import noise
from gan_keras.callbacks import Samples
from gan_keras.codecs import TableCodec
from gan_keras.codecs.table import id_cells
from gan_keras.data import Table, describe_table, load_table, split_table, write_csv
from gan_keras.data.table.columns import CategoryColumn, DateColumn, column_from_config
from gan_keras.data.table.conditions import as_wanted, conditions_of, constraints_of, draw_meeting
from gan_keras.data.table.load import read_like
from gan_keras.data.table.schema import FROM_ROWS
from gan_keras.data.table.table import schema_of, schema_text
from gan_keras.export import exported
from gan_keras.gans.sampling import seeds_from
from gan_keras.media import html
from gan_keras.media.images import fullest_columns, shorten
from gan_keras.media.safe_files import check_is_file, replace_whole
from gan_keras.modalities.from_files import FileModality
from gan_keras.modalities.sample_files import figure, last_and_first, title_of
from gan_keras.modalities.table.evaluation import COLUMNS, evaluate_table
from gan_keras.modalities.table.presets import TablePreset

HISTOGRAMS = "histograms.png"
DRAWN_ROWS = 5000


class TableModality(FileModality):
    """Tables; the run remembers the path of the file."""

    name, samples, preset_class, data_class = "table", "rows", TablePreset, Table
    codec_classes, method, shape = (TableCodec,), "generate_cells", (("columns", "columns"),)
    splitter = staticmethod(split_table)
    judge, columns = staticmethod(evaluate_table), COLUMNS
    data_entries = ("columns", "labels", "score_inputs")
    note = """Higher is better: the quality of models trained on the rows and tested on real ones (F1 and accuracy, or R2,
the mean over simple models of scikit-learn), and the similarity of columns, of pairs of columns and of missing cells to the
test rows (1 if equal). Lower is better: how often a classifier tells the rows from real ones (0.5 is chance), and the fraction
of rows that equal a training row in every cell (for real rows, the fraction of test rows that do). The last row holds real
training rows: no generator does better, except by chance or by copying."""
    use = "rows that resemble the data, for learning and experiments; they are nobody's records"
    limits = (
        "gaps and biases of the data carry over to the rows; what they give away about single training rows is measured by "
        "`gan-keras audit`, and bounded by `--preset private` alone"
    )

    def read(self, source, preset):
        table = load_table(source, preset.types, preset.schema or None)
        if preset.label:
            table.index(preset.label)
        constraints_of(preset.constraints, table)
        return table

    def split_again(self, run, data):
        return split_table(data, seed=run.config["seed"], fitted=not self.is_of_before(run))

    @staticmethod
    def is_of_before(run):
        """Returns whether a run is of a version that knew no identifiers, and ranges of the whole table."""
        return "schema" not in run.config["data"]

    def preset_of(self, run):
        preset = super().preset_of(run)
        preset.schema = run.config["data"].get("public_schema", "")  # its file may have changed since, or be gone
        if self.is_of_before(run):
            preset.types = {**run.config["data"]["columns"], **preset.types}  # the types that it learned
        return preset

    def describe(self, data):
        """A line about a table, and a table of its columns: what was guessed is told."""
        return f"{describe_table(data)}\n{schema_text(data)}"

    def test_part(self, run, source, training):
        """The rows of a test file with the run's columns and categories."""
        check_is_file(source)
        test, own = read_like(source, training.columns), self.reload(run)
        if len(test) == len(own) and np.array_equal(test.cells, own.like(training.columns).cells, equal_nan=True):
            self.check_is_other(run, source, own)
        return test

    def entries(self, data):
        public = {"public_schema": data.public_schema} if data.is_public else {}
        return {"columns": {column.name: column.kind for column in data.columns}, "schema": schema_of(data), **public}

    def card(self, config):
        card = super().card(config)
        public = card and card["data"].pop("public_schema", None)  # the entry `schema` says the same
        if public and public["read_from_data"]:
            card["limits"] += f"; {FROM_ROWS}, which no guarantee of privacy covers"
        return card

    def real_samples(self, gan, part, rows):
        return np.asarray(part.cells[rows]), None

    def check_training(self, training):
        """Accepts any table: its labels are values of its columns."""

    def fill_a_batch(self, data, training, preset):
        """Changes nothing: rows are drawn with replacement."""

    def sample_callbacks(self, run, preset, training, held_out):
        return [Samples(run.samples)]

    # --- Use. ---

    def generate(self, gan, n, seed, label, options):
        cells = gan.generate_cells(n, seed, as_wanted(label) or None, report=_tell_share)
        return Table("generated", gan.codec.columns, cells, {}, layout=gan.codec.layout)

    def generate_by_version(self, version, n, seed, label, options):
        columns, labels = tuple(map(column_from_config, version.card["columns"])), version.card["labels"]
        conditions, seeds = conditions_of(columns, as_wanted(label)), seeds_from(n, seed)
        learned = next((labels.index(each) for each in label if each in labels), None)

        def draw(seeds):
            found = exported.samples_of_seeds(version, seeds, learned)
            cells = [
                np.zeros(len(seeds)) if column.kind == "id" else column.from_tensor(found[column.name]).numpy()
                for column in columns
            ]
            return np.stack(cells, axis=1)

        rows, share = draw_meeting(draw, seeds, conditions, lambda seeds, index: noise.split(tf.constant(seeds), index).numpy())
        if share < 1:
            _tell_share(share)
        for place in (place for place, column in enumerate(columns) if column.kind == "id"):
            rows[:, place] = id_cells(seeds)
        return Table("generated", columns, rows, {})

    def columns_of(self, version):
        return {each.name: each.kind for each in map(column_from_config, version.card["columns"])}

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
        parts = [part for path in last_and_first(run, ".csv") for part in (html.element("h3", title_of(path)), _rows(path))]
        if parts and (run / HISTOGRAMS).exists():
            text = "One histogram per column: the shares of its values among real and among generated rows."
            parts.insert(0, figure(run / HISTOGRAMS, "Columns, real and generated", text))
        return html.joined(parts) or None


def _tell_share(share):
    print(f"{share:.1%} of the drawn rows met the labels; the others were drawn again.", file=sys.stderr)


def _rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return html.table(reader.fieldnames, list(reader))


# --- Histograms. ---

MAX_COLUMNS, MAX_VALUES = 40, 8  # that are drawn; the shares of further values of a category are added up
MAX_BINS, MAX_NAME = 24, 18
_GROUPS = {"real": "0.7", "generated": "C0"}  # colours
_PEAK = 0.7  # share of a bin from which on the others are drawn on a logarithmic scale: they would be flat


def histograms(columns, real, fake):
    """Histograms of real and generated rows, of at most 40 columns: the bytes of a PNG file."""
    learned = [index for index, column in enumerate(columns) if column.kind != "id"]
    columns, real, fake = [columns[index] for index in learned], real[:, learned], fake[:, learned]
    shown = columns[:MAX_COLUMNS]
    across = fullest_columns(len(shown), min(3, len(shown)), min(4, len(shown)))
    down = -(-len(shown) // across)
    figure = Figure(figsize=(3.5 * across, 2.5 * down + 0.4), layout="constrained")
    for index, column in enumerate(shown):
        axes = figure.add_subplot(down, across, index + 1)
        axes.set_title(shorten(column.name, 2 * MAX_NAME), fontsize=10, parse_math=False)  # a dollar sign is no formula
        axes.tick_params(labelsize=8)
        draw = _draw_categories if isinstance(column, CategoryColumn) else _draw_numbers
        draw(axes, column, {"real": real[:, index], "generated": fake[:, index]})
    handles = [Patch(color=colour, label=f"{name} rows") for name, colour in _GROUPS.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=2, frameon=False)
    if len(columns) > len(shown):
        figure.supxlabel(f"the first {len(shown)} of {len(columns)} columns", fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110, format="png")
    return buffer.getvalue()


def _draw_numbers(axes, column, groups):
    known = {name: cells[~np.isnan(cells)] for name, cells in groups.items()}
    edges = bin_edges(column, np.concatenate(list(known.values())))
    highest = []
    for name, cells in known.items():
        counts, _ = np.histogram(np.clip(cells, edges[0], edges[-1]), edges)
        shares = counts / max(1, len(groups[name]))
        style = {"fill": True, "alpha": 1.0} if name == "real" else {"linewidth": 1.6}
        axes.stairs(shares, edges, color=_GROUPS[name], **style)
        highest.append(shares.max())
    if max(highest) > _PEAK:
        axes.set_yscale("log")
    axes.set_ylabel("share of rows, log" if max(highest) > _PEAK else "share of rows", fontsize=8)
    if isinstance(column, DateColumn):
        ticks = np.linspace(edges[0], edges[-1], 3).round()
        axes.set_xticks(ticks, column.format(ticks))
    elif np.abs(edges).max() >= 1e4:
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    if column.has_missing:
        missing = ", ".join(f"{np.isnan(cells).mean():.1%} of {name}" for name, cells in groups.items())
        axes.set_xlabel(f"missing: {missing} rows", fontsize=8)


def bin_edges(column, cells):
    """Edges of at most `MAX_BINS` equal bins for all but the half per cent at either end, which the outer bins count.

    Bins of whole numbers hold equally many of them.
    """
    low, high = np.quantile(cells, [0.005, 0.995]) if len(cells) else (0.0, 0.0)
    if column.decimals == 0:
        low, high = np.floor(low), np.ceil(high)
        width = max(1.0, np.ceil((high - low + 1) / MAX_BINS))
        return np.arange(low - 0.5, high + 0.5 + width, width)
    return np.linspace(low, max(high, low + 1e-9), MAX_BINS + 1)


def _draw_categories(axes, column, groups):
    """The most frequent values in order, from the top."""
    titles, shares = value_shares(column, groups)
    places = np.arange(len(titles))
    for offset, (name, share) in zip((-0.2, 0.2), shares.items(), strict=True):
        axes.barh(places + offset, share, 0.4, color=_GROUPS[name])
    axes.set_yticks(places, titles, parse_math=False)
    axes.invert_yaxis()
    axes.set_xlabel("share of rows", fontsize=8)


def value_shares(column, groups):
    """Titles of the most frequent values of the first group, of all others together and of missing cells; shares by group."""
    num = len(column.values)
    shares = {
        name: np.bincount(np.where(np.isnan(cells), num, cells).astype(np.int64), minlength=num + 1) / max(1, len(cells))
        for name, cells in groups.items()
    }
    order = np.argsort(-next(iter(shares.values()))[:num], kind="stable")
    kept = order if num <= MAX_VALUES + 1 else order[:MAX_VALUES]
    others = order[len(kept) :]
    parts = [(shorten(column.values[value], MAX_NAME), [value]) for value in kept]
    parts += [(f"({len(others)} others)", others)] if len(others) else []
    parts += [("(missing)", [num])] if any(share[num] for share in shares.values()) else []
    return [title for title, _ in parts], {name: [share[at].sum() for _, at in parts] for name, share in shares.items()}
