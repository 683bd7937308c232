"""Phrase grammars: text whose true distribution is known, so that the likelihood of any line is exact."""

import collections
import functools
import math
import random
import re

from gan_keras.data.text import grammars
from gan_keras.data.text.corpus import corpus_from_lines

NUM_LINES = 20_000
WORDS, CHARACTERS = r"\w+|[^\w\s]", r"\S"


class PhraseGrammar:
    """A probabilistic context-free grammar without recursion: finitely many lines, each with a known probability.

    Args:
        rules: Symbol -> its alternatives, a string such as `"3: the NOUN | 1: a NOUN"`: weights (1 if left out) and
            parts divided by white space. A part that is a key of `rules` is a symbol, any other is text.
        token_pattern: Regular expression of the pieces of text: `WORDS`, or `CHARACTERS` if nothing divides words.
        joiner: What stands between two tokens of a line, `" "` or `""`; never before `. , ?`.
        start: The symbol that stands for a line.

    Raises:
        ValueError: A symbol derives itself, or an alternative has a capital-letter part that is not a symbol.
    """

    def __init__(self, rules, token_pattern=WORDS, joiner=" ", start="SENTENCE"):
        self.token_pattern, self.joiner, self.start = token_pattern, joiner, start
        self.rules = {symbol: self._alternatives(text, rules) for symbol, text in rules.items()}
        self._check_finite(start, ())

    def _alternatives(self, text, rules):
        """`"3: the NOUN | a NOUN"` -> probabilities and tuples of symbols and tokens."""
        matches = [re.fullmatch(r"\s*(?:([\d.]+):)?(.*)", option, re.DOTALL) for option in text.split("|")]
        weights = [float(match[1] or 1) for match in matches]
        options = [tuple(self._parts(match[2], rules)) for match in matches]
        return [(weight / sum(weights), option) for weight, option in zip(weights, options, strict=True)]

    def _parts(self, option, rules):
        for part in option.split():
            if part not in rules and re.fullmatch("[A-Z_]{2,}", part):
                raise ValueError(f"{part} is not a symbol of the grammar. Expected one of {', '.join(rules)}.")
            yield from [part] if part in rules else self.tokens(part)

    def _check_finite(self, symbol, above):
        if symbol in above:
            raise ValueError(f"The symbol {symbol} derives itself. Expected a grammar without recursion.")
        parts = {part for _, option in self.rules[symbol] for part in option if part in self.rules}
        for part in parts:
            self._check_finite(part, (*above, symbol))

    def tokens(self, line):
        """The words and punctuation marks, or the characters, of a line."""
        return re.findall(self.token_pattern, line)

    def sample(self, num, seed):
        """Draws lines; the first ones do not depend on `num`.

        Args:
            num: Number of lines, >= 1.
            seed: int.

        Returns:
            List of strings, with repetitions as the distribution has them.
        """
        if num < 1:
            raise ValueError(f"Got num={num}. Expected at least 1 line.")
        generator = random.Random(seed)
        return [self._join(self._expand(self.start, generator)) for _ in range(num)]

    def _expand(self, symbol, generator):
        if symbol not in self.rules:
            return [symbol]
        probabilities, options = zip(*self.rules[symbol], strict=True)
        (option,) = generator.choices(options, probabilities)
        return [token for part in option for token in self._expand(part, generator)]

    def _join(self, tokens):
        return re.sub(r" ([.,?])", r"\1", self.joiner.join(tokens))

    def log_likelihood(self, line):
        """Log-probability of a line in nats, summed over its derivations; minus infinity if there is none."""
        tokens = self.tokens(line)

        @functools.cache
        def ends(part, start):
            """Where a part that starts at `start` can end -> the probability that it is what stands there."""
            if part not in self.rules:
                return {start + 1: 1.0} if start < len(tokens) and tokens[start] == part else {}
            reached = collections.Counter()
            for probability, option in self.rules[part]:
                positions = {start: probability}
                for inner in option:
                    positions = advance(positions, inner)
                reached.update(positions)
            return reached

        def advance(positions, part):
            reached = collections.Counter()
            for position, probability in positions.items():
                for end, inner_probability in ends(part, position).items():
                    reached[end] += probability * inner_probability
            return reached

        probability = ends(self.start, 0).get(len(tokens), 0.0)
        return math.log(probability) if probability else -math.inf

    @functools.cached_property
    def entropy(self):
        """Entropy of a derivation in nats.

        Where each line has one derivation, as in the two grammars here, it is the entropy of a line: the lowest mean
        negative log-likelihood of a line that any model can reach on the grammar's samples.
        """

        @functools.cache
        def entropy_of(part):
            return sum(
                probability * (sum(map(entropy_of, option)) - math.log(probability))
                for probability, option in self.rules.get(part, ())
            )

        return entropy_of(self.start)

    @functools.cached_property
    def num_derivations(self):
        """Number of derivations: of lines, where each line has one."""

        @functools.cache
        def count(part):
            return sum(math.prod(map(count, option)) for _, option in self.rules[part]) if part in self.rules else 1

        return count(self.start)


def english_phrases():
    """The English grammar: agreement of subject and verb across clauses, `a` and `an`, questions."""
    return PhraseGrammar(grammars.ENGLISH_RULES)


def chinese_phrases():
    """The Chinese grammar: the measure word fits its noun, the verb its object."""
    return PhraseGrammar(grammars.CHINESE_RULES, CHARACTERS, joiner="")


def load_english_phrases():
    """Loads the `english_phrases` corpus: 20,000 samples of the English grammar."""
    return corpus_from_lines("english_phrases", english_phrases().sample(NUM_LINES, seed=0))


def load_chinese_phrases():
    """Loads the `chinese_phrases` corpus: 20,000 samples of the Chinese grammar."""
    return corpus_from_lines("chinese_phrases", chinese_phrases().sample(NUM_LINES, seed=0))
