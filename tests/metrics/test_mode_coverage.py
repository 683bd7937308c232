import keras
import numpy as np
import pytest
from scipy.stats import entropy

from gan_keras.metrics.mode_coverage import class_coverage, stacked_digit_modes
from refusals import refused


def level_classifier():
    """Reads a digit off the brightness of an image: level k, of ten between -1 and 1, is digit k."""
    levels = np.linspace(-1, 1, 10)
    inputs = keras.Input((2, 2, 1))
    mean = keras.layers.GlobalAveragePooling2D()(inputs)
    # -(x - level)^2 less the part that all classes share: 2 * level * x - level^2
    logits = keras.layers.Dense(10)(mean)
    model = keras.Model(inputs, {"features": mean, "logits": logits})
    model.set_weights([2 * levels[np.newaxis], -(levels**2)])
    return model


def stacked(modes):
    digits = np.stack([modes // 100, modes // 10 % 10, modes % 10], axis=1)
    return np.broadcast_to(np.linspace(-1, 1, 10)[digits][:, None, None], (len(modes), 2, 2, 3)).astype(np.float32)


def test_each_of_the_thousand_modes_is_read_from_its_three_channels_and_others_are_refused():
    modes = np.arange(1000)
    np.testing.assert_array_equal(stacked_digit_modes(level_classifier(), stacked(modes)), modes)
    refused("integers from 0 to 9", class_coverage, [10], 10)
    refused("one digit per channel", stacked_digit_modes, level_classifier(), np.zeros((5, 2, 2, 1)))


def test_the_divergence_equals_scipys_from_none_to_infinity():
    assert class_coverage(np.arange(1000).repeat(3), 1000) == {"modes": 1000, "reverse_kl": pytest.approx(0, abs=1e-12)}
    assert class_coverage(np.full(50, 7), 1000) == {"modes": 1, "reverse_kl": pytest.approx(np.log(1000))}
    generator = np.random.default_rng(0)
    fake, real = generator.integers(5, size=200) ** 2 // 4, generator.integers(5, size=300)
    shares, real_shares = np.bincount(fake, minlength=5) / 200, np.bincount(real, minlength=5) / 300
    assert (shares == 0).any()
    assert class_coverage(fake, 5)["reverse_kl"] == pytest.approx(entropy(shares, np.full(5, 0.2)))
    assert class_coverage(fake, 5, real)["reverse_kl"] == pytest.approx(entropy(shares, real_shares))
    assert class_coverage(fake, 5)["modes"] == (shares > 0).sum()
    assert class_coverage([0, 1], 2, [0, 0])["reverse_kl"] == float("inf")
