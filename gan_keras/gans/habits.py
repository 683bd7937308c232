"""Keras' own callbacks with a GAN: which losses are better when lower, what ends at NaN, and what an epoch has not measured."""

import math
import warnings

import keras
import numpy as np

from gan_keras.gans.inputs import NO_BATCH
from gan_keras.networks.base import call_network
from gan_keras.privacy.differential_privacy import Budget, Ledger
from gan_keras.training.resume import Resuming
from gan_keras.training.rollback import not_finite

LOWER_IS_BETTER = ("loss", "nll", "frechet", "fid", "kid", "cycle", "identity", "l1", "reconstruction", "supervised", "moments")
HIGHER_IS_BETTER = ("gain", "bleu5", "precision", "recall", "density", "coverage")
"""Logged names, without a prefix such as `val_`, whose direction is known."""


def prepared(gan, callbacks):
    """Returns the callbacks of a training with those that Keras' own need here, and the `EpochLogs` among them.

    Raises:
        ValueError: If a callback monitors a value of the GAN whose direction is unknown.
    """
    callbacks = getattr(callbacks, "callbacks", callbacks)  # of a `keras.callbacks.CallbackList`
    callbacks = list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks] if callbacks else []
    for callback in callbacks:
        if hasattr(callback, "monitor") and hasattr(callback, "monitor_op"):
            set_direction(gan, callback)
    nan = [callback for callback in callbacks if isinstance(callback, keras.callbacks.TerminateOnNaN)]
    logs = EpochLogs(callbacks)
    if gan.privacy is not None:
        callbacks.append(Budget())
        files = [each.directory for each in callbacks if isinstance(each, Resuming)]
        if files and not any(isinstance(each, Ledger) for each in callbacks):
            callbacks.append(Ledger(files[0] / "privacy_ledger.json", gan.tell))
    return [*callbacks, *(EndOnNaN(callback.raise_error) for callback in nan[:1]), logs], logs


def set_direction(gan, callback):
    """Sets the `mode` of a callback that monitors a value, if it is "auto"; warns of a loss that does not tell quality."""
    kind, name = type(callback).__name__, callback.monitor
    keeps_all = getattr(callback, "save_best_only", True) is False
    if name in ("loss", "val_loss") and not gan.loss_tells_quality and not keeps_all:
        warnings.warn(
            f"{kind} monitors {name!r}, the sum of two losses that move against each other: it tells nothing about the samples. "
            "Monitor a score, such as 'val_frechet' of `gan_keras.callbacks.Quality`.",
            stacklevel=4,
        )
    if callback.mode != "auto":
        return
    last = name.rpartition("_")[2]
    if last in LOWER_IS_BETTER or last in HIGHER_IS_BETTER:
        callback.mode = "min" if last in LOWER_IS_BETTER else "max"
        if callback.monitor_op is None and hasattr(callback, "_set_monitor_op"):
            callback._set_monitor_op()
    elif name.removeprefix("val_") in {metric.name for metric in gan.metrics if metric not in gan.sample_metrics}:
        raise ValueError(f"{kind} monitors {name!r}, which is not better when lower or higher. Expected `mode='min'` or 'max'.")


class EndOnNaN(keras.callbacks.Callback):
    """Ends training after the first epoch whose weights, samples or logs are not finite: `TerminateOnNaN` reads one loss."""

    def __init__(self, raise_error=False):
        super().__init__()
        self.raise_error = raise_error

    def on_epoch_end(self, epoch, logs=None):
        gan = self.model
        seeds = np.arange(8)
        samples = call_network(gan.generator, gan.latents_from(seeds), gan.labels_from(seeds))
        strange = [f"{name} is {float(value):g}" for name, value in (logs or {}).items() if not math.isfinite(float(value))]
        strange += [f"{name} is not finite" for name in not_finite(gan)[:3]]
        if not np.isfinite(keras.ops.convert_to_numpy(samples).astype(np.float32)).all():
            strange.append("the generator's samples are not finite")
        if not strange:
            return
        text = f"Epoch {epoch + 1} ended the training: {', '.join(strange)}."
        if self.raise_error:
            raise RuntimeError(text)
        print(text)
        gan.stop_training = True


class EpochLogs(keras.callbacks.Callback):
    """Remembers each epoch's logs. Keras' `History` loses the places of values that an epoch has not measured.

    Args:
        others: The other callbacks, one of which may know earlier epochs.
    """

    def __init__(self, others):
        super().__init__()
        self.others, self.rows = others, {}

    def on_epoch_end(self, epoch, logs=None):
        self.rows[epoch] = logs if logs is not None else {}  # callbacks that come later add to it

    def completed(self, history):
        """Returns Keras' `History` with NaN where an epoch has not measured a value of the GAN.

        Raises:
            ValueError: If no epoch has measured anything, for want of batches.
        """
        names = {"loss", *(metric.name for metric in self.model.metrics)} if self.rows else set()
        if self.rows and not any(names & set(row) for row in self.rows.values()):
            raise ValueError(NO_BATCH)
        earlier = next((each.earlier for each in self.others if isinstance(each, Resuming)), ())
        rows = {**{row["epoch"]: row["logs"] for row in earlier}, **self.rows}
        history.logged = [rows.get(epoch, {}) for epoch in history.epoch]
        validated = [row for row in history.logged if any(name.startswith("val_") for name in row)]  # see `validation_freq`
        for name, values in history.history.items():
            measured = validated if name.startswith("val_") else history.logged
            if name.removeprefix("val_") in names and len(values) < len(measured):
                history.history[name] = [row.get(name, math.nan) for row in measured]
        return history
