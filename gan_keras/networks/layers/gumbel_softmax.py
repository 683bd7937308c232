"""Draws of categories that gradients pass through."""

import math

import keras
from keras import layers, ops

_SMALLEST = 1e-7  # the logarithm of less is not finite in single precision


@keras.saving.register_keras_serializable(package="gan_keras")
class GumbelSoftmaxSampling(layers.Layer):
    """`softmax((logits + gumbel) / temperature)`: nearly a one-hot draw from the categories: `call(logits, normals)`.

    The noise comes in as a second input: standard normal numbers in the shape of the logits, such as latents of the generator
    that are kept for it. So a sample is a function of its latents, and the same seed draws the same categories:

        latents = keras.Input((16 + 10,))
        logits = keras.layers.Dense(10)(latents[:, :16])
        category = GumbelSoftmaxSampling(temperature=0.5)(logits, latents[:, 16:])

    Args:
        temperature: > 0: lower is nearer to one-hot, with a gradient of more variance.

    Raises:
        ValueError: If the temperature is not above 0.

    Reference: [Jang et al., 2016](https://arxiv.org/abs/1611.01144), equation 2.
    """

    def __init__(self, temperature=1.0, **kwargs):
        super().__init__(autocast=False, **kwargs)  # rounded normals choose some categories more often
        if not temperature > 0:
            raise ValueError(f"temperature={temperature}. Expected more than 0.")
        self.temperature = float(temperature)

    def call(self, logits, normals):
        uniform = (1.0 + ops.erf(ops.cast(normals, "float32") / math.sqrt(2))) / 2.0
        gumbel = -ops.log(-ops.log(ops.clip(uniform, _SMALLEST, 1.0 - _SMALLEST)))
        return ops.cast(ops.softmax((ops.cast(logits, "float32") + gumbel) / self.temperature), logits.dtype)

    def compute_output_shape(self, logits_shape, normals_shape=None):
        return logits_shape

    def get_config(self):
        return {**super().get_config(), "temperature": self.temperature}


@keras.saving.register_keras_serializable(package="gan_keras")
class StraightThroughSampling(GumbelSoftmaxSampling):
    """Exactly one-hot forwards, with the gradient of `GumbelSoftmaxSampling`. Arguments as there.

    Reference: [Jang et al., 2016](https://arxiv.org/abs/1611.01144), section 2.2.
    """

    def call(self, logits, normals):
        soft = super().call(logits, normals)
        hard = ops.one_hot(ops.argmax(soft, axis=-1), soft.shape[-1], dtype=soft.dtype)
        # The sum has the value of `hard` to the last bit: what is added is 0.
        return hard + (soft - ops.stop_gradient(soft))
