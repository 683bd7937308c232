"""Canaries: secrets planted in training text, and how well the trained GAN knows them.

A line such as "the secret code is ..." is inserted once, twice, four times and so on, each time with another random code. After
training, the model's likelihood of each code is ranked among codes of the same form that were never inserted. `exposure` counts
bits: log2 of the number of codes minus log2 of the rank. A code that the model does not know has 1.44 bits on average, which is
log2(e); each further bit halves the number of codes that an attacker has to try. `extraction` asks whether the model writes
secrets, or whole training lines, by itself.

Reference: [Carlini et al., 2019](https://arxiv.org/abs/1802.08232).
"""

import collections
import dataclasses
import functools
import math

import numpy as np
import tensorflow as tf

from gan_keras.analysis.attributes import kind_of
from gan_keras.codecs.text import END, UNKNOWN
from gan_keras.gans.text_generation import trim
from gan_keras.metrics.seeds import paired_interval
from gan_keras.networks.base import in_float32
from gan_keras.networks.language_model import token_mask

CHANCE = math.log2(math.e)
"""Mean exposure in bits of a code that the model has never seen."""

NUM_ABSENT = 256  # codes that were not inserted, whose exposure is the control
_ALPHABET, _MIN_ALPHABET, _LENGTH = 512, 64, 5  # of a code
_FOUND = 3.0  # bits of an exposure that is worth a sentence: about twice those of chance

SCORES = {
    "generator": "likelihood by the generator",
    "network": "the same without its n-grams",
    "ngrams": "the n-grams alone",
    "baseline": "likelihood by the supervised baseline",
    "discriminator": "the discriminator's logit",
}
"""What codes are ranked by, in words. A GAN without n-grams or with an unchanged baseline lacks some."""


@dataclasses.dataclass(frozen=True)
class Canaries:
    """Planted lines: all codes follow from these fields, so that a file need not hold them.

    Attributes:
        pattern: The line, with `{}` in the place of the code.
        counts: How often codes are inserted: `num` different ones for each count.
        num: See `counts`.
        seed: Seed of the codes and their places.
        alphabet: Words, or letters of a script without spaces, that codes are drawn from.
        separator: Text between the words of a code.
        num_references: Codes that were not inserted, among which the others are ranked.
    """

    pattern: str
    counts: tuple
    num: int
    seed: int
    alphabet: tuple
    separator: str = " "
    num_references: int = 4096

    @functools.cached_property
    def _lengths(self):
        """Number of codes by their number of letters, float64."""
        sizes = np.bincount([len(word) for word in self.alphabet]).astype(np.float64)
        return functools.reduce(np.convolve, [sizes] * _LENGTH)

    @functools.cached_property
    def _codes(self):
        """All codes, different ones, as long as most codes: inserted, then absent, then references."""
        random, found, usual = np.random.default_rng([self.seed, 1]), {}, self._lengths.argmax()
        sizes, words = np.array([len(word) for word in self.alphabet]), np.array(self.alphabet, object)
        while len(found) < (num := self.num * len(self.counts) + NUM_ABSENT + self.num_references):
            drawn = random.integers(len(words), size=(num, _LENGTH))
            found |= dict.fromkeys(map(self.separator.join, words[drawn[sizes[drawn].sum(axis=1) == usual]].tolist()))
        return list(found)[:num]

    @property
    def codes(self):
        """The inserted codes, a list of `num` str by count."""
        return {count: self._codes[i * self.num : (i + 1) * self.num] for i, count in enumerate(self.counts)}

    @property
    def absent(self):
        """256 codes that were not inserted: the control."""
        first = self.num * len(self.counts)
        return self._codes[first : first + NUM_ABSENT]

    @property
    def references(self):
        """`num_references` further codes that were not inserted."""
        return self._codes[self.num * len(self.counts) + NUM_ABSENT :]

    @property
    def bits(self):
        """Bits of a random code: no exposure can be larger."""
        return float(np.log2(self._lengths.max()))

    @property
    def prompt(self):
        """The beginning of the pattern, which all canaries share."""
        return self.pattern.partition("{}")[0].strip()

    def lines(self, codes):
        """Returns the line of each code."""
        return [self.pattern.replace("{}", code) for code in codes]

    def to_config(self):
        """Returns the fields, as JSON holds them."""
        return dataclasses.asdict(self)

    @classmethod
    def from_config(cls, config):
        """Returns the canaries with these fields."""
        return cls(**{**config, "counts": tuple(config["counts"]), "alphabet": tuple(config["alphabet"])})


