"""The networks of the best epoch so far, for callbacks that rate epochs."""

import keras
import numpy as np

from gan_keras.metrics.bleu import References, bleu_tokens, self_bleu
from gan_keras.metrics.frontier import Point, gain_over


class BestWeights:
    """Remembers generator, averaged generator and discriminator of the epoch with the highest value.

    Attributes:
        best: The highest value so far, minus infinity before the first.
    """

    def __init__(self):
        self.best, self._weights = -float("inf"), None

    def offer(self, gan, value):
        """Keeps a copy of the networks' weights if `value` is higher than all before; NaN is not."""
        if value > self.best:
            self.best = value
            self._weights = [weight for network in networks_of(gan) for weight in network.get_weights()]

    def restore(self, gan):
        """Gives the networks their best weights; nothing happens where none were kept."""
        if self._weights is not None:
            weights = iter(self._weights)
            for network in networks_of(gan):
                network.set_weights([next(weights) for _ in network.weights])

    def get_state(self):
        """For `callbacks.Checkpoint`."""
        return {"best": self.best, "weights": self._weights}

    def set_state(self, state):
        self.best, self._weights = state["best"], state["weights"]


def networks_of(gan):
    return gan.generator, gan.ema_generator, gan.discriminator


# --- Keeps the epoch of adversarial training whose held-out quality at equal diversity is best.

_TEMPERATURES = (1.2, 1.0, 1 / 1.1, 1 / 1.2, 1 / 1.35, 1 / 1.5)
_WATCHED = 1 / 1.1  # the temperature at which the GAN is compared: inside the range of the baseline's curve


class KeepBest(keras.callbacks.Callback):
    """Restores, at the end of `fit`, the networks of the epoch with the highest `val_gain`.

    `val_gain` is BLEU-5 against held-out lines less that of the supervised baseline at equal Self-BLEU-5, the mean of one draw
    a sentence and of the best of `candidates` drafts. It is logged after every epoch that trains the discriminator. A loss
    would not do: those of the two players move against each other.

    Args:
        held_out_lines: Lines of text that no network is trained on.
        num: Sentences drawn for each point, >= 2.
        candidates: Drafts for each sentence of the second sampler.
        tokenize: From a line to its list of tokens.
        seed: Of the sentences.
    """

    def __init__(self, held_out_lines, num=1000, candidates=4, tokenize=bleu_tokens, seed=10**6):
        super().__init__()
        self.references = References([tokenize(line) for line in held_out_lines])
        self.num, self.candidates, self.tokenize, self.seed = num, candidates, tokenize, seed
        self.baseline_points, self.best_weights = None, BestWeights()

    def on_epoch_end(self, epoch, logs=None):
        gan = self.model
        if gan.stage == "pretraining":
            return
        if self.baseline_points is None:
            self.baseline_points = self.baseline_curve()
        gan.calibrate()
        points = [self.point(_WATCHED), self.point(_WATCHED, candidates=self.candidates)]
        logs["val_gain"] = sum(self.gain(point) for point in points) / len(points)
        logs["val_bleu5"], logs["val_self_bleu5"] = points[0].bleu[5], points[0].self_bleu[5]
        logs["val_baseline_self_bleu5"] = self.baseline_points[_TEMPERATURES.index(_WATCHED)].self_bleu[5]
        self.best_weights.offer(gan, logs["val_gain"])

    def on_train_end(self, logs=None):
        self.best_weights.restore(self.model)

    def get_state(self):
        """The best epoch so far and the baseline's curve, for `callbacks.Checkpoint`."""
        return {"points": [list(point) for point in self.baseline_points or ()], **self.best_weights.get_state()}

    def set_state(self, state):
        points = [Point(by_order(bleu), by_order(self_bleu), at) for bleu, self_bleu, at in state["points"]]
        self.baseline_points = points or None
        self.best_weights.set_state(state)

    def baseline_curve(self):
        """The supervised network with temperature, against which all is held."""
        return [self.point(temperature, generator=self.model.baseline) for temperature in _TEMPERATURES]

    def point(self, temperature, **choices):
        sentences = [self.tokenize(line) for line in self.model.generate(self.num, self.seed, temperature, **choices)]
        bleu = {order: float(scores.mean()) for order, scores in self.references.scores(sentences, (2, 3, 4, 5)).items()}
        return Point(bleu, self_bleu(sentences), temperature)

    def gain(self, point):
        """Against the nearest point of the baseline's curve where the Self-BLEU lies beyond its ends."""
        diversities = [each.self_bleu[5] for each in self.baseline_points]
        inside = min(max(point.self_bleu[5], min(diversities)), max(diversities))
        return gain_over([Point(point.bleu, {**point.self_bleu, 5: inside}, point.temperature)], self.baseline_points)


def by_order(scores):
    """Scores by n-gram order, as JSON gave them back with the orders as text."""
    return {int(order): score for order, score in scores.items()}


# --- `Quality`: feature metrics of generated images while a GAN trains, and the networks of the best epoch at its end.


_BLOCK = 256  # images generated at once, so that memory does not grow with `num`


class Quality(keras.callbacks.Callback):
    """Logs the scores of `ImageQuality` as `val_frechet`, `val_precision`, ... after every `every`-th epoch and the last.

    Callbacks that read them, such as `ModelCheckpoint(monitor="val_frechet", mode="min")`, stand after it in the list.

    Args:
        image_quality: An `ImageQuality`, of real images that the GAN is not trained on.
        num: Images generated for each score, more than 5. The noise is the same at every epoch.
        every: Epochs from one score to the next, >= 1.
        seed: Of the first image.
        restore_best_weights: Whether generator, averaged generator and discriminator get back, at the end of `fit`, the
            weights of the scored epoch with the lowest `val_frechet` (`val_fid` where the extractor is Inception).

    Raises:
        ValueError: If `num` or `every` is out of its range.
    """

    def __init__(self, image_quality, num=1000, every=1, seed=10**6, restore_best_weights=True):
        super().__init__()
        if num <= 5 or every < 1:
            raise ValueError(f"Got num={num} and every={every}. Expected num > 5, the neighbours of each image, and every >= 1.")
        self.image_quality, self.num, self.every, self.seed = image_quality, num, every, seed
        self.restore_best_weights, self.best_weights = restore_best_weights, BestWeights()

    def on_train_begin(self, logs=None):
        self.best_weights = BestWeights()

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every and epoch + 1 != self.params["epochs"]:
            return
        values = self.score().values
        logs.update({f"val_{name}": value for name, value in values.items()})
        if self.restore_best_weights:
            self.best_weights.offer(self.model, -values[self.image_quality.frechet_name])

    def on_train_end(self, logs=None):
        self.best_weights.restore(self.model)

    def get_state(self):
        """The best epoch so far, for `callbacks.Checkpoint`."""
        return self.best_weights.get_state()

    def set_state(self, state):
        self.best_weights.set_state(state)

    def score(self):
        """The `Score` of the GAN as it is; within classes too, if the generator and the real images have labels."""
        labels = self.model.labels_from(np.arange(self.num) + self.seed)
        judged = None if self.image_quality.label_moments is None else labels
        return self.image_quality.score(generated_images(self.model, self.num, self.seed), judged, seeds=(self.seed,))


def generated_images(gan, num, seed):
    """Yields generated images as tensors in [-1, 1], a block at a time, with the labels of `gan.labels_from`."""
    for start in range(0, num, _BLOCK):
        images = gan.generate(min(_BLOCK, num - start), seed + start)
        yield images if gan.codec is None else keras.ops.convert_to_numpy(gan.codec.encode(images))
