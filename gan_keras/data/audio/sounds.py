"""`Sounds`: a data set of sounds, its split, its description and its batches."""

import dataclasses
import hashlib

import numpy as np

from gan_keras.data.arrays import sample_batches
from gan_keras.data.sample_set import (
    OTHER,
    SampleSet,
    collect,
    description,
    hash_of,
    is_split_by_time,
    num_classes,
    split_by_origin,
    split_samples,
    texts_of_samples,
)
from gan_keras.media.sounds import SoundPlayer

MAX_BYTES = 2**32
"""Maximum size of the sounds in memory."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Sounds(SampleSet):
    """Sounds of one rate, one length and one or two channels, in memory; see `SampleSet` for the other attributes.

    Attributes:
        samples: int16 array `(num, length)`, or `(num, length, 2)` for stereo; a shorter recording ends in zeros.
        sample_rate: Samples per second, in Hz.
        origins: int64 array `(num,)`: equal for pieces of one recording.
        report: Counts: always `sounds` and `duplicates`; `recordings` (that were cut into pieces), `padded` (with silence at the
            end), `cut` (at the end), `ends` (left out, shorter than a piece), `pauses` (silent pieces, left out), `silent`,
            `mixed_down` (of several channels to one), `doubled` (of one channel to two), `cancelled` (in the mix: one channel
            kept), `resampled`, `clipped` (floats outside [-1, 1]); for files also `unreadable` (corrupt or empty, left out),
            `truncated` (kept), `other` (files that are no sounds), and `first_unreadable` and `first_silent`, at most five names.
    """

    name: str
    samples: np.ndarray
    sample_rate: int
    labels: np.ndarray | None
    label_names: tuple[str, ...] | None
    hashes: np.ndarray
    origins: np.ndarray
    report: dict

    noun, by_sample = "sounds", ("samples", "hashes", "origins")

    def describe(self):
        return describe_sounds(self)

    def thumbnails(self, num):
        """Returns players of at most `num` sounds as HTML."""
        titles = None if self.labels is None else [self.label_names[label] for label in self.labels[:num]]
        return SoundPlayer(self.samples[:num], self.sample_rate, titles)._repr_html_()

    @property
    def length(self):
        """Samples per sound."""
        return self.samples.shape[1]

    @property
    def channels(self):
        """1 for mono, 2 for stereo."""
        return 1 if self.samples.ndim == 2 else self.samples.shape[2]

    @property
    def fingerprint(self):
        """SHA-256 of sounds, rate, shape and labels, 64 hexadecimal digits: equal if and only if the data are."""
        shape = " ".join(map(str, (self.sample_rate, *self.samples.shape[1:])))
        return hashlib.sha256(shape.encode() + self.hashes.tobytes() + self.label_bytes).hexdigest()


def collect_sounds(name, recordings, sample_rate, length, labelling, report, in_pieces=False):
    """Makes `Sounds` of int16 recordings of any length, and counts the changes; labels of a single class are dropped.

    Args:
        name: Name of the set in reports.
        recordings: int16 arrays, all `(length,)` or all `(length, 2)`.
        sample_rate: Their rate, in Hz.
        length: Samples per sound; None for the longest recording's; or a function `(sample_rate, lengths of the recordings)`.
        labelling: Labels of the recordings and their names, or two None.
        report: Further counts.
        in_pieces: Whether longer recordings are cut into as many sounds as they hold, as for a `length` that is a function;
            otherwise their ends are cut off.

    Raises `ValueError` for fewer than two sounds, a rate or a length below 1, or nothing but silence.
    """
    lengths = np.array([len(recording) for recording in recordings])
    if callable(length):
        length, in_pieces = length(sample_rate, lengths), True
    length = int(lengths.max()) if length is None else length
    if min(sample_rate, length) < 1:
        raise ValueError(f"{name}: sample_rate={sample_rate}, length={length}. Expected at least 1.")
    pieces = np.maximum(1, lengths // length) if in_pieces else np.ones_like(lengths)
    check_fits_memory(name, int(pieces.sum()), length, *recordings[0].shape[1:])
    if len(recordings) == 1 == pieces.sum():
        raise ValueError(
            f"{name} holds 1 sound of {lengths[0]:,} samples. Expected at least 2, or one recording that is twice as long as a "
            f"sound: choose a shorter one, such as `--set length={max(16, int(lengths[0]) // 128 * 16)}`."
        )
    origins = np.repeat(np.arange(len(recordings)), pieces)
    samples = np.zeros((len(origins), length, *recordings[0].shape[1:]), np.int16)
    for sound, origin, start in zip(samples, origins, length * (np.arange(len(origins)) - _first_of(origins)), strict=True):
        piece = recordings[origin][start : start + length]
        sound[: len(piece)] = piece
    is_silent = ~samples.reshape(len(samples), -1).any(axis=1)
    if is_silent.all():
        raise ValueError(f"{name}: all {len(samples)} sounds are silent. Expected samples other than 0.")
    pauses = is_silent & (pieces > 1)[origins]
    samples, origins = samples[~pauses], origins[~pauses]
    labels, names = labelling
    labels = None if labels is None else np.asarray(labels)[origins]
    ends = sum(bool(np.any(recording[num * length :])) for recording, num in zip(recordings, pieces, strict=True))
    counts = {"silent": int((is_silent & ~pauses).sum()), "padded": int((lengths < length).sum())}
    counts |= {"ends" if in_pieces else "cut": ends, **report}
    if pieces.max() > 1:
        counts |= {"recordings": int((pieces > 1).sum()), "pauses": int(pauses.sum())}
        counts["neighbours"] = int(is_split_by_time(origins, labels))
    hashes = np.array([hash_of(sound.tobytes()) for sound in samples], np.uint64)
    fields = {"sample_rate": int(sample_rate), "origins": origins}
    return collect(Sounds, name, samples, (labels, names), hashes, counts, **fields)


def _first_of(origins):
    """Index of the first piece of each piece's recording."""
    return np.searchsorted(origins, origins)


