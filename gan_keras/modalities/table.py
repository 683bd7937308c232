"""Tables: rows of numbers, dates and categories."""

import io

import numpy as np

from gan_keras import exported, score_table
from gan_keras.callbacks import Samples
from gan_keras.data import TABLE_DATASETS, Table, describe_table, load_table, split_table, table_batches, write_csv
from gan_keras.data.corpus import check_is_file
from gan_keras.data.table_batches import AllRows, RowsByCondition
from gan_keras.data.table_columns import column_from_config
from gan_keras.data.table_files import read_like
from gan_keras.files import check_parent, replace_whole
from gan_keras.modalities import score_report, table_report
from gan_keras.modalities.reloaded import ReloadedModality
from gan_keras.presets.table import TablePreset
from gan_keras.sampling import seeds_from
from gan_keras.table_evaluation import COLUMNS, evaluate_table

LEAST_STEPS = 20
"""An epoch has at least so many steps: rows are drawn with replacement, so that a small table does not end it."""


class TableModality(ReloadedModality):
    """Tables; the run keeps the place of the file."""

    name, preset_class, samples = "table", TablePreset, "rows"

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
        return "seed" in version.inputs and "columns" in version.card

    def write(self, samples, output):
        file = io.StringIO()
        write_csv(file, samples)
        if output is None:
            return file.getvalue()
        return replace_whole(output, lambda path: path.write_text(file.getvalue(), encoding="utf-8", newline=""))

    def evaluate(self, run, data=None, num=None, seed=0, progress=print):
        gan, preset = run.load(), TablePreset.from_config(run.config["preset"])
        training, held_out = self.parts(run)
        test = held_out if data is None else self.test_rows(run, data, training)
        if data is not None:
            progress(describe_table(test))
        result = evaluate_table(gan, training, test, preset.label, num, seed, progress)
        result["settings"]["test"] = "held-out rows of the run" if data is None else test.name
        generated = gan.generate_cells(min(5000, result["settings"]["num"]), seed)
        return result, {table_report.HISTOGRAMS: table_report.histograms(training.columns, np.asarray(test.cells), generated)}

    def test_rows(self, run, source, training):
        """The rows of a test file, of the columns and categories of the run."""
        check_is_file(source)
        test = read_like(source, training.columns)
        if test.fingerprint == run.config["data"]["fingerprint"]:
            raise ValueError(f"{source} is what {run.path} was trained on. Expected other rows, or no --data.")
        return test

    def summary(self, result):
        return score_table.summary(result, COLUMNS)

    def evaluation_sections(self, result):
        return score_report.sections(result, COLUMNS, table_report.NOTE)

    def samples_section(self, run):
        return table_report.samples(run)

    def card(self, config):
        return table_report.card(config)
