"""`SampleSet`: what data sets of images, sounds and clips have in common: labels, copies, parts and splits."""

import dataclasses
import hashlib

import numpy as np

# --- How many samples of a data set are held out.

MOST = 10_000


def num_held_out(num, held_out, samples, most=MOST):
    """The number of samples to hold out: by default 10 %.

    Args:
        num: Number of all samples.
        held_out: Number asked for, or `None`.
        samples: What they are called, in the plural.
        most: The most that are held out by default.

    Raises:
        ValueError: If the number leaves nothing to train on, or is below 1.
    """
    held_out = max(1, min(most, num // 10)) if held_out is None else held_out
    if not 1 <= held_out < num:
        raise ValueError(f"Got held_out={held_out} for {num} {samples}. Expected 1 to {num - 1}.")
    return held_out


# --- `SampleSet`: what data sets of images, sounds and clips have in common: labels, copies, parts and splits.


class SampleSet:
    """Base of such data sets, each a frozen dataclass.

    Attributes:
        noun: What its samples are called, in the plural.
        by_sample: Names of the fields, arrays or tuples, that hold something for each sample, beside `labels`; `hashes` is one.
        name: What the set is called in reports.
        labels: int32 array `(num,)` of indices into `label_names`, or `None`.
        label_names: One `str` a class, or `None`.
        hashes: uint64 array `(num,)`: equal for equal samples.
        report: Counts: those of the samples and of their duplicates always.
    """

    noun = by_sample = None

    @property
    def label_bytes(self):
        """The labels and their names as bytes, for a fingerprint; none without labels."""
        return b"" if self.labels is None else self.labels.tobytes() + "\n".join(self.label_names).encode()


def hash_of(content):
    """64 bits of the SHA-256 of bytes, as an int."""
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "little")


def several_classes(labelling):
    """Labels as int32, their names as a tuple, and what is to be counted: labels that name one class alone are left out.

    Args:
        labelling: The pair of labels and label names, or of two `None`.

    Returns:
        Labels or `None`, label names or `None`, and a dictionary of counts.
    """
    labels, label_names = labelling
    if labels is None:
        return None, None, {}
    if len(np.unique(labels)) == 1:
        return None, None, {"one_class": len(labels)}
    return np.asarray(labels, np.int32), tuple(label_names), {}


def part_of(data, rows, report):
    """The samples of these rows, in their order; `report` holds counts beside those of samples and duplicates."""
    fields = {name: _at(getattr(data, name), rows) for name in data.by_sample}
    labels = None if data.labels is None else data.labels[rows]
    counts = {data.noun: len(rows), "duplicates": len(rows) - len(np.unique(fields["hashes"])), **report}
    return dataclasses.replace(data, **fields, labels=labels, report=counts)


def _at(values, rows):
    return values[rows] if isinstance(values, np.ndarray) else tuple(values[row] for row in rows)


def split_samples(data, held_out=None, seed=0):
    """Splits samples at random, so that no held-out sample stays among the training samples.

    Args:
        data: A `SampleSet`.
        held_out: Number of samples to hold out, at least 1. By default 10 %, at most 10,000.
        seed: The same seed splits the same samples alike, int >= 0.

    Returns:
        Training and held-out part, each in the order they came in. Training copies of a held-out sample are dropped, and
        counted as `dropped` in the training report.

    Raises:
        ValueError: `held_out` leaves nothing to train on, or is below 1.
    """
    num = len(data)
    held_out = num_held_out(num, held_out, data.noun)
    chosen = np.sort(np.random.default_rng(seed).permutation(num)[:held_out])
    rest = np.flatnonzero(~np.isin(data.hashes, data.hashes[chosen]))
    if not len(rest):
        raise ValueError(f"All {data.noun} of {data.name} are copies of held-out {data.noun}. Expected more different ones.")
    return part_of(data, rest, {"dropped": num - held_out - len(rest)}), part_of(data, chosen, {})


def without_copies(data, others):
    """The samples that are not among the others, counted as `copies` where some are.

    Raises:
        ValueError: If none is left.
    """
    rows = np.flatnonzero(~np.isin(data.hashes, others.hashes))
    if not len(rows):
        raise ValueError(f"All {data.noun} of {data.name} are {data.noun} that were trained on. Expected others.")
    return data if len(rows) == len(data) else part_of(data, rows, {"copies": len(data) - len(rows)})


def with_label_names(data, label_names):
    """The samples with labels numbered by other names; labels are left out where `label_names` is None.

    Raises:
        ValueError: If there is a class that is not among the names, or no labels where names are expected.
    """
    if label_names is None:
        return dataclasses.replace(data, labels=None, label_names=None)
    strange = [] if data.labels is None else sorted(set(data.label_names) - set(label_names))
    if data.labels is None or strange:
        found = f"the classes {', '.join(strange[:5])}" if strange else "no labels"
        raise ValueError(f"{data.name} has {found}. Expected the classes {', '.join(label_names[:10])}.")
    numbers = np.array([label_names.index(name) for name in data.label_names], np.int32)
    return dataclasses.replace(data, labels=numbers[data.labels], label_names=tuple(label_names))
