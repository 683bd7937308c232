"""A language model driven by noise: from latents to token ids in one compiled loop.

Reference: the recurrent language model of [Mikolov et al., 2010](https://www.fit.vut.cz/person/burget/public/mikolov_is2010.pdf),
with an [LSTM](https://doi.org/10.1162/neco.1997.9.8.1735), tied embeddings of inputs and outputs
([Press and Wolf, 2017](https://arxiv.org/abs/1608.05859)) and the same dropout at every step
([Gal and Ghahramani, 2016](https://arxiv.org/abs/1512.05287)).
"""

import keras
import tensorflow as tf
from keras import layers, ops

from gan_keras import noise
from gan_keras.codecs.text import END, PADDING, START, UNKNOWN
from gan_keras.networks.base import Generator, attributes

_NEVER = -1e9  # added to the logit of a token that must not be drawn
_BLOCK = 64  # tokens per block, see `draw`


@keras.saving.register_keras_serializable(package="gan_keras")
class RecurrentGenerator(Generator):
    """Noise to sentences. The first `noise_dim` latents set the LSTM's state; latent `noise_dim + t` selects token `t`.

    A standard normal latent is mapped to a uniform number, which selects the token by inverse transform sampling. So a sentence
    is a function of its latents, and sampling latents samples from the language model.

    Args:
        vocabulary_size: Number of token ids, including the four special ones.
        length: Maximum number of tokens in a sentence, including the end token, >= 2.
        noise_dim: Number of latents that set the state.
        embedding_dim: Width of the embedding, which is tied with the output layer.
        units: Width of the LSTM.
        dropout: Rate in [0, 1) on the embedded tokens and on the LSTM's output.
        num_labels: Number of labels that condition the sentences; 0 for none.
    """

    def __init__(self, vocabulary_size, length, noise_dim=32, embedding_dim=256, units=512, dropout=0.5, num_labels=0, **kwargs):
        super().__init__(noise_dim + length, autocast=False, **kwargs)  # rounded latents would select some tokens more often
        self.vocabulary_size, self.length, self.noise_dim = vocabulary_size, length, noise_dim
        self.embedding_dim, self.units, self.dropout, self.num_labels = embedding_dim, units, dropout, num_labels
        self.embedding = layers.Embedding(vocabulary_size, embedding_dim, name="embedding")
        self.label_embedding = layers.Embedding(num_labels, units, name="label_embedding") if num_labels else None
        self.initial_state = layers.Dense(2 * units, name="initial_state")
        self.input_dropout = layers.SpatialDropout1D(dropout)
        self.recurrent = layers.LSTM(units, return_sequences=True, name="recurrent")
        self.output_dropout = layers.SpatialDropout1D(dropout)
        self.projection = layers.Dense(embedding_dim, name="projection")
        self.token_bias = self.add_weight(name="token_bias", shape=(vocabulary_size,), initializer="zeros")
        self.build()  # all widths are known; Keras would build by generating sentences token by token

    def build(self, latents_shape=None, labels_shape=None):
        for layer, shape in (
            (self.embedding, (None, None)),
            (self.label_embedding, (None,)),
            (self.initial_state, (None, self.noise_dim)),
            (self.recurrent, (None, None, self.embedding_dim)),
            (self.projection, (None, None, self.units)),
        ):
            if layer is not None:
                layer.build(shape)
        self.built = True

    def call(self, latents, labels=None, training=False):
        """Sentences sampled at temperature 1: token ids `(batch, length)`, int32. No gradient passes through them."""
        if not tf.executing_eagerly():
            return self.sample(latents, labels)[0]
        # One trace for any number of rows: TensorFlow warns of a function that it traces again and again.
        rows = tf.TensorSpec([None, self.latent_dim]), None if labels is None else tf.TensorSpec([None], tf.int32)
        graph = self.sample_in_graph.get_concrete_function(*rows)
        given = {} if labels is None else {"labels": tf.cast(labels, tf.int32)}
        return graph(latents=tf.cast(latents, tf.float32), **given)[0]

    # --- Teacher forcing: likelihoods of given sentences.

    def logits(self, latents, tokens, labels=None, training=False):
        """Logits of each token given those before it: `(batch, time, vocabulary)`, float32; `tokens` is `(batch, time)`, int."""
        start = ops.full_like(tokens[:, :1], START)
        inputs = self.embedding(ops.concatenate([start, tokens[:, :-1]], axis=1))
        state = self.state_from(latents, labels)
        hidden = self.recurrent(self.input_dropout(inputs, training=training), initial_state=state, training=training)
        return self.token_logits(self.output_dropout(hidden, training=training), self.token_bias)

    def token_losses(self, latents, tokens, labels=None, training=False):
        """Negative log-likelihood of each token in nats, 0 on padding: `(batch, time)`, float32."""
        losses = ops.sparse_categorical_crossentropy(tokens, self.logits(latents, tokens, labels, training), from_logits=True)
        return losses * token_mask(tokens)

    def log_likelihood(self, latents, tokens, labels=None):
        """Log-likelihood of each sentence including its end, in nats: `(batch,)`, float32."""
        return -ops.sum(self.token_losses(latents, tokens, labels), axis=1)

    # --- Sampling.

    @tf.function
    def sample_in_graph(self, latents, labels=None):
        return self.sample(latents, labels)

    def sample(self, latents, labels=None, temperature=None, top_p=None, prompt=None):
        """Samples sentences up to their end token, with their log-likelihoods.

        Finished sentences leave the batch, so that the cost is proportional to the number of tokens.

        Args:
            latents: `(batch, latent_dim)`, float32.
            labels: `(batch,)`, int, in [0, num_labels), or None.
            temperature: `(batch,)`, float32, > 0; logits are divided by it. None for 1.
            top_p: `(batch,)`, float32, in (0, 1]: tokens are sampled from the smallest set of this mass. None for 1.
            prompt: `(batch, length)`, int32: the tokens to start with, then padding. None for no prompt.

        Returns:
            Tokens, one `END`, then padding: `(batch, length)`, int32. And the log-likelihood at temperature 1 of all tokens
            after the prompt, in nats: `(batch,)`, float32.
        """
        num = tf.shape(latents)[0]
        choices = tf.clip_by_value(0.5 * tf.math.erfc(-latents[:, self.noise_dim :] / 2**0.5), 1e-7, 1.0 - 1e-7)
        tokens = tf.zeros([num, self.length], tf.int32) if prompt is None else prompt

        def extend(step, tokens, likelihoods, rows, last, finished, *state):
            here = tf.stack([rows, tf.fill(tf.shape(rows), step)], axis=1)
            logits, state = self.step(self.embedding(last), state, step)
            drawn = draw(logits, tf.gather_nd(choices, here), take(temperature, rows), take(top_p, rows))
            prompted = tf.gather_nd(tokens, here)
            last = tf.where(prompted != PADDING, prompted, tf.where(finished, PADDING, drawn))
            written = (prompted == PADDING) & ~finished
            gain = tf.gather(logits, last, batch_dims=1) - tf.reduce_logsumexp(logits, axis=1)
            likelihoods = tf.tensor_scatter_nd_add(likelihoods, rows[:, None], tf.where(written, gain, 0.0))
            tokens = tf.tensor_scatter_nd_update(tokens, here, last)
            finished = finished | (last == END)
            remaining = unfinished_rows(finished)
            return step + 1, tokens, likelihoods, *(tf.gather(each, remaining) for each in (rows, last, finished, *state))

        start = (0, tokens, tf.zeros([num]), tf.range(num), tf.fill([num], START), tf.zeros([num], tf.bool))
        shapes = ([], tokens.shape, [None], [None], [None], [None], [None, self.units], [None, self.units])
        return tf.while_loop(
            lambda step, tokens, likelihoods, rows, last, finished, *state: (step < self.length) & ~tf.reduce_all(finished),
            extend,
            (*start, *self.state_from(latents, labels)),
            shape_invariants=tuple(tf.TensorShape(shape) for shape in shapes),
        )[1:3]

    def step(self, embedded, state, step):
        """Logits `(batch, vocabulary)` after the token embedded as `(batch, embedding_dim)`, and the next state."""
        hidden, state = self.recurrent.cell(embedded, list(state))
        return self.token_logits(hidden, self.token_bias + self.mask_of(step)), state

    def mask_of(self, step):
        """Logits to add: no padding, start or unknown token; no end at the first step; only the end at the last step."""
        ids = ops.arange(self.vocabulary_size)
        special = (ids == PADDING) | (ids == START) | (ids == UNKNOWN) | ((ids == END) & (step == 0))
        closing = (ids != END) & (step == self.length - 1)
        return ops.where(special | closing, _NEVER, 0.0)

    def state_from(self, latents, labels=None):
        state = self.initial_state(latents[:, : self.noise_dim])
        if labels is not None:
            label = self.label_embedding(labels)
            state = state + ops.concatenate([label, label], axis=-1)
        return ops.split(ops.tanh(state), 2, axis=-1)

    def token_logits(self, hidden, bias):
        """The last layer, in float32, since likelihoods are differences of large numbers."""
        return ops.matmul(ops.cast(self.projection(hidden), "float32"), ops.transpose(self.embedding.embeddings)) + bias

    def get_config(self):
        own = ("vocabulary_size", "length", "noise_dim", "embedding_dim", "units", "dropout", "num_labels")
        config = {**super().get_config(), **attributes(self, *own)}
        del config["latent_dim"]  # follows from the others
        return config


