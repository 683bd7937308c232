"""Evaluation of a GAN of tables: never alone, beside a table of independent columns and real rows."""

import numpy as np

from gan_keras.data.table.columns import CategoryColumn
from gan_keras.data.table.table import some_rows
from gan_keras.gans.sampling import seeds_from
from gan_keras.metrics.protocol import Protocol
from gan_keras.metrics.table_similarity import (
    IndependentColumns,
    TableFeatures,
    column_similarities,
    copied_share,
    missing_similarity,
    pair_similarities,
)
from gan_keras.metrics.train_on_synthetic import CLASSIFIERS, REGRESSORS, real_control, synthetic_training, two_sample_test
from gan_keras.modalities.score_table import outcome

LEAST, MOST = 10, 50_000  # rows of a sampler; training and test rows are taken up to the most
COLUMNS = {
    "f1": "F1 on real rows",
    "accuracy": "accuracy on real rows",
    "r2": "R2 on real rows",
    "columns": "column similarity",
    "pairs": "pair similarity",
    "missing": "missing similarity",
    "told_apart": "told apart",
    "copies": "copied rows",
}
"""Titles of the scores; of the last two lower is better."""

TITLES = {"gan": "generated", "baseline": "independent columns", "real": "real training rows"}


def evaluate_table(gan, training, test, target="", num=None, seed=0, progress=print):
    """Scores generated rows, rows of independent columns, and real training rows against test rows.

    Args:
        gan: A trained `TableGAN`.
        training: The `Table` that it was trained on.
        test: A `Table` that took no part in training, of the same columns.
        target: Name of the column that models learn to predict; empty for the last one that holds a value.
        num: Rows of each sampler, >= 10; by default as many as training rows, at most 50,000.
        seed: Of the samples: row i is made from `seed + i`.
        progress: Called with a line of text at each step.

    Returns:
        Dictionary that JSON holds as it is: `samplers` (by name `gan` and `baseline`: `title`, `values`), `real` (as one such
        sampler), `by_column` (similarities; None without a number), `protocol`, `verdict` (lines of text) and `settings`.

    Raises:
        ValueError: For fewer rows than the scores need, or a column that is not there.
    """
    place = training.target(target)
    cells, test_cells = (np.asarray(some_rows(each, MOST, seed).cells) for each in (training, test))
    num = min(MOST, max(LEAST, len(training))) if num is None else num
    check_enough(num, seed, test)
    tables = {
        "gan": gan.generate_cells(num, seed),
        "baseline": IndependentColumns(cells).sample(num, seed),
        "real": some_rows(training, num, seed).cells,
    }
    scores = {}
    for name, rows in tables.items():
        progress(f"Scoring {len(rows):,} rows: {TITLES[name]}")
        scores[name] = score(training.columns, rows, (cells, test_cells), place, seed, is_real=name == "real")
    by_column = column_similarities(training.columns, test_cells, tables["gan"])
    task = f"predict {training.column_names[place]!r}"
    return {
        "settings": {"num": num, "seed": seed, "target": training.column_names[place]},
        "samplers": {name: {"title": TITLES[name], "values": scores[name]} for name in ("gan", "baseline")},
        "real": {"title": TITLES["real"], "values": scores["real"]},
        "by_column": {name: None if np.isnan(value) else value for name, value in by_column.items()},
        "protocol": protocol(training, test, place, num, seed),
        "verdict": verdict(scores, task),
    }


def check_enough(num, seed, test):
    seeds_from(num, seed)
    if num < LEAST or len(test) < LEAST or seed < 0:
        raise ValueError(
            f"Got num={num}, {len(test)} test rows and seed={seed}. Expected at least {LEAST} rows of both, and a seed >= 0."
        )


def score(columns, rows, real, place, seed, is_real):
    """All scores of some rows, against test rows, a dictionary by the names of `COLUMNS` and of the models.

    Args:
        columns: `table_columns.Column`s.
        rows: Cells to score.
        real: Training and test cells.
        place: The column that models learn to predict.
        seed: Of models and halves.
        is_real: Whether the rows are the training rows: then copies are counted among the test rows.
    """
    training, test = real
    learned = synthetic_training(columns, rows, test, place, seed)
    by_model = {f"by_{name}": value for name, value in learned.pop("by_model").items()}
    features = TableFeatures(columns, test)
    told = real_control(features(test), seed) if is_real else two_sample_test(features(test), features(rows), seed)
    return {
        **learned,
        "columns": _mean(column_similarities(columns, test, rows)),
        "pairs": _mean(pair_similarities(columns, test, rows)),
        "missing": missing_similarity(test, rows),
        "told_apart": told.accuracy,
        "copies": copied_share(test if is_real else rows, training),
        **by_model,
    }


def _mean(scores):
    known = [value for value in scores.values() if not np.isnan(value)]
    return float(np.mean(known)) if known else 1.0


def protocol(training, test, place, num, seed):
    """What the scores depend on."""
    models = CLASSIFIERS if isinstance(training.columns[place], CategoryColumn) else REGRESSORS
    return {
        **Protocol(
            "train on synthetic, test on real: the mean over " + ", ".join(models),
            data=test.fingerprint,
            split="test",
            num_real=len(test),
            num_fake=num,
            seeds=(seed,),
        ).as_dict(),
        "seeds": [seed],
    }


def verdict(scores, task):
    """The outcome in plain words: one line for the whole, then one for each score that decides."""
    first = "f1" if "f1" in scores["gan"] else "r2"
    names = (first, "columns", "pairs", "told_apart")
    signs = {name: -1 if name == "told_apart" else 1 for name in names}
    whole = "; ".join(outcome(scores["gan"], scores["baseline"], signs, COLUMNS))
    lines = [
        f"{COLUMNS[name]}{f' ({task})' if name == first else ''}: generated {scores['gan'][name]:.4g}, independent columns "
        f"{scores['baseline'][name]:.4g}, real rows {scores['real'][name]:.4g}."
        for name in names
    ]
    return [f"Over a table of independent columns, the GAN {whole} (one set of samples, no interval).", *lines]
