"""What every generator and discriminator of this package has in common."""

import keras


class Generator(keras.Model):
    """Maps latents to samples: `call(latents, labels=None, training=False)` -> sample tensors.

    Args:
        latent_dim: How many numbers of noise make one sample, >= 1.
    """

    def __init__(self, latent_dim, **kwargs):
        super().__init__(**kwargs)
        if latent_dim < 1:
            raise ValueError(f"latent_dim={latent_dim}. Expected at least 1: a generator without noise makes one sample.")
        self.latent_dim = latent_dim

    def get_config(self):
        return {**super().get_config(), "latent_dim": self.latent_dim}


class Discriminator(keras.Model):
    """Maps samples to one logit each: `call(samples, labels=None, training=False)` -> `(batch, 1)`, never a sigmoid."""
