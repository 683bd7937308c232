"""One seed for all that is drawn without a seed of its own."""

import numbers

import keras
import tensorflow as tf


def set_seed(seed, deterministic=True):
    """Seeds Python, NumPy, TensorFlow and Keras, so that networks begin with the same weights; a `GAN` has a `seed` besides.

    Args:
        seed: Whole number from 0 to 4294967295.
        deterministic: Has TensorFlow take only operations that give the same bits every time. On GPUs many are slower then;
            an operation that has no such form raises an error. It holds for the rest of the process.

    Raises:
        ValueError: If the seed is out of its range.
    """
    check_seed(seed)
    keras.utils.set_random_seed(int(seed))
    if deterministic:
        tf.config.experimental.enable_op_determinism()


def check_seed(seed):
    """Raises `ValueError` unless a seed is one that NumPy takes."""
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or not 0 <= seed < 2**32:
        raise ValueError(f"seed={seed!r}. Expected a whole number from 0 to 4294967295.")
