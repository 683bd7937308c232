"""Noise that belongs to a sample, not to a batch: every row is a pure function of its own int64 seed.

A stateful generator hands out numbers in the order in which they are asked for, so the same sample changes with the batch
that it is drawn in. Here row `i` depends on `seeds[i]` alone, in eager code, in a graph and in a SavedModel.

Reference: [SplitMix64, Steele et al., 2014](https://doi.org/10.1145/2714064.2660195).
"""

import tensorflow as tf

# SplitMix64's constants as signed 64-bit integers: int64 arithmetic wraps around and has kernels on every device.
_GOLDEN_RATIO = 0x9E3779B97F4A7C15 - (1 << 64)
_FIRST_MULTIPLIER = 0xBF58476D1CE4E5B9 - (1 << 64)
_SECOND_MULTIPLIER = 0x94D049BB133111EB - (1 << 64)

ROWS = 16
"""Batches are padded to a multiple of this: only then do matrix products give each row the same bits in any batch."""


def uniform(seeds, num):
    """Uniform noise, a row for each seed.

    Args:
        seeds: One seed a row. Shape `(batch,)`, int64, any value.
        num: How many numbers a row gets, >= 0.

    Returns:
        Shape `(batch, num)`, float32, strictly inside (0, 1), a multiple of 2^-24.
    """
    columns = tf.range(1, num + 1, dtype=tf.int64)
    bits = _mix(_mix(tf.cast(seeds, tf.int64))[:, None] + columns[None, :] * _GOLDEN_RATIO)
    return (tf.cast(_shift_right(bits, 41), tf.float32) + 0.5) * 2.0**-23


def normal(seeds, num):
    """Standard normal noise, a row for each seed: shape `(batch, num)`, float32. Arguments as for `uniform`."""
    return tf.math.ndtri(uniform(seeds, num))


def truncated(normals, limit):
    """Standard normal noise squeezed into (-limit, limit): each number keeps its rank, and all together are distributed as
    if those beyond the limit had been drawn again.

    Args:
        normals: Standard normal, any shape, float32.
        limit: In (0, 4]; beyond, single precision has no room left.
    """
    root = 2.0**0.5
    return root * tf.math.erfinv(tf.math.erf(normals / root) * tf.math.erf(limit / root))


def split(seeds, index):
    """New seeds for another use of the same sample, or for the members of a batch.

    Args:
        seeds: Shape `(batch,)`, int64.
        index: Which child to derive; a number or an int64 tensor that broadcasts against `seeds`.

    Returns:
        int64 seeds, independent of the parents and of the children of other indices.
    """
    return _mix(_mix(tf.cast(seeds, tf.int64)) ^ _mix(tf.cast(index, tf.int64) + _GOLDEN_RATIO))


def pad_rows(tensor):
    """Repeats the first row until the number of rows is a multiple of `ROWS`. The caller cuts the result.

    A matrix product of one row runs other code than one of sixteen and rounds differently; with a multiple of sixteen rows,
    a row gets the same bits whatever stands beside it, so that a sample never flips because of its neighbours.
    """
    num = tf.shape(tensor)[0]
    missing = (-num) % ROWS
    return tf.concat([tensor, tf.repeat(tensor[:1], tf.where(num > 0, missing, 0), axis=0)], axis=0)


def _mix(bits):
    bits = (bits ^ _shift_right(bits, 30)) * _FIRST_MULTIPLIER
    bits = (bits ^ _shift_right(bits, 27)) * _SECOND_MULTIPLIER
    return bits ^ _shift_right(bits, 31)


def _shift_right(bits, count):
    """Logical shift: TensorFlow's shift of int64 drags the sign along, so it is masked off."""
    return tf.bitwise.right_shift(bits, tf.constant(count, tf.int64)) & ((1 << (64 - count)) - 1)
