"""Tables: rows of numbers, dates and categories."""

import io

import numpy as np

from gan_keras.callbacks import Samples
from gan_keras.codecs import TableCodec
from gan_keras.data import TABLE_DATASETS, Table, describe_table, load_table, split_table, table_batches, write_csv
from gan_keras.data.table.batches import AllRows, RowsByCondition
from gan_keras.data.table.columns import column_from_config
from gan_keras.data.table.csv import read_like
from gan_keras.data.text.corpus import check_is_file
from gan_keras.export import exported
from gan_keras.gans.sampling import seeds_from
from gan_keras.media.safe_files import check_parent, replace_whole
from gan_keras.modalities import table_report
from gan_keras.modalities.reloaded import ReloadedModality
from gan_keras.presets.table import TablePreset
from gan_keras.table_evaluation import COLUMNS, evaluate_table

LEAST_STEPS = 20
"""An epoch has at least so many steps: rows are drawn with replacement, so that a small table does not end it."""


class TableModality(ReloadedModality):
    """Tables; the run keeps the place of the file."""

    name, preset_class, samples = "table", TablePreset, "rows"
    columns, page = COLUMNS, table_report
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
        return result, {table_report.HISTOGRAMS: table_report.histograms(training.columns, np.asarray(test.cells), generated)}

    def test_part(self, run, source, training):
        """The rows of a test file, of the columns and categories of the run."""
        check_is_file(source)
        test = read_like(source, training.columns)
        self.check_is_other(run, source, test)
        return test
