"""Characters as tokens: any script, no segmentation needed."""

import keras
import tensorflow as tf

from gan_keras.codecs.text import TextCodec


@keras.saving.register_keras_serializable(package="gan_keras")
class CharacterCodec(TextCodec):
    """One token a Unicode character (code point); white space is kept as it is. An unknown character decodes to `�`.

    See `TextCodec` for the arguments.
    """

    unknown_mark = "\ufffd"

    def _tokenize(self, strings):
        return tf.strings.unicode_split(strings, "UTF-8")

    def detokenize(self, tokens):
        """Joins characters: ragged string `[batch, (characters)]` -> string `[batch]`."""
        return tf.strings.reduce_join(tokens, axis=-1)


# --- Words and punctuation as tokens, split and joined without loss by TensorFlow's own string ops.

JOINER = "\uffed"
JOINER_IN_TEXT = "\u25a0"
SPACE = r"[\x{9}-\x{d}\x{1c}-\x{1f}\x{85}\p{Z}]+"
LETTERS = r"[\p{L}\p{M}\p{N}_]+"
WORD = rf"{LETTERS}(?:['’.\-]{LETTERS}|,\p{{N}}+)*"
PUNCTUATION = r"[\p{P}\p{S}][\p{P}\p{S}\p{M}\x{200d}]*"


@keras.saving.register_keras_serializable(package="gan_keras")
class WordCodec(TextCodec):
    """One token a word, one token a run of punctuation: "The wheel." becomes `The`, `wheel`, `￭.`.

    The joiner `￭` (U+FFED) stands where punctuation touched its neighbour, so that decoding gives the text back,
    except that runs of white space become one space (and `￭` in the text becomes `■`). Apostrophes, hyphens and dots
    between letters, and commas before digits, stay inside their word: don't, state-of-the-art, 3.5, 1,000. An unknown
    word decodes to `<unk>`. See `TextCodec` for the arguments.
    """

    def _tokenize(self, strings):
        return split_words(strings)

    def detokenize(self, tokens):
        """Joins tokens with spaces, except where a joiner says otherwise: ragged `[batch, (tokens)]` -> `[batch]`."""
        return join_words(tf.strings.reduce_join(tokens, axis=-1, separator=" "))

    def unknown_words(self, line):
        """The words of one line that the vocabulary lacks, as a list of `str` without joiners."""
        return [word.replace(JOINER, "") for word in super().unknown_words(line)]


def split_words(strings):
    """Splits valid UTF-8 into words and marked punctuation: string `[batch]` -> ragged string `[batch, (tokens)]`.

    RE2 cannot look around, so joiners are first put around every run of punctuation and, as one replacement serves
    both, after every word. Those that enclose nothing and those beside white space (two spaces) are then taken away.
    """
    replacements = [
        (JOINER, JOINER_IN_TEXT),
        (SPACE, " "),
        (rf"({WORD})|({PUNCTUATION})", rf"\1 {JOINER}\2{JOINER} "),
        (f" {JOINER}{JOINER} ", ""),
        (f"{JOINER}(?:  | $)", " "),
        (f"(?:^ |  ){JOINER}", " "),
    ]
    for pattern, replacement in replacements:
        strings = tf.strings.regex_replace(strings, pattern, replacement)
    return tf.strings.split(strings)


def join_words(strings):
    """Takes the joiners out of space-separated tokens, with the space that each stands for."""
    return tf.strings.regex_replace(strings, f" ?{JOINER} ?", "")
