"""A language model that reads lines from right to left: a discriminator that knows what a left-to-right generator cannot.

The ratio of a line's likelihoods in both directions tells real lines from drafts. A generator picks each token by those before
it, so it cannot use this knowledge itself; `gans.calibration` turns it into weights of whole drafts.
"""

import keras
import tensorflow as tf
from keras import layers, ops

from gan_keras.codecs.text import PADDING, START
from gan_keras.networks.base import attributes, check_labels
from gan_keras.networks.language_model import token_mask
from gan_keras.networks.text_discriminators import SentenceDiscriminator


@keras.saving.register_keras_serializable(package="gan_keras")
class BackwardLanguageModel(SentenceDiscriminator):
    """An LSTM with tied embeddings that predicts each token from those after it, and the start of the line last.

    `TextGAN` trains it by likelihood. Without a head it needs no drafts.

    Args:
        vocabulary_size: Number of token ids, including the four special ones.
        embedding_dim: Width of the embedding, which is tied with the output layer. If it equals the generator's, training starts
            from the generator's embedding.
        units: Width of the LSTM.
        dropout: Rate in [0, 1) on the embedded tokens and on the LSTM's output, the same at every step of a line.
        head: A further network from tokens to a logit, trained on real lines against drafts, or None: another discriminator of
            sentences, such as a `RelationalDiscriminator`.
        num_labels: Number of labels of the sentences; 0 for none.
    """

    def __init__(self, vocabulary_size, embedding_dim=256, units=512, dropout=0.5, head=None, num_labels=0, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size, self.embedding_dim, self.units = vocabulary_size, embedding_dim, units
        self.dropout, self.head, self.num_labels = dropout, head, num_labels
        self.embedding = layers.Embedding(vocabulary_size, embedding_dim, name="embedding")
        self.label_embedding = layers.Embedding(num_labels, 2 * units, name="label_embedding") if num_labels else None
        self.input_dropout, self.output_dropout = layers.SpatialDropout1D(dropout), layers.SpatialDropout1D(dropout)
        self.recurrent = layers.LSTM(units, return_sequences=True, name="recurrent")
        self.projection = layers.Dense(embedding_dim, name="projection")
        self.token_bias = self.add_weight(name="token_bias", shape=(vocabulary_size,), initializer="zeros", autocast=False)
        self.build()  # all widths are known

    def build(self, samples_shape=None, labels_shape=None):
        if self.built:
            return
        self.embedding.build((None, None))
        if self.label_embedding is not None:
            self.label_embedding.build((None,))
        self.recurrent.build((None, None, self.embedding_dim))
        self.projection.build((None, None, self.units))
        if self.head is not None and not self.head.built:
            self.head(ops.full((2, 2), START, "int32"), ops.zeros((2,), "int32") if self.num_labels else None)
        self.built = True

    @property
    def reads_drafts(self):
        """Whether training needs drafts of the generator."""
        return self.head is not None

    @property
    def feature_names(self):
        return "backward_log_likelihood", *(() if self.head is None else self.head.feature_names)

    def features(self, tokens, labels=None):
        """Log-likelihood of each line read backwards, in nats, and the head's features: `(batch, 1 or more)`, float32."""
        likelihoods = self.log_likelihood(tokens, labels)[:, None]
        return likelihoods if self.head is None else ops.concatenate([likelihoods, self.head.features(tokens, labels)], axis=1)

    def call(self, samples, labels=None, training=False):
        """The head's logit of each sentence, or the backward log-likelihood per token without a head: `(batch, 1)`, float32."""
        if self.head is not None:
            return self.head(samples, labels, training=training)
        lengths = ops.sum(ops.cast(samples != PADDING, "float32"), axis=1, keepdims=True)
        return self.log_likelihood(samples, labels)[:, None] / ops.maximum(lengths, 1.0)

    def logits(self, samples, labels=None, training=False):
        """The head's logits of sentences and, if it has some, of steps."""
        return super().logits(samples, labels, training) if self.head is None else self.head.logits(samples, labels, training)

    def corrupted(self, tokens, seeds):
        return None if self.head is None else self.head.corrupted(tokens, seeds)

    def log_likelihood(self, tokens, labels=None):
        """Log-likelihood of each sentence read backwards, given that it ends, in nats: `(batch,)`, float32.

        Step by step, because logits of all steps of many drafts would fill the memory.
        """
        inputs, targets = reading(tokens)
        steps = [tf.transpose(each, (1, 0, *range(2, len(each.shape)))) for each in (self.projected(inputs, labels), targets)]
        losses = tf.map_fn(
            lambda step: ops.sparse_categorical_crossentropy(step[1], self.token_logits(step[0]), from_logits=True),
            tuple(steps),
            fn_output_signature=tf.float32,
            parallel_iterations=1,
        )
        return -ops.sum(ops.transpose(losses) * token_mask(inputs), axis=1)

    def token_losses(self, tokens, labels=None, training=False):
        """Negative log-likelihood of each token given those after it, in nats, 0 on padding: `(batch, time)`, float32.

        Columns follow the direction of reading. A line of n tokens, with its end, has n losses: the last is that of its start.
        """
        inputs, targets = reading(tokens)
        logits = self.token_logits(self.projected(inputs, labels, training))
        return ops.sparse_categorical_crossentropy(targets, logits, from_logits=True) * token_mask(inputs)

    def projected(self, inputs, labels=None, training=False):
        """What the output layer reads at each step of reversed lines `(batch, time)`: `(batch, time, embedding_dim)`."""
        embedded = self.input_dropout(self.embedding(inputs), training=training)
        hidden = self.recurrent(embedded, initial_state=self.state_from(labels, inputs), training=training)
        return self.projection(self.output_dropout(hidden, training=training))

    def token_logits(self, projected):
        """The last layer, in float32, since likelihoods are differences of large numbers."""
        return ops.matmul(ops.cast(projected, "float32"), ops.transpose(self.embedding.embeddings)) + self.token_bias

    def state_from(self, labels, inputs):
        """The LSTM's first state: that of the label, the mean over all where it is unknown, 0 for a network without labels."""
        check_labels(labels, self.num_labels)
        if not self.num_labels:
            return None
        if labels is None:
            embedded = ops.mean(self.label_embedding(ops.arange(self.num_labels)), axis=0, keepdims=True)
            embedded = ops.repeat(embedded, ops.shape(inputs)[0], axis=0)
        else:
            embedded = self.label_embedding(labels)
        return ops.split(ops.tanh(embedded), 2, axis=-1)

    def get_config(self):
        own = ("vocabulary_size", "embedding_dim", "units", "dropout", "num_labels")
        head = self.head and keras.saving.serialize_keras_object(self.head)
        return {**super().get_config(), **attributes(self, *own), "head": head}

    @classmethod
    def from_config(cls, config):
        head = config.get("head")
        return cls(**{**config, "head": keras.saving.deserialize_keras_object(head) if head else None})


def reading(tokens):
    """Token ids `(batch, time)` read backwards, the end first and padding last, and what follows each, the start at last."""
    inputs = tf.reverse_sequence(tokens, ops.sum(ops.cast(tokens != PADDING, "int32"), axis=1), seq_axis=1)
    following = ops.pad(inputs[:, 1:], ((0, 0), (0, 1)), constant_values=PADDING)
    return inputs, ops.where((inputs != PADDING) & (following == PADDING), START, following)
