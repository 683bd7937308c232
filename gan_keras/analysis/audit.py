"""Audit: what a GAN, or its samples, tell about the rows that it was trained on, beside chance and a control.

An attack is believed only if a control attack, which has not seen the training rows, fails: otherwise training rows and other rows
differ by themselves, and any score that notices it would look like an attack.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Audit:
    """Result of `audit`.

    Attributes:
        attacks: `membership.Attack` by name; empty if the control attack tells training rows from others.
        control: `membership.Attack` by name, of attacks that have not seen the training rows.
        differences: What differs between training rows and others if a control attack succeeds, a list of str.
        copies: Copies among generated rows: a `copies.Copies`.
        disclosure: How well hidden columns are guessed, a `copies.Disclosure`; None for data other than tables.
        left_out: Reasons why attacks are missing, by name.
        nums: Numbers of rows by part: `members`, `others`, `reference`, `generated`.
        privacy: What differential privacy promises of each attack, a list of str; empty without.
        noun: Plural noun of the rows.
    """

    attacks: dict
    control: dict
    differences: list
    copies: object
    disclosure: object
    left_out: dict
    nums: dict
    privacy: list
    noun: str = "rows"

    @property
    def holds(self):
        """Whether all control attacks contain chance, so that attacks tell something."""
        return all(each.contains_chance for each in self.control.values())

    @property
    def verdict(self):
        """Returns what is strongest and what to do, a list of str."""
        raise NotImplementedError

    def sentences(self):
        """Returns everything in plain words, a list of str."""
        raise NotImplementedError

    def to_json(self):
        """Returns all figures and sentences, as JSON holds them."""
        worst = max(self.control.values(), key=lambda each: each.strength, default=None)
        return {
            "attacks": {name: each.to_json() for name, each in self.attacks.items()},
            "control_attack": None if worst is None else worst.to_json(),
            "control_attacks": {name: each.to_json() for name, each in self.control.items()},
            "control_holds": self.holds,
            "differences": self.differences,
            "copies": self.copies.to_json(),
            "disclosure": None if self.disclosure is None else self.disclosure.to_json(),
            "left_out": self.left_out,
            "numbers": self.nums,
            "verdict": self.verdict,
            "sentences": self.sentences(),
        }

    def __str__(self):
        return "\n".join([*self.verdict, *self.sentences()])


def audit(gan, training, held_out, attacks="all", seed=0, num=None, progress=print):
    """Measures what a GAN tells about its training rows; see `Audit`."""
    raise NotImplementedError
