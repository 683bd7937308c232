"""`GAN`: two networks that train each other inside Keras' own `compile` and `fit`.

Reference: [Generative Adversarial Nets, Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661), algorithm 1.
"""

import keras
import tensorflow as tf
from keras import ops

from gan_keras import auxiliary as objectives
from gan_keras import losses, optimizers, replicas
from gan_keras.gans.inputs import Inputs, ids
from gan_keras.gans.sampling import Sampling
from gan_keras.gans.saving import SavedState
from gan_keras.gans.step_metrics import Measures
from gan_keras.networks.base import call_network, latent_dim_of, read_samples
from gan_keras.networks.precision import compute_in_float32, in_float32
from gan_keras.optimizers import get_pair
from gan_keras.penalties import get as get_penalty
from gan_keras.training import loss_scale, xla
from gan_keras.training.distribution import Distributed


@keras.saving.register_keras_serializable(package="gan_keras")
class GAN(SavedState, Sampling, Inputs, Measures, Distributed, keras.Model):
    """A generator and a discriminator that `fit` trains in turn.

    Args:
        generator: A `keras.Model` from latents `(batch, latent_dim)` to samples.
        discriminator: A `keras.Model` from samples to logits `(batch, 1)`, without a sigmoid.
        codec: Maps raw values to tensors and back inside the graph; None if samples are tensors already.
        seed: Integer that all noise of training follows from.

    Data sets for `fit` yield batches of samples, or `(samples, labels)` for networks that take labels. Raw values
    (of the codec's `raw_dtype`) are encoded in the graph.

    Raises:
        ValueError: If the networks do not fit together; the message tells both shapes.
    """

    def __init__(self, generator, discriminator, codec=None, seed=0, **kwargs):
        super().__init__(autocast=False, **kwargs)  # latents reach the generator as they were drawn
        self.generator, self.discriminator, self.codec, self.seed = generator, discriminator, codec, int(seed)
        self.latent_dim = latent_dim_of(generator)
        self.build_networks()
        self.ema_generator = self.copy_generator("ema_generator")
        self.draws = self.add_weight(name="draws", shape=(), dtype="int64", initializer="zeros", trainable=False)
        self.make_measures()
        self.built = True

    def build_networks(self):
        """Builds both networks on two samples, so that a mismatch shows before training."""
        seeds = tf.range(2, dtype=tf.int64)
        latents, labels = self.latents_from(seeds), self.labels_from(seeds)
        fake_data = call_network(self.generator, latents, labels)
        self.sample_shape = tuple(fake_data.shape[1:])
        self.check_samples(fake_data)
        read_samples(self.discriminator, fake_data, labels)

    def copy_generator(self, name):
        """A generator of the same architecture and weights, which computes in float32."""
        copy = type(self.generator).from_config(self.generator.get_config())
        if not copy.built:
            seeds = tf.range(2, dtype=tf.int64)
            call_network(copy, self.latents_from(seeds), self.labels_from(seeds))
        copy.set_weights(self.generator.get_weights())
        copy.trainable, copy.name = False, name
        compute_in_float32(copy)
        return copy

    def compile(
        self,
        generator_optimizer="adam",
        discriminator_optimizer="adam",
        loss="non_saturating",
        penalties=(),
        discriminator_steps=1,
        generator_steps=1,
        generator_ema=0.999,
        augmentation=None,
        auxiliary=(),
        history_pool=None,
        metrics=(),
        **kwargs,
    ):
        """Says how to train.

        Args:
            generator_optimizer: Name, config or instance of a Keras optimizer.
            discriminator_optimizer: The same, for the discriminator; never the same instance.
            loss: Name, config or instance: see `gan_keras.losses`.
            penalties: Objects of `gan_keras.penalties`, added to the discriminator's loss.
            discriminator_steps: Updates of the discriminator before each update of the generator, >= 1. All see the same
                real batch, each with noise of its own.
            generator_steps: Updates of the generator after each round of the discriminator, >= 1.
            generator_ema: Decay of the averaged generator that `generate` uses, in [0, 1); 0 copies the live one. Early in
                training the decay is lower, so that the first weights are soon forgotten. A schedule of
                `keras.optimizers.schedules` moves it with the updates of the generator.
            augmentation: A differentiable function of samples, applied to all that the discriminator reads in training,
                real and fake alike, such as `gan_keras.augmentation.DiffAugment()`; None for none.
            auxiliary: Objects of `gan_keras.auxiliary`, added to the losses of both networks.
            history_pool: A `gan_keras.HistoryPool` of past samples that the discriminator sees beside fresh ones, of networks
                without labels; None for none.
            metrics: `keras.metrics.Metric` objects whose `update_state` takes `(real_data, fake_data)`; updated by `evaluate`.
            **kwargs: `run_eagerly`, `steps_per_execution` and `jit_compile` of `keras.Model.compile`. `jit_compile="auto"`
                compiles by XLA where that is safe and fast: see `gan_keras.training.xla`.

        Networks that compute in float16 (dtype policy `"mixed_float16"`) get scaled losses: see `gan_keras.training.loss_scale`.

        Raises:
            ValueError: If an argument is out of its range, one optimizer is given for both networks, one has `use_ema` or scales
                losses itself, or `jit_compile=True` cannot work.
        """
        self.generator_ema = optimizers.get_schedule(generator_ema)
        if min(discriminator_steps, generator_steps) < 1 or not 0 <= optimizers.first_value(self.generator_ema) < 1:
            raise ValueError(
                f"discriminator_steps={discriminator_steps}, generator_steps={generator_steps}, generator_ema={generator_ema}. "
                "Expected steps >= 1 and generator_ema in [0, 1)."
            )
        self.generator_optimizer, self.discriminator_optimizer = get_pair(generator_optimizer, discriminator_optimizer)
        self.check_optimizers(self.generator_optimizer, self.discriminator_optimizer)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.trained = {name: ids(getattr(self, name).trainable_variables) for name in ("generator", "discriminator")}
        self.adversarial_loss = losses.get(loss)
        self.penalties = [get_penalty(penalty, self.generator_optimizer) for penalty in penalties]
        self.discriminator_steps, self.generator_steps = discriminator_steps, generator_steps
        self.augmentation, self.sample_metrics = augmentation, list(metrics)
        self.auxiliary, self.history_pool = [objectives.get(each) for each in auxiliary], history_pool
        for extra in (*self.auxiliary, self.history_pool):
            if hasattr(extra, "prepare"):
                extra.prepare(self)
        self.loss_scale = loss_scale.of_networks(self.generator, self.discriminator)
        self.compile_options, self.first_compiled_as = kwargs, None
        self.compilation = xla.decide(self, **kwargs)
        # Without an optimizer of its own Keras would make a phantom RMSprop for learning-rate callbacks to turn in vain.
        options = {**kwargs, "jit_compile": self.compilation.jit_compile, "auto_scale_loss": False}
        super().compile(optimizer=self.generator_optimizer, **options)

    def stage_of(self, epoch):
        """Name of the stage that `epoch` belongs to: there is but one."""
        return "adversarial"

    # --- The algorithm: alternate an update of the discriminator with one of the generator. ---

    def train_step(self, data):
        real_data, labels = self.unpack(data)
        self.loss_scale.begin_step()
        for _ in range(self.discriminator_steps):
            self.train_discriminator(real_data, labels)
        for _ in range(self.generator_steps):
            self.train_generator(real_data, labels)
        self.measure_samples(real_data)
        return self.training_results()

    def train_discriminator(self, real_data, labels=None):
        batch = self.draw(real_data, labels)
        fake_data = batch.fake_data if self.history_pool is None else self.history_pool(batch.fake_data)
        with tf.GradientTape() as tape:
            loss = self.discriminator_loss(real_data, fake_data, labels)
            loss += sum(objective.discriminator(self, batch) for objective in self.auxiliary)
        self.update(self.discriminator, self.discriminator_optimizer, loss, tape)
        self.d_loss.update_state(loss)
        self.measure_diversity(real_data, batch.fake_data)

    def train_generator(self, real_data, labels=None):
        with tf.GradientTape() as tape:
            batch = self.draw(real_data, labels)
            fake_logits = self.judge(batch.fake_data, labels)
            loss = self.adversarial_loss.generator(self.judge(real_data, labels), fake_logits)
            loss += sum(self.generator.losses)
            loss += sum(objective.generator(self, batch) for objective in self.auxiliary)
        self.update_generator(loss, tape)
        self.g_loss.update_state(loss)

    def discriminator_loss(self, real_data, fake_data, labels=None):
        real_logits, fake_logits = self.judge(real_data, labels), self.judge(fake_data, labels)
        self.measure_logits(real_logits, fake_logits)
        if hasattr(self.augmentation, "observe"):
            self.augmentation.observe(real_logits)
        loss = self.adversarial_loss.discriminator(real_logits, fake_logits) + sum(self.discriminator.losses)
        judge = self.loss_scale.for_penalties(lambda samples: self.judge(samples, labels))
        return loss + sum(penalty(judge, real_data, fake_data) for penalty in self.penalties)

    def draw(self, real_data, labels=None):
        """Beside the real samples as many fresh ones of the live generator, and the latents that they are made of."""
        latents = self.latents_from(self.next_seeds(ops.shape(real_data)[0]))
        return objectives.Batch(real_data, self.fake_from(latents, labels), latents, labels)

    def fake_from(self, latents, labels=None):
        return call_network(self.generator, latents, labels, training=True)

    def judge(self, samples, labels=None, training=True):
        """Logits, float32; computed in float32 too where no network learns from them."""
        if training:
            return call_network(self.discriminator, self.augmented(samples), labels, training=True)
        with in_float32(self.discriminator):
            return call_network(self.discriminator, samples, labels)

    def augmented(self, samples):
        """What the discriminator reads of samples in training."""
        return samples if self.augmentation is None else self.augmentation(samples)

    def update(self, network, optimizer, loss, tape):
        gradients = self.loss_scale.gradients(loss, tape, optimizer, network.trainable_variables)
        gradients = replicas.whole_gradients(gradients)
        self.measure_gradients(network, gradients, optimizer)
        self.loss_scale.apply(optimizer, replicas.once(gradients), network.trainable_variables)

    def update_generator(self, loss, tape):
        """Updates the generator, and its average where the weights moved: gradients may be gathered over batches first."""
        updates = ops.copy(self.generator_optimizer.iterations)
        self.update(self.generator, self.generator_optimizer, loss, tape)
        self.average_generator(self.generator_optimizer.iterations > updates)

    def average_generator(self, has_moved=True):
        """Moves `ema_generator` towards the live generator; batch normalisation's statistics are averaged too."""
        updates = self.generator_optimizer.iterations
        steps = ops.cast(updates, "float32")
        decay = ops.minimum(optimizers.value_at(self.generator_ema, updates), (1.0 + steps) / (10.0 + steps))
        decay = ops.where(has_moved, decay, 1.0)
        for average, live in zip(self.ema_generator.weights, self.generator.weights, strict=True):
            average.assign(decay * average + (1.0 - decay) * live)

    def test_step(self, data):
        """Losses of the averaged generator on held-out data, with the same noise at each evaluation, new in each batch."""
        real_data, labels = self.unpack(data)
        fake_data = self.draw_to_test(real_data, labels)
        real_logits, fake_logits = (self.judge(samples, labels, training=False) for samples in (real_data, fake_data))
        self.d_loss.update_state(self.adversarial_loss.discriminator(real_logits, fake_logits))
        self.g_loss.update_state(self.adversarial_loss.generator(real_logits, fake_logits))
        self.measure_logits(real_logits, fake_logits)
        for metric in self.sample_metrics:
            metric.update_state(real_data, fake_data)
        return {**self.results(), **{metric.name: metric.result() for metric in self.sample_metrics}}

    def draw_to_test(self, real_data, labels=None):
        """As many samples of the averaged generator as there are real ones."""
        return self(self.latents_from(self.test_seeds(ops.shape(real_data)[0])), labels)

    def summary(self, **kwargs):
        """Prints the two networks."""
        self.generator.summary(**kwargs)
        self.discriminator.summary(**kwargs)
