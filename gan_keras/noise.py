"""Noise per sample, not per batch: every row is a pure function of its own int64 seed.

With a stateful random generator, a sample would change with the batch it is drawn in. Here row `i` depends on `seeds[i]` alone,
in eager code, in a graph and in a SavedModel.

Reference: [SplitMix64, Steele et al., 2014](https://doi.org/10.1145/2714064.2660195).
"""

import tensorflow as tf

__all__ = ["normal", "split", "truncated", "uniform"]

# SplitMix64's constants as signed 64-bit integers: int64 arithmetic wraps around and has kernels on every device.
_GOLDEN_RATIO = 0x9E3779B97F4A7C15 - (1 << 64)
_FIRST_MULTIPLIER = 0xBF58476D1CE4E5B9 - (1 << 64)
_SECOND_MULTIPLIER = 0x94D049BB133111EB - (1 << 64)

ROWS = 16
"""Batches are padded to a multiple of this, so that matrix products give each row the same bits in any batch."""


def uniform(seeds, num):
    """Uniform noise, one row per seed.

    Args:
        seeds: One seed per row. Shape `(batch,)`, int64, any value.
        num: Numbers per row, >= 0.

    Returns:
        Shape `(batch, num)`, float32, strictly inside (0, 1), a multiple of 2^-24.
    """
    columns = tf.range(1, num + 1, dtype=tf.int64)
    bits = _mix(_mix(tf.cast(seeds, tf.int64))[:, None] + columns[None, :] * _GOLDEN_RATIO)
    return (tf.cast(_shift_right(bits, 41), tf.float32) + 0.5) * 2.0**-23


def normal(seeds, num):
    """Standard normal noise, one row per seed: shape `(batch, num)`, float32. Same arguments as `uniform`."""
    return tf.math.ndtri(uniform(seeds, num))


def truncated(normals, limit):
    """Maps standard normal noise to a normal distribution truncated to (-limit, limit), keeping the rank of each number.

    Args:
        normals: Standard normal noise, any shape, float32.
        limit: In (0, 4]; single precision does not resolve larger limits.
    """
    root = 2.0**0.5
    return root * tf.math.erfinv(tf.math.erf(normals / root) * tf.math.erf(limit / root))


def split(seeds, index):
    """Derives new seeds, for another use of the same sample or for the members of a batch.

    Args:
        seeds: Shape `(batch,)`, int64.
        index: Number of the child to derive, an int or an int64 tensor that broadcasts against `seeds`.

    Returns:
        int64 seeds, independent of their parents and of children with another index.
    """
    return _mix(_mix(tf.cast(seeds, tf.int64)) ^ _mix(tf.cast(index, tf.int64) + _GOLDEN_RATIO))


def pad_rows(tensor):
    """Repeats the first row until the number of rows is a multiple of `ROWS`. The caller slices the result.

    Matrix products of 1 row and of 16 rows run different code and round differently. With a multiple of 16 rows, each row gets
    the same bits whatever the other rows are, so a sample never depends on its batch.
    """
    missing = (ROWS - tf.shape(tensor)[0] % ROWS) % ROWS  # ONNX rounds the remainder of a negative number another way
    return tf.concat([tensor, tf.repeat(tensor[:1], missing, axis=0)], axis=0)


def _mix(bits):
    bits = (bits ^ _shift_right(bits, 30)) * _FIRST_MULTIPLIER
    bits = (bits ^ _shift_right(bits, 27)) * _SECOND_MULTIPLIER
    return bits ^ _shift_right(bits, 31)


def _shift_right(bits, count):
    """Logical shift. TensorFlow's int64 shift is arithmetic, so the copied sign bits are masked off."""
    return tf.bitwise.right_shift(bits, tf.constant(count, tf.int64)) & ((1 << (64 - count)) - 1)
