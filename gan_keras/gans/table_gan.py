"""`TableGAN`: a GAN of rows that meet conditions. Only what differs from `GAN`.

Reference: [Modeling Tabular Data using Conditional GAN, Xu et al., 2019](https://arxiv.org/abs/1907.00503).
"""

import re

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from gan_keras import noise
from gan_keras.auxiliary import Objective
from gan_keras.gans.gan import GAN
from gan_keras.gans.sampling import seeds_from
from gan_keras.gans.signature import Signature, expect

_ENCODING, _LABELS = 1, 2  # which child of a row's seed its draws have


@keras.saving.register_keras_serializable(package="gan_keras")
class MeetsCondition(Objective):
    """The generator loses the cross-entropy between a row's condition and what the row chose in the condition's column.

    Reference: [Xu et al., 2019](https://arxiv.org/abs/1907.00503), section 4.3.

    Args:
        weight: >= 0; the paper's is 1.
    """

    def generator(self, gan, batch):
        if batch.labels is None:
            return 0.0
        choices = batch.fake_data[:, gan.codec.first_condition :]
        chosen = ops.sum(choices * ops.one_hot(batch.labels, gan.codec.num_conditions), axis=1)
        return -self.weight * ops.mean(ops.log(ops.maximum(chosen, 1e-20)))  # less counts as no less than that


