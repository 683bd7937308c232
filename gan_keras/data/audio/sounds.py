"""`Sounds`: a data set of sounds, its split, its description and its batches."""

import dataclasses
import hashlib

import numpy as np

from gan_keras.data.arrays import sample_batches
from gan_keras.data.sample_set import SampleSet, collect, description, hash_of, num_classes, split_samples, texts_of_samples

MAX_BYTES = 2**32
"""Maximum size of the sounds in memory."""


@dataclasses.dataclass(frozen=True, eq=False)
class Sounds(SampleSet):
    """Mono sounds of one rate and one length, in memory; see `SampleSet` for the other attributes.

    Attributes:
        samples: int16 array `(num, length)`; a shorter recording ends in zeros.
        sample_rate: Samples per second, in Hz.
        report: Counts: always `sounds` and `duplicates`; `padded` (with silence at the end), `cut` (at the end), `silent`,
            `mixed_down` (of several channels to one), `clipped` (floats outside [-1, 1]); for files also `unreadable` (corrupt
            or empty, left out), `truncated` (kept), `other` (files that are no WAV) and `first_unreadable`, at most five names.
    """

    name: str
    samples: np.ndarray
    sample_rate: int
    labels: np.ndarray | None
    label_names: tuple[str, ...] | None
    hashes: np.ndarray
    report: dict

    noun, by_sample = "sounds", ("samples", "hashes")

    @property
    def length(self):
        """Samples per sound."""
        return self.samples.shape[1]

    @property
    def fingerprint(self):
        """SHA-256 of sounds, rate, length and labels, 64 hexadecimal digits: equal if and only if the data are."""
        return hashlib.sha256(f"{self.sample_rate} {self.length}".encode() + self.hashes.tobytes() + self.label_bytes).hexdigest()


def collect_sounds(name, recordings, sample_rate, length, labelling, report):
    """Makes `Sounds` of int16 recordings of any length, and counts the changes; labels of a single class are dropped.

    Raises `ValueError` for fewer than two sounds, a rate or a length below 1, or nothing but silence.
    """
    length = max(map(len, recordings)) if length is None else length
    if min(sample_rate, length) < 1:
        raise ValueError(f"{name}: sample_rate={sample_rate}, length={length}. Expected at least 1.")
    check_fits_memory(name, len(recordings), length)
    samples = np.zeros((len(recordings), length), np.int16)
    for sound, recording in zip(samples, recordings, strict=True):
        sound[: len(recording)] = recording[:length]
    silent = int((~samples.any(axis=1)).sum())
    if silent == len(samples):
        raise ValueError(f"{name}: all {silent} sounds are silent. Expected samples other than 0.")
    hashes = np.array([hash_of(sound.tobytes()) for sound in samples], np.uint64)
    counts = {"silent": silent, "padded": sum(len(recording) < length for recording in recordings)}
    counts |= {"cut": sum(bool(np.any(recording[length:])) for recording in recordings), **report}
    return collect(Sounds, name, samples, labelling, hashes, counts, sample_rate=int(sample_rate))


def check_fits_memory(name, num, length):
    """Raises `ValueError` if `num` int16 sounds of a length exceed `MAX_BYTES`: one long recording makes all as long."""
    needed = 2 * num * length
    if needed > MAX_BYTES:
        raise ValueError(
            f"{name}: {num:,} sounds of {length:,} samples take {needed:,} bytes. Expected at most {MAX_BYTES:,}, since they are "
            "held in memory: cut them, such as with `--set length=16384`."
        )


def split_sounds(sounds, held_out=None, seed=0):
    """Splits `Sounds` at random, so that no training sound equals a held-out one: see `sample_set.split_samples`."""
    return split_samples(sounds, held_out, seed)


TEXTS = {
    "unreadable": "{} corrupt or empty files skipped",
    "truncated": "{} that break off kept as they are",
    "other": "{} other files skipped",
    "mixed_down": "{} mixed down to one channel",
    "clipped": "{} clipped to [-1, 1]",
    "padded": "{} shorter ones padded with silence",
    "cut": "{} longer ones cut",
    "silent": "{} silent",
    **texts_of_samples(Sounds.noun),
}


def describe_sounds(sounds):
    """One line for logs: `tones: 2,000 sounds of 1.02 s at 4,000 Hz (4,096 samples), 8 classes, 0 duplicates`."""
    seconds = sounds.length / sounds.sample_rate
    facts = [f"{len(sounds):,} sounds of {seconds:.3g} s at {sounds.sample_rate:,} Hz ({sounds.length:,} samples)"]
    texts = {key: text for key, text in TEXTS.items() if sounds.report.get(key) or key == "duplicates"}
    return description(sounds, facts + num_classes(sounds), texts, ("first_unreadable", "first of them"))


def audio_batches(sounds, batch_size=64, seed=0, shuffle=True):
    """One epoch of batches of int16 sounds.

    Args:
        sounds: `Sounds`.
        batch_size: Sounds per batch, >= 1.
        seed: Seed of the order, which changes from epoch to epoch.
        shuffle: True for training: every batch is full, and the remaining sounds come in other epochs. False keeps the
            order and every sound, so that the last batch may be smaller.

    Returns:
        A `tf.data.Dataset` of int16 `(batch, length)`, or of pairs with int32 labels `(batch,)`. Its cardinality is known.

    Raises:
        ValueError: If the sounds do not fill one batch for training.
    """
    columns = [sounds.samples] + ([] if sounds.labels is None else [sounds.labels])
    return sample_batches(columns, batch_size, seed, shuffle, noun=Sounds.noun)
