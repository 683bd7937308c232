"""Attention of each token to those so far, for whole sentences in training and token by token in sampling."""

import keras
from keras import layers, ops

from gan_keras.networks.base import attributes


@keras.saving.register_keras_serializable(package="gan_keras")
class CausalAttention(layers.Layer):
    """Multi-head attention with rotary positions, and a learned preference of each head for each pair of positions.

    The scores of head `h` are `query_t · key_s / sqrt(head_dim) + preference[h, t, s]` for `s <= t`. The preferences let a head
    read a fixed place, whatever is written there: the rhyme word two lines above, the subject of the sentence.

    Args:
        length: Maximum number of steps.
        num_heads: Number of heads.
        head_dim: Width of each head, an even number.
        dropout: Rate in [0, 1) on the values read.
        preference: Standard deviation of the initial preferences, >= 0. Heads with different preferences from the start find
            their place sooner.

    References: [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762), [rotary positions](https://arxiv.org/abs/2104.09864).
    """

    def __init__(self, length, num_heads=4, head_dim=32, dropout=0.0, preference=0.0, **kwargs):
        super().__init__(**kwargs)
        if head_dim % 2:
            raise ValueError(f"head_dim={head_dim}. Expected an even number: rotary positions turn pairs of numbers.")
        self.length, self.num_heads, self.head_dim = length, num_heads, head_dim
        self.dropout, self.preference = dropout, preference
        self.projections = layers.Dense(3 * num_heads * head_dim, use_bias=False, name="projections", dtype=self.dtype_policy)
        self.value_dropout = layers.Dropout(dropout, dtype=self.dtype_policy)

    @property
    def width(self):
        """Width of the output: all heads side by side."""
        return self.num_heads * self.head_dim

    @property
    def cache_shape(self):
        """Shape of a sentence's cache of keys, and of its cache of values."""
        return self.num_heads, self.length, self.head_dim

    def build(self, input_shape):
        self.projections.build(input_shape)
        spread = keras.initializers.RandomNormal(stddev=self.preference)
        shape = (self.num_heads, self.length, self.length)
        self.preferences = self.add_weight(name="preferences", shape=shape, initializer=spread)

    def call(self, inputs, training=False):
        """What each step of `(batch, time, features)` reads: `(batch, time, width)`."""
        time = ops.shape(inputs)[1]
        steps = ops.arange(time)
        queries, keys, values = self.project(inputs, steps)
        read = self.read(queries, keys, values, steps, self.preferences[:, :time, :time])
        return self.value_dropout(read, training=training)

    def step(self, inputs, caches, step):
        """What step number `step` of `(batch, features)` reads, `(batch, width)`, and the caches of keys and of values."""
        here = ops.reshape(ops.cast(step, "int32"), (1,))
        queries, *entries = self.project(inputs[:, None], here)
        is_here = (ops.arange(self.length) == here)[:, None]
        keys, values = (ops.where(is_here, entry, cache) for entry, cache in zip(entries, caches, strict=True))
        return self.read(queries, keys, values, here, ops.take(self.preferences, here, axis=1))[:, 0], [keys, values]

    def first_caches(self, num):
        """Caches of `num` sentences before their first step."""
        return [ops.zeros((num, *self.cache_shape), self.compute_dtype) for _ in range(2)]

    def project(self, inputs, steps):
        """Queries, keys and values by head, `(batch, heads, time, head_dim)`; the first two are turned by their positions."""
        batch, time = ops.shape(inputs)[:2]
        parts = ops.reshape(self.projections(inputs), (batch, time, 3, self.num_heads, self.head_dim))
        queries, keys, values = ops.unstack(ops.transpose(parts, (2, 0, 3, 1, 4)), 3)
        return rotated(queries, steps), rotated(keys, steps), values

    def read(self, queries, keys, values, steps, preferences):
        """What the queries of `steps` read from the keys and values of all steps so far: `(batch, time, width)`."""
        scores = ops.cast(ops.matmul(queries, ops.swapaxes(keys, 2, 3)), "float32") / self.head_dim**0.5
        is_past = ops.arange(ops.shape(keys)[2]) <= steps[:, None]
        scores = ops.where(is_past, scores + ops.cast(preferences, "float32"), -1e9)
        read = ops.swapaxes(ops.matmul(ops.cast(ops.softmax(scores), values.dtype), values), 1, 2)
        return ops.reshape(read, (ops.shape(read)[0], ops.shape(read)[1], self.width))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.width)

    def get_config(self):
        names = ("length", "num_heads", "head_dim", "dropout", "preference")
        return {**super().get_config(), **attributes(self, *names)}


def rotated(values, steps):
    """Turns pairs of the last axis of `(..., time, head_dim)` by angles in proportion to `steps` `(time,)`."""
    half = values.shape[-1] // 2
    rates = 10_000.0 ** (-ops.arange(half, dtype="float32") / half)
    angles = ops.cast(steps, "float32")[:, None] * rates
    cosines, sines = (ops.cast(of(angles), values.dtype) for of in (ops.cos, ops.sin))
    first, second = values[..., :half], values[..., half:]
    return ops.concatenate([first * cosines - second * sines, first * sines + second * cosines], axis=-1)
