"""Audit: what a GAN, or its samples, tell about the rows that it was trained on, beside chance and a control.

An attack is believed only if a control attack, which has not seen the training rows, fails: otherwise training rows and other
rows differ by themselves, and any score that notices it would look like an attack.
"""

import dataclasses
import functools
import math
import time

import numpy as np

from gan_keras.analysis.attack_scores import CONTROLS, TranslationScores, scores_of
from gan_keras.analysis.attributes import kind_of
from gan_keras.analysis.copies import copies_of, disclosure_of
from gan_keras.analysis.membership import ATTACKS, RATES, Kind, percent, percent_of
from gan_keras.analysis.real_rows import (
    NOUNS,
    Rows,
    check_apart,
    check_enough,
    divide,
    generated_rows,
    in_graph,
    keys_of,
    read_domains,
    read_rows,
)
from gan_keras.diagnosis.names import choice_of
from gan_keras.networks.base import call_network
from gan_keras.training.console import duration

NUM = 2000
"""Members, and other rows, that are attacked at most by default."""

CONFIDENCE = 0.95
"""Probability that all intervals of the attacks, or of the controls, hold together."""

_MIN_GENERATED, _MAX_GENERATED = 1000, 4000
_SHOWN = 4  # differences in a sentence


@dataclasses.dataclass(frozen=True)
class Audit:
    """Result of `audit`.

    Attributes:
        attacks: `membership.Attack` by name; empty if a control attack tells training rows from others.
        control: `membership.Attack` by name, of attacks that have not seen the training rows.
        differences: What differs between training rows and others if a control attack succeeds, a list of str.
        copies: `copies.Copies` by the noun of the rows: two for the domains of a translation, otherwise one.
        disclosure: How well hidden columns are guessed, a `copies.Disclosure`; None unless rows are those of a table.
        left_out: Reasons why attacks are missing, by name.
        numbers: Numbers of rows by part: `members`, `others`, `reference`, `generated`.
        privacy: What differential privacy promises: `epsilon`, `delta`, and `tpr`, the largest share found by share of false
            alarms. None for a GAN that was trained without.
        noun: Plural noun of the rows.
    """

    attacks: dict
    control: dict
    differences: list
    copies: dict
    disclosure: object
    left_out: dict
    numbers: dict
    privacy: dict | None
    noun: str

    @property
    def holds(self):
        """Whether no control attack beats chance, so that attacks tell what training did."""
        return all(each.contains_chance for each in self.control.values())

    @property
    def strongest(self):
        """The attack that orders most pairs rightly; None without attacks."""
        return max(self.attacks.values(), key=lambda each: each.strength, default=None)

    @property
    def verdict(self):
        """What is strongest and what to do, a list of str."""
        found = [self._refusal()] if not self.holds else self._judgement()
        repeating = [each.noun for each in self.copies.values() if each.found]
        if repeating:
            found.append(
                f"It repeats training {' and '.join(repeating)} more than chance explains: fewer epochs and more training "
                f"{self.noun} help."
            )
        return found

    def _refusal(self):
        worst = max(self.control.values(), key=lambda each: each.strength)
        differing = "; ".join(self.differences[:_SHOWN]) or "nothing that is counted here by itself"
        return (
            f"No attack is reported: training {self.noun} and the others differ without the GAN, as the {worst.title} orders "
            f"{percent(worst.strength)} of pairs (chance 50 %). What differs, training first: {differing}. Expected others of "
            f"the same source, such as the part that the same random split held out, or {self.noun} that were set aside before "
            "training."
        )

    def _judgement(self):
        if all(each.contains_chance for each in self.attacks.values()):
            best = self.strongest
            reach = max((each.high - each.low) / 2.0 for each in self.attacks.values())
            return [
                f"No attack beats chance. The strongest, by the {best.title}, orders {percent(best.strength)} of pairs (chance "
                f"50 %). A leak of less than {100 * reach:.1f} points would not show among {self.numbers['members']:,} members, "
                "and another attack may find more."
            ]
        known = [each for each in self.attacks.values() if not each.contains_chance]
        best, rate = max(known, key=lambda each: each.strength), RATES[0]
        finder = max(known, key=lambda each: each.tpr[rate].mean)
        used = {each.title: each for each in (best, finder)}.values()
        others = "" if finder is best else f", that by the {finder.title},"
        advice = [f"fewer epochs, more training {self.noun}"]
        advice += ["no exported `score`"] * any(each.needs.startswith("the discriminator") for each in used)
        alone = self.attacks.get("network")
        if alone is not None and any("likelihood" in each.title and each.area - alone.area > 0.05 for each in used):
            advice.append(
                "n-grams of more lines (`ngram_min_lines`) or none (`ngram_order=0`), as they hold the words of training lines "
                f"in their order: without them the likelihood orders {percent(alone.area)} of pairs"
            )
        advice += ["a list of words that comes from public text"] * any(
            each.title == ATTACKS["vocabulary"].title for each in used
        )
        advice += ["differential privacy (`compile(privacy=...)`)"] * (self.privacy is None and self.noun != "lines")
        return [
            f"The GAN tells which {self.noun} it was trained on. The strongest attack, by the {best.title}, orders "
            f"{percent(best.strength)} of pairs rightly (chance 50 %). At {percent(rate, 'g')} false alarms the best{others} "
            f"finds {percent(finder.tpr[rate].mean)} of the training {self.noun}. Needed: "
            f"{'; '.join(dict.fromkeys(each.needs for each in used))}. What helps: {', '.join(advice)}."
        ]

    def sentences(self):
        """Returns everything in plain words, a list of str."""
        numbers = ", ".join(f"{num:,} {name}" for name, num in self.numbers.items())
        told = [
            f"Compared {self.noun}: {numbers}. Intervals are those of a bootstrap; all attacks' intervals hold together with "
            f"{percent(CONFIDENCE, 'g')}."
        ]
        if self.noun == NOUNS["series"]:
            told.append("Windows that overlap are alike: for them the intervals are too narrow.")
        told += [f"Control: {self._control_sentence(each)}" for each in self.control.values()]
        told += [each.sentence(f"training {self.noun}") for each in self.attacks.values()]
        if self.attacks:
            told += [f"Left out: {ATTACKS[name].title}, as {reason}." for name, reason in self.left_out.items()]
        for each in self.copies.values():
            told += each.sentences()
        told += [] if self.disclosure is None else self.disclosure.sentences()
        return told + self._promises()

    def _control_sentence(self, each):
        judged = "as by chance" if each.contains_chance else "which is not chance"
        return f"the {each.title}, which has not seen the GAN, orders {percent_of(each.interval)} of pairs, {judged}."

    def _promises(self):
        if self.privacy is None:
            return []
        told = []
        for rate, share in self.privacy["tpr"].items():
            told.append(
                f"Differential privacy with epsilon {self.privacy['epsilon']:.3g} and delta {self.privacy['delta']:.2g} allows "
                f"no attack to find more than {percent(share)} of the training {self.noun} at {percent(rate, 'g')} false alarms."
            )
            told += [
                f"The {each.title} finds {percent_of(each.tpr[rate])} there: the training was not as private as stated."
                for each in self.attacks.values()
                if each.tpr[rate].low > share
            ]
        return told

    def to_json(self):
        """Returns all figures and sentences, as JSON holds them; `control_attack` is the control farthest from chance."""
        worst = max(self.control.values(), key=lambda each: each.strength)
        return {
            "attacks": {name: each.to_json() for name, each in self.attacks.items()},
            "control_attack": worst.to_json(),
            "control_attacks": {name: each.to_json() for name, each in self.control.items()},
            "control_holds": self.holds,
            "differences": self.differences,
            "copies": {name: each.to_json() for name, each in self.copies.items()},
            "disclosure": None if self.disclosure is None else self.disclosure.to_json(),
            "left_out": self.left_out,
            "numbers": self.numbers,
            "promised": None if self.privacy is None else {**self.privacy, "tpr": _texts(self.privacy["tpr"])},
            "verdict": self.verdict,
            "sentences": self.sentences(),
        }

    def __str__(self):
        return "\n".join([*self.verdict, *self.sentences()])


