"""`Progress`: a line an epoch, with the time left."""

import time

import keras

SHOWN = ("nll", "val_nll", "d_loss", "g_loss", "val_gain", "val_frechet")


class Progress(keras.callbacks.Callback):
    """Tells of every epoch: its stage, its values, its time and the time left.

    Args:
        show: Called with each line, such as `print`.
        seconds: What an epoch of each stage is thought to cost, by the stage's name; what is measured replaces it.
    """

    def __init__(self, show=print, seconds=None):
        super().__init__()
        self.show, self.seconds = show, dict(seconds or {})

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        stage = self.model.stage_of(epoch)
        self.seconds[stage] = time.monotonic() - self.start
        values = [f"{name} {logs[name]:.4g}" for name in SHOWN if logs and logs.get(name)]
        total = self.params["epochs"]
        text = f"epoch {epoch + 1}/{total}, {stage}: {', '.join(values)} ({self.seconds[stage]:.0f} s{self.left(epoch + 1)})"
        self.show(text)

    def left(self, epoch):
        """`, about 3 min left`, from the cost of each epoch to come; a stage not yet met costs as much as the dearest."""
        stages = [self.model.stage_of(each) for each in range(epoch, self.params["epochs"])]
        if not stages:
            return ""
        dearest = max(self.seconds.values())
        seconds = sum(self.seconds.get(stage, dearest) for stage in stages)
        return f", about {seconds:.0f} s left" if seconds < 90 else f", about {seconds / 60:.0f} min left"
