"""The three stages of a `TextGAN`'s training, as a callback."""

import keras
from keras import ops


class Stages(keras.callbacks.Callback):
    """Moves a `TextGAN` from stage to stage and keeps the best supervised network as its baseline."""

    def on_epoch_begin(self, epoch, logs=None):
        gan, stage = self.model, self.model.stage_of(epoch)
        if stage == gan.stage:
            return
        if gan.stage == "pretraining":
            gan.end_pretraining()
        gan.enter(stage)

    def on_epoch_end(self, epoch, logs=None):
        gan, nll = self.model, (logs or {}).get("val_nll")
        # Without held-out data nothing tells which network is best: the last is kept.
        if gan.stage == "pretraining" and (nll is None or nll < float(ops.convert_to_numpy(gan.baseline_nll))):
            gan.baseline_nll.assign(float("inf") if nll is None else nll)
            gan.baseline.set_weights(gan.ema_generator.get_weights())
