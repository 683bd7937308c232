"""Whole runs as tests need them: interrupted on purpose, compared bit by bit, exported, judged by small networks."""

import contextlib

import keras
import numpy as np
import pytest

from command_line import call
from gan_keras import modalities
from gan_keras.callbacks.history import OF_THE_MACHINE, read_history
from gan_keras.metrics.extractor import Recipe

FEW_STEPS = Recipe((4, 8), 3, 16)


def silent(line):
    """Takes progress and says nothing."""


def exported(run, directory, *options):
    """The version that the command line makes of a run in a directory of its own."""
    result = call("export", run, "--to", directory, *options)
    assert result.exit_code == 0, result.output
    return directory / "1"


@contextlib.contextmanager
def small_extractors(folder, evaluation, recipe=FEW_STEPS):
    """Has a module of an evaluation keep its extractors in a folder of the tests' own, and train them for a few steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(folder / "keras"))
        patch.setattr(evaluation, "RECIPE", recipe)
        yield


# --- Interruption. ---


class StopAfterEpochs(keras.callbacks.Callback):
    """Stands for Ctrl-C at the end of an epoch, before the checkpoint's: all of its batches are behind, not the epoch."""

    def __init__(self, num):
        super().__init__()
        self.num = num

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.num:
            raise KeyboardInterrupt


class StopAfterSteps(keras.callbacks.Callback):
    """Stands for Ctrl-C after so many steps of the generator."""

    def __init__(self, num):
        super().__init__()
        self.num = num

    def on_train_batch_end(self, batch, logs=None):
        if self.model.generator_optimizer.iterations == self.num:
            raise KeyboardInterrupt


@contextlib.contextmanager
def interrupted(modality, stop):
    """The trainings of a modality that begin in it have one more callback, and have to be interrupted by it."""
    kind = type(modalities.get(modality))
    own = kind.callbacks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "callbacks", lambda self, *arguments: [*own(self, *arguments), stop])
        with pytest.raises(KeyboardInterrupt):
            yield


def assert_trained_alike(first, second, models=("model.keras",)):
    """Two runs have the same history, but for times, and in each of their saved models the same weights, bit by bit."""
    assert without_times(first / "history.csv") == without_times(second / "history.csv")
    for name in models:
        for one, other in zip(*(keras.saving.load_model(run / name).get_weights() for run in (first, second)), strict=True):
            np.testing.assert_array_equal(one, other, name)


def without_times(path):
    """The rows of a history without what depends on the machine."""
    of_the_machine = ("seconds", *OF_THE_MACHINE)
    return [{name: value for name, value in row.items() if name not in of_the_machine} for row in read_history(path)]
