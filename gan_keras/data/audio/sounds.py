"""Sounds to batches, from memory."""

import dataclasses
import hashlib

import numpy as np
import tensorflow as tf

from gan_keras.data.sample_set import SampleSet, hash_of, several_classes, split_samples


def audio_batches(sounds, batch_size=64, seed=0, shuffle=True):
    """One epoch of batches of int16 sounds.

    Args:
        sounds: `Sounds`.
        batch_size: Sounds in a batch, >= 1.
        seed: Of the order of sounds, which changes from epoch to epoch.
        shuffle: True for training: every batch is full, and the sounds left over come in other epochs. False keeps the
            order and every sound, so that the last batch may be smaller.

    Returns:
        A `tf.data.Dataset` of int16 `(batch, length)`, or of pairs with int32 labels `(batch,)`. Its cardinality is known.

    Raises:
        ValueError: If the sounds do not fill one batch for training.
    """
    num = len(sounds)
    if batch_size < 1 or (shuffle and batch_size > num):
        raise ValueError(f"Got batch_size={batch_size} for {num} sounds. Expected from 1 to {num}.")
    columns = [sounds.samples] + ([] if sounds.labels is None else [sounds.labels])
    epochs, last = iter(range(2**31)), num - num % batch_size if shuffle else num

    def batches():
        order = np.random.default_rng([seed, next(epochs)]).permutation(num) if shuffle else np.arange(num)
        for start in range(0, last, batch_size):
            rows = order[start : start + batch_size]
            yield tuple(column[rows] for column in columns)

    specs = (tf.TensorSpec([None, sounds.length], tf.int16), tf.TensorSpec([None], tf.int32))[: len(columns)]
    dataset = tf.data.Dataset.from_generator(batches, output_signature=specs)
    dataset = dataset if sounds.labels is not None else dataset.map(lambda samples: samples)
    return dataset.apply(tf.data.experimental.assert_cardinality(-(-last // batch_size))).prefetch(4)


# --- `Sounds`: what a data set of sounds is, however it was read, and how it is split.


MOST_BYTES = 2**32  # of the sounds in memory


@dataclasses.dataclass(frozen=True, eq=False)
class Sounds(SampleSet):
    """Mono sounds of one rate and one length, in memory, and what was met while they were read.

    Attributes:
        name: What the set is called in reports: a built-in name or the name of the file or folder.
        samples: int16 array `(num, length)`; a shorter recording ends in zeros.
        sample_rate: Samples a second, in Hz.
        labels: int32 array `(num,)` of indices into `label_names`, or `None`.
        label_names: One `str` a class, or `None`.
        hashes: uint64 array `(num,)`: equal for equal sounds.
        report: Counts: `sounds` and `duplicates` always; `padded` (with silence at the end), `cut` (at the end), `silent`,
            `mixed_down` (of several channels to one), `clipped` (floats beyond [-1, 1]); of files also `unreadable` (corrupt or
            empty, left out), `truncated` (broken off, kept), `other` (files that are no WAV) and `first_unreadable`, at most five
            names.
    """

    name: str
    samples: np.ndarray
    sample_rate: int
    labels: np.ndarray | None
    label_names: tuple[str, ...] | None
    hashes: np.ndarray
    report: dict

    noun, by_sample = "sounds", ("samples", "hashes")

    def __len__(self):
        return len(self.samples)

    @property
    def length(self):
        """Samples of every sound."""
        return self.samples.shape[1]

    @property
    def fingerprint(self):
        """SHA-256 of sounds, rate, length and labels, 64 hexadecimal digits: equal if and only if the data are."""
        return hashlib.sha256(f"{self.sample_rate} {self.length}".encode() + self.hashes.tobytes() + self.label_bytes).hexdigest()


def collect_sounds(name, recordings, sample_rate, length, labelling, report):
    """Makes `Sounds` of recordings of any length, and counts what was done to them.

    Args:
        name: Its name in reports.
        recordings: List of int16 arrays, each `(any length,)`, or one array `(num, length)`.
        sample_rate: In Hz.
        length: Samples that each is cut or padded to; `None` for the longest.
        labelling: The pair of labels and label names, or of two `None`; labels that name one class alone are left out.
        report: Further counts.

    Raises:
        ValueError: For fewer than two sounds, a rate or a length below 1, or silence alone.
    """
    if len(recordings) < 2:
        raise ValueError(f"{name} holds {len(recordings)} sounds. Expected at least 2.")
    length = max(map(len, recordings)) if length is None else length
    check_at_least_one(name, sample_rate=sample_rate, length=length)
    check_fits_memory(name, len(recordings), length)
    samples = np.zeros((len(recordings), length), np.int16)
    for sound, recording in zip(samples, recordings, strict=True):
        sound[: len(recording)] = recording[:length]
    silent = int((~samples.any(axis=1)).sum())
    if silent == len(samples):
        raise ValueError(f"{name}: all {silent} sounds are silent. Expected samples other than 0.")
    hashes = np.array([hash_of(sound.tobytes()) for sound in samples], np.uint64)
    counts = {"sounds": len(samples), "duplicates": len(samples) - len(set(hashes.tolist())), "silent": silent}
    counts |= {"padded": sum(len(recording) < length for recording in recordings)}
    counts |= {"cut": sum(bool(np.any(recording[length:])) for recording in recordings), **report}
    labels, label_names, one_class = several_classes(labelling)
    return Sounds(name, samples, int(sample_rate), labels, label_names, hashes, counts | one_class)


def check_at_least_one(name, **numbers):
    """Raises `ValueError` unless the named numbers are at least 1."""
    for key, value in numbers.items():
        if value < 1:
            raise ValueError(f"{name}: {key}={value}. Expected at least 1.")


def check_fits_memory(name, num, length):
    """Raises `ValueError` if so many int16 sounds of a length are too many: one long recording makes all as long."""
    needed = 2 * num * length
    if needed > MOST_BYTES:
        raise ValueError(
            f"{name}: {num:,} sounds of {length:,} samples take {needed:,} bytes. Expected at most {MOST_BYTES:,}, for they are "
            "held in memory: cut them, such as by `--set length=16384`."
        )


def split_sounds(sounds, held_out=None, seed=0):
    """Splits `Sounds` at random, so that no held-out sound stays among the training sounds: see `sample_set.split_samples`."""
    return split_samples(sounds, held_out, seed)


DESCRIPTIONS = {
    "unreadable": "{} corrupt or empty files skipped",
    "truncated": "{} that break off kept as they are",
    "other": "{} other files skipped",
    "mixed_down": "{} mixed down to one channel",
    "clipped": "{} clipped to [-1, 1]",
    "padded": "{} shorter ones padded with silence",
    "cut": "{} longer ones cut",
    "silent": "{} silent",
    "one_class": "{} of one class, labels left out",
    "duplicates": "{} duplicates",
    "copies": "{} left out that were trained on",
    "dropped": "{} dropped as copies of held-out sounds",
}


def describe_sounds(sounds):
    """One line for a log: `tones: 2,000 sounds of 1.02 s at 4,000 Hz (4,096 samples), 8 classes, 0 duplicates`."""
    seconds = sounds.length / sounds.sample_rate
    parts = [f"{len(sounds):,} sounds of {seconds:.3g} s at {sounds.sample_rate:,} Hz ({sounds.length:,} samples)"]
    parts += [] if sounds.labels is None else [f"{len(sounds.label_names):,} classes"]
    shown = {key: number for key, number in sounds.report.items() if key in DESCRIPTIONS and (number or key == "duplicates")}
    parts += [text.format(f"{shown[key]:,}") for key, text in DESCRIPTIONS.items() if key in shown]
    line, names = f"{sounds.name}: {', '.join(parts)}", sounds.report.get("first_unreadable")
    return line + f" (first of them: {', '.join(names)})" if names else line
