"""`TableGAN`: a GAN of table rows that meet conditions. Only the differences from `GAN`.

Reference: [Modeling Tabular Data using Conditional GAN, Xu et al., 2019](https://arxiv.org/abs/1907.00503).
"""

import re
import warnings

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from gan_keras import noise
from gan_keras.auxiliary import Objective
from gan_keras.data.dispatch import batches
from gan_keras.data.table.conditions import conditions_of, draw_meeting
from gan_keras.data.table.load import read_like
from gan_keras.data.table.table import Table
from gan_keras.diagnosis.names import choice_of
from gan_keras.gans.gan import GAN
from gan_keras.gans.sampling import seeds_from
from gan_keras.gans.signature import Signature, expect

_ENCODING, _LABELS = 1, 2  # indices of the child seeds for draws other than latents


@keras.saving.register_keras_serializable(package="gan_keras")
class MeetsCondition(Objective):
    """Cross-entropy between a row's condition and its value in the condition's column, for the generator; section 4.3.

    Args:
        weight: Weight of the cross-entropy, >= 0; the paper uses 1.
    """

    reads_real = False

    def generator(self, gan, batch):
        if batch.labels is None:
            return 0.0
        choices = batch.fake_data[:, gan.codec.first_condition :]
        chosen = ops.sum(choices * ops.one_hot(batch.labels, gan.codec.num_conditions), axis=1)
        return -self.weight * ops.mean(ops.log(ops.maximum(chosen, 1e-20)))  # keeps the logarithm finite


@keras.saving.register_keras_serializable(package="gan_keras")
class PrefersRealDrafts(Objective):
    """The mean logit of a row that a `networks.CountedTableGenerator` chooses among its drafts, for the generator to raise.

    The expectation is exact: a sum over the drafts with their chances to be chosen.

    Args:
        weight: Weight of the objective, >= 0.
    """

    reads_real = False

    def generator(self, gan, batch):
        drafts = gan.generator.drafts_of(batch.latents, batch.labels)
        logits = gan.judge(ops.reshape(drafts, (-1, drafts.shape[2])))
        logits = ops.stop_gradient(ops.reshape(logits, ops.shape(drafts)[:2]))
        return -self.weight * ops.mean(ops.sum(ops.softmax(gan.generator.scores(drafts)) * logits, axis=1))


