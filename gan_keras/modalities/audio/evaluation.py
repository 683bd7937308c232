"""Evaluation of a GAN of sounds: never alone, beside a Gaussian of the spectrograms of each class and real sounds.

All are heard as waveforms: turned to spectrograms again, whatever they were made of, and scored on the features of one
classifier that was trained on the spectrograms of the real training sounds, against held-out sounds.
"""

import math

import numpy as np

from gan_keras.codecs.spectrogram import SpectrogramCodec
from gan_keras.metrics.extractor import Recipe, train_extractor
from gan_keras.metrics.image_quality import ImageQuality, PixelGaussian
from gan_keras.modalities.image.evaluation import (
    JUDGED,
    asked_labels,
    check_enough,
    check_seeds,
    comparable,
    of_control,
    without_control,
)
from gan_keras.modalities.score_table import outcome

LEAST, MOST = 300, 2000  # sounds of each sampler, where nothing else is asked for
RECIPE = Recipe((16, 32, 64, 128, 128), 600, 64)
"""Five convolutions see half of the picture: a word is known by the order of its sounds."""

SIZE, ITERATIONS = 64, 16  # of the spectrograms that are judged, and of the baseline's way to sound
COLUMNS = {
    "frechet": "Frechet distance",
    "kernel": "kernel distance",
    "precision": "precision",
    "recall": "recall",
    "classifier_score": "classifier score",
    "intra_class_frechet": "Frechet within classes",
    "agreement": "agreement",
}
"""Titles of the scores; of the distances lower is better, of the others higher."""

TITLES = {"gan": "GAN", "baseline": "Gaussian of the spectrograms of each class", "real": "real training sounds"}
_BLOCK = 256  # sounds at once


def evaluate_sounds(gan, training, test, num=None, seed=0, progress=print):
    """Scores generated sounds, a Gaussian of spectrograms, and real training sounds against test sounds.

    Args:
        gan: A trained `GAN` with a codec of sounds.
        training: `Sounds` that it was trained on: the classifier learns from them, and they are the control.
        test: `Sounds` that took no part in training, with the same labels, at least 6.
        num: Sounds of each sampler, >= 6; by default as many as test sounds, 300 to 2,000.
        seed: Of the samples: sound i is made from `seed + i`.
        progress: Called with a line of text at each step.

    Returns:
        Dictionary that JSON holds as it is: see `score_table.table`; with `extractor`, `protocol` and `settings`.

    Raises:
        ValueError: For fewer sounds than the scores need, or sounds of a rate too low to be judged.
    """
    num = min(MOST, max(LEAST, len(test))) if num is None else num
    check_enough(num, test)
    check_seeds(num, seed)
    ear = Ear(training)
    real, labels = ear.hear(training.samples), training.labels
    progress(f"Training the classifier whose features are compared on {len(real):,} sounds, unless it is kept")
    extractor = train_extractor(real, labels, recipe=RECIPE)
    progress(f"Generating and scoring {num:,} sounds")
    asked = asked_labels(gan, num, seed)
    baseline = ear.hear(ear.codec.decode(block) for block in blocks_of(PixelGaussian(real, labels).sample(num, seed, asked)))
    generated = ear.hear(gan.generate(min(_BLOCK, num - start), seed + start) for start in range(0, num, _BLOCK))
    return _result({"gan": generated, "baseline": baseline}, extractor, (real, labels), (ear, test), asked, seed)


class LongFrames(SpectrogramCodec):
    """A `SpectrogramCodec` for sounds of any length: frames of long ones are longer, so that as many of them still overlap."""

    @property
    def window(self):
        least = math.ceil(2 * self.length / self.size)
        return max(super().window, 2 ** math.ceil(math.log2(least)))


class Ear:
    """Hears sounds as spectrograms.

    Args:
        sounds: `Sounds` of the rate and the length that are heard.
    """

    def __init__(self, sounds):
        length = -(-sounds.length // SIZE) * SIZE
        self.codec = LongFrames(sounds.sample_rate, length, SIZE, iterations=ITERATIONS)

    def hear(self, sounds):
        """Spectrograms in [-1, 1], `(num, size, size, 1)`, of an array of sounds or of an iterable of such arrays."""
        blocks = blocks_of(sounds) if hasattr(sounds, "shape") else sounds
        return np.concatenate([self.codec.encode(block).numpy() for block in blocks])


def blocks_of(array):
    """Rows of an array, a block at a time."""
    return (array[start : start + _BLOCK] for start in range(0, len(array), _BLOCK))


def _result(spectrograms, extractor, real, judge, asked, seed):
    """The scores of generated and baseline sounds as one dictionary; within classes where both sides have the same."""
    (heard, labels), (ear, test), num = real, judge, len(spectrograms["gan"])
    judged = asked if comparable(asked, test.labels) else None
    control = heard[np.random.default_rng(seed).permutation(len(heard))[:num]]
    quality = ImageQuality(extractor, ear.hear(test.samples), None if judged is None else test.labels, control, split="test")
    scores = {name: quality.score(each, judged, seeds=(seed,)) for name, each in spectrograms.items()}
    values = {name: without_control(score.values) for name, score in scores.items()}
    values["real"] = of_control(scores["gan"].values)
    if asked is not None and labels is not None:
        for name, each in spectrograms.items():
            values[name]["agreement"] = agreement(extractor, each, asked)
        values["real"]["agreement"] = agreement(extractor, ear.hear(test.samples), test.labels)
    return {
        "settings": {"num": num, "seed": seed},
        "samplers": {name: {"title": TITLES[name], "values": values[name]} for name in spectrograms},
        "real": {"title": TITLES["real"], "values": values["real"]},
        "extractor": {"task": "rotations" if labels is None else "labels", "accuracy": extractor.held_out_accuracy},
        "protocol": {**scores["gan"].protocol.as_dict(), "seeds": [seed]},
        "verdict": verdict(values),
    }


def agreement(extractor, spectrograms, labels):
    """How often the classifier of real sounds names the label that a sound was made for, in [0, 1]."""
    named = np.concatenate([np.argmax(extractor(block)["logits"], axis=1) for block in blocks_of(spectrograms)])
    return float(np.mean(named == labels))


def verdict(values):
    """The outcome in plain words: one line for the whole, then one for each score that decides, and for labels.

    Args:
        values: Values by the names of `COLUMNS`, of `gan`, `baseline` and `real`.

    Returns:
        List of strings.
    """
    gan, baseline, real = (values[name] for name in ("gan", "baseline", "real"))
    whole = "; ".join(outcome(gan, baseline, JUDGED, COLUMNS))
    shown = [*JUDGED, *(name for name in ("classifier_score", "agreement") if name in gan)]
    lines = [
        f"{COLUMNS[name]}: GAN {gan[name]:.4g}, baseline {baseline[name]:.4g}, real sounds {real[name]:.4g}." for name in shown
    ]
    return [f"Over a Gaussian of the spectrograms of each class, the GAN {whole} (one set of samples, no interval).", *lines]
