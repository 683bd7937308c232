"""Table rows as tensors: float64 cells <-> float32 numbers and one-hot choices, inside the TensorFlow graph.

Reference: [Xu et al., 2019](https://arxiv.org/abs/1907.00503), sections 4.2 and 4.3.
"""

import functools

import keras
import numpy as np
import tensorflow as tf

from gan_keras import noise
from gan_keras.codecs.base import Codec, check_shape
from gan_keras.codecs.table_columns import Intervals, Labels, Modes, NumberIntervals, NumberModes, Slots, fit_modes
from gan_keras.data.table.columns import NumberColumn, column_from_config
from gan_keras.data.table.conditions import Constraint
from gan_keras.data.table.table import Table, chunks, some_rows, write_csv
from gan_keras.media.safe_files import replace_whole

_MAX_SAMPLED = 50_000  # rows that modes are fitted to


@keras.saving.register_keras_serializable(package="gan_keras")
class TableCodec(Codec):
    """Map between rows of cells and tensors that networks make.

    A sample starts with a number in [-1, 1] for each number column: the distance from its mode's mean, in units of four
    deviations. Then come one-hot choices: the mode for each number column, the slot for each category column (see
    `table_columns.Slots`). A missing number is an additional mode, a missing category an additional slot.

    Args:
        columns: Configs of the `Column`s. `None`: the columns of the table passed to `adapt`.
        modes: Weights, means and deviations of each number column.
        counts: For each category column the frequency of each value, and last the number of missing cells.
        most_modes: Maximum number of modes per number column, >= 1.
        most_slots: Maximum number of slots per category column, >= 2: rarer values are pooled.
        seed: Seed of the fit of the modes.
        constraints: Pairs of number columns, such as `["start", "end", False]` for `start<=end` (True for `<`), that every
            row meets: the larger number is encoded as its distance from the smaller one.
        distances: Configs of the columns of these distances. `None`: found by `adapt`.
        layout: See `Table`.
        separate_below: Number of rows below which modes do not overlap; see `table_columns.fit_modes`.
        intervals: Starts and ends of intervals of each number column, in the place of modes: a private training must not fit any.
    """

    raw_dtype, output_name = tf.float64, None  # one output per column

    def __init__(
        self,
        columns=None,
        modes=None,
        counts=None,
        most_modes=10,
        most_slots=100,
        seed=0,
        constraints=(),
        distances=None,
        layout=None,
        separate_below=0,
        intervals=None,
    ):
        if most_modes < 1 or most_slots < 2:
            raise ValueError(f"most_modes={most_modes}, most_slots={most_slots}. Expected most_modes >= 1 and most_slots >= 2.")
        self.most_modes, self.most_slots, self.seed, self.separate_below = most_modes, most_slots, seed, separate_below
        self.constraints, self.layout = [Constraint(*each) for each in constraints], layout
        self.columns, self.distances = None, tuple(map(column_from_config, distances or ()))
        self.intervals = None if intervals is None else [Intervals(*each) for each in intervals]
        if columns is not None:
            self._set(tuple(map(column_from_config, columns)), [Modes(*each) for each in modes or ()], counts)

    @classmethod
    def from_counts(cls, columns, counts):
        """Returns the codec of public columns and a `privacy.NoisedCounts` of them, in the order of a sample: it reads no rows.

        The choices of a number column are the groups of its counts, those of a category its values.
        """
        intervals, frequencies = [], []
        for bins, groups, with_label in zip(counts.bins, counts.groups, counts.with_label, strict=True):
            if bins.is_number:
                intervals.append(list(map(list, zip(*bins.intervals(groups)[0], strict=True))))
            else:
                own = np.rint(with_label.sum(axis=0)).astype(int).tolist()
                frequencies.append(own if bins.column.has_missing else [*own, 0])
        most = max([2, *map(len, frequencies)])
        return cls([column.to_config() for column in columns], None, frequencies, most_slots=most, intervals=intervals)

    def adapt(self, table):
        """Takes columns from a `Table`, fits modes and counts categories, unless the constructor set them."""
        if self.columns is not None:
            return
        self.layout, self.columns = table.layout, table.columns
        sample, modes, counts = some_rows(table, _MAX_SAMPLED, self.seed).cells, [], []
        apart = self.apart(tf.constant(sample)).numpy()
        places = [table.index(each.high) for each in self.constraints]
        self.distances = tuple(_distance_column(table.columns[place], apart[:, place]) for place in places)
        for index, column in enumerate(table.columns):
            if column.kind == "category":
                counts.append(_counts(table, index))
            elif column.kind != "id":
                cells = apart[:, index]
                modes.append(fit_modes(cells[~np.isnan(cells)], self.most_modes, self.seed, self.separate_below))
        self._set(table.columns, modes, counts)

    def _set(self, columns, modes, counts):
        self.columns, self.modes, self.counts = columns, modes, [list(each) for each in counts]
        self.number_places = [index for index, column in enumerate(columns) if column.kind in ("number", "date")]
        self.category_places = [index for index, column in enumerate(columns) if column.kind == "category"]
        self.id_places = [index for index, column in enumerate(columns) if column.kind == "id"]
        self.slots = [
            Slots(each[:-1], each[-1], self.most_slots, columns[place].has_missing)
            for each, place in zip(self.counts, self.category_places, strict=True)
        ]
        distances = {column.name: column for column in self.distances}
        numbers = [distances.get(columns[place].name, columns[place]) for place in self.number_places]
        self.numbers = NumberModes(numbers, modes) if self.intervals is None else NumberIntervals(numbers, self.intervals)
        self.sizes = (*self.numbers.sizes, *(each.num for each in self.slots))

    @property
    def has_read_rows(self):
        """Whether ranges, modes or frequencies were found in rows by `adapt`; not by `from_counts`."""
        return self.columns is not None and self.intervals is None

    @property
    def num_numbers(self):
        """Number of number columns, and so of numbers in [-1, 1] at the start of a sample."""
        return len(self.number_places)

    @property
    def width(self):
        """Size of a sample."""
        return self.num_numbers + sum(self.sizes)

    @functools.cached_property
    def starts(self):
        """First index of each column's choices in a sample, int32."""
        return (self.num_numbers + np.concatenate([[0], np.cumsum(self.sizes)[:-1]])).astype(np.int32)

    @property
    def first_condition(self):
        """Index in a sample of the first category slot: the slots are the conditions, numbered in this order."""
        return self.width - self.num_conditions

    @property
    def num_conditions(self):
        """Number of slots of all category columns."""
        return sum(each.num for each in self.slots)

    def check_samples(self, samples):
        """Raises `ValueError` unless samples have the codec's width."""
        check_shape(samples, [self.width], f"(batch, {self.width})")

    def encode(self, cells, seeds=None):
        """Cells to samples, float32 `(batch, width)`.

        Args:
            cells: float64 `(batch, columns)`.
            seeds: int64 `(batch,)`, to draw each number's mode by its probability; None takes the likeliest mode.
        """
        cells = self.apart(cells)
        numbers, modes = self.numbers.encode(tf.gather(cells, np.array(self.number_places, np.int32), axis=1), seeds)
        slots = [slots.of_cells(cells[:, place]) for slots, place in zip(self.slots, self.category_places, strict=True)]
        choices = tf.concat([modes, tf.reshape(tf.stack(slots, axis=1), [-1, len(slots)])] if slots else [modes], axis=1)
        return tf.concat([numbers, self._one_hot(choices)], axis=1)

    def _one_hot(self, choices):
        """Concatenates the one-hot vectors of choices, int32 `(batch, columns)`; -1 chooses nothing."""
        width = sum(self.sizes)
        places = tf.where(choices < 0, width, choices + (self.starts - self.num_numbers))
        rows = tf.broadcast_to(tf.range(tf.shape(choices)[0])[:, None], tf.shape(choices))
        indices = tf.reshape(tf.stack([rows, places], axis=2), [-1, 2])
        ones = tf.ones(tf.shape(indices)[:1])
        return tf.tensor_scatter_nd_update(tf.zeros([tf.shape(choices)[0], width + 1]), indices, ones)[:, :width]

    def decode(self, samples, seeds=None):
        """Samples to valid cells, float64 `(batch, columns)`, by the likeliest choice for each column.

        Args:
            samples: float32 `(batch, width)`.
            seeds: int64 `(batch,)`, to draw values of a pool; None takes the middle one by frequency.
        """
        self.check_samples(samples)
        choices = [
            tf.argmax(samples[:, start : start + size], axis=1, output_type=tf.int32)
            for start, size in zip(self.starts, self.sizes, strict=True)
        ]
        num = len(self.slots)
        uniform = tf.fill([tf.shape(samples)[0], num], 0.5) if seeds is None else noise.uniform(seeds, num)
        cells = {
            place: self.slots[index].to_cells(choices[self.num_numbers + index], uniform[:, index])
            for index, place in enumerate(self.category_places)
        }
        for index, place in enumerate(self.number_places):
            cells[place] = self.numbers.decode(index, samples[:, index], choices[index])
        for place in self.id_places:
            cells[place] = id_cells(tf.range(tf.shape(samples)[0], dtype=tf.int64) if seeds is None else seeds)
        return self.together(tf.stack([cells[place] for place in range(len(self.columns))], axis=1))

    def apart(self, cells):
        """Replaces the larger column of each constraint by its distance from the smaller one."""
        columns = tf.unstack(cells, num=len(self.columns), axis=1)
        for low, high, _ in self.places:
            columns[high] = cells[:, high] - self._base(cells[:, low], low)
        return tf.stack(columns, axis=1) if self.constraints else cells

    def together(self, cells):
        """Inverse of `apart`, for generated rows: each meets all constraints."""
        columns = tf.unstack(cells, num=len(self.columns), axis=1)
        for low, high, strict in self.places:
            column, base = self.columns[high], self._base(columns[low], low)
            least = base + (10.0 ** -(column.decimals or 0) * getattr(column, "step", 1) if strict else 0.0)
            rounded = column.rounded(tf.maximum(base + columns[high], least))
            # Rounding may step below a smaller column with more decimals, which then gives way.
            columns[high] = tf.where(rounded < least, tf.fill(tf.shape(rounded), tf.constant(column.high, tf.float64)), rounded)
            columns[low] = tf.where(columns[low] > columns[high], columns[high], columns[low])
        return tf.stack(columns, axis=1) if self.constraints else cells

    def _base(self, smaller, place):
        """The smaller column, with its minimum in the place of missing cells."""
        return tf.where(tf.math.is_nan(smaller), tf.constant(self.columns[place].low, tf.float64), smaller)

    @property
    def places(self):
        """Indices of the smaller and the larger column of each constraint, and whether it is strict."""
        index = {column.name: place for place, column in enumerate(self.columns)}
        return [(index[each.low], index[each.high], each.strict) for each in self.constraints]

    def with_ids(self, cells, seeds):
        """Returns cells whose identifiers follow from seeds, int64 `(batch,)`: consecutive seeds have different ones."""
        if not self.id_places:
            return cells
        is_id = np.isin(np.arange(len(self.columns)), self.id_places)
        return tf.where(is_id, id_cells(seeds)[:, None], cells)

    def to_columns(self, cells):
        """Cells `(batch, columns)` as a dictionary of tensors `(batch,)` by column, in the columns' own types."""
        return {column.name: column.to_tensor(cells[:, index]) for index, column in enumerate(self.columns)}

    def from_columns(self, columns):
        """Inverse of `to_columns`, for columns in any order, identifiers perhaps absent.

        An unknown category becomes a missing cell.
        """
        given = [tf.convert_to_tensor(columns.get(column.name, columns[self.learned[0].name])) for column in self.columns]
        return tf.stack([column.from_tensor(values) for column, values in zip(self.columns, given, strict=True)], axis=1)

    @property
    def learned(self):
        """All columns but the identifiers."""
        return [column for column in self.columns if column.kind != "id"]

    def write_samples(self, path, columns):
        """Writes the output of `GAN.generate` to `path` with the suffix `.csv`."""
        cells = self.from_columns(columns)  # which knows no identifiers: they are counted from the first new one
        table = Table(path.name, self.columns, self.with_ids(cells, tf.range(tf.shape(cells)[0], dtype=tf.int64)).numpy(), {})

        def write(temporary):
            with open(temporary, "w", newline="", encoding="utf-8") as file:
                write_csv(file, table)

        replace_whole(path.with_suffix(".csv"), write)

    def conditions_of(self, cells):
        """Yields, for each category column, the condition that each row of an array meets, int32 `(rows,)`."""
        first = 0
        for slots, place in zip(self.slots, self.category_places, strict=True):
            yield first + slots.of_cells(tf.constant(cells[:, place])).numpy()
            first += slots.num

    def last_condition(self, cells):
        """The condition that each row meets in the last category column, int32 `(batch,)`; None without such columns."""
        if not self.slots:
            return None
        slots = self.slots[-1].of_cells(cells[:, self.category_places[-1]])
        return tf.where(slots < 0, slots, slots + self.num_conditions - self.slots[-1].num)

    @functools.cached_property
    def labels(self):
        """Labels that condition generated rows: `table_columns.Labels`."""
        return Labels(self.columns, self.slots, self.counts)

    def get_config(self):
        """The constructor's arguments, including what `adapt` found."""
        fitted = {"columns": None, "modes": None, "counts": None}
        if self.columns is not None:
            columns, modes = [column.to_config() for column in self.columns], [list(each) for each in self.modes]
            fitted = {"columns": columns, "modes": modes, "counts": self.counts}
        config = {**fitted, "most_modes": self.most_modes, "most_slots": self.most_slots, "seed": self.seed}
        if self.constraints:
            distances = [column.to_config() for column in self.distances] or None
            config |= {"constraints": [list(each) for each in self.constraints], "distances": distances}
        config |= {"separate_below": self.separate_below} if self.separate_below else {}
        config |= {} if self.intervals is None else {"intervals": [list(each) for each in self.intervals]}
        return config | ({} if self.layout is None else {"layout": self.layout})


def _distance_column(column, distances):
    """The column of the distances of a constraint."""
    known = distances[~np.isnan(distances)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    return NumberColumn(column.name, column.has_missing, low, high, column.decimals)


def id_cells(seeds):
    """Numbers of identifiers, float64 `(batch,)`, from seeds."""
    return tf.cast(seeds % MAX_ID, tf.float64)


MAX_ID = 10**9


def _counts(table, index):
    """Frequency of each value of a category column, and last the number of missing cells, a list of int."""
    num = len(table.columns[index].values)
    counts = sum(
        np.bincount(np.where(np.isnan(part[:, index]), num, part[:, index]).astype(np.int64), minlength=num + 1)
        for part in chunks(table.cells)
    )
    return counts.tolist()
