"""What every generator and discriminator of this package has in common."""

import keras

from gan_keras.networks.precision import OnePrecision


class Generator(OnePrecision, keras.Model):
    """Maps latents to samples: `call(latents, labels=None, training=False)` -> sample tensors.

    Args:
        latent_dim: How many numbers of noise make one sample, >= 1.
        **kwargs: Of `keras.Model`. `dtype="mixed_bfloat16"` is the precision of all layers but the last, which are float32.
    """

    def __init__(self, latent_dim, **kwargs):
        super().__init__(**kwargs)
        if latent_dim < 1:
            raise ValueError(f"latent_dim={latent_dim}. Expected at least 1: a generator without noise makes one sample.")
        self.latent_dim = latent_dim

    def get_config(self):
        return {**super().get_config(), "latent_dim": self.latent_dim}


class Discriminator(OnePrecision, keras.Model):
    """Maps samples to one logit each: `call(samples, labels=None, training=False)` -> `(batch, 1)`, never a sigmoid.

    Args:
        **kwargs: Of `keras.Model`; `dtype` as of `Generator`.
    """
