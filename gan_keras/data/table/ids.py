"""Forms of identifiers: what new ones have to look like."""

import collections
import os
import re

import numpy as np

from gan_keras.data.table.columns import CLASSES, IdColumn

_RANDOM_SPACE = 1e6  # possible identifiers per identifier of the data, so that none comes again


def id_column(name, texts, dtype=""):
    """Returns the `IdColumn` of some identifiers: counted, or random in their form."""
    sample = [str(text) for text in texts]
    prefix = os.path.commonprefix(sample)
    prefix = prefix.rstrip("0123456789")
    suffix = os.path.commonprefix([text[len(prefix) :][::-1] for text in sample])[::-1].lstrip("0123456789")
    bodies = [text[len(prefix) : len(text) - len(suffix)] for text in sample]
    if all(body.isascii() and body.isdigit() and len(body) <= 15 for body in bodies):
        is_padded = len({len(body) for body in bodies}) == 1 and (
            bool(prefix or suffix) or any(body[0] == "0" and len(body) > 1 for body in bodies)
        )
        return IdColumn(name, False, prefix, suffix, len(bodies[0]) if is_padded else 0, 1 + max(map(int, bodies)), dtype=dtype)
    shapes = collections.Counter(map(_shape, sample))
    shape = max(shapes, key=lambda each: (_space(each), each))
    if _space(shape) < _RANDOM_SPACE * len(sample):
        shape = shape + "a" * 8
    return IdColumn(name, False, template=_template(shape, sample), dtype=dtype)


def _shape(text):
    return "".join(
        "9" if c in CLASSES["9"] else "A" if c in CLASSES["A"] else "a" if c in CLASSES["a"] else f"\\{c}" for c in text
    )


def _space(shape):
    """Number of texts of a shape, as a float."""
    return float(
        np.prod([len(CLASSES[c]) for c in re.findall(r"\\.|.", shape, re.DOTALL) if len(c) == 1] or [1.0], dtype=np.float64)
    )


def _template(shape, sample):
    """Replaces letters and digits by hexadecimal digits where all identifiers have nothing else."""
    letters = {character for text in sample for character in text if character.isascii() and character.isalnum()}
    kind = next((kind for kind in ("f", "F") if letters <= set(CLASSES[kind]) and not letters <= set(CLASSES["9"])), None)
    return re.sub(r"(?<!\\)[9Aa]", kind, shape) if kind else shape
