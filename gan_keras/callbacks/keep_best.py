"""Keeps the epoch of adversarial training whose held-out quality at equal diversity is best."""

import keras

from gan_keras.callbacks.best_weights import BestWeights
from gan_keras.metrics.bleu import References, bleu_tokens, self_bleu
from gan_keras.metrics.frontier import Point, gain_over

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
