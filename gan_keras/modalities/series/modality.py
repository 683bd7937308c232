"""Time series: tables, folders and arrays that are cut into windows."""

import dataclasses
import time
from typing import NamedTuple

import numpy as np

from gan_keras.callbacks import SeriesPictures
from gan_keras.data import SERIES_DATASETS, describe_series, load_series, series_batches, split_series
from gan_keras.media.html import picture
from gan_keras.media.plots import Picture
from gan_keras.media.safe_files import check_parent
from gan_keras.media.series import SHOWN_SERIES, csv_text, write_series
from gan_keras.modalities.from_files import ReloadedModality
from gan_keras.modalities.sample_files import last_and_first, title_of
from gan_keras.modalities.series.evaluation import COLUMNS, evaluate_series, some_windows
from gan_keras.modalities.series.presets import SeriesPreset
from gan_keras.training import time_budget

PICTURES = 20
"""The most pictures of a training: each takes as long as many steps."""

_ENDINGS = (".csv", ".npz", ".png")


class NamedSeries(NamedTuple):
    """Generated series `(num, steps, columns)`, and the names of their columns."""

    series: np.ndarray
    columns: tuple


NOTE = """<p>Lower is better in all columns. Discriminative score: how far above chance a recurrent classifier tells windows from
real ones, 0 if it can only guess, 0.5 if it is always right. Predictive score: the error with which a network foretells the last
column of real windows that has learned from these windows, in shares of its range. The distances compare values (in deviations
of the real ones), autocorrelations, and correlations of columns. The last row holds real training windows against the same test
windows: what no generator beats, except by chance or by copying. Test windows share no step with training windows.</p>"""
USE = "windows like those of the data, to learn from, to test and to experiment with; they foretell nothing"
LIMITS = "what the data lack or show one-sidedly, the windows lack or show so too; values stay in the range of the data"


class SeriesModality(ReloadedModality):
    """Time series; what is held out shares no step with what is trained on."""

    name, preset_class, output_name, samples = "series", SeriesPreset, "series", "windows"
    columns, note, use, limits = COLUMNS, NOTE, USE, LIMITS

    def datasets(self):
        return SERIES_DATASETS

    def read(self, source, preset):
        return load_series(source, preset.length, preset.stride, preset.time_column, preset.id_column)

    def describe(self, data):
        return describe_series(data)

    def split(self, data, seed):
        return split_series(data, seed)

    def entries(self, data):
        return {"columns": list(data.columns), "window": data.window}

    def epoch(self, part, preset, seed):
        part = part if preset.num_labels(part) else dataclasses.replace(part, labels=None, label_names=None)
        return series_batches(part, preset.batch_size, seed)

    def measure(self, preset, training, seed):
        stages = preset.stage_epochs
        if len(stages) == 1:
            return super().measure(preset, training, seed)
        gan = self.build(preset.with_stage_epochs({stage: min(num, 1) for stage, num in stages.items()}), training, seed)
        start = time.monotonic()
        steps = time_budget.measure_steps(gan, self.batches(gan, preset, training, seed), sum(num > 0 for num in stages.values()))
        besides = time.monotonic() - start - sum(time_budget.MEASURED_STEPS * steps.mean(stage) for stage in stages)
        return {stage: steps.mean(stage) * self.steps_of(preset, training) for stage in stages}, max(besides, 0.0)

    def fit_into(self, preset, training, seconds, budget):
        """As many epochs as fit; several stages are shortened, in proportion, and never prolonged."""
        if len(preset.stage_epochs) == 1:
            return super().fit_into(preset, training, seconds, budget)
        return preset.with_stage_epochs(time_budget.allot(preset.stage_epochs, seconds, budget)), seconds

    def callbacks(self, run, preset, training, held_out):
        real, every = some_windows(training, SHOWN_SERIES, seed=0), -(-preset.epochs // PICTURES)
        return [SeriesPictures(run.samples, real, training.columns, every=every)]

    # --- Use. ---

    def check_output(self, output):
        if output is None:
            return
        if output.suffix not in _ENDINGS:
            raise ValueError(f"{output} ends in {output.suffix or 'nothing'}. Expected NAME.csv, NAME.npz or NAME.png.")
        check_parent(output)

    def generate(self, gan, n, seed, label, options):
        return NamedSeries(super().generate(gan, n, seed, label, options), gan.codec.columns)

    def generate_by_version(self, version, n, seed, label, options):
        series = super().generate_by_version(version, n, seed, label, options)
        columns = version.card["columns"] if version.card else range(series.shape[2])
        return NamedSeries(series, tuple(columns))

    def write(self, samples, output):
        if output is None:
            return csv_text(*samples)
        return write_series(output, *samples)

    # --- Judging. ---

    def judge(self, gan, run, parts, num, seed, progress):
        return evaluate_series(gan, *parts, num, seed, progress), {}

    def test_part(self, run, source, training):
        """The windows of a test set, cut as those of the run; raises unless they have its columns and are others."""
        test = self.read(source, SeriesPreset.from_config(run.config["preset"]))
        self.check_is_other(run, source, test)
        if (test.columns, test.window) != (training.columns, training.window):
            raise ValueError(
                f"{source} has windows of {test.window} steps of the columns {', '.join(test.columns)}. Expected "
                f"{training.window} steps of {', '.join(training.columns)}, as {run.path} was trained on."
            )
        return test

    def samples_section(self, run):
        return samples_html(run)


# --- The sections of a report that series fill.


_TEXT = "A panel for each column: real windows at the left, generated ones at the right. The noise is the same at every epoch."


def samples_html(run):
    """The last and the first picture of windows, HTML; None without any.

    Args:
        run: Path of the run.
    """
    return "".join(picture(_picture(path)) for path in last_and_first(run, ".png")) or None


def _picture(path):
    return Picture(title_of(path), _TEXT, path.read_bytes())
