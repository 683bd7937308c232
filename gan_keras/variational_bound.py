"""`VariationalBound`: a generator of rows that explains real rows too, beside convincing a discriminator.

Reference: [Autoencoding beyond pixels, Larsen et al., 2016](https://arxiv.org/abs/1512.09300), section 3, with the likelihood of
rows themselves in the place of that of features.
"""

import keras
from keras import ops

from gan_keras.auxiliary import Objective


@keras.saving.register_keras_serializable(package="gan_keras")
class VariationalBound(Objective):
    """The generator loses `weight` times the negative evidence lower bound of the real rows of the batch.

    The generator is a `networks.EncodedTableGenerator`, whose encoder learns by this term alone.

    Args:
        weight: Of the bound, in nats a row, beside the adversarial loss, >= 0.
        reconstruction_weight: Of the likelihood in the bound, > 0.
    """

    def __init__(self, weight=1.0, reconstruction_weight=2.0):
        super().__init__(weight)
        if not reconstruction_weight > 0:
            raise ValueError(f"reconstruction_weight={reconstruction_weight}. Expected more than 0.")
        self.reconstruction_weight = float(reconstruction_weight)

    def prepare(self, gan):
        if not hasattr(gan.generator, "bound"):
            raise ValueError(
                f"VariationalBound needs a generator with an encoder, and got {gan.generator.name!r}. "
                "Expected a `gan_keras.networks.EncodedTableGenerator`."
            )

    def generator(self, gan, batch):
        noise = batch.latents[:, : gan.generator.noise_dim]
        return self.weight * ops.mean(gan.generator.bound(batch.real_data, batch.labels, noise, self.reconstruction_weight))

    def get_config(self):
        return {**super().get_config(), "reconstruction_weight": self.reconstruction_weight}
