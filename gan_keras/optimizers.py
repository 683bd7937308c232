"""Pairs of optimizers, scheduled numbers, and an Adam with a scheduled `beta_2`.

Every Keras optimizer works in `GAN.compile`, by name or as an object, with a constant or scheduled learning rate. A scheduled
number is a constant or a `keras.optimizers.schedules` object of the generator's updates. Its optimizer counts and saves them, so
a resumed run continues along the schedule.
"""

import warnings

import keras

from gan_keras.diagnosis.names import choice_of

__all__ = ["ScheduledAdam"]

Schedule = keras.optimizers.schedules.LearningRateSchedule


def get_pair(generator_optimizer, discriminator_optimizer):
    """Returns the two optimizers of a `GAN` from names, configs or instances.

    Raises `ValueError` if a name is unknown, if both are the same object, or if one has `use_ema=True` or is a
    `LossScaleOptimizer`.
    """
    if generator_optimizer is discriminator_optimizer and not isinstance(generator_optimizer, str | dict):
        raise ValueError(
            "generator_optimizer and discriminator_optimizer are the same object. Expected two: an optimizer keeps "
            "state for the variables of one network. Pass a name such as 'adam', or two instances."
        )
    pair = _get(generator_optimizer), _get(discriminator_optimizer)
    for optimizer in pair:
        if getattr(optimizer, "use_ema", False):
            raise ValueError(
                f"{optimizer.name} has use_ema=True: Keras would overwrite one network's weights when `fit` ends. "
                "Expected use_ema=False: `compile(generator_ema=0.999)` keeps an averaged generator next to the trained one."
            )
    if any(isinstance(each, keras.optimizers.LossScaleOptimizer) for each in pair):
        raise ValueError(
            "Got a LossScaleOptimizer, which skips updates of one network only. Expected its inner optimizer: "
            "a GAN of float16 networks scales its losses itself, with one scale for both networks."
        )
    return pair


def _get(identifier):
    try:
        return keras.optimizers.get(identifier)
    except (TypeError, ValueError) as error:
        if not isinstance(identifier, str):
            raise
        classes = [each for each in vars(keras.optimizers).values() if isinstance(each, type)]
        names = [each.__name__.lower() for each in classes if issubclass(each, keras.Optimizer) and each is not keras.Optimizer]
        raise ValueError(f"optimizer={identifier!r}. {choice_of(identifier, names)}, or an instance.") from error


@keras.saving.register_keras_serializable(package="gan_keras")
class ScheduledAdam(keras.optimizers.Adam):
    """Adam with an optional schedule of `beta_2` over its own updates, such as R3GAN's from 0.9 to 0.99.

    The bias correction uses the current `beta_2` for all past steps.

    Args:
        learning_rate: A number or a schedule of `keras.optimizers.schedules`.
        beta_1: Decay of the mean gradient, in [0, 1).
        beta_2: Decay of the mean squared gradient, in [0, 1): a number or a schedule.
        **kwargs: Arguments of `keras.optimizers.Adam`.

    Raises:
        ValueError: If `beta_2` starts outside its range.

    Reference: [R3GAN](https://arxiv.org/abs/2501.05441), appendix; [Adam](https://arxiv.org/abs/1412.6980).
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, **kwargs):
        if not 0 <= first_value(get_schedule(beta_2)) < 1:
            raise ValueError(f"beta_2={beta_2}. Expected a number in [0, 1), or a schedule that starts there.")
        super().__init__(learning_rate, beta_1, beta_2, **kwargs)

    @property
    def beta_2(self):
        """Value for the next update."""
        return value_at(self.second_decay, self.iterations)

    @beta_2.setter
    def beta_2(self, number):
        self.second_decay = get_schedule(number)

    def get_config(self):
        return {**super().get_config(), "beta_2": serialize_schedule(self.second_decay)}


class BothOptimizers:
    """`gan.optimizer`, as Keras' callbacks know it: the generator's, whose learning rate moves the discriminator's in proportion.

    `ReduceLROnPlateau`, `LearningRateScheduler` and `gan.optimizer.learning_rate = 1e-4` set the generator's rate. The
    discriminator's rate is multiplied by the same factor; `gan.discriminator_optimizer.learning_rate` sets it alone.

    Args:
        generator_optimizer: The generator's optimizer, whose other attributes are those of this object.
        discriminator_optimizer: The discriminator's.
    """

    def __init__(self, generator_optimizer, discriminator_optimizer):
        both = {"leader": generator_optimizer, "follower": discriminator_optimizer, "ratio": None}
        self.__dict__.update(both)
        self.ratio_now()

    def ratio_now(self):
        """Returns the discriminator's rate relative to the generator's; the last known one while a rate is 0."""
        rates = [rate_of(each) for each in (self.follower, self.leader)]
        if min(rates) > 0:
            self.__dict__["ratio"] = rates[0] / rates[1]
        return self.ratio

    @property
    def learning_rate(self):
        return self.leader.learning_rate

    def __getattr__(self, name):
        return getattr(self.__dict__["leader"], name)

    def __setattr__(self, name, value):
        if name != "learning_rate":
            setattr(self.leader, name, value)
            return
        before, ratio = rate_of(self.leader), self.ratio_now()
        self.leader.learning_rate = value
        if isinstance(value, Schedule) or isinstance(self.follower._learning_rate, Schedule):
            warnings.warn(
                "The learning rate of the generator alone was set: one of the rates is a schedule. Expected numbers for both, or "
                "`gan.discriminator_optimizer.learning_rate = ...` as well.",
                stacklevel=2,
            )
        elif float(value) != before and ratio is not None:
            self.follower.learning_rate = float(value) * ratio


def rate_of(optimizer):
    """Returns the current learning rate, a float."""
    rate = optimizer.learning_rate
    return float(rate.numpy() if hasattr(rate, "numpy") else rate)  # also of a variable on several devices


def get_schedule(number):
    """Returns a float for a constant, and a schedule for a schedule or its serialised config."""
    if isinstance(number, dict):
        number = keras.saving.deserialize_keras_object(number)
    return number if isinstance(number, Schedule) else float(number)


def value_at(number, updates):
    """Value of a constant or a schedule after the given number of updates."""
    return number(updates) if isinstance(number, Schedule) else number


def serialize_schedule(number):
    return keras.saving.serialize_keras_object(number) if isinstance(number, Schedule) else number


def first_value(number):
    """Value before the first update, a float; ranges are checked with it."""
    return float(value_at(number, 0))
