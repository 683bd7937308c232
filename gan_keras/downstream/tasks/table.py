"""Tables: boosted trees predict the label column of the preset; rare classes are oversampled as classical augmentation.

Reference: [SMOTE, Chawla et al., 2002](https://arxiv.org/abs/1106.1813).
"""

import io

import numpy as np

from gan_keras.data.table.columns import CategoryColumn
from gan_keras.data.table.table import Table, write_csv
from gan_keras.downstream.tasks.base import Downstream
from gan_keras.media.safe_files import replace_whole
from gan_keras.metrics.train_on_synthetic import f1_score

NUM_NEIGHBOURS = 5
MAX_VALUES = 100
"""Number of categories that count in distances; rarer ones are far from these but not from each other."""


class TableDownstream(Downstream):
    """Prediction of a column from the others, rows as float64 cells without the target."""

    model = "boosted trees of scikit-learn (HistGradientBoostingClassifier)"
    metric = "F1 (of two classes that of the rarer one in the test data, of more their mean)"
    classical = "rare classes filled up by rows between neighbours, as SMOTE does"
    ending = ".csv"

    def __init__(self, training, target=None):
        self.columns, self.target = training.columns, target
        self.values = training.columns[target].values
        self.num_labels = len(self.values)
        self.places = [index for index, column in enumerate(self.columns) if index != target and column.kind != "id"]
        self.features = [self.columns[index] for index in self.places]
        self.is_category = np.array([isinstance(column, CategoryColumn) for column in self.features])

    @staticmethod
    def target_of(training, preset):
        """Returns the index of the column that the preset names, or of the last one that has a value."""
        index = training.target(preset.label)
        if not isinstance(training.columns[index], CategoryColumn):
            raise ValueError(
                f"The column {training.column_names[index]} of {training.name} holds numbers. Expected a column of categories "
                "to predict: train with `--set label=COLUMN`."
            )
        if len(training.columns[index].values) < 2:
            raise ValueError(
                f"The column {training.column_names[index]} of {training.name} has fewer than 2 values: there is nothing to "
                "predict. Expected another: train with `--set label=COLUMN`."
            )
        return index

    def labelled(self, part):
        return part.take(np.flatnonzero(~np.isnan(part.cells[:, self.target])))

    def take(self, part, rows):
        return part.take(rows)

    def labels_of(self, part):
        return part.cells[:, self.target].astype(np.int32)

    def samples_of(self, part):
        return self.without_target(part.cells)

    def without_target(self, cells):
        return np.asarray(cells)[:, self.places]

    def generated(self, gan, numbers, seed):
        name = self.columns[self.target].name
        gan_labels = np.array([gan.label_names.index(f"{name}={value}") for value in self.values])
        return self.without_target(gan.generate_cells(len(numbers), seed, labels=gan_labels[numbers]))

    def score(self, training, test, seed):
        from sklearn.ensemble import HistGradientBoostingClassifier  # slow to import

        # scikit-learn cannot bin columns that are all missing in the training samples: zeros, in both.
        is_empty = np.isnan(training[0]).all(axis=0)
        training, test = ((np.where(is_empty, 0.0, samples), labels) for samples, labels in (training, test))
        # Early stopping holds out rows of each label.
        can_stop = np.unique(training[1], return_counts=True)[1].min() > 1
        # The trees take at most 255 categories per column; indices of more count as numbers.
        is_small = np.array([len(getattr(column, "values", ())) <= 255 for column in self.features])
        options = {"early_stopping": "auto" if can_stop else False, "random_state": seed}
        model = HistGradientBoostingClassifier(categorical_features=self.is_category & is_small, **options)
        return f1_score(test[1], model.fit(*training).predict(test[0]))

    def score_varied(self, training, test, seed):
        return self.score(oversampled(*training, self.is_category, seed), test, seed)

    def write(self, path, part, samples, numbers):
        cells = np.empty((len(samples), len(self.columns)))  # new identifiers follow those of the part
        cells[:] = np.arange(len(part), len(part) + len(samples))[:, None]
        cells[:, self.places], cells[:, self.target] = samples, numbers
        file = io.StringIO()
        write_csv(file, Table(part.name, part.columns, np.concatenate([part.cells, cells]), {}))
        replace_whole(path, lambda temporary: temporary.write_text(file.getvalue(), encoding="utf-8", newline=""))


def oversampled(samples, labels, is_category, seed):
    """Fills rare classes up to the size of the largest: each new row is between a row and one of its neighbours.

    Numbers are drawn uniformly between the two; each category and each missing cell is taken from either. Neighbours have similar
    numbers, in standard deviations, and few different categories.

    Args:
        samples: float64 `(num, columns)`, NaN if missing.
        labels: int `(num,)`.
        is_category: bool `(columns,)`.
        seed: Seed of the draws.

    Returns:
        Pair of samples and labels, the given ones first.
    """
    random = np.random.default_rng(seed)
    names, counts = np.unique(labels, return_counts=True)
    new = [
        _between(samples[labels == name], is_category, counts.max() - num, random)
        for name, num in zip(names, counts, strict=True)
    ]
    new_labels = np.repeat(names, counts.max() - counts)
    return np.concatenate([samples, *new]), np.concatenate([labels, new_labels])


def _between(rows, is_category, num, random):
    """Draws `num` rows between neighbours."""
    from sklearn.neighbors import NearestNeighbors  # slow to import

    if not num:
        return rows[:0]
    num_neighbours = min(NUM_NEIGHBOURS, len(rows) - 1)
    first = random.integers(len(rows), size=num)
    if not num_neighbours:
        return rows[first]
    points = _coordinates(rows, is_category)
    neighbours = NearestNeighbors(n_neighbors=num_neighbours + 1).fit(points).kneighbors(points, return_distance=False)
    second = neighbours[first, random.integers(1, num_neighbours + 1, size=num)]
    share = random.random((num, 1))
    mixed = rows[first] + share * (rows[second] - rows[first])
    chosen = np.where(random.random(mixed.shape) < share, rows[second], rows[first])
    return np.where(is_category | np.isnan(mixed), chosen, mixed)


def _coordinates(rows, is_category):
    """Numbers in standard deviations, and categories one-hot, divided by sqrt(2): two different ones have distance 1."""
    numbers = rows[:, ~is_category]
    deviations = np.nanstd(numbers, axis=0) if numbers.size else np.ones(0)
    scaled = np.nan_to_num((numbers - np.nanmean(numbers, axis=0)) / np.where(deviations > 0, deviations, 1.0))
    one_hot = [column[:, None] == _frequent(column) for column in np.nan_to_num(rows[:, is_category], nan=-1.0).T]
    return np.concatenate([scaled, *[each / np.sqrt(2.0) for each in one_hot]], axis=1)


def _frequent(column):
    """The most frequent values, sorted."""
    values, counts = np.unique(column, return_counts=True)
    return np.sort(values[np.argsort(-counts, kind="stable")[:MAX_VALUES]])
