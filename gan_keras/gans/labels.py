"""Labels of samples, wherever they come from: whole numbers from 0, one per sample.

Compiled code does not complain about a label that no embedding has; it reads another one. So labels are checked on the host.
"""

import numpy as np
import tensorflow as tf

from gan_keras.diagnosis.names import choice_of
from gan_keras.networks.base import is_ready_made, takes_labels


def checked_labels(labels, num_labels, num, names=None):
    """Returns labels of arrays as integers `(num,)`; those that are already, unchanged.

    Args:
        labels: Whole numbers of any type, `(num,)` or `(num, 1)`; one-hot rows `(num, num_labels)`; or names.
        num_labels: Number of labels that the networks know.
        num: Number of samples.
        names: Names of the labels from 0 on, or None.

    Raises:
        ValueError: If labels are none of these, out of range, or not one per sample.
    """
    labels = _numbered(np.asarray(labels), names)
    got = f"Got labels of dtype {labels.dtype.name} and shape {labels.shape}. {expected(num_labels)}"
    if labels.dtype.kind in "USO":
        got += " Names are read where `gan.label_names` lists them."
    if labels.dtype.kind not in "biuf":
        raise ValueError(got)
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.ndim == 2 and labels.shape[1] == num_labels and _is_one_hot(labels):
        labels = labels.argmax(axis=1)
    if labels.ndim != 1:
        raise ValueError(got)
    if len(labels) != num:
        raise ValueError(f"Got {len(labels)} labels for {num} samples. {expected(num_labels)}")
    whole = labels if labels.dtype.kind in "iu" else np.nan_to_num(labels).astype(np.int64)
    if (whole != labels).any():
        raise ValueError(f"Got labels such as {labels[whole != labels][0]}. {expected(num_labels)}")
    if num and not 0 <= whole.min() <= whole.max() < num_labels:
        raise ValueError(f"Got labels from {whole.min()} to {whole.max()}. {expected(num_labels)}")
    return whole


def _numbered(labels, names):
    """Returns the numbers of labels that are names, or objects; others unchanged."""
    if labels.dtype.kind == "O" and all(isinstance(label, int | float | np.number) for label in labels.flat):
        return labels.astype(float)
    if labels.dtype.kind not in "USO" or names is None:
        return labels
    numbers = {name: number for number, name in enumerate(names)}
    texts = [label.decode() if isinstance(label, bytes) else str(label) for label in labels.flat]
    if strange := [text for text in texts if text not in numbers]:
        raise ValueError(f"Got the label {strange[0]!r}. {choice_of(strange[0], list(names))}, or their numbers from 0.")
    return np.array([numbers[text] for text in texts], np.int32).reshape(labels.shape)


def _is_one_hot(rows):
    return bool(((rows == 0) | (rows == 1)).all() and (rows.sum(axis=1) == 1).all())


def known(labels, num_labels):
    """Returns the labels of a batch as int64 `(batch,)`, in a graph that raises if one is wrong; forms as `checked_labels`."""
    check_form(labels, num_labels)
    checks = []
    if labels.shape.rank == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    elif labels.shape.rank == 2 and labels.shape[1] == num_labels:
        rows = tf.cast(labels, tf.float32)
        one_hot = tf.reduce_all((rows == 0) | (rows == 1)) & tf.reduce_all(tf.reduce_sum(rows, axis=1) == 1)
        checks.append(tf.debugging.Assert(one_hot, [f"{expected(num_labels)} Got rows that are not one-hot:", labels]))
        labels = tf.argmax(rows, axis=1)
    whole = tf.cast(labels, tf.int64)
    inside = tf.reduce_all((whole >= 0) & (whole < num_labels) & (tf.cast(whole, labels.dtype) == labels))
    checks.append(tf.debugging.Assert(inside, [f"{expected(num_labels)} Got", labels]))
    with tf.control_dependencies(checks):
        return tf.identity(whole)


def check_form(spec, num_labels):
    """Raises `ValueError` unless labels of a type and shape can be numbers, a column of them, or one-hot rows."""
    is_number = spec.dtype.is_integer or spec.dtype.is_floating or spec.dtype.is_bool
    rank = spec.shape.rank
    if not is_number or rank not in (1, 2) or rank == 2 and spec.shape[1] not in (1, num_labels):
        raise ValueError(f"Got labels of dtype {spec.dtype.name} and shape {tuple(spec.shape)}. {expected(num_labels)}")


def check_presence(gan, has_labels):
    """Raises `ValueError` unless data have labels exactly if the networks take some."""
    networks = (gan.generator, gan.discriminator)
    if has_labels and not gan.num_labels:
        # Ready-made networks ignore labels that they were not built for; a user's own may read conditions of any kind.
        without = [each for each in networks if not takes_labels(each) or is_ready_made(each)]
        if without:
            raise ValueError(
                f"Got labels, but {without[0].name!r} takes none. Expected a network with `call(inputs, labels=None, "
                "training=False)` and a `num_labels`, or data without labels: `dataset.map(lambda samples, labels: samples)`."
            )
    if not has_labels and getattr(gan.generator, "num_labels", 0):
        raise ValueError(
            f"Got no labels. {expected(gan.num_labels)} Pass them with the samples: `fit(samples, labels)`, or batches of "
            "`(samples, labels)`."
        )


def expected(num_labels):
    return (
        f"Expected one whole number from 0 to {num_labels - 1} for each sample: count labels from 0, or build the networks "
        "with a larger `num_labels`."
    )
