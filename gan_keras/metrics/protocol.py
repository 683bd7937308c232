"""A score without its protocol is a number without a unit: here the two travel together."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Protocol:
    """What a score depends on besides the generator that it judges; a field that does not apply is None.

    What a comparison is about is left out of it: a sweep over temperatures leaves `temperature` None, an average over
    training runs names all its `seeds`.

    Attributes:
        metric: Name of the score and of its variant, like "bleu" or "self_bleu, leave-one-out".
        data: Fingerprint of the real data.
        split: Which part of it are the references, like "test".
        num_real: Number of real samples.
        num_fake: Number of generated samples.
        tokenizer: How text became tokens.
        smoothing: How counts of zero are smoothed.
        seeds: Seeds of the samples, a tuple.
        temperature: Temperature of the samples.
        extractor: Name of the network whose features are compared.
        extractor_hash: Its SHA-256, see `metrics.extractor.hash_of`.
        resizing: How images came to the size that it reads.
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
        """All fields by name, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Score:
    """Named numbers and the protocol that they were measured by.

    `a - b`, `a <= b` (every number at most as large) and `a >= b` raise `ValueError` unless the protocols are equal.

    Attributes:
        values: Dictionary from a name, or an n-gram order, to a float.
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
