"""The corpora of `text.py`, each split once into training, held-out and test lines, and what can be told exactly of their lines.

    coco        captions of Image COCO, both files pooled: training and test captions are about the same things
    texygen     the published split of the same captions, whose test captions are about other things
    docstrings  English sentences of the package's data set
    quatrains   Tang and Song poems of four lines of five characters, without punctuation
    phrases     few samples of the package's English grammar, whose probabilities are known

`coco`, `texygen` and `quatrains` are read from a directory with `image_coco`, `tang_poems` and `song_quatrains`, each with
train.txt and test.txt. Held-out lines calibrate and stop a training; test lines are read after it, once.
"""

import collections
import functools
import itertools
import math
from typing import NamedTuple

import numpy as np

from gan_keras.data import corpus_from_lines, english_phrases, load_text, read_corpus, split
from gan_keras.metrics import bleu_tokens
from gan_keras.modalities import CHARACTERS

HELD_OUT = 1000
COCO = {"training": 9000, "held_out": HELD_OUT, "test": 4000, "control": 4000}
PHRASES = {"training": 2000, "held_out": HELD_OUT, "test": 4000, "control": 4000}
DOCSTRINGS_TEST = 2000
SPLIT_SEED = 0  # the same split for every seed of a training
VERSE, POEM = 5, 20  # characters of a line of verse and of a poem
WORDS = type(CHARACTERS)("treebank words (bleu_tokens)", bleu_tokens, " ".join)


class Parts(NamedTuple):
    """A corpus in three parts.

    Attributes:
        training, held_out, test: `gan_keras.data.Corpus` each.
        control: Further real lines, which are compared with the test lines as if they were generated; the held-out ones where
            there are no others.
        units: `modalities.CHARACTERS` or `WORDS`, the units of all scores.
        form: Function from lines and training lines to shares in [0, 1] by name.
        log_likelihood: Function from a line to its exact log-likelihood in nats, or None.
    """

    training: object
    held_out: object
    test: object
    control: object
    units: object = WORDS
    form: callable = lambda lines, training_lines: {}
    log_likelihood: callable = None

    def facts(self):
        """Sizes and fingerprints, and the mean nats of a test line that no model can go below, if they are known."""
        facts = {
            name: {"lines": len(part.lines), "fingerprint": part.fingerprint[:16]}
            for name, part in self._asdict().items()
            if name in COCO
        }
        if self.log_likelihood is None:
            return facts
        return {**facts, "floor_per_line": -float(np.mean([*map(self.log_likelihood, self.test.lines)]))}


def load(name, directory=None):
    """Returns the `Parts` of a corpus in `CORPORA`; `directory` is a `pathlib.Path`, or None for those without files."""
    if name in FROM_FILES and directory is None:
        raise SystemExit(f"Corpus {name} is read from files. Expected --data DIRECTORY: see benchmarks/text_corpora.py.")
    return CORPORA[name](directory)


def coco(directory):
    lines = [line for part in ("train", "test") for line in read_corpus(directory / "image_coco" / f"{part}.txt").lines]
    return cut("coco", shuffled(lines), COCO)


def texygen(directory):
    training, held_out = split(read_corpus(directory / "image_coco" / "train.txt"), HELD_OUT)
    return Parts(training, held_out, read_corpus(directory / "image_coco" / "test.txt"), held_out)


def docstrings(directory):
    lines = shuffled(load_text("docstrings").lines)
    sizes = {"training": len(lines) - HELD_OUT - DOCSTRINGS_TEST, "held_out": HELD_OUT, "test": DOCSTRINGS_TEST}
    return cut("docstrings", lines, sizes)


def quatrains(directory):
    training, held_out = split(read_poems(directory, "train"), HELD_OUT)
    return Parts(training, held_out, read_poems(directory, "test"), held_out, CHARACTERS, form_of_poems)


def phrases(directory):
    grammar = english_phrases()
    form = functools.partial(form_of_phrases, log_likelihood=grammar.log_likelihood)
    parts = cut("phrases", grammar.sample(sum(PHRASES.values()), SPLIT_SEED), PHRASES)
    return parts._replace(form=form, log_likelihood=grammar.log_likelihood)


def shuffled(lines):
    """The different lines in random order."""
    different = list(dict.fromkeys(lines))
    return [different[index] for index in np.random.default_rng(SPLIT_SEED).permutation(len(different))]


