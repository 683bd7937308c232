"""`Series`: a data set of time series, its split without leakage, its description and its batches."""

import dataclasses
import functools
import hashlib

import numpy as np
import tensorflow as tf

from gan_keras.data.arrays import epochs_of
from gan_keras.data.sample_set import description, num_classes
from gan_keras.data.series.layout import Layout, plain_layout

NUM_PARTS = 5  # one of which is held out
MAX_BLOCKS = 50  # per series
MIN_LEVELS = 16  # that a column must have in float32
MIN_SERIES = 5
"""Number of series from which on whole series are held out; of fewer series, blocks of steps."""


@dataclasses.dataclass(frozen=True, eq=False)
class Series:
    """Windows of one or more time series, in memory, and counts of what was met while reading them.

    Windows may overlap: the steps are stored once, and `samples` cuts windows out of them.

    Attributes:
        name: Name of the set in reports: a built-in name, or the name of the file or folder.
        values: float32 array `(steps, columns)`: all series, concatenated, in their own units.
        columns: Names of the columns.
        bounds: int64 array `(series + 1,)`: series `i` is `values[bounds[i]:bounds[i + 1]]`.
        starts: int64 array `(num,)`: first step of each window in `values`.
        lengths: int32 array `(num,)`: steps of each window.
        window: Steps of the longest window; shorter windows are padded with NaN.
        labels: int32 array `(num,)`: label of each window's series, or `None`.
        label_names: One `str` per label, or `None`.
        report: Counts: always `series`, `steps` and `windows`, and repairs.
        missing: bool array like `values`: cells that were missing and are interpolated; None without any.
        layout: The `Layout` of the file, or None for arrays.
        released: The `privacy.NoisedMoments` of these windows that were paid for before, such as by the run that is resumed; None
            before that.
    """

    name: str
    values: np.ndarray
    columns: tuple[str, ...]
    bounds: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    window: int
    labels: np.ndarray | None
    label_names: tuple[str, ...] | None
    report: dict
    missing: np.ndarray | None = None
    layout: Layout | None = None
    released: object = None

    def __len__(self):
        return len(self.starts)

    def __repr__(self):
        return f"<Series {describe_series(self)}>"

    def _repr_html_(self):
        """The first steps, for notebooks."""
        return (self.layout or plain_layout(self.columns)).frame(self.samples(slice(1))[:, :5]).to_html()

    @property
    def varying(self):
        """True if windows differ in length."""
        return bool((self.lengths < self.window).any())

    @property
    def overlaps(self):
        """True if a step is in more than one window."""
        order = np.argsort(self.starts, kind="stable")
        return bool((np.diff(self.starts[order]) < self.lengths[order][:-1]).any())

    @functools.cached_property
    def fingerprint(self):
        """SHA-256 of values, columns, windows and labels, 64 hexadecimal digits: equal if and only if the data are."""
        digest = hashlib.sha256(repr((self.columns, self.window, self.label_names)).encode())
        for array in (self.values, self.bounds, self.starts, self.lengths, self.labels):
            digest.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def samples(self, rows=slice(None)):
        """Windows as float32 `(num, window, columns)`, NaN after their end; `rows` is a slice or an array of numbers."""
        steps = np.arange(self.window)
        inside = steps < self.lengths[rows, None]
        cut = self.values[np.minimum(self.starts[rows, None] + steps, len(self.values) - 1)]
        return np.where(inside[..., None], cut, np.float32(np.nan))


