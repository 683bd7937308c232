"""What all penalties have in common: `(discriminator, real_data, fake_data)` -> scalar."""

import keras


class Penalty:
    """Base of the penalties. A subclass implements `__call__(discriminator, real_data, fake_data)`.

    Args:
        gamma: Strength, >= 0. Its right value changes with the range and the resolution of the data.

    Attributes:
        variables: The Keras variables that a penalty changes as it is called. A `GAN` saves them, so that a resumed run
            goes on as it would have.
    """

    variables = ()

    def __init__(self, gamma):
        if gamma < 0:
            raise ValueError(f"gamma={gamma}. Expected a strength >= 0: a negative one would reward what it has to punish.")
        self.gamma = float(gamma)

    def __call__(self, discriminator, real_data, fake_data):
        raise NotImplementedError

    def get_config(self):
        return {"gamma": self.gamma}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def get(identifier):
    """A penalty from its serialised config, or itself.

    Raises:
        ValueError: If it cannot be called.
    """
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if callable(identifier) and not isinstance(identifier, type):
        return identifier
    raise ValueError(
        f"penalty={identifier!r}. Expected an object such as `gan_keras.penalties.R1(gamma=1.0)`, "
        "callable as (discriminator, real_data, fake_data) -> scalar."
    )
