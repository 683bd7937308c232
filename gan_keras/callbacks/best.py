"""Callbacks that score epochs and restore the networks of the best one: `KeepBest` for text, `Quality` for images."""

import time

import keras
import numpy as np

from gan_keras.metrics.bleu import References, bleu_tokens, self_bleu
from gan_keras.metrics.frontier import Point, gain_over

_TEMPERATURES = (1.2, 1.0, 1 / 1.1, 1 / 1.2, 1 / 1.35, 1 / 1.5)
_COMPARED = 1 / 1.1  # temperature at which the GAN is compared: within the range of the baseline's curve
_BLOCK = 256  # images generated at once, so that memory does not grow with `num`


class BestWeights:
    """Remembers generator, averaged generator and discriminator of the epoch with the highest value.

    Attributes:
        best: Highest value so far; minus infinity initially.
    """

    def __init__(self):
        self.best, self._weights = -float("inf"), None

    def offer(self, gan, value):
        """Copies the networks' weights if `value` is higher than all previous ones; NaN never is."""
        if value > self.best:
            self.best = value
            self._weights = [weight for network in networks_of(gan) for weight in network.get_weights()]

    def restore(self, gan):
        """Assigns the best weights to the networks, if there are any."""
        if self._weights is not None:
            weights = iter(self._weights)
            for network in networks_of(gan):
                network.set_weights([next(weights) for _ in network.weights])

    def get_state(self):
        """Returns the state for `callbacks.Checkpoint`."""
        return {"best": self.best, "weights": self._weights}

    def set_state(self, state):
        self.best, self._weights = state["best"], state["weights"]


def networks_of(gan):
    return gan.generator, gan.ema_generator, gan.discriminator


class _RestoresBest(keras.callbacks.Callback):
    """Base of callbacks that offer each epoch to `best_weights` and restore the best one at the end of `fit`."""

    def __init__(self):
        super().__init__()
        self.best_weights = BestWeights()

    def on_train_end(self, logs=None):
        self.best_weights.restore(self.model)

    def get_state(self):
        """Returns the best epoch so far, for `callbacks.Checkpoint`."""
        return self.best_weights.get_state()

    def set_state(self, state):
        self.best_weights.set_state(state)


class KeepBest(_RestoresBest):
    """Restores, at the end of `fit`, the networks of the adversarial epoch with the highest `val_gain`.

    `val_gain` is BLEU-5 against held-out lines minus the supervised baseline's at equal Self-BLEU-5, averaged over two
    samplers: one draw per sentence, and the best of `candidates` drafts. It is logged after every epoch that trains the
    discriminator. A loss is no substitute: the losses of the two networks move against each other.

    Args:
        held_out_lines: Lines of text that no network is trained on.
        num: Sentences per point of a curve, >= 2.
        candidates: Drafts per sentence of the second sampler.
        tokenize: Function from a line to a list of tokens.
        seed: Seed of the first sentence.
    """

    def __init__(self, held_out_lines, num=1000, candidates=4, tokenize=bleu_tokens, seed=10**6):
        super().__init__()
        self.references = References([tokenize(line) for line in held_out_lines])
        self.num, self.candidates, self.tokenize, self.seed = num, candidates, tokenize, seed
        self.baseline_points = None

    def on_epoch_end(self, epoch, logs=None):
        gan = self.model
        if gan.stage == "pretraining":
            return
        if self.baseline_points is None:
            self.baseline_points = [self.point(temperature, generator=gan.baseline) for temperature in _TEMPERATURES]
        gan.calibrate()
        points = [self.point(_COMPARED), self.point(_COMPARED, candidates=self.candidates)]
        logs["val_gain"] = sum(self.gain(point) for point in points) / len(points)
        logs["val_bleu5"], logs["val_self_bleu5"] = points[0].bleu[5], points[0].self_bleu[5]
        logs["val_baseline_self_bleu5"] = self.baseline_points[_TEMPERATURES.index(_COMPARED)].self_bleu[5]
        self.best_weights.offer(gan, logs["val_gain"])

    def get_state(self):
        """Returns the best epoch so far and the baseline's curve, for `callbacks.Checkpoint`."""
        points = [[point.bleu, point.self_bleu, point.temperature] for point in self.baseline_points or ()]
        return {"points": points, **super().get_state()}

    def set_state(self, state):
        def by_order(scores):  # JSON turns n-gram orders into strings
            return {int(order): score for order, score in scores.items()}

        points = [Point(by_order(bleu), by_order(self_bleu), temperature) for bleu, self_bleu, temperature in state["points"]]
        self.baseline_points = points or None
        super().set_state(state)

    def point(self, temperature, **options):
        sentences = [self.tokenize(line) for line in self.model.generate(self.num, self.seed, temperature, **options)]
        bleu = {order: float(scores.mean()) for order, scores in self.references.scores(sentences, (2, 3, 4, 5)).items()}
        return Point(bleu, self_bleu(sentences), temperature)

    def gain(self, point):
        """Returns the gain over the baseline's curve; a Self-BLEU-5 beyond its ends is compared with the nearest end."""
        diversities = [each.self_bleu[5] for each in self.baseline_points]
        inside = min(max(point.self_bleu[5], min(diversities)), max(diversities))
        return gain_over([Point(point.bleu, {**point.self_bleu, 5: inside}, point.temperature)], self.baseline_points)


