"""`SpectralNormalization` against NumPy's singular value decomposition, for each kind of kernel."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras.networks.layers import SpectralNormalization

RANDOM = np.random.default_rng(0)
IMAGES, ROWS = RANDOM.normal(size=(2, 5, 5, 3)).astype("float32"), RANDOM.normal(size=(4, 6)).astype("float32")
IDS = np.array([0, 2, 2, 6], "int32")
KINDS = {
    "dense": (lambda **options: keras.layers.Dense(4, activation="tanh", **options), ROWS),
    "convolution": (lambda **options: keras.layers.Conv2D(4, 3, activation="tanh", **options), IMAGES),
    "transposed": (lambda **options: keras.layers.Conv2DTranspose(4, 3, strides=2, activation="tanh", **options), IMAGES),
    "embedding": (lambda **options: keras.layers.Embedding(7, 4, **options), IDS),
}


def as_matrix(kind, kernel):
    """The kernel as (inputs, outputs), axis by axis."""
    if kind == "transposed":
        return np.stack([kernel[:, :, output].ravel() for output in range(kernel.shape[2])], axis=1)
    return np.stack([kernel[..., output].ravel() for output in range(kernel.shape[-1])], axis=1)


def from_matrix(kind, matrix, shape):
    if kind == "transposed":
        height, width, outputs, inputs = shape
        return np.stack([matrix[:, output].reshape(height, width, inputs) for output in range(outputs)], axis=2)
    return matrix.reshape(shape)


def built(kind, iterations=1):
    keras.utils.set_random_seed(1)
    make, inputs = KINDS[kind]
    layer = SpectralNormalization(make(), power_iterations=iterations)
    layer(inputs)
    layer.kernel.assign(3 * np.random.default_rng(2).normal(size=layer.kernel.shape))
    return layer, inputs


@pytest.mark.parametrize("kind", KINDS)
def test_sigma_is_the_largest_singular_value(kind):
    layer, inputs = built(kind, iterations=300)
    layer(inputs, training=True)
    expected = np.linalg.svd(as_matrix(kind, layer.kernel.numpy()), compute_uv=False)[0]
    assert float(layer.sigma()) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_gradients_are_those_of_the_normalised_kernel(kind):
    layer, inputs = built(kind, iterations=300)
    layer(inputs, training=True)
    kernel = layer.kernel.numpy()
    left, values, right = np.linalg.svd(as_matrix(kind, kernel), full_matrices=False)
    sigma, direction = values[0], from_matrix(kind, np.outer(left[:, 0], right[0]), kernel.shape)
    plain = KINDS[kind][0]()
    plain(inputs)
    plain.set_weights([kernel / sigma, *[bias.numpy() for bias in layer.layer.weights[1:]]])
    weights = RANDOM.normal(size=plain(inputs).shape).astype("float32")
    output, gradient = output_and_gradient(layer, layer.kernel, inputs, weights)
    expected, inner = output_and_gradient(plain, plain.weights[0], inputs, weights)
    # d(W / sigma) = dW / sigma - W / sigma^2 <direction, dW>
    chained = inner / sigma - np.sum(inner * kernel) / sigma**2 * direction
    np.testing.assert_allclose(output, expected, atol=1e-5)
    np.testing.assert_allclose(gradient, chained, atol=1e-5 * np.abs(chained).max())


def output_and_gradient(layer, variable, inputs, weights):
    with tf.GradientTape() as tape:
        output = layer(inputs)
        loss = tf.reduce_sum(output * weights)
    return output.numpy(), tf.convert_to_tensor(tape.gradient(loss, variable)).numpy()


def test_one_step_of_training_is_one_power_iteration():
    layer, inputs = built("dense")
    matrix, u = layer.kernel.numpy(), layer.u.numpy()
    layer(inputs, training=True)
    v = matrix @ u / np.linalg.norm(matrix @ u)
    expected = matrix.T @ v / np.linalg.norm(matrix.T @ v)
    np.testing.assert_allclose(layer.u.numpy(), expected, rtol=1e-5)
    assert float(layer.sigma()) == pytest.approx(np.linalg.norm(matrix @ expected), rel=1e-5)


def test_the_kernel_is_never_overwritten_and_inference_changes_nothing():
    layer, inputs = built("convolution")
    kernel, u = layer.kernel.numpy(), layer.u.numpy()
    first = layer(inputs).numpy()
    np.testing.assert_array_equal(layer(inputs).numpy(), first)
    np.testing.assert_array_equal(layer.u.numpy(), u)
    layer(inputs, training=True)
    np.testing.assert_array_equal(layer.kernel.numpy(), kernel)
    assert not np.allclose(layer.u.numpy(), u)
    assert [variable.name for variable in layer.trainable_variables] == ["kernel", "bias"]


def test_a_kernel_of_zeros_stays_finite_and_recovers():
    layer, inputs = built("dense", iterations=50)
    kernel = layer.kernel.numpy()
    layer.kernel.assign(0 * kernel)
    assert np.isfinite(layer(inputs, training=True)).all()
    layer.kernel.assign(kernel)
    layer(inputs, training=True)
    assert float(layer.sigma()) == pytest.approx(np.linalg.svd(kernel, compute_uv=False)[0], rel=1e-3)


def test_sigma_has_full_precision_under_mixed_precision():
    layer = SpectralNormalization(keras.layers.Dense(4, dtype="mixed_bfloat16"), power_iterations=300, dtype="mixed_bfloat16")
    output = layer(ROWS, training=True)
    kernel = layer.kernel.numpy()
    assert output.dtype == "bfloat16"
    assert float(layer.sigma()) == pytest.approx(np.linalg.svd(kernel, compute_uv=False)[0], rel=1e-5)
    np.testing.assert_allclose(tf.cast(output, "float32"), ROWS @ kernel / float(layer.sigma()), atol=0.05)


def test_the_state_of_the_iteration_is_saved(tmp_path):
    model = keras.Sequential([keras.Input((6,)), SpectralNormalization(keras.layers.Dense(3), power_iterations=2)])
    model(ROWS, training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].power_iterations == 2
    np.testing.assert_array_equal(loaded(ROWS), model(ROWS))


def test_a_layer_without_a_kernel_is_an_error():
    with pytest.raises(ValueError, match="Flatten has neither `kernel` nor `embeddings`. Expected"):
        SpectralNormalization(keras.layers.Flatten())(IMAGES)
    with pytest.raises(ValueError, match="power_iterations=0. Expected at least 1"):
        SpectralNormalization(keras.layers.Dense(1), power_iterations=0)
