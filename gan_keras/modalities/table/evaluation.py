"""Evaluation of a GAN of tables, next to a table of independent columns, noised counts if it is private, and real rows."""

import numpy as np

from gan_keras.data.table.columns import CategoryColumn
from gan_keras.data.table.table import some_rows
from gan_keras.metrics.protocol import Protocol
from gan_keras.metrics.table_similarity import (
    IndependentColumns,
    TableFeatures,
    column_similarities,
    copied_share,
    copied_values,
    missing_similarity,
    pair_similarities,
)
from gan_keras.metrics.train_on_synthetic import CLASSIFIERS, REGRESSORS, real_control, synthetic_training, two_sample_test
from gan_keras.modalities.score_table import check_enough, headline, private_line, result_of, score_lines
from gan_keras.privacy.noised_counts import NoisedCounts

MIN_ROWS, MAX_ROWS = 10, 50_000  # rows per sampler; of training and test rows at most as many are used
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
"""Titles of the scores; lower is better for the last two."""

TITLES = {"gan": "generated", "baseline": "independent columns", "counts": "noised counts", "real": "real training rows"}


def evaluate_table(gan, training, test, target="", num=None, seed=0, progress=print):
    """Scores generated rows, rows of independent columns, and real training rows against test rows.

    Next to a private GAN stand rows of `privacy.NoisedCounts` of the same epsilon, which need no network.

    `target` is the column that models learn to predict; empty for the last one with more than one value. `num` is at least 10, by
    default the number of training rows, at most 50,000. Identifiers, which are made anew, are left out. Other arguments and the
    result are those of `modalities.evaluate`; the result has `by_column` (similarities; None if undefined), `copied_by_column`
    (see `metrics.table_similarity.copied_values`) and `protocol` too.
    """
    learned = [index for index, column in enumerate(training.columns) if column.kind != "id"]
    training, test = (each.select(learned) for each in (training, test))
    place = training.target(target)
    cells, test_cells = (np.asarray(some_rows(each, MAX_ROWS, seed).cells) for each in (training, test))
    num = min(MAX_ROWS, max(MIN_ROWS, len(training))) if num is None else num
    check_enough(num, seed, MIN_ROWS, test=test)
    tables = {
        "gan": gan.generate_cells(num, seed)[:, learned],
        "baseline": IndependentColumns(cells).sample(num, seed),
        "real": some_rows(training, num, seed).cells,
    }
    privacy, titles = getattr(gan, "privacy", None), dict(TITLES)
    if privacy is None:
        del titles["counts"]
    else:
        progress(f"Counting with noise for epsilon={privacy.epsilon:g}")
        counts = NoisedCounts(training.columns, training.cells, privacy.epsilon, privacy.delta, label=place)
        tables["counts"], titles["counts"] = counts.sample(num, seed), f"noised counts, epsilon={privacy.epsilon:g}"
    values = {}
    for name, title in titles.items():
        progress(f"Scoring {len(tables[name]):,} rows: {title}")
        rows = tables[name]
        values[name] = score(training.columns, rows, (cells, test_cells), place, seed, is_real=name == "real")
    by_column = column_similarities(training.columns, test_cells, tables["gan"])
    target = training.column_names[place]
    settings = {"num": num, "seed": seed, "target": target}
    known = {name: None if np.isnan(value) else value for name, value in by_column.items()}
    copied = {
        name: {"generated": share, "real": control}
        for (name, share), control in zip(
            copied_values(training.columns, tables["gan"], cells).items(),
            copied_values(training.columns, test_cells, cells).values(),
            strict=True,
        )
    }
    measured = {"by_column": known, "copied_by_column": copied, "protocol": protocol(training, test, place, num, seed)}
    return result_of(values, titles, settings, [*verdict(values, target), copied_line(copied)], **measured)


def copied_line(copied):
    """A line about values of single training rows that come again in generated ones."""
    most = sorted((each for each in copied if copied[each]["generated"] > 0), key=lambda each: -copied[each]["generated"])[:5]
    found = ", ".join(f"{name} {copied[name]['generated']:.1%} ({copied[name]['real']:.1%})" for name in most)
    return f"Cells with a value that a single training row has, of generated rows (of real test rows): {found or 'none'}."


def score(columns, rows, real, place, seed, is_real):
    """All scores of some rows against test rows, by the names of `COLUMNS` and of the models.

    Args:
        columns: The table's `Column`s.
        rows: Cells to score.
        real: Training and test cells.
        place: Index of the column that models learn to predict.
        seed: Seed of models and halves.
        is_real: Whether the rows are the training rows; copies are then counted among the test rows.
    """
    training, test = real
    learned = synthetic_training(columns, rows, test, place, seed)
    by_model = {f"by_{name}": value for name, value in learned.pop("by_model").items()}
    features = TableFeatures(columns, test)
    apart = real_control(features(test), seed) if is_real else two_sample_test(features(test), features(rows), seed)
    return {
        **learned,
        "columns": _mean(column_similarities(columns, test, rows)),
        "pairs": _mean(pair_similarities(columns, test, rows)),
        "missing": missing_similarity(test, rows),
        "told_apart": apart.accuracy,
        "copies": copied_share(test if is_real else rows, training),
        **by_model,
    }


def _mean(scores):
    known = [value for value in scores.values() if not np.isnan(value)]
    return float(np.mean(known)) if known else 1.0


def protocol(training, test, place, num, seed):
    """Everything that the scores depend on."""
    models = CLASSIFIERS if isinstance(training.columns[place], CategoryColumn) else REGRESSORS
    metric = f"train on synthetic, test on real: the mean over {', '.join(models)}"
    what = Protocol(metric, test.fingerprint, "test", len(test), num, seeds=(seed,))
    return {**what.as_dict(), "seeds": [seed]}


def verdict(values, target):
    """The verdict in plain words, a list of lines: the headline, then one line per deciding score."""
    first = "f1" if "f1" in values["gan"] else "r2"
    signs = {first: 1, "columns": 1, "pairs": 1, "told_apart": -1}
    detailed = {**COLUMNS, first: f"{COLUMNS[first]} (predict {target!r})"}
    shown = {"gan": "generated", "baseline": "independent columns", "real": "real rows"}
    rivals = {"baseline": "a table of independent columns"}
    if "counts" in values:
        shown["counts"], rivals["counts"] = "noised counts", "noised counts of the same epsilon, without any network"
    lines = [headline(values, rivals, signs, COLUMNS), *score_lines(signs, detailed, values, shown)]
    if "counts" in values:
        others = "Independent columns and real rows"
        lines.append(private_line(values, signs, "counts", "noised counts (`privacy.NoisedCounts`)", others))
    return lines
