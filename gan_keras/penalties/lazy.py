"""Penalties that are applied now and then, because they cost more than they change from one step to the next."""

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
        ValueError: If the penalty cannot be called or the interval is below 1; in the first step, if it asks other replicas,
            which a graph cannot do now and then.
    """

    def __init__(self, penalty, interval=16):
        if isinstance(interval, bool) or not isinstance(interval, int) or interval < 1:
            raise ValueError(f"interval={interval!r}. Expected a whole number of calls >= 1; 1 applies the penalty each time.")
        self.penalty, self.interval = get(penalty), interval
        self.calls = keras.Variable(0, dtype="int64", trainable=False)

    @property
    def variables(self):
        return [self.calls, *getattr(self.penalty, "variables", ())]

    @property
    def takes_gradients(self):
        return getattr(self.penalty, "takes_gradients", False)

    def follow(self, optimizer):
        """Called by `GAN.compile`: hands on whose updates a schedule counts."""
        get(self.penalty, optimizer)

    def __call__(self, discriminator, real_data, fake_data):
        if replicas.count() > 1 and getattr(self.penalty, "asks_replicas", False):
            raise ValueError(
                f"Got Lazy({type(self.penalty).__name__}) on {replicas.count()} replicas, which have to ask each other in every "
                "step or in none. Expected this penalty without `Lazy`, or one device."
            )
        is_due = ops.equal(self.calls % self.interval, 0)
        self.calls.assign_add(1)
        return ops.cond(is_due, lambda: self.scaled(discriminator, real_data, fake_data), lambda: ops.zeros((), "float32"))

    def scaled(self, discriminator, real_data, fake_data):
        return self.interval * ops.cast(self.penalty(discriminator, real_data, fake_data), "float32")

    def get_config(self):
        return {"penalty": keras.saving.serialize_keras_object(self.penalty), "interval": self.interval}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
