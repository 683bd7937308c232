"""Penalties that weaken as training goes on: strong while the discriminator is to be smooth, weak once it is to be exact."""

import keras
from keras import ops

from gan_keras.penalties.base import get


@keras.saving.register_keras_serializable(package="gan_keras")
class Decaying:
    """A penalty times a schedule of the number of its calls, which is that of the discriminator's updates.

    Args:
        penalty: Any penalty, or its config.
        schedule: A schedule of `keras.optimizers.schedules`, or its config; its values are >= 0.

    Raises:
        ValueError: If the penalty cannot be called.
    """

    def __init__(self, penalty, schedule):
        if isinstance(schedule, dict):
            schedule = keras.optimizers.schedules.deserialize(schedule)
        self.penalty, self.schedule = get(penalty), schedule
        self.calls = keras.Variable(0, dtype="int64", trainable=False)

    @property
    def variables(self):
        return [self.calls, *getattr(self.penalty, "variables", ())]

    def __call__(self, discriminator, real_data, fake_data):
        strength = self.schedule(ops.cast(self.calls, "float32"))
        self.calls.assign_add(1)
        return strength * self.penalty(discriminator, real_data, fake_data)

    def get_config(self):
        schedule = keras.saving.serialize_keras_object(self.schedule)
        return {"penalty": keras.saving.serialize_keras_object(self.penalty), "schedule": schedule}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