def _texts(by_rate):
    return {f"{rate:g}": value for rate, value in by_rate.items()}


def audit(gan, training, held_out, attacks="all", seed=0, num=None, progress=print, features=None):
    """Measures what a GAN tells about its training rows: membership attacks, copies, and for tables hidden columns.

    As many training rows, the members, are compared with held-out rows, the others. A further part of the held-out rows is
    known to the attacker as a reference. Attacks count only if the controls, which have not seen the members, do not tell both
    apart.

    Example:

        training, held_out = gan_keras.data.split(gan_keras.data.load("digits"))
        print(gan_keras.analysis.audit(gan, training, held_out))

    Args:
        gan: A trained `gan_keras.GAN`.
        training: The training data: a data object of `gan_keras.data`, raw samples as `gan.score` takes them, lines of text, or
            a pair of samples and their label numbers. For a translation two domains.
        held_out: Data of the same source that took no part in training, at least 100 rows in either. From 150 on some of them
            are references, from 2,000 on 0.1 % false alarms can be measured.
        attacks: List of names of `membership.ATTACKS`, or `"all"`.
        seed: Seed of the choice of rows and of the generated ones.
        num: Largest number of members, and of others, >= 100; None for 2,000.
        progress: Function that receives each line of progress.
        features: Function from tensors, or from a list of lines, to features `(num, dim)` whose distances count; None for
            the codec's tensors, a table's standardised cells, or the latent semantics of lines.

    Returns:
        An `Audit`. Its `attacks` are empty if a control succeeds; `differences` tell why.

    Raises:
        ValueError: If there is no held-out data or too little, members are among it, or a name is unknown.
    """
    if held_out is None:
        raise ValueError(
            "Got no held-out data, with which training rows are compared. Expected rows of the same source that took no part in "
            "training, such as those of `gan_keras.data.split`: train without them first."
        )
    if isinstance(attacks, str) and attacks != "all":
        attacks = [attacks]
    start = time.monotonic()
    if gan.reads_pairs:
        fronts = _translation_fronts(gan, training, held_out, num or NUM, seed)
    else:
        fronts = [_front(gan, training, held_out, num or NUM, seed, features, progress)]
    noun = fronts[0].noun if len(fronts) == 1 else "images"
    chosen, left_out = _chosen(fronts, attacks)
    progress("Control: do training rows and others differ without the GAN?")
    num_controls = sum(len(front.scores.controls) + 1 for front in fronts)
    control, differences = {}, []
    for front in fronts:
        confidence = 1.0 - (1.0 - CONFIDENCE) / num_controls
        kinds = {name: Kind(kind.title + front.suffix, kind.needs) for name, kind in CONTROLS.items()}
        found = front.scores.measured(front.scores.controls, kinds, confidence)
        found["classifier"] = front.scores.classified(kinds["classifier"], confidence)
        control |= {f"{name}{front.key}": each for name, each in found.items()}
        if not all(each.contains_chance for each in found.values()):
            differences += [f"{each}{front.suffix}" for each in front.scores.differences()]
    holds = all(each.contains_chance for each in control.values())
    measured = {}
    for front in fronts if holds else ():
        functions = {name: function for name, function in front.scores.attacks.items() if name in chosen}
        progress(f"Attacking: {', '.join(functions)}")
        measured |= front.scores.measured(functions, ATTACKS, 1.0 - (1.0 - CONFIDENCE) / len(chosen))
    progress("Searching for copies")
    copies = {
        front.noun: copies_of(gan, front.scores.features, *front.searched, front.noun, seed, holds)
        for front in fronts
        if front.searched
    }
    disclosure = None
    if kind_of(gan) == "table" and not gan.reads_pairs and holds:
        progress("Guessing hidden columns")
        scores = fronts[0].scores
        cells = [scores.cells(rows.samples) for rows in (scores.parts.members, scores.parts.others, scores.generated)]
        disclosure = disclosure_of(scores.columns, *cells, CONFIDENCE, seed)
    progress(f"Audited in {duration(time.monotonic() - start)}")
    return Audit(measured, control, differences, copies, disclosure, left_out, fronts[0].numbers, _promise(gan), noun)


