"""Evaluation of a GAN of sounds, next to a spectrogram Gaussian per class and real sounds.

All are heard as waveforms: whatever generated them, they become spectrograms again, and stereo is mixed down. They are scored
against held-out sounds, on the features of one classifier that learns the spectrograms of the real training sounds.
"""

import math

import numpy as np

from gan_keras.codecs.spectrogram import SpectrogramCodec
from gan_keras.data.sample_set import part_of
from gan_keras.metrics.extractor import Recipe, train_extractor
from gan_keras.metrics.image_quality import ImageQuality, PixelGaussian
from gan_keras.modalities.image.evaluation import (
    JUDGED,
    MIN_SAMPLES,
    comparable,
    of_extractor,
    requested_labels,
    verdict,
    with_control,
)
from gan_keras.modalities.score_table import check_enough, result_of

MIN_DEFAULT, MAX_DEFAULT = 300, 2000  # sounds per sampler by default
RECIPE = Recipe((16, 32, 64, 128, 128), 600, 64)
"""Five convolutions see half of the picture: the order of its sounds identifies a word."""

SIZE, ITERATIONS = 64, 16  # spectrograms that are judged, and Griffin-Lim for the baseline
COLUMNS = {
    "frechet": "Frechet distance to test sounds",
    "kernel": "kernel distance",
    "precision": "precision",
    "recall": "recall",
    "classifier_score": "classifier score",
    "intra_class_frechet": "Frechet within classes",
    "agreement": "agreement",
}
"""Titles of the scores; lower is better for distances, higher for the others."""

TITLES = {"gan": "GAN", "baseline": "spectrogram Gaussian per class", "real": "real training sounds"}
_BLOCK = 256  # sounds processed at once


def evaluate_sounds(gan, training, test, num=None, seed=0, progress=print):
    """Scores generated sounds, a spectrogram Gaussian per class, and real training sounds against test sounds.

    The classifier learns the training sounds. `num` is at least 6, by default the number of test sounds, from 300 to 2,000.
    Arguments and result are those of `modalities.evaluate`; the result has `extractor` and `protocol` too. Raises `ValueError`
    also for a sample rate that is too low.
    """
    num = min(MAX_DEFAULT, max(MIN_DEFAULT, len(test))) if num is None else num
    check_enough(num, seed, MIN_SAMPLES, test=test)
    ear = Ear(training)
    real, labels = ear.hear(training.samples), training.labels
    progress(f"Training the classifier on {len(real):,} sounds, unless a cached one fits: its features are compared")
    extractor = train_extractor(real, labels, recipe=RECIPE)
    mixed = ", mixed down to mono" if training.channels > 1 else ""
    progress(f"Generating and scoring {num:,} sounds{mixed}")
    requested = requested_labels(gan, num, seed)
    baseline = ear.hear(ear.codec.decode(block) for block in blocks_of(PixelGaussian(real, labels).sample(num, seed, requested)))
    generated = ear.hear(gan.generate(min(_BLOCK, num - start), seed + start) for start in range(0, num, _BLOCK))
    return _result({"gan": generated, "baseline": baseline}, extractor, (real, labels), (ear, test), requested, seed)


class LongFrames(SpectrogramCodec):
    """A `SpectrogramCodec` for sounds of any length: long sounds get longer frames, so that the same number still overlaps."""

    @property
    def window(self):
        shortest = math.ceil(2 * self.length / self.size)
        return max(super().window, 2 ** math.ceil(math.log2(shortest)))


class Ear:
    """Turns sounds of one rate and length, those of some `Sounds`, into spectrograms."""

    def __init__(self, sounds):
        length = -(-sounds.length // SIZE) * SIZE
        self.codec = LongFrames(sounds.sample_rate, length, SIZE, iterations=ITERATIONS)

    def hear(self, sounds):
        """Returns the spectrograms of an array of sounds, or of an iterable of arrays: in [-1, 1], `(num, size, size, 1)`.

        Sounds are `(batch, length)`, or `(batch, length, channels)`, whose channels are averaged.
        """
        blocks = blocks_of(sounds) if hasattr(sounds, "shape") else sounds
        mono = (block if block.ndim == 2 else np.mean(block, axis=2) for block in blocks)
        return np.concatenate([self.codec.encode(block).numpy() for block in mono])


class SoundQuality(ImageQuality):
    """`ImageQuality` of waveforms, `(num, length, channels)`, which an `Ear` turns into spectrograms first."""

    def __init__(self, ear, extractor, spectrograms, split):
        super().__init__(extractor, spectrograms, split=split)
        self.ear = ear

    def score(self, fake_images, labels=None, seeds=None):
        return super().score((self.ear.hear(block) for block in fake_images), labels, seeds)


def quality_of(training, codec, recipe):
    """The score of epochs: an `ImageQuality` of training sounds for what the codec encodes. Held-out sounds take no part."""
    rows = np.sort(np.random.default_rng(0).permutation(len(training))[:MAX_DEFAULT])
    sounds = part_of(training, rows, {})
    ear = None if isinstance(codec, SpectrogramCodec) else Ear(sounds)
    blocks = blocks_of(sounds.samples)
    spectrograms = np.concatenate([codec.encode(block).numpy() if ear is None else ear.hear(block) for block in blocks])
    extractor = train_extractor(spectrograms, sounds.labels, recipe=recipe)
    if ear is None:
        return ImageQuality(extractor, spectrograms, split="training")
    return SoundQuality(ear, extractor, spectrograms, split="training")


def blocks_of(array):
    """Yields the rows of an array in blocks."""
    return (array[start : start + _BLOCK] for start in range(0, len(array), _BLOCK))


def _result(spectrograms, extractor, real, judge, requested, seed):
    """The result for generated and baseline spectrograms; within classes if both sides have the same ones."""
    (heard, labels), (ear, test), num = real, judge, len(spectrograms["gan"])
    judged = requested if comparable(requested, test.labels) else None
    control = heard[np.random.default_rng(seed).permutation(len(heard))[:num]]
    quality = ImageQuality(extractor, ear.hear(test.samples), None if judged is None else test.labels, control, split="test")
    scores = {name: quality.score(each, judged, seeds=(seed,)) for name, each in spectrograms.items()}
    values = with_control(scores)
    if requested is not None and labels is not None:
        for name, each in spectrograms.items():
            values[name]["agreement"] = agreement(extractor, each, requested)
        values["real"]["agreement"] = agreement(extractor, ear.hear(test.samples), test.labels)
    further = [name for name in ("classifier_score", "agreement") if name in values["gan"]]
    lines = verdict(values, JUDGED, COLUMNS, "a spectrogram Gaussian per class", "sounds", further)
    measured = {
        "extractor": of_extractor(extractor, labels),
        "protocol": {**scores["gan"].protocol.as_dict(), "seeds": [seed]},
    }
    return result_of(values, TITLES, {"num": num, "seed": seed}, lines, **measured)


def agreement(extractor, spectrograms, labels):
    """The share of spectrograms for which the classifier of real sounds finds the requested label."""
    named = np.concatenate([np.argmax(extractor(block)["logits"], axis=1) for block in blocks_of(spectrograms)])
    return float(np.mean(named == labels))
