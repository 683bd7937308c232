"""Penalties that are applied now and then, because they cost more than they change from one step to the next."""

import collections
import threading

import keras
from keras import ops

from gan_keras import replicas
from gan_keras.penalties.base import get


@keras.saving.register_keras_serializable(package="gan_keras")
class Lazy:
    """Applies a penalty at the first of every `interval` calls, `interval` times as strong; the others cost nothing.

    The mean strength stays that of the penalty. A momentum optimizer sees rarer and larger gradients: StyleGAN2 takes the
    learning rate times `c` and both betas to the power `c = interval / (interval + 1)` in return.

    Any penalty may be lazy. What it keeps, such as `LeCam`'s averages or the noise of `DRAGAN`, moves with its own calls only.

    Reference: [StyleGAN2](https://arxiv.org/abs/1912.04958), section 3.1 and appendix B.

    Args:
        penalty: Any penalty, or its config.
        interval: Calls from one application to the next, a whole number >= 1; the paper's is 16.

    Raises:
        ValueError: If the penalty cannot be called or the interval is below 1.
    """

    def __init__(self, penalty, interval=16):
        if isinstance(interval, bool) or not isinstance(interval, int) or interval < 1:
            raise ValueError(f"interval={interval!r}. Expected a whole number of calls >= 1; 1 applies the penalty each time.")
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
        """Called by `GAN.compile`: hands on whose updates a schedule counts."""
        get(self.penalty, optimizer)

    def plan(self, num):
        """Which of the next `num` calls are due, a tuple of bool: those of a training step of several replicas.

        Replicas that ask each other, as a penalty or batch normalisation may, cannot do so within a condition of a graph. Their
        graphs are made for a plan.
        """
        first = int(keras.ops.convert_to_numpy(self.calls.value))
        self.planned = tuple((first + turn) % self.interval == 0 for turn in range(num))
        return self.planned

    def __call__(self, discriminator, real_data, fake_data):
        penalty, zero = (lambda: self.scaled(discriminator, real_data, fake_data)), (lambda: ops.zeros((), "float32"))
        is_due = ops.equal(self.calls % self.interval, 0)
        self.calls.assign_add(1)
        if replicas.count() > 1:
            return (penalty if self.planned[self.next_turn()] else zero)()
        return ops.cond(is_due, penalty, zero)

    def next_turn(self):
        """The place in the plan of the call at hand: each replica makes its graph in a thread of its own."""
        replica = threading.get_ident()
        turn = self.turns[replica]
        self.turns[replica] = (turn + 1) % len(self.planned)
        return turn

    def scaled(self, discriminator, real_data, fake_data):
        return self.interval * ops.cast(self.penalty(discriminator, real_data, fake_data), "float32")

    def get_config(self):
        return {"penalty": keras.saving.serialize_keras_object(self.penalty), "interval": self.interval}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
