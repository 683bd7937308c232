"""Which labels the generated samples of an enlarged training set get."""

import contextlib

import numpy as np


class AsInData:
    """The labels of the real samples beside them: each as often, but for a remainder that is drawn.

    Args:
        num_labels: How many labels there are.
    """

    def __init__(self, num_labels):
        self.num_labels = num_labels

    def choose(self, real, num, random):
        """Labels for generated samples.

        Args:
            real: Labels of the real samples that they come beside, int `(num_real,)`.
            num: How many, >= 0.
            random: A `numpy.random.Generator`.

        Returns:
            int32 `(num,)`.
        """
        times, more = divmod(num, len(real))
        drawn = real[random.permutation(len(real))[:more]]
        return np.concatenate([np.tile(real, times), drawn]).astype(np.int32)


class Balanced:
    """For each sample the label that is the rarest so far, real and generated samples counted together.

    Args:
        num_labels: How many labels there are.
    """

    def __init__(self, num_labels):
        self.counts = np.zeros(num_labels, np.int64)

    def choose(self, real, num, random):
        """As `AsInData.choose`."""
        self.counts += np.bincount(real, minlength=len(self.counts))
        chosen = np.empty(num, np.int32)
        for index in range(num):
            chosen[index] = self.counts.argmin()
            self.counts[chosen[index]] += 1
        return chosen


LABELLINGS = {False: AsInData, True: Balanced}
"""By the argument `balanced` of `augment`."""


# --- The forms that labels have in a data set of the user's own.


def label_form(labels, num_labels, names=None):
    """What turns labels of the data into numbers from 0, and numbers into labels.

    Args:
        labels: A batch of the data's labels: whole numbers `(batch,)` or `(batch, 1)`, one-hot rows `(batch, num_labels)`, or,
            where there are names, these as text `(batch,)`. Where all names are numbers, such as grades from 3 to 9, labels
            that are numbers are the names themselves.
        num_labels: How many the GAN knows.
        names: What the numbers stand for, a list of str; None where they have no names.

    Raises:
        ValueError: If they are none of these.
    """
    shape = labels.shape[1:]
    if names is not None and labels.dtype.kind == "O" and not shape:
        return NamedLabels(names)
    if labels.dtype.kind in "biuf" and shape in ((), (1,)):
        values = _as_numbers(names)
        if values is not None:
            return ValueLabels(values, shape, labels.dtype)
        return NumberedLabels(num_labels, shape, labels.dtype)
    if labels.dtype.kind in "biuf" and shape == (num_labels,):
        return OneHotLabels(num_labels, labels.dtype)
    named = f", or one of {', '.join(names[:5])}" if names is not None else ""
    raise ValueError(
        f"Got labels of dtype {labels.dtype} and shape {labels.shape}. Expected a whole number from 0 to {num_labels - 1} for "
        f"each sample, or a one-hot row of {num_labels}{named}."
    )


class NumberedLabels:
    """Whole numbers, of any dtype.

    Args:
        num_labels: How many there are.
        shape: Of one label, `()` or `(1,)`.
        dtype: Of the labels.
    """

    def __init__(self, num_labels, shape, dtype):
        self.num_labels, self.shape, self.dtype = num_labels, shape, dtype

    def to_numbers(self, labels):
        """int32 `(batch,)`; raises `ValueError` for a label that the GAN does not know."""
        numbers = labels.reshape(-1).astype(np.float64)
        strange = ~((numbers >= 0) & (numbers < self.num_labels) & (numbers == np.round(numbers)))
        if strange.any():
            raise ValueError(
                f"Got the label {labels.reshape(-1)[strange][0]}, and the GAN knows 0 to {self.num_labels - 1}. Expected the "
                "labels that it was trained on."
            )
        return numbers.astype(np.int32)

    def from_numbers(self, numbers):
        return numbers.reshape(-1, *self.shape).astype(self.dtype)


def _as_numbers(names):
    """Names as float64, or None unless all are numbers."""
    with contextlib.suppress(ValueError):
        return None if names is None else np.array(names, np.float64)
    return None


class ValueLabels:
    """Numbers that are the names of the labels, in any order and with gaps.

    Args:
        values: The names as numbers, float64 `(num_labels,)`.
        shape: Of one label, `()` or `(1,)`.
        dtype: Of the labels.
    """

    def __init__(self, values, shape, dtype):
        self.values, self.shape, self.dtype = values, shape, dtype

    def to_numbers(self, labels):
        """int32 `(batch,)`; raises `ValueError` for a number that is not among the names."""
        found = labels.reshape(-1, 1).astype(np.float64) == self.values
        strange = ~found.any(axis=1)
        if strange.any():
            known = ", ".join(f"{value:g}" for value in self.values)
            raise ValueError(f"Got the label {labels.reshape(-1)[strange][0]}. Expected one of {known}, as in the GAN's data.")
        return found.argmax(axis=1).astype(np.int32)

    def from_numbers(self, numbers):
        return self.values[numbers].reshape(-1, *self.shape).astype(self.dtype)


class OneHotLabels:
    """Rows with a one in the place of the label.

    Args:
        num_labels: How many there are.
        dtype: Of the rows.
    """

    def __init__(self, num_labels, dtype):
        self.num_labels, self.dtype = num_labels, dtype

    def to_numbers(self, labels):
        """int32 `(batch,)`; raises `ValueError` for a row that is not one-hot."""
        if not (((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all()):
            raise ValueError("Got rows of labels that are not one-hot. Expected a single 1 in each, and 0 elsewhere.")
        return labels.argmax(axis=1).astype(np.int32)

    def from_numbers(self, numbers):
        return np.eye(self.num_labels, dtype=self.dtype)[numbers]


class NamedLabels:
    """Texts.

    Args:
        names: What the numbers stand for, a list of str.
    """

    def __init__(self, names):
        self.names, self.number_of = names, {name.encode(): number for number, name in enumerate(names)}

    def to_numbers(self, labels):
        """int32 `(batch,)`; raises `ValueError` for a text that is not among the names."""
        strange = [label for label in labels if label not in self.number_of]
        if strange:
            raise ValueError(f"Got the label {strange[0].decode()!r}. Expected one of {', '.join(self.names)}.")
        return np.array([self.number_of[label] for label in labels], np.int32)

    def from_numbers(self, numbers):
        return np.array([self.names[number].encode() for number in numbers], object)