@dataclasses.dataclass(frozen=True)
class _Front:
    """What is attacked at once: all rows, or a domain of a translation.

    Attributes:
        scores: The `AttackScores`.
        noun: Plural noun of the rows.
        searched: Training, held-out and generated `Rows` that copies are searched in; None for none.
        key: End of the names of its controls.
        suffix: End of their titles.
    """

    scores: object
    noun: str
    searched: tuple | None
    key: str = ""
    suffix: str = ""

    @property
    def numbers(self):
        parts, generated = self.scores.parts, self.scores.generated
        return {
            "members": len(parts.members),
            "others": len(parts.others),
            "reference": 0 if parts.reference is None else len(parts.reference),
            **({} if generated is None else {"generated": len(generated)}),
        }


def _front(gan, training, held_out, num, seed, features, progress):
    noun = NOUNS[kind_of(gan)]
    progress("Reading")
    training, held_out = read_rows(gan, training, seed), read_rows(gan, held_out, seed, training)
    check_enough(len(training), len(held_out), noun)
    check_apart(*(keys_of(gan, rows.samples) for rows in (training, held_out)), noun)
    parts = divide(training, held_out, num, seed, noun)
    size = min(max(_MIN_GENERATED, 2 * len(parts.members)), _MAX_GENERATED)
    progress(f"Generating {size:,} {noun}")
    generated = generated_rows(gan, size, seed)
    scores = scores_of(gan)(gan, parts, generated, seed, features)
    return _Front(scores, noun, (training, held_out, generated))


