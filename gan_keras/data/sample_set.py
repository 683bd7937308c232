"""`SampleSet`: labels, copies, parts, splits and descriptions that data sets of images, sounds and clips share."""

import dataclasses
import hashlib
from html import escape

import numpy as np

MAX_HELD_OUT = 10_000

NUM_THUMBNAILS = 8
"""Samples that a notebook shows for a data set."""

OTHER = {"other": "{} other files skipped", "other_endings": "which end in {}"}
"""Texts for files of other kinds in a folder."""


def num_held_out(num, held_out, noun, limit=MAX_HELD_OUT):
    """Number of samples to hold out: `held_out`, or 10 % but at most `limit` for None; raises `ValueError` if invalid."""
    held_out = max(1, min(limit, num // 10)) if held_out is None else held_out
    if not 1 <= held_out < num:
        raise ValueError(f"Got held_out={held_out} for {num} {noun}. Expected 1 to {num - 1}.")
    return held_out


class SampleSet:
    """Base of these data sets, each a frozen dataclass whose first entry of `by_sample` holds the samples.

    Attributes:
        noun: Name of the samples in the plural.
        by_sample: Names of the fields, arrays or tuples, with an entry per sample, except `labels`; includes `hashes`.
        name: Name of the set in reports: a built-in name, or the name of the file or folder.
        labels: int32 array `(num,)` of indices into `label_names`, or `None`.
        label_names: One `str` per class, or `None`.
        hashes: uint64 array `(num,)`: equal for equal samples.
        report: Counts, always including those of the samples and of their duplicates.
    """

    noun = by_sample = None

    def __repr__(self):
        return f"<{type(self).__name__} {self.describe()}>"

    def _repr_html_(self):
        return f"<p>{escape(self.describe())}</p>{self.thumbnails(NUM_THUMBNAILS)}"

    def __len__(self):
        return len(getattr(self, self.by_sample[0]))

    @property
    def label_bytes(self):
        """Labels and their names as bytes, for a fingerprint; empty without labels."""
        return b"" if self.labels is None else self.labels.tobytes() + "\n".join(self.label_names).encode()


def hash_of(content):
    """64 bits of the SHA-256 of bytes, as an int."""
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "little")


def collect(kind, name, samples, labelling, hashes, report, **fields):
    """Makes a `SampleSet` of the class `kind` with `fields` of its own, and counts samples and duplicates in its report.

    The `labelling` is the pair of labels and label names, or of two `None`; labels of a single class are dropped, and counted.
    Raises `ValueError` if there are fewer than two samples.
    """
    if len(samples) < 2:
        raise ValueError(f"{name} holds {len(samples)} {kind.noun}. Expected at least 2.")
    labels, label_names = labelling
    counts = {kind.noun: len(samples), "duplicates": len(samples) - len(np.unique(hashes)), **report}
    if labels is not None and len(np.unique(labels)) == 1:
        labels, counts["one_class"] = None, len(labels)
    if labels is not None:
        fields |= {"labels": np.asarray(labels, np.int32), "label_names": tuple(label_names)}
    fields = {"labels": None, "label_names": None, kind.by_sample[0]: samples, **fields}
    return kind(name=name, hashes=hashes, report=counts, **fields)


def without_labels(data):
    """The same samples without labels."""
    return dataclasses.replace(data, labels=None, label_names=None)


def part_of(data, rows, report):
    """The samples of these rows, in their order; `report` holds counts besides those of samples and duplicates."""
    fields = {}
    for name in data.by_sample:
        values = getattr(data, name)
        fields[name] = values[rows] if isinstance(values, np.ndarray) else tuple(values[row] for row in rows)
    labels = None if data.labels is None else data.labels[rows]
    counts = {data.noun: len(rows), "duplicates": len(rows) - len(np.unique(fields["hashes"])), **report}
    return dataclasses.replace(data, **fields, labels=labels, report=counts)


def split_samples(data, held_out=None, seed=0):
    """Splits `Images` or `Sounds` at random, so that no training sample equals a held-out one: see `gan_keras.data.split`.

    Training copies of held-out samples are dropped, and counted as `dropped` in the training report.
    """
    num = len(data)
    held_out = num_held_out(num, held_out, data.noun)
    chosen = np.sort(np.random.default_rng(seed).permutation(num)[:held_out])
    rest = np.flatnonzero(~np.isin(data.hashes, data.hashes[chosen]))
    if not len(rest):
        raise ValueError(f"All {data.noun} of {data.name} are copies of held-out {data.noun}. Expected more different ones.")
    return part_of(data, rest, {"dropped": num - held_out - len(rest)}), part_of(data, chosen, {})


MIN_RECORDINGS, MIN_PER_CLASS = 10, 5
"""Recordings, and recordings of each class, from which whole ones are held out."""


def is_split_by_time(origins, labels):
    """Returns whether samples that were cut from recordings, `origins`, are too few recordings to hold whole ones out."""
    per_class = [len(np.unique(origins[labels == label])) for label in np.unique(labels)] if labels is not None else []
    return len(np.unique(origins)) < MIN_RECORDINGS or min(per_class, default=MIN_PER_CLASS) < MIN_PER_CLASS


def split_by_origin(data, held_out=None, seed=0):
    """Splits at random, so that samples of one of the data's `origins` stay together.

    A few more samples than `held_out` are held out if origins have several. If they are pieces of too few recordings, the last
    pieces of each recording are held out instead.
    """
    held_out = num_held_out(len(data), held_out, data.noun)
    origins, counts = np.unique(data.origins, return_counts=True)
    by_time = "recordings" in data.report and is_split_by_time(data.origins, data.labels)
    if by_time:
        last = np.minimum(np.round(counts * held_out / len(data)), counts - 1).astype(int)
        last[np.argmax(counts)] = max(1, last.max())
        places = [np.flatnonzero(data.origins == origin)[-num:] for origin, num in zip(origins, last, strict=True) if num]
        chosen = np.isin(np.arange(len(data)), np.concatenate(places))
    else:
        order = np.random.default_rng(seed).permutation(len(origins))
        enough = 1 + int(np.searchsorted(np.cumsum(counts[order]), held_out))
        chosen = np.isin(data.origins, origins[order[:enough]])
    if chosen.all():
        raise ValueError(f"All {data.noun} of {data.name} are of one origin. Expected more different ones.")
    copies = ~chosen & np.isin(data.hashes, data.hashes[chosen])
    if (copies | chosen).all():
        if not by_time:
            raise ValueError(f"All {data.noun} of {data.name} are copies of held-out {data.noun}. Expected more different ones.")
        copies[:] = False  # a recording that repeats itself
    dropped = {"dropped": int(copies.sum())} if copies.any() else {}
    return part_of(data, np.flatnonzero(~chosen & ~copies), dropped), part_of(data, np.flatnonzero(chosen), {})


def without_copies(data, others):
    """The samples that are not among the others, with the rest counted as `copies`; raises `ValueError` if none is left."""
    rows = np.flatnonzero(~np.isin(data.hashes, others.hashes))
    if not len(rows):
        raise ValueError(f"All {data.noun} of {data.name} are {data.noun} that were trained on. Expected others.")
    return data if len(rows) == len(data) else part_of(data, rows, {"copies": len(data) - len(rows)})


def with_label_names(data, label_names):
    """The samples with labels renumbered for other names, or without labels for None.

    Raises `ValueError` if a class is not among the names, or labels are missing.
    """
    if label_names is None:
        return without_labels(data)
    strange = [] if data.labels is None else sorted(set(data.label_names) - set(label_names))
    if data.labels is None or strange:
        found = f"the classes {', '.join(strange[:5])}" if strange else "no labels"
        raise ValueError(f"{data.name} has {found}. Expected the classes {', '.join(label_names[:10])}.")
    numbers = np.array([label_names.index(name) for name in data.label_names], np.int32)
    return dataclasses.replace(data, labels=numbers[data.labels], label_names=tuple(label_names))


def texts_of_samples(noun):
    """Texts of the counts that all sample sets report; see `description`."""
    return {
        "one_class": "{} of one class, labels left out",
        "duplicates": "{} duplicates",
        "copies": "{} left out that were trained on",
        "dropped": f"{{}} dropped as copies of held-out {noun}",
    }


def description(data, first, texts, examples=("", "")):
    """Describes a data set with `name` and `report` in one line, for logs.

    Args:
        data: The data set.
        first: List of facts; those of the report follow.
        texts: A text for each key of the report, in their order, with `{}` for the count or the list of names.
        examples: Key of a list in the report that ends the line in brackets, and the title of the list.
    """
    shown = [key for key in texts if data.report.get(key) or key in data.report and key in ("duplicates", "missing")]
    found = [(texts[key], data.report[key]) for key in shown]
    facts = [
        text.format(f"{each:,}" if isinstance(each, int) else ", ".join([each] if isinstance(each, str) else each))
        for text, each in found
    ]
    key, title = examples
    named = f" ({title}: {', '.join(map(str, data.report[key]))})" if data.report.get(key) else ""
    return f"{data.name}: {', '.join([*first, *facts])}{named}"


def num_classes(data, noun="classes"):
    """The number of classes as a list of one text for `description`; empty without labels."""
    return [] if data.labels is None else [f"{len(data.label_names):,} {noun}"]
