"""Stages of a training, each with a step of its own, as a callback."""

import keras
from keras import ops


class Stages(keras.callbacks.Callback):
    """Moves a GAN from stage to stage.

    The GAN has a `stage`, `stage_of(epoch)`, `end_stage()`, which finishes the one that it is in, and `enter(stage)`.
    """

    def on_epoch_begin(self, epoch, logs=None):
        gan, stage = self.model, self.model.stage_of(epoch)
        if stage != gan.stage:
            gan.end_stage()
            gan.enter(stage)


class BaselineStages(Stages):
    """Moves a `TextGAN` from stage to stage and keeps the best supervised network as its baseline."""

    def on_epoch_end(self, epoch, logs=None):
        gan, nll = self.model, (logs or {}).get("val_nll")
        # Without held-out data nothing tells which network is best: the last is kept.
        if gan.stage == "pretraining" and (nll is None or nll < float(ops.convert_to_numpy(gan.baseline_nll))):
            gan.baseline_nll.assign(float("inf") if nll is None else nll)
            gan.baseline.set_weights(gan.ema_generator.get_weights())
