"""`Codec`: the interface that codecs share, their checks, and the scales in which users bring values."""

from typing import NamedTuple

import numpy as np

ROUNDING = 1e-3
"""Excess of a scale's bounds that is taken for rounding."""


class Values(NamedTuple):
    """The type, shape and range of an array; `text` is the start of a message about it."""

    dtype: np.dtype
    shape: tuple
    low: float
    high: float

    @classmethod
    def of(cls, array, noun="samples"):
        """Reads an array. Raises `ValueError` if it is empty, has no numbers, or holds NaN or infinity."""
        if not array.size or array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
            raise ValueError(f"Got {noun} of shape {array.shape} and dtype {array.dtype}. Expected numbers, one sample or more.")
        low, high = float(array.min()), float(array.max())
        if not np.isfinite(low) or not np.isfinite(high):
            strange = int((~np.isfinite(array.astype(np.float32))).sum())
            raise ValueError(
                f"Got {noun} in which {strange:,} of {array.size:,} numbers are NaN or infinite. Expected finite numbers: leave "
                "such samples out, or replace the numbers."
            )
        return cls(array.dtype, array.shape, low, high)

    @property
    def text(self):
        return f"{self.dtype.name} from {self.low:g} to {self.high:g}"


class Scale(NamedTuple):
    """A scale in which users bring values: `value * factor + offset` is what the codec's `decode` returns.

    Attributes:
        text: Description for users.
        low: Lowest value.
        high: Highest value.
        factor: See above.
        offset: See above.
        is_encoded: Whether samples are the codec's tensors already, which networks read as they are.
        slack: Excess of the bounds, relative to their range, that is accepted and clipped.
    """

    text: str
    low: float
    high: float
    factor: float = 1.0
    offset: float = 0.0
    is_encoded: bool = False
    slack: float = ROUNDING

    @property
    def bounds(self):
        """The lowest and the highest value as `decode` would return them."""
        return self.low * self.factor + self.offset, self.high * self.factor + self.offset

    def has(self, values):
        margin = self.slack * (self.high - self.low)
        return self.low - margin <= values.low and values.high <= self.high + margin


class Codec:
    """Base of the codecs: `encode` maps raw values to tensors, `decode` maps them back.

    Every method on tensors works eagerly, in a `tf.function` and in a SavedModel. `adapt` finds what the constructor was not
    given; `get_config` then holds it. `raw_dtype` is the type of raw values, `output_name` the output of an exported model
    that holds decoded samples, and `arguments` names the constructor's arguments, each also an attribute.
    """

    raw_dtype = output_name = None
    arguments = ()
    has_read_rows = False  # whether `adapt` has found statistics in rows, such as ranges, which a private training must not hold
    checks_values = False  # whether `scale_of` reads values; other codecs take missing ones, or no numbers

    def scale_of(self, values):
        """Returns the `Scale` of a user's `Values`; None for raw values. Raises `ValueError` if they have no known scale."""

    @property
    def trackables(self):
        """Objects that a SavedModel must track besides the variables."""
        return []

    def get_config(self):
        """The constructor's arguments, including what `adapt` found."""
        return {name: getattr(self, name) for name in self.arguments}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def check_shape(samples, shape, expected):
    """Raises `ValueError` unless samples have this `shape` after the batch axis; `expected` describes the right one."""
    if not samples.shape.is_compatible_with([None, *shape]):
        raise ValueError(f"The samples have the shape {tuple(samples.shape)}. Expected {expected}.")
