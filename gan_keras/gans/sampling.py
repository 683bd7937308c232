"""`Sampler`: the half of a `GAN` that outlives training. It turns noise into samples, in Python and in a server's graph."""

import numbers
import random

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from gan_keras import noise, replicas
from gan_keras.gans import inputs
from gan_keras.gans.keras_model import KerasModel
from gan_keras.gans.labels import check_presence, checked_labels
from gan_keras.gans.saving import AveragedNetwork
from gan_keras.gans.signature import Signature, expect
from gan_keras.gans.step_metrics import StepMetrics
from gan_keras.networks.base import (
    call_network,
    check_roles,
    compute_in_float32,
    in_single_precision,
    infer_num_labels,
    latent_dim_of,
    read_samples,
    takes_labels,
)
from gan_keras.privacy.differential_privacy import in_words

MAX_SAMPLES = 1_000_000  # of one `generate` call; more is taken for a mistake
MAX_STRENGTH = 6.0  # of an edit, in deviations of a latent: hardly any latent is that large
_BLOCK = 256  # samples per call of the compiled function


class Sampler(KerasModel):
    """The part of a GAN that outlives training: noise, `generate`, `score` and the signatures of `gan_keras.export`.

    Arguments and errors are those of `GAN`.
    """

    loss_scale = None  # `compile` sets one for networks that compute in float16
    reads_pairs = False  # whether a batch is two batches of samples, instead of samples and labels
    label_names = None
    privacy = None  # a `privacy.DifferentialPrivacy`, if it was trained with one
    direction_names = None  # a short text per direction, for the model card and the page of a server
    _directions = None

    def __init__(self, generator, discriminator, codec=None, seed=0, label_names=None, **kwargs):
        super().__init__(autocast=False, **kwargs)  # latents reach the generator as they were drawn
        if keras.config.floatx() == "float64":
            raise ValueError("floatx is float64. Expected float32, in which GANs compute: `keras.config.set_floatx('float32')`.")
        self.generator, self.discriminator, self.codec, self.seed = generator, discriminator, codec, int(seed)
        self.told, self.source = [], None
        if label_names is not None:
            self.label_names = tuple(label_names)
        for network in (generator, discriminator):
            infer_num_labels(network)
        self.latent_dim = latent_dim_of(generator)
        self.build_networks()
        self.ema_generator = self.copy_generator("ema_generator")
        self.draws = self.add_weight(name="draws", shape=(), dtype="int64", initializer="zeros", trainable=False)
        self.step_metrics = self.make_step_metrics()
        self.built = True
        self.note_weights()

    def build_networks(self):
        """Builds both networks on two samples, so that a mismatch shows before training."""
        seeds = tf.range(2, dtype=tf.int64)
        latents, labels = self.latents_from(seeds), self.labels_from(seeds)
        check_roles(self.generator, self.discriminator, labels)
        try:
            fake_data = call_network(self.generator, latents, labels)
        except (AttributeError, TypeError, ValueError) as error:
            if labels is not None or not takes_labels(self.generator):
                raise
            raise ValueError(
                f"The generator {self.generator.name!r} reads labels and fails without: {error} Expected an attribute that says "
                "how many it knows, on both networks: `num_labels = 10`."
            ) from error
        self.sample_shape, self.makes_floats = tuple(fake_data.shape[1:]), keras.backend.is_float_dtype(fake_data.dtype)
        check_samples(self, fake_data)
        read_samples(self.discriminator, fake_data, labels)

    def copy_generator(self, name):
        """Returns a generator of the same architecture and weights, which computes in float32."""
        try:
            copy = type(self.generator).from_config(self.generator.get_config())
        except (NotImplementedError, TypeError):  # a subclass without `get_config`, as short as in Keras' guides
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
        """Number of labels that the networks know; 0 for networks without labels."""
        of_generator, of_discriminator = (getattr(each, "num_labels", 0) for each in (self.generator, self.discriminator))
        if of_generator and of_discriminator and of_generator != of_discriminator:
            raise ValueError(
                f"The generator knows {of_generator} labels and the discriminator {of_discriminator}. "
                "Expected equal numbers: build both networks with the same `num_labels`."
            )
        return max(of_generator, of_discriminator)

    @property
    def style_dim(self):
        """Number of leading latents that decide what a sample is like; further ones only draw tokens or categories."""
        return int(getattr(self.generator, "style_dim", self.latent_dim))

    @property
    def directions(self):
        """Vectors that `edits` count, float32 `(num, latent_dim)`, as `gan_keras.analysis.Directions.fit` sets them; or None.

        They and their names, `gan.direction_names = ["slant", "ink"]`, are saved. New directions have no names.
        """
        return self._directions

    @directions.setter
    def directions(self, vectors):
        if vectors is not None:
            vectors = np.array(vectors, np.float32)
            if vectors.ndim != 2 or not len(vectors) or vectors.shape[1] != self.latent_dim or not np.isfinite(vectors).all():
                raise ValueError(
                    f"Got directions of shape {vectors.shape}. Expected finite numbers of shape (num, {self.latent_dim}): the "
                    "latents of each direction."
                )
        self._directions, self.direction_names = vectors, None

    def read_batch(self, data):
        """Returns a batch of `fit` or `evaluate` as samples and labels; raw values are encoded in the graph."""
        samples, labels, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if sample_weight is not None:
            raise ValueError(inputs.WEIGHTS)
        samples = in_single_precision(samples)
        if self.codec is None and samples.dtype.is_integer and self.makes_floats:
            samples = tf.cast(samples, tf.float32)
        # Raw values may also come as float32, whatever the codec's `raw_dtype`.
        if self.codec is not None and self.codec.raw_dtype in (samples.dtype, tf.float32):
            samples = self.codec.encode(samples)
        check_samples(self, samples)
        return samples, ops.cast(labels, "int32") if labels is not None and self.num_labels else labels

    def augmented(self, samples):
        """Returns samples as the discriminator reads them in training."""
        return samples if self.augmentation is None else self.augmentation(samples)

    def draw_to_test(self, real_data, labels=None):
        """Returns one sample of the averaged generator per real sample."""
        return self(self.latents_from(self.test_seeds(ops.shape(real_data)[0])), labels)

    # --- What Keras asks of a model. ---

    def make_step_metrics(self):
        """Returns the `StepMetrics` of this class; called once, by the constructor."""
        return StepMetrics()

    @property
    def metrics(self):
        """All metrics, which Keras resets at the start of each epoch."""
        if not hasattr(self, "step_metrics"):
            return []
        compiled = (*self.sample_metrics, *self.step_metrics.skipped) if self.compiled else ()
        return self.step_metrics.metrics(compiled)

    @property
    def num_replicas(self):
        """Number of devices, on all machines together, that train this GAN."""
        return self.distribute_strategy.num_replicas_in_sync

    def stage_of(self, epoch):
        """Returns the name of the stage that `epoch`, counted from 0, belongs to: here there is only one."""
        return "adversarial"

    # --- Noise. ---

    def next_seeds(self, num):
        """Returns seeds for `num` new samples, from `seed` and the saved count of draws, so that training resumes exactly."""
        self.draws.assign_add(1)
        draw = noise.split(tf.constant([self.seed], tf.int64), self.draws)
        rows = tf.range(num, dtype=tf.int64)
        return noise.split(draw, rows if self.num_replicas == 1 else replicas.first_row(num) + rows)

    def test_seeds(self, num):
        """Returns seeds for `num` test samples: the same in each evaluation, new in each batch."""
        seen = tf.cast(self.step_metrics.d_real.count, tf.int64) * replicas.count()
        return seen + replicas.first_row(num) + tf.range(num, dtype=tf.int64)

    def latents_from(self, seeds):
        """Returns latents `(batch, latent_dim)`, float32, each a function of its own int64 seed `(batch,)`."""
        return noise.normal(seeds, self.latent_dim)

    def labels_from(self, seeds):
        """Returns a label per seed, all labels in turn; None for a generator without labels."""
        num_labels = getattr(self.generator, "num_labels", 0)
        return tf.cast(seeds % num_labels, tf.int32) if num_labels else None

    # --- Use. ---

    def call(self, latents, labels=None, training=False):
        """Returns samples of the averaged generator, as tensors; latents may be a pair of latents and labels."""
        if isinstance(latents, list | tuple):
            latents, labels = latents
        return call_network(self.ema_generator, latents, labels, training=training)

    def generate(self, n=1, seed=0, labels=None, truncation=None, as_frame=None, edits=None):
        """Generates raw values from noise.

        Args:
            n: Number of samples, from 1 to `MAX_SAMPLES`.
            seed: Sample `i` depends on `seed + i` only, not on `n`; None draws new samples each time.
            labels: One for all samples or one per sample, for networks that take labels: a number, or a name if `label_names` are
                set. None takes all labels in turn.
            truncation: Largest distance of a latent from 0, in (0, 4]; the normal distribution is truncated there. Smaller
                values make samples better and less diverse ([BigGAN](https://arxiv.org/abs/1809.11096), section 3.1).
                None does not truncate, as in training.
            as_frame: True returns series as a `pandas.DataFrame`; None does so if the GAN was built for series of one.
            edits: What is changed about the samples: a dictionary from the number of a direction to its strength in deviations,
                from -6 to 6, such as `{0: 2.0}`, after `gan_keras.analysis.Directions.fit(gan)`. Or an array that is added to
                the latents, `(latent_dim,)` or `(n, latent_dim)`. None changes nothing.

        Returns:
            `n` decoded values; without a codec an array of samples.

        Raises:
            ValueError: If an argument is out of its range, or the number of labels is not `n`.
        """
        seeds = seeds_from(n, seed)
        if truncation is not None and not 0 < truncation <= 4:
            raise ValueError(f"truncation={truncation!r}. Expected a number in (0, 4], such as 0.7, or None for no truncation.")
        labels = self.labels_from(seeds) if labels is None else self.labels_for(labels, n)
        if as_frame and not hasattr(self.codec, "frame"):
            raise ValueError(
                f"as_frame=True with codec={type(self.codec).__name__}. Expected None: only series and tables are frames."
            )
        shifts = self.shifts_from(edits, n)
        limit = {} if truncation is None else {"truncation": tf.constant(truncation, tf.float32)}
        self.follow_generator()
        # One trace for any number of rows: TensorFlow warns of a function that it traces again and again.
        rows = [tf.TensorSpec([None], tf.int64), None if labels is None else tf.TensorSpec([None], labels.dtype)]
        shift = None if shifts is None else tf.TensorSpec([None, self.latent_dim])
        graph = self.make_samples.get_concrete_function(*rows, tf.TensorSpec([]) if limit else None, **given(shifts=shift))

        def sample(seeds, labels, shifts):
            return graph(seeds=seeds, **given(labels=labels, shifts=shifts), **limit)

        samples = self.in_blocks(sample, seeds, labels, shifts)
        as_frame = getattr(self.codec, "is_frame", False) if as_frame is None else as_frame
        return self.codec.frame(samples) if as_frame else samples

    def labels_for(self, labels, n):
        """Returns labels that a user gives for `n` samples, int32 `(n,)`; a single one counts for all."""
        check_presence(self, True)
        labels = np.broadcast_to(labels, [n]) if np.ndim(labels) == 0 else labels
        if len(labels) != n:
            raise ValueError(f"Got {len(labels)} labels for n={n} samples. Expected one label for each.")
        if not self.num_labels:
            return np.asarray(labels)
        return checked_labels(labels, self.num_labels, n, self.label_names).astype(np.int32)

    def shifts_from(self, edits, n):
        """Returns what `edits` add to the latents of `n` samples, float32 `(n, latent_dim)`; None for none."""
        if edits is None:
            return None
        if not isinstance(edits, dict):
            shifts = np.asarray(edits)
            shapes, is_number = ((self.latent_dim,), (n, self.latent_dim)), shifts.dtype.kind in "fiu"
            if shifts.shape not in shapes or not is_number or not np.isfinite(shifts).all():
                raise ValueError(
                    f"Got edits of shape {shifts.shape} as {shifts.dtype}. Expected finite numbers, which are added to the "
                    f"latents, of shape ({self.latent_dim},) or ({n}, {self.latent_dim}), or a dictionary such as {{0: 2.0}}."
                )
            return np.broadcast_to(shifts.astype(np.float32), [n, self.latent_dim])
        self.check_directions()
        shift = np.zeros(self.latent_dim, np.float32)
        for direction, strength in edits.items():
            if not isinstance(direction, numbers.Integral) or not 0 <= direction < len(self.directions):
                raise ValueError(f"Got an edit of direction {direction!r}. Expected one from 0 to {len(self.directions) - 1}.")
            if not isinstance(strength, numbers.Real) or not -MAX_STRENGTH <= strength <= MAX_STRENGTH:
                raise ValueError(
                    f"Got the strength {strength!r} for direction {direction}. Expected deviations from -{MAX_STRENGTH:g} to "
                    f"{MAX_STRENGTH:g}: beyond, there are no latents that the generator was trained on."
                )
            shift += np.float32(strength) * self.directions[direction]
        return np.broadcast_to(shift, [n, self.latent_dim])

    def check_directions(self):
        if self.directions is None:
            raise ValueError("There are no directions to edit along. Expected `gan_keras.analysis.Directions.fit(gan)` before.")
        if self.direction_names is not None and len(self.direction_names) != len(self.directions):
            raise ValueError(
                f"Got {len(self.direction_names)} `direction_names` for {len(self.directions)} directions. Expected one for each."
            )

    @tf.function(reduce_retracing=True)
    def make_samples(self, seeds, labels=None, truncation=None, shifts=None):
        latents = self.latents_from(noise.pad_rows(seeds))
        latents = latents if truncation is None else noise.truncated(latents, truncation)
        return self.samples_from_latents(latents, labels, **given(shifts=shifts))[: tf.shape(seeds)[0]]

    def in_blocks(self, function, *rows):
        """Calls `function` on blocks of rows, so that memory does not grow with their number."""
        blocks = []
        for start in range(0, len(rows[0]), _BLOCK):
            block = [None if row is None else tf.convert_to_tensor(row[start : start + _BLOCK]) for row in rows]
            blocks.append(function(*block).numpy())
        return np.concatenate(blocks)

    def encode(self, values):
        """Returns raw values, or what `decode` returned, as tensors."""
        return values if self.codec is None else self.codec.encode(values)

    def decode(self, samples):
        return samples if self.codec is None else self.codec.decode(samples)

    # --- Export: see `gan_keras.export`. ---

    def signatures(self, score=False, edit=False):
        """Returns the SavedModel's graph functions by name.

        `score=True` adds the discriminator, which reveals training data; `edit=True` adds samples moved along a direction.
        """
        self.follow_generator()
        output = "sample" if self.codec is None else self.codec.output_name
        seeds = np.arange(3)
        labels = self.labels_from(seeds)
        label = {} if labels is None else {"label": labels.numpy()}
        latents, rows = {"latents": self.latents_from(seeds).numpy(), **label}, {"seed": seeds, **label}
        found = {
            "serving_default": Signature(lambda seed: {output: self.make_samples(seed, self.labels_from(seed))}, {"seed": seeds}),
            "latents": Signature(lambda **row: {output: self.serve_latents(**row)}, latents),
            "generate": Signature(lambda **row: {output: self.serve_samples(**row)}, rows),
        }
        if encodings := getattr(self.codec, "encodings", None):
            found["encoded"] = Signature(lambda **row: self.make_encoded(encodings, **row), rows)
        if edit:
            found["edit"] = Signature(lambda **row: {output: self.serve_samples(**self.edited(**row))}, self.edit_examples(rows))
        if score:
            samples = {output: self.in_blocks(self.make_samples, seeds, labels)}
            examples = {**samples, **label} if self.needs_labels_to_score() else samples
            found["score"] = Signature(lambda **raw: {"score": self.serve_score(raw.pop(output), **raw)}, examples)
        return found

    def serve_score(self, samples, label=None):
        return self.score_tensors(samples, self.expect_label(label))

    def serve_samples(self, seed, label=None, shifts=None):
        return self.make_samples(seed, self.expect_label(label), **given(shifts=shifts))

    def edited(self, direction, strength, **row):
        """Returns the inputs of the signature `edit` with `shifts` of latents in the place of directions and strengths."""
        num = len(self.directions)
        direction = expect(direction, (direction >= 0) & (direction < num), f"direction: expected 0 to {num - 1}, got")
        limit = f"strength: expected numbers from -{MAX_STRENGTH:g} to {MAX_STRENGTH:g}, got"
        strength = expect(strength, tf.abs(strength) <= MAX_STRENGTH, limit)
        return {**row, "shifts": strength[:, None] * tf.gather(tf.constant(self.directions), direction)}

    def edit_examples(self, rows):
        """Returns the examples of the signature `edit`, from those of `generate`."""
        self.check_directions()
        directions = np.arange(3, dtype=np.int32) % len(self.directions)
        return {**rows, "direction": directions, "strength": np.array([0.0, 1.0, -2.0], np.float32)}

    def serve_latents(self, latents, label=None):
        latents = expect(latents, tf.math.is_finite(latents), "latents: expected finite numbers, got")
        return self.samples_from_latents(latents, self.expect_label(label))

    def expect_label(self, label):
        """Returns the labels, in a graph that raises for unknown ones: some devices would embed them as zeros."""
        if label is None:
            return None
        num_labels = self.generator.num_labels
        return expect(label, (label >= 0) & (label < num_labels), f"label: expected 0 to {num_labels - 1}, got")

    def make_encoded(self, encodings, seed, label=None):
        values = self.serve_samples(seed, label)
        return {name: encode(values) for name, encode in encodings.items()}

    def samples_from_latents(self, latents, label=None, shifts=None):
        label, moved = None if label is None else noise.pad_rows(label), noise.pad_rows(latents)
        if shifts is not None:
            moved += noise.pad_rows(shifts)
        return self.decode(self(moved, label))[: tf.shape(latents)[0]]

    def score(self, samples, labels=None):
        """Returns the discriminator's logit per raw sample, float32 `(n,)`. Higher means more like the training data.

        Args:
            samples: Raw values, as `generate` returns them or as `fit` takes them.
            labels: One for all samples or one per sample. Ready-made networks score samples of unknown label too, for None.

        Raises:
            ValueError: If samples are in no known scale, or labels are wrong or missing.
        """
        samples = inputs.as_array(samples)
        if inputs.needs_a_look(self, samples) and (scale := inputs.Source(self).look(samples)) is not None:
            samples = inputs.decoded(samples, scale)
        if labels is None and self.needs_labels_to_score():
            raise ValueError("Got no labels. Expected one per sample, which the discriminator reads: `score(samples, labels)`.")
        return self.in_blocks(self.score_tensors, samples, None if labels is None else self.labels_for(labels, len(samples)))

    def needs_labels_to_score(self):
        """Returns whether the discriminator fails without labels; ready-made ones average over all labels then."""
        if not getattr(self.discriminator, "num_labels", 0):
            return False
        seeds = tf.range(2, dtype=tf.int64)
        samples = call_network(self.generator, self.latents_from(seeds), self.labels_from(seeds))
        try:
            call_network(self.discriminator, samples)
        except (AttributeError, TypeError, ValueError):
            return True
        return False

    @tf.function(reduce_retracing=True)
    def score_tensors(self, samples, labels=None):
        num, labels = tf.shape(samples)[0], None if labels is None else noise.pad_rows(labels)
        logits = self.judge(self.encode(noise.pad_rows(samples)), labels, training=False)  # one per sample, or a map of patches
        return tf.reduce_mean(tf.reshape(logits, [tf.shape(logits)[0], -1]), axis=1)[:num]

    def export_trackables(self):
        """Returns what a SavedModel must track besides weights: the codec's look-up tables."""
        return [] if self.codec is None else self.codec.trackables

    def privacy_statement(self):
        """Returns what is promised about the rows that this GAN was trained on, a text of a few lines in plain words.

        Raises:
            ValueError: If it was trained without differential privacy, or not at all.
        """
        if self.privacy is None or not self.privacy.steps_spent:
            raise ValueError(
                "The GAN was not trained with differential privacy: nothing bounds what it tells about a training row. Expected "
                "`compile(..., privacy=gan_keras.privacy.DifferentialPrivacy(...))` before its training."
            )
        return in_words(self.privacy.statement())

    def model_card(self):
        """Returns a description of this GAN for users of its SavedModel."""
        directions = None if self.directions is None else self.direction_names or map(str, range(len(self.directions)))
        return {
            "class": type(self).__name__,
            "generator": type(self.generator).__name__,
            "discriminator": type(self.discriminator).__name__,
            "codec": None if self.codec is None else type(self.codec).__name__,
            "generator_parameters": self.generator.count_params(),
            "latent_dim": self.latent_dim,
            "training_seed": self.seed,
            **({} if self.label_names is None else {"labels": list(self.label_names)}),
            **({"num_labels": self.num_labels} if self.num_labels else {}),
            **({} if directions is None else {"directions": list(directions)}),
            **({} if self.privacy is None or not self.privacy.steps_spent else {"privacy": self.privacy.statement()}),
            **getattr(self.codec, "card", {}),
        }