def check_fits_memory(name, num, length, channels=1):
    """Raises `ValueError` if `num` int16 sounds of a length exceed `MAX_BYTES`: one long recording makes all as long."""
    needed = 2 * num * length * channels
    if needed > MAX_BYTES:
        raise ValueError(
            f"{name}: {num:,} sounds of {length:,} samples take {needed:,} bytes. Expected at most {MAX_BYTES:,}, since they are "
            "held in memory: cut them, such as with `--set length=16384`."
        )


def split_sounds(sounds, held_out=None, seed=0):
    """Splits `Sounds` at random, so that no training sound equals a held-out one: see `gan_keras.data.split`.

    Pieces of one recording stay together: see `sample_set.split_by_origin`.
    """
    in_pieces = len(np.unique(sounds.origins)) < len(sounds)
    return (split_by_origin if in_pieces else split_samples)(sounds, held_out, seed)


TEXTS = {
    "recordings": "recordings cut into pieces: {}",
    "neighbours": "too few to hold whole ones out: the last pieces of each are held out, next to what is trained on",
    "unreadable": "{} corrupt or empty files skipped",
    "truncated": "{} that break off kept as they are",
    **OTHER,
    "resampled": "{} resampled",
    "rates": "from {} Hz",
    "mixed_down": "{} mixed down to one channel",
    "doubled": "{} of one channel doubled",
    "cancelled": "{} whose channels cancel out, the first kept",
    "clipped": "{} clipped to [-1, 1]",
    "padded": "{} shorter ones padded with silence",
    "cut": "{} longer ones cut",
    "pauses": "silent pieces left out: {}",
    "ends": "ends shorter than a piece left out: {}",
    "silent": "{} silent",
    "first_silent": "such as {}",
    **texts_of_samples(Sounds.noun),
}


def describe_sounds(sounds):
    """One line for logs: `tones: 2,000 sounds of 1.02 s at 4,000 Hz (4,096 samples), 8 classes, 0 duplicates`."""
    seconds = sounds.length / sounds.sample_rate
    stereo = ", stereo" if sounds.channels == 2 else ""
    facts = [f"{len(sounds):,} sounds of {seconds:.3g} s at {sounds.sample_rate:,} Hz ({sounds.length:,} samples){stereo}"]
    return description(sounds, facts + num_classes(sounds), TEXTS, ("first_unreadable", "first corrupt or empty files"))


def audio_batches(sounds, batch_size=64, seed=0, shuffle=True):
    """One epoch of batches of int16 sounds.

    Args:
        sounds: `Sounds`.
        batch_size: Sounds per batch, >= 1.
        seed: Seed of the order, which changes from epoch to epoch.
        shuffle: True for training: every batch is full, and the remaining sounds come in other epochs. False keeps the
            order and every sound, so that the last batch may be smaller.

    Returns:
        A `tf.data.Dataset` of int16 `(batch, length)`, for stereo `(batch, length, 2)`, or of pairs with int32 labels `(batch,)`.
        Its cardinality is known.

    Raises:
        ValueError: If the sounds do not fill one batch for training.
    """
    columns = [sounds.samples] + ([] if sounds.labels is None else [sounds.labels])
    return sample_batches(columns, batch_size, seed, shuffle, noun=Sounds.noun)
