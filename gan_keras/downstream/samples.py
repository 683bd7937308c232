"""Generated samples in the form that the samples of a user's own data have: images in their range, rows in their columns."""

import inspect

import numpy as np

from gan_keras.codecs.image import ImageCodec
from gan_keras.codecs.table import TableCodec
from gan_keras.data.table.columns import CategoryColumn
from gan_keras.media.images import LEVELS


def source_of(gan, samples):
    """What makes samples like those given, for label numbers: an object with `num_labels`, `names` and `make`.

    Args:
        gan: A trained `GAN`.
        samples: A batch of the data: an array, or a dictionary of arrays by the name of the column.

    Raises:
        ValueError: If the GAN has no labels, or its samples are not like the data's; the message tells both.
    """
    source = (RowSource if isinstance(gan.codec, TableCodec) else ArraySource)(gan, samples)
    source.check_fits(source.make(np.zeros(1, np.int32), 0), samples)
    return source


class ArraySource:
    """Samples that are arrays: images in the data's range of values, others as they are generated.

    Args:
        gan: A GAN with labels.
        samples: A batch of the data.
    """

    names = None

    def __init__(self, gan, samples):
        if not getattr(gan, "num_labels", 0) or "labels" not in inspect.signature(gan.generate).parameters:
            raise ValueError(
                f"This {type(gan).__name__} makes no samples for labels. Expected a conditional GAN of images, tables or series: "
                "train it with labels, or train one GAN on the samples of each class and put its `generate` beside them, with "
                "their label."
            )
        if isinstance(samples, dict):
            raise ValueError(f"Got a dictionary of columns for a {type(gan).__name__}. Expected samples as it generates: arrays.")
        self.gan, self.num_labels = gan, gan.num_labels
        self.form = (_images_like if isinstance(gan.codec, ImageCodec) else _array_like)(samples)

    def make(self, numbers, seed):
        """A sample for each label number, in the data's form; sample `i` is made of the noise of `seed + i`."""
        return self.form(self.gan.generate(len(numbers), seed, labels=numbers))

    def check_fits(self, made, samples):
        if made.shape[1:] != samples.shape[1:]:
            raise ValueError(
                f"The GAN makes samples of shape {made.shape[1:]} and the data have {samples.shape[1:]}. Expected equal shapes: "
                "give the data as the GAN was trained on them, before other layers change them."
            )


class RowSource:
    """Rows of a table as a dictionary of columns; the one column of the GAN that the data lack is the label.

    Args:
        gan: A GAN of tables.
        samples: A batch of the data.
    """

    def __init__(self, gan, samples):
        if not isinstance(samples, dict):
            raise ValueError(f"Got arrays for a {type(gan).__name__}. Expected a dictionary of columns by name.")
        columns = {column.name: column for column in gan.codec.columns}
        targets, strange = [name for name in columns if name not in samples], [name for name in samples if name not in columns]
        if strange or len(targets) != 1 or not isinstance(columns[targets[0]], CategoryColumn):
            raise ValueError(
                f"The data have the columns {', '.join(samples)}, and the GAN makes {', '.join(columns)}. Expected all of "
                "these but one, a column of categories, which is the label."
            )
        self.gan, self.names = gan, list(columns[targets[0]].values)
        self.num_labels = len(self.names)
        self.asked = np.array([gan.label_names.index(f"{targets[0]}={name}") for name in self.names], np.int32)
        self.forms = {name: _array_like(column) for name, column in samples.items()}

    def make(self, numbers, seed):
        """As `ArraySource.make`."""
        rows = self.gan.generate(len(numbers), seed, labels=self.asked[numbers])
        return {name: form(rows[name]) for name, form in self.forms.items()}

    def check_fits(self, made, samples):
        wrong = [name for name, column in samples.items() if column.ndim != 1]
        if wrong:
            raise ValueError(f"The columns {', '.join(wrong)} are no vectors. Expected one cell for each row.")


def _images_like(samples):
    """Images in [0, 1] in the data's range of values, without an axis for the channel where the data have none."""
    low, high = _range_of(samples)

    def form(images):
        values = low + (high - low) * images
        values = values[..., 0] if samples.ndim == 3 and values.shape[-1] == 1 else values
        return (np.round(values) if high == LEVELS else values).astype(samples.dtype)

    return form


def _range_of(images):
    """Levels 0 to 255 of whole numbers, and of floats above 1; else [-1, 1] where one is below 0, or [0, 1]."""
    if images.dtype.kind in "ui" or images.max() > 1:
        return 0.0, LEVELS
    return (-1.0, 1.0) if images.min() < 0 else (0.0, 1.0)


def _array_like(samples):
    if samples.dtype.kind == "O":  # text, which TensorFlow hands out as bytes
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
