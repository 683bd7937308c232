"""Time series: a small network with convolutions over time predicts the label of a window."""

import keras
import numpy as np
from keras import layers

from gan_keras.data.series.series import part_of
from gan_keras.downstream.tasks.base import Downstream, accuracy_of, updates_for, write_labelled
from gan_keras.media.series import lengths_of

JITTER, SCALING = 0.1, 0.2
"""Classical augmentation: deviation of the noise, in standard deviations of the column, and of the factor of a series."""


class SeriesDownstream(Downstream):
    """Classification of windows, float32 `(num, window, columns)`, NaN after the end of shorter ones."""

    model = "a small network of convolutions over time"
    metric = "accuracy"
    classical = "a copy of each series with noise on its values and another amplitude"
    ending = ".npz"

    def __init__(self, training, target=None):
        super().__init__(training, target)
        self.columns, self.updates = training.columns, updates_for(len(training))

    def take(self, part, rows):
        return part_of(part, rows, {})

    def samples_of(self, part):
        return part.samples()

    def generated(self, gan, numbers, seed):
        return np.asarray(gan.generate(len(numbers), seed, labels=numbers, as_frame=False), np.float32)

    def score(self, training, test, seed):
        means, deviations = (measure(training[0], axis=(0, 1)) for measure in (np.nanmean, np.nanstd))
        scaled = [(as_features(series, means, deviations), labels) for series, labels in (training, test)]
        return accuracy_of(self.network(training[0].shape[1:], seed), *scaled, self.updates, seed)

    def score_varied(self, training, test, seed):
        series, labels = training
        copies = varied(series, np.random.default_rng(seed))
        return self.score((np.concatenate([series, copies]), np.concatenate([labels, labels])), test, seed)

    def network(self, shape, seed):
        """Builds two convolutions, the mean and the maximum over time, and two dense layers."""
        keras.utils.set_random_seed(seed)
        features = inputs = keras.Input((shape[0], shape[1] + 1))
        for width in (32, 64):
            features = layers.Conv1D(width, 5, padding="same", activation="relu")(features)
        pooled = [layers.GlobalAveragePooling1D()(features), layers.GlobalMaxPooling1D()(features)]
        features = layers.Dropout(0.3)(layers.Dense(64, "relu")(layers.Concatenate()(pooled)))
        return keras.Model(inputs, layers.Dense(self.num_labels)(features))

    def write(self, path, part, samples, numbers):
        series = np.concatenate([part.samples(), samples])
        columns = np.array(part.columns)
        write_labelled(path, part, numbers, {"series": series, "lengths": lengths_of(series), "columns": columns})


def as_features(series, means, deviations):
    """Standardises values, with 0 after the end, and appends a column that is 1 until the end."""
    inside = ~np.isnan(series).all(axis=2, keepdims=True)
    scaled = np.nan_to_num((series - means) / np.where(deviations > 0, deviations, 1.0))
    return np.concatenate([scaled, inside], axis=2).astype(np.float32)


def varied(series, random):
    """Adds noise to each series and scales its amplitude about its own mean."""
    deviations = np.nanstd(series, axis=(0, 1))
    means = np.nanmean(series, axis=1, keepdims=True)
    factors = 1.0 + SCALING * random.standard_normal((len(series), 1, 1))
    return (means + factors * (series - means) + JITTER * deviations * random.standard_normal(series.shape)).astype(np.float32)
