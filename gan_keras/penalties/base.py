"""What all penalties have in common: `(discriminator, real_data, fake_data)` -> scalar."""

import keras

from gan_keras import optimizers


class Penalty:
    """Base of the penalties. A subclass implements `__call__(discriminator, real_data, fake_data)`.

    Args:
        gamma: Strength, >= 0. Its right value changes with the range and the resolution of the data. A schedule of
            `keras.optimizers.schedules` moves it with the updates of the generator.

    Attributes:
        variables: The Keras variables that a penalty changes as it is called. A `GAN` saves them, so that a resumed run
            goes on as it would have.
        takes_gradients: Whether it takes gradients of the discriminator, whose own gradients training takes then.
    """

    variables = ()
    takes_gradients = False

    def __init__(self, gamma):
        self.gamma, self.optimizer = optimizers.get_schedule(gamma), None
        if optimizers.first_value(self.gamma) < 0:
            raise ValueError(f"gamma={gamma}. Expected a strength >= 0: a negative one would reward what it has to punish.")

    def follow(self, optimizer):
        """Called by `GAN.compile`: a schedule of gamma is read at the updates that this optimizer has made."""
        self.optimizer = optimizer

    @property
    def strength(self):
        """What gamma is now; before `follow`, what it is at the beginning."""
        return optimizers.value_at(self.gamma, self.optimizer.iterations if self.optimizer else 0)

    def __call__(self, discriminator, real_data, fake_data):
        raise NotImplementedError

    def get_config(self):
        return {"gamma": optimizers.serialize_schedule(self.gamma)}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def get(identifier, optimizer=None):
    """A penalty from its serialised config, or itself; its schedule, if any, counts the updates of the optimizer.

    Raises:
        ValueError: If it cannot be called.
    """
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if callable(identifier) and not isinstance(identifier, type):
        if hasattr(identifier, "follow"):
            identifier.follow(optimizer)
        return identifier
    raise ValueError(
        f"penalty={identifier!r}. Expected an object such as `gan_keras.penalties.R1(gamma=1.0)`, "
        "callable as (discriminator, real_data, fake_data) -> scalar."
    )
