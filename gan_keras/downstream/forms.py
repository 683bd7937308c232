"""Generated samples and their labels in the form of the user's data: images in their range, rows in their columns."""

import contextlib
import inspect

import numpy as np

from gan_keras.codecs.image import ImageCodec
from gan_keras.codecs.table import TableCodec
from gan_keras.data.table.columns import CategoryColumn
from gan_keras.diagnosis.names import choice_of
from gan_keras.media.images import LEVELS


def source_of(gan, samples):
    """Returns a source of samples in the form of the given ones: an object with `num_labels`, `names` and `make`.

    Args:
        gan: A trained `GAN`.
        samples: A batch of the data: an array, or a dictionary from column names to arrays.

    Raises:
        ValueError: If the GAN has no labels, or its samples do not match the data; the message describes both.
    """
    return (RowSource if isinstance(gan.codec, TableCodec) else ArraySource)(gan, samples)


class ArraySource:
    """Source of arrays: images in the data's range of values, other samples as they are generated."""

    names = None

    def __init__(self, gan, samples):
        if not getattr(gan, "num_labels", 0) or "labels" not in inspect.signature(gan.generate).parameters:
            raise ValueError(
                f"This {type(gan).__name__} makes no samples for labels. Expected a conditional GAN of images, tables or series: "
                "train it with labels, or train one GAN on the samples of each class and label its samples with that class."
            )
        if isinstance(samples, dict):
            raise ValueError(f"Got a dictionary of columns for a {type(gan).__name__}. Expected samples as it generates: arrays.")
        self.gan, self.num_labels = gan, gan.num_labels
        self.form = (_images_like if isinstance(gan.codec, ImageCodec) else _array_like)(samples)
        shape = self.make(np.zeros(1, np.int32), 0).shape[1:]
        if shape != samples.shape[1:]:
            raise ValueError(
                f"The GAN makes samples of shape {shape} and the data have {samples.shape[1:]}. Expected equal shapes: "
                "give the data as the GAN was trained on them, before other layers change them."
            )

    def make(self, numbers, seed):
        """Generates a sample per label number, in the data's form; sample `i` uses the noise of seed `seed + i`."""
        return self.form(self.gan.generate(len(numbers), seed, labels=numbers, as_frame=False))


class RowSource:
    """Source of table rows as a dictionary of columns; the GAN's one column that the data lack is the label."""

    def __init__(self, gan, samples):
        if not isinstance(samples, dict):
            raise ValueError(f"Got arrays for a {type(gan).__name__}. Expected a dictionary of columns by name.")
        columns = {column.name: column for column in gan.codec.columns}
        targets, unknown = [name for name in columns if name not in samples], [name for name in samples if name not in columns]
        if unknown or len(targets) != 1 or not isinstance(columns[targets[0]], CategoryColumn):
            raise ValueError(
                f"The data have the columns {', '.join(samples)}, and the GAN makes {', '.join(columns)}. Expected all of "
                "these but one, a column of categories, which is the label."
            )
        self.gan, self.names = gan, list(columns[targets[0]].values)
        self.num_labels = len(self.names)
        self.gan_labels = np.array([gan.label_names.index(f"{targets[0]}={name}") for name in self.names], np.int32)
        self.forms = {name: _array_like(column) for name, column in samples.items()}
        self.make(np.zeros(1, np.int32), 0)  # raises if a column's type does not fit
        wrong = [name for name, column in samples.items() if column.ndim != 1]
        if wrong:
            raise ValueError(f"The columns {', '.join(wrong)} are not vectors. Expected one cell for each row.")

    def make(self, numbers, seed):
        """Like `ArraySource.make`."""
        rows = self.gan.generate(len(numbers), seed, labels=self.gan_labels[numbers], as_frame=False)
        return {name: form(rows[name]) for name, form in self.forms.items()}


def _images_like(samples):
    """Converts images in [0, 1] to the data's range of values, without a channel axis if the data have none."""
    low, high = 0.0, 1.0
    if samples.dtype.kind in "ui" or samples.max() > 1:
        high = LEVELS
    elif samples.min() < 0:
        low = -1.0

    def form(images):
        values = low + (high - low) * images
        values = values[..., 0] if samples.ndim == 3 and values.shape[-1] == 1 else values
        return (np.round(values) if high == LEVELS else values).astype(samples.dtype)

    return form