@keras.saving.register_keras_serializable(package="gan_keras")
class TableGAN(GAN):
    """A GAN of table rows.

    Networks read conditions as labels. A condition states that one categorical column has one value. A row that is generated
    with a label always meets it: the network reads the condition, and the graph sets the column to the value. Rows without a
    label get conditions with their frequencies in the data.

    Data sets for `fit` yield float64 cells and conditions, such as those of `data.table_batches`.

    Args:
        generator: A `networks.tabular.TabularGenerator`.
        discriminator: A `keras.Model` that reads rows, and conditions if there are any.
        codec: An adapted `codecs.TableCodec`.
        seed: Integer that determines all noise of training.
    """

    @property
    def label_names(self):
        """Labels for `generate`, a list of `column=value`; their indices are labels too."""
        return self.codec.labels.names

    def fit(self, x=None, y=None, batch_size=None, *args, **kwargs):
        """Trains as `GAN.fit` does; also on a `data.Table`, its cells, or a `pandas.DataFrame` with the columns of the codec.

        Their batches are drawn with their conditions, 500 rows each if `batch_size` is None: see `data.batches`.
        """
        if hasattr(x, "iloc"):
            x = read_like(x, self.codec.columns)
        elif isinstance(x, np.ndarray) and y is None and x.shape[1:] == (len(self.codec.columns),):
            x = Table("cells", self.codec.columns, np.asarray(x, np.float64), {})
        if isinstance(x, Table):
            x, batch_size = batches(x, batch_size or min(500, len(x)), self.codec, seed=self.seed), None
        return super().fit(x, y, batch_size, *args, **kwargs)

    def read_batch(self, data):
        """Encodes rows. Each step draws the modes of numbers anew, with noise that a resumed run repeats."""
        cells, conditions, _ = keras.utils.unpack_x_y_sample_weight(data)
        if cells.dtype != tf.float64:
            return super().read_batch(data)
        step = noise.split(noise.split(tf.constant([self.seed], tf.int64), self.draws), _ENCODING)
        seeds = noise.split(step, tf.range(tf.shape(cells)[0], dtype=tf.int64))
        return self.codec.encode(cells, seeds), conditions

    # --- Sampling: users choose labels, networks read conditions. ---

    def labels_from(self, seeds):
        """Draws a condition per seed with its frequency in the data; None without categorical columns."""
        labels = self.user_labels_from(seeds)
        return None if labels is None else tf.gather(tf.constant(self.codec.labels.conditions), labels)

    def user_labels_from(self, seeds):
        """Draws a label per seed: a uniform column, then a value with its frequency in the data."""
        if not self.label_names:
            return None
        uniform = noise.uniform(noise.split(tf.cast(seeds, tf.int64), _LABELS), 1)[:, 0]
        return tf.searchsorted(tf.constant(self.codec.labels.cumulative[:-1]), uniform, side="right")

    def generate(self, n=1, seed=0, labels=None, as_frame=None, edits=None):
        """Generates rows from noise, each column in its own type.

        Args:
            n: Number of rows, from 1 to `sampling.MAX_SAMPLES`.
            seed: Row `i` depends on `seed + i` only, not on `n`; None draws a new seed.
            labels: What rows have to meet. A label for all rows or one per row: an index into `label_names`, or its text such as
                `"income=>50K"`. Or a dictionary of conditions that each row meets: `{"city": "Oslo", "age": (30, 40)}`, by
                column a value, a list of values, or a pair of ends. None draws labels with their frequencies in the data.
            as_frame: True returns a `pandas.DataFrame`. None returns one if the GAN was built for a table from a data frame.
            edits: What is changed about the rows, as for `GAN.generate`. Draws within a category stay.

        Returns:
            Arrays `(n,)` by column name, in column order: str for categories, dates and identifiers (empty if missing), int64
            for whole numbers, float64 for other numbers and for columns with missing numbers (NaN). Or a data frame with the
            types and the index of the one that was read.

        Raises:
            ValueError: If an argument is out of its range, the number of labels is not `n`, or rows that meet the conditions
                are too rare.
        """
        cells = self.generate_cells(n, seed, labels, edits=edits)
        if as_frame or as_frame is None and self.codec.layout is not None:
            return Table("generated", self.codec.columns, cells, {}, layout=self.codec.layout).to_frame()
        arrays = {name: values.numpy() for name, values in self.codec.to_columns(tf.constant(cells)).items()}
        return {
            name: array if array.dtype != object else np.array([text.decode() for text in array], object)
            for name, array in arrays.items()
        }

    def generate_cells(self, n=1, seed=0, labels=None, report=None, edits=None):
        """Generates the same rows as float64 cells `(n, columns)`: see `data.table.columns`.

        `report` is called with the share of the drawn rows that met the conditions, if any had to be drawn again; by default a
        share below a tenth is a warning.
        """
        seeds = seeds_from(n, seed)
        self.follow_generator()
        shifts = self.shifts_from(edits, n)
        if isinstance(labels, dict):
            if shifts is not None:
                raise ValueError(
                    "Got edits and a dictionary of labels, whose rows are drawn until they meet it. With edits, expected a label "
                    f"such as {self.label_names[:1]}."
                )
            return self._rows_that_meet(seeds, labels, report or _warn_of_rare)
        if labels is not None:
            labels = [labels] * n if isinstance(labels, str) or np.ndim(labels) == 0 else labels
            indices = {name: index for index, name in enumerate(self.label_names)}
            labels = [indices.get(label, label) for label in labels]
            unknown = [label for label in labels if isinstance(label, str) or not 0 <= label < len(self.label_names)]
            if unknown:
                known = f"or their indices below {len(self.label_names)}"
                raise ValueError(f"Got the label {unknown[0]!r}. {choice_of(unknown[0], self.label_names)}, {known}.")
            if len(labels) != n:
                raise ValueError(f"Got {len(labels)} labels for n={n} rows. Expected one for each.")
        labels = self.user_labels_from(seeds) if labels is None else np.asarray(labels, np.int32)
        return self.in_blocks(self.make_samples, seeds, labels, *([] if shifts is None else [None, shifts]))

    def _rows_that_meet(self, seeds, wanted, report):
        """Rows that meet all conditions: the networks learned the rarest value of a category, the others are drawn for."""
        conditions = conditions_of(self.codec.columns, wanted)
        label = self.codec.labels.rarest(conditions)

        def draw(seeds):
            labels = self.user_labels_from(seeds) if label is None else np.full(len(seeds), label, np.int32)
            return self.in_blocks(self.make_samples, np.asarray(seeds), labels)

        rows, share = draw_meeting(draw, seeds, conditions, lambda seeds, index: noise.split(tf.constant(seeds), index).numpy())
        if share < 1:
            report(share)
        return self.codec.with_ids(tf.constant(rows), tf.constant(seeds)).numpy()

    @tf.function(reduce_retracing=True)
    def make_samples(self, seeds, labels=None, truncation=None, shifts=None):
        return self.codec.with_ids(super().make_samples(seeds, labels, truncation, shifts), seeds)

    def samples_from_latents(self, latents, label=None, shifts=None):
        """Returns cells of rows that meet their labels; further draws depend on the bits of the latents before the shifts."""
        num, latents = tf.shape(latents)[0], noise.pad_rows(latents)
        shifts = None if shifts is None else noise.pad_rows(shifts)
        if label is None:
            return self.decode_rows(latents, None, shifts)[:num]
        label, known = noise.pad_rows(label), self.codec.labels
        places, values, conditions = (
            tf.gather(tf.constant(each), label) for each in (known.places, known.cells, known.conditions)
        )
        cells = self.decode_rows(latents, conditions, shifts)
        is_fixed = tf.one_hot(places, len(self.codec.columns), on_value=True, off_value=False)
        return tf.where(is_fixed, values[:, None], cells)[:num]

    def decode_rows(self, latents, conditions, shifts=None):
        samples = self(latents if shifts is None else latents + shifts, conditions)
        return self.codec.decode(samples, tf.bitcast(latents[:, :2], tf.int64))

    # --- Export. ---

    def signatures(self, score=False, edit=False):
        self.follow_generator()
        seeds = np.arange(3)
        latents = {"latents": self.latents_from(seeds).numpy()}
        label = {} if not self.label_names else {"label": np.arange(3, dtype=np.int32) % len(self.label_names)}
        columns, labels_from = self.codec.to_columns, self.user_labels_from
        found = {
            "serving_default": Signature(lambda seed: columns(self.make_samples(seed, labels_from(seed))), {"seed": seeds}),
            "latents": Signature(lambda **row: columns(self.serve_latents(**row)), {**latents, **label}),
            "generate": Signature(lambda **row: columns(self.serve_samples(**row)), {"seed": seeds, **label}),
        }
        if edit:
            examples = self.edit_examples(found["generate"].examples)
            found["edit"] = Signature(lambda **row: columns(self.serve_samples(**self.edited(**row))), examples)
        if score:
            generated = self.generate(3, as_frame=False)
            rows = {inner: generated[column.name] for inner, column in zip(self.input_names, self.codec.learned, strict=True)}
            found["score"] = Signature(lambda **row: {"score": self.score_tensors(self.cells_of_inputs(row))}, rows)
        return found

    @property
    def input_names(self):
        """Names of the columns but identifiers, as inputs of `score`.

        TensorFlow allows letters, digits and underscores, starting with a letter.
        """
        names = [re.sub(r"\W", "_", column.name, flags=re.ASCII) for column in self.codec.learned]
        names = [name if name[0].isalpha() else f"column_{name.lstrip('_')}" for name in names]
        return names if len({name.lower() for name in names}) == len(names) else [f"{name}_{i}" for i, name in enumerate(names)]

    def cells_of_inputs(self, row):
        columns = zip(self.codec.learned, self.input_names, strict=True)
        return self.codec.from_columns({column.name: row[name] for column, name in columns})

    def model_card(self):
        columns = [column.to_config() for column in self.codec.columns]
        labels = {"labels": self.label_names, "num_labels": len(self.label_names)}
        return {**super().model_card(), **labels, "columns": columns, "score_inputs": self.input_names}

    def expect_label(self, label):
        if label is None:
            return None
        num = len(self.label_names)
        return expect(label, (label >= 0) & (label < num), f"label: expected 0 to {num - 1}, got")

    def score(self, samples):
        """Returns the discriminator's logit per row, float32 `(n,)`. Higher means more like the training data.

        Args:
            samples: Columns by name, as `generate` returns them, a `pandas.DataFrame`, or float64 cells.
        """
        if hasattr(samples, "iloc"):
            cells = read_like(samples, self.codec.columns).cells
        else:
            cells = self.codec.from_columns(samples).numpy() if isinstance(samples, dict) else samples
        return self.in_blocks(self.score_tensors, cells)

    @tf.function(reduce_retracing=True)
    def score_tensors(self, cells):
        """Scores each row in a pack with the same generated rows, so that rows do not change each other's scores.

        A row's condition is its value in the last categorical column.
        """
        rows = noise.pad_rows(cells)
        samples, conditions = self.codec.encode(rows), self.codec.last_condition(rows)
        others = tf.range(getattr(self.discriminator, "num", 1) - 1, dtype=tf.int64)
        other_conditions = self.labels_from(others)
        packs = pack(samples, self(self.latents_from(others), other_conditions))
        conditions = None if conditions is None else pack(conditions, other_conditions)
        logits = tf.reshape(self.judge(packs, conditions, training=False), [tf.shape(rows)[0], -1])
        return logits[: tf.shape(cells)[0], 0]


def _warn_of_rare(share):
    if share < 0.1:
        warnings.warn(f"Only {share:.2%} of the drawn rows met the labels: drawing such rows is slow.", stacklevel=4)


def pack(rows, others):
    """Returns each row followed by all others: `(batch * (1 + others), ...)`."""
    shape = tf.concat([tf.shape(rows)[:1], tf.shape(others)], axis=0)
    packs = tf.concat([rows[:, None], tf.broadcast_to(others, shape)], axis=1)
    return tf.reshape(packs, tf.concat([[-1], tf.shape(rows)[1:]], axis=0))
