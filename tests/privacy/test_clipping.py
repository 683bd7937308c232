"""Clipped sums are those of an independent loop over rows, whatever the network, and one row moves them by at most the norm."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from gan_keras import GAN, augmentation, losses, networks, penalties
from gan_keras.privacy import ghost_norms
from gan_keras.privacy.clipping import Clipping

NUM_LABELS = 3


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


class Constant(keras.Model):
    """A generator of random samples of a shape: the clipped rows are given by the tests."""

    def __init__(self, shape, high=None, num_labels=0, **kwargs):
        super().__init__(**kwargs)
        self.shape, self.high, self.num_labels, self.latent_dim = shape, high, num_labels, 2
        self.scale = self.add_weight(name="scale", shape=())

    def call(self, latents, labels=None, training=False):
        size = int(np.prod(self.shape))
        values = ops.sin(ops.sum(latents, 1, keepdims=True) * ops.arange(1.0, size + 1.0) + self.scale)
        values = ops.reshape(values, (-1, *self.shape))
        return values if self.high is None else ops.cast(ops.abs(values) * 0.99 * self.high, "int32")


def clipping_of(network, shape, norm=0.5, high=None, num_labels=0, **options):
    """The `Clipping` of a GAN with a discriminator whose weights are all moved, and rows of which some are long."""
    lengths = np.reshape([0.01, 1, 3, 0.1, 1, 10], (6, *[1] * len(shape)))
    rows = (np.random.default_rng(1).normal(size=(6, *shape)) * lengths).astype("float32")
    rows = rows if high is None else np.random.default_rng(1).integers(0, high, size=(6, *shape)).astype("int32")
    labels = np.arange(6, dtype="int32") % num_labels if num_labels else None
    network(rows, labels) if num_labels else network(rows)
    for index, weight in enumerate(network.trainable_weights):
        weight.assign_add(0.3 * np.random.default_rng(index).normal(size=weight.shape))
    gan = GAN(Constant(shape, high, num_labels), network, seed=0)
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


def reference(clipping, rows, labels=None, side="real"):
    """A Python loop over rows, which shares nothing with the package but networks and penalties' formula."""
    gan = clipping.gan
    network, values = gan.discriminator, [variable.value for variable in gan.discriminator.trainable_variables]
    state = [np.array(weight) for weight in network.non_trainable_weights]
    total = [np.zeros(value.shape) for value in values]
    for index in range(len(rows)):
        for weight, value in zip(network.non_trainable_weights, state, strict=True):
            weight.assign(value)
        row, own = tf.constant(rows[index : index + 1]), () if labels is None else (labels[index : index + 1],)
        with tf.GradientTape() as tape:
            logit = network(row, *own, training=True)
            loss = tf.reduce_mean(tf.nn.softplus(-logit if side == "real" else logit))
            for penalty in gan.penalties:
                with tf.GradientTape() as inner:
                    inner.watch(row)
                    judged = network(row, *own, training=True)
                if (side == "real") == (type(penalty) is penalties.R1):
                    loss += float(penalty.strength) / 2 * tf.reduce_sum(inner.gradient(judged, row) ** 2)
        total = [each + part for each, part in zip(total, clipped(tape.gradient(loss, values), clipping.norm), strict=True)]
    return total


def clipped(gradients, norm):
    found = [0 if part is None else tf.convert_to_tensor(part).numpy().astype("float64") for part in gradients]
    length = np.sqrt(sum(np.sum(part**2) for part in found))
    return [part * min(1.0, norm / length) if np.isfinite(length) and length else 0 * part for part in found]


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
    "2d depthwise": (
        lambda: head(layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), layers.DepthwiseConv2D(2, use_bias=False)),
        (4, 4, 3),
    ),
    "1d depthwise": (lambda: head(layers.DepthwiseConv1D(3, strides=2)), (7, 3)),
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


def recurrent(layer):
    return keras.Sequential([layer, layers.Dense(1)])


class OutsideOfItsLayer(keras.Model):
    """Reads a kernel outside of its layer too."""

    def __init__(self):
        super().__init__()
        self.hidden, self.last = layers.Dense(4), layers.Dense(1)

    def call(self, inputs, training=False):
        return self.last(self.hidden(inputs)) + ops.sum(ops.matmul(inputs, self.hidden.kernel), 1, keepdims=True)


