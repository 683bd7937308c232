"""Generation from an exported version: TensorFlow, and for text TensorFlow Text's ops, are all that it needs."""

import contextlib
import json
import pathlib
import re
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_keras.gans.sampling import seeds_from

_BLOCK = 256  # rows of one call


def find_version(path):
    """The directory of a version: `path` itself, or the highest version in it; None if there is none."""
    path = pathlib.Path(path)
    if (path / "saved_model.pb").exists():
        return path
    versions = [child for child in path.glob("*") if child.name.isdecimal() and (child / "saved_model.pb").exists()]
    return max(versions, key=lambda child: int(child.name), default=None)


class Version(NamedTuple):
    """A version that was loaded: its directory and its SavedModel."""

    path: pathlib.Path
    model: object

    @property
    def outputs(self):
        """Names of what `serving_default` returns."""
        return set(self.model.signatures["serving_default"].structured_outputs)

    @property
    def card(self):
        """Its model card, a dictionary; empty where it has none."""
        path = self.path / "assets.extra" / "model_card.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    @property
    def inputs(self):
        """Names of what `serving_default` reads."""
        return set(self.model.signatures["serving_default"].structured_input_signature[1])


def load_version(path):
    """Loads the version in a directory."""
    with contextlib.suppress(ImportError):  # without it word and character models still load
        import tensorflow_text  # noqa: F401
    return Version(pathlib.Path(path), tf.saved_model.load(str(path)))


def generate_text(version, n, seed=0, temperature=1.0, top_p=1.0, prompt="", label=None, candidates=1):
    """Sentences by the signatures `generate` and `guided` of an exported text GAN.

    Args:
        version: A `Version`.
        n: How many.
        seed: Sentence `i` is made from `seed + i`.
        temperature: More than 0.
        top_p: In (0, 1].
        prompt: Text that every sentence begins with.
        label: A whole number, for models that take labels.
        candidates: 1, or the number of drafts that `guided` was exported with.

    Returns:
        List of `n` str.

    Raises:
        ValueError: If an argument is out of its range: the graph itself checks most of them.
    """
    seeds = seeds_from(n, seed)
    function = version.model.signatures[_signature(version.path, candidates)]
    choices = {"prompt": prompt or "", "temperature": np.float32(temperature), "top_p": np.float32(top_p)}
    if label is not None:
        choices["label"] = label_of(label)
    _check_inputs(function, choices)
    texts = np.concatenate([part["text"] for part in _answers(function, seeds, choices)])
    sentences = [text.decode() for text in texts]
    _check_known(sentences[0], prompt or "")
    return sentences


def generate_samples(version, n, seed=0, label=None):
    """Samples of an exported GAN: by `serving_default`, or by `generate` where they have a label.

    Args:
        version: A `Version`.
        n: How many.
        seed: Sample `i` is made from `seed + i`.
        label: A whole number, for models that take labels; None takes what the model takes by itself.

    Returns:
        An array `(n, ...)` by the name of the output.

    Raises:
        ValueError: If an argument is out of its range: the graph itself checks the label.
    """
    seeds = seeds_from(n, seed)
    choices = {} if label is None else {"label": label_of(label)}
    function = version.model.signatures["generate" if choices else "serving_default"]
    _check_inputs(function, choices)
    parts = list(_answers(function, seeds, choices))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def image_shape_of(version, direction):
    """The shape of the images that an exported translation reads, `(height, width, channels)`.

    Raises:
        ValueError: If the version has no such direction.
    """
    return tuple(_direction(version, direction).structured_input_signature[1]["image"].shape[1:])


def translate_images(version, images, direction):
    """Images by the signature of a direction of an exported translation.

    Args:
        version: A `Version`.
        images: float32 in [0, 1], `(num, height, width, channels)`, of the shape that the version reads.
        direction: `"a_to_b"` or `"b_to_a"`.

    Returns:
        Floats in [0, 1], of the shape of `images`.

    Raises:
        ValueError: If the version has no such direction.
    """
    function = _direction(version, direction)
    blocks = (images[start : start + _BLOCK] for start in range(0, len(images), _BLOCK))
    return np.concatenate([_call(function, image=tf.constant(block))["image"] for block in blocks])


def _direction(version, direction):
    found = [name for name in version.model.signatures if name != "serving_default"]
    if direction not in found:
        raise ValueError(f"direction={direction!r}. Expected {' or '.join(map(repr, sorted(found)))}.")
    return version.model.signatures[direction]


def label_of(label):
    """The label as the graph reads it; raises `ValueError` where it is beyond any."""
    if not 0 <= label <= np.iinfo(np.int32).max:
        raise ValueError(f"label={label}. Expected one of the model's labels, counted from 0.")
    return np.int32(label)


def _answers(function, seeds, choices):
    """Yields the outputs of a signature for blocks of seeds, the same choices for all, as arrays by name."""
    for start in range(0, len(seeds), _BLOCK):
        block = seeds[start : start + _BLOCK]
        rows = {name: tf.fill([len(block)], tf.constant(value)) for name, value in choices.items()}
        yield _call(function, seed=tf.constant(block), **rows)


def _signature(version, candidates):
    if candidates == 1:
        return "generate"
    card = version / "assets.extra" / "model_card.json"
    served = json.loads(card.read_text(encoding="utf-8"))["guided_candidates"] if card.exists() else None
    if candidates != served:
        raise ValueError(f"candidates={candidates}. Expected 1 or {served}, the number that this version was exported with.")
    return "guided"


def _check_inputs(function, choices):
    inputs = set(function.structured_input_signature[1]) - {"seed"}
    if inputs != set(choices):
        fix = "give a label: a whole number" if "label" in inputs else "leave out the label"
        raise ValueError(f"This version reads {', '.join(sorted(inputs))}. Expected just that: {fix}.")


def _call(function, **tensors):
    try:
        return {name: output.numpy() for name, output in function(**tensors).items()}
    except tf.errors.InvalidArgumentError as error:
        found = re.search(r"assertion failed: (.*)", error.message)
        raise ValueError(found[1] if found else error.message.splitlines()[0]) from error


def _check_known(sentence, prompt):
    """Raises for a prompt with unknown words. No unknown token is ever drawn, so its mark can only come from the prompt."""
    for mark in ("<unk>", "\ufffd"):
        if mark in sentence and mark not in prompt:
            raise ValueError(f"The prompt {prompt!r} holds words that this model does not know. It reads {sentence!r}.")
