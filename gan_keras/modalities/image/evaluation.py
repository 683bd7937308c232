"""Evaluation of a GAN of images, next to a pixel Gaussian per class, a private one if the GAN is private, and real images.

All are scored against held-out images, on the features of one classifier that learns the real training images
(`metrics.extractor`). The helpers serve the evaluations of sounds, videos and translations too.
"""

import math

import numpy as np

from gan_keras.callbacks.best import generated_images
from gan_keras.data import image_batches
from gan_keras.data.image.images import some_images
from gan_keras.metrics.extractor import Recipe, train_extractor
from gan_keras.metrics.image_quality import ImageQuality, PixelGaussian
from gan_keras.metrics.train_on_synthetic import CLASSIFIERS, classification_accuracy_score
from gan_keras.modalities.score_table import check_enough, headline, private_line, result_of, score_lines
from gan_keras.privacy.noised_moments import NoisedMoments

MIN_DEFAULT, MAX_DEFAULT = 500, 5000  # images per sampler by default
MAX_BYTES = 2**30  # training or test images as float32: 350,000 of 28 x 28 x 1, 22,000 of 64 x 64 x 3
RECIPE = Recipe()
COLUMNS = {
    "frechet": "Frechet distance to test images",
    "kernel": "kernel distance",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "sliced_wasserstein": "sliced Wasserstein",
    "classifier_score": "classifier score",
    "intra_class_frechet": "Frechet within classes",
    "agreement": "agreement",
    "trained_on": "accuracy of classifiers trained on them",
}
"""Titles of the scores; lower is better for distances, higher for the others."""

TITLES = {"gan": "GAN", "baseline": "pixel Gaussian per class", "real": "real training images"}
TRAINED = ("logistic", "network")
"""Names of the classifiers that learn the images of a private GAN, and are tested on real ones."""

JUDGED = {"frechet": -1, "kernel": -1, "precision": 1, "recall": 1}
"""The deciding scores, and whether higher (1) or lower (-1) is better."""

NUM_AGREEMENT = 1000
MIN_SAMPLES = 6  # the scores need five neighbours of each sample
_BLOCK = 256  # images encoded at once


def evaluate_images(gan, training, test, num=None, seed=0, progress=print):
    """Scores generated images, a pixel Gaussian per class, and real training images against test images.

    Next to a private GAN stand images of `privacy.NoisedMoments` of the same epsilon, which need no network; if there are labels,
    classifiers learn the images of each, and are tested on real ones.

    The classifier learns the training images. If training or test images take more than 1 GiB as float32, a random part of them
    is used. `num` is at least 6, by default the number of test images, from 500 to 5,000. Arguments and result are those of
    `modalities.evaluate`; the result has `extractor` and `protocol` too.
    """
    num = min(MAX_DEFAULT, max(MIN_DEFAULT, len(test))) if num is None else num
    check_enough(num, seed, MIN_SAMPLES, test=test)
    privacy, requested = getattr(gan, "privacy", None), requested_labels(gan, num, seed)
    rivals, titles, words = {}, dict(TITLES), {"baseline": "a pixel Gaussian per class"}
    if privacy is not None:
        progress(f"Measuring noised moments for epsilon={privacy.epsilon:g}")
        moments = noised_moments(training, gan.codec, privacy.epsilon, privacy.delta, gan.num_labels)
        rivals["moments"], words["moments"] = moments.sample(num, seed, requested), "noised moments of the same epsilon"
        titles = {**titles, "moments": f"noised moments, epsilon={privacy.epsilon:g}"}
    training, test = in_memory_part(training), in_memory_part(test)
    pixels, labels = tensors_of(training, gan.codec)
    progress(f"Training the classifier on {len(pixels):,} images, unless a cached one fits: its features are compared")
    extractor = train_extractor(pixels, labels, recipe=RECIPE)
    progress(f"Generating and scoring {num:,} images")
    rivals["baseline"] = PixelGaussian(pixels, labels).sample(num, seed, requested)
    real = pixels, *tensors_of(test, gan.codec)
    scores = _scores(gan, rivals, extractor, real, requested, num, seed)
    _add_agreement(scores, gan, rivals, extractor, None if labels is None else requested, seed)
    values, judged = with_control(scores), dict(JUDGED)
    if privacy is not None and comparable(requested, labels) and real[2] is not None:
        progress("Training classifiers on the images of each")
        made = {"gan": np.concatenate(list(generated_images(gan, num, seed))), **rivals}
        for name, accuracy in trained_on(made, requested, (pixels, labels), real[1:], seed).items():
            values[name]["trained_on"] = accuracy
        judged["trained_on"] = 1
    lines = verdict(values, judged, COLUMNS, words, "images")
    if privacy is not None:
        others = "The pixel Gaussian and real images"
        lines.append(private_line(values, judged, "moments", "noised moments (`privacy.NoisedMoments`)", others))
    measured = {
        "extractor": of_extractor(extractor, labels),
        "protocol": {**scores["gan"].protocol.as_dict(), "seeds": [seed]},
    }
    return result_of(values, titles, {"num": num, "seed": seed}, lines, **measured)


