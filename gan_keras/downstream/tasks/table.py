"""Tables: boosted trees tell the column that the preset names as the label."""

import io

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import f1_score

from gan_keras.data.table.columns import CategoryColumn
from gan_keras.data.table.table import Table, write_csv
from gan_keras.downstream.tasks.base import Downstream
from gan_keras.downstream.tasks.oversampling import oversampled
from gan_keras.media.safe_files import replace_whole


class TableDownstream(Downstream):
    """Rows as float64 cells without the target: see `data.table_columns`."""

    model = "boosted trees of scikit-learn (HistGradientBoostingClassifier)"
    metric = "F1 (of two classes that of the rarer one in the test data, of more their mean)"
    classical = "rare classes filled up by rows between neighbours, as SMOTE does"
    ending = ".csv"

    def __init__(self, training, target=None):
        self.columns, self.target = training.columns, target
        self.values = training.columns[target].values
        self.num_labels = len(self.values)
        features = [column for place, column in enumerate(self.columns) if place != target]
        self.is_category = np.array([isinstance(column, CategoryColumn) for column in features])

    @staticmethod
    def target_of(training, preset):
        """The place of the column that the preset names, or of the last one that holds a value."""
        place = training.target(preset.label)
        if not isinstance(training.columns[place], CategoryColumn):
            raise ValueError(
                f"The column {training.column_names[place]} of {training.name} holds numbers. Expected a column of categories "
                "to tell: train with `--set label=COLUMN`."
            )
        if len(training.columns[place].values) < 2:
            raise ValueError(
                f"The column {training.column_names[place]} of {training.name} has fewer than 2 values: there is nothing to "
                "tell. Expected another: train with `--set label=COLUMN`."
            )
        return place

    def labelled(self, part):
        return part.take(np.flatnonzero(~np.isnan(part.cells[:, self.target])))

    def take(self, part, rows):
        return part.take(rows)

    def labels_of(self, part):
        return part.cells[:, self.target].astype(np.int32)

    def samples_of(self, part):
        return self.without_target(part.cells)

    def without_target(self, cells):
        return np.delete(np.asarray(cells), self.target, axis=1)

    def generated(self, gan, numbers, seed):
        name = self.columns[self.target].name
        asked = np.array([gan.label_names.index(f"{name}={value}") for value in self.values])
        return self.without_target(gan.generate_cells(len(numbers), seed, labels=asked[numbers]))

    def score(self, training, test, seed):
        training, test = without_empty_columns(training, test)
        can_stop = np.unique(training[1], return_counts=True)[1].min() > 1  # early, by a part of the rows of each label
        options = {"early_stopping": "auto" if can_stop else False, "random_state": seed}
        model = HistGradientBoostingClassifier(categorical_features=self.few_values(training[0]), **options)
        predicted = model.fit(*training).predict(test[0])
        names, counts = np.unique(test[1], return_counts=True)
        if len(names) == 2:
            rarer = names[counts.argmin()]
            return float(f1_score(test[1] == rarer, predicted == rarer, zero_division=0.0))
        return float(f1_score(test[1], predicted, average="macro", zero_division=0.0))

    def few_values(self, samples):
        """Which columns are categories to the trees, which take at most 255 of them; of more the indices count as numbers."""
        places = [place for place, column in enumerate(self.columns) if place != self.target]
        return self.is_category & np.array([len(getattr(self.columns[place], "values", ())) <= 255 for place in places])

    def score_varied(self, training, test, seed):
        return self.score(oversampled(*training, self.is_category, seed), test, seed)

    def write(self, path, part, samples, numbers):
        cells = np.insert(samples, self.target, numbers, axis=1)
        file = io.StringIO()
        write_csv(file, Table(part.name, part.columns, np.concatenate([part.cells, cells]), {}))
        replace_whole(path, lambda temporary: temporary.write_text(file.getvalue(), encoding="utf-8", newline=""))


def without_empty_columns(training, test):
    """Both with zeros in the columns that are all missing in the training samples: of these scikit-learn makes no bins."""
    is_empty = np.isnan(training[0]).all(axis=0)
    return tuple((np.where(is_empty, 0.0, samples), labels) for samples, labels in (training, test))