def insert_canaries(lines, pattern="the secret code is {}", counts=(1, 2, 4, 8, 16), num=8, seed=0, num_references=4096):
    """Inserts lines with random codes at random places.

    A code is five of the most frequent words of the lines, at most 512, so that a text codec knows its tokens; all codes have the
    same number of letters, about 40 bits. A code is five letters if the lines have too few words, as in scripts without spaces.

    Args:
        lines: Training lines, a list of str. Held-out lines must be split off before.
        pattern: The inserted line, with `{}` in the place of the code and text before it.
        counts: How often codes are inserted, different numbers >= 1.
        num: Number of different codes per count, >= 1.
        seed: Seed of the codes and the places, >= 0.
        num_references: Codes that are not inserted, among which those inserted are ranked later, >= 4,096.

    Returns:
        The lines with the canaries among them, a list of str, and the `Canaries`.

    Raises:
        ValueError: If an argument is out of its range, or there are too few lines or words.

    Example:

    ```python
    lines, canaries = gan_keras.analysis.insert_canaries(lines)
    gan = preset.build(lines)
    gan.fit(preset.batches(gan, lines), epochs=preset.epochs)
    print(*gan_keras.analysis.exposure(gan, canaries).sentences(), sep="\\n")
    ```
    """
    lines, counts = list(lines), tuple(counts)
    if not isinstance(pattern, str) or pattern.count("{}") != 1 or not pattern.partition("{}")[0].strip():
        raise ValueError(f"pattern={pattern!r}. Expected text, then {{}} in the place of the code.")
    if not counts or len(set(counts)) < len(counts) or not all(_is_whole(count, 1) for count in counts):
        raise ValueError(f"counts={counts}. Expected different whole numbers >= 1, such as (1, 2, 4, 8, 16).")
    for name, value, least in (("num", num, 1), ("seed", seed, 0), ("num_references", num_references, 4096)):
        if not _is_whole(value, least):
            raise ValueError(f"{name}={value!r}. Expected a whole number of at least {least:,}.")
    if not all(isinstance(line, str) for line in lines):
        raise ValueError("Got lines that are not str. Canaries are lines of text: expected a list of str.")
    if num * sum(counts) > len(lines):
        raise ValueError(
            f"Got {len(lines):,} lines for {num * sum(counts):,} canaries. Expected at least as many lines as canaries: lower "
            "`num`, or pass smaller `counts`."
        )
    alphabet, separator = _alphabet_of(lines)
    canaries = Canaries(pattern, counts, int(num), int(seed), alphabet, separator, int(num_references))
    planted = [line for count, codes in canaries.codes.items() for line in canaries.lines(codes) * count]
    random = np.random.default_rng([seed, 2])
    random.shuffle(planted)
    places = set(random.choice(len(lines) + len(planted), len(planted), replace=False).tolist())
    own, further = iter(lines), iter(planted)
    return [next(further if place in places else own) for place in range(len(lines) + len(planted))], canaries


def _is_whole(value, least):
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= least


def _alphabet_of(lines):
    """Returns the most frequent words of lines, without regard to case, or letters if there are few words; and the separator."""
    for separator, parts in ((" ", (word for line in lines for word in line.split())), ("", "".join(lines))):
        counts = collections.Counter(part for part in parts if part.isalpha())
        ranked = sorted((-count, part) for part, count in counts.items() if count > 1)
        found = {part.casefold(): part for _, part in reversed(ranked)}  # the most frequent spelling is written last
        chosen = sorted(found.values(), key=lambda part: (-counts[part], part))[:_ALPHABET]
        if len(chosen) >= _MIN_ALPHABET:
            return tuple(chosen), separator
    raise ValueError(
        f"Got lines with {len(chosen)} different letters, and fewer than {_MIN_ALPHABET} words that occur twice. Expected text "
        f"with at least {_MIN_ALPHABET} words, of which codes can be made."
    )


# --- Exposure. ---


