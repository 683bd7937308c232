"""What Keras' optimizers lack for GANs. All of theirs work in `GAN.compile`, by name or as objects, with scheduled rates."""

import keras


def get_pair(generator_optimizer, discriminator_optimizer):
    """The two optimizers of a `GAN`, from names, configs or instances.

    Raises:
        ValueError: If they are one object, or one of them keeps an average of weights that it would put in their place, or
            scales losses by a scale that moves.
    """
    if generator_optimizer is discriminator_optimizer and not isinstance(generator_optimizer, str | dict):
        raise ValueError(
            "generator_optimizer and discriminator_optimizer are the same object. Expected two: an optimizer keeps "
            "state for the variables of one network. Pass a name such as 'adam', or two instances."
        )
    pair = keras.optimizers.get(generator_optimizer), keras.optimizers.get(discriminator_optimizer)
    for optimizer in pair:
        if getattr(optimizer, "use_ema", False):
            raise ValueError(
                f"{optimizer.name} was made with use_ema=True, by which Keras overwrites one network's weights when `fit` ends. "
                "Expected use_ema=False: `compile(generator_ema=0.999)` keeps an averaged generator beside the live one."
            )
    if any(isinstance(each, keras.optimizers.LossScaleOptimizer) for each in pair):
        raise ValueError(
            "Got a LossScaleOptimizer, which leaves out updates of its own network alone. Expected the optimizer inside it: "
            "a GAN whose networks compute in float16 scales its losses itself, by one scale for both."
        )
    return pair


@keras.saving.register_keras_serializable(package="gan_keras")
class ScheduledAdam(keras.optimizers.Adam):
    """Adam whose `beta_2` may follow a schedule of its own updates, as R3GAN's does from .9 to .99.

    The correction of the beginning takes the beta_2 of the step at hand for all steps before.

    Args:
        learning_rate: A number or a schedule of `keras.optimizers.schedules`.
        beta_1: Decay of the mean gradient, in [0, 1).
        beta_2: Decay of the mean squared gradient, in [0, 1): a number or a schedule.
        **kwargs: As of `keras.optimizers.Adam`.

    Raises:
        ValueError: If beta_2 begins out of its range.

    Reference: [R3GAN](https://arxiv.org/abs/2501.05441), appendix; [Adam](https://arxiv.org/abs/1412.6980).
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, **kwargs):
        if not 0 <= first_value(get_schedule(beta_2)) < 1:
            raise ValueError(f"beta_2={beta_2}. Expected a number in [0, 1), or a schedule that begins there.")
        super().__init__(learning_rate, beta_1, beta_2, **kwargs)

    @property
    def beta_2(self):
        """What it is in the next update."""
        return value_at(self.second_decay, self.iterations)

    @beta_2.setter
    def beta_2(self, number):
        self.second_decay = get_schedule(number)

    def get_config(self):
        return {**super().get_config(), "beta_2": serialize_schedule(self.second_decay)}


# --- Numbers that may move while training: a constant, or a schedule of `keras.optimizers.schedules` of the generator's updates.
#
# A schedule reads the count of updates that the generator's optimizer keeps and saves, so that a resumed run goes on along it.

Schedule = keras.optimizers.schedules.LearningRateSchedule


def get_schedule(number):
    """A constant as a float; a schedule, or its serialised config, as the schedule."""
    if isinstance(number, dict):
        number = keras.saving.deserialize_keras_object(number)
    return number if isinstance(number, Schedule) else float(number)


def value_at(number, updates):
    """What a constant or a schedule is after so many updates of the generator."""
    return number(updates) if isinstance(number, Schedule) else number


def serialize_schedule(number):
    return keras.saving.serialize_keras_object(number) if isinstance(number, Schedule) else number


def first_value(number):
    """What it is before the first update, as a float: by this a range is checked."""
    return float(value_at(number, 0))
