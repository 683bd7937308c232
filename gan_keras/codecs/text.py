"""Text as token ids, inside the TensorFlow graph: what all text codecs share, characters, and words."""

import abc
import collections
import numbers

import keras
import numpy as np
import tensorflow as tf

from gan_keras.codecs.base import Codec
from gan_keras.media.safe_files import replace_whole

PADDING, START, END, UNKNOWN = range(4)
DEFAULT_MAX_LENGTH = 128
BATCH_SIZE = 4096

JOINER = "\uffed"
JOINER_IN_TEXT = "\u25a0"
SPACE = r"[\x{9}-\x{d}\x{1c}-\x{1f}\x{85}\p{Z}]+"
LETTERS = r"[\p{L}\p{M}\p{N}_]+"
WORD = rf"{LETTERS}(?:['’.\-]{LETTERS}|,\p{{N}}+)*"
PUNCTUATION = r"[\p{P}\p{S}][\p{P}\p{S}\p{M}\x{200d}]*"


class TextCodec(Codec, abc.ABC):
    """Invertible map between strings and rows of token ids, learned from lines of text by `adapt`.

    Ids 0 to 3 are padding, start, end and unknown; the sorted vocabulary follows from 4. A row holds the tokens of a
    line, then `END`, then `PADDING`, without the start token.

    Args:
        fold_case: Whether to convert text to lower case first.
        max_vocabulary: Maximum size of the vocabulary, including the four special entries; `None` for no limit.
        min_count: Tokens seen fewer times than this become unknown.
        length: Tokens per row, including `END`; longer lines are cut. `None`: enough for the longest line passed to
            `adapt`, at most 128.
        vocabulary: A vocabulary learned before, the four special entries first; `adapt` is then not needed.

    Raises:
        ValueError: If a limit leaves no room for a token, or a vocabulary lacks the special entries.
    """

    raw_dtype, output_name, unknown_mark, checks_values = tf.string, "text", "<unk>", True

    def scale_of(self, values):
        """Raises `ValueError` unless values are token ids."""
        if values.dtype.kind not in "iu" or values.low < 0 or values.high >= self.vocabulary_size:
            raise ValueError(
                f"Got tokens as {values.text}. Expected lines of text, or ids from 0 to {self.vocabulary_size - 1} as "
                "`codec.encode(lines)` returns them."
            )

    def __init__(self, fold_case=False, max_vocabulary=None, min_count=1, length=None, vocabulary=None):
        limits = {"max_vocabulary": (max_vocabulary, UNKNOWN + 2), "min_count": (min_count, 1), "length": (length, 2)}
        for name, (value, low) in limits.items():
            if value is not None and (not isinstance(value, numbers.Integral) or value < low):
                raise ValueError(f"{name}={value!r}; expected an integer of at least {low}.")
        self.fold_case, self.max_vocabulary, self.min_count, self.length = fold_case, max_vocabulary, min_count, length
        self.report = {}
        self._vocabulary = None
        if vocabulary is not None:
            self.length = length or DEFAULT_MAX_LENGTH
            self._set_vocabulary(vocabulary)

    @abc.abstractmethod
    def _tokenize(self, strings):
        """Splits valid UTF-8: string `[batch]` -> ragged string `[batch, (tokens)]`."""

    @abc.abstractmethod
    def detokenize(self, tokens):
        """Joins tokens into text: ragged string `[batch, (tokens)]` -> string `[batch]`."""

    def write_samples(self, path, lines):
        """Writes texts, one per line, to `path` with the suffix `.txt`."""
        content = "".join(f"{line}\n" for line in lines).encode()
        replace_whole(path.with_suffix(".txt"), lambda temporary: temporary.write_bytes(content))

    def tokenize(self, strings):
        """Splits text: string `[batch]` -> ragged string `[batch, (tokens)]`; invalid UTF-8 becomes U+FFFD."""
        return self._tokenize(self._clean(strings))

    def encode(self, strings):
        """Text to ids: string `[batch]` -> int32 `[batch, length]`, with exactly one `END` per row."""
        tokens, num_tokens = self.encode_prompt(strings)
        return tf.where(tf.range(self.length) == num_tokens[:, tf.newaxis], END, tokens)

    def encode_prompt(self, strings):
        """Encodes the beginning of a text that a generator continues: string `[batch]` to ids without `END`.

        Returns:
            int32 `[batch, length]`, and the number of tokens per row, int32 `[batch]`, at most `length - 1`.
        """
        ids = self._lookup(self.tokenize(strings))[:, : self.length - 1]
        return ids.to_tensor(PADDING, shape=[None, self.length]), tf.cast(ids.row_lengths(), tf.int32)

    def decode(self, ids):
        """Ids to text: integers `[batch, any]` -> string `[batch]`; stops at the first `END`, skips special ids."""
        ids = tf.ensure_shape(ids, [None, None])
        keep = tf.logical_and(tf.cumsum(tf.cast(ids == END, tf.int32), axis=1) == 0, ids >= UNKNOWN)
        tokens = tf.gather(tf.constant(self._token_array()), tf.boolean_mask(ids, keep))
        return self.detokenize(tf.RaggedTensor.from_row_lengths(tokens, tf.math.count_nonzero(keep, axis=1)))

    def adapt(self, lines):
        """Learns the vocabulary and, unless the constructor set it, the length; fills `report`.

        Args:
            lines: Iterable of `str` or UTF-8 `bytes`, one sample each. Blank lines are dropped, invalid bytes replaced.
        """
        texts, counts = read_lines(lines)
        self._set_vocabulary([*self._special_tokens(), *sorted(self._learn(texts))])
        num_tokens, num_unknown = self._measure(texts)
        self.length = self.length or min(int(num_tokens.max()) + 1, DEFAULT_MAX_LENGTH)
        self.report = counts | {
            "longest_line": int(num_tokens.max()),
            "cut_lines": int(np.sum(num_tokens >= self.length)),
            "tokens": int(num_tokens.sum()),
            "unknown_tokens": num_unknown,
            "unknown_share": num_unknown / max(int(num_tokens.sum()), 1),
            "vocabulary_size": self.vocabulary_size,
        }

    def tokens(self, line):
        """Tokens of one line as a list of `str`, for metrics and reports."""
        return [token.decode() for token in self.tokenize([line]).flat_values.numpy()]

    def unknown_words(self, line):
        """Words of one line that the vocabulary lacks, as a list of `str`."""
        tokens = self.tokenize([line])
        unknown = self._lookup(tokens).flat_values == UNKNOWN
        return [token.decode() for token in tokens.flat_values.numpy()[unknown.numpy()]]

    def check_prompt(self, prompt):
        """Raises `ValueError` unless a prompt is text, of known words, with fewer tokens than a line can have."""
        if not isinstance(prompt, str):
            raise ValueError(f"prompt={prompt!r}. Expected text (str), or a list with a text per sentence.")
        if unknown := self.unknown_words(prompt):
            raise ValueError(
                f"The prompt contains words that the model does not know: {', '.join(map(repr, unknown))}. "
                "Expected words of the training lines, spelled as there."
            )
        if (num := len(self.tokens(prompt))) >= self.length:
            raise ValueError(f"The prompt has {num} tokens. Expected at most {self.length - 1}.")

    @property
    def vocabulary(self):
        """List of `str`: entry `i` has id `i`."""
        self._check_adapted()
        return list(self._vocabulary)

    @property
    def vocabulary_size(self):
        """Number of ids, including the four special ones."""
        self._check_adapted()
        return len(self._vocabulary)

    @property
    def trackables(self):
        """Objects that a SavedModel must track besides the variables: the lookup table."""
        self._check_adapted()
        return [self._table]

    def get_config(self):
        """The constructor's arguments, including what `adapt` learned, and its report."""
        names = ("fold_case", "max_vocabulary", "min_count", "length", "report")
        return {name: getattr(self, name) for name in names} | {"vocabulary": self._vocabulary}

    @classmethod
    def from_config(cls, config):
        """Returns the same codec, already adapted."""
        codec = cls(**{name: value for name, value in config.items() if name != "report"})
        codec.report = dict(config["report"])
        return codec

    def _learn(self, texts):
        """The most frequent tokens, sorted by their characters if equally frequent."""
        counts = self._count(self.tokenize, texts)
        del counts[self.unknown_mark]  # a text may contain U+FFFD; a Counter accepts missing keys
        ranked = sorted((-count, token) for token, count in counts.items() if count >= self.min_count)
        room = None if self.max_vocabulary is None else self.max_vocabulary - len(self._special_tokens())
        return [token for _, token in ranked[:room]]

    def _count(self, tokenize, texts):
        counts = collections.Counter()
        for batch in batches(texts):
            tokens, _, num = tf.unique_with_counts(tokenize(batch).flat_values)
            counts.update(dict(zip((token.decode() for token in tokens.numpy()), num.numpy().tolist(), strict=True)))
        return counts

    def _measure(self, texts):
        """Number of tokens of each line, int64 `[lines]`, and of unknown tokens."""
        rows = [self._lookup(self.tokenize(batch)) for batch in batches(texts)]
        unknown = sum(int(tf.math.count_nonzero(row.flat_values == UNKNOWN)) for row in rows)
        return np.concatenate([row.row_lengths().numpy() for row in rows]), unknown

    def _clean(self, strings):
        strings = tf.ensure_shape(tf.convert_to_tensor(strings, tf.string), [None])
        strings = tf.strings.unicode_transcode(strings, "UTF-8", "UTF-8", errors="replace")
        return tf.strings.lower(strings, encoding="utf-8") if self.fold_case else strings

    def _lookup(self, tokens):
        self._check_adapted()
        return tokens.with_flat_values(self._table.lookup(tokens.flat_values))

    def _special_tokens(self):
        return ["<pad>", "<start>", "<end>", self.unknown_mark]

    def _set_vocabulary(self, vocabulary):
        special = self._special_tokens()
        if len(vocabulary) == len(special):
            raise ValueError("The vocabulary holds no token: lower `min_count` or raise `max_vocabulary`.")
        if list(vocabulary[: len(special)]) != special:
            raise ValueError(f"The vocabulary starts with {list(vocabulary[:4])}; expected {special}, then the tokens.")
        self._vocabulary = list(vocabulary)
        ids = np.arange(len(special), len(vocabulary), dtype=np.int32)
        with tf.init_scope():  # outside any graph that is being traced, so that later graphs can use the table too
            tokens = tf.constant(self._token_array()[len(special) :], tf.string)
            initializer = tf.lookup.KeyValueTensorInitializer(tokens, ids)
            self._table = tf.lookup.StaticHashTable(initializer, default_value=UNKNOWN)

    def _token_array(self):
        self._check_adapted()
        return np.array([token.encode() for token in self._vocabulary], dtype=object)

    def _check_adapted(self):
        if self._vocabulary is None:
            raise ValueError(f"This {type(self).__name__} has no vocabulary yet: call `codec.adapt(lines)` first.")


