"""`AdaptiveAugmentation`: adjusts the strength of an augmentation during training."""

import keras

from gan_keras.augmentation import DiffAugment


class AdaptiveAugmentation(keras.callbacks.Callback):
    """Updates the strength of the GAN's augmentation: `Scheduled` at each epoch, `Adaptive` every few batches.

    Logs `augmentation_strength`, a probability. Pass `initial_epoch` to `fit` when a scheduled training continues.

    Args:
        every: Batches between two updates of `Adaptive`, >= 1.
    """

    reads_data = True

    def __init__(self, every=4):
        super().__init__()
        if every < 1:
            raise ValueError(f"every={every}. Expected at least one batch between two updates.")
        self.every = every

    def on_train_begin(self, logs=None):
        augmentation = self.model.augmentation
        if not isinstance(augmentation, DiffAugment):
            raise ValueError(
                f"The GAN was compiled with augmentation={augmentation!r}. Expected one with a strength, such as "
                "`gan_keras.augmentation.Adaptive()`."
            )

    def on_epoch_begin(self, epoch, logs=None):
        self.model.augmentation.begin_epoch(epoch)

    def on_train_batch_end(self, batch, logs=None):
        if (batch + 1) % self.every == 0:
            self.model.augmentation.adapt()

    def on_epoch_end(self, epoch, logs=None):
        logs["augmentation_strength"] = float(keras.ops.convert_to_numpy(self.model.augmentation.strength))