class TwoRowsInOne(keras.Model):
    """Its layer reads each half of a row as a row."""

    def __init__(self):
        super().__init__()
        self.hidden, self.last = layers.Dense(4, activation="tanh"), layers.Dense(1)

    def call(self, inputs, training=False):
        return self.last(ops.reshape(self.hidden(ops.reshape(inputs, (-1, 2))), (-1, 8)))


class OwnDense(layers.Dense):
    """A subclass may compute something else."""

    def call(self, inputs):
        return super().call(inputs) * ops.sum(self.kernel)


LOOPS = {
    "gru": (lambda: recurrent(layers.GRU(3)), (4, 2), "GRUCell"),
    "lstm": (lambda: recurrent(layers.LSTM(3)), (4, 2), "LSTMCell"),
    "spectral": (
        lambda: head(networks.layers.SpectralNormalization(layers.Conv2D(3, 2, activation="relu"))),
        (4, 3, 2),
        "SpectralNormalization",
    ),
    "own weights": (lambda: head(layers.Dense(3), layers.PReLU()), (4,), "PReLU"),
    "subclass": (lambda: head(OwnDense(3)), (4,), "OwnDense"),
    "outside": (OutsideOfItsLayer, (4,), "outside of their layers"),
    "rearranged": (TwoRowsInOne, (4,), "rows are rearranged"),
}


@pytest.mark.parametrize("name", LOOPS)
def test_other_networks_take_a_pass_per_row_and_say_why(name, capsys):
    make, shape, reason = LOOPS[name]
    clipping, rows, _ = clipping_of(make(), shape)
    told = capsys.readouterr().out
    assert clipping.method == "loop" and "4 to 25 times as slow" in told and reason in told and told.count("row by row") == 1
    state = [np.array(weight) for weight in clipping.gan.discriminator.non_trainable_weights]
    found = sums_of(clipping, rows)
    if state:  # the power iteration moved once, whatever the number of rows
        moved = [np.array(weight) for weight in clipping.gan.discriminator.non_trainable_weights]
        assert not np.allclose(moved, state, atol=1e-4)
    assert_close(found, reference(clipping, rows))


def test_the_number_of_rows_reaches_no_state():
    def states_after(num):
        keras.utils.set_random_seed(0)
        spectral = networks.layers.SpectralNormalization(layers.Dense(4))
        clipping, rows, _ = clipping_of(head(spectral, layers.Dropout(0.5, seed=1)), (4,))
        assert clipping.method == "loop"
        sums_of(clipping, rows[:num])
        return [np.array(variable) for variable in clipping.gan.discriminator.non_trainable_variables]

    none, two, six = map(states_after, (0, 2, 6))
    assert len(none) == 2
    for some, others in ((none, two), (none, six)):
        assert all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))


def test_rows_have_random_numbers_of_their_own_in_a_pass_per_row():
    clipping, rows, _ = clipping_of(head(layers.Dense(64), layers.PReLU(), layers.Dropout(0.5, seed=1)), (4,), norm=1e9)
    same = np.repeat(rows[1:2], 2, axis=0)
    once, both = sums_of(clipping, same[:1])[-2], sums_of(clipping, same)[-2]
    assert 0.2 < np.mean((both == 0) == (once == 0)) < 0.9
    assert 0.1 < np.mean(both == 0) < 0.4  # one of four units is dropped in both rows


@pytest.mark.parametrize("side", ["real", "fake"])
def test_penalties_are_part_of_each_rows_loss(side):
    network = head(layers.Conv2D(3, 2, strides=2, activation="tanh"), layers.Dense(3, activation="tanh"))
    clipping, rows, _ = clipping_of(network, (4, 4, 2), penalties=[penalties.R1(3.0)])
    assert clipping.method == "loop"
    expected = reference(clipping, rows, side=side)
    assert_close(sums_of(clipping, rows, side=side), expected)
    clipping.gan.penalties = []
    changes = [np.abs(part - other).max() for part, other in zip(reference(clipping, rows, side=side), expected, strict=True)]
    assert (max(changes) > 0.01) == (side == "real")