class Quality(_RestoresBest):
    """Logs the scores of `ImageQuality` as `val_frechet`, `val_precision`, ... after every `every`-th epoch and the last.

    Place callbacks that read them, such as `ModelCheckpoint(monitor="val_frechet", mode="min")`, after it in the list.

    Args:
        image_quality: An `ImageQuality` of real images that the GAN is not trained on.
        num: Images generated per score, more than 5. The noise is the same at every epoch.
        every: Epochs between two scores, >= 1.
        seed: Seed of the first image.
        restore_best_weights: Whether to restore, at the end of `fit`, generator, averaged generator and discriminator of
            the scored epoch with the lowest `val_frechet` (`val_fid` if the extractor is Inception).

    Raises:
        ValueError: If `num` or `every` is out of range.
    """

    def __init__(self, image_quality, num=1000, every=1, seed=10**6, restore_best_weights=True):
        super().__init__()
        if num <= 5 or every < 1:
            raise ValueError(f"Got num={num} and every={every}. Expected num > 5, the neighbours of each image, and every >= 1.")
        self.image_quality, self.num, self.every, self.seed = image_quality, num, every, seed
        self.restore_best_weights = restore_best_weights

    def on_train_begin(self, logs=None):
        self.best_weights = BestWeights()

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every and epoch + 1 != self.params["epochs"]:
            return
        values = self.score().values
        logs.update({f"val_{name}": value for name, value in values.items()})
        if self.restore_best_weights:
            self.best_weights.offer(self.model, -values[self.image_quality.frechet_name])

    def score(self):
        """Returns the `Score` of the GAN, also within classes if the generator and the real images have labels."""
        labels = self.model.labels_from(np.arange(self.num) + self.seed)
        judged = None if self.image_quality.label_moments is None else labels
        return self.image_quality.score(generated_images(self.model, self.num, self.seed), judged, seeds=(self.seed,))

    def seconds_per_score(self, gan):
        """Returns the seconds that a score of a GAN takes, the second time: the first compiles."""
        self.set_model(gan)
        for _ in range(2):
            start = time.monotonic()
            self.score()
        return time.monotonic() - start


def generated_images(gan, num, seed):
    """Yields blocks of generated images as tensors in [-1, 1], with the labels given by `gan.labels_from`."""
    for start in range(0, num, _BLOCK):
        images = gan.generate(min(_BLOCK, num - start), seed + start)
        yield images if gan.codec is None else keras.ops.convert_to_numpy(gan.codec.encode(images))
