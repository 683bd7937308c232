"""Differentiable samples of categories."""

import math

import keras
from keras import layers, ops

_SMALLEST = 1e-7  # keeps the logarithms finite in float32


@keras.saving.register_keras_serializable(package="gan_keras")
class GumbelSoftmaxSampling(layers.Layer):
    """`softmax((logits + gumbel) / temperature)`, an almost one-hot sample of categories: `call(logits, normals)`.

    The second input is the noise: standard normal numbers in the shape of the logits, such as latents of the generator reserved
    for it. So a sample is a function of its latents, and the same seed gives the same categories:

        latents = keras.Input((16 + 10,))
        logits = keras.layers.Dense(10)(latents[:, :16])
        category = GumbelSoftmaxSampling(temperature=0.5)(logits, latents[:, 16:])

    Args:
        temperature: Temperature, > 0. Lower is closer to one-hot, but gradients vary more.

    Raises:
        ValueError: If the temperature is not above 0.

    Reference: [Jang et al., 2016](https://arxiv.org/abs/1611.01144), equation 2.
    """

    def __init__(self, temperature=1.0, **kwargs):
        super().__init__(autocast=False, **kwargs)  # rounded normals would select some categories more often
        if not temperature > 0:
            raise ValueError(f"temperature={temperature}. Expected more than 0.")
        self.temperature = float(temperature)

    def call(self, logits, normals):
        uniform = (1.0 + ops.erf(ops.cast(normals, "float32") / math.sqrt(2))) / 2.0
        gumbel = -ops.log(-ops.log(ops.clip(uniform, _SMALLEST, 1.0 - _SMALLEST)))
        return ops.cast(ops.softmax((ops.cast(logits, "float32") + gumbel) / self.temperature), logits.dtype)

    def get_config(self):
        return {**super().get_config(), "temperature": self.temperature}


@keras.saving.register_keras_serializable(package="gan_keras")
class StraightThroughSampling(GumbelSoftmaxSampling):
    """`GumbelSoftmaxSampling` with an exactly one-hot output and the gradient of the soft one.

    Reference: [Jang et al., 2016](https://arxiv.org/abs/1611.01144), section 2.2.
    """

    def call(self, logits, normals):
        soft = super().call(logits, normals)
        hard = ops.one_hot(ops.argmax(soft, axis=-1), soft.shape[-1], dtype=soft.dtype)
        # The sum equals `hard` to the last bit, because the second term is 0.
        return hard + (soft - ops.stop_gradient(soft))
