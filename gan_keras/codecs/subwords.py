"""Subwords as tokens: frequent words whole, rare words in pieces, with TensorFlow Text's WordPiece."""

import collections

import keras
import tensorflow as tf

from gan_keras.codecs.text import JOINER, UNKNOWN, TextCodec, join_words, split_words

SUFFIX = "\uffee"
SUFFIX_IN_TEXT = "\u25cb"
NULL_IN_TEXT = "\ufffd"
MAX_PIECE = 32
MAX_WORD_BYTES = 1000


@keras.saving.register_keras_serializable(package="gan_keras")
class SubwordCodec(TextCodec):
    """One token per word or piece of a word: `unseeing` may become `un`, `￮see`, `￮ing`.

    Text is split as by `WordCodec`; WordPiece then cuts words, the longest known piece first. `￮` (U+FFEE) starts a piece
    that continues a word (`￮` in the text becomes `○`). A word is unknown (`<unk>`) only if it contains a character that
    the vocabulary lacks. The vocabulary spells the `max_vocabulary / 2` most frequent characters of the lines: for Chinese,
    with its many characters, `CharacterCodec` is better. The codec needs TensorFlow Text.

    Args:
        max_vocabulary: Maximum size of the vocabulary, including the four special entries; the learner stays near it.
        fold_case, length, vocabulary: See `TextCodec`.

    Reference: [Wu et al., 2016](https://arxiv.org/abs/1609.08144), [Song et al., 2021](https://arxiv.org/abs/2012.15524).
    """

    def __init__(self, max_vocabulary=8000, fold_case=False, length=None, vocabulary=None):
        import_tensorflow_text()
        super().__init__(fold_case, max_vocabulary, length=length, vocabulary=vocabulary)

    def _tokenize(self, strings):
        self._check_adapted()
        return self._tokenizer.tokenize(self._words(strings)).merge_dims(-2, -1)

    def detokenize(self, tokens):
        """Joins pieces to words and words to text: ragged string `[batch, (tokens)]` -> string `[batch]`."""
        pieces = tf.strings.reduce_join(tokens, axis=-1, separator=" ")
        return join_words(tf.strings.regex_replace(pieces, f" ?{SUFFIX}", ""))

    def unknown_words(self, line):
        """Words of one line with a character that the vocabulary lacks, as a list of `str`."""
        words = self._words(self._clean([line])).flat_values
        unknown = tf.reduce_any(self._lookup(self._tokenizer.tokenize(words)) == UNKNOWN, axis=1)
        return [word.decode().replace(JOINER, "") for word in words.numpy()[unknown.numpy()]]

    def get_config(self):
        """The constructor's arguments, including what `adapt` learned, and its report."""
        config = super().get_config()
        del config["min_count"]
        return config

    def _words(self, strings):
        strings = tf.strings.regex_replace(strings, r"\x{0}", NULL_IN_TEXT)  # TensorFlow Text does not allow it in pieces.
        return split_words(tf.strings.regex_replace(strings, SUFFIX, SUFFIX_IN_TEXT))

    def _learn(self, texts):
        from tensorflow_text.tools.wordpiece_vocab import wordpiece_tokenizer_learner_lib as learner

        room = self.max_vocabulary - len(self._special_tokens())
        counts = self._count(lambda batch: self._words(self._clean(batch)), texts)
        cut = collections.Counter()  # the learner would leave overlong words out, with all their characters
        for word, count in counts.items():
            for start in range(0, len(word), MAX_PIECE):
                cut[word[start : start + MAX_PIECE]] += count
        pieces = learner.learn(
            sorted(cut.items()),
            vocab_size=room,
            reserved_tokens=[],
            lower_thresh=2,
            max_token_length=MAX_PIECE,
            max_unique_chars=max(room // 2, 1),  # every character needs two pieces: one starts a word, one continues it
            joiner=SUFFIX,
        )
        # The learner may exceed its target. Single characters, which spell every word, take precedence.
        return sorted(pieces, key=lambda piece: len(piece.removeprefix(SUFFIX)) > 1)[:room]

    def _set_vocabulary(self, vocabulary):
        super()._set_vocabulary(vocabulary)
        with tf.init_scope():
            self._tokenizer = import_tensorflow_text().FastWordpieceTokenizer(
                self._vocabulary,
                suffix_indicator=SUFFIX,
                max_bytes_per_word=MAX_WORD_BYTES,
                token_out_type=tf.string,
                unknown_token=self.unknown_mark,
                no_pretokenization=True,
            )


def import_tensorflow_text():
    """Imports `tensorflow_text` only where it is needed: it has no wheels for some platforms."""
    try:
        import tensorflow_text
    except ImportError as error:
        raise ImportError(
            "SubwordCodec needs TensorFlow Text, which is not installed: `pip install tensorflow-text` has wheels for "
            "Linux on x86_64; elsewhere use WordCodec or CharacterCodec."
        ) from error
    return tensorflow_text
