"""In-memory snapshots of a training, and smaller learning rates: what `callbacks.Guard` needs to recover from a failure."""

import keras
import numpy as np

from gan_keras.optimizers import Schedule


class Snapshot:
    """A copy of every variable that affects training: networks, averages, optimizer moments, noise, penalties, history pool.

    `values` are NumPy arrays in the order of `training_variables`; bfloat16, which NumPy files cannot hold, is float32.
    """

    def __init__(self, gan):
        self.values = [_copy_of(variable) for variable in training_variables(gan)]

    def restore(self, gan):
        """Assigns the copied values to the variables of the same GAN."""
        for variable, value in zip(training_variables(gan), self.values, strict=True):
            variable.assign(value)


def _copy_of(variable):
    value = keras.ops.convert_to_numpy(variable.value)
    return value.astype(np.float32) if value.dtype.kind == "V" else value.copy()


def training_variables(gan):
    """Returns each variable that affects training once, in a fixed order."""
    optimizers = (gan.generator_optimizer, gan.discriminator_optimizer)
    found = [*gan.variables, *gan.own_state().values(), *(each for optimizer in optimizers for each in optimizer.variables)]
    # A privacy budget that was spent stays spent.
    measured = {id(variable) for variable in (*gan.metrics_variables, *getattr(gan.privacy, "variables", ()))}
    return list({id(variable): variable for variable in found if id(variable) not in measured}.values())


def not_finite(gan):
    """Returns the paths of variables that hold NaN or infinity; a scalar, such as the best score so far, may be infinite."""
    return [variable.path for variable in training_variables(gan) if not _is_finite(keras.ops.convert_to_numpy(variable.value))]


def _is_finite(value):
    if not np.issubdtype(value.dtype, np.floating):  # integers, and bfloat16, which NumPy does not consider a float
        value = value.astype(np.float32)
    return bool(np.isfinite(value).all() if value.ndim else not np.isnan(value))


# --- Smaller learning rates: numbers are assigned, schedules are wrapped in `Shrunk`. ---


@keras.saving.register_keras_serializable(package="gan_keras")
class Shrunk(Schedule):
    """A schedule of `keras.optimizers.schedules`, or its config, multiplied by a positive factor."""

    def __init__(self, schedule, factor):
        super().__init__()
        self.schedule = keras.saving.deserialize_keras_object(schedule) if isinstance(schedule, dict) else schedule
        self.factor = float(factor)

    def __call__(self, step):
        return self.factor * self.schedule(step)

    def get_config(self):
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "factor": self.factor}


def shrink_numbers(gan, ratio):
    """Multiplies learning rates that are numbers by `ratio`."""
    for optimizer in _optimizers_of(gan):
        if not isinstance(optimizer._learning_rate, Schedule):
            optimizer.learning_rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate)) * ratio


def shrink_schedules(gan, ratio):
    """Multiplies learning-rate schedules by `ratio`."""
    _change_factors(gan, lambda factor: factor * ratio)


def set_schedules(gan, factor):
    """Sets learning-rate schedules to `factor` times the schedules given to `compile`."""
    _change_factors(gan, lambda _: factor)


def _change_factors(gan, change):
    """Changes the factors of schedules, and rebuilds the compiled graph, which contains them, if one has changed."""
    found = [optimizer for optimizer in _optimizers_of(gan) if isinstance(optimizer._learning_rate, Schedule)]
    factors = [change(_factor_of(optimizer._learning_rate)) for optimizer in found]
    for optimizer, factor in zip(found, factors, strict=True):
        rate = optimizer._learning_rate
        if factor != _factor_of(rate):
            optimizer.learning_rate = Shrunk(rate.schedule if isinstance(rate, Shrunk) else rate, factor)
            gan.make_train_function(force=True)


def _factor_of(rate):
    return rate.factor if isinstance(rate, Shrunk) else 1.0


def check_rates(gan):
    """Raises `ValueError` unless each learning rate is a number or a schedule, and can therefore be reduced."""
    for optimizer in _optimizers_of(gan):
        rate = optimizer._learning_rate
        if not isinstance(rate, Schedule | keras.Variable):
            raise ValueError(
                f"The learning rate of {optimizer.name} is {rate!r}. Expected a number or a schedule of "
                "`keras.optimizers.schedules`: no other can be reduced when training fails."
            )


def _optimizers_of(gan):
    """Returns both optimizers without their loss-scaling wrappers."""
    both = (gan.generator_optimizer, gan.discriminator_optimizer)
    return [getattr(optimizer, "inner_optimizer", optimizer) for optimizer in both]