def given(**tensors):
    """Returns the tensors that are not None, by name: a subclass's own method need not take what is seldom given."""
    return {name: tensor for name, tensor in tensors.items() if tensor is not None}


def check_samples(gan, samples):
    """Raises `ValueError` unless samples have the shape that the codec or the generator makes."""
    if hasattr(gan.codec, "check_samples"):
        gan.codec.check_samples(samples)
    elif gan.codec is None and not samples.shape[1:].is_compatible_with(gan.sample_shape):
        raise ValueError(
            f"Got samples of shape {tuple(samples.shape[1:])}, and the generator makes {gan.sample_shape}. "
            "Expected equal shapes: reshape or resize the data, or change the generator's last layer."
        )


def seeds_from(n, seed):
    """Returns the int64 seeds `seed, seed + 1, ...` of `n` samples, from a new one for None; raises `ValueError` for bad ones."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or not 1 <= n <= MAX_SAMPLES:
        raise ValueError(f"n={n!r}. Expected a whole number of samples from 1 to {MAX_SAMPLES:,}.")
    if seed is None:
        seed = random.randrange(2**31)  # of the global generator, so that `set_seed` repeats a program
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not -(2**62) <= seed <= 2**62:
        raise ValueError(f"seed={seed!r}. Expected a whole number from -2^62 to 2^62.")
    return np.arange(n, dtype=np.int64) + int(seed)
