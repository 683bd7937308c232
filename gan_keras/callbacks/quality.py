"""`Quality`: feature metrics of generated images while a GAN trains, and the networks of the best epoch at its end."""

import keras
import numpy as np

from gan_keras.callbacks.best_weights import BestWeights

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
