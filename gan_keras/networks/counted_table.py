"""A generator of table rows that begins from counts: it draws a row along a tree, then learns what to change about it."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from gan_keras.networks.base import Generator, attributes, require_labels
from gan_keras.networks.tabular import RowReader

_NEVER = -30.0  # log-probability of what was not counted; less would lose the digits of what is added to it


@keras.saving.register_keras_serializable(package="gan_keras")
class CountedTableGenerator(Generator):
    """Draws rows from counts of groups of values, as `privacy.NoisedCounts` does, and corrects the draws by a residual network.

    The network reads a drawn row and shifts the logits of all its choices. The same Gumbel noise then chooses again, so a network
    of zeros, as at the start, returns the draw. A row that is drawn for a condition has its value, and the rest of the row
    follows from it: the tree is walked from the condition's column.

    Columns are in the order of a sample, numbers first. Counts are weights that are not trained: see `from_counts`.

    Args:
        num_numbers: Number columns, >= 0. Their choices are groups, and a position in the group; other columns' are bins.
        groups: Group of each bin, a list of int per column.
        positions: Start and end of each bin of each number column, from -1 to 1 in its group; lists of pairs.
        parents: Index of each column's parent in the tree besides the label; -1 for none.
        label: Index of the column that all others were counted with.
        label_groups: Group of each bin of the label in these counts.
        first_conditions: First condition of each column after the numbers: conditions number their bins.
        noise_dim: Latents that the network reads besides the drawn row, >= 2; further latents draw the row.
        units: Widths of the network's layers.
        temperature: Temperature of the gradient of a choice, > 0.
    """

    def __init__(
        self,
        num_numbers,
        groups,
        positions,
        parents,
        label,
        label_groups,
        noise_dim=16,
        units=(128, 128),
        temperature=0.5,
        **kwargs,
    ):
        groups = [list(map(int, each)) for each in groups]
        sizes = [max(each) + 1 for each in groups]
        num = len(sizes)
        super().__init__(noise_dim + 1 + num * max(sizes) + num + num_numbers, **kwargs)
        self.num_numbers, self.groups, self.positions = num_numbers, groups, positions
        self.parents, self.label, self.label_groups = list(map(int, parents)), int(label), list(map(int, label_groups))
        self.noise_dim, self.units, self.temperature = noise_dim, tuple(units), temperature
        self.num_columns, self.sizes, self.most, self.num_of_label = num, sizes, max(sizes), max(self.label_groups) + 1
        self.num_labels = sum(map(len, groups[num_numbers:]))
        self.hidden = [layers.Dense(width, activation="relu") for width in self.units]
        self.last = layers.Dense(num * self.most, kernel_initializer="zeros")
        self.steps = self.walks()

    @property
    def style_dim(self):
        """Number of leading latents that the network reads; the others draw the row."""
        return self.noise_dim

    @property
    def width(self):
        """Size of a sample."""
        return self.num_numbers + sum(self.sizes[: self.num_numbers]) + self.num_labels

    def walks(self):
        """For each first column the order of all columns, each one's predecessor, and the table of both: `(columns, columns, 3)`.

        Tables are numbered: from parents to children, from children to parents, and columns by themselves, each by its column.
        """
        num = self.num_columns
        near = [[] for _ in range(num)]
        for child, parent in enumerate(self.parents):
            if parent >= 0:
                near[parent].append((child, child))
                near[child].append((parent, num + child))
        found = np.zeros((num, num, 3), np.int32)
        for root in range(num):
            steps, seen = [], set()
            for start in (root, *range(num)):
                ahead = [] if start in seen else [(start, start, 2 * num + start)]
                while ahead:
                    column, before, table = ahead.pop(0)
                    if column not in seen:
                        seen.add(column)
                        steps.append((column, before, table))
                        ahead += [(other, column, number) for other, number in near[column]]
            found[root] = steps
        return found

    def build(self, latents_shape, labels_shape=None):
        num, most, num_of_label = self.num_columns, self.most, self.num_of_label
        options = {"initializer": "zeros", "trainable": False, "dtype": "float32"}
        self.tables = self.add_weight(name="tables", shape=(3 * num, num_of_label, most, most), **options)
        most_bins = max(map(len, self.groups))
        self.bins = self.add_weight(name="bins", shape=(num, num_of_label, most_bins), **options)
        self.built = True

    @classmethod
    def from_counts(cls, counts, **options):
        """Returns a generator that draws rows as a `privacy.NoisedCounts` does, of columns in the order of a sample."""
        positions = [bins.intervals(groups)[1] for bins, groups in zip(counts.bins, counts.groups, strict=True) if bins.is_number]
        generator = cls(len(positions), counts.groups, positions, counts.parents, counts.label, counts.label_groups, **options)
        generator.build((None, generator.latent_dim))
        tables, bins = (np.full(each.shape, _NEVER, np.float32) for each in (generator.tables, generator.bins))
        num = generator.num_columns
        for place, with_label in enumerate(counts.with_label):
            by_group = counts.by_group(place)
            tables[2 * num + place, :, :, : by_group.shape[1]] = _logarithms(by_group)[:, None]
            bins[place, :, : with_label.shape[1]] = np.log(with_label + 1e-30)
        for child, pairs in counts.pairs.items():
            for number, table in ((child, pairs), (num + child, pairs.transpose(0, 2, 1))):
                tables[number, :, : table.shape[1], : table.shape[2]] = _logarithms(table)
        generator.tables.assign(tables)
        generator.bins.assign(bins)
        return generator

    # --- From latents and conditions to rows. ---

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        noise = tf.split(latents, [self.noise_dim, 1, self.num_columns * self.most, self.num_columns, self.num_numbers], axis=1)
        style, of_label, of_groups, of_bins, inside = noise
        uniform = [(1.0 + ops.erf(each / 2.0**0.5)) / 2.0 for each in (of_label, of_groups, of_bins, inside)]
        gumbel = -ops.log(-ops.log(ops.clip(uniform[1], 1e-7, 1.0 - 1e-7)))
        gumbel = ops.reshape(gumbel, (-1, self.num_columns, self.most))
        column, bin_ = self.condition(labels, ops.shape(latents)[0])
        label_group = self.draw_label(column, bin_, uniform[0])
        scores = self.draw_groups(column, bin_, label_group, gumbel)
        choices = self.correct(scores, style, label_group)
        return self.rows(choices, label_group, column, bin_, uniform[2], uniform[3])

    def condition(self, labels, num):
        """Column and bin of each condition; without conditions the label's column, and -1."""
        if labels is None:
            return tf.fill([num], self.label), tf.fill([num], -1)
        sizes = [len(each) for each in self.groups[self.num_numbers :]]
        columns = np.repeat(np.arange(self.num_numbers, self.num_columns), sizes).astype(np.int32)
        bins = np.concatenate([np.arange(size) for size in sizes]).astype(np.int32)
        return tf.gather(tf.constant(columns), labels), tf.gather(tf.constant(bins), labels)

    def draw_label(self, column, bin_, uniform):
        """Draws the label's group in the counts, int32 `(batch,)`, given the condition."""
        bins = tf.gather(tf.exp(self.bins), column)  # (batch, label groups, bins)
        given = tf.one_hot(bin_, bins.shape[2])[:, None]
        chances = tf.reduce_sum(tf.where(bin_[:, None, None] < 0, bins, bins * given), axis=2)
        return _drawn(chances, uniform)

    def draw_groups(self, column, bin_, label_group, gumbel):
        """Walks the tree from the condition's column: returns log-probabilities with noise, `(batch, columns, most groups)`."""
        steps, num = tf.gather(tf.constant(self.steps), column), self.num_columns  # (batch, columns, 3)
        found, scores = tf.zeros_like(gumbel[:, :, 0], tf.int32), tf.zeros_like(gumbel)
        first = tf.gather(tf.constant(_padded(self.groups), tf.int32), column)
        first = tf.gather(first, tf.maximum(bin_, 0), batch_dims=1)
        for step in range(num):
            place, before, table = tf.unstack(steps[:, step], axis=1)
            group = tf.gather(found, before, batch_dims=1)
            own = tf.gather_nd(self.tables, tf.stack([table, label_group, group], axis=1))
            own += tf.gather(gumbel, place, batch_dims=1)
            if step == 0:  # the condition is met
                own = tf.where((bin_ >= 0)[:, None], 1e4 * tf.one_hot(first, self.most), own)
            is_place = tf.one_hot(place, num)
            scores += is_place[:, :, None] * own[:, None]
            found += tf.cast(is_place, tf.int32) * tf.argmax(own, axis=1, output_type=tf.int32)[:, None]
        return scores

    def correct(self, scores, style, label_group):
        """Returns choices of groups, one-hot with the gradient of a softmax, after the network has shifted the scores."""
        drawn = tf.one_hot(tf.argmax(scores, axis=2), self.most)
        features = ops.concatenate(
            [style, tf.one_hot(label_group, self.num_of_label), ops.reshape(drawn, (-1, self.num_columns * self.most))], axis=1
        )
        for layer in self.hidden:
            features = layer(features)
        scores += ops.reshape(self.last(features), (-1, self.num_columns, self.most))
        is_group = np.arange(self.most) < np.array(self.sizes)[:, None]
        scores = tf.where(is_group, scores, -1e9)
        soft = ops.softmax(scores / self.temperature)
        return tf.one_hot(tf.argmax(scores, axis=2), self.most) + soft - ops.stop_gradient(soft)

    def rows(self, choices, label_group, column, bin_, of_bins, inside):
        """Rows of chosen groups: draws a bin of each group, and a position in the bin of a number."""
        numbers, options = [], []
        for place, groups in enumerate(self.groups):
            member = tf.one_hot(groups, self.most)[:, : self.sizes[place]]  # (bins, groups)
            choice = choices[:, place, : self.sizes[place]]
            within = tf.matmul(choice, member, transpose_b=True)
            chances = tf.exp(tf.gather(self.bins[place, :, : len(groups)], label_group))
            drawn = _drawn(chances * ops.stop_gradient(within), of_bins[:, place : place + 1])
            if place < self.num_numbers:
                start, end = tf.unstack(tf.gather(tf.constant(self.positions[place], tf.float32), drawn), axis=1)
                numbers.append(start + (end - start) * inside[:, place])
                options.append(choice)
            else:
                drawn = tf.where(tf.equal(column, place) & (bin_ >= 0), bin_, drawn)
                soft = within * chances / tf.matmul(tf.matmul(chances, member) + 1e-9, member, transpose_b=True)
                options.append(tf.one_hot(drawn, len(groups)) + soft - ops.stop_gradient(soft))
        return ops.concatenate([*(ops.expand_dims(each, 1) for each in numbers), *options], axis=1)

    def get_config(self):
        names = ("num_numbers", "groups", "positions", "parents", "label", "label_groups", "noise_dim", "units", "temperature")
        config = {**super().get_config(), **attributes(self, *names)}
        del config["latent_dim"]  # follows from the others
        return config