def batches(texts):
    """Splits a list into parts that fit in memory as tokens."""
    return (texts[start : start + BATCH_SIZE] for start in range(0, len(texts), BATCH_SIZE))


def read_lines(lines):
    """Returns the lines that are not blank, as a list of `str`, and a dictionary of counts; see `TextCodec.adapt`."""
    if isinstance(lines, (str, bytes)):
        raise ValueError("Got one string; expected a list of lines: use `text.splitlines()`.")
    texts, invalid, empty = [], 0, 0
    for line in lines:
        if not isinstance(line, (str, bytes)):
            raise ValueError(f"Got a line of type {type(line).__name__}: {line!r:.80}; expected str or bytes.")
        content = line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass")
        text = content.decode(errors="replace")
        invalid += text.encode() != content
        empty += not text.strip()
        texts += [text] if text.strip() else []
    if not texts:
        raise ValueError(f"Got {empty} lines, all of them empty; expected at least one line of text.")
    return texts, {"lines": len(texts), "empty_lines": empty, "invalid_lines": invalid}


@keras.saving.register_keras_serializable(package="gan_keras")
class CharacterCodec(TextCodec):
    """One token per Unicode character (code point), including white space. An unknown character decodes to `�`.

    See `TextCodec` for the arguments.
    """

    unknown_mark = "\ufffd"

    def _tokenize(self, strings):
        return tf.strings.unicode_split(strings, "UTF-8")

    def detokenize(self, tokens):
        """Joins characters: ragged string `[batch, (characters)]` -> string `[batch]`."""
        return tf.strings.reduce_join(tokens, axis=-1)