def unfinished_rows(finished):
    """Indices of unfinished rows, filled up with finished ones to a multiple of `noise.ROWS`."""
    num = tf.math.count_nonzero(~finished, dtype=tf.int32)
    return tf.argsort(tf.cast(finished, tf.int32), stable=True)[: num + (-num) % noise.ROWS]


def take(values, rows):
    return None if values is None else tf.gather(values, rows)


def draw(logits, choices, temperature=None, top_p=None):
    """Inverse transform sampling of tokens: int32 `(batch,)`, from logits `(batch, vocabulary)` and uniform `choices` `(batch,)`.

    Finds the block of tokens that the choice falls into, then the token within it: sums are cheap, but a cumulative sum over the
    whole vocabulary is not.
    """
    logits = logits if temperature is None else logits / temperature[:, None]
    probabilities = ops.softmax(logits)
    if top_p is not None:
        probabilities = nucleus(probabilities, top_p)
    missing = -probabilities.shape[-1] % _BLOCK
    blocks = ops.reshape(ops.pad(probabilities, ((0, 0), (0, missing))), (-1, (logits.shape[-1] + missing) // _BLOCK, _BLOCK))
    masses = ops.sum(blocks, axis=-1)
    block, left = invert(masses, choices * ops.sum(masses, axis=-1))
    inside = ops.take_along_axis(blocks, block[:, None, None], axis=1)[:, 0]
    return block * _BLOCK + invert(inside, left)[0]


def invert(masses, choices):
    """Index of the mass `(batch, n)` in which each choice `(batch,)` falls, never a mass of 0, and the rest within it."""
    cumulative = ops.cumsum(masses, axis=-1)
    # Rounding must not move a choice below the first mass or above the last.
    choices = ops.clip(choices, 1e-30, cumulative[:, -1])
    index = ops.sum(ops.cast(cumulative < choices[:, None], "int32"), axis=-1)
    reached = ops.take_along_axis(cumulative - masses, index[:, None], axis=-1)[:, 0]
    return index, choices - reached


def nucleus(probabilities, top_p):
    """Zeroes all but the smallest set of tokens with a mass of at least `top_p` ([Holtzman et al., 2020](https://arxiv.org/abs/1904.09751))."""

    def cut():
        ordered = -ops.sort(-probabilities, axis=-1)
        before = ops.cumsum(ordered, axis=-1) - ordered
        threshold = ops.min(ops.where(before < top_p[:, None], ordered, 1.0), axis=-1, keepdims=True)
        return ops.where((probabilities >= threshold) | (top_p[:, None] >= 1.0), probabilities, 0.0)

    return ops.cond(ops.any(top_p < 1.0), cut, lambda: probabilities)


def token_mask(tokens):
    """1 on tokens and the end, 0 on padding: float32, in the shape of `tokens`."""
    return ops.cast(tokens != PADDING, "float32")
