"""Penn Treebank tokens, the units in which the published text-GAN scores are counted."""

import re

# The order matters: each rule reads the text that the rules before it left behind.
_RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # Quotes that open.
        (r"[«“‘„]|``?", r" \g<0> "),
        (r'^"', " `` "),
        (r"""([ (\[{<])(?:"|'')""", r"\1 `` "),
        (r"(?i)(?<!\w)'(?!(?:re|ve|ll|m|t|s|d|n)\b)(?=\w)", "' "),
        # The full stop that ends the line; any other belongs to its word, as in "u.s. flag".
        (r"""([^.])\.([\])}>"'»”’ ]*+)\s*$""", r"\1 . \2 "),
        (r"([:,])(\D)", r" \1 \2"),
        (r"[:,]$", r" \g<0> "),
        (r"\.{2,}", r" \g<0> "),
        (r"[;@#$%&?!\u2012-\u2015]", r" \g<0> "),
        (r"([^'])' ", r"\1 ' "),
        (r"[*\[\](){}<>]|--", r" \g<0> "),
        # A space on both sides lets the rules below see the ends of the line as the ends of a word.
        (r"^|$", " "),
        # Quotes that close, and clitics.
        (r"[»”’]", r" \g<0> "),
        (r"''|\"", " '' "),
        (r"\s+", " "),
        (r"([^' ])('[sSmMdD]|') ", r"\1 \2 "),
        (r"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", r"\1 \2 "),
        (
            r"(?i)\b(can(?=not)|gim(?=me)|gon(?=na)|got(?=ta)|lem(?=me)|wan(?=na\s)|more(?='n)|d(?='ye))"
            r"(not|me|na|ta|'n|'ye)\b",
            r" \1 \2 ",
        ),
        (r"(?i) ('t)(is|was)\b", r" \1 \2 "),
    )
)


def bleu_tokens(line):
    """Splits a line into words, punctuation and clitics: `"a dog's bed."` is `["a", "dog", "'s", "bed", "."]`.

    These are the tokens of nltk's `NLTKWordTokenizer`. The published protocol calls `nltk.word_tokenize`, which first
    cuts the line into sentences with a model that must be downloaded. Without that model a line is one sentence: a full
    stop in its middle stays with its word (`"a dog. a cat."` has the token `"dog."`). Captions are single sentences, so
    it is nearly always the same.

    Args:
        line: String.

    Returns:
        List of strings without white space.
    """
    for pattern, replacement in _RULES:
        line = pattern.sub(replacement, line)
    return line.split()
