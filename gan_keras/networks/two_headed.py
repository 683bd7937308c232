"""Wrappers of networks for auxiliary objectives: latents as codes, and a discriminator with a second head.

References: [InfoGAN, Chen et al., 2016](https://arxiv.org/abs/1606.03657); [AC-GAN, Odena et al., 2016](https://arxiv.org/abs/1610.09585).
"""

import math

import keras
import numpy as np
from keras import layers, ops

from gan_keras.networks.base import Discriminator, Generator, attributes, call_network, features_of, latent_dim_of

_CHOSEN = 10.0  # latent of a chosen category, which standard normal latents do not reach
_MAX_CODE = 1 - 1e-6  # largest continuous code with a finite latent in float32


@keras.saving.register_keras_serializable(package="gan_keras")
class Coded(Generator):
    """Turns the first latents into codes and passes them to a generator, with the other latents as noise (InfoGAN).

    Latents are standard normal everywhere in this package. The largest of `k` latents selects one of `k` equally likely
    categories, which the generator reads one-hot. A continuous code is uniform in (-1, 1). So sampling, `generate` and exports
    work unchanged, and latents set the codes:

        latents = gan.generator.with_codes(gan.latents_from([0, 1, 2]), categories=[[7], [7], [7]])
        gan.samples_from_latents(latents)

    Args:
        generator: A `keras.Model` from latents to samples. It needs one latent per number of the codes, and more for noise.
        categorical: Number of categories of each categorical code, each >= 2, such as `(10,)`.
        continuous: Number of continuous codes, >= 0.

    Raises:
        ValueError: If there are no codes, or the generator has too few latents for them.
    """

    def __init__(self, generator, categorical=(10,), continuous=0, **kwargs):
        super().__init__(latent_dim_of(generator), autocast=False, **kwargs)  # rounded latents could tie for the largest
        self.generator, self.categorical, self.continuous = generator, tuple(categorical), continuous
        self.code_dim = sum(self.categorical) + continuous
        if min(self.categorical, default=2) < 2 or continuous < 0 or not 0 < self.code_dim <= self.latent_dim:
            raise ValueError(
                f"categorical={self.categorical}, continuous={continuous} for {self.latent_dim} latents. Expected at least one "
                "code, >= 2 categories each, continuous >= 0 and one latent per category and continuous code."
            )
        self.num_labels = getattr(generator, "num_labels", 0)

    def call(self, latents, labels=None, training=False):
        inputs = ops.concatenate([self.codes(latents), latents[:, self.code_dim :]], axis=-1)
        return call_network(self.generator, inputs, labels if self.num_labels else None, training=training)

    def codes(self, latents):
        """Codes of latents: `(batch, code_dim)`, first categorical ones, one-hot, then continuous ones in (-1, 1)."""
        *logits, normals = self.parts(latents)
        chosen = [ops.one_hot(ops.argmax(each, axis=-1), each.shape[-1], dtype=latents.dtype) for each in logits]
        return ops.concatenate([*chosen, ops.erf(normals / math.sqrt(2))], axis=-1)

    def with_codes(self, latents, categories=None, values=None):
        """Returns latents with other codes and the same noise.

        Args:
            latents: `(batch, latent_dim)`.
            categories: Whole numbers from 0, `(batch, number of categorical codes)`; None keeps these codes.
            values: Numbers in [-1, 1], `(batch, number of continuous codes)`; None keeps these codes.

        Returns:
            Latents `(batch, latent_dim)`.

        Raises:
            ValueError: If a category is out of its code's range.
        """
        *logits, normals = self.parts(ops.convert_to_tensor(latents))
        if categories is not None:
            categories = np.asarray(categories)
            if not np.all((categories >= 0) & (categories < self.categorical)):
                raise ValueError(f"Got the categories {categories}. Expected whole numbers from 0, below {self.categorical}.")
            columns = ops.unstack(categories, len(self.categorical), axis=1)
            logits = [_CHOSEN * ops.one_hot(each, size) for each, size in zip(columns, self.categorical, strict=True)]
        if values is not None:
            values = ops.clip(ops.convert_to_tensor(values, "float32"), -_MAX_CODE, _MAX_CODE)
            normals = math.sqrt(2) * ops.erfinv(values)
        return ops.concatenate([*logits, normals, latents[:, self.code_dim :]], axis=-1)

    def parts(self, latents):
        """Splits `(batch, code_dim or more)` into the columns of each categorical code, then those of all continuous codes."""
        ends = [sum(self.categorical[: index + 1]) for index in range(len(self.categorical))]
        codes = latents[:, : self.code_dim]
        return ops.split(codes, ends, axis=-1) if ends else [codes]

    def get_config(self):
        config = super().get_config()
        del config["latent_dim"]  # the generator has it
        generator = keras.saving.serialize_keras_object(self.generator)
        return {**config, "generator": generator, **attributes(self, "categorical", "continuous")}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "generator": keras.saving.deserialize_keras_object(config["generator"])})


@keras.saving.register_keras_serializable(package="gan_keras")
class TwoHeaded(Discriminator):
    """Adds a second head to a discriminator's features: `second(samples)` -> `(batch, num_outputs)`.

    The second head predicts labels for `auxiliary.AuxiliaryClassifier` and codes for `auxiliary.MutualInformation`. It reads
    `networks.features_of(discriminator)`, flattened, so a step reads each sample twice.

    Labels are passed on to a discriminator with `num_labels` only.

    Args:
        discriminator: A `keras.Model` from samples to logits `(batch, 1)`, without a sigmoid.
        num_outputs: Outputs of the second head, >= 1: the number of labels, or the generator's `code_dim`.
        units: Widths of dense layers between the features and the outputs.

    Raises:
        ValueError: If `num_outputs` is below 1, or, when called, if the discriminator's features are unknown.
    """

    def __init__(self, discriminator, num_outputs, units=(), **kwargs):
        super().__init__(**kwargs)
        if num_outputs < 1:
            raise ValueError(f"num_outputs={num_outputs}. Expected at least 1.")
        self.discriminator, self.num_outputs, self.units = discriminator, num_outputs, tuple(units)
        self.num_labels = getattr(discriminator, "num_labels", 0)
        hidden = [layers.Dense(width, activation="leaky_relu") for width in self.units]
        self.head = [layers.Flatten(), *hidden, layers.Dense(num_outputs, dtype="float32")]

    def call(self, samples, labels=None, training=False):
        logits = call_network(self.discriminator, samples, labels if self.num_labels else None, training=training)
        if not self.head[-1].built:
            self.second(samples)
        return logits

    def second(self, samples, training=False):
        """Outputs of the second head: `(batch, num_outputs)`, logits or means, depending on the objective."""
        outputs = self.features(samples, training=training)
        for layer in self.head:
            outputs = layer(outputs)
        return outputs

    def features(self, samples, training=False):
        return features_of(self.discriminator)(samples, training=training)

    def get_config(self):
        discriminator = keras.saving.serialize_keras_object(self.discriminator)
        return {**super().get_config(), "discriminator": discriminator, **attributes(self, "num_outputs", "units")}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "discriminator": keras.saving.deserialize_keras_object(config["discriminator"])})
