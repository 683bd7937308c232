"""Time series: tables, folders and arrays that are cut into windows.

`presets.py` holds the networks with the codec that each needs, `evaluation.py` the scores, baseline and verdict. This file
reads and splits the data, and writes windows and the report.
"""

from typing import NamedTuple

import numpy as np

from gan_keras.callbacks import SeriesPictures
from gan_keras.codecs import ComponentCodec, NormalScoreCodec, SeriesCodec
from gan_keras.data import Series, describe_series, load_series, split_series
from gan_keras.data.series.layout import Layout
from gan_keras.media.series import SHOWN_SERIES, csv_text, write_series
from gan_keras.modalities.from_files import FileModality
from gan_keras.modalities.series.evaluation import COLUMNS, evaluate_series, some_windows
from gan_keras.modalities.series.presets import SeriesPreset

MAX_PICTURES = 20
"""Maximum number of pictures per training: each takes as long as many steps."""


class NamedSeries(NamedTuple):
    """Generated series `(num, steps, columns)`, the names of their columns, their `Layout` or None, and the first time stamp."""

    series: np.ndarray
    columns: tuple
    layout: Layout | None = None
    start: str = ""


class SeriesModality(FileModality):
    """Time series; held-out windows share no step with training windows."""

    name, samples, output_name = "series", "windows", "series"
    preset_class, data_class, codec_classes = SeriesPreset, Series, (SeriesCodec, ComponentCodec, NormalScoreCodec)
    shape = ("columns", "columns"), ("length", "window")
    describe, splitter = staticmethod(describe_series), staticmethod(split_series)
    judge, columns = staticmethod(evaluate_series), COLUMNS
    epoch_picture = (
        ".png",
        "A panel per column: real windows on the left, generated ones on the right. The noise is the same at every epoch.",
    )
    note = """Lower is better in all columns. Discriminative score: how far above chance a recurrent classifier tells windows
from real ones; 0 if it can only guess, 0.5 if it is always right. Predictive score: the error with which a network trained on
these windows predicts the last column of real windows, relative to its range. The distances compare values (in standard
deviations of the real ones), autocorrelations, and correlations of columns. The last row compares real training windows with
the same test windows: no generator does better, except by chance or by copying. Test windows share no step with training
windows."""
    use = "windows that resemble the data, for learning, tests and experiments; they are no forecasts"
    limits = "gaps and biases of the data carry over to the windows; values stay in the range of the data"

    def read(self, source, preset):
        return load_series(source, preset.length, preset.stride, preset.time_column, preset.id_column, preset.types)

    def preset_of(self, run):
        """See `Modality.preset_of`; a run from before types of columns were known keeps the columns that it learned."""
        preset = super().preset_of(run)
        if "types" not in run.config["preset"]:
            preset.types = dict.fromkeys(run.config["data"]["columns"], "number")
        return preset

    def test_part(self, run, source, training):
        """The windows of a test set, cut like those of the run. Raises `ValueError` for other columns or the run's own data."""
        test = self.read(source, self.preset_of(run))
        self.check_is_other(run, source, test)
        if (test.columns, test.window) != (training.columns, training.window):
            raise ValueError(
                f"{source} has windows of {test.window} steps of the columns {', '.join(test.columns)}. Expected "
                f"{training.window} steps of {', '.join(training.columns)}, as {run.path} was trained on."
            )
        return test

    def entries(self, data):
        return {"columns": list(data.columns), "window": data.window}

    def real_samples(self, gan, part, rows):
        return part.samples(rows), None if part.labels is None else part.labels[rows]

    def sample_callbacks(self, run, preset, training, held_out):
        real, every = some_windows(training, SHOWN_SERIES, seed=0), -(-preset.epochs // MAX_PICTURES)
        return [SeriesPictures(run.samples, real, training.columns, every=every)]

    # --- Use. ---

    def generate(self, gan, n, seed, label, options):
        made = self.in_layout(gan.codec.columns, gan.codec.layout, options)
        labels = None if label is None else np.full(n, label)
        return made._replace(series=gan.generate(n, seed, labels=labels, as_frame=False))

    def generate_by_version(self, version, n, seed, label, options):
        made = self.in_layout(version.card.get("columns", ()), version.card.get("layout"), options)
        series = super().generate_by_version(version, n, seed, label, options)
        return made._replace(series=series, columns=made.columns or tuple(map(str, range(series.shape[2]))))

    def in_layout(self, columns, config, options):
        """Returns `NamedSeries` without series; raises `ValueError` if these cannot start as the options ask for."""
        layout, start = config and Layout.from_config(config), options.get("start", "")
        if start and not (layout and layout.clock):
            raise ValueError(f"start={start!r} for series without time stamps. Expected none: their steps are numbered.")
        if start:
            layout.clock.parsed(start)
        return NamedSeries(None, tuple(columns), layout, start)

    def write(self, samples, output):
        if output is None:
            return csv_text(*samples)
        return write_series(output, *samples)