def _array_like(samples):
    if samples.dtype.kind == "O":  # text, which TensorFlow returns as bytes
        return lambda values: np.array([str(value).encode() for value in values], object)
    if samples.dtype.kind == "b":
        return lambda values: np.array([str(value).lower() in ("true", "1", "yes") for value in values])
    return lambda values: _as_type(np.asarray(values), samples.dtype)


def _as_type(values, dtype):
    if dtype.kind in "iu" and values.dtype.kind == "f" and (values != np.round(values)).any():
        raise ValueError(
            f"The GAN makes fractions and the data are of dtype {dtype}. Expected data as the GAN was trained on them."
        )
    return values.astype(dtype)


def label_form(labels, num_labels, names=None):
    """Returns a converter between the data's labels and label numbers from 0, with `to_numbers` and `from_numbers`.

    Args:
        labels: A batch of the data's labels: integers `(batch,)` or `(batch, 1)`, one-hot rows `(batch, num_labels)`, or, if
            there are names, these as text `(batch,)`. If all names are numbers, such as grades from 3 to 9, numeric labels are
            the names themselves.
        num_labels: Number of labels of the GAN.
        names: Names of the label numbers, a list of str; None if they have none.

    Raises:
        ValueError: If they are none of these.
    """
    shape = labels.shape[1:]
    if names is not None and labels.dtype.kind == "O" and not shape:
        return ValueLabels(np.array([name.encode() for name in names], object), shape, labels.dtype)
    if labels.dtype.kind in "biuf" and shape in ((), (1,)):
        values = np.arange(num_labels, dtype=np.float64)
        if names is not None:
            with contextlib.suppress(ValueError):
                values = np.array(names, np.float64)
        return ValueLabels(values, shape, labels.dtype)
    if labels.dtype.kind in "biuf" and shape == (num_labels,):
        return OneHotLabels(num_labels, labels.dtype)
    named = f", or one of {', '.join(names[:5])}" if names is not None else ""
    raise ValueError(
        f"Got labels of dtype {labels.dtype} and shape {labels.shape}. Expected a whole number from 0 to {num_labels - 1} for "
        f"each sample, or a one-hot row of {num_labels}{named}."
    )


class ValueLabels:
    """Labels given by their values: numbers, in any order and with gaps, or names as bytes.

    Args:
        values: Value of each label, float64 or object `(num_labels,)`.
        shape: Shape of one label, `()` or `(1,)`.
        dtype: Type of the labels.
    """

    def __init__(self, values, shape, dtype):
        self.values, self.shape, self.dtype = values, shape, dtype

    def to_numbers(self, labels):
        """Returns int32 `(batch,)`; raises `ValueError` for an unknown label."""
        found = labels.reshape(-1, 1).astype(self.values.dtype) == self.values
        unknown = ~found.any(axis=1)
        if unknown.any():
            label, *known = (_text(value) for value in (labels.reshape(-1)[unknown][0], *self.values))
            raise ValueError(f"Got the label {label}. {choice_of(label, known)}, as in the GAN's data.")
        return found.argmax(axis=1).astype(np.int32)

    def from_numbers(self, numbers):
        return self.values[numbers].reshape(-1, *self.shape).astype(self.dtype)


def _text(value):
    return repr(value.decode()) if isinstance(value, bytes) else f"{value:g}"


class OneHotLabels:
    """One-hot rows of `num_labels` values."""

    def __init__(self, num_labels, dtype):
        self.num_labels, self.dtype = num_labels, dtype

    def to_numbers(self, labels):
        """Returns int32 `(batch,)`; raises `ValueError` for a row that is not one-hot."""
        if not (((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all()):
            raise ValueError("Got rows of labels that are not one-hot. Expected a single 1 in each, and 0 elsewhere.")
        return labels.argmax(axis=1).astype(np.int32)

    def from_numbers(self, numbers):
        return np.eye(self.num_labels, dtype=self.dtype)[numbers]
