"""Penalties added to the discriminator's loss: `(discriminator, real_data, fake_data)` -> scalar.

`discriminator` is a function from samples to logits of shape `(batch, 1)`. A penalty is any object with this call; a penalty with
state lists it in `variables`. `gamma` is a number, or a schedule of `keras.optimizers.schedules` over the generator's updates.
`Lazy` wraps any of them.
"""

from gan_keras.penalties.base import Lazy, Penalty, get
from gan_keras.penalties.gradient import DRAGAN, R1, R2, GradientPenalty, OneSidedGradientPenalty, squared_gradient_norm
from gan_keras.penalties.logit import Consistency, LeCam

__all__ = [
    "DRAGAN",
    "R1",
    "R2",
    "Consistency",
    "GradientPenalty",
    "Lazy",
    "LeCam",
    "OneSidedGradientPenalty",
    "Penalty",
    "get",
    "squared_gradient_norm",
]
