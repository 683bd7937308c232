"""Whole runs of the modalities, as their tests need them: trained by the command line, exported, served, judged by small
networks, interrupted on purpose, and compared bit by bit."""

import contextlib
import json
import pathlib
import shlex

import keras
import numpy as np
import pytest

from command_line import call, refused
from gan_keras import modalities
from gan_keras.callbacks.history import OF_THE_MACHINE, read_history
from gan_keras.metrics.extractor import Recipe
from gan_keras.runs.files import Run
from gan_keras.runs.train import train
from gan_keras.serving import Client
from gan_keras.serving.server import Server

FEW_STEPS = Recipe((4, 8), 3, 16)


def silent(line):
    """Takes progress and says nothing."""


def succeeded(*arguments):
    """The standard output of a command that has to succeed."""
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def as_options(settings):
    """Settings of a preset as options of the command line."""
    return [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]


def trained(out, modality, data, *options, prints):
    """A run that the command line has trained with the preset `tiny`, and that has printed some words."""
    printed = succeeded("train", modality, "--data", data, "--out", out, "--preset", "tiny", *options)
    assert [words for words in prints if words not in printed] == [], printed
    return out


def exported(run, directory, *options):
    """The version that the command line exports from a run to a directory of its own."""
    succeeded("export", run, "--to", directory, *options)
    return directory / "1"


@contextlib.contextmanager
def served(version):
    """A client of a server that serves a version by the name `model`."""
    with (
        Server(version.parents[1], port=0, grpc_port=0, workers=1) as server,
        Client(f"http://127.0.0.1:{server.port}") as client,
    ):
        yield client


def evaluated(run, *options):
    """The scores that `evaluate` prints and writes into a run."""
    assert "Verdict: " in succeeded("evaluate", run, *options)
    return json.loads((run / "evaluation.json").read_text())


def reported(run):
    """The page that `report` writes into a run."""
    assert succeeded("report", run).strip() == str(run / "report.html")
    page = (run / "report.html").read_text()
    assert "<h2>Model card</h2>" in page
    return page


def suggested(printed):
    """The arguments of the commands below `Next:`, which follow the name of the program."""
    commands = [shlex.split(line) for line in printed.partition("Next:\n")[2].splitlines() if line.startswith("  ")]
    return [
        words[next(place for place, word in enumerate(words) if word.endswith(("gan-keras", "gan_keras"))) + 1 :]
        for words in commands
    ]


def assert_suggestions_run(run, num=20):
    """Runs every command that is suggested after `train`, and those that these suggest, in the current directory.

    Each says what it writes. An evaluation has `num` samples. Returns the names of the commands.
    """
    commands = modalities.get(Run(run).config["modality"]).next_commands("train", Run(run))
    waiting, done = suggested("\n  ".join(["Next:", *commands])), []
    while waiting:
        arguments = waiting.pop(0)
        result = call(*arguments, *(("--num", num) if arguments[0] == "evaluate" else ()))
        assert result.exit_code == 0, (arguments, result.output)
        written = [
            pathlib.Path(line.removeprefix("Written: ")) for line in result.output.splitlines() if line.startswith("Written: ")
        ]
        if arguments[0] in ("report", "export") and "--check" not in arguments:
            written.append(pathlib.Path(result.stdout.strip()))
        assert all(path.exists() for path in written), (arguments, written)
        assert ("--output" in arguments) <= (pathlib.Path(arguments[-1]) in written), (arguments, result.output)
        assert bool(written) or arguments[0] in ("generate", "export"), arguments
        done.append(arguments)
        waiting += [each for each in suggested(result.output) if each not in done + waiting]
    return [arguments[0] for arguments in done]


def assert_refuses(command, wrong):
    """Each line of arguments, added to a command, is refused with its words."""
    for arguments, words in wrong.items():
        assert words in refused(*command, *arguments.split()), arguments


@contextlib.contextmanager
def small_extractors(folder, evaluation, recipe=FEW_STEPS):
    """Makes the module of an evaluation keep its extractors in `folder` and train them for a few steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(folder / "keras"))
        patch.setattr(evaluation, "RECIPE", recipe)
        yield


# --- Interruption. ---


class StopAfterEpochs(keras.callbacks.Callback):
    """Stands for Ctrl-C at the end of an epoch, after its last batch and before its checkpoint."""

    def __init__(self, num):
        super().__init__()
        self.num = num

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.num:
            raise KeyboardInterrupt


class StopAfterSteps(keras.callbacks.Callback):
    """Stands for Ctrl-C after a number of steps of the generator."""

    def __init__(self, num):
        super().__init__()
        self.num = num

    def on_train_batch_end(self, batch, logs=None):
        if self.model.generator_optimizer.iterations == self.num:
            raise KeyboardInterrupt


@contextlib.contextmanager
def interrupted(modality, stop):
    """Adds a callback to the trainings of a modality, which has to interrupt them."""
    kind = type(modalities.get(modality))
    own = kind.callbacks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "callbacks", lambda self, *arguments: [*own(self, *arguments), stop])
        with pytest.raises(KeyboardInterrupt):
            yield


def assert_resumes(run, out, modality, data, stop, **options):
    """Interrupts the training of `run` and resumes it in `out`: the runs are equal. Returns the progress it reported."""
    lines = []
    with interrupted(modality, stop):
        train(modality, data, out, "tiny", **options, checkpoint_seconds=0, progress=lines.append)
    assert "Interrupted" in lines[-1]
    train(modality, data, out, resume=True, progress=lines.append)
    assert_trained_alike(run, out)
    return lines


def assert_trained_alike(first, second, models=("model.keras",)):
    """Compares two runs: equal histories, except for times, and in each saved model the same weights, bit by bit."""
    assert without_times(first / "history.csv") == without_times(second / "history.csv")
    for name in models:
        for one, other in zip(*(keras.saving.load_model(run / name).get_weights() for run in (first, second)), strict=True):
            np.testing.assert_array_equal(one, other, name)


def without_times(path):
    """The rows of a history without the columns that depend on the machine."""
    of_the_machine = ("seconds", *OF_THE_MACHINE)
    return [{name: value for name, value in row.items() if name not in of_the_machine} for row in read_history(path)]