def noised_moments(images, codec, epsilon, delta, num_labels):
    """Returns the `privacy.NoisedMoments` of all images, read in blocks, by class if there are labels."""

    def blocks():
        for batch in image_batches(images, _BLOCK, shuffle=False):
            levels, labels = batch if isinstance(batch, tuple) else (batch, None)
            yield codec.encode(levels).numpy(), None if labels is None or not num_labels else labels.numpy()

    return NoisedMoments(blocks, epsilon, delta, num_labels=num_labels)


def trained_on(made, requested, real, test, seed):
    """Returns the accuracy on test images of classifiers that learned each sampler's images: the mean over `TRAINED`.

    Args:
        made: Images by the name of the sampler.
        requested: Their labels.
        real: Pair of the real training images and labels, of which as many are learned as the control.
        test: Pair of real images and labels to test on.
        seed: Seed of the classifiers and of the choice of real images.
    """

    def rows(images):
        return images.reshape(len(images), -1)

    num = min(len(requested), len(real[0]))
    order = np.random.default_rng(seed).permutation(len(real[0]))[:num]
    training, test, found = (rows(real[0][order]), real[1][order]), (rows(test[0]), test[1]), {}
    for name, images in made.items():
        generated = rows(images[:num]), requested[:num]
        pairs = [classification_accuracy_score(CLASSIFIERS[each](seed), generated, training, test) for each in TRAINED]
        found[name] = float(np.mean([each.score for each in pairs]))
    return {**found, "real": float(np.mean([each.control for each in pairs]))}


def of_extractor(extractor, labels):
    return {"task": "rotations" if labels is None else "labels", "accuracy": extractor.held_out_accuracy}


def in_memory_part(images):
    """A random part of the images that takes at most `MAX_BYTES`: memory does not grow with a folder."""
    max_images = max(MIN_DEFAULT, MAX_BYTES // (4 * math.prod(images.image_shape)))
    return images if len(images) <= max_images else some_images(images, max_images)


def tensors_of(images, codec):
    """All images in [-1, 1], float32, and their labels or None."""
    batches = image_batches(images, _BLOCK, shuffle=False)
    pixels = batches if images.labels is None else batches.map(lambda pixels, labels: pixels)
    return np.concatenate([codec.encode(batch).numpy() for batch in pixels]), images.labels


def requested_labels(gan, num, seed):
    """The labels of the generated images; None for a GAN without labels."""
    labels = gan.labels_from(np.arange(num) + seed)
    return None if labels is None else np.asarray(labels)


def _scores(gan, rivals, extractor, real, requested, num, seed):
    """The `Score` of the GAN and of its rivals by name; within classes if both sides have the same ones."""
    pixels, test_pixels, test_labels = real
    judged = requested if comparable(requested, test_labels) else None
    control = pixels[np.random.default_rng(seed).permutation(len(pixels))[:num]]
    quality = ImageQuality(extractor, test_pixels, None if judged is None else test_labels, control, split="test")
    return {
        "gan": quality.score(generated_images(gan, num, seed), judged, seeds=(seed,)),
        **{name: quality.score(images, judged, seeds=(seed,)) for name, images in rivals.items()},
    }


def comparable(requested, real_labels):
    """Returns whether both sides have the same labels, each at least twice: a covariance needs two samples."""
    if requested is None or real_labels is None:
        return False
    (names, counts), (real_names, real_counts) = (np.unique(each, return_counts=True) for each in (requested, real_labels))
    return np.array_equal(names, real_names) and min(counts.min(), real_counts.min()) > 1


def _add_agreement(scores, gan, rivals, extractor, requested, seed):
    """Adds the agreement: how often the classifier of real images finds the requested label, on the first images."""
    if requested is None:
        return
    num = min(len(requested), NUM_AGREEMENT)
    made = {"gan": generated_images(gan, num, seed), **{name: [images[:num]] for name, images in rivals.items()}}
    for name, blocks in made.items():
        named = np.concatenate([np.argmax(extractor(block)["logits"], axis=1) for block in blocks])
        scores[name].values["agreement"] = float(np.mean(named == requested[:num]))


def with_control(scores):
    """The values of each sampler by name; as `"real"` those of the control, which the GAN's `Score` contains."""
    values = {name: {key: value for key, value in score.values.items() if not is_control(key)} for name, score in scores.items()}
    control = {key.removeprefix("control_"): value for key, value in scores["gan"].values.items() if is_control(key)}
    return {**values, "real": control}


def is_control(name):
    return name.startswith("control_")


def verdict(values, signs, columns, rivals, samples, further=()):
    """The verdict: the headline, then a line per deciding score and per `further` score.

    `rivals` is the baseline in words, or baselines in words by the name of their sampler.
    """
    rivals = {"baseline": rivals} if isinstance(rivals, str) else rivals
    shown = {
        "gan": "GAN",
        **{name: name if name == "baseline" else f"noised {name}" for name in rivals},
        "real": f"real {samples}",
    }
    return [headline(values, rivals, signs, columns), *score_lines([*signs, *further], columns, values, shown)]
