import numpy as np
import pytest
import tensorflow as tf

from gan_keras.networks.layers import GroupedConv2D, grouped_convolution


@pytest.fixture(params=[True, False], ids=["at once", "one by one"])
def at_once(request, monkeypatch):
    if request.param and not grouped_convolution.groups_have_gradients():
        pytest.skip("TensorFlow cannot differentiate convolutions of groups here")
    monkeypatch.setattr(grouped_convolution, "groups_have_gradients", lambda: request.param)


def test_each_group_of_channels_is_convolved_alone(at_once):
    layer, images = GroupedConv2D(groups=2), np.random.default_rng(0).normal(size=(2, 5, 4, 6)).astype("float32")
    layer(images)
    layer.bias.assign(np.arange(6))
    outputs, kernel = layer(images), layer.kernel.numpy()
    for group in range(2):
        channels = slice(3 * group, 3 * group + 3)
        alone = tf.nn.conv2d(images[..., channels], kernel[..., channels], strides=1, padding="SAME")
        np.testing.assert_allclose(outputs[..., channels], alone + np.arange(6)[channels], atol=1e-5)


def test_the_gradient_of_a_gradient_equals_finite_differences(at_once):
    """As in R1: derivative of the squared gradient at the images with respect to the kernel."""
    layer, images = GroupedConv2D(groups=2), tf.constant(np.random.default_rng(1).normal(size=(1, 3, 3, 4)), tf.float32)
    layer(images)

    def squared_gradient():
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.reduce_sum(layer(images) ** 3)
        return tf.reduce_sum(tape.gradient(loss, images) ** 2)

    with tf.GradientTape() as tape:
        value = squared_gradient()
    gradient, kernel, step = tape.gradient(value, layer.kernel.value).numpy(), layer.kernel.numpy(), 1e-2
    at = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
    values = []
    for sign in (1, -1):
        moved = kernel.copy()
        moved[at] += sign * step
        layer.kernel.assign(moved)
        values.append(float(squared_gradient()))
    assert gradient[at] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-2)
