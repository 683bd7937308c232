"""What a `TextGAN` has besides its training steps: held-out lines, the stages of training, and metrics of likelihood."""

import types
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from gan_keras import replicas
from gan_keras.callbacks.best import BestWeights
from gan_keras.gans.step_metrics import StepMetrics, distinct_fraction


class HeldOut(NamedTuple):
    """Held-out lines: token ids `(num, length)`, labels or None, and of which the codec knows all, bool `(num,)`."""

    tokens: np.ndarray
    labels: np.ndarray | None
    known: np.ndarray

    @property
    def num_known(self):
        return int(self.known.sum())

    @property
    def of_known_words(self):
        """Tokens and labels of the known lines, and the number of all: the arguments of `calibrate_on`."""
        return self.tokens[self.known], None if self.labels is None else self.labels[self.known], len(self.tokens)

    @property
    def text(self):
        known = "" if self.num_known == len(self.tokens) else f", {self.num_known:,} of them of known words alone"
        return f"{len(self.tokens):,} held-out lines{known}"


def readable_twice(data, steps=None):
    """Returns batches of validation data, a list; none of a generator, of which Keras would miss what is read here.

    Args:
        data: What `inputs.held_out` returns: a data set, batches by number, a generator, or arrays.
        steps: `validation_steps`, without which an endless data set has no end.
    """
    if isinstance(data, keras.utils.PyDataset):
        return [data[number] for number in range(len(data) if steps is None else steps)]
    if isinstance(data, tf.data.Dataset):
        is_endless = steps is None and int(data.cardinality()) == tf.data.INFINITE_CARDINALITY
        return [] if is_endless else list(data if steps is None else data.take(steps))
    return [] if isinstance(data, types.GeneratorType | tf.distribute.DistributedDataset) else [data]


class Stages(keras.callbacks.Callback):
    """Changes the stage of a `TextGAN` by its epochs, and keeps the backward language model with the lowest held-out loss.

    Args:
        held_out: `HeldOut` lines.
    """

    def __init__(self, held_out):
        super().__init__()
        self.held_out, self.best_discriminator = held_out, BestWeights()

    def on_epoch_begin(self, epoch, logs=None):
        if self.model.stage == "discriminator" != self.model.stage_of(epoch):
            self.best_discriminator.restore([self.model.discriminator])
        self.model.begin_epoch(epoch, self.held_out)

    def on_epoch_end(self, epoch, logs=None):
        self.model.end_epoch(logs or {})
        if self.model.stage == "discriminator" and "val_backward_nll" in (logs or {}):
            self.best_discriminator.offer([self.model.discriminator], -logs["val_backward_nll"])

    def on_train_end(self, logs=None):
        if self.model.stage == "discriminator":
            self.best_discriminator.restore([self.model.discriminator])

    def get_state(self):
        """Returns the best discriminator so far, for `callbacks.Checkpoint`."""
        return self.best_discriminator.get_state()

    def set_state(self, state):
        self.best_discriminator.set_state(state)


class TextStepMetrics(StepMetrics):
    """Step metrics of a `TextGAN`: `nll` is the negative log-likelihood in nats per real token, and in each stage the `loss`.

    `backward_nll` is that of a `networks.BackwardLanguageModel`.
    """

    losses = ("nll",)

    def __init__(self):
        super().__init__(nll=keras.metrics.Mean("nll"), backward_nll=keras.metrics.Mean("backward_nll"))

    def diversity_of(self, real_data, fake_data):
        """Returns the fraction of distinct drafts in the batch."""
        return distinct_fraction(replicas.all_rows(fake_data))

    def test_result(self):
        nll = self.nll.result()
        return {**super().test_result(), "loss": nll, "nll": nll, "backward_nll": self.backward_nll.result()}
