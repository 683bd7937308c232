"""TVAE, a variational autoencoder of table rows: [Xu et al., 2019](https://arxiv.org/abs/1907.00503), section 4.5."""

import keras
from keras import layers, ops

from gan_keras.networks.base import attributes
from gan_keras.networks.tabular import RowReader, TabularGenerator, append_condition


@keras.saving.register_keras_serializable(package="gan_keras")
class TableDecoder(TabularGenerator):
    """Dense layers from codes and conditions to rows. Each number of a row has a learned deviation.

    As the model prescribes, a generated row gets noise of that deviation, in addition to the noise of its choices.

    Args:
        num_numbers: Numbers at the start of a row. Arguments that are not listed are those of `TabularGenerator`.
        sizes: Number of options of each choice.
        noise_dim: Size of a code. In addition to the noise of the choices, `num_numbers` latents are noise of the numbers.
        units: Widths of the layers; 128 and 128 in the paper.
    """

    def __init__(self, num_numbers, sizes, noise_dim=128, num_labels=0, units=(128, 128), **kwargs):
        kwargs = {"temperature": 1.0, **kwargs}
        super().__init__(num_numbers, sizes, noise_dim, num_labels, **kwargs)
        self.units = tuple(units)
        self.latent_dim += num_numbers
        self.hidden = [layers.Dense(width, activation="relu") for width in self.units]
        self.last = layers.Dense(self.width, dtype="float32")

    def build(self, latents_shape, labels_shape=None):
        options = {"initializer": keras.initializers.Constant(-2.3), "dtype": "float32"}  # deviations of 0.1
        self.log_deviations = self.add_weight(name="log_deviations", shape=(self.num_numbers,), **options)
        self.built = True

    def call(self, latents, labels=None, training=False):
        sample = super().call(latents[:, : self.latent_dim - self.num_numbers], labels, training)
        noise = ops.exp(self.log_deviations) * ops.cast(latents[:, self.latent_dim - self.num_numbers :], "float32")
        numbers = ops.clip(sample[:, : self.num_numbers] + noise, -1.0, 1.0)
        return ops.concatenate([numbers, sample[:, self.num_numbers :]], axis=1)

    def logits(self, latents, labels=None, training=False):
        features = append_condition(latents, labels, self.num_labels)
        for layer in self.hidden:
            features = layer(features)
        return self.last(features)

    def negative_log_likelihood(self, samples, codes, labels=None, training=False):
        """Negative log-likelihood of rows given their codes: `(batch,)`, nats, without constants.

        Numbers are normal, choices categorical.
        """
        logits = self.logits(codes, labels, training)
        distances = samples[:, : self.num_numbers] - ops.tanh(logits[:, : self.num_numbers])
        normal_losses = ops.square(distances) / 2.0 * ops.exp(-2.0 * self.log_deviations) + self.log_deviations
        losses, start = [ops.sum(normal_losses, axis=1)], self.num_numbers
        for size in self.sizes:
            log_probabilities = ops.log_softmax(logits[:, start : start + size], axis=1)
            losses.append(-ops.sum(log_probabilities * samples[:, start : start + size], axis=1))
            start += size
        return sum(losses)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="gan_keras")
class TableEncoder(RowReader):
    """Dense layers from a row and its condition to the mean and the log-variance of its code.

    It takes the place of a discriminator. Called as one, it returns the negative divergence of the row's code from the prior.

    Args:
        code_dim: Size of a code.
        num_labels: Number of conditions; 0 for none.
        units: Widths of the layers; 128 and 128 in the paper.
    """

    def __init__(self, code_dim=128, num_labels=0, units=(128, 128), **kwargs):
        super().__init__(**kwargs)
        self.code_dim, self.num_labels, self.units = code_dim, num_labels, tuple(units)
        self.hidden = [layers.Dense(width, activation="relu") for width in self.units]
        self.last = layers.Dense(2 * code_dim, dtype="float32")

    def call(self, samples, labels=None, training=False):
        return -divergence(*self.code(samples, labels))[:, None]

    def code(self, samples, labels=None):
        """Mean and log-variance, each `(batch, code_dim)`."""
        features = append_condition(samples, labels, self.num_labels)
        for layer in self.hidden:
            features = layer(features)
        mean, log_variance = ops.split(self.last(features), 2, axis=1)
        return mean, log_variance

    def get_config(self):
        return {**super().get_config(), **attributes(self, "code_dim", "num_labels", "units")}


@keras.saving.register_keras_serializable(package="gan_keras")
class EncodedTableGenerator(TableDecoder):
    """A decoder with its encoder: a generator that `VariationalBound` can also train on real rows.

    The arguments are those of `TableDecoder`; the encoder has the same `units`.
    """

    def __init__(self, num_numbers, sizes, noise_dim=128, num_labels=0, units=(128, 128), **kwargs):
        super().__init__(num_numbers, sizes, noise_dim, num_labels, units, **kwargs)
        self.encoder = TableEncoder(noise_dim, num_labels, units, dtype=self.dtype_policy)

    def build(self, latents_shape, labels_shape=None):
        super().build(latents_shape, labels_shape)
        self.encoder.build_from_config({"input_shape": (None, self.width)})

    def bound(self, samples, labels, noise, reconstruction_weight):
        """See `negative_bound`."""
        return negative_bound(self, self.encoder, samples, labels, noise, reconstruction_weight)


def negative_bound(decoder, encoder, samples, labels, noise, reconstruction_weight):
    """Negative evidence lower bound of each row: `(batch,)`, nats, without constants.

    Args:
        decoder: A `TableDecoder`.
        encoder: A `TableEncoder`.
        samples: Rows, `(batch, width)`.
        labels: Conditions of the rows, or None.
        noise: Standard normal noise of the codes, `(batch, noise_dim)`, or 0 to use the codes' means.
        reconstruction_weight: Factor of the likelihood relative to the divergence, > 0.
    """
    mean, log_variance = encoder.code(samples, labels)
    codes = mean + ops.exp(log_variance / 2.0) * ops.cast(noise, mean.dtype)
    likelihood = decoder.negative_log_likelihood(samples, codes, labels, training=True)
    return reconstruction_weight * likelihood + divergence(mean, log_variance)


def divergence(mean, log_variance):
    """Kullback-Leibler divergence of codes from the standard normal prior: `(batch,)`, nats."""
    return ops.sum(ops.exp(log_variance) + ops.square(mean) - 1.0 - log_variance, axis=1) / 2.0
