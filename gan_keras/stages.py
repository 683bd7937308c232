"""The three stages of a `TextGAN`'s training, as a callback."""

import keras
import numpy as np


class Stages(keras.callbacks.Callback):
    """Moves a `TextGAN` from stage to stage and keeps the best supervised network as its baseline."""

    def __init__(self):
        super().__init__()
        self.best = np.inf

    def on_epoch_begin(self, epoch, logs=None):
        gan, stage = self.model, self.model.stage_of(epoch)
        if stage == gan.stage:
            return
        if gan.stage == "pretraining":
            gan.end_pretraining()
        gan.stage = stage
        gan.make_train_function(force=True)
        gan.make_test_function(force=True)

    def on_epoch_end(self, epoch, logs=None):
        nll = (logs or {}).get("val_nll", -epoch)  # without held-out data the last network is kept
        if self.model.stage == "pretraining" and nll < self.best:
            self.best = nll
            self.model.baseline.set_weights(self.model.ema_generator.get_weights())
