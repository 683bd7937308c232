"""Penalties in general: their base class, and `Lazy`, which applies one only now and then."""

import collections
import threading

import keras
from keras import ops

from gan_keras import optimizers, replicas


class Penalty:
    """Base class of penalties. Subclasses implement `__call__(discriminator, real_data, fake_data)`.

    Args:
        gamma: Strength, >= 0. Its right value depends on the range and the resolution of the data. May be a schedule of
            `keras.optimizers.schedules` over the generator's updates.

    Attributes:
        variables: Keras variables that calls change. A `GAN` saves them, so that a resumed run continues exactly.
        takes_gradients: True if the penalty contains gradients of the discriminator, so that training takes gradients of
            gradients.
    """

    variables = ()
    takes_gradients = False

    def __init__(self, gamma):
        self.gamma, self.optimizer = optimizers.get_schedule(gamma), None
        if optimizers.first_value(self.gamma) < 0:
            raise ValueError(f"gamma={gamma}. Expected a strength >= 0: a negative strength rewards what it should punish.")

    def follow(self, optimizer):
        """Reads a schedule of gamma at this optimizer's updates; called by `GAN.compile`."""
        self.optimizer = optimizer

    @property
    def strength(self):
        """Current value of gamma; before `follow`, its initial value."""
        return optimizers.value_at(self.gamma, self.optimizer.iterations if self.optimizer else 0)

    def __call__(self, discriminator, real_data, fake_data):
        raise NotImplementedError

    def get_config(self):
        return {"gamma": optimizers.serialize_schedule(self.gamma)}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def get(identifier, optimizer=None):
    """Returns a penalty from its serialised config or itself. A schedule of it counts the optimizer's updates.

    Raises:
        ValueError: If it is not callable.
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


@keras.saving.register_keras_serializable(package="gan_keras")
class Lazy:
    """Applies a penalty at the first of every `interval` calls, `interval` times as strong. The other calls cost nothing.

    The mean strength is unchanged, but a momentum optimizer sees rarer and larger gradients. To compensate, StyleGAN2 multiplies
    the learning rate by `c = interval / (interval + 1)` and raises both betas to the power `c`.

    Any penalty can be lazy. Its state, such as `LeCam`'s averages or `DRAGAN`'s noise, changes only when it is applied.

    Reference: [StyleGAN2](https://arxiv.org/abs/1912.04958), section 3.1 and appendix B.

    Args:
        penalty: Any penalty, or its config.
        interval: Calls from one application to the next, a whole number >= 1; 16 in the paper.

    Raises:
        ValueError: If the penalty is not callable, or the interval is below 1.
    """

    def __init__(self, penalty, interval=16):
        if isinstance(interval, bool) or not isinstance(interval, int) or interval < 1:
            raise ValueError(f"interval={interval!r}. Expected a whole number of calls >= 1; 1 applies the penalty every time.")
        self.penalty, self.interval = get(penalty), interval
        self.calls = keras.Variable(0, dtype="int64", trainable=False)
        self.planned, self.turns = (), collections.defaultdict(int)

    @property
    def variables(self):
        return [self.calls, *getattr(self.penalty, "variables", ())]

    @property
    def takes_gradients(self):
        return getattr(self.penalty, "takes_gradients", False)

    def follow(self, optimizer):
        """Passes the optimizer on to the penalty; called by `GAN.compile`."""
        get(self.penalty, optimizer)

    def plan(self, num):
        """Decides which of the next `num` calls apply the penalty, for a training step of several replicas.

        Replicas cannot communicate within a `tf.cond`, as a penalty or batch normalisation may, so their graphs are built for a
        plan.

        Returns:
            A tuple of `num` bools.
        """
        first = int(ops.convert_to_numpy(self.calls.value))
        self.planned = tuple((first + turn) % self.interval == 0 for turn in range(num))
        return self.planned

    def __call__(self, discriminator, real_data, fake_data):
        def penalty():
            return self.interval * ops.cast(self.penalty(discriminator, real_data, fake_data), "float32")

        def zero():
            return ops.zeros((), "float32")

        is_due = ops.equal(self.calls % self.interval, 0)
        self.calls.assign_add(1)
        if replicas.count() > 1:
            return (penalty if self.planned[self.next_turn()] else zero)()
        return ops.cond(is_due, penalty, zero)

    def next_turn(self):
        """Index of this call in the plan. Each replica builds its graph in a thread of its own."""
        thread = threading.get_ident()
        turn = self.turns[thread]
        self.turns[thread] = (turn + 1) % len(self.planned)
        return turn

    def get_config(self):
        return {"penalty": keras.saving.serialize_keras_object(self.penalty), "interval": self.interval}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