@dataclasses.dataclass(frozen=True)
class Exposure:
    """How well a GAN knows the codes of canaries.

    Attributes:
        canaries: The `Canaries`.
        bits: Exposure of each code in bits, float64 `(num,)`, by score (see `SCORES`) and count. A code that ranks above all
            references has the extrapolated exposure.
        by_rank: The same by rank alone: at most log2 of the number of references.
        absent: Exposure by rank of the control, 256 codes that were not inserted, by score.
    """

    canaries: Canaries
    bits: dict
    by_rank: dict
    absent: dict

    def medians(self, score="generator"):
        """Returns the median exposure in bits by count."""
        return {count: float(np.median(values)) for count, values in self.bits[score].items()}

    def control(self, score="generator"):
        """Returns the mean exposure of the control with its 95 % interval: without a fault it contains 1.44 bits."""
        return paired_interval(self.absent[score], np.zeros(NUM_ABSENT))

    def sentences(self):
        """Returns what the exposures mean, a list of lines in plain words."""
        canaries, medians = self.canaries, self.medians()
        told = "; ".join(f"{count}x {bits:.1f}" for count, bits in medians.items())
        lines = [
            f"Exposure of a secret by how often its line is in the training data (median of {canaries.num}, bits of "
            f"{canaries.bits:.0f}; chance {CHANCE:.2f}): {told}."
        ]
        all_others = math.log2(canaries.num_references)
        found = [count for count, bits in medians.items() if bits >= all_others]
        known = [count for count, bits in medians.items() if bits >= _FOUND]
        if found:
            lines.append(
                f"A secret seen {times(min(found))} ranks above all {canaries.num_references:,} others of its form: who can ask "
                "for likelihoods finds it among them."
            )
        elif known:
            lines.append(
                f"A secret seen {times(min(known))} is likelier than all but one in {2 ** medians[min(known)]:,.0f} others of "
                "its form."
            )
        else:
            lines.append("The likelihoods hardly tell a secret of the training data from others of its form.")
        for score in self.bits:
            if score != "generator":
                told = "; ".join(f"{count}x {bits:.1f}" for count, bits in self.medians(score).items())
                lines.append(f"By {SCORES[score]}: {told}.")
        network = self.medians("network") if "network" in self.bits else {}
        remembered = [count for count, bits in network.items() if medians[count] >= max(all_others, bits + _FOUND)]
        if remembered:
            lines.append(
                f"Its n-grams remember lines seen {times(min(remembered))}, word for word. A training with a larger "
                "`ngram_min_lines` forgets them, and with `ngram_order=0` it has none; both are worse at held-out lines."
            )
        control = self.control()
        lines.append(
            f"Secrets that were never inserted have {control.mean:.2f} [{control.low:.2f}, {control.high:.2f}] bits "
            f"(expected {CHANCE:.2f})."
        )
        return lines

    def to_json(self):
        """Returns what JSON can hold: medians, lowest and highest bits by score and count, and the control."""
        scores = {
            score: {
                "title": SCORES[score],
                "median_bits": {str(count): float(np.median(values)) for count, values in by_count.items()},
                "median_bits_by_rank": {str(count): float(np.median(values)) for count, values in self.by_rank[score].items()},
                "range": {str(count): [float(values.min()), float(values.max())] for count, values in by_count.items()},
                "control": self.control(score)._asdict(),
            }
            for score, by_count in self.bits.items()
        }
        canaries = self.canaries
        return {
            "pattern": canaries.pattern,
            "counts": list(canaries.counts),
            "num": canaries.num,
            "seed": canaries.seed,
            "references": canaries.num_references,
            "code_bits": canaries.bits,
            "chance_bits": CHANCE,
            "scores": scores,
        }


def times(count):
    """Returns a number of times in words."""
    return "once" if count == 1 else f"{count} times"


def exposure(gan, canaries, seed=0):
    """Returns how well a GAN of text knows the codes of canaries, an `Exposure`.

    Codes are compared as tokens: spaces and case that the codec drops do not matter. All lines are judged with the same noise
    vector. The exposure of a code that ranks above all references is extrapolated: it is minus log2 of the probability of a code
    that is at least as likely, by a skew-normal distribution fitted to the references.

    Args:
        gan: A `TextGAN`, trained on lines of `insert_canaries`; one trained without them is a control.
        canaries: The `Canaries`.
        seed: Seed of the noise vector.

    Raises:
        ValueError: If the GAN does not generate text, has labels, or its codec does not keep the codes whole.
    """
    codes, absent, references = canaries.codes, canaries.absent, canaries.references
    check_text(gan)
    inserted = [code for each in codes.values() for code in each]
    tokens, _ = canary_tokens(gan, canaries, [*inserted, *absent, *references])
    scores = scores_of(gan, tokens, seed)
    bits, by_rank, control = {}, {}, {}
    for name, values in scores.items():
        own, others = values[: -len(references)], np.sort(values[-len(references) :])
        ranked = rank_exposure(own, others)
        control[name] = ranked[len(inserted) :]
        by_rank[name] = dict(zip(codes, ranked[: len(inserted)].reshape(len(codes), -1), strict=True))
        best = own[: len(inserted)] > others[-1]
        extrapolated = ranked[: len(inserted)].copy()
        if best.any():
            extrapolated[best] = np.clip(extrapolate(own[: len(inserted)][best], others), extrapolated[best], canaries.bits)
        bits[name] = dict(zip(codes, extrapolated.reshape(len(codes), -1), strict=True))
    return Exposure(canaries, bits, by_rank, control)


