"""A discriminator of lines of one fixed form: which token at one position goes with which at another.

Rhyme, parallel lines and repeated words are relations of two positions, however far apart, which recurrent and convolutional
networks hardly see.
"""

import keras
from keras import layers, ops

from gan_keras import noise
from gan_keras.codecs.text import PADDING
from gan_keras.networks.base import attributes, check_labels, projection
from gan_keras.networks.text_discriminators import SentenceDiscriminator

_CUTS = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4)  # shares of a line's tokens that stay in a spoiled line


@keras.saving.register_keras_serializable(package="gan_keras")
class RelationalDiscriminator(SentenceDiscriminator):
    """Bilinear relations of all pairs of positions, x_p^T M_pq x_q with short vectors x of the tokens, then a hidden layer.

    Besides drafts, it learns from real lines whose ends are those of other lines: in each part all is real, so that only
    relations between the parts give them away.

    Args:
        vocabulary_size: Number of token ids, including the four special ones.
        length: Number of positions: the maximum number of tokens in a line, with its end.
        width: Width of the tokens' vectors.
        units: Width of the hidden layer.
        dropout: Rate in [0, 1) on the vectors and on the relations.
        num_labels: Number of labels of the sentences; 0 for none.

    Raises:
        ValueError: By a call, if lines are longer than `length`.
    """

    feature_names = ("relations",)

    def __init__(self, vocabulary_size, length, width=12, units=64, dropout=0.3, num_labels=0, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size, self.length, self.width, self.units = vocabulary_size, length, width, units
        self.dropout, self.num_labels = dropout, num_labels
        # Products of three factors: vectors of about unit length, and matrices that begin with small relations.
        spread = keras.initializers.RandomNormal(stddev=width**-0.5)
        self.vectors = layers.Embedding(vocabulary_size, width, embeddings_initializer=spread, name="vectors")
        shape, start = (length, width, length * width), keras.initializers.RandomNormal(stddev=0.1)
        self.matrices = self.add_weight(name="matrices", shape=shape, initializer=start)
        self.vector_dropout, self.relation_dropout = layers.Dropout(dropout), layers.Dropout(dropout)
        self.hidden = layers.Dense(units, activation="relu", name="hidden")
        self.logit = layers.Dense(1, name="logit", dtype="float32")
        self.label_embedding = layers.Embedding(num_labels, units, dtype="float32") if num_labels else None

    def call(self, samples, labels=None, training=False):
        """Logit of each sentence: `(batch, 1)`, float32."""
        check_labels(labels, self.num_labels)
        steps = samples.shape[1]
        if steps is not None and steps > self.length:
            raise ValueError(f"Got lines of {steps} tokens. Expected at most length={self.length}, the number of positions.")
        tokens = ops.pad(samples, ((0, 0), (0, self.length - ops.shape(samples)[1])), constant_values=PADDING)
        vectors = self.vector_dropout(self.vectors(tokens), training=training)
        vectors = vectors * ops.cast(tokens != PADDING, vectors.dtype)[..., None]
        features = self.hidden(self.relation_dropout(self.relations(vectors), training=training))
        logits = self.logit(features)
        return logits + projection(features, self.label_embedding, labels, self.num_labels) if self.num_labels else logits

    def relations(self, vectors):
        """Relations x_p^T M_pq x_q of vectors `(batch, length, width)` at positions p and q: `(batch, length * length)`."""
        mapped = ops.einsum("bpi,pij->bpj", vectors, self.matrices)
        mapped = ops.reshape(mapped, (-1, self.length, self.length, self.width))
        return ops.reshape(ops.sum(mapped * vectors[:, None], axis=-1), (-1, self.length**2))

    def corrupted(self, tokens, seeds):
        """Real lines with the end, from a quarter to three quarters of the line, of the next line in the batch."""
        choice = ops.cast(noise.uniform(seeds, 1)[:, 0] * len(_CUTS), "int32")
        lengths = ops.sum(ops.cast(tokens != PADDING, "float32"), axis=1)
        cuts = ops.cast(ops.round(ops.take(ops.convert_to_tensor(_CUTS), choice) * lengths), "int32")
        return ops.where(ops.arange(ops.shape(tokens)[1]) < cuts[:, None], tokens, ops.roll(tokens, 1, axis=0))

    def get_config(self):
        own = ("vocabulary_size", "length", "width", "units", "dropout", "num_labels")
        return {**super().get_config(), **attributes(self, *own)}
