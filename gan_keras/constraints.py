"""Weight constraints, applied by Keras' optimizers after each update."""

import keras
from keras import ops

__all__ = ["Clip"]


@keras.saving.register_keras_serializable(package="gan_keras")
class Clip(keras.constraints.Constraint):
    """Clips every weight to [-limit, limit], as the original WGAN does to keep its critic Lipschitz.

    Pass it to the discriminator's layers: `Dense(64, kernel_constraint=Clip(), bias_constraint=Clip())`. It costs almost nothing,
    but gradients easily vanish or explode behind clipped weights; `penalties.GradientPenalty` was made to replace it.

    Reference: [WGAN](https://arxiv.org/abs/1701.07875), algorithm 1.

    Args:
        limit: Largest absolute weight, > 0; 0.01 in the paper.

    Raises:
        ValueError: If the limit is not above 0.
    """

    def __init__(self, limit=0.01):
        if not limit > 0:
            raise ValueError(f"limit={limit}. Expected a number > 0: a discriminator with all weights at 0 learns nothing.")
        self.limit = float(limit)

    def __call__(self, w):
        return ops.clip(w, -self.limit, self.limit)

    def get_config(self):
        return {"limit": self.limit}
