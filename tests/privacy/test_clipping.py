"""Clipped sums are those of an independent loop over rows, whatever the network, and one row moves them by at most the norm."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from gan_keras import GAN, augmentation, losses, networks, penalties
from gan_keras.privacy.clipping import Clipping

NUM_LABELS = 3


class Constant(keras.Model):
    """A generator of random samples of a shape: the clipped rows are given by the tests."""

    def __init__(self, shape, high=None, **kwargs):
        super().__init__(**kwargs)
        self.shape, self.high, self.latent_dim = shape, high, 2
        self.scale = self.add_weight(name="scale", shape=())

    def call(self, latents, labels=None, training=False):
        size = int(np.prod(self.shape))
        values = ops.sin(ops.sum(latents, 1, keepdims=True) * ops.arange(1.0, size + 1.0) + self.scale)
        values = ops.reshape(values, (-1, *self.shape))
        return values if self.high is None else ops.cast(ops.abs(values) * self.high, "int32")


def clipping_of(network, shape, norm=0.5, high=None, num_labels=0, **options):
    """The `Clipping` of a GAN with a discriminator whose weights are all moved, and rows of which some are long."""
    rows = np.random.default_rng(1).normal(size=(6, *shape)).astype("float32") * np.reshape(
        [0.01, 1, 3, 0.1, 1, 10], (6, *[1] * len(shape))
    )
    rows = rows if high is None else np.random.default_rng(1).integers(0, high, size=(6, *shape)).astype("int32")
    labels = np.arange(6, dtype="int32") % num_labels if num_labels else None
    keras.utils.set_random_seed(0)
    network(rows, labels) if num_labels else network(rows)
    for index, weight in enumerate(network.trainable_weights):
        weight.assign_add(0.3 * np.random.default_rng(index).normal(size=weight.shape))
    gan = GAN(Constant(shape, high), network, seed=0)
    gan.compile(**{"loss": "non_saturating", **options})
    return Clipping(gan, norm), rows, labels


def loss_of(side):
    loss, zero = losses.NonSaturating(), np.zeros((1, 1), "float32")
    return lambda logits: loss.discriminator(logits, zero) if side == "real" else loss.discriminator(zero, logits)


def sums_of(clipping, rows, labels=None, side="real"):
    """As in training: in a graph for any number of rows."""
    signature = [tf.TensorSpec((None, *rows.shape[1:]), rows.dtype)]
    if labels is not None:
        signature.append(tf.TensorSpec((None,), labels.dtype))

    @tf.function(input_signature=signature)
    def compiled(rows, labels=None):
        return clipping.sums(rows, labels, loss_of(side), side)

    return [part.numpy() for part in (compiled(rows) if labels is None else compiled(rows, labels))]


def reference(clipping, rows, labels=None, side="real", norm=None):
    """A Python loop over rows, which shares nothing with the package but the networks."""
    norm, gan = norm or clipping.norm, clipping.gan
    values = [variable.value for variable in gan.discriminator.trainable_variables]
    total = [np.zeros(value.shape) for value in values]
    for index in range(len(rows)):
        row, own = tf.constant(rows[index : index + 1]), () if labels is None else (labels[index : index + 1],)
        with tf.GradientTape() as tape:
            logit = gan.discriminator(row, *own, training=True)
            loss = tf.reduce_mean(tf.nn.softplus(-logit if side == "real" else logit))
            for penalty in gan.penalties:
                with tf.GradientTape() as inner:
                    inner.watch(row)
                    judged = gan.discriminator(row, *own, training=True)
                if (side == "real") == (type(penalty) is penalties.R1):
                    loss += penalty.gamma / 2 * tf.reduce_sum(inner.gradient(judged, row) ** 2)
        found = [
            0 if part is None else tf.convert_to_tensor(part).numpy().astype("float64") for part in tape.gradient(loss, values)
        ]
        length = np.sqrt(sum(np.sum(part**2) for part in found))
        if np.isfinite(length):
            total = [each + part * min(1.0, norm / length) for each, part in zip(total, found, strict=True)]
    return total


def assert_close(found, expected):
    assert max(np.abs(part).max() for part in expected) > 1e-3
    for part, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(part, right, rtol=0, atol=1e-5)


class Two(keras.Model):
    """Calls a layer twice, at different positions."""

    def __init__(self):
        super().__init__()
        self.shared, self.last = layers.Dense(4, activation="tanh"), layers.Dense(1)

    def call(self, inputs, training=False):
        return self.last(self.shared(self.shared(inputs)) + self.shared(inputs[:, ::-1]))


def head(*parts):
    return keras.Sequential([*parts, layers.Flatten(), layers.Dense(1)])


NETWORKS = {
    "dense": (lambda: head(layers.Dense(5, activation="relu"), layers.Dense(4, use_bias=False)), (3,)),
    "dense of positions, by pairs": (lambda: head(layers.Dense(9, activation="tanh")), (2, 2, 8)),
    "dense of positions, by sums": (lambda: head(layers.Dense(2)), (5, 4, 3)),
    "twice": (Two, (4,)),
    "1d": (lambda: head(layers.Conv1D(8, 3, padding="same", activation="relu"), layers.Conv1D(9, 4, strides=2)), (9, 3)),
    "1d causal": (lambda: head(layers.Conv1D(4, 3, padding="causal", dilation_rate=2)), (7, 2)),
    "2d same": (
        lambda: head(
            layers.Conv2D(4, (3, 5), strides=(2, 1), padding="same"),
            layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False),
        ),
        (7, 6, 2),
    ),
    "2d valid": (lambda: head(layers.Conv2D(4, (3, 2), strides=2, activation="gelu"), layers.Conv2D(8, 2)), (8, 7, 2)),
    "2d dilated": (
        lambda: head(layers.Conv2D(3, 3, dilation_rate=2, padding="same"), layers.Conv2D(3, 2, dilation_rate=(1, 3))),
        (7, 6, 2),
    ),
    "2d grouped": (lambda: head(networks.layers.GroupedConv2D(2, 3)), (4, 4, 4)),
    "3d": (lambda: head(layers.Conv3D(3, (2, 3, 2), strides=(1, 2, 1), padding="same"), layers.Conv3D(2, 2)), (4, 5, 3, 2)),
    "1d transposed": (
        lambda: head(layers.Conv1DTranspose(3, 4, strides=2, padding="same"), layers.Conv1DTranspose(2, 3)),
        (4, 3),
    ),
    "2d transposed": (
        lambda: head(layers.Conv2DTranspose(3, 5, strides=2, padding="same"), layers.Conv2DTranspose(2, (2, 3), strides=(3, 2))),
        (2, 3, 2),
    ),
    "3d transposed": (lambda: head(layers.Conv3DTranspose(2, 2, strides=2)), (2, 2, 2, 2)),
    "layer normalisation": (
        lambda: head(layers.Dense(5), layers.LayerNormalization(), layers.Conv1D(4, 1), layers.LayerNormalization(axis=(1, 2))),
        (4, 3),
    ),
    "layer normalisation without shift": (lambda: head(layers.LayerNormalization(center=False)), (6,)),
    "group normalisation": (lambda: head(layers.Conv2D(4, 3, padding="same"), layers.GroupNormalization(2)), (4, 4, 2)),
    "instance normalisation": (lambda: head(layers.Conv2D(4, 3), networks.layers.InstanceNormalization()), (4, 4, 2)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_sums_of_all_rows_at_once_are_those_of_a_loop_over_rows(name):
    make, shape = NETWORKS[name]
    clipping, rows, _ = clipping_of(make(), shape)
    assert clipping.method == "ghost"
    for side in ("real", "fake"):
        assert_close(sums_of(clipping, rows, side=side), reference(clipping, rows, side=side))


def test_a_repeated_token_has_the_norm_of_its_sum():
    network = keras.Sequential([layers.Embedding(5, 3), layers.Dense(4, activation="tanh"), layers.Flatten(), layers.Dense(1)])
    clipping, rows, _ = clipping_of(network, (8,), high=5)
    assert clipping.method == "ghost" and all(len(set(row)) < len(row) for row in rows)
    assert_close(sums_of(clipping, rows), reference(clipping, rows))
