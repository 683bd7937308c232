"""Discriminators of sentences: a logit per sentence, and one after every token for dense rewards.

They read token ids `(batch, time)`, or token distributions `(batch, time, vocabulary)`, float32, which let gradients pass
(Gumbel-softmax). Padding is masked: it never changes a logit.
"""

import keras
from keras import layers, ops

from gan_keras.codecs.text import PADDING
from gan_keras.networks.base import Discriminator, attributes, projection


class SentenceDiscriminator(Discriminator):
    """Base of all discriminators of sentences: a logit from `call`, and the features by which drafts are weighted.

    Attributes:
        feature_names: Names of the columns of `features`.
        reads_drafts: Whether training needs drafts of the generator.
    """

    feature_names, reads_drafts = ("logit",), True

    def features(self, tokens, labels=None):
        """What `gans.calibration` reads of each line: `(batch, len(feature_names))`, float32."""
        return self(tokens, labels)

    def logits(self, samples, labels=None, training=False):
        """Logits of sentences, `(batch, 1)`, and of steps, `(batch, time)`, or None for a discriminator of whole sentences."""
        return self(samples, labels, training=training), None

    def corrupted(self, tokens, seeds):
        """Real lines, spoiled: further negative examples in training, `(batch, time)`; None for a network that needs none."""


class TextDiscriminator(SentenceDiscriminator):
    """Base class: embedding, features of a subclass, maximum and mean over time, one logit.

    Args:
        vocabulary_size: Number of token ids, including the four special ones.
        embedding_dim: Width of the embedding. If it equals the generator's, training can start from the generator's embedding.
        filters: Width of the pooled features.
        dropout: Rate in [0, 1).
        num_labels: Number of labels of the sentences ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
    """

    def __init__(self, vocabulary_size, embedding_dim=256, filters=256, dropout=0.4, num_labels=0, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size, self.embedding_dim, self.filters = vocabulary_size, embedding_dim, filters
        self.dropout, self.num_labels = dropout, num_labels
        self.embedding = layers.Embedding(vocabulary_size, embedding_dim, name="embedding")
        self.input_dropout, self.output_dropout = layers.SpatialDropout1D(dropout), layers.Dropout(dropout, dtype="float32")
        self.step_head = layers.Dense(1, name="step_head", dtype="float32")
        self.sentence_head = layers.Dense(1, name="sentence_head", dtype="float32")
        self.label_embedding = layers.Embedding(num_labels, 2 * filters, dtype="float32") if num_labels else None

    def call(self, samples, labels=None, training=False):
        """Logit of each sentence: `(batch, 1)`, float32."""
        return self.logits(samples, labels, training)[0]

    def step_logits(self, samples, training=False):
        """Logit after every token, of the sentence up to that token: `(batch, time)`, float32."""
        return self.logits(samples, training=training)[1]

    def logits(self, samples, labels=None, training=False):
        """Logits of sentences and of steps, `(batch, 1)` and `(batch, time)`."""
        if len(samples.shape) == 3:  # distributions
            tokens, embedded = ops.argmax(samples, axis=-1), ops.matmul(samples, self.embedding.embeddings)
        else:
            tokens, embedded = samples, self.embedding(samples)
        mask = ops.cast(tokens, "int32") != PADDING
        causal, features = self.sequence_features(self.input_dropout(embedded, training=training), mask)
        pooled = self.output_dropout(pool(features, mask), training=training)
        sentence = self.sentence_head(pooled)
        if labels is not None:
            sentence = sentence + projection(pooled, self.label_embedding, labels, self.num_labels)
        return sentence, self.step_head(causal)[..., 0]

    def sequence_features(self, embedded, mask):
        """Causal features `(batch, time, width)`, and features `(batch, time, filters)` that may look ahead."""
        raise NotImplementedError

    def get_config(self):
        names = ("vocabulary_size", "embedding_dim", "filters", "dropout", "num_labels")
        return {**super().get_config(), **attributes(self, *names)}


@keras.saving.register_keras_serializable(package="gan_keras")
class RecurrentDiscriminator(TextDiscriminator):
    """A forward and a backward GRU, then a convolution of width 3.

    Args:
        vocabulary_size: Number of token ids.
        units: Width of each GRU.
        **kwargs: Arguments of `TextDiscriminator`.
    """

    def __init__(self, vocabulary_size, units=160, **kwargs):
        super().__init__(vocabulary_size, **kwargs)
        self.units = units
        self.forward = layers.GRU(units, return_sequences=True, name="forward")
        self.backward = layers.GRU(units, return_sequences=True, go_backwards=True, name="backward")
        self.convolution = layers.Conv1D(self.filters, 3, padding="same", activation="relu", name="convolution")

    def sequence_features(self, embedded, mask):
        causal = self.forward(embedded)
        both = ops.concatenate([causal, ops.flip(self.backward(embedded, mask=mask), axis=1)], axis=-1)
        return causal, self.convolution(both * ops.cast(mask, both.dtype)[..., None])

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="gan_keras")
class ConvolutionalDiscriminator(TextDiscriminator):
    """Parallel causal convolutions of several widths ([Kim, 2014](https://arxiv.org/abs/1408.5882)).

    Args:
        vocabulary_size: Number of token ids.
        widths: Widths of the convolutions, in tokens.
        **kwargs: Arguments of `TextDiscriminator`.
    """

    def __init__(self, vocabulary_size, widths=(2, 3, 4, 5), **kwargs):
        super().__init__(vocabulary_size, **kwargs)
        self.widths = tuple(widths)
        share = self.filters // len(self.widths)
        sizes = [share] * (len(self.widths) - 1) + [self.filters - share * (len(self.widths) - 1)]
        self.convolutions = [
            layers.Conv1D(size, width, padding="causal", activation="relu")
            for size, width in zip(sizes, self.widths, strict=True)
        ]

    def sequence_features(self, embedded, mask):
        embedded = embedded * ops.cast(mask, embedded.dtype)[..., None]
        causal = ops.concatenate([convolution(embedded) for convolution in self.convolutions], axis=-1)
        return causal, causal

    def get_config(self):
        return {**super().get_config(), "widths": self.widths}


def pool(features, mask):
    """Maximum and mean over the tokens: `(batch, 2 * width)`, float32. A sentence without tokens pools to zeros, not NaN."""
    features = ops.cast(features, "float32")
    weights = ops.cast(mask, features.dtype)[..., None]
    # The features are >= 0 after their ReLU, so zeros on padding do not change the maximum.
    mean = ops.sum(features * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1.0)
    return ops.concatenate([ops.max(features * weights, axis=1), mean], axis=-1)
