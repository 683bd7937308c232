"""Evaluation of a GAN of videos, next to two simple baselines and real clips.

All are scored against held-out clips, on the features of one classifier in space and time that learns the real training clips
(`metrics.clip_extractor`).
"""

import math

import numpy as np
from scipy.stats import wasserstein_distance

from gan_keras.callbacks.best import generated_images
from gan_keras.data.sample_set import part_of
from gan_keras.metrics.clip_extractor import CLIPS, centre_speeds, classify_clips, frame_differences
from gan_keras.metrics.extractor import Recipe, train_extractor
from gan_keras.metrics.image_quality import ImageQuality, PixelGaussian
from gan_keras.modalities.image.evaluation import MIN_SAMPLES, comparable, requested_labels
from gan_keras.modalities.score_table import check_enough, headline, result_of, score_lines

MIN_DEFAULT, MAX_DEFAULT = 200, 2000  # clips per sampler by default
MAX_BYTES = 2**29  # training or test clips as float32: 43,000 of 12 x 16 x 16 x 1, 680 of 16 x 64 x 64 x 3
RECIPE = Recipe((16, 32, 64), 600, 64)
COLUMNS = {
    "frechet": "Frechet distance to test clips",
    "kernel": "kernel distance",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "intra_class_frechet": "Frechet within classes",
    "agreement": "agreement",
    "in_order": "in order",
    "frame_difference": "change of a pixel per frame",
    "speed": "speed, pixels per frame",
    "speed_distance": "distance of speeds",
}
"""Titles of the scores; lower is better for distances, higher from precision to in order."""

TITLES = {
    "gan": "GAN",
    "baseline": "pixel Gaussian per class",
    "still": "real first frames that stand still",
    "real": "real training clips",
}
JUDGED = {"frechet": -1, "kernel": -1, "precision": 1, "recall": 1, "speed_distance": -1}
"""The deciding scores, and whether higher (1) or lower (-1) is better."""


def evaluate_videos(gan, training, test, num=None, seed=0, progress=print):
    """Scores generated clips, two simple baselines, and real training clips against test clips.

    The classifier learns the training clips. If training or test clips take more than `MAX_BYTES` as float32, a random part of
    them is used. `num` is at least 6, by default the number of test clips, from 200 to 2,000, less if they take more than that.
    The control has at most all training clips. Arguments and result are those of `modalities.evaluate`; the result has
    `extractor` and `protocol` too.
    """
    if num is None:
        num = min(MAX_DEFAULT, max(MIN_DEFAULT, len(test)), max(MIN_SAMPLES, max_clips(training)))
    check_enough(num, seed, MIN_SAMPLES, test=test)
    for name, part in (("training", training), ("test", test)):
        if len(part) > max_clips(part):
            progress(f"Scoring with {max_clips(part):,} of the {len(part):,} {name} clips, drawn at random, to save memory")
    training, test = some_clips(training), some_clips(test)
    pixels, test_pixels = (gan.codec.encode(part.videos).numpy() for part in (training, test))
    progress(f"Training the classifier on {len(pixels):,} clips, unless a cached one fits: its features are compared")
    extractor = train_extractor(pixels, training.labels, recipe=RECIPE, kind=CLIPS)
    progress(f"Generating and scoring {num:,} clips")
    requested = requested_labels(gan, num, seed)
    order = np.random.default_rng(seed).permutation(len(pixels))
    samplers = {  # one after the other: the clips of all would take four times the memory
        "gan": lambda: np.concatenate(list(generated_images(gan, num, seed))),
        "baseline": lambda: PixelGaussian(pixels, training.labels).sample(num, seed, requested_labels(gan, num, seed)),
        "still": lambda: np.repeat(pixels[np.resize(order[::-1], num), :1], pixels.shape[1], axis=1),
        "real": lambda: pixels[order[:num]],
    }
    judge = Judge(extractor, test_pixels, test.labels, samplers["real"]())
    values = {
        name: judge.values(sampler(), requested if name in ("gan", "baseline") else None) for name, sampler in samplers.items()
    }
    rivals = {"baseline": "a pixel Gaussian per class", "still": TITLES["still"]}
    shown = {"gan": "GAN", "baseline": "Gaussian", "still": "still", "real": "real"}
    lines = [headline(values, rivals, JUDGED, COLUMNS), *score_lines(JUDGED, COLUMNS, values, shown)]
    task = {"task": "motion" if training.labels is None else "labels and motion", "accuracy": extractor.held_out_accuracy}
    protocol = {**judge.protocol, "seeds": [seed]}
    return result_of(values, TITLES, {"num": num, "seed": seed}, lines, extractor=task, protocol=protocol)


def max_clips(videos):
    """Number of clips whose float32 numbers take at most `MAX_BYTES`, at least 200."""
    return max(MIN_DEFAULT, MAX_BYTES // (4 * math.prod(videos.video_shape)))


def some_clips(videos):
    """A random part of the clips that `max_clips` allows: memory does not grow with a film."""
    rows = np.sort(np.random.default_rng(0).permutation(len(videos))[: max_clips(videos)])
    return videos if len(rows) == len(videos) else part_of(videos, rows, {})


class Judge:
    """Test clips with their labels or None, prepared once to score several samplers; all clips are in [-1, 1]."""

    def __init__(self, extractor, test_pixels, test_labels, control):
        self.extractor, self.test_labels = extractor, test_labels
        self.quality = ImageQuality(extractor, test_pixels, test_labels, control, split="test")
        self.speeds, self.protocol = centre_speeds((test_pixels + 1.0) / 2.0), None

    def values(self, clips, requested=None):
        """Scores of clips in [-1, 1] by the names of `COLUMNS`; `requested` holds their requested labels, or None."""
        judged = requested if comparable(requested, self.test_labels) else None
        score = self.quality.score(clips, judged)
        self.protocol = score.protocol.as_dict()
        values = {name: value for name, value in score.values.items() if name in COLUMNS}
        labels, in_order = classify_clips(self.quality.reader.read(clips).logits)
        speeds = centre_speeds((clips + 1.0) / 2.0)
        return {
            **values,
            **({} if requested is None else {"agreement": float(np.mean(labels == requested))}),
            "in_order": float(np.mean(in_order)),
            "frame_difference": float(np.mean(frame_differences((clips + 1.0) / 2.0))),
            "speed": float(np.mean(speeds)),
            "speed_distance": wasserstein_distance(speeds, self.speeds),
        }