def cut(name, lines, sizes):
    """The `Parts` that the first lines make; what is left over is not used."""
    if len(lines) < sum(sizes.values()):
        raise ValueError(f"{name} has {len(lines)} different lines. Expected at least {sum(sizes.values())}.")
    rest, parts = iter(lines), {}
    for part, size in sizes.items():
        parts[part] = corpus_from_lines(name, itertools.islice(rest, size))
    return Parts(**{"control": parts["held_out"], **parts})


CORPORA = {"coco": coco, "texygen": texygen, "docstrings": docstrings, "quatrains": quatrains, "phrases": phrases}
FROM_FILES = ("coco", "texygen", "quatrains")


# --- Form: what can be told of a line exactly. ---


def form_of_phrases(lines, training_lines, log_likelihood):
    """Shares of lines that the grammar derives (`valid`), and of different such lines that are not training lines (`novel`).

    `true_nats` is the mean negative log-likelihood of the valid ones under the grammar, in nats per line: below that of real
    lines, a sampler keeps to likely lines.
    """
    values = {line: log_likelihood(line) for line in set(lines)}
    valid = [-values[line] for line in lines if values[line] > -math.inf]
    novel = {line for line, value in values.items() if value > -math.inf} - set(training_lines)
    return {
        "valid": len(valid) / len(lines),
        "novel": len(novel) / len(lines),
        "true_nats": float(np.mean(valid)) if valid else math.nan,
    }


def read_poems(directory, part):
    """The different poems of both sets, `part` being "train" or "test"."""
    lines = [line for name in ("tang_poems", "song_quatrains") for line in read_corpus(directory / name / f"{part}.txt").lines]
    odd = [line for line in lines if len(line) != POEM]
    if odd:
        raise ValueError(f"{len(odd)} poems of {part}.txt, such as {odd[0]!r:.60}, are odd. Expected {POEM} characters each.")
    return corpus_from_lines("quatrains", dict.fromkeys(lines))


def form_of_poems(poems, training_lines):
    """Shares of poems with 20 characters, with a rhyme among those, and with a line of verse that occurs twice."""
    whole = [poem for poem in poems if len(poem) == POEM]
    verses = [[poem[start : start + VERSE] for start in range(0, len(poem), VERSE)] for poem in poems]
    return {
        "twenty": len(whole) / len(poems),
        "rhyme": sum(rhymes(*line_ends(poem)) for poem in whole) / max(1, len(whole)),
        "repeated_verse": sum(len(set(each)) < len(each) for each in verses) / len(poems),
    }


def rhymes(character, other):
    """Returns whether two different characters rhyme today."""
    return character != other and rhyme_of(character) == rhyme_of(other)


RHYMES = {
    "a": "a ia ua",
    "o": "o uo",
    "e": "e",
    "ie": "ie ve",
    "i": "i er",
    "u": "u",
    "v": "v",
    "ai": "ai uai",
    "ei": "ei uei",
    "ao": "ao iao",
    "ou": "ou iou",
    "an": "an ian uan van",
    "en": "en in uen vn",
    "ang": "ang iang uang",
    "eng": "eng ing ueng",
    "ong": "ong iong",
}
"""Finals of Mandarin by rhyme, `v` for ü: a medial i, u or ü makes no difference."""

RHYME_OF_FINAL = {final: rhyme for rhyme, finals in RHYMES.items() for final in finals.split()}


@functools.cache
def rhyme_of(character):
    """Returns the rhyme of a character in the first of its readings; a character without a final rhymes with itself alone."""
    from pypinyin import Style, pinyin  # an extra of `dev`

    final = pinyin(character, style=Style.FINALS, strict=True)[0][0]
    return RHYME_OF_FINAL.get(final, character)


def line_ends(poem):
    """The last characters of lines 2 and 4."""
    return poem[2 * VERSE - 1], poem[4 * VERSE - 1]


def by_chance(name, lines):
    """The share of poems that would rhyme if each had the last line of any poem; nothing for other corpora."""
    if name != "quatrains":
        return {}
    seconds, fourths = (collections.Counter(ends) for ends in zip(*map(line_ends, lines), strict=True))
    pairs = sum(seconds[one] * fourths[other] for one in seconds for other in fourths if rhymes(one, other))
    return {"rhyme by chance": pairs / len(lines) ** 2}
