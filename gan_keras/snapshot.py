"""`Snapshot`: all that shapes a training, copied into memory, to go back to when a training breaks."""

import keras
import numpy as np


class Snapshot:
    """Values of every variable that decides how a `GAN` trains on: networks, averages, moments, noise, penalties, pool.

    Args:
        gan: A compiled `GAN`.

    Attributes:
        values: NumPy arrays, in the order of `training_variables`; those of bfloat16, which no NumPy file holds, in float32.
    """

    def __init__(self, gan):
        self.values = [copy_of(variable) for variable in training_variables(gan)]

    def restore(self, gan):
        """Gives the variables of the same GAN their values back."""
        for variable, value in zip(training_variables(gan), self.values, strict=True):
            variable.assign(value)


def copy_of(variable):
    value = keras.ops.convert_to_numpy(variable.value)
    return value.astype(np.float32) if value.dtype.kind == "V" else value.copy()


def not_finite(gan):
    """Paths of the variables that hold NaN or infinity. A single number, such as the best score so far, may be infinite."""
    return [variable.path for variable in training_variables(gan) if not is_finite(keras.ops.convert_to_numpy(variable.value))]


def is_finite(value):
    if not np.issubdtype(value.dtype, np.floating):  # whole numbers, and bfloat16, which NumPy does not know as a float
        value = value.astype(np.float32)
    return bool(np.isfinite(value).all() if value.ndim else not np.isnan(value))


def training_variables(gan):
    """Each of them once, in an order that does not change."""
    optimizers = (gan.generator_optimizer, gan.discriminator_optimizer)
    found = [*gan.variables, *gan.own_state().values(), *(each for optimizer in optimizers for each in optimizer.variables)]
    measured = {id(variable) for variable in gan.metrics_variables}
    return list({id(variable): variable for variable in found if id(variable) not in measured}.values())
