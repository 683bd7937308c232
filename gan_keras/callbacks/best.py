"""Callbacks that score epochs and restore the networks of the best one: `KeepBest` for text, `Quality` for images."""

import sys
import time

import keras
import numpy as np

_BLOCK = 256  # images generated at once, so that memory does not grow with `num`


class BestWeights:
    """Remembers the weights of networks in the epoch with the highest value.

    Attributes:
        best: Highest value so far; minus infinity initially.
    """

    def __init__(self):
        self.best, self._weights = -float("inf"), None

    def offer(self, networks, value):
        """Copies the networks' weights if `value` is higher than all previous ones; NaN never is."""
        if value > self.best:
            self.best = value
            self._weights = [weight for network in networks for weight in network.get_weights()]

    def restore(self, networks):
        """Assigns the best weights to the same networks, if there are any."""
        if self._weights is not None:
            weights = iter(self._weights)
            for network in networks:
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
        self.best_weights.restore(networks_of(self.model))

    def get_state(self):
        """Returns the best epoch so far, for `callbacks.Checkpoint`."""
        return self.best_weights.get_state()

    def set_state(self, state):
        self.best_weights.set_state(state)


class KeepBest(_RestoresBest):
    """Restores, at the end of `fit`, the networks of a `TextGAN` with the lowest `val_nll`, and prints which ones they are.

    The supervised network of before the adversarial stage is one of them: it stays unless an adversarial epoch predicts held-out
    lines better. So the adversarial stage never makes the model worse.

    Args:
        show: Function that is called with the line.
    """

    def __init__(self, show=print):
        super().__init__()
        self.show, self.epoch, self.supervised_nll, self.is_measured = show, 0, None, False

    def on_epoch_begin(self, epoch, logs=None):
        gan = self.model
        if gan.stage == "adversarial" and self.supervised_nll is None:
            # Without pretraining on the same held-out lines, any epoch is better.
            self.supervised_nll = min(float(keras.ops.convert_to_numpy(gan.baseline_nll)), sys.float_info.max)
            self.best_weights.offer(networks_of(gan), -self.supervised_nll)

    def on_epoch_end(self, epoch, logs=None):
        nll = (logs or {}).get("val_nll")
        if self.model.stage != "adversarial" or nll is None:
            return
        self.is_measured = True
        if -nll > self.best_weights.best:
            self.epoch = epoch + 1
            self.best_weights.offer(networks_of(self.model), -nll)

    def on_train_end(self, logs=None):
        if self.supervised_nll is None:
            return
        if not self.is_measured:
            self.show(
                "Kept: the last epoch, as val_nll was never logged. Expected `fit(..., validation_data=...)` to tell the best."
            )
            return
        super().on_train_end(logs)
        kept = f"epoch {self.epoch}" if self.epoch else "the supervised network, which no adversarial epoch improved on"
        known = f", before {self.supervised_nll:.4f}" if self.epoch and self.supervised_nll < sys.float_info.max else ""
        self.show(f"Kept: {kept} (val_nll {-self.best_weights.best:.4f}{known}).")

    def get_state(self):
        """Returns the best epoch so far, for `callbacks.Checkpoint`."""
        own = {name: getattr(self, name) for name in ("epoch", "supervised_nll", "is_measured")}
        return {**own, **super().get_state()}

    def set_state(self, state):
        self.epoch, self.supervised_nll, self.is_measured = state["epoch"], state["supervised_nll"], state["is_measured"]
        super().set_state(state)


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

    reads_data = True

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
            self.best_weights.offer(networks_of(self.model), -values[self.image_quality.frechet_name])

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
