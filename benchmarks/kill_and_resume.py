"""Kills a training again and again, resumes it each time, and compares what comes out with a training that was left alone.

    python benchmarks/kill_and_resume.py image --kills 50
    python benchmarks/kill_and_resume.py text --kills 50 --work runs/killed

Each process is `gan-keras train` with a checkpoint after every batch. It gets SIGKILL at a random moment of its first seconds of
training; a kill while the directory of a half-written checkpoint is there counts as one in a write. Every start of a process
costs the import of TensorFlow and a compiled graph: 50 kills take about a quarter of an hour on two idle cores.
"""

import argparse
import csv
import pathlib
import random
import shlex
import subprocess
import sys
import tempfile
import time

import keras
import numpy as np

from gan_keras.data import english_phrases
from gan_keras.runs import MACHINE_COLUMNS
from gan_keras.training import checkpoint_names, load_checkpoint, newest_checkpoint

LINES = 600


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modality", choices=["image", "text"])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--spread", type=float, default=2.0, help="Seconds of training within which a kill falls.")
    parser.add_argument("--seed", type=int, default=0, help="Of the moments.")
    parser.add_argument("--work", type=pathlib.Path, help="Where both runs lie; default: a temporary directory.")
    arguments = parser.parse_args()
    work = arguments.work or pathlib.Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    straight, killed = (command_of(arguments, work, name) for name in ("straight", "killed"))
    subprocess.run(straight, check=True, stdout=subprocess.DEVNULL)
    kills, in_writes = kill_again_and_again(killed, work / "killed" / "checkpoints", arguments)
    subprocess.run([*killed, *(["--resume"] if kills else [])], check=True, stdout=subprocess.DEVNULL)
    difference = furthest(work / "straight", work / "killed")
    missing, doubled, other = compare_rows(work / "straight" / "history.csv", work / "killed" / "history.csv")
    print("| run | kills | in a write | largest difference | rows missing | rows doubled | values that differ | command |")
    print("|---|---|---|---|---|---|---|---|")
    command = shlex.join(["python", *sys.argv])
    print(f"| {arguments.modality} | {kills} | {in_writes} | {difference} | {missing} | {doubled} | {other} | `{command}` |")


def command_of(arguments, work, name):
    """The training as a list of words."""
    data, settings = "digits", ["width=2"]
    if arguments.modality == "text":
        data, settings = work / "lines.txt", ["units=16", "adversarial_epochs=2"]
        lines = dict.fromkeys(english_phrases().sample(2 * LINES, seed=0))
        data.write_text("".join(f"{line}\n" for line in list(lines)[:LINES]))
    choices = ["--preset", "tiny", "--epochs", arguments.epochs, "--checkpoint-seconds", 0]
    choices += [word for setting in settings for word in ("--set", setting)]
    words = ["train", arguments.modality, "--data", data, "--out", work / name, *choices]
    return [sys.executable, "-m", "gan_keras", *map(str, words)]


def kill_again_and_again(command, directory, arguments):
    """How many processes were killed, and how many of them in the midst of a write; fewer if one came to its end."""
    moments, in_writes = random.Random(arguments.seed), 0
    for kill in range(arguments.kills):
        child = subprocess.Popen([*command, *(["--resume"] if kill else [])], stdout=subprocess.DEVNULL)
        begun = wait_for_training(child, directory)
        time.sleep(moments.uniform(0.0, arguments.spread) if begun else 0.0)
        if child.poll() is not None:
            print(f"The training came to its end (exit code {child.returncode}) after {kill} kills: raise --epochs.")
            return kill, in_writes
        child.kill()
        child.wait()
        in_writes += any(path.name.startswith(".") for path in directory.iterdir())
        print(f"kill {kill + 1}: {checkpoint_names(directory)[-1:]}, {in_writes} in a write so far", flush=True)
    return arguments.kills, in_writes


def wait_for_training(child, directory):
    """Waits until a process has written to the directory of checkpoints; False if it ended before."""
    before = stamp(directory)
    while child.poll() is None:
        if stamp(directory) != before and checkpoint_names(directory):
            return True
        time.sleep(0.005)
    return False


def stamp(directory):
    return [path.name for path in sorted(directory.iterdir())] if directory.is_dir() else []


def furthest(first, second):
    """The largest difference of two runs in any weight, optimizer or other state; of the last epoch and of the model kept."""
    largest = 0.0
    for load in (lambda run: load_checkpoint(newest_checkpoint(run / "checkpoints", print)[0]), load_kept):
        pairs = zip(numbers_of(load(first)), numbers_of(load(second)), strict=True)
        differences = [np.abs(np.where(a == b, 0.0, np.asarray(a, np.float64) - b)).max() for a, b in pairs]
        largest = max(largest, *differences)
    return largest


def load_kept(run):
    return keras.saving.load_model(run / "model.keras")


def numbers_of(gan):
    optimizers = [*gan.generator_optimizer.variables, *gan.discriminator_optimizer.variables]
    variables = [*gan.weights, *optimizers, *(variable for _, variable in sorted(gan.own_state().items()))]
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def compare_rows(first, second):
    """Epochs of the first history that the second lacks, epochs that it has twice, and values that differ."""
    expected, got = (read_rows(path) for path in (first, second))
    epochs = [row["epoch"] for row in got]
    missing = sum(row["epoch"] not in epochs for row in expected)
    other = sum(row[name] != twin.get(name) for row, twin in zip(expected, got, strict=False) for name in row)
    return missing, len(epochs) - len(set(epochs)), other


def read_rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return [
            {name: value for name, value in row.items() if name not in ("seconds", *MACHINE_COLUMNS)}
            for row in csv.DictReader(file)
        ]


if __name__ == "__main__":
    main()