def cut_windows(name, series, columns, length, stride=1, labelling=(None, None), report=None, layout=None):
    """Makes `Series` of float arrays `(steps, columns)`, NaN for missing cells; see `load_series` for `length` and `stride`.

    The `labelling` is the pair of an int label for each series and the names of labels, or of two `None`. Raises `ValueError`
    for a series shorter than a window, if no column ever changes, or for fewer than two windows.
    """
    if length == 1 or length < 0 or stride < 1:
        raise ValueError(f"Got length={length}, stride={stride}. Expected length >= 2, or 0 for whole series, and stride >= 1.")
    shortest = min(map(len, series))
    if shortest < max(length, 2):
        whole = min(shortest, len(series)) > 1
        other = ", or length=0 (`--set length=0`) for whole series, whose lengths may differ" if whole else ""
        raise ValueError(
            f"{name} has a series of {shortest} steps, shorter than a window of {max(length, 2)}. Expected series at least as "
            f"long as a window: a smaller length, such as `--set length={max(2, shortest // 4)}`{other}."
        )
    bounds = np.cumsum([0, *map(len, series)])
    exact = np.concatenate(series)
    missing = np.isnan(exact) if np.isnan(exact).any() else None
    if missing is not None:
        exact = interpolated(exact, missing, bounds, columns)
    with np.errstate(over="ignore"):  # `check_values` reports it
        values = exact.astype(np.float32)
    report = {**(report or {}), **check_values(name, values, exact, columns)}
    starts = [
        np.arange(start, stop - (length or stop - start) + 1, stride) for start, stop in zip(bounds, bounds[1:], strict=False)
    ]
    of_series = np.repeat(np.arange(len(series)), list(map(len, starts)))
    lengths = np.array([length or len(one) for one in series], np.int32)[of_series]
    if len(of_series) < 2:
        raise ValueError(
            f"{name} holds one window of {length or lengths[0]} steps. Expected at least 2: a longer or a further series."
        )
    labels, label_names = labelling
    if labels is not None:
        labels, label_names = np.asarray(labels, np.int32)[of_series], tuple(label_names)
    counts = {"series": len(series), "steps": len(values), "windows": len(of_series), **report}
    window = int(lengths.max())
    arrays = values, tuple(columns), bounds, np.concatenate(starts), lengths, window, labels, label_names
    return Series(name, *arrays, counts, missing, layout)


def check_values(name, values, exact, columns):
    """Returns what float32 cannot tell about the columns, for the report; raises `ValueError` if a column overflows it, or no
    column ever changes."""
    too_large = [column for column, fits in zip(columns, np.isfinite(values).all(axis=0), strict=True) if not fits]
    if too_large:
        raise ValueError(f"{name}: {', '.join(too_large)} holds numbers beyond 3.4e38. Expected smaller ones: change the unit.")
    moves = exact.max(axis=0) - exact.min(axis=0)
    spacing = np.spacing(np.abs(values).max(axis=0)).astype(np.float64)
    coarse = [column for column, move, space in zip(columns, moves, spacing, strict=True) if 0 < move < MIN_LEVELS * space]
    if coarse:
        raise ValueError(
            f"{name}: {', '.join(coarse)} changes by less than float32 tells apart next to its size. Expected larger changes: "
            "subtract a constant from it first."
        )
    constant = [column for column, move in zip(columns, moves, strict=True) if not move]
    if len(constant) == len(columns):
        raise ValueError(
            f"{name}: {', '.join(constant)} never changes. Expected a column with more than one value: there is nothing to learn."
        )
    return {"constant": constant} if constant else {}


def interpolated(values, missing, bounds, columns, own=None):
    """Returns values `(steps, columns)` whose missing cells are interpolated linearly between known cells of the same series.

    A cell before the first known one, or after the last, repeats it. A column that is unknown in a whole series gets its mean.

    Args:
        values: float array; missing cells may hold anything.
        missing: bool array of the same shape.
        bounds: int64 `(series + 1,)`: see `Series`.
        columns: Names of the columns.
        own: bool `(steps,)`: the steps whose cells are used, and changed; None for all.
    """
    values, own = values.copy(), np.ones(len(values), bool) if own is None else own
    for column, name in enumerate(columns):
        known, unknown = own & ~missing[:, column], own & missing[:, column]
        if unknown.any() and not known.any():
            raise ValueError(f"The column {name!r} has no value in a part of the data. Expected some: leave the column out.")
        for start, stop in zip(bounds[:-1], bounds[1:], strict=True):
            steps = start + np.flatnonzero(unknown[start:stop])
            of_series = start + np.flatnonzero(known[start:stop])
            if len(steps) and len(of_series):
                values[steps, column] = np.interp(steps, of_series, values[of_series, column])
            elif len(steps):
                values[steps, column] = values[known, column].mean()
    return values


def split_series(data, seed=0):
    """Splits windows so that no held-out window shares a step with a training window: see `gan_keras.data.split`.

    Each part's missing cells are interpolated between its own known cells.

    Of five or more series, a fifth of each label's series is held out. Fewer series are cut into contiguous blocks of steps,
    a fifth of which is held out; windows across a border of the two parts are left out, and counted as `at_borders` in the
    training report. Raises `ValueError` if the series are too short to hold out a part.
    """
    random = np.random.default_rng(seed)
    held_out = _whole_series(data, random) if len(data.bounds) > MIN_SERIES else _blocks(data, random)
    counts = np.concatenate([[0], np.cumsum(held_out)])
    held_steps = counts[data.starts + data.lengths] - counts[data.starts]
    training, held = np.flatnonzero(held_steps == 0), np.flatnonzero(held_steps == data.lengths)
    dropped = len(data) - len(training) - len(held)
    parts = part_of(data, training, {"at_borders": dropped} if dropped else {}), part_of(data, held, {})
    return tuple(_with_own_cells(part, steps) for part, steps in zip(parts, (~held_out, held_out), strict=True))


