"""An n-gram model inside the graph, which a `LanguageModel` is mixed with.

A network generalises and an n-gram model remembers: the mixture of both is better than either on held-out text, above all where
text is scarce. It is one distribution, so it is sampled and measured like the network alone:

    p(w | c) = (1 - share) * p_network(w | c) + share * p_ngram(w | c)

with one share for each length of the longest context that the n-gram model knows. It knows only what several lines have in
common: an n-gram of one line alone, such as a password in it, would be repeated word for word.

References: interpolated Kneser-Ney as in `metrics.KneserNey`; shares by the length of the context (Jelinek and Mercer, 1980), by
[expectation maximisation](https://doi.org/10.1111/j.2517-6161.1977.tb01600.x); mixtures of recurrent networks and n-grams
([Mikolov et al., 2010](https://www.fit.vut.cz/person/burget/public/mikolov_is2010.pdf)).
"""

import keras
import numpy as np
import tensorflow as tf

from gan_keras.codecs.text import END, PADDING, START
from gan_keras.metrics import KneserNey

_ROOT, _MISSING = 0, -1  # the empty n-gram, and one that the training lines do not contain
_PRIOR_TOKENS = 50  # weight of the pooled share in each order's share
_LOWEST_SHARE = 1e-6


@keras.saving.register_keras_serializable(package="gan_keras")
class NgramModel(keras.layers.Layer):
    """Interpolated Kneser-Ney model of token ids, and the shares of its mixture with a network.

    `adapt` counts the n-grams. Until `fit_shares`, all shares are 1e-6: the mixture is the network.

    N-grams are numbered from 1, shorter ones first; 0 is the empty one. The *contexts* of a sentence are the numbers of its last
    1, 2, ... order - 1 tokens, int64 `(batch, order - 1)`, -1 for what the training lines do not contain.

    Args:
        vocabulary_size: Number of token ids, including the four special ones.
        order: Length n of the longest n-grams, >= 2.
        min_lines: Number of training lines that have to contain an n-gram of two tokens or more, >= 1.
        sizes: Number of different n-grams of each order, from 1: `adapt` finds it. A loaded model knows it.

    Raises:
        ValueError: If `order` is below 2 or `min_lines` is below 1.
    """

    def __init__(self, vocabulary_size, order=5, min_lines=2, sizes=None, **kwargs):
        super().__init__(**kwargs)
        if order < 2:
            raise ValueError(f"order={order}. Expected at least 2: without a context, all tokens would be drawn alike.")
        if min_lines < 1:
            raise ValueError(f"min_lines={min_lines}. Expected a number >= 1: 1 keeps every n-gram, also those of one line.")
        self.vocabulary_size, self.order, self.min_lines, self.sizes = vocabulary_size, order, min_lines, None
        if sizes is not None:
            self.make_weights(sizes)

    def make_weights(self, sizes):
        """Makes the arrays of n-grams, which form one tree.

        The key of an n-gram is `number of its first n - 1 tokens * vocabulary_size + last token`, and its number the rank of its
        key. So the n-grams that continue the same context are adjacent, and one search finds n-grams of all orders.
        """
        self.sizes, num_contexts = tuple(int(size) for size in sizes), 1 + int(sum(sizes[:-1]))
        for name, dtype, size, initial in (
            ("keys", "int64", sum(self.sizes), 0),
            ("seen", "float32", sum(self.sizes), 0.0),  # the part of the probability that comes from an n-gram's own count
            ("backoffs", "float32", num_contexts, 1.0),
            ("unigrams", "float32", self.vocabulary_size, 0.0),  # probabilities without a context
            ("shares", "float32", len(self.sizes), _LOWEST_SHARE),
        ):
            constant = keras.initializers.Constant(initial)
            options = {"initializer": constant, "dtype": dtype, "trainable": False, "autocast": False}
            setattr(self, name, self.add_weight(name=name, shape=(size,), **options))
        self.built = True

    # --- Learning. ---

    def adapt(self, rows):
        """Counts the n-grams of the training lines.

        Args:
            rows: Token ids, int `(lines, time)`: each row has one `END`, then padding.

        Raises:
            ValueError: If a row has no end or an id is not in the vocabulary, or the model is adapted already.
        """
        rows = np.asarray(rows)
        if self.sizes is not None:
            raise ValueError("This NgramModel is adapted already. Expected a new `NgramModel(vocabulary_size)` for other lines.")
        if rows.ndim != 2 or rows.dtype.kind not in "iu" or not len(rows):
            raise ValueError(f"Got rows of shape {rows.shape} and type {rows.dtype}. Expected token ids `(lines, time)`.")
        if rows.min() < 0 or rows.max() >= self.vocabulary_size:
            raise ValueError(f"Got ids from {rows.min()} to {rows.max()}. Expected 0 to {self.vocabulary_size - 1}.")
        if not (rows == END).any(axis=1).all():
            raise ValueError(f"Row {(rows == END).any(axis=1).argmin()} has no end. Expected rows of `codec.encode(lines)`.")
        lengths = (rows == END).argmax(axis=1)
        if np.isin(rows, (PADDING, START))[np.arange(rows.shape[1]) < lengths[:, None]].any():
            raise ValueError("Got rows with padding or start tokens before their end. Expected rows of `codec.encode(lines)`.")
        lines = [row[:length].tolist() for row, length in zip(rows, lengths, strict=True)]
        model = KneserNey(self.order, min_sentences=self.min_lines).fit(lines, self.vocabulary_size)
        ids = np.array([START, END, *model.words[2:]])  # they ascend, so that translated keys are sorted as well
        # N-grams of too few lines are left out, and so are those that begin with them, which no more lines contain.
        keys, seen, backoffs, numbers, first = [], [], [], np.zeros(1, np.int64), 1
        for level, each in zip(model.levels, model.index.keys, strict=True):
            kept = level.seen > 0 if keys else np.ones(len(each), bool)
            contexts, words = np.divmod(each, model.index.num_tokens)
            keys.append((numbers[contexts] * self.vocabulary_size + ids[words])[kept])
            seen.append(level.seen[kept])
            backoffs.append(level.backoffs[numbers != _MISSING])
            numbers = np.where(kept, first - 1 + np.cumsum(kept), _MISSING)
            first += kept.sum()
        while len(keys) > 2 and not len(keys[-1]):
            keys, backoffs = keys[:-1], backoffs[:-1]
        self.make_weights([len(each) for each in keys])
        unigrams = np.full(self.vocabulary_size, model.levels[0].backoffs[0] / self.vocabulary_size)
        unigrams[ids] += model.levels[0].seen
        self.keys.assign(np.concatenate(keys))
        self.seen.assign(np.concatenate(seen))
        self.backoffs.assign(np.concatenate(backoffs))
        self.unigrams.assign(unigrams)

    def fit_shares(self, network_log_p, ngram_p, matched):
        """Finds the shares that make held-out tokens likeliest, by expectation maximisation.

        An order that was matched by few tokens has little to say about its share. So each order's share has a beta distribution
        as its prior, whose mode is the share of all tokens together and which weighs as much as 50 tokens.

        Args:
            network_log_p: Log-probability of each held-out token by the network, float `(tokens,)`.
            ngram_p: Its probability by this model, `(tokens,)`.
            matched: Length of the longest known context, int `(tokens,)`: see `token_probabilities`.
        """
        network_log_p, ngram_p, matched = (np.ravel(each) for each in (network_log_p, ngram_p, matched))
        if not len(network_log_p) == len(ngram_p) == len(matched) > 0:
            numbers = len(network_log_p), len(ngram_p), len(matched)
            raise ValueError(f"Got {numbers} tokens. Expected the same number of each, and at least one.")
        log_odds = np.log(ngram_p.astype("float64")) - network_log_p
        pooled = likeliest_shares(log_odds, np.zeros_like(matched), 1, 0.5, 0)
        self.shares.assign(likeliest_shares(log_odds, matched, len(self.sizes), pooled[0], _PRIOR_TOKENS))

    # --- Step by step, for sampling. ---

    def start(self, num):
        """Contexts of `num` sentences before their first token."""
        first = tf.constant([[1] + [_MISSING] * (len(self.sizes) - 2)], tf.int64)  # the start token has the lowest key
        return tf.tile(first, [num, 1])

    def advance(self, contexts, tokens):
        """Contexts after one token more, int `(batch,)`."""
        return self.find(tf.pad(contexts[:, :-1], [[0, 0], [1, 0]], constant_values=_ROOT), tokens[:, None])

    def probabilities(self, contexts):
        """Distribution of the next token: `(batch, vocabulary)`, float32. Each unseen token has the mass of the others."""
        return self.add_to(0.0, tf.ones(tf.shape(contexts)[:1]), contexts)

    def mixed_logits(self, logits, contexts):
        """Log-probabilities of the mixture, from the network's logits `(batch, vocabulary)`."""
        shares = tf.gather(self.shares, tf.math.count_nonzero(contexts != _MISSING, axis=1))
        return tf.math.log(self.add_to((1.0 - shares)[:, None] * tf.nn.softmax(logits), shares, contexts))

    def add_to(self, values, weights, contexts):
        """Returns `values + weights * probabilities`.

        The probability of a token is the sum over its contexts, from the longest to the empty one, of what was seen after that
        context times the backoffs of all longer ones. The tokens seen after each context are few, those of no context are all.
        """
        backoffs, num = self.backoffs_of(contexts), tf.shape(contexts)[0]
        scales = weights[:, None] * tf.math.cumprod(backoffs, axis=1, exclusive=True, reverse=True)
        bounds = tf.stack([contexts, contexts + tf.cast(contexts != _MISSING, tf.int64)]) * self.vocabulary_size
        first, last = tf.unstack(tf.reshape(tf.searchsorted(self.keys, tf.reshape(bounds, [-1])), [2, -1]))
        # All n-grams that continue any of the contexts, the context that each belongs to, and its place in a row's distribution.
        ngrams, ends = tf.ragged.range(first, last).flat_values, tf.cumsum(last - first)
        owners = tf.cumsum(tf.scatter_nd(ends[:, None], tf.ones_like(ends), ends[-1:] + 1))[:-1]
        shifts = (tf.range(tf.cast(num, tf.int64))[:, None] - contexts) * self.vocabulary_size
        places = tf.cast(tf.gather(self.keys, ngrams) + tf.gather(tf.reshape(shifts, [-1]), owners), tf.int32)
        seen = tf.gather(self.seen, ngrams) * tf.gather(tf.reshape(scales, [-1]), owners)
        seen = tf.math.unsorted_segment_sum(seen, places, num * self.vocabulary_size)  # 8 times as fast as a scatter
        unseen = (weights * tf.reduce_prod(backoffs, axis=1))[:, None] * self.unigrams
        return values + unseen + tf.reshape(seen, tf.shape(unseen))

    def backoffs_of(self, contexts):
        return tf.where(contexts == _MISSING, 1.0, tf.gather(self.backoffs, tf.maximum(contexts, _ROOT)))

    # --- All steps at once, for given sentences. ---

    def token_probabilities(self, tokens):
        """Probability of each token given those before it.

        Args:
            tokens: `(batch, time)`, int.

        Returns:
            Probabilities `(batch, time)`, float32, and the length of the longest known context, int32 `(batch, time)`.
        """
        read = tf.pad(tokens, [[0, 0], [1, 0]], constant_values=START)
        ngrams = self.find(tf.fill(tf.shape(read), tf.constant(_ROOT, tf.int64)), read)
        probabilities, matched = tf.gather(self.unigrams, tokens), tf.zeros_like(tokens, tf.int32)
        for _ in self.sizes[1:]:
            contexts = tf.pad(ngrams[:, :-1], [[0, 0], [1, 0]], constant_values=_MISSING)
            ngrams = self.find(contexts, read)
            seen = tf.where(ngrams == _MISSING, 0.0, tf.gather(self.seen, tf.maximum(ngrams - 1, 0)))
            probabilities = self.backoffs_of(contexts[:, 1:]) * probabilities + seen[:, 1:]
            matched += tf.cast(contexts[:, 1:] != _MISSING, tf.int32)
        return probabilities, matched

    def unigram_log_likelihood(self, tokens):
        """Log-likelihood of each line by the frequencies of its tokens alone, `(batch,)`, float32."""
        return tf.reduce_sum(tf.where(tokens == PADDING, 0.0, tf.math.log(tf.gather(self.unigrams, tokens))), axis=1)

    def mixed_log_probabilities(self, network_log_p, tokens):
        """Log-probability of each token by the mixture, `(batch, time)`, from that by the network, `(batch, time)`."""
        probabilities, matched = self.token_probabilities(tokens)
        shares = tf.gather(self.shares, matched)
        parts = [tf.math.log1p(-shares) + network_log_p, tf.math.log(shares) + tf.math.log(probabilities)]
        return tf.reduce_logsumexp(parts, axis=0)

    def find(self, contexts, tokens):
        """Numbers of the n-grams `context + token`, int64; -1 for those that the training lines do not contain."""
        keys = contexts * self.vocabulary_size + tf.cast(tokens, tf.int64)
        ranks = tf.searchsorted(self.keys, tf.reshape(keys, [-1]), out_type=tf.int64)
        ranks = tf.reshape(tf.minimum(ranks, self.keys.shape[0] - 1), tf.shape(keys))
        return tf.where((contexts != _MISSING) & (tf.gather(self.keys, ranks) == keys), ranks + 1, _MISSING)

    def get_config(self):
        sizes = None if self.sizes is None else list(self.sizes)
        own = {"vocabulary_size": self.vocabulary_size, "order": self.order, "min_lines": self.min_lines, "sizes": sizes}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config):
        return cls(**{"min_lines": 1, **config})  # models of before counted all n-grams


def likeliest_shares(log_odds, groups, num_groups, prior, prior_tokens):
    """Shares `(num_groups,)` of the second of two distributions, at the maximum of their posterior.

    Args:
        log_odds: Logarithm of each token's second probability over its first, `(tokens,)`.
        groups: Number of each token's group, int `(tokens,)`.
        num_groups: Number of shares.
        prior: Mode of the shares' beta distribution, in (0, 1).
        prior_tokens: Number of tokens that this distribution weighs as much as, >= 0.
    """
    shares, counts = np.full(num_groups, prior), np.bincount(groups, minlength=num_groups) + prior_tokens
    for _ in range(2000):
        log_prior_odds = np.log(shares / (1.0 - shares))
        from_second = 1.0 / (1.0 + np.exp(-np.clip(log_odds + log_prior_odds[groups], -50.0, 50.0)))
        updated = (np.bincount(groups, from_second, minlength=num_groups) + prior * prior_tokens) / counts
        updated = np.clip(updated, _LOWEST_SHARE, 1.0 - _LOWEST_SHARE)
        if np.abs(updated - shares).max() < 1e-8:
            break
        shares = updated
    return updated
