"""Generation from an exported version. It needs TensorFlow, and for subword models TensorFlow Text's ops."""

import contextlib
import json
import pathlib
import re
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_keras.gans.sampling import seeds_from

_BLOCK = 256  # rows per call


class Version(NamedTuple):
    """A loaded version: its directory and its SavedModel."""

    path: pathlib.Path
    model: object

    @property
    def outputs(self):
        """Names of the outputs of `serving_default`."""
        return set(self.model.signatures["serving_default"].structured_outputs)

    @property
    def card(self):
        """Its model card, a dictionary; empty if it has none."""
        path = self.path / "assets.extra" / "model_card.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    @property
    def inputs(self):
        """Names of the inputs of `serving_default`."""
        return set(self.model.signatures["serving_default"].structured_input_signature[1])


def load_version(path):
    """Loads the version in a directory."""
    with contextlib.suppress(ImportError):  # word and character models load without it
        import tensorflow_text  # noqa: F401
    return Version(pathlib.Path(path), tf.saved_model.load(str(path)))


def generate_text(version, n, seed=0, temperature=1.0, top_p=1.0, prompt="", label=None, candidates=1, choice=None):
    """Generates sentences with the signature `generate` or `guided` of an exported text GAN.

    Args:
        version: A `Version`.
        n: Number of sentences.
        seed: Sentence `i` is generated from `seed + i`.
        temperature: More than 0.
        top_p: In (0, 1].
        prompt: Beginning of every sentence.
        label: A whole number, for models with labels.
        candidates: 1, or the number of drafts that `guided` was exported with.
        choice: How `guided` chooses among them: what it was exported with, which None stands for.

    Returns:
        List of `n` str.

    Raises:
        ValueError: If an argument is out of its range; the graph itself checks most of them.
    """
    seeds = seeds_from(n, seed)
    exported = version.card.get("guided_candidates")
    if candidates not in (1, exported):
        raise ValueError(f"candidates={candidates}. Expected 1 or {exported}, the number that this version was exported with.")
    exported_choice = version.card.get("guided_choice", "best")  # which versions of release 0.1 keep to
    if choice not in (None, exported_choice) or (choice and candidates == 1):
        expected = (
            f"{exported_choice!r}, as this version was exported" if candidates > 1 else "several candidates to choose among"
        )
        raise ValueError(f"choice={choice!r} with candidates={candidates}. Expected {expected}.")
    function = version.model.signatures["generate" if candidates == 1 else "guided"]
    choices = {"prompt": prompt or "", "temperature": np.float32(temperature), "top_p": np.float32(top_p)}
    if label is not None:
        choices["label"] = label_of(label)
    _check_inputs(function, choices)
    texts = np.concatenate([part["text"] for part in _answers(function, seeds, choices)])
    sentences = [text.decode() for text in texts]
    for mark in ("<unk>", "\ufffd"):  # never drawn: in a sentence it stands for an unknown word of the prompt
        if mark in sentences[0] and mark not in (prompt or ""):
            raise ValueError(f"The prompt {prompt!r} has words that this model does not know. It reads {sentences[0]!r}.")
    return sentences


def generate_samples(version, n, seed=0, label=None):
    """Generates samples of an exported GAN with `serving_default`, or with `generate` for a label.

    Args:
        version: A `Version`.
        n: Number of samples.
        seed: Sample `i` is generated from `seed + i`.
        label: A whole number, for models with labels; None lets the model choose.

    Returns:
        An array `(n, ...)` by the name of the output.

    Raises:
        ValueError: If an argument is out of its range; the graph itself checks the label.
    """
    return samples_of_seeds(version, seeds_from(n, seed), label)


def samples_of_seeds(version, seeds, label=None):
    """`generate_samples` for int64 seeds `(n,)`."""
    choices = {} if label is None else {"label": label_of(label)}
    function = version.model.signatures["generate" if choices else "serving_default"]
    _check_inputs(function, choices)
    parts = list(_answers(function, seeds, choices))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def image_shape_of(version, direction):
    """Returns the image shape that an exported translation reads, `(height, width, channels)`.

    Raises:
        ValueError: If the version does not have this direction.
    """
    return tuple(_direction(version, direction).structured_input_signature[1]["image"].shape[1:])


def translate_images(version, images, direction):
    """Translates images with an exported translation.

    Args:
        version: A `Version`.
        images: float32 in [0, 1], `(num, height, width, channels)`, of the shape that the version reads.
        direction: `"a_to_b"` or `"b_to_a"`.

    Returns:
        Floats in [0, 1], of the shape of `images`.

    Raises:
        ValueError: If the version does not have this direction.
    """
    function = _direction(version, direction)
    blocks = (images[start : start + _BLOCK] for start in range(0, len(images), _BLOCK))
    return np.concatenate([_call(function, image=tf.constant(block))["image"] for block in blocks])


def _direction(version, direction):
    names = [name for name in version.model.signatures if name != "serving_default"]
    if direction not in names:
        raise ValueError(f"direction={direction!r}. Expected {' or '.join(map(repr, sorted(names)))}.")
    return version.model.signatures[direction]


def label_of(label):
    """Returns the label as the graph reads it; raises `ValueError` if it cannot be one."""
    if not 0 <= label <= np.iinfo(np.int32).max:
        raise ValueError(f"label={label}. Expected one of the model's labels, counted from 0.")
    return np.int32(label)


def _answers(function, seeds, choices):
    """Yields a signature's outputs for blocks of seeds, with the same choices for all, as arrays by name."""
    for start in range(0, len(seeds), _BLOCK):
        block = seeds[start : start + _BLOCK]
        rows = {name: tf.fill([len(block)], tf.constant(value)) for name, value in choices.items()}
        yield _call(function, seed=tf.constant(block), **rows)


def _check_inputs(function, choices):
    inputs = set(function.structured_input_signature[1]) - {"seed"}
    if inputs != set(choices):
        got, expected = (", ".join(sorted(names)) or "none" for names in (choices, inputs))
        fix = "Pass a label, a whole number" if "label" in inputs else "Leave out the label"
        raise ValueError(f"Got the inputs: {got}. Expected those of this version: {expected}. {fix}.")


def _call(function, **tensors):
    try:
        return {name: output.numpy() for name, output in function(**tensors).items()}
    except tf.errors.InvalidArgumentError as error:
        found = re.search(r"assertion failed: (.*)", error.message)
        raise ValueError(found[1] if found else error.message.splitlines()[0]) from error
