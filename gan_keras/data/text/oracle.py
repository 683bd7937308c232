"""Oracle benchmark of text GANs: a random LSTM writes the data, so that the likelihood of any sequence is exact."""

import functools

import numpy as np

from gan_keras.data.text.corpus import corpus_from_lines

BATCH_SIZE = 256


class Oracle:
    """A fixed LSTM language model whose weights and biases are all drawn from N(0, 1).

    Such large weights give a peaked distribution that depends on the past: hard to learn, easy to score. Sequences have a
    fixed length and no end token. Token 0 starts each sequence, and is an ordinary token otherwise.

    Args:
        vocabulary_size: Number of tokens, >= 2.
        length: Tokens per sequence, >= 1; 20 and 40 are the published settings.
        units: Size of the embedding and of the state.
        seed: Seed of the weights, int >= 0. Scores of different seeds, or of SeqGAN's published weights, are not comparable.

    Reference: [SeqGAN](https://arxiv.org/abs/1609.05473), section 4.
    """

    def __init__(self, vocabulary_size=5000, length=20, units=32, seed=0):
        if vocabulary_size < 2 or length < 1 or units < 1:
            raise ValueError(
                f"Got vocabulary_size={vocabulary_size}, length={length}, units={units}. Expected at least 2, 1 and 1."
            )
        self.vocabulary_size, self.length, self.units = vocabulary_size, length, units
        weights = np.random.default_rng(seed)
        self._embedding = weights.standard_normal((vocabulary_size, units), np.float32)
        self._kernel = weights.standard_normal((2 * units, 4 * units), np.float32)
        self._bias = weights.standard_normal(4 * units, np.float32)
        self._output_kernel = weights.standard_normal((units, vocabulary_size), np.float32)
        self._output_bias = weights.standard_normal(vocabulary_size, np.float32)

    def sample(self, num, seed):
        """Draws `num` >= 1 sequences, int32 `(num, length)` in `[0, vocabulary_size)`; the first ones do not depend on `num`."""
        if num < 1:
            raise ValueError(f"Got num={num}. Expected at least 1 sequence.")
        uniform = np.random.default_rng(seed).random((num, self.length))
        batches = [self._sample_batch(uniform[start : start + BATCH_SIZE]) for start in range(0, num, BATCH_SIZE)]
        return np.concatenate(batches)

    def _sample_batch(self, uniform):
        tokens = np.zeros(uniform.shape, np.int32)
        previous, state = self._start(len(uniform))
        for step in range(self.length):
            logits, state = self._step(previous, state)
            tokens[:, step] = previous = _inverse_cumulative(logits, uniform[:, step])
        return tokens

    def _start(self, num):
        return np.zeros(num, np.int32), np.zeros((2, num, self.units), np.float32)

    def _step(self, tokens, state):
        """Tokens `(num,)` and state `(2, num, units)` -> logits of the next tokens `(num, vocabulary_size)`, new state."""
        hidden, cell = state
        gates = np.concatenate([self._embedding[tokens], hidden], axis=1) @ self._kernel + self._bias
        input_gate, forget_gate, output_gate, candidate = np.split(gates, 4, axis=1)
        cell = _sigmoid(forget_gate) * cell + _sigmoid(input_gate) * np.tanh(candidate)
        hidden = _sigmoid(output_gate) * np.tanh(cell)
        return hidden @ self._output_kernel + self._output_bias, np.stack([hidden, cell])

    def negative_log_likelihood(self, tokens):
        """NLL_oracle: the mean of `-log p(token | tokens before)` over all sequences and positions, in nats per token.

        This is SeqGAN's convention: no token is masked and nothing is added for an end. The oracle's own samples score its
        entropy, and a generator that repeats one likely sequence scores even lower: report diversity next to it.

        Args:
            tokens: ints `(num, length)` in `[0, vocabulary_size)`.
        """
        tokens = np.asarray(tokens)
        if tokens.ndim != 2 or tokens.shape[1] != self.length or not len(tokens):
            raise ValueError(f"Got tokens of shape {tokens.shape}. Expected (num, {self.length}).")
        if tokens.min() < 0 or tokens.max() >= self.vocabulary_size:
            raise ValueError(f"Got tokens {tokens.min()} to {tokens.max()}. Expected 0 to {self.vocabulary_size - 1}.")
        batches = [tokens[start : start + BATCH_SIZE] for start in range(0, len(tokens), BATCH_SIZE)]
        return float(-np.concatenate([self._log_likelihoods(batch) for batch in batches]).mean() / self.length)

    def _log_likelihoods(self, tokens):
        """Log-likelihood of each sequence in nats, `(num,)`."""
        previous, state = self._start(len(tokens))
        total = np.zeros(len(tokens))
        for step in range(self.length):
            logits, state = self._step(previous, state)
            previous = tokens[:, step]
            highest = logits.max(axis=1)
            chosen = logits[np.arange(len(tokens)), previous] - highest
            total += chosen - np.log(np.exp(logits - highest[:, None]).sum(axis=1, dtype=np.float64))
        return total

    def log_likelihood(self, line):
        """Log-likelihood in nats of a line of words such as `w0123`; minus infinity for an impossible line."""
        tokens = [self._token(word) for word in line.split()]
        if len(tokens) != self.length or None in tokens:
            return -np.inf
        return float(self._log_likelihoods(np.array([tokens]))[0])

    def lines(self, tokens):
        """Token ids `(num, length)` to `num` strings of words such as `w0123`."""
        return [" ".join(map(self._word, row)) for row in tokens.tolist()]

    def _word(self, token):
        return f"w{token:04d}"

    def _token(self, word):
        token = int(word[1:]) if word[1:].isdecimal() else self.vocabulary_size
        return token if token < self.vocabulary_size and word == self._word(token) else None


def load_oracle(num=10_000, seed=0):
    """Loads the `oracle` corpus, SeqGAN's setting: 10,000 sequences of 20 tokens, as lines of words such as `w0123`."""
    return corpus_from_lines("oracle", Oracle().lines(_tokens(num, seed)))


@functools.cache
def _tokens(num, seed):
    """Cached, since drawing takes a while and an evaluation loads the corpus again."""
    return Oracle().sample(num, seed)


def _sigmoid(values):
    return 0.5 + 0.5 * np.tanh(0.5 * values)


def _inverse_cumulative(logits, uniform):
    """Draws an index from each row's softmax, where its cumulative sum exceeds `uniform` in [0, 1)."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    cumulative = np.cumsum(weights, axis=1, dtype=np.float64)
    return (cumulative <= (uniform * cumulative[:, -1])[:, None]).sum(axis=1, dtype=np.int32)
