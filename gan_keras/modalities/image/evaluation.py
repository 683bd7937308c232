"""Evaluation of a GAN of images: never alone, beside a Gaussian of the pixels of each class and real images.

All are scored on the features of one classifier, trained on the real training images (`metrics.extractor`), against
held-out images.
"""

import math

import numpy as np

from gan_keras.callbacks.best import generated_images
from gan_keras.data import image_batches
from gan_keras.data.image.images import some_images
from gan_keras.gans.sampling import seeds_from
from gan_keras.metrics.extractor import Recipe, train_extractor
from gan_keras.metrics.image_quality import ImageQuality, PixelGaussian
from gan_keras.modalities.score_table import outcome

LEAST, MOST = 500, 5000  # images of each sampler, where nothing else is asked for
MOST_BYTES = 2**30  # of training or test images as float32: 350,000 of 28 x 28 x 1, 22,000 of 64 x 64 x 3
RECIPE = Recipe()
COLUMNS = {
    "frechet": "Frechet distance",
    "kernel": "kernel distance",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "sliced_wasserstein": "sliced Wasserstein",
    "classifier_score": "classifier score",
    "intra_class_frechet": "Frechet within classes",
    "agreement": "agreement",
}
"""Titles of the scores; of the distances lower is better, of the others higher."""

TITLES = {"gan": "GAN", "baseline": "Gaussian of the pixels of each class", "real": "real training images"}
JUDGED = {"frechet": -1, "kernel": -1, "precision": 1, "recall": 1}
"""Scores that decide, and whether more (1) or less (-1) is better."""

AGREEMENT_IMAGES = 1000
_BLOCK = 256  # images encoded at once


def evaluate_images(gan, training, test, num=None, seed=0, progress=print):
    """Scores generated images, a Gaussian of the pixels, and real training images against test images.

    Args:
        gan: A trained `GAN` with a codec.
        training: `Images` that it was trained on: the classifier learns from them, and they are the control. Of training
            and test images each, where they are more than 1 GiB as float32, a random part is taken.
        test: `Images` that took no part in training or choosing, with the same labels, at least 6.
        num: Images of each sampler, >= 6; by default as many as test images, 500 to 5,000.
        seed: Of the samples: image i is made from `seed + i`.
        progress: Called with a line of text at each step.

    Returns:
        Dictionary that JSON holds as it is: `samplers` (by name `gan` and `baseline`: `title`, `values`), `real` (as
        one such sampler), `extractor`, `protocol`, `verdict` (lines of text) and `settings`.

    Raises:
        ValueError: For fewer images than the scores need.
    """
    num = min(MOST, max(LEAST, len(test))) if num is None else num
    check_enough(num, test)
    check_seeds(num, seed)
    training, test = in_memory_part(training), in_memory_part(test)
    pixels, labels = tensors_of(training, gan.codec)
    progress(f"Training the classifier whose features are compared on {len(pixels):,} images, unless it is kept")
    extractor = train_extractor(pixels, labels, recipe=RECIPE)
    progress(f"Generating and scoring {num:,} images")
    asked = asked_labels(gan, num, seed)
    baseline = PixelGaussian(pixels, labels).sample(num, seed, asked)
    scores = _scores(gan, baseline, extractor, (pixels, *tensors_of(test, gan.codec)), asked, num, seed)
    _add_agreement(scores, gan, baseline, extractor, None if labels is None else asked, seed)
    values = {name: score.values for name, score in scores.items()}
    return {
        "settings": {"num": num, "seed": seed},
        "samplers": {name: {"title": TITLES[name], "values": without_control(values[name])} for name in scores},
        "real": {"title": TITLES["real"], "values": of_control(values["gan"])},
        "extractor": {"task": "rotations" if labels is None else "labels", "accuracy": extractor.held_out_accuracy},
        "protocol": {**scores["gan"].protocol.as_dict(), "seeds": [seed]},
        "verdict": verdict(without_control(values["gan"]), without_control(values["baseline"]), of_control(values["gan"])),
    }


def in_memory_part(images):
    """As many of the images, drawn at random, as take `MOST_BYTES` in memory: it does not grow with a folder."""
    most = max(LEAST, MOST_BYTES // (4 * math.prod(images.image_shape)))
    return images if len(images) <= most else some_images(images, most)


def check_enough(num, test):
    if num < 6 or len(test) < 6:
        raise ValueError(f"Got num={num} and {len(test)} test images. Expected at least 6 of both: scores need neighbours.")


def check_seeds(num, seed):
    seeds_from(num, seed)
    if seed < 0:
        raise ValueError(f"seed={seed}. Expected a whole number >= 0: the baseline's draws follow from it too.")


def tensors_of(images, codec):
    """All images in [-1, 1], float32, and their labels or None."""
    batches = image_batches(images, _BLOCK, shuffle=False)
    pixels = batches if images.labels is None else batches.map(lambda pixels, labels: pixels)
    return np.concatenate([codec.encode(batch).numpy() for batch in pixels]), images.labels


def asked_labels(gan, num, seed):
    """The labels that images are generated for; None of a GAN without labels."""
    labels = gan.labels_from(np.arange(num) + seed)
    return None if labels is None else np.asarray(labels)


def _scores(gan, baseline, extractor, real, asked, num, seed):
    """The `Score` of the GAN and of the baseline; within classes where both sides have the same."""
    pixels, test_pixels, test_labels = real
    judged = asked if comparable(asked, test_labels) else None
    control = pixels[np.random.default_rng(seed).permutation(len(pixels))[:num]]
    quality = ImageQuality(extractor, test_pixels, None if judged is None else test_labels, control, split="test")
    return {
        "gan": quality.score(generated_images(gan, num, seed), judged, seeds=(seed,)),
        "baseline": quality.score(baseline, judged, seeds=(seed,)),
    }


def comparable(asked, real_labels):
    """Whether both sides have the same labels, each at least twice, which a covariance needs."""
    if asked is None or real_labels is None:
        return False
    (names, counts), (real_names, real_counts) = (np.unique(each, return_counts=True) for each in (asked, real_labels))
    return np.array_equal(names, real_names) and min(counts.min(), real_counts.min()) > 1


def _add_agreement(scores, gan, baseline, extractor, asked, seed):
    """Adds how often the classifier of real images names the label that an image was made for, on the first images."""
    if asked is None:
        return
    num = min(len(asked), AGREEMENT_IMAGES)
    for name, blocks in {"gan": generated_images(gan, num, seed), "baseline": [baseline[:num]]}.items():
        named = np.concatenate([np.argmax(extractor(block)["logits"], axis=1) for block in blocks])
        scores[name].values["agreement"] = float(np.mean(named == asked[:num]))


def without_control(values):
    """The values of the sampler itself."""
    return {name: value for name, value in values.items() if not name.startswith("control_")}


def of_control(values):
    """The values of real samples in its place, by the names of its own."""
    return {name.removeprefix("control_"): value for name, value in values.items() if name.startswith("control_")}


def verdict(gan, baseline, real):
    """The outcome in plain words: one line for the whole, then one for each score that decides.

    Args:
        gan: Values by the names of `COLUMNS`.
        baseline: The same of the baseline.
        real: The same of real images.

    Returns:
        List of strings.
    """
    whole = "; ".join(outcome(gan, baseline, JUDGED, COLUMNS))
    lines = [
        f"{COLUMNS[name]}: GAN {gan[name]:.4g}, baseline {baseline[name]:.4g}, real images {real[name]:.4g}." for name in JUDGED
    ]
    return [f"Over a Gaussian of the pixels of each class, the GAN {whole} (one set of samples, no interval).", *lines]
