"""Quality of tables on `adult.csv`: train on synthetic rows, test on UCI's own test part.

    python benchmarks/tables.py split --data adult.csv --out data            # train.csv, test.csv, nulls.csv
    python benchmarks/tables.py train --data data/train.csv --preset default --seed 0 --out runs/adult_default_0
    python benchmarks/tables.py score runs/adult_default_0 --test data/test.csv
    python benchmarks/tables.py conditions runs/adult_default_0
    python benchmarks/tables.py controls --data data/train.csv --test data/test.csv --out data
    python benchmarks/tables.py table runs/*/scores.json data/*.json

`split` cuts the file as UCI does: rows 0 to 32,560 are for training, the others for the test. `nulls.csv` is the training part
with 5 % of the cells of every column but the last emptied at random. `train` tells the processor seconds of the training.
"""

import argparse
import csv
import json
import pathlib
import time

import numpy as np
import tensorflow as tf

from gan_keras import modalities
from gan_keras.data import load_table, load_table_like, split_table
from gan_keras.media import write_json
from gan_keras.metrics import TABLE_CLASSIFIERS, IndependentColumns
from gan_keras.modalities import column_histograms, score_rows
from gan_keras.runs import Run
from gan_keras.runs import train_run as train

TRAINING_ROWS, NULLS = 32_561, 0.05
CONDITIONED_ROWS = 5000


def split(arguments):
    """Writes the parts of the file."""
    with open(arguments.data, newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    training, random = rows[:TRAINING_ROWS], np.random.default_rng(0)
    emptied = [
        [("" if missing else cell) for cell, missing in zip(row[:-1], random.random(len(row) - 1) < NULLS, strict=True)]
        + row[-1:]
        for row in training
    ]
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", training), ("test", rows[TRAINING_ROWS:]), ("nulls", emptied)):
        with open(arguments.out / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *part])


def train_run(arguments):
    """Trains a run on one thread and keeps the processor seconds that it took."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    start = time.process_time()
    settings = dict(setting.split("=", 1) for setting in arguments.set or [])
    train("table", arguments.data, arguments.out, arguments.preset, seed=arguments.seed, settings=settings)
    write_json(arguments.out / "seconds.json", {"processor_seconds": time.process_time() - start})


def score_run(arguments):
    """Scores the rows of a run against the test part, as `gan-keras evaluate` does, and draws their histograms."""
    run, modality = Run(arguments.run), modalities.get("table")
    training, _ = modality.parts(run)
    gan, test = run.load(), load_table_like(arguments.test, training.columns)
    rows = gan.generate_cells(len(training), seed=0)
    last = len(training.columns) - 1
    values = score_rows(training.columns, rows, (training.cells, test.cells), last, seed=0, is_real=False)
    seconds = json.loads((arguments.run / "seconds.json").read_text())
    told = {"rows of": run.config["asked"]["preset"], "data": training.name, "seed": run.config["seed"], **seconds}
    write_json(arguments.run / "scores.json", {**told, "values": values})
    (arguments.run / "histograms.png").write_bytes(column_histograms(training.columns, test.cells, rows))


def controls(arguments):
    """Scores independent columns and real training rows."""
    training, held_out = split_table(load_table(arguments.data))
    test, last = load_table_like(arguments.test, training.columns), len(training.columns) - 1
    tables = {
        "independent columns": IndependentColumns(training.cells).sample(len(training)),
        "real training rows": training.cells,
    }
    for title, rows in tables.items():
        is_real = title.startswith("real")
        values = score_rows(training.columns, rows, (training.cells, test.cells), last, seed=0, is_real=is_real)
        told = {"rows of": title, "data": training.name, "seed": 0, "processor_seconds": 0.0}
        write_json(arguments.out / f"{title.replace(' ', '_')}.json", {**told, "values": values})


def conditions(arguments):
    """Asks for rows by every label, and counts those that do not meet it."""
    gan = Run(arguments.run).load()
    num = max(1, CONDITIONED_ROWS // len(gan.label_names))
    labels = [label for label in gan.label_names for _ in range(num)]
    columns = gan.generate(len(labels), seed=0, labels=labels)
    names = [label.partition("=")[0] for label in labels]
    failed = sum(f"{name}={columns[name][row]}" != labels[row] for row, name in enumerate(names))
    print(f"{len(labels):,} rows asked for by {len(gan.label_names)} conditions: {failed} do not meet theirs.")


def table(arguments):
    """Prints a row of Markdown for each file of scores."""
    names = [
        "f1",
        "accuracy",
        *(f"by_{name}" for name in TABLE_CLASSIFIERS),
        "columns",
        "pairs",
        "missing",
        "told_apart",
        "copies",
    ]
    heads = ["data", "rows of", "seed", "processor s", *names]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for path in arguments.results:
        found = json.loads(path.read_text())
        told = [found["data"], found["rows of"], str(found["seed"]), f"{found['processor_seconds']:.0f}"]
        values = [f"{found['values'][name]:.3f}" for name in names]
        print(f"| {' | '.join([*told, *values])} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    paths = {name: {"type": pathlib.Path, "required": True} for name in ("--data", "--out", "--test")}
    for function, names in {
        split: ("--data", "--out"),
        train_run: ("--data", "--out"),
        score_run: ("--test",),
        controls: ("--data", "--test", "--out"),
        conditions: (),
        table: (),
    }.items():
        command = commands.add_parser(function.__name__.removesuffix("_run"))
        command.set_defaults(function=function)
        for name in names:
            command.add_argument(name, **paths[name])
        if function in (score_run, conditions):
            command.add_argument("run", type=pathlib.Path)
        if function is table:
            command.add_argument("results", type=pathlib.Path, nargs="+")
        if function is train_run:
            command.add_argument("--preset", default="default")
            command.add_argument("--set", action="append")
            command.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.function(arguments)


if __name__ == "__main__":
    main()
