"""A generator that makes its samples beside a reference batch: [Salimans et al., 2016](https://arxiv.org/abs/1606.03498)."""

import keras
import numpy as np
from keras import ops

from gan_keras.networks.base import Generator
from gan_keras.pairing import call_network, latent_dim_of


@keras.saving.register_keras_serializable(package="gan_keras")
class WithReference(Generator):
    """Runs a generator on the same reference latents in front of each batch, and gives the samples of the batch alone.

    That is what the generator's `networks.layers.VirtualBatchNormalization` layers, of as many reference samples, normalise
    by. Every batch costs `num_reference` samples more.

    Args:
        generator: A `keras.Model` from latents to samples. Labels of the reference, where it takes some, come in turn.
        num_reference: Samples in the reference, as in the generator's layers, >= 1.
        seed: Of the reference latents, an integer.

    Raises:
        ValueError: If `num_reference` is below 1.
    """

    def __init__(self, generator, num_reference=64, seed=0, **kwargs):
        super().__init__(latent_dim_of(generator), autocast=False, **kwargs)  # the generator rounds latents if it wants to
        if num_reference < 1:
            raise ValueError(f"num_reference={num_reference}. Expected at least one sample to normalise by.")
        self.generator, self.num_reference, self.seed = generator, num_reference, seed
        self.num_labels = getattr(generator, "num_labels", 0)

    def call(self, latents, labels=None, training=False):
        num = self.num_reference
        # Constants of NumPy: Keras' own noise is another under XLA.
        reference = np.random.default_rng(self.seed).standard_normal((num, self.latent_dim))
        latents = ops.concatenate([ops.cast(reference, latents.dtype), latents])
        if self.num_labels and labels is not None:
            labels = ops.concatenate([ops.cast(ops.arange(num) % self.num_labels, labels.dtype), labels])
        return call_network(self.generator, latents, labels if self.num_labels else None, training=training)[num:]

    def get_config(self):
        config = super().get_config()
        del config["latent_dim"]  # the generator has it
        generator = keras.saving.serialize_keras_object(self.generator)
        return {**config, "generator": generator, "num_reference": self.num_reference, "seed": self.seed}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "generator": keras.saving.deserialize_keras_object(config["generator"])})
