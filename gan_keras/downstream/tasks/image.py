"""Images: a small convolutional network predicts their class."""

import keras
import numpy as np
from keras import layers

from gan_keras.data import image_batches
from gan_keras.data.sample_set import part_of
from gan_keras.downstream.tasks.base import Downstream, accuracy_of, updates_for, write_labelled
from gan_keras.media.images import to_levels

_BLOCK = 256
SHIFT, TURN = 0.1, 0.04  # maximum shift relative to the image size; maximum rotation in whole turns: 14 degrees


class ImageDownstream(Downstream):
    """Classification of images, uint8 levels `(num, height, width, channels)`."""

    model = "a small convolutional network"
    metric = "accuracy"
    classical = "random shifts and rotations, new in each epoch; no flips, which labels may not survive"
    ending = ".npz"

    def __init__(self, training, target=None):
        super().__init__(training, target)
        self.image_shape, self.updates = training.image_shape, updates_for(len(training))

    def samples_of(self, part):
        batches = image_batches(part, _BLOCK, shuffle=False)
        return np.concatenate([pixels for pixels, _ in batches.as_numpy_iterator()])

    def take(self, part, rows):
        return part_of(part, rows, {})

    def generated(self, gan, numbers, seed):
        return to_levels(gan.generate(len(numbers), seed, labels=numbers))

    def score(self, training, test, seed):
        return accuracy_of(self.network(seed), training, test, self.updates, seed)

    def score_varied(self, training, test, seed):
        return accuracy_of(self.network(seed, self.variations(seed)), training, test, self.updates, seed)

    def network(self, seed, variations=()):
        """Builds convolutions that halve the image until its sides are at most 8, then two dense layers."""
        keras.utils.set_random_seed(seed)
        images = inputs = keras.Input(self.image_shape)
        features = layers.Rescaling(1 / 127.5, -1.0)(images)
        for variation in variations:
            features = variation(features)
        width = 16
        while min(features.shape[1:3]) > 8:
            features = layers.Conv2D(width, 5, strides=2, padding="same", use_bias=False)(features)
            features = layers.ReLU()(layers.BatchNormalization()(features))
            width = min(2 * width, 128)
        features = layers.Dropout(0.3)(layers.Flatten()(features))
        features = layers.Dropout(0.3)(layers.Dense(64, "relu")(features))
        return keras.Model(inputs, layers.Dense(self.num_labels)(features))

    def variations(self, seed):
        """Layers that change images at random in training, and do nothing otherwise."""
        options = {"fill_mode": "nearest", "seed": seed}
        return layers.RandomTranslation(SHIFT, SHIFT, **options), layers.RandomRotation(TURN, **options)

    def write(self, path, part, samples, numbers):
        write_labelled(path, part, numbers, {"images": np.concatenate([self.samples_of(part), samples])})