@keras.saving.register_keras_serializable(package="gan_keras")
class WordCodec(TextCodec):
    """One token per word and per run of punctuation: "The wheel." becomes `The`, `wheel`, `￭.`.

    The joiner `￭` (U+FFED) marks where punctuation touches its neighbour. Decoding restores the text, except that runs of
    white space become one space, and `￭` in the text becomes `■`. Apostrophes, hyphens and dots between letters, and
    commas before digits, stay inside their word: don't, state-of-the-art, 3.5, 1,000. An unknown word decodes to
    `<unk>`. See `TextCodec` for the arguments.
    """

    def _tokenize(self, strings):
        return split_words(strings)

    def detokenize(self, tokens):
        """Joins tokens with spaces, except at joiners: ragged string `[batch, (tokens)]` -> string `[batch]`."""
        return join_words(tf.strings.reduce_join(tokens, axis=-1, separator=" "))

    def unknown_words(self, line):
        """Words of one line that the vocabulary lacks, as a list of `str` without joiners."""
        return [word.replace(JOINER, "") for word in super().unknown_words(line)]


def split_words(strings):
    """Splits valid UTF-8 into words and marked punctuation: string `[batch]` -> ragged string `[batch, (tokens)]`.

    RE2 has no lookaround. Joiners are therefore first put around each run of punctuation and, by the same replacement,
    after each word; those that enclose nothing or touch white space (two spaces) are then removed.
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
    """Removes the joiners, and the spaces next to them, from space-separated tokens."""
    return tf.strings.regex_replace(strings, f" ?{JOINER} ?", "")
