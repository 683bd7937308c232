import keras
import numpy as np
import pytest
import tensorflow as tf

import gan_keras


def test_a_seed_determines_the_weights_and_can_request_determinism(monkeypatch):
    asked = []
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: asked.append(True))
    drawn = []
    for seed, deterministic in ((4, True), (np.int64(4), False)):
        gan_keras.set_seed(seed, deterministic)
        layer = keras.layers.Dense(3)
        layer.build((None, 2))
        drawn.append(layer.get_weights()[0])
    np.testing.assert_array_equal(*drawn)
    assert asked == [True]


def test_a_wrong_seed_is_an_error():
    for seed in (-1, 2**32, 1.5, True, "1"):
        pytest.raises(ValueError, gan_keras.set_seed, seed).match("Expected a whole number from 0 to 4294967295")
