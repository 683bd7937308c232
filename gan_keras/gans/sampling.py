"""The half of a `GAN` that is left when training is over: noise to samples, in Python and in the graph of a server."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from gan_keras import noise, replicas
from gan_keras.gans.inputs import check_range, check_samples, num_labels_of, read_batch
from gan_keras.gans.saving import SavedModel
from gan_keras.gans.signature import Signature, expect
from gan_keras.networks.base import call_network, latent_dim_of, read_samples
from gan_keras.networks.precision import compute_in_float32, in_float32

MAX_SAMPLES = 1_000_000
"""The largest `n` of one `generate` call: what is larger is taken for a slip."""

_BLOCK = 256  # samples made by one call of the compiled function


class Sampler(SavedModel):
    """What is left of a GAN when training is over: noise, `generate`, `score`, and what `gan_keras.export` offers to a server.

    Args:
        generator: A `keras.Model` from latents `(batch, latent_dim)` to samples.
        discriminator: A `keras.Model` from samples to logits `(batch, 1)`, without a sigmoid.
        codec: Maps raw values to tensors and back inside the graph; None if samples are tensors already.
        seed: Integer that determines all noise of training.

    Raises:
        ValueError: If the networks do not fit together; the message states both shapes.
    """

    def __init__(self, generator, discriminator, codec=None, seed=0, **kwargs):
        super().__init__(autocast=False, **kwargs)  # latents reach the generator as they were drawn
        self.generator, self.discriminator, self.codec, self.seed = generator, discriminator, codec, int(seed)
        self.latent_dim = latent_dim_of(generator)
        self.build_networks()
        self.ema_generator = self.copy_generator("ema_generator")
        self.draws = self.add_weight(name="draws", shape=(), dtype="int64", initializer="zeros", trainable=False)
        self.step_metrics = self.make_step_metrics()
        self.built = True

    def build_networks(self):
        """Builds both networks on two samples, so that a mismatch shows before training."""
        seeds = tf.range(2, dtype=tf.int64)
        latents, labels = self.latents_from(seeds), self.labels_from(seeds)
        fake_data = call_network(self.generator, latents, labels)
        self.sample_shape = tuple(fake_data.shape[1:])
        check_samples(self, fake_data)
        read_samples(self.discriminator, fake_data, labels)

    def copy_generator(self, name):
        """Returns a generator of the same architecture and weights, which computes in float32."""
        try:
            copy = type(self.generator).from_config(self.generator.get_config())
        except (NotImplementedError, TypeError):  # a subclass as short as Keras' guides write it, which cannot be saved either
            return AveragedNetwork(self.generator, name=name)
        if not copy.built:
            seeds = tf.range(2, dtype=tf.int64)
            call_network(copy, self.latents_from(seeds), self.labels_from(seeds))
        copy.set_weights(self.generator.get_weights())
        copy.trainable, copy.name = False, name
        compute_in_float32(copy)
        return copy

    @property
    def num_labels(self):
        """How many labels the networks know; 0 for networks without labels."""
        return num_labels_of(self.generator, self.discriminator)

    def read_batch(self, data):
        """Returns a batch of `fit` or `evaluate` as samples and labels; raw values are encoded."""
        return read_batch(self, data)

    def augmented(self, samples):
        """Returns what the discriminator reads of samples in training."""
        return samples if self.augmentation is None else self.augmentation(samples)

    def draw_to_test(self, real_data, labels=None):
        """Returns as many samples of the averaged generator as there are real ones."""
        return self(self.latents_from(self.test_seeds(ops.shape(real_data)[0])), labels)

    # --- Noise. ---

    def next_seeds(self, num):
        """Seeds for `num` new samples. They follow from `seed` and the saved count of draws, so that training resumes exactly."""
        self.draws.assign_add(1)
        draw = noise.split(tf.constant([self.seed], tf.int64), self.draws)
        rows = tf.range(num, dtype=tf.int64)
        return noise.split(draw, rows if self.num_replicas == 1 else replicas.first_row(num) + rows)

    def test_seeds(self, num):
        """Seeds for `num` samples to test with: the same in each evaluation, others in each batch."""
        seen = tf.cast(self.step_metrics.d_real.count, tf.int64) * replicas.count()
        return seen + replicas.first_row(num) + tf.range(num, dtype=tf.int64)

    def latents_from(self, seeds):
        """Latents `(batch, latent_dim)`, float32, each a function of its own seed `(batch,)`, int64."""
        return noise.normal(seeds, self.latent_dim)

    def labels_from(self, seeds):
        """A label for each seed, in turn, where the generator has `num_labels`; else None."""
        num_labels = getattr(self.generator, "num_labels", 0)
        return tf.cast(seeds % num_labels, tf.int32) if num_labels else None

    # --- Use. ---

    def call(self, latents, labels=None, training=False):
        """Samples of the averaged generator, as tensors."""
        return call_network(self.ema_generator, latents, labels, training=training)

    def generate(self, n=1, seed=0, labels=None, truncation=None):
        """Raw values made of noise.

        Args:
            n: How many, from 1 to `MAX_SAMPLES`.
            seed: Sample `i` is made from `seed + i` alone, whatever `n` is.
            labels: One for each sample, for networks that take labels; None takes them in turn.
            truncation: Latents are drawn from the part of the normal distribution within this distance from 0, in (0, 4]: the
                smaller, the better and the more alike the samples ([BigGAN](https://arxiv.org/abs/1809.11096), section
                3.1). None draws from all of it, as training does.

        Returns:
            What the codec decodes to, `n` of it; without a codec an array of samples.

        Raises:
            ValueError: If an argument is out of its range, or there is not one label for each sample.
        """
        seeds = seeds_from(n, seed)
        if truncation is not None and not 0 < truncation <= 4:
            raise ValueError(f"truncation={truncation!r}. Expected a number in (0, 4], such as 0.7, or None for no truncation.")
        if labels is not None and len(labels) != n:
            raise ValueError(f"Got {len(labels)} labels for n={n} samples. Expected one label for each.")
        if labels is not None and getattr(self.generator, "num_labels", 0):
            check_range(labels, self.generator.num_labels)
        labels = self.labels_from(seeds) if labels is None else np.asarray(labels, np.int32)
        limit = None if truncation is None else tf.constant(truncation, tf.float32)
        return self.in_blocks(lambda *rows: self.make_samples(*rows, limit), seeds, labels)

    @tf.function(reduce_retracing=True)
    def make_samples(self, seeds, labels=None, truncation=None):
        latents = self.latents_from(noise.pad_rows(seeds))
        latents = latents if truncation is None else noise.truncated(latents, truncation)
        return self.samples_from_latents(latents, labels)[: tf.shape(seeds)[0]]

    def in_blocks(self, function, *rows):
        """Calls `function` on blocks of rows, so that memory does not grow with their number."""
        blocks = []
        for start in range(0, len(rows[0]), _BLOCK):
            block = [None if row is None else tf.convert_to_tensor(row[start : start + _BLOCK]) for row in rows]
            blocks.append(function(*block).numpy())
        return np.concatenate(blocks)

    def encode(self, values):
        """Raw values, or what `decode` gives, as tensors."""
        return values if self.codec is None else self.codec.encode(values)

    def decode(self, samples):
        return samples if self.codec is None else self.codec.decode(samples)

    # --- Export: see `gan_keras.export`. ---

    def signatures(self, score=False):
        """Named graph functions for a SavedModel; `score=True` adds the discriminator, which tells who was trained on."""
        output = "sample" if self.codec is None else self.codec.output_name
        seeds = np.arange(3)
        latents = {"latents": self.latents_from(seeds).numpy()}
        if self.labels_from(seeds) is not None:
            latents["label"] = self.labels_from(seeds).numpy()
        found = {
            "serving_default": Signature(lambda seed: {output: self.make_samples(seed, self.labels_from(seed))}, {"seed": seeds}),
            "latents": Signature(lambda **row: {output: self.serve_latents(**row)}, latents),
        }
        rows = {"seed": seeds, **{name: label for name, label in latents.items() if name == "label"}}
        found["generate"] = Signature(lambda **row: {output: self.serve_samples(**row)}, rows)
        if encodings := getattr(self.codec, "encodings", None):
            found["encoded"] = Signature(lambda **row: self.make_encoded(encodings, **row), rows)
        if score:
            samples = self.in_blocks(self.make_samples, seeds, self.labels_from(seeds))
            found["score"] = Signature(lambda **raw: {"score": self.score_tensors(raw[output])}, {output: samples})
        return found

    def serve_samples(self, seed, label=None):
        return self.make_samples(seed, self.expect_label(label))

    def serve_latents(self, latents, label=None):
        latents = expect(latents, tf.math.is_finite(latents), "latents: expected finite numbers, got")
        return self.samples_from_latents(latents, self.expect_label(label))

    def expect_label(self, label):
        """The labels, in a graph that refuses those that the generator does not know: some devices would make zeros of them."""
        if label is None:
            return None
        num_labels = self.generator.num_labels
        return expect(label, (label >= 0) & (label < num_labels), f"label: expected 0 to {num_labels - 1}, got")

    def make_encoded(self, encodings, seed, label=None):
        values = self.serve_samples(seed, label)
        return {name: encode(values) for name, encode in encodings.items()}

    def samples_from_latents(self, latents, label=None):
        padded_label = None if label is None else noise.pad_rows(label)
        return self.decode(self(noise.pad_rows(latents), padded_label))[: tf.shape(latents)[0]]

    def score(self, samples):
        """The discriminator's logit for each raw sample: shape `(n,)`, float32. Higher is more like the training data."""
        return self.in_blocks(self.score_tensors, samples)

    @tf.function(reduce_retracing=True)
    def score_tensors(self, samples):
        num = tf.shape(samples)[0]
        logits = self.judge(self.encode(noise.pad_rows(samples)), training=False)
        return mean_logits(logits)[:num]

    def export_trackables(self):
        """What a SavedModel must track besides weights: the codec's look-up tables."""
        return [] if self.codec is None else self.codec.trackables

    def model_card(self):
        """What is known of this GAN, for people who get its SavedModel."""
        return {
            "class": type(self).__name__,
            "generator": type(self.generator).__name__,
            "discriminator": type(self.discriminator).__name__,
            "codec": None if self.codec is None else type(self.codec).__name__,
            "generator_parameters": self.generator.count_params(),
            "latent_dim": self.latent_dim,
            "training_seed": self.seed,
            **getattr(self.codec, "card", {}),
        }


class AveragedNetwork(keras.Model):
    """Averaged weights of a network that Keras cannot rebuild: the same `call` on other numbers, in float32.

    A subclass of `keras.Model` without `get_config` can be trained, used and exported all the same.

    Args:
        network: A built `keras.Model`.
    """

    def __init__(self, network, **kwargs):
        super().__init__(**kwargs)
        self.network = lambda: network  # a closure: Keras would track the network as a part of this one
        for variable in network.weights:
            self.add_weight(variable.shape, variable.numpy(), variable.dtype, trainable=False)

    def call(self, inputs, labels=None, training=False):
        network, own = self.network(), dict(zip(map(id, self.network().weights), self.weights, strict=True))
        states = network.trainable_variables, network.non_trainable_variables  # the latter with random states, which stay
        values = ([own.get(id(variable), variable).value for variable in each] for each in states)
        with in_float32(network):
            return network.stateless_call(*values, inputs, *(() if labels is None else (labels,)), training=training)[0]


def mean_logits(logits):
    """A logit for each sample, `(batch,)`: of a discriminator that judges patches their mean."""
    return tf.reduce_mean(tf.reshape(logits, [tf.shape(logits)[0], -1]), axis=1)


def seeds_from(n, seed):
    """The seeds `seed, seed + 1, ...` of `n` samples, int64; raises `ValueError` for a bad count or seed."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or not 1 <= n <= MAX_SAMPLES:
        raise ValueError(f"n={n!r}. Expected a whole number of samples from 1 to {MAX_SAMPLES:,}.")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not -(2**62) <= seed <= 2**62:
        raise ValueError(f"seed={seed!r}. Expected a whole number from -2^62 to 2^62.")
    return np.arange(n, dtype=np.int64) + int(seed)


# --- Which of several drafts is the best, without preferring a length.


@dataclasses.dataclass(frozen=True)
class Selection:
    """What the best of several drafts means: a sum of two scores, each standardised among drafts of its length.

    Args:
        discriminator: Weight of the discriminator's logit.
        likelihood: Weight of the generator's log-likelihood a token.
    """

    discriminator: float = 1.0
    likelihood: float = 0.5

    def weights(self):
        """Both weights as a tensor, so that one traced graph serves every selection."""
        return tf.constant([self.discriminator, self.likelihood], tf.float32)


def moments_by_length(scores, lengths, size):
    """Mean and deviation of scores at each length: two arrays `(size, columns)`.

    Rare lengths lean on a straight line through all of them, with the weight of 20 drafts.
    """
    lines = np.stack([np.polyval(np.polyfit(lengths, column, 1), np.arange(size)) for column in scores.T], axis=1)
    residuals = scores - lines[lengths]
    prior, counts = 20.0, np.bincount(lengths, minlength=size)[:, None]

    def shrunk(values, default):
        sums = np.stack([np.bincount(lengths, column, minlength=size) for column in values.T], axis=1)
        return (sums + prior * default) / (counts + prior)

    offsets = shrunk(residuals, 0.0)
    variances = shrunk((residuals - offsets[lengths]) ** 2, residuals.var(axis=0))
    return (lines + offsets).astype(np.float32), np.sqrt(np.maximum(variances, 1e-12)).astype(np.float32)
