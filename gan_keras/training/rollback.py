"""Smaller learning rates in the midst of a training, for numbers and for schedules."""

import keras
import numpy as np

from gan_keras.optimizers import Schedule


@keras.saving.register_keras_serializable(package="gan_keras")
class Shrunk(Schedule):
    """A schedule times a factor.

    Args:
        schedule: A schedule of `keras.optimizers.schedules`, or its config.
        factor: More than 0.
    """

    def __init__(self, schedule, factor):
        super().__init__()
        self.schedule = keras.saving.deserialize_keras_object(schedule) if isinstance(schedule, dict) else schedule
        self.factor = float(factor)

    def __call__(self, step):
        return self.factor * self.schedule(step)

    def get_config(self):
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "factor": self.factor}


def shrink_numbers(gan, ratio):
    """Multiplies the learning rates that are numbers."""
    for optimizer in optimizers_of(gan):
        if not isinstance(optimizer._learning_rate, Schedule):
            optimizer.learning_rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate)) * ratio


def shrink_schedules(gan, ratio):
    """Multiplies the learning rates that follow a schedule."""
    _change_factors(gan, lambda factor: factor * ratio)


def set_schedules(gan, factor):
    """Makes the learning rates that follow a schedule `factor` times what the schedule of `compile` says."""
    _change_factors(gan, lambda _: factor)


def _change_factors(gan, change):
    """Gives schedules new factors; the compiled graph, whose part they are, is built anew if one has changed."""
    found = [optimizer for optimizer in optimizers_of(gan) if isinstance(optimizer._learning_rate, Schedule)]
    factors = [change(factor_of(optimizer._learning_rate)) for optimizer in found]
    for optimizer, factor in zip(found, factors, strict=True):
        rate = optimizer._learning_rate
        if factor != factor_of(rate):
            optimizer.learning_rate = Shrunk(rate.schedule if isinstance(rate, Shrunk) else rate, factor)
            gan.make_train_function(force=True)


def factor_of(rate):
    return rate.factor if isinstance(rate, Shrunk) else 1.0


def check_rates(gan):
    """Raises `ValueError` unless the learning rates are numbers or schedules, which can be shrunk."""
    for optimizer in optimizers_of(gan):
        rate = optimizer._learning_rate
        if not isinstance(rate, Schedule | keras.Variable):
            raise ValueError(
                f"The learning rate of {optimizer.name} is {rate!r}. Expected a number or a schedule of "
                "`keras.optimizers.schedules`: no other can be made smaller when training fails."
            )


def optimizers_of(gan):
    """The two optimizers, without what scales losses around them."""
    both = (gan.generator_optimizer, gan.discriminator_optimizer)
    return [getattr(optimizer, "inner_optimizer", optimizer) for optimizer in both]


# --- `Snapshot`: all that shapes a training, copied into memory, to go back to when a training breaks.


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