REAL = {
    "points": (lambda: networks.MLPDiscriminator(units=(8, 8)), (2,), 0),
    "series": (lambda: networks.DenseSeriesDiscriminator(8, 2, num_labels=NUM_LABELS), (6, 2), NUM_LABELS),
    "table": (lambda: networks.PackedTableDiscriminator(NUM_LABELS, (8, 8), num=1, dropout=0.0), (7,), NUM_LABELS),
    "r3gan": (lambda: networks.R3GANDiscriminator((16, 16, 1), 16, blocks=1, num_labels=NUM_LABELS), (16, 16, 1), NUM_LABELS),
    "wgan-gp": (lambda: networks.WGANGPDiscriminator((16, 16, 1), 2), (16, 16, 1), 0),
}


@pytest.mark.parametrize("name", REAL)
def test_discriminators_of_the_package_need_one_pass(name):
    make, shape, num_labels = REAL[name]
    clipping, rows, labels = clipping_of(make(), shape, num_labels=num_labels)
    assert clipping.method == "ghost", clipping.reason
    expected = reference(clipping, rows, labels)
    largest = max(np.abs(part).max() for part in expected)
    for part, right in zip(sums_of(clipping, rows, labels), expected, strict=True):
        np.testing.assert_allclose(part, right, rtol=0, atol=1e-5 * max(1, largest))


def test_dropout_and_augmentation_are_drawn_once():
    """All rows' norms and sums belong to one draw: an independent pass with the same random state has the same gradients."""
    network = keras.Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dropout(0.5, seed=1), layers.Dense(1)])
    clipping, rows, _ = clipping_of(network, (8, 8, 1), augmentation=augmentation.DiffAugment())
    states = [*network.non_trainable_variables, *clipping.gan.augmentation.variables]
    before = [np.array(state) for state in states]
    found = sums_of(clipping, rows)
    after = [np.array(state) for state in states]
    for state, value in zip(states, before, strict=True):
        state.assign(value)
    with tf.GradientTape(persistent=True) as tape:
        losses_of_rows = tf.nn.softplus(-clipping.gan.judge(tf.constant(rows)))[:, 0]
        each_loss = [losses_of_rows[index] for index in range(len(rows))]
    assert all(np.array_equal(state, value) for state, value in zip(states, after, strict=True))
    values = [variable.value for variable in network.trainable_variables]
    parts = [clipped(tape.gradient(loss, values), clipping.norm) for loss in each_loss]
    assert_close(found, [sum(each) for each in zip(*parts, strict=True)])


# --- What a row can do. ---


def wasserstein(logits):
    return -tf.reduce_mean(logits)


ONE_PASS = {
    "dense": (lambda: head(layers.Dense(5, activation="relu")), (3,)),
    "convolutions": (lambda: head(layers.Conv2D(4, 3, padding="same", activation="relu"), layers.Conv2D(24, 3)), (6, 6, 2)),
    "normalised": (lambda: head(layers.Conv2D(4, 3, padding="same"), layers.GroupNormalization(2)), (4, 4, 2)),
}
A_PASS_PER_ROW = {"loop": (lambda: head(layers.Dense(4), layers.PReLU()), (3,))}


@pytest.mark.parametrize("name", [*ONE_PASS, *A_PASS_PER_ROW])
def test_a_row_moves_sums_by_at_most_the_norm_and_a_broken_one_by_nothing(name):
    make, shape = {**ONE_PASS, **A_PASS_PER_ROW}[name]
    clipping, rows, _ = clipping_of(make(), shape)

    def sums(*parts):
        found = clipping.sums(tf.constant(np.concatenate(parts)), None, wasserstein, "real")
        return np.concatenate([np.ravel(part) for part in found])

    huge, others = 1e6 * rows[1:2], sums(rows)
    assert 0.9 * clipping.norm < np.linalg.norm(sums(huge).astype("float64")) <= clipping.norm * (1 + 1e-6)
    assert np.linalg.norm((sums(rows, huge) - others).astype("float64")) <= clipping.norm * (1 + 1e-5)
    for broken in (np.nan, np.inf, 3e38):
        np.testing.assert_allclose(sums(rows[:3], broken * np.ones_like(huge), rows[3:]), others, atol=1e-6)
        assert not sums(np.full_like(huge, broken)).any()


