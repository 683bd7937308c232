"""Evaluation of a translation, next to unchanged images, matched colours and real images.

A classifier that learns the real training images of both domains decides which domain an image looks like. Its accuracy on real
test images is the control: no translation can be expected to convince it more often.
"""

import numpy as np

from gan_keras.data import PairedDomains
from gan_keras.gans.image_translation import DIRECTIONS
from gan_keras.metrics.extractor import Recipe, train_extractor
from gan_keras.metrics.features import FeatureReader
from gan_keras.metrics.protocol import Protocol
from gan_keras.metrics.translation import convinced, cycle_error, distance_between, match_colours
from gan_keras.modalities.image.evaluation import MIN_SAMPLES, tensors_of
from gan_keras.modalities.score_table import check_enough, result_of

RECIPE = Recipe(widths=(16, 32, 64), steps=300, batch_size=32)
ENDS = {"a_to_b": (0, 1), "b_to_a": (1, 0)}
"""Indices of the domains that a direction leads from and to."""

TITLES = {"gan": "GAN", "baseline": "matched colours", "unchanged": "unchanged images", "real": "real images"}
SCORES = {
    "convinced": "convinced",
    "cycle": "cycle error",
    "error": "error to the pair",
    "frechet": "Frechet distance to test images",
}
COLUMNS = {
    f"{name}_{direction}": f"{title}, {direction.replace('_', ' ')}" for direction in DIRECTIONS for name, title in SCORES.items()
}
"""Titles of the scores; higher is better for `convinced`, lower for the others."""


def evaluate_translation(gan, training, test, num=None, seed=0, progress=print):
    """Scores translations of test images, the same images unchanged or with matched colours, and real images.

    The classifier learns the training images. For `PairedDomains` the error to the paired image is scored too. `num` is the
    number of test images used per domain, at least 6; None for all. `seed` determines their choice, and the images that provide
    the colours. Other arguments and the result are those of `modalities.evaluate`; the result has `extractor` and `protocol`
    too.
    """
    check_enough(len(test) if num is None else num, seed, MIN_SAMPLES, a=test.a, b=test.b)
    pixels = [tensors_of(images, gan.codec)[0] for images in (training.a, training.b)]
    progress(f"Training the classifier of the domains on {sum(map(len, pixels)):,} images, unless a cached one fits")
    labels = np.repeat([0, 1], list(map(len, pixels)))
    extractor = train_extractor(np.concatenate(pixels), labels, recipe=RECIPE)
    chosen = [some(tensors_of(images, gan.codec)[0], num, seed) for images in (test.a, test.b)]
    progress(f"Translating and scoring {len(chosen[0]):,} and {len(chosen[1]):,} images")
    judge = Judge(FeatureReader(extractor), pixels, chosen, seed)
    values = {name: {} for name in TITLES}
    for direction in gan.translators:
        for name, found in judge.scores(gan, direction, is_paired=isinstance(test, PairedDomains)).items():
            values[name] |= {f"{score}_{direction}": value for score, value in found.items()}
    settings, lines = {"num": [len(images) for images in chosen], "seed": seed}, verdict(values, list(gan.translators))
    task, protocol = {"task": "domains", "accuracy": extractor.held_out_accuracy}, judge.protocol(test, seed)
    return result_of(values, TITLES, settings, lines, extractor=task, protocol=protocol)


class Judge:
    """Scores translations with a classifier's `FeatureReader`, and real images of both domains in [-1, 1]."""

    def __init__(self, reader, training, test, seed):
        self.reader, self.training, self.test, self.seed = reader, training, test, seed

    def scores(self, gan, direction, is_paired):
        """The scores of each sampler in one direction, by name."""
        start, end = ENDS[direction]
        sources, targets = ((self.test[domain] + 1.0) / 2.0 for domain in (start, end))
        translated = gan.translate(sources, direction)
        wanted = (some(self.training[end], len(sources), self.seed) + 1.0) / 2.0
        samplers = {"gan": translated, "baseline": match_colours(sources, wanted), "unchanged": sources}
        real = self.reader.read(self.test[end])
        found = {name: self.compare(images, real, end) for name, images in samplers.items()}
        found["real"] = {"convinced": convinced(real, end), "frechet": self.control(real, end)}
        if len(gan.translators) > 1:
            back = next(other for other in gan.translators if other != direction)
            found["gan"]["cycle"] = cycle_error(sources, gan.translate(translated, back))
        for name in samplers if is_paired else ():
            found[name]["error"] = cycle_error(targets, samplers[name])
        return found

    def compare(self, images, real, end):
        features = self.reader.read(2.0 * images - 1.0)
        return {"convinced": convinced(features, end), "frechet": distance_between(real, features)}

    def control(self, real, end):
        """The distance of as many real training images as there are test images."""
        return distance_between(real, self.reader.read(some(self.training[end], len(real.features), self.seed)))

    def protocol(self, test, seed):
        """Everything that the scores depend on."""
        num, metric = min(len(images) for images in self.test), "translation, classifier of the domains"
        what = Protocol(metric, test.fingerprint, "test", num, num, seeds=(seed,), **self.reader.protocol)
        return {**what.as_dict(), "seeds": [seed]}


def some(images, num, seed):
    """A random choice of `num` images in their order; all if `num` is None or too large."""
    if num is None or num >= len(images):
        return images
    return images[np.sort(np.random.default_rng(seed).permutation(len(images))[:num])]


def verdict(values, directions):
    """The verdict in plain words, a list of lines: one for the whole, then one per direction."""
    gan, best = values["gan"], {}
    for direction in directions:
        best[direction] = max(values[name][f"convinced_{direction}"] for name in ("baseline", "unchanged"))
    won = [direction for direction in directions if gan[f"convinced_{direction}"] > best[direction]]
    lost = [direction for direction in directions if direction not in won]
    parts = [f"{word} {' and '.join(names)}" for word, names in (("wins", won), ("does NOT win", lost)) if names]
    whole = f"Compared with both simple translations, the GAN {'; '.join(parts)} in convincing a classifier. (One run.)"
    return [whole, *(line_of(values, direction) for direction in directions)]


def line_of(values, direction):
    key = f"convinced_{direction}"
    gan, baseline, unchanged, real = (values[name][key] for name in ("gan", "baseline", "unchanged", "real"))
    return (
        f"{direction}: the classifier is convinced by {gan:.1%} of the translations, {baseline:.1%} of the images with matched "
        f"colours, {unchanged:.1%} of the unchanged images and {real:.1%} of the real ones."
    )