def _logarithms(counts):
    """Log-probabilities of the last axis of counts."""
    return np.maximum(np.log(counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1e-12) + 1e-30), _NEVER)


def _padded(lists):
    most = max(map(len, lists))
    return [each + [0] * (most - len(each)) for each in lists]


def _drawn(chances, uniform):
    """An index for each row of chances, `(rows, choices)`, which need not add up to 1; int32."""
    cumulative = tf.cumsum(chances, axis=1)
    return tf.minimum(tf.reduce_sum(tf.cast(cumulative <= uniform * cumulative[:, -1:], tf.int32), axis=1), chances.shape[1] - 1)


@keras.saving.register_keras_serializable(package="gan_keras")
class RowDiscriminator(RowReader):
    """Judges each row by itself: nothing in it depends on other rows, as a private training asks. It ignores conditions.

    A row that meets its condition tells it already.

    Args:
        units: Widths of the layers.
    """

    num_labels = 0

    def __init__(self, units=(128, 128), **kwargs):
        super().__init__(**kwargs)
        self.units = tuple(units)
        self.hidden = [layers.Dense(width, activation="leaky_relu") for width in self.units]
        self.last = layers.Dense(1, dtype="float32")

    def call(self, samples, labels=None, training=False):
        features = samples
        for layer in self.hidden:
            features = layer(features)
        return self.last(features)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