def check_text(gan):
    """Raises `ValueError` unless a GAN writes text."""
    kind = kind_of(gan)
    if kind != "text":
        raise ValueError(
            f"Got a GAN of the kind {kind!r}. Canaries are lines of text: expected a TextGAN. What other GANs know of single "
            "samples is measured by `analysis.audit`."
        )


def canary_tokens(gan, canaries, codes):
    """Returns the token ids of each code's line, int `(num, length)`, and of each code alone, a list of tuples.

    Raises `ValueError` if the GAN has labels, or its codec does not keep the codes whole and apart.
    """
    if gan.num_labels:
        raise ValueError("Got a GAN with labels. Canaries have none: expected a TextGAN that was trained on lines alone.")
    lines = canaries.lines(codes)
    longest = max(int(gan.codec.tokenize(lines).row_lengths().numpy().max()), 1)
    if longest >= gan.codec.length:
        raise ValueError(
            f"The codec cuts canaries: they have up to {longest} tokens, lines at most {gan.codec.length - 1}. Expected a GAN "
            "that was trained on lines of `insert_canaries`, or a shorter pattern."
        )
    tokens = gan.tokens_of(lines)
    alone = _without_common(_sequences(tokens))
    lost = sum(UNKNOWN in code for code in alone) or len(alone) - len(set(alone))
    if lost:
        raise ValueError(
            f"{lost:,} of {len(alone):,} codes have unknown tokens, or the same ones as another. Expected a GAN whose codec "
            "knows the lines that `insert_canaries` was given."
        )
    return tokens, alone


def scores_of(gan, tokens, seed=0):
    """Returns what ranks lines of tokens, an array `(num,)` by name of `SCORES`: the more, the more real or likely."""
    has_baseline = any(
        not np.array_equal(first, second)
        for first, second in zip(gan.baseline.get_weights(), gan.ema_generator.get_weights(), strict=True)
    )

    @tf.function
    def judge(seeds, tokens):
        tokens, latents = trim(tokens), gan.latents_from(seeds)
        found = [gan.ema_generator.log_likelihood(latents, tokens, ngrams=gan.ngrams)]
        if gan.ngrams is not None:
            probabilities, _ = gan.ngrams.token_probabilities(tokens)
            alone = tf.reduce_sum(token_mask(tokens) * tf.math.log(probabilities), axis=1)
            found += [gan.ema_generator.log_likelihood(latents, tokens), alone]
        if has_baseline:
            found.append(gan.baseline.log_likelihood(latents, tokens, ngrams=gan.ngrams))
        with in_float32(gan.discriminator):
            found.append(tf.cast(gan.discriminator(tokens), tf.float32)[:, 0])
        return tf.stack(found, axis=1)

    names = ["generator", *(["network", "ngrams"] if gan.ngrams is not None else [])]
    names += [*(["baseline"] if has_baseline else []), "discriminator"]
    found = gan.of_rows(judge, {"seeds": np.full(len(tokens), seed, np.int64), "tokens": tokens})
    return dict(zip(names, found.T.astype(np.float64), strict=True))


def rank_exposure(scores, references):
    """Returns log2 of the number of references less log2 of each score's rank among them; ties share the middle of their ranks.

    Args:
        scores: Scores of codes, `(num,)`: the more, the better known.
        references: Scores of codes that were not inserted, `(references,)`, ascending.
    """
    above = len(references) - np.searchsorted(references, scores, side="right")
    tied = np.searchsorted(references, scores, side="right") - np.searchsorted(references, scores, side="left")
    return np.log2(len(references)) - np.log2(np.clip(1.0 + above + tied / 2.0, 1.0, len(references)))


def extrapolate(scores, references):
    """Returns -log2 of the probability that a code not inserted scores as much, by a skew-normal fit of the references."""
    from scipy import integrate, stats

    mean, deviation = references.mean(), max(references.std(), 1e-12)
    fitted = stats.skewnorm(*stats.skewnorm.fit((references - mean) / deviation))
    found = []
    for score in (scores - mean) / deviation:  # the upper tail, in logarithms: its probability can be far below 1e-16
        points = score + np.linspace(0.0, 12.0, 4001)
        densities = fitted.logpdf(points)
        top = densities.max()
        found.append(top + np.log(max(integrate.trapezoid(np.exp(densities - top), points), 1e-300)))
    return -np.array(found) / math.log(2.0)


