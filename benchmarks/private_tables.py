"""Private tables in figures: noised counts and the GAN that begins from them, next to tables that are not private.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/private_tables.py adult.csv --schema benchmarks/adult.schema.json

Prints a table: F1, accuracy and similarities on held-out rows, a mean and the smallest and largest value over the seeds, by
8,000 rows each. One thread; seconds are those of the processor, of the training alone.
"""

import argparse
import dataclasses
import time

import numpy as np
import tensorflow as tf

import gan_keras
from gan_keras.data import load_table, split_table
from gan_keras.metrics import (
    IndependentColumns,
    TableFeatures,
    column_similarities,
    pair_similarities,
    synthetic_training,
    two_sample_test,
)
from gan_keras.privacy import NoisedCounts

SCORES, NUM = ("f1", "accuracy", "columns", "pairs", "told_apart"), 8000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="a CSV file without identifiers")
    parser.add_argument("--schema", required=True, help="its public schema")
    parser.add_argument("--epsilons", type=float, nargs="+", default=[1.0, 10.0])
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    table = load_table(arguments.data, schema=arguments.schema)
    print("| rows | " + " | ".join(SCORES) + " | CPU s |\n|" + " --- |" * (len(SCORES) + 2))
    makers = {
        "real rows (not private)": lambda training, seed: some(training.cells, seed),
        "independent columns (not private)": lambda training, seed: IndependentColumns(training.cells).sample(NUM, seed),
    }
    for epsilon in arguments.epsilons:
        makers[f"noised counts, epsilon={epsilon:g}"] = lambda training, seed, epsilon=epsilon: counted(training, seed, epsilon)
        makers[f"preset private, epsilon={epsilon:g}"] = lambda training, seed, epsilon=epsilon: trained(training, seed, epsilon)
    for name, make in makers.items():
        print(f"| {name} | {measured(table, make, arguments.seeds)} |", flush=True)


def measured(table, make, seeds):
    """The cells of a line: each score over the seeds, and the seconds of a seed."""
    training, test = split_table(table, seed=0)
    place, found, seconds = training.target(), [], 0.0
    for seed in range(seeds):
        start = time.process_time()
        rows = make(training, seed)
        seconds += (time.process_time() - start) / seeds
        found.append(scores(training.columns, rows, test.cells, place, seed))
    values = {name: [each[name] for each in found] for name in SCORES}
    shown = [f"{np.mean(each):.3f} ({min(each):.3f} to {max(each):.3f})" for each in values.values()]
    return " | ".join([*shown, f"{seconds:.1f}"])


def scores(columns, rows, test, place, seed):
    """The scores of `gan_keras.evaluate` of some rows, by name."""
    features = TableFeatures(columns, test)
    similar = (np.mean(list(each(columns, test, rows).values())) for each in (column_similarities, pair_similarities))
    return {
        **synthetic_training(columns, rows, test, place, seed),
        **dict(zip(("columns", "pairs"), similar, strict=True)),
        "told_apart": two_sample_test(features(test), features(rows), seed).accuracy,
    }


def some(cells, seed):
    return cells[np.random.default_rng(seed).permutation(len(cells))[:NUM]]


def counted(training, seed, epsilon):
    return NoisedCounts(training.columns, training.cells, epsilon, 1e-5, label=training.target()).sample(NUM, seed)


def trained(training, seed, epsilon):
    preset = dataclasses.replace(gan_keras.presets.get("table", "private"), epsilon=epsilon, delta=1e-5)
    return preset.fit(training, seed=seed, verbose=0).generate_cells(NUM, seed)


if __name__ == "__main__":
    main()
