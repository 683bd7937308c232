"""Scores with their protocols: a score without its protocol is a number without a unit."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Protocol:
    """Conditions that a score depends on besides the generator; fields that do not apply are None.

    The variable under comparison is left out: a sweep over temperatures has `temperature=None`, and a mean over training runs
    lists all `seeds`.

    Attributes:
        metric: Name and variant of the score, such as "bleu" or "self_bleu, leave-one-out".
        data: Fingerprint of the real data.
        split: Split of the data that the references are from, such as "test".
        num_real: Number of real samples.
        num_fake: Number of generated samples.
        tokenizer: Tokenization of text.
        smoothing: Smoothing of zero counts.
        seeds: Seeds of the samples, a tuple.
        temperature: Temperature of the samples.
        extractor: Name of the feature extractor.
        extractor_hash: Its SHA-256, see `metrics.extractor.hash_of`.
        resizing: Resizing of images to its input size.
    """

    metric: str
    data: str | None = None
    split: str | None = None
    num_real: int | None = None
    num_fake: int | None = None
    tokenizer: str | None = None
    smoothing: str | None = None
    seeds: tuple[int, ...] | None = None
    temperature: float | None = None
    extractor: str | None = None
    extractor_hash: str | None = None
    resizing: str | None = None

    def as_dict(self):
        """Returns all fields by name, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Score:
    """Named numbers and the protocol of their measurement.

    `a - b`, `a <= b` (no number is larger) and `a >= b` raise `ValueError` unless the protocols are equal.

    Attributes:
        values: Dictionary from names or n-gram orders to floats.
        protocol: Its `Protocol`.
    """

    values: dict
    protocol: Protocol

    def __sub__(self, other):
        return {name: value - other_value for name, (value, other_value) in self._paired(other).items()}

    def __le__(self, other):
        return all(value <= other_value for value, other_value in self._paired(other).values())

    def __ge__(self, other):
        return all(value >= other_value for value, other_value in self._paired(other).values())

    def _paired(self, other):
        mine, others = self.protocol.as_dict(), other.protocol.as_dict()
        differences = [f"{name} ({mine[name]!r} and {others[name]!r})" for name in mine if mine[name] != others[name]]
        if differences:
            raise ValueError(
                f"Got scores of different protocols: they differ in {', '.join(differences)}. "
                "Expected equal protocols: measure both in the same way."
            )
        if self.values.keys() != other.values.keys():
            raise ValueError(f"Got scores with the values {list(self.values)} and {list(other.values)}. Expected the same names.")
        return {name: (value, other.values[name]) for name, value in self.values.items()}
