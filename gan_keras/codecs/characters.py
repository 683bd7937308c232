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
