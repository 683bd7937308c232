"""Evaluation of a GAN of videos: never alone, beside clips that are simple to make and beside real ones.

All are scored on the features of one classifier in space and time, trained on the real training clips
(`metrics.clip_extractor`), against held-out clips.
"""

import numpy as np

from gan_keras.callbacks.best import generated_images
from gan_keras.metrics.clip_extractor import CLIPS, centre_speeds, distance_between, frame_differences, named
from gan_keras.metrics.extractor import Recipe, train_extractor
from gan_keras.metrics.image_quality import ImageQuality, PixelGaussian
from gan_keras.modalities.image.evaluation import asked_labels, check_enough, check_seeds, comparable
from gan_keras.modalities.score_table import outcome

LEAST, MOST = 200, 2000  # clips of each sampler, where nothing else is asked for
RECIPE = Recipe((16, 32, 64), 600, 64)
COLUMNS = {
    "frechet": "Frechet distance",
    "kernel": "kernel distance",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "intra_class_frechet": "Frechet within classes",
    "agreement": "agreement",
    "in_order": "in order",
    "frame_difference": "change of a pixel a frame",
    "speed": "speed, pixels a frame",
    "speed_distance": "distance of speeds",
}
"""Titles of the scores; of the distances lower is better, of those from precision to in order higher."""

TITLES = {
    "gan": "GAN",
    "baseline": "Gaussian of the pixels of each class",
    "still": "real first frames that stand still",
    "real": "real training clips",
}
JUDGED = {"frechet": -1, "kernel": -1, "precision": 1, "recall": 1, "speed_distance": -1}
"""Scores that decide, and whether more (1) or less (-1) is better."""


def evaluate_videos(gan, training, test, num=None, seed=0, progress=print):
    """Scores generated clips, two simple baselines, and real training clips against test clips.

    Args:
        gan: A trained `GAN` with a codec.
        training: `Videos` that it was trained on: the classifier learns from them, and they are the control.
        test: `Videos` that took no part in training, with the same labels, at least 6.
        num: Clips of each sampler, >= 6; by default as many as test clips, 200 to 2,000. Real clips are drawn from the
            training clips, at most all.
        seed: Of the samples: clip i is made from `seed + i`.
        progress: Called with a line of text at each step.

    Returns:
        Dictionary that JSON holds as it is: `samplers` (by name `gan`, `baseline` and `still`: `title`, `values`), `real` (as
        one such sampler), `extractor`, `protocol`, `verdict` (lines of text) and `settings`.

    Raises:
        ValueError: For fewer clips than the scores need.
    """
    num = min(MOST, max(LEAST, len(test))) if num is None else num
    check_enough(num, test)
    check_seeds(num, seed)
    pixels, test_pixels = (gan.codec.encode(part.videos).numpy() for part in (training, test))
    progress(f"Training the classifier whose features are compared on {len(pixels):,} clips, unless it is kept")
    extractor = train_extractor(pixels, training.labels, recipe=RECIPE, kind=CLIPS)
    progress(f"Generating and scoring {num:,} clips")
    asked = asked_labels(gan, num, seed)
    samples = _samples(gan, pixels, training.labels, num, seed)
    judge = Judge(extractor, test_pixels, test.labels, samples["real"])
    scored = {name: judge.values(clips, asked if name in ("gan", "baseline") else None) for name, clips in samples.items()}
    samplers = {name: {"title": TITLES[name], "values": values} for name, values in scored.items()}
    return {
        "settings": {"num": num, "seed": seed},
        "real": samplers.pop("real"),
        "samplers": samplers,
        "extractor": {
            "task": "motion" if training.labels is None else "labels and motion",
            "accuracy": extractor.held_out_accuracy,
        },
        "protocol": {**judge.protocol, "seeds": [seed]},
        "verdict": verdict(*(scored[name] for name in ("gan", "baseline", "still", "real"))),
    }


def _samples(gan, pixels, labels, num, seed):
    """Clips in [-1, 1] by the name of what made them."""
    order = np.random.default_rng(seed).permutation(len(pixels))
    first = pixels[np.resize(order[::-1], num), :1]
    return {
        "gan": np.concatenate(list(generated_images(gan, num, seed))),
        "baseline": PixelGaussian(pixels, labels).sample(num, seed, asked_labels(gan, num, seed)),
        "still": np.repeat(first, pixels.shape[1], axis=1),
        "real": pixels[order[:num]],
    }


class Judge:
    """Test clips prepared once, to score clips of several origins.

    Args:
        extractor: Of `train_extractor` for `CLIPS`.
        test_pixels: Test clips in [-1, 1].
        test_labels: Their labels, or None.
        control: Real clips in [-1, 1] that are no test clips.
    """

    def __init__(self, extractor, test_pixels, test_labels, control):
        self.extractor, self.test_labels = extractor, test_labels
        self.quality = ImageQuality(extractor, test_pixels, test_labels, control, split="test")
        self.speeds, self.protocol = centre_speeds((test_pixels + 1.0) / 2.0), None

    def values(self, clips, asked=None):
        """Scores of clips in [-1, 1] by the names of `COLUMNS`; `asked` are the labels that they were made for, or None."""
        judged = asked if comparable(asked, self.test_labels) else None
        score = self.quality.score(clips, judged)
        self.protocol = score.protocol.as_dict()
        values = {name: value for name, value in score.values.items() if name in COLUMNS}
        labels, in_order = named(self.quality.reader.read(clips).logits)
        speeds = centre_speeds((clips + 1.0) / 2.0)
        return {
            **values,
            **({} if asked is None else {"agreement": float(np.mean(labels == asked))}),
            "in_order": float(np.mean(in_order)),
            "frame_difference": float(np.mean(frame_differences((clips + 1.0) / 2.0))),
            "speed": float(np.mean(speeds)),
            "speed_distance": distance_between(speeds, self.speeds),
        }


def verdict(gan, baseline, still, real):
    """The outcome in plain words: one line for the whole, then one for each score that decides.

    Args:
        gan: Values by the names of `COLUMNS`.
        baseline: The same of the Gaussian of the pixels.
        still: The same of real first frames that stand still.
        real: The same of real clips.

    Returns:
        List of strings.
    """
    parts = []
    for title, other in (("a Gaussian of the pixels of each class", baseline), ("real first frames that stand still", still)):
        parts.append(f"over {title} {' and '.join(outcome(gan, other, JUDGED, COLUMNS))}")
    lines = [
        f"{COLUMNS[name]}: GAN {gan[name]:.4g}, Gaussian {baseline[name]:.4g}, still {still[name]:.4g}, real {real[name]:.4g}."
        for name in JUDGED
    ]
    return [f"The GAN {'; '.join(parts)} (one set of samples, no interval).", *lines]