def test_rows_are_clipped_one_by_one():
    """Beside a huge row, a small one's share is what it is alone: clipping the sum would leave nothing of it."""
    clipping, rows, _ = clipping_of(head(layers.Dense(5, activation="relu")), (3,), norm=100.0)
    small, huge = rows[:1], 1e6 * rows[1:2]
    alone, beside, both = (
        clipping.sums(tf.constant(each), None, wasserstein, "real") for each in (small, huge, np.concatenate([small, huge]))
    )
    assert max(np.abs(part).max() for part in alone) > 0.1
    for one, other, together in zip(alone, beside, both, strict=True):
        np.testing.assert_allclose(together - other, one, atol=1e-4)


def test_gradients_that_cancel_are_not_underestimated():
    """Of a constant image before a normalisation, positions' gradients cancel: their sum's norm is not lost in rounding."""
    generator = np.random.default_rng(0)
    left = np.tile(generator.normal(size=(1, 1, 1, 300)), (4, 1, 16, 1)).astype("float32")
    right = generator.normal(size=(4, 1, 16, 200)).astype("float32")
    right -= right.mean(axis=2, keepdims=True) - 1e-5
    exact = np.sum(np.einsum("rgti,rgto->rgio", left.astype("float64"), right.astype("float64")) ** 2, axis=(1, 2, 3))
    np.testing.assert_allclose(ghost_norms.of_sum_of_products(tf.constant(left), tf.constant(right)), exact, rtol=1e-3)


@pytest.mark.parametrize("name", [*ONE_PASS, *A_PASS_PER_ROW])
def test_without_rows_sums_are_zero(name):
    make, shape = {**ONE_PASS, **A_PASS_PER_ROW}[name]
    clipping, rows, _ = clipping_of(make(), shape)
    found = sums_of(clipping, rows[:0])
    assert [part.shape for part in found] == [tuple(each.shape) for each in clipping.variables] and not any(map(np.any, found))


def test_no_token_without_rows():
    network = keras.Sequential([layers.Embedding(5, 3), layers.Flatten(), layers.Dense(1)])
    clipping, rows, _ = clipping_of(network, (8,), high=5)
    assert clipping.method == "ghost" and not any(map(np.any, sums_of(clipping, rows[:0])))


# --- What is left behind. ---


def test_layers_are_left_as_they_were(tmp_path):
    network = head(layers.Dense(5, activation="relu"), layers.LayerNormalization())
    clipping, rows, _ = clipping_of(network, (3,))
    before, names = network(rows).numpy(), [set(vars(layer)) for layer in network._flatten_layers()]
    sums_of(clipping, rows)
    with pytest.raises(RuntimeError, match="broken"):
        clipping.sums(tf.constant(rows), None, broken_loss, "real")
    assert [set(vars(layer)) for layer in network._flatten_layers()] == names
    assert not any("call" in vars(layer) for layer in network._flatten_layers())
    assert network.layers[0].activation is keras.activations.relu
    network.save(tmp_path / "network.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "network.keras")(rows), before)
    np.testing.assert_array_equal(network(rows), before)


def broken_loss(logits):
    raise RuntimeError("broken")


def test_the_trial_changes_no_weight_and_no_state():
    network = keras.Sequential([layers.Dense(4), layers.Dropout(0.5, seed=1), layers.Dense(1)])
    clipping, rows, _ = clipping_of(network, (3,))
    before = [np.array(variable) for variable in network.variables]
    assert ghost_norms.reason_against(clipping.gan) is None
    assert all(np.array_equal(variable, value) for variable, value in zip(network.variables, before, strict=True))


def test_frozen_layers_have_no_share():
    network = head(layers.Dense(5, activation="relu"), layers.Dense(4))
    network.layers[0].trainable = False
    clipping, rows, _ = clipping_of(network, (3,))
    assert clipping.method == "ghost" and len(clipping.variables) == 4
    assert_close(sums_of(clipping, rows), reference(clipping, rows))
