"""`Effects`: what directions of a latent space change, in units that people know, beside what random directions change."""

import dataclasses

import numpy as np

from gan_keras.metrics.seeds import Interval, paired_interval


@dataclasses.dataclass(frozen=True)
class Effect:
    """What a step of one deviation does to an attribute.

    Attributes:
        attribute: Name of the attribute.
        change: Mean change with its 95 % interval over samples, an `Interval`, in the attribute's unit. For a category, the
            change of the share of samples with the value `value`.
        size: |change| in deviations of the attribute among samples, of one label each if there are labels. For a category, the
            total variation distance of its values, in [0, 1]. NaN without values.
        reliable: The same at the end of the interval that is nearer to 0; 0 if the interval holds 0.
        unit: Unit of the change.
        value: Value of a category whose share changes most; None for numbers.
    """

    attribute: str
    change: Interval
    size: float
    reliable: float
    unit: str = ""
    value: str | None = None

    @classmethod
    def of(cls, name, unit, up, down, width, scale):
        """Compares the values of an attribute at both ends, `width` deviations apart."""
        if up.dtype == object:
            return cls.of_category(name, up, down, width)
        known = np.isfinite(up) & np.isfinite(down)
        if known.sum() < 2:
            return cls(name, Interval(np.nan, np.nan, np.nan), np.nan, np.nan, unit)
        change = paired_interval(up[known] / width, down[known] / width)
        return cls(name, change, abs(change.mean) / scale, nearest_to_zero(change) / scale, unit)

    @classmethod
    def of_category(cls, name, up, down, width):
        changes = {value: paired_interval((up == value) / width, (down == value) / width) for value in {*up, *down}}
        value = max(sorted(changes), key=lambda each: abs(changes[each].mean))
        distance = sum(abs(change.mean) for change in changes.values()) / 2.0
        # Each share has an interval of its own; that of the largest stands for all.
        least = nearest_to_zero(changes[value]) / max(abs(changes[value].mean), 1e-12)
        return cls(name, changes[value], distance, distance * least, "of samples", value)

    def __str__(self):
        if self.value is not None:
            return f"{self.attribute} {self.value!r} {100 * self.change.mean:+.0f} points"
        return f"{self.attribute} {self.change.mean:+.3g}{self.unit and ' ' + self.unit}"


class Effects:
    """Effects of directions on attributes, and of a placebo; as text, a line per direction.

    Attributes:
        effects: A list of `Effect` per direction, one per attribute.
        placebo: The same of random directions.
        sizes: `Effect.size`, float64 `(num, attributes)`.
        placebo_sizes: The same of random directions.
        attributes: Names of the attributes.
    """

    def __init__(self, effects, placebo):
        self.effects, self.placebo = effects, placebo
        self.attributes = [effect.attribute for effect in effects[0]]
        self.sizes, self.placebo_sizes = ([[effect.size for effect in row] for row in rows] for rows in (effects, placebo))
        self.sizes, self.placebo_sizes = np.array(self.sizes), np.array(self.placebo_sizes)

    @property
    def beat_placebo(self):
        """Whether a direction's largest effect is reliably larger than that of any random direction: bool `(num,)`.

        Effects on an attribute count relative to the mean effect of random directions on it.
        """
        reliable = np.array([[effect.reliable for effect in row] for row in self.effects])
        usual = np.maximum(np.nan_to_num(self.placebo_sizes).mean(axis=0), 1e-12)
        return np.nan_to_num(reliable / usual).max(axis=1) > np.nan_to_num(self.placebo_sizes / usual).max()

    @property
    def ratio(self):
        """Largest effect of a direction on an attribute, averaged over the attributes, divided by the same of the placebo."""
        largest, placebo = (np.nan_to_num(sizes).max(axis=0).mean() for sizes in (self.sizes, self.placebo_sizes))
        return float(largest / placebo) if placebo else float("inf")

    @property
    def mean_ratio(self):
        """Mean effect over directions and attributes, divided by the same of the placebo."""
        mean, placebo = (np.nan_to_num(sizes).mean() for sizes in (self.sizes, self.placebo_sizes))
        return float(mean / placebo) if placebo else float("inf")

    def sentences(self, most=3):
        """Returns a line per direction: at most `most` effects, largest relative to the placebo, and the placebo of the first."""
        placebo, lines = np.nan_to_num(self.placebo_sizes), []
        usual, highest = np.maximum(placebo.mean(axis=0), 1e-12), placebo.max(axis=0)
        for number, (row, beats) in enumerate(zip(self.effects, self.beat_placebo, strict=True)):
            reliable = np.nan_to_num([effect.reliable for effect in row]) / usual
            shown = [index for index in np.argsort(-reliable, kind="stable")[:most] if reliable[index] > 1]
            shown = shown or [int(np.argmax(np.nan_to_num([effect.size for effect in row])))]
            text, first = ", ".join(str(row[index]) for index in shown), shown[0]
            told = f"{row[first].size:.2g} {'deviations' if row[first].value is None else 'of total variation'}"
            lines.append(
                f"direction {number}: {text} ({told}; placebo {usual[first]:.2g}, at most {highest[first]:.2g})"
                + ("" if beats else ": no more than a random direction")
            )
        return lines

    def verdict(self):
        """Returns a line: how many directions beat the placebo, and by how much."""
        num = int(self.beat_placebo.sum())
        if not num:
            return "No direction beats the placebo: a step along a random direction changes samples as much."
        return (
            f"{num} of {len(self.effects)} directions beat the placebo; the largest effects of all are {self.ratio:.1f} times "
            "those of random directions."
        )

    def __str__(self):
        return "\n".join([*self.sentences(), self.verdict()])

    def to_json(self):
        """Returns a dictionary that JSON can hold: changes, intervals and sizes by direction and attribute, and the placebo."""

        def entries(row):
            return {
                effect.attribute: {
                    "change": _finite(effect.change.mean),
                    "low": _finite(effect.change.low),
                    "high": _finite(effect.change.high),
                    "unit": effect.unit,
                    "size": _finite(effect.size),
                    **({} if effect.value is None else {"value": effect.value}),
                }
                for effect in row
            }

        return {
            "directions": [entries(row) for row in self.effects],
            "placebo": [entries(row) for row in self.placebo],
            "beat_placebo": self.beat_placebo.tolist(),
            "ratio": _finite(self.ratio),
            "mean_ratio": _finite(self.mean_ratio),
            "sentences": self.sentences(),
            "verdict": self.verdict(),
        }


def deviation(values, groups):
    """Deviation of an attribute within groups of one label; 1 for categories, whose effects are shares, and for constants."""
    if values.dtype == object:
        return 1.0
    known = np.isfinite(values)
    parts = [values[known & (groups == group)] for group in np.unique(groups[known])]
    squares = np.concatenate([np.zeros(1), *((part - part.mean()) ** 2 for part in parts)])
    return np.sqrt(squares.sum() / max(1, known.sum())) or 1.0


def nearest_to_zero(interval):
    """Returns the distance of an interval from 0; 0 if it holds 0."""
    return 0.0 if interval.low <= 0.0 <= interval.high else min(abs(interval.low), abs(interval.high))


def _finite(number):
    return float(number) if np.isfinite(number) else None