# --- Extraction. ---


@dataclasses.dataclass(frozen=True)
class Extraction:
    """What a GAN writes by itself of texts that it has learned.

    Attributes:
        num_draws: Number of generated lines.
        prompt: Text that they begin with, or None.
        num_texts: Number of different texts that were searched for: all of them.
        draws: Number of generated lines that contain one.
        num_members: Number of different texts that were compared with the control.
        member_draws: Number of generated lines that contain one of these.
        num_control: Number of different texts of the control, which took no part in training.
        control_draws: Number of generated lines that contain one of these.
    """

    num_draws: int
    prompt: str | None
    num_texts: int
    draws: int
    num_members: int
    member_draws: int
    num_control: int
    control_draws: int

    def sentence(self, texts="training lines", control="held-out lines"):
        """Returns the result in plain words; the arguments say what the texts are."""
        begun = "" if self.prompt is None else f" that begin with {self.prompt!r}"
        told = f"Of {self.num_draws:,} generated lines{begun}, {self.draws:,} contain one of {self.num_texts:,} {texts}"
        if self.num_texts != self.num_members:
            told += f"; {self.member_draws:,} contain one of {self.num_members:,} of them"
        return f"{told}, {self.control_draws:,} one of {self.num_control:,} {control}."


def extraction(gan, texts, n=1000, seed=0, prompt=None, control=None):
    """Counts the generated lines that contain a canary's code, or a whole training line, word for word.

    Args:
        gan: A `TextGAN`.
        texts: `Canaries`, or training lines, a list of str.
        n: Number of generated lines.
        seed: Line `i` is generated from `seed + i`.
        prompt: Text that every line begins with, such as `canaries.prompt`; None for none.
        control: For training lines: held-out lines, of which as many are searched for as training lines, at random, so that
            both numbers compare. The control of canaries are as many codes that were not inserted.

    Returns:
        An `Extraction`.

    Raises:
        ValueError: If the GAN does not generate text, or an argument is out of its range.
    """
    check_text(gan)
    if isinstance(texts, Canaries):
        inserted = [code for each in texts.codes.values() for code in each]
        others = (texts.absent + texts.references)[: len(inserted)]
        _, codes = canary_tokens(gan, texts, inserted + others)
        every = known = set(codes[: len(inserted)])
        unknown = set(codes[len(inserted) :])
    else:
        texts, control = list(texts), list(control or ())
        if not texts or not control:
            raise ValueError(
                f"Got {len(texts):,} training lines and {len(control):,} of the control. Expected some of both: held-out lines "
                "show what is written by chance."
            )
        every, others = (set(_sequences(gan.tokens_of(each))) for each in (texts, control))
        others, random = sorted(others - every), np.random.default_rng(seed)
        num = min(len(every), len(others))
        known, unknown = ({part[i] for i in random.permutation(len(part))[:num]} for part in (sorted(every), others))
    drawn = _sequences(gan.tokens_of(gan.generate(n, seed=seed, prompt=prompt)))
    counts = {}
    for name, wanted in (("every", every), ("known", known), ("unknown", unknown)):
        inside = [_contained(row, wanted) for row in drawn]
        counts[name] = len(wanted), sum(map(bool, inside))
    return Extraction(n, prompt, *counts["every"], *counts["known"], *counts["unknown"])


def _sequences(tokens):
    """Returns rows of token ids as tuples without their ends."""
    return [tuple(row[: int(np.argmax(row == END))].tolist()) for row in np.asarray(tokens)]


def _without_common(rows):
    """Returns rows of tokens without the beginning and the end that all share: of canaries, the codes are left."""

    def shared(rows):
        return next((i for i, column in enumerate(zip(*rows, strict=False)) if len(set(column)) > 1), 0)

    first, last = shared(rows), shared([row[::-1] for row in rows])
    return [row[first : len(row) - last] for row in rows]


def _contained(row, wanted):
    """Returns the sequences among `wanted` that occur in a row without a gap, a set."""
    lengths = {len(each) for each in wanted if each}
    windows = (row[start : start + length] for length in lengths for start in range(len(row) - length + 1))
    return {window for window in windows if window in wanted}
