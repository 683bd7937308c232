"""Limits on weights, which Keras' optimizers apply after each update."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan_keras")
class Clip(keras.constraints.Constraint):
    """Clips every weight to [-limit, limit]: how the first WGAN kept its critic Lipschitz.

    It goes into the discriminator's layers, as `Dense(64, kernel_constraint=Clip(), bias_constraint=Clip())`. Gradients easily
    vanish or explode behind clipped weights; `penalties.GradientPenalty` came to replace it. It costs next to nothing and
    is applied after every update: there is no lazy interval as of `penalties.Lazy`.

    Reference: [WGAN](https://arxiv.org/abs/1701.07875), algorithm 1.

    Args:
        limit: > 0; the paper's is 0.01.

    Raises:
        ValueError: If the limit is not above 0.
    """

    def __init__(self, limit=0.01):
        if not limit > 0:
            raise ValueError(f"limit={limit}. Expected a number > 0: without any weight a discriminator sees nothing.")
        self.limit = float(limit)

    def __call__(self, w):
        return ops.clip(w, -self.limit, self.limit)

    def get_config(self):
        return {"limit": self.limit}
