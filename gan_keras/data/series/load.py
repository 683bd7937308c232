"""`load_series`: time series by the name of a data set, from CSV files, or from arrays in a `.npz` file."""

import collections
import pathlib
from typing import NamedTuple

import numpy as np

from gan_keras.data.arrays import ArrayFile, Hints
from gan_keras.data.image.arrays import check_labels
from gan_keras.data.series.csv import check_columns, interpolated, read_csv
from gan_keras.data.series.series import cut_windows
from gan_keras.data.text.corpus import check_is_file

SERIES_DATASETS = {"sines": "10,000 series of five sines, 24 steps, of random frequencies and phases (TimeGAN, 2019)"}

_HINTS = Hints(
    "a CSV file, or a folder of them",
    "series=array",
    "series of several lengths are padded to the longest, with an array `lengths` (num,)",
)
NUM_SINES, SINE_STEPS, SINE_COLUMNS = 10_000, 24, 5
_MOST_RADIANS = 0.1  # for a step, and of a phase: those of TimeGAN's published code, of which its figures are


def load_series(name_or_path, length=24, stride=1, time_column="", id_column=""):
    """Loads time series by name or from a path, and cuts them into windows.

    Args:
        name_or_path: A name in `SERIES_DATASETS`; a CSV file, or a folder of them, a series each: see `series_tables.read_csv`;
            or a `.npz` file with `series` `(num, steps, columns)` and maybe `lengths` `(num,)` (what lies beyond is not read),
            `labels` `(num,)`, `label_names` and `columns`. Write `./sines` for a file named like a data set.
        length: Steps of a window, >= 2; 0 takes every series whole, so that their lengths may differ.
        stride: Steps from the start of one window to the next, >= 1.
        time_column: Of CSV files: see `series_tables.read_csv`.
        id_column: Of CSV files: see `series_tables.read_csv`.

    Returns:
        `Series`.

    Raises:
        FileNotFoundError: Neither a name nor a file nor a folder.
        ValueError: What cannot be read as series, or arguments out of their range.
    """
    path = pathlib.Path(name_or_path)
    if str(name_or_path) in SERIES_DATASETS:
        found = Found(list(sines()), [f"sine_{number}" for number in range(1, SINE_COLUMNS + 1)])
    elif path.is_dir():
        found = _read_folder(path, time_column, id_column)
    else:
        check_is_file(path, hint=f"Built-in data sets of series: {', '.join(SERIES_DATASETS)}.")
        found = _read_npz(path) if path.suffix == ".npz" else Found.from_csv(path, time_column, id_column)
    return cut_windows(path.name, found.series, found.columns, length, stride, found.labelling, found.report)


class Found(NamedTuple):
    """What a source holds: arrays `(steps, columns)`, names of columns, labels and their names or None, and counts."""

    series: list
    columns: list
    labelling: tuple = (None, None)
    report: dict = {}

    @classmethod
    def from_csv(cls, *arguments):
        series, columns, report = read_csv(*arguments)
        return cls(series, columns, report=report)


def sines(num=NUM_SINES, seed=0):
    """Sines with a frequency and a phase for each series and column, moved into [0, 1]: float32 `(num, 24, 5)`.

    The frequencies, in radians a step, and the phases are uniform in [0, 0.1], as in TimeGAN's code.

    Args:
        num: Number of series.
        seed: The same seed draws the same series, int >= 0.
    """
    random = np.random.default_rng(seed)
    frequencies, phases = (random.uniform(0.0, _MOST_RADIANS, (num, 1, SINE_COLUMNS)) for _ in range(2))
    angles = frequencies * np.arange(SINE_STEPS)[:, None] + phases
    return ((np.sin(angles) + 1.0) / 2.0).astype(np.float32)


def _read_folder(path, time_column, id_column):
    """One series or more of each CSV file, in the order of the names; all have the same columns."""
    files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".csv")
    if not files:
        raise ValueError(f"{path} holds no CSV file. Expected one for each series, or name a file.")
    parts = [Found.from_csv(file, time_column, id_column) for file in files]
    for file, part in zip(files, parts, strict=True):
        if part.columns != parts[0].columns:
            raise ValueError(f"{file} has the columns {part.columns}. Expected those of {files[0].name}: {parts[0].columns}.")
    report = collections.Counter()
    for part in parts:
        report.update(part.report)
    return Found([one for part in parts for one in part.series], parts[0].columns, report=dict(report))


def _read_npz(path):
    file = ArrayFile(path, _HINTS)
    if "series" not in file:
        raise ValueError(f"{path} holds the arrays {file.names}. Expected one named `series`, (num, steps, columns).")
    series = file.array("series")
    if series.ndim != 3 or not series.size or series.dtype.kind not in "iuf":
        raise ValueError(
            f"{path}: series of shape {series.shape} and dtype {series.dtype}. Expected numbers (num, steps, columns); series of "
            "several lengths are padded to the longest, with an array `lengths` (num,)."
        )
    lengths = file.array("lengths") if "lengths" in file else np.full(len(series), series.shape[1])
    lengths = _checked_lengths(path, lengths, series)
    labelling = check_labels(path.name, file.array("labels"), file.texts("label_names"), len(series), "series")
    columns = file.texts("columns") if "columns" in file else [f"column_{number + 1}" for number in range(series.shape[2])]
    if len(columns) != series.shape[2]:
        raise ValueError(f"{path}: {len(columns)} names in `columns` for {series.shape[2]} columns. Expected one for each.")
    check_columns(path, columns)
    cut = [one[:length].astype(np.float64) for one, length in zip(series, lengths, strict=True)]
    if any(np.isinf(one).any() for one in cut):
        raise ValueError(f"{path}: `series` holds infinity. Expected finite numbers, or NaN for missing ones.")
    missing = sum(int(np.isnan(one).sum()) for one in cut)
    filled = [interpolated(one, columns, f"{path}, series {number}") for number, one in enumerate(cut)] if missing else cut
    return Found(filled, columns, labelling, {"missing": missing} if missing else {})


def _checked_lengths(path, lengths, series):
    if (
        lengths.shape != (len(series),)
        or lengths.dtype.kind not in "iu"
        or not (1 <= lengths.min() <= lengths.max() <= series.shape[1])
    ):
        raise ValueError(
            f"{path}: `lengths` of shape {lengths.shape} and dtype {lengths.dtype}. Expected {len(series)} whole numbers, 1 to "
            f"{series.shape[1]}, how many steps of each series count."
        )
    return lengths
