"""Language models driven by noise: from latents to token ids in one compiled loop.

A `LanguageModel` is a generator whose samples are sentences. It knows their likelihoods, so that it can learn without an
adversary. What reads the tokens so far is left to subclasses: recurrence, attention.

Reference: tied embeddings of inputs and outputs, [Press and Wolf, 2017](https://arxiv.org/abs/1608.05859).
"""

import tensorflow as tf
from keras import layers, ops

from gan_keras import noise
from gan_keras.codecs.text import END, PADDING, START, UNKNOWN
from gan_keras.networks.base import Generator, attributes

_NEVER = -1e9  # added to the logit of a token that must not be drawn
_BLOCK = 64  # tokens per block, see `draw`


class LanguageModel(Generator):
    """Noise to sentences. The first `noise_dim` latents set the first state; latent `noise_dim + t` selects token `t`.

    A standard normal latent is mapped to a uniform number, which selects the token by inverse transform sampling. So a sentence
    is a function of its latents, and sampling latents samples from the language model.

    Subclasses make their layers, call `add_output` for the last one, and implement:

    - `state_from(latents, labels=None)` -> list of tensors, one row per sentence: the state before the first token.
    - `state_shapes`: the shapes of these tensors, with None for the batch and for sizes that change from step to step.
    - `step(embedded, state, step)` -> logits `(batch, vocabulary)`, float32, of token number `step`, and the next state.
      `embedded` is the token before it, `(batch, embedding_dim)`; `step` is an int or an int32 scalar.
    - `logits(latents, tokens, labels=None, training=False)` -> logits of each token given those before it,
      `(batch, time, vocabulary)`, float32.

    Args:
        vocabulary_size: Number of token ids, including the four special ones.
        length: Maximum number of tokens in a sentence, including the end token, >= 2.
        noise_dim: Number of latents that set the state.
        embedding_dim: Width of the embedding, which is tied with the output layer.
        dropout: Rate in [0, 1) of the subclass's dropout.
        num_labels: Number of labels that condition the sentences; 0 for none.
    """

    def __init__(self, vocabulary_size, length, noise_dim, embedding_dim, dropout, num_labels=0, **kwargs):
        super().__init__(noise_dim + length, autocast=False, **kwargs)  # rounded latents would select some tokens more often
        self.vocabulary_size, self.length, self.noise_dim = vocabulary_size, length, noise_dim
        self.embedding_dim, self.dropout, self.num_labels = embedding_dim, dropout, num_labels
        self.embedding = layers.Embedding(vocabulary_size, embedding_dim, name="embedding")

    @property
    def style_dim(self):
        """Number of leading latents that set the state; the others select tokens."""
        return self.noise_dim

    def add_output(self):
        """Makes the last layer: a projection to the embedding's width, the embedding's transpose, and a bias per token."""
        self.projection = layers.Dense(self.embedding_dim, name="projection")
        self.token_bias = self.add_weight(name="token_bias", shape=(self.vocabulary_size,), initializer="zeros")

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

    def inputs_from(self, tokens):
        """Embeddings of the token before each of `tokens`, `(batch, time, embedding_dim)`: the start token comes first."""
        start = ops.full_like(tokens[:, :1], START)
        return self.embedding(ops.concatenate([start, tokens[:, :-1]], axis=1))

    def token_losses(self, latents, tokens, labels=None, training=False):
        """Negative log-likelihood of each token in nats, 0 on padding: `(batch, time)`, float32."""
        losses = ops.sparse_categorical_crossentropy(tokens, self.logits(latents, tokens, labels, training), from_logits=True)
        return losses * token_mask(tokens)

    def log_likelihood(self, latents, tokens, labels=None, ngrams=None):
        """Log-likelihood of each sentence including its end, in nats: `(batch,)`, float32.

        `ngrams` is an `NgramModel` to mix with, or None for the network alone.
        """
        log_probabilities = -self.token_losses(latents, tokens, labels)
        if ngrams is not None:
            log_probabilities = token_mask(tokens) * ngrams.mixed_log_probabilities(log_probabilities, tokens)
        return ops.sum(log_probabilities, axis=1)

    # --- Sampling.

    @tf.function
    def sample_in_graph(self, latents, labels=None):
        return self.sample(latents, labels)

    def sample(self, latents, labels=None, temperature=None, top_p=None, prompt=None, ngrams=None):
        """Samples sentences up to their end token, with their log-likelihoods.

        Finished sentences leave the batch, so that the cost is proportional to the number of tokens.

        Args:
            latents: `(batch, latent_dim)`, float32.
            labels: `(batch,)`, int, in [0, num_labels), or None.
            temperature: `(batch,)`, float32, > 0; logits are divided by it. None for 1.
            top_p: `(batch,)`, float32, in (0, 1]: tokens are sampled from the smallest set of this mass. None for 1.
            prompt: `(batch, length)`, int32: the tokens to start with, then padding. None for no prompt.
            ngrams: `NgramModel` to mix with: temperature and `top_p` act on the mixture. None for the network alone.

        Returns:
            Tokens, one `END`, then padding: `(batch, length)`, int32. And the log-likelihood at temperature 1 of the whole
            sentence, prompt and end included, in nats: `(batch,)`, float32, equal to `log_likelihood`.
        """
        num = tf.shape(latents)[0]
        choices = tf.clip_by_value(0.5 * tf.math.erfc(-latents[:, self.noise_dim :] / 2**0.5), 1e-7, 1.0 - 1e-7)
        tokens = tf.zeros([num, self.length], tf.int32) if prompt is None else prompt
        contexts = () if ngrams is None else (ngrams.start(num),)

        def extend(step, tokens, likelihoods, rows, last, finished, contexts, state):
            here = tf.stack([rows, tf.fill(tf.shape(rows), step)], axis=1)
            logits, state = self.step(self.embedding(last), state, step)
            if ngrams is not None:
                logits = ngrams.mixed_logits(logits, *contexts)
            drawn = draw(logits + self.mask_of(step), tf.gather_nd(choices, here), take(temperature, rows), take(top_p, rows))
            prompted = tf.gather_nd(tokens, here)
            last = tf.where(prompted != PADDING, prompted, tf.where(finished, PADDING, drawn))
            normaliser = tf.reduce_logsumexp(logits, axis=1) if ngrams is None else 0.0  # a mixture is normalised
            gain = tf.gather(logits, last, batch_dims=1) - normaliser
            likelihoods = tf.tensor_scatter_nd_add(likelihoods, rows[:, None], tf.where(finished, 0.0, gain))
            tokens = tf.tensor_scatter_nd_update(tokens, here, last)
            finished = finished | (last == END)
            contexts = tuple(ngrams.advance(each, last) for each in contexts)
            running = rows, last, finished, contexts, tuple(state)
            kept = unfinished_rows(finished)
            running = tf.cond(  # as long as no row leaves, a copy of all caches would be for nothing
                tf.shape(kept)[0] < tf.shape(rows)[0],
                lambda: tf.nest.map_structure(lambda each: tf.gather(each, kept), running),
                lambda: running,
            )
            return step + 1, tokens, likelihoods, *running

        state = tuple(self.state_from(latents, labels))
        start = (0, tokens, tf.zeros([num]), tf.range(num), tf.fill([num], START), tf.zeros([num], tf.bool), contexts, state)
        own = tuple(tf.TensorShape(shape) for shape in self.state_shapes)
        ngram_shapes = tuple(tf.TensorShape([None, each.shape[1]]) for each in contexts)
        row = tf.TensorShape([None])
        return tf.while_loop(
            lambda step, tokens, likelihoods, rows, last, finished, *_: (step < self.length) & ~tf.reduce_all(finished),
            extend,
            start,
            shape_invariants=(tf.TensorShape([]), tokens.shape, row, row, row, row, ngram_shapes, own),
        )[1:3]

    def mask_of(self, step):
        """Logits to add: no padding, start or unknown token; no end at the first step; only the end at the last step."""
        ids = ops.arange(self.vocabulary_size)
        special = (ids == PADDING) | (ids == START) | (ids == UNKNOWN) | ((ids == END) & (step == 0))
        closing = (ids != END) & (step == self.length - 1)
        return ops.where(special | closing, _NEVER, 0.0)

    def token_logits(self, projected):
        """The last layer, in float32, since likelihoods are differences of large numbers."""
        return ops.matmul(ops.cast(projected, "float32"), ops.transpose(self.embedding.embeddings)) + self.token_bias

    def get_config(self):
        own = ("vocabulary_size", "length", "noise_dim", "embedding_dim", "dropout", "num_labels")
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