@keras.saving.register_keras_serializable(package="gan_keras")
class TableGAN(GAN):
    """A GAN of the rows of a table.

    Networks read conditions as labels: "this column has that value", one of all columns of categories. A row that is asked
    for by a condition meets it: the network was told, and the column is set to the value in the graph. Rows that nothing is
    asked of get a condition as often as the data meet it, and so follow the data.

    Data sets for `fit` yield float64 cells and conditions, drawn as `data.table_batches` does.

    Args:
        generator: A `networks.tabular.TabularGenerator`.
        discriminator: Reads rows, and conditions where there are some.
        codec: An adapted `codecs.TableCodec`.
        seed: Integer that all noise of training follows from.
    """

    @property
    def label_names(self):
        """What rows can be asked for, a list of `column=value`; their indices are labels too."""
        return self.codec.labels.names

    # --- Training. ---

    def read_batch(self, data):
        """Rows as samples: which mode a number belongs to is drawn anew in every step, by noise that a resumed run repeats."""
        cells, conditions, _ = keras.utils.unpack_x_y_sample_weight(data)
        if cells.dtype != tf.float64:
            return super().read_batch(data)
        step = noise.split(noise.split(tf.constant([self.seed], tf.int64), self.draws), _ENCODING)
        seeds = noise.split(step, tf.range(tf.shape(cells)[0], dtype=tf.int64))
        return self.codec.encode(cells, seeds), conditions

    # --- Sampling: labels are what the user asks for, conditions what networks read. ---

    def labels_from(self, seeds):
        """A condition for each seed, as often as the data meet it; None where there are no columns of categories."""
        labels = self.asked_from(seeds)
        return None if labels is None else tf.gather(tf.constant(self.codec.labels.conditions), labels)

    def asked_from(self, seeds):
        """A label for each seed: of a column that each is as likely, a value as often as the data have it."""
        if not self.label_names:
            return None
        uniform = noise.uniform(noise.split(tf.cast(seeds, tf.int64), _LABELS), 1)[:, 0]
        return tf.searchsorted(tf.constant(self.codec.labels.cumulative[:-1]), uniform, side="right")

    def generate(self, n=1, seed=0, labels=None):
        """Rows made of noise, each column in its own type.

        Args:
            n: How many, from 1 to `sampling.MOST_SAMPLES`.
            seed: Row `i` is made from `seed + i` alone, whatever `n` is.
            labels: What each row is asked for: indices into `label_names`, or its texts such as `"income=>50K"`; None asks for
                nothing, and rows follow the frequencies of the data.

        Returns:
            A dict by column, in the columns' order, of arrays `(n,)`: str for categories and dates (a missing one is empty),
            int64 for whole numbers, float64 for others and for those of which some are missing (NaN).

        Raises:
            ValueError: If an argument is out of its range, or there is not one label for each row.
        """
        columns = self.codec.to_columns(tf.constant(self.generate_cells(n, seed, labels)))
        return {name: as_text(values.numpy()) for name, values in columns.items()}

    def generate_cells(self, n=1, seed=0, labels=None):
        """The same as float64 cells `(n, columns)`: see `data.table_columns`."""
        seeds = seeds_from(n, seed)
        if labels is not None:
            number_of = {name: number for number, name in enumerate(self.label_names)}
            labels = [number_of.get(label, label) for label in labels]
            strange = [label for label in labels if isinstance(label, str) or not 0 <= label < len(self.label_names)]
            if len(labels) != n or strange:
                raise ValueError(
                    f"Got {len(labels)} labels for n={n} rows{f', {strange[0]!r} among them' if strange else ''}. Expected one "
                    f"for each, of {', '.join(self.label_names[:3])}, ... or their indices below {len(self.label_names)}."
                )
        labels = self.asked_from(seeds) if labels is None else np.asarray(labels, np.int32)
        return self.in_blocks(self.make_samples, seeds, labels)

    def samples_from_latents(self, latents, label=None):
        """Cells of rows that meet their labels; what else is drawn follows from the bits of the latents."""
        num, latents = tf.shape(latents)[0], noise.pad_rows(latents)
        if label is None:
            return self.decode_rows(latents, None)[:num]
        label, labels = noise.pad_rows(label), self.codec.labels
        places, values, conditions = (
            tf.gather(tf.constant(each), label) for each in (labels.places, labels.cells, labels.conditions)
        )
        cells = self.decode_rows(latents, conditions)
        asked = tf.one_hot(places, len(self.codec.columns), on_value=True, off_value=False)
        return tf.where(asked, values[:, None], cells)[:num]

    def decode_rows(self, latents, conditions):
        return self.codec.decode(self(latents, conditions), tf.bitcast(latents[:, :2], tf.int64))

    # --- Export. ---

    def signatures(self, score=False):
        seeds = np.arange(3)
        latents = {"latents": self.latents_from(seeds).numpy()}
        label = {} if not self.label_names else {"label": np.arange(3, dtype=np.int32) % len(self.label_names)}
        columns = self.codec.to_columns
        found = {
            "serving_default": Signature(lambda seed: columns(self.make_samples(seed, self.asked_from(seed))), {"seed": seeds}),
            "latents": Signature(lambda **row: columns(self.serve_latents(**row)), {**latents, **label}),
            "generate": Signature(lambda **row: columns(self.serve_samples(**row)), {"seed": seeds, **label}),
        }
        if score:
            rows = dict(zip(self.input_names, self.generate(3).values(), strict=True))
            found["score"] = Signature(lambda **row: {"score": self.score_tensors(self.cells_of_inputs(row))}, rows)
        return found

    @property
    def input_names(self):
        """What the columns are called as inputs of `score`: TensorFlow takes letters, digits and underlines, a letter first."""
        names = [re.sub(r"\W", "_", column.name, flags=re.ASCII) for column in self.codec.columns]
        names = [name if name[0].isalpha() else f"column_{name.lstrip('_')}" for name in names]
        return names if len({name.lower() for name in names}) == len(names) else [f"{name}_{i}" for i, name in enumerate(names)]

    def cells_of_inputs(self, row):
        columns = zip(self.codec.columns, self.input_names, strict=True)
        return self.codec.from_columns({column.name: row[name] for column, name in columns})

    def model_card(self):
        columns = [column.to_config() for column in self.codec.columns]
        return {**super().model_card(), "columns": columns, "labels": self.label_names, "score_inputs": self.input_names}

    def expect_label(self, label):
        if label is None:
            return None
        num = len(self.label_names)
        return expect(label, (label >= 0) & (label < num), f"label: expected 0 to {num - 1}, got")

    def score(self, samples):
        """The discriminator's logit for each row: float32 `(n,)`. Higher is more like the training data.

        Args:
            samples: A dict of columns such as `generate` returns, or float64 cells.
        """
        cells = self.codec.from_columns(samples).numpy() if isinstance(samples, dict) else samples
        return self.in_blocks(self.score_tensors, cells)

    @tf.function(reduce_retracing=True)
    def score_tensors(self, cells):
        """Each row is judged beside generated ones that are the same for all, so that no row changes another's score.

        Its condition is its value in the last column of categories.
        """
        rows = noise.pad_rows(cells)
        samples, conditions = self.codec.encode(rows), self.codec.last_condition(rows)
        others = tf.range(getattr(self.discriminator, "num", 1) - 1, dtype=tf.int64)
        their_conditions = self.labels_from(others)
        packs = beside(samples, self(self.latents_from(others), their_conditions))
        asked = None if conditions is None else beside(conditions, their_conditions)
        logits = tf.reshape(self.judge(packs, asked, training=False), [tf.shape(rows)[0], -1])
        return logits[: tf.shape(cells)[0], 0]


def beside(rows, others):
    """Each of the rows followed by all of the others: `(batch * (1 + others), ...)`."""
    shape = tf.concat([tf.shape(rows)[:1], tf.shape(others)], axis=0)
    packs = tf.concat([rows[:, None], tf.broadcast_to(others, shape)], axis=1)
    return tf.reshape(packs, tf.concat([[-1], tf.shape(rows)[1:]], axis=0))


def as_text(values):
    """An array; of bytes their texts."""
    return values if values.dtype != object else np.array([value.decode() for value in values], object)