def _with_own_cells(part, steps):
    """Returns a part whose missing cells are interpolated between known cells of its own steps, a bool array."""
    if part.missing is None:
        return part
    values = interpolated(part.values.astype(np.float64), part.missing, part.bounds, part.columns, steps)
    return dataclasses.replace(part, values=values.astype(np.float32))


def _whole_series(data, random):
    """Returns for each step whether it is held out: a fifth of the series of each label."""
    order = random.permutation(len(data.bounds) - 1)
    if data.labels is not None:
        of_series = data.labels[np.searchsorted(data.starts, data.bounds[:-1])]
        order = order[np.argsort(of_series[order], kind="stable")]
    chosen = np.isin(np.arange(len(order)), order[::NUM_PARTS])
    return np.repeat(chosen, np.diff(data.bounds))


def _blocks(data, random):
    """Returns for each step whether it is held out: a fifth of the blocks of each series."""
    held_out = []
    for steps in np.diff(data.bounds):
        if steps < 4 * data.window:
            raise ValueError(
                f"{data.name} has {len(data.bounds) - 1} series, one of {steps} steps. Expected at least 4 windows of "
                f"{data.window} steps in each, or {MIN_SERIES} series: otherwise nothing can be held out. Use a smaller length."
            )
        num = min(MAX_BLOCKS, max(steps // (8 * data.window), min(NUM_PARTS, steps // (2 * data.window))))
        chosen = random.permutation(num)[: max(1, round(num / NUM_PARTS))]
        held_out.append(np.isin(np.arange(steps) * num // steps, chosen))
    return np.concatenate(held_out)


def part_of(data, rows, report):
    """The windows of these numbers; `report` holds further counts."""
    labels = None if data.labels is None else data.labels[rows]
    counts = {"windows": len(rows), **report}
    return dataclasses.replace(data, starts=data.starts[rows], lengths=data.lengths[rows], labels=labels, report=counts)


TEXTS = {
    "missing": "{} missing cells interpolated",
    "no_time": "{} rows without a time stamp left out",
    "unsorted": "{} rows sorted by time",
    "repeated": "{} time stamps occur twice",
    "irregular": "{} steps of unusual duration",
    "gaps": "{} of them gaps",
    "longest_gap": "the longest of {} steps",
    "constant": "constant, put back as they are: {}",
    "notes": "{}",
    "at_borders": "{} windows at borders left out",
}


def describe_series(data):
    """One line for logs: `stocks.csv: 3,662 windows of 24 steps x 6 columns, 1 series of 3,685 steps`."""
    lengths = f"{data.lengths.min()} to {data.window}" if data.varying else f"{data.window}"
    facts = [f"{len(data):,} windows of {lengths} steps x {len(data.columns)} columns"]
    facts += [f"{data.report['series']:,} series of {data.report['steps']:,} steps in all"] if "series" in data.report else []
    return description(data, facts + num_classes(data, "labels"), TEXTS)


def series_batches(data, batch_size=128, seed=0):
    """One epoch of full batches in random order; the remaining windows come in other epochs.

    Args:
        data: `Series`.
        batch_size: Windows per batch, >= 1.
        seed: Seed of the order, which changes from epoch to epoch.

    Returns:
        A `tf.data.Dataset` of float32 `(batch, window, columns)` in the data's own units, NaN after the end, or of pairs with
        int32 labels `(batch,)`. Its cardinality is known.

    Raises:
        ValueError: If the windows do not fill one batch.
    """
    if not 1 <= batch_size <= len(data):
        raise ValueError(f"Got batch_size={batch_size} for {len(data)} windows. Expected from 1 to {len(data)}.")
    num_batches = len(data) // batch_size

    def epoch(number):
        order = np.random.default_rng([seed, number]).permutation(len(data))
        for rows in order[: num_batches * batch_size].reshape(num_batches, batch_size):
            yield (data.samples(rows),) if data.labels is None else (data.samples(rows), data.labels[rows])

    spec = tf.TensorSpec([batch_size, data.window, len(data.columns)], tf.float32)
    specs = (spec,) if data.labels is None else (spec, tf.TensorSpec([batch_size], tf.int32))
    return epochs_of(epoch, specs, num_batches)
