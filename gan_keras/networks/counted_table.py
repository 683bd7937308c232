"""A generator of table rows that begins from counts: it draws rows along a tree, and learns which of them to prefer."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from gan_keras.networks.base import Generator, attributes, require_labels
from gan_keras.networks.tabular import RowReader


@keras.saving.register_keras_serializable(package="gan_keras")
class CountedTableGenerator(Generator):
    """Draws several rows from counts, as `privacy.NoisedCounts` does, and chooses one of them by the scores of a network.

    A network of zeros, as at the start, chooses at random: rows are those of the counts. By the scores it learns what the counts
    do not know, such as which values of three columns do not go together. A row that is drawn for a condition has its value, and
    the rest of the row follows from it: the tree is walked from the condition's column.

    The choice has no gradient: the network learns by the objective `gans.table_gan.PrefersRealDrafts`. Similar choices are known
    as discriminator rejection sampling ([Azadi et al., 2018](https://arxiv.org/abs/1810.06758)).

    Columns are in the order of a sample, numbers first. Counts are weights that are not trained: see `from_counts`.

    Args:
        num_numbers: Number columns, >= 0. Their choices are groups, and a position in the group; other columns' are bins.
        groups: Group of each bin, a list of int per column.
        positions: Start and end of each bin of each number column, from -1 to 1 in its group; lists of pairs.
        parents: Index of each column's parent in the tree besides the label; -1 for none.
        label: Index of the column that all others were counted with.
        label_groups: Group of each bin of the label in these counts.
        num_drafts: Rows that one is chosen from, >= 1.
        units: Widths of the layers of the network that scores them.
    """

    def __init__(self, num_numbers, groups, positions, parents, label, label_groups, num_drafts=8, units=(64,), **kwargs):
        groups = [list(map(int, each)) for each in groups]
        sizes = [max(each) + 1 for each in groups]
        num = len(sizes)
        super().__init__(num_drafts * (2 + 2 * num + num_numbers), **kwargs)
        self.num_numbers, self.groups, self.positions = num_numbers, groups, positions
        self.parents, self.label, self.label_groups = list(map(int, parents)), int(label), list(map(int, label_groups))
        self.num_drafts, self.units = num_drafts, tuple(units)
        self.num_columns, self.sizes, self.most, self.num_of_label = num, sizes, max(sizes), max(self.label_groups) + 1
        self.num_labels = sum(map(len, groups[num_numbers:]))
        self.hidden = [layers.Dense(width, activation="leaky_relu") for width in self.units]
        self.last = layers.Dense(1, kernel_initializer="zeros")
        self.steps = self.walks()

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
        num, most, most_bins, num_of_label = self.num_columns, self.most, max(map(len, self.groups)), self.num_of_label
        options = {"initializer": "ones", "trainable": False, "dtype": "float32"}
        # Cumulative chances of the last axis. The last bin stands for no condition.
        self.label_given_bin = self.add_weight(name="label_given_bin", shape=(num, most_bins + 1, num_of_label), **options)
        self.group_given_other = self.add_weight(name="groups", shape=(3 * num, num_of_label, most, most), **options)
        self.bin_given_group = self.add_weight(name="bins", shape=(num, num_of_label, most, most_bins), **options)
        self.built = True

    @classmethod
    def from_counts(cls, counts, **options):
        """Returns a generator that draws rows as a `privacy.NoisedCounts` does, of columns in the order of a sample."""
        positions = [bins.intervals(groups)[1] for bins, groups in zip(counts.bins, counts.groups, strict=True) if bins.is_number]
        generator = cls(len(positions), counts.groups, positions, counts.parents, counts.label, counts.label_groups, **options)
        generator.build((None, generator.latent_dim))
        weights = (generator.label_given_bin, generator.group_given_other, generator.bin_given_group)
        of_label, of_groups, of_bins = (np.ones(each.shape) for each in weights)
        num = generator.num_columns
        of_label[:, -1] = _cumulative(counts.label_counts)
        for place, with_label in enumerate(counts.with_label):
            by_group, groups = counts.by_group(place), counts.groups[place]
            of_label[place, : len(groups)] = _cumulative(with_label.T)
            of_groups[2 * num + place, :, :, : by_group.shape[1]] = _cumulative(by_group)[:, None]
            is_of_group = groups == np.arange(by_group.shape[1])[:, None]
            of_bins[place, :, : len(is_of_group), : len(groups)] = _cumulative(with_label[:, None] * is_of_group)
        for child, pairs in counts.pairs.items():
            for number, table in ((child, pairs), (num + child, pairs.transpose(0, 2, 1))):
                of_groups[number, :, : table.shape[1], : table.shape[2]] = _cumulative(table)
        for weight, values in zip(weights, (of_label, of_groups, of_bins), strict=True):
            weight.assign(values)
        return generator

    # --- From latents and conditions to rows. ---

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        drafts = self.drafts_of(latents, labels)
        gumbel = -ops.log(-ops.log(_uniform(latents[:, : self.num_drafts])))
        chosen = tf.argmax(self.scores(drafts) + gumbel, axis=1)
        return ops.stop_gradient(tf.gather(drafts, chosen, batch_dims=1))

    def drafts_of(self, latents, labels):
        """Returns the rows to choose from, `(batch, num_drafts, width)`."""
        num, num_drafts = ops.shape(latents)[0], self.num_drafts
        latents = ops.reshape(latents[:, num_drafts:], (num * num_drafts, self.latent_dim // num_drafts - 1))
        labels = None if labels is None else ops.repeat(labels, num_drafts)
        sizes = [1, self.num_columns, self.num_columns, self.num_numbers]
        of_label, of_groups, of_bins, inside = tf.split(_uniform(latents), sizes, axis=1)
        column, bin_ = self.condition(labels, num * num_drafts)
        given = tf.where(bin_ < 0, self.label_given_bin.shape[1] - 1, bin_)
        label_group = _drawn(tf.gather_nd(self.label_given_bin, tf.stack([column, given], axis=1)), of_label)
        groups = self.draw_groups(column, bin_, label_group, of_groups)
        return ops.reshape(self.rows(groups, label_group, column, bin_, of_bins, inside), (num, num_drafts, self.width))

    def scores(self, drafts):
        """Returns a score per draft, `(batch, num_drafts)`; positions of numbers in their groups are not read."""
        features = drafts[:, :, self.num_numbers :]
        for layer in self.hidden:
            features = layer(features)
        return self.last(features)[:, :, 0]

    def condition(self, labels, num):
        """Column and bin of each condition; without conditions the label's column, and -1."""
        if labels is None:
            return tf.fill([num], self.label), tf.fill([num], -1)
        sizes = [len(each) for each in self.groups[self.num_numbers :]]
        columns = np.repeat(np.arange(self.num_numbers, self.num_columns), sizes).astype(np.int32)
        bins = np.concatenate([np.arange(size) for size in sizes]).astype(np.int32)
        return tf.gather(tf.constant(columns), labels), tf.gather(tf.constant(bins), labels)

    def draw_groups(self, column, bin_, label_group, uniform):
        """Walks the tree from the condition's column: draws a group per column, int32 `(batch, columns)`."""
        steps, num = tf.gather(tf.constant(self.steps), column), self.num_columns  # (batch, columns, 3)
        first = tf.gather(tf.constant(_padded(self.groups), tf.int32), column)
        first = tf.gather(first, tf.maximum(bin_, 0), batch_dims=1)
        found = tf.zeros_like(uniform, tf.int32)
        for step in range(num):
            place, before, table = tf.unstack(steps[:, step], axis=1)
            known = tf.stack([table, label_group, tf.gather(found, before, batch_dims=1)], axis=1)
            drawn = _drawn(tf.gather_nd(self.group_given_other, known), tf.gather(uniform, place[:, None], batch_dims=1))
            if step == 0:  # the condition is met
                drawn = tf.where(bin_ >= 0, first, drawn)
            found += tf.one_hot(place, num, dtype=tf.int32) * drawn[:, None]
        return found

    def rows(self, groups, label_group, column, bin_, of_bins, inside):
        """Rows with these groups: draws a bin of each group, and a position in the bin of a number."""
        numbers, choices = [], []
        for place, own in enumerate(self.groups):
            known = tf.stack([label_group, groups[:, place]], axis=1)
            drawn = _drawn(tf.gather_nd(self.bin_given_group[place, :, :, : len(own)], known), of_bins[:, place, None])
            if place < self.num_numbers:
                start, end = tf.unstack(tf.gather(tf.constant(self.positions[place], tf.float32), drawn), axis=1)
                numbers.append(start + (end - start) * inside[:, place])
                choices.append(tf.one_hot(groups[:, place], self.sizes[place]))
            else:
                drawn = tf.where(tf.equal(column, place) & (bin_ >= 0), bin_, drawn)
                choices.append(tf.one_hot(drawn, len(own)))
        return ops.concatenate([*(ops.expand_dims(each, 1) for each in numbers), *choices], axis=1)

    def get_config(self):
        names = ("num_numbers", "groups", "positions", "parents", "label", "label_groups", "num_drafts", "units")
        config = {**super().get_config(), **attributes(self, *names)}
        del config["latent_dim"]  # follows from the others
        return config


def _cumulative(counts):
    """Cumulative chances of the last axis of counts; 1 where nothing was counted."""
    total = counts.sum(axis=-1, keepdims=True)
    return np.where(total > 0, np.cumsum(counts, axis=-1) / np.where(total > 0, total, 1.0), 1.0)


def _padded(lists):
    most = max(map(len, lists))
    return [each + [0] * (most - len(each)) for each in lists]


def _uniform(normals):
    """Numbers in (0, 1) from standard normal ones; float32 tells the largest from 1."""
    return ops.clip((1.0 + ops.erf(normals / 2.0**0.5)) / 2.0, 1e-6, 1.0 - 1e-6)


def _drawn(cumulative, uniform):
    """Draws an index, int32, for each row of cumulative chances `(rows, choices)`, by numbers `(rows, 1)` in (0, 1)."""
    return tf.reduce_sum(tf.cast(cumulative <= uniform, tf.int32), axis=1)


@keras.saving.register_keras_serializable(package="gan_keras")
class RowDiscriminator(RowReader):
    """Judges each row by itself: nothing in it depends on other rows, as a private training asks. It ignores conditions.

    A row that meets its condition tells it already.

    Args:
        num_numbers: Leading entries that it does not read: positions in groups, which the generator cannot learn to change.
        units: Widths of the layers.
    """

    num_labels = 0

    def __init__(self, num_numbers=0, units=(128, 128), **kwargs):
        super().__init__(**kwargs)
        self.num_numbers, self.units = num_numbers, tuple(units)
        self.hidden = [layers.Dense(width, activation="leaky_relu") for width in self.units]
        self.last = layers.Dense(1, dtype="float32")

    def call(self, samples, labels=None, training=False):
        features = samples[:, self.num_numbers :]
        for layer in self.hidden:
            features = layer(features)
        return self.last(features)

    def get_config(self):
        return {**super().get_config(), **attributes(self, "num_numbers", "units")}
