"""Smaller learning rates in the midst of a training, for numbers and for schedules."""

import keras

from gan_keras.scheduled import Schedule


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