def _translation_fronts(gan, training, held_out, num, seed):
    training, held_out = read_domains(gan, training), read_domains(gan, held_out)
    fronts, is_paired = [], len(gan.translators) == 1
    for name in training:
        noun = f"images of domain {name}"
        check_enough(len(training[name]), len(held_out[name]), noun)
        keys = (keys_of(gan, rows[name].samples) for rows in (training, held_out))
        check_apart(*keys, noun)
    for direction, translator in gan.translators.items():
        source, target = direction.split("_to_")
        made = Rows(in_graph(functools.partial(call_network, translator), held_out[source].samples))
        noun = f"images of domain {target}"
        searched = training[target], held_out[target], made
        if is_paired:
            pairs = [Rows(np.concatenate([rows["a"].samples, rows["b"].samples], axis=-1)) for rows in (training, held_out)]
            parts = divide(*pairs, num, seed, "pairs")
            fronts.append(_Front(TranslationScores(gan, parts, None, seed), noun, searched))
        else:
            parts = divide(training[target], held_out[target], num, seed, noun)
            scores = TranslationScores(gan, parts, target, seed)
            fronts.append(_Front(scores, noun, searched, f"_{target}", f" of domain {target}"))
    return fronts


def _chosen(fronts, attacks):
    """Returns the names of the attacks to make, and the reasons why others are left out, by name."""
    available = [name for front in fronts for name in front.scores.attacks]
    left_out = {name: reason for front in fronts for name, reason in front.scores.left_out.items()}
    if isinstance(attacks, str):
        return available, left_out
    if not attacks:
        raise ValueError(f"Got no attack. Expected some of {', '.join(available)}.")
    for name in attacks:
        if name in left_out:
            raise ValueError(f"Got the attack {name!r}, and {left_out[name]}. {choice_of(None, available)}.")
        if name not in available:
            raise ValueError(f"Got the attack {name!r}. {choice_of(name, available)}.")
    return list(dict.fromkeys(attacks)), {}


def _promise(gan):
    """Returns what differential privacy promises of any attack on a GAN, or None."""
    if gan.privacy is None or not gan.privacy.steps_spent:
        return None
    epsilon, delta = gan.privacy.epsilon_spent, gan.privacy.delta
    return {"epsilon": epsilon, "delta": delta, "tpr": {rate: largest_rate(epsilon, delta, rate) for rate in RATES}}


def largest_rate(epsilon, delta, false_alarms):
    """Returns the largest share of members that an attack on a private training can find at a share of false alarms.

    Reference: [Kairouz et al., 2015](https://arxiv.org/abs/1311.0776), theorem 2.1.
    """
    bounds = math.exp(epsilon) * false_alarms + delta, 1.0 - math.exp(-epsilon) * (1.0 - delta - false_alarms)
    return min(1.0, *bounds)
