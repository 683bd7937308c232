"""`GAN`: two networks that train each other inside Keras' own `compile` and `fit`.

Reference: [Generative Adversarial Nets, Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661), algorithm 1.
"""

import keras
import tensorflow as tf
from keras import ops

from gan_keras import auxiliary as objectives
from gan_keras import losses, optimizers
from gan_keras.gans import habits, inputs
from gan_keras.gans.options import as_list, check_options, check_steps
from gan_keras.gans.sampling import Sampler
from gan_keras.networks.base import call_network, in_float32
from gan_keras.penalties import get as get_penalty
from gan_keras.privacy import requirements
from gan_keras.training import devices, distribution, player, resume


@keras.saving.register_keras_serializable(package="gan_keras")
class GAN(Sampler):
    """A generator and a discriminator that `fit` trains in turn.

    Batches for `fit` are samples, or `(samples, labels)` for networks that take labels. Raw values, of the codec's `raw_dtype`,
    are encoded in the graph. To change the algorithm, override a loss or a step:

        class LogisticGAN(gan_keras.GAN):
            def generator_loss(self, real_data, fake_data, labels=None):
                return keras.ops.mean(keras.ops.softplus(-self.judge(fake_data, labels)))

    Args:
        generator: A `keras.Model` from latents `(batch, latent_dim)` to samples.
        discriminator: A `keras.Model` from samples to logits `(batch, 1)`, without a sigmoid.
        codec: Maps raw values to tensors and back inside the graph; None if samples are tensors already.
        seed: Integer that determines all noise of training.
        label_names: Names of the labels, from 0 on, by which `generate`, `score` and `fit` take them too; None for numbers alone.

    Raises:
        ValueError: If the networks do not fit together; the message states both shapes.
    """

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
        privacy=None,
        **kwargs,
    ):
        """Configures the training.

        Keras' learning-rate callbacks and `gan.optimizer.learning_rate = 1e-4` set the generator's rate, and move the
        discriminator's in proportion; `gan.discriminator_optimizer.learning_rate` sets it alone.

        Args:
            generator_optimizer: Name, config or instance of a Keras optimizer.
            discriminator_optimizer: Another one, for the discriminator; never the same instance.
            loss: Name, config or instance: see `gan_keras.losses`.
            penalties: Objects of `gan_keras.penalties`, added to the discriminator's loss: one, or a list.
            discriminator_steps: Updates of the discriminator per update of the generator, >= 1, each with new noise.
            generator_steps: Updates of the generator after each round of the discriminator, >= 1.
            generator_ema: Decay of the averaged generator that `generate` uses, in [0, 1); 0 copies the live one. It is lower
                early in training, so that the first weights are soon forgotten. A schedule counts generator updates.
            augmentation: A differentiable function of samples, applied to all that the discriminator reads in training, such
                as `gan_keras.augmentation.DiffAugment()`.
            auxiliary: Objects of `gan_keras.auxiliary`, added to the losses of both networks.
            history_pool: A `gan_keras.HistoryPool` of past samples that the discriminator keeps seeing; no labels then.
            metrics: `keras.metrics.Metric` objects with `update_state(real_data, fake_data)`; updated by `evaluate`.
            privacy: A `gan_keras.privacy.DifferentialPrivacy`, by which no single training row shows; None trains without.
            **kwargs: `run_eagerly`, `steps_per_execution` and `jit_compile` of `keras.Model.compile`. `jit_compile="auto"`
                uses XLA where that is safe and fast: see `gan_keras.training.devices`.

        Raises:
            ValueError: If an argument is out of its range, both networks get one optimizer, an optimizer has `use_ema` or scales
                losses itself, or `jit_compile=True` cannot work.
        """
        check_options(kwargs, metrics, augmentation)
        penalties, auxiliary, metrics = (as_list(each) for each in (penalties, auxiliary, metrics))
        self.generator_ema = optimizers.get_schedule(generator_ema)
        check_steps(discriminator_steps, generator_steps, self.generator_ema)
        self.generator_optimizer, self.discriminator_optimizer = optimizers.get_pair(generator_optimizer, discriminator_optimizer)
        if self.num_replicas > 1:
            distribution.check_optimizers(self)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.trained = {name: inputs.ids(getattr(self, name).trainable_variables) for name in ("generator", "discriminator")}
        self.adversarial_loss = losses.get(loss)
        self.penalties = [get_penalty(penalty, self.generator_optimizer) for penalty in penalties]
        self.discriminator_steps, self.generator_steps = discriminator_steps, generator_steps
        self.augmentation, self.sample_metrics = augmentation, list(metrics)
        self.auxiliary, self.history_pool = [objectives.get(each) for each in auxiliary], history_pool
        for extra in (each for each in (*self.auxiliary, self.history_pool) if hasattr(each, "prepare")):
            extra.prepare(self)
        self.generator_player, self.discriminator_player, self.loss_scale = player.make_players(self)
        self.privacy = requirements.chosen(privacy, self.privacy)
        self.compile_options, self.first_compiled_as = kwargs, None
        self.compilation = devices.decide_xla(self, **kwargs)
        if self.privacy is not None:
            self.privacy.prepare(self)
        # Without an optimizer of its own Keras would make a phantom RMSprop for learning-rate callbacks to turn in vain.
        options = {**kwargs, "jit_compile": self.compilation.jit_compile, "auto_scale_loss": False}
        keras_compile = super().compile if self.num_replicas == 1 else distribution.compile_of_replicas(self, super().compile)
        keras_compile(optimizer=self.generator_optimizer, **options)

    @property
    def optimizer(self):
        """Both optimizers in one, for Keras' callbacks: see `optimizers.BothOptimizers`."""
        if "both_optimizers" not in self.__dict__:
            raise AttributeError(f"{self.name!r} has no optimizer. Expected a call of `compile` first.")
        return self.both_optimizers

    @optimizer.setter
    def optimizer(self, optimizer):
        if optimizer is not self.generator_optimizer:
            raise ValueError(
                f"optimizer={optimizer!r}. Expected `compile(generator_optimizer=..., discriminator_optimizer=...)`, or a new "
                "`gan.optimizer.learning_rate`."
            )
        self.both_optimizers = optimizers.BothOptimizers(self.generator_optimizer, self.discriminator_optimizer)

    def fit(self, x=None, y=None, *args, **kwargs):
        """Trains by `keras.Model.fit`. The order of arrays follows from `seed` and the epoch alone.

        Samples and labels come as `fit(samples, labels)`, `fit([samples, labels])`, or batches of pairs or of dictionaries with
        the keys `sample` and `label`. Labels are whole numbers, columns of them, or one-hot rows. With a codec, images are uint8
        levels, or floats in [0, 1], [-1, 1] or [0, 255]: the first batch has to show which, and others have to agree.

        With a `callbacks.Checkpoint`, an interrupted training resumes where it was.

        Raises:
            ValueError: If there is no batch, values are on no known scale or not finite, labels are missing, superfluous or out
                of range, there are sample weights, or layers were frozen after `compile`.
            tf.errors.InvalidArgumentError: If a label in a `tf.data.Dataset` is out of range, before its batch moves weights.
        """
        requirements.check_fit(self, x, y, *args, **kwargs)
        options, sources = inputs.checked(self, x, y, *args, **kwargs)
        options["callbacks"], logs = habits.prepared(self, options.get("callbacks"))
        keras_fit = super().fit if self.num_replicas == 1 else distribution.fit_of_replicas(self, super().fit)
        self.follow_generator()
        try:
            history = resume.fit(self, keras_fit, options)
        except tf.errors.OpError as error:
            inputs.reraise(error, sources)
        finally:
            self.note_weights()
        return logs.completed(history)

    # --- The algorithm: alternate an update of the discriminator with one of the generator. ---

    def train_step(self, data):
        if self.privacy is not None:
            return self.privacy.train_step(self, data)
        real_data, labels = self.unpack(data)
        for _ in range(self.discriminator_steps):
            self.train_discriminator(real_data, labels)
        for _ in range(self.generator_steps):
            self.train_generator(real_data, labels)
        return self.step_metrics.result()

    def train_discriminator(self, real_data, labels=None):
        batch = self.draw(real_data, labels)
        fake_data = batch.fake_data if self.history_pool is None else self.history_pool(batch.fake_data)
        with tf.GradientTape() as tape:
            loss = self.discriminator_loss(real_data, fake_data, labels)
            loss += sum(objective.discriminator(self, batch) for objective in self.auxiliary)
        self.discriminator_player.update(loss, tape)
        self.step_metrics.d_loss.update_state(loss)
        self.step_metrics.update_samples(real_data, batch.fake_data)

    def train_generator(self, real_data, labels=None):
        with tf.GradientTape() as tape:
            batch = self.draw(real_data, labels)
            loss = self.generator_loss(real_data, batch.fake_data, labels)
            loss += sum(objective.generator(self, batch) for objective in self.auxiliary)
        has_moved = self.generator_player.update(loss, tape)
        self.average_generator(has_moved)
        self.step_metrics.g_loss.update_state(loss)

    def discriminator_loss(self, real_data, fake_data, labels=None):
        """Returns what the discriminator minimizes: adversarial loss, its layers' losses and penalties, a scalar."""
        real_logits, fake_logits = self.judge(real_data, labels), self.judge(fake_data, labels)
        self.step_metrics.update_logits(real_logits, fake_logits)
        if hasattr(self.augmentation, "observe"):
            self.augmentation.observe(real_logits)
        loss = self.adversarial_loss.discriminator(real_logits, fake_logits) + sum(self.discriminator.losses)
        judge = self.discriminator_player.for_penalties(lambda samples: self.judge(samples, labels))
        return loss + sum(penalty(judge, real_data, fake_data) for penalty in self.penalties)

    def generator_loss(self, real_data, fake_data, labels=None):
        """Returns what the generator minimizes: adversarial loss and its layers' losses, a scalar."""
        fake_logits = self.judge(fake_data, labels)
        loss = self.adversarial_loss.generator(self.judge(real_data, labels), fake_logits)
        return loss + sum(self.generator.losses)

    def unpack(self, data):
        """Begins a training step: returns the batch as samples and labels."""
        self.step_metrics.begin()
        if self.loss_scale is not None:
            self.loss_scale.begin_step()
        real_data, labels = self.read_batch(data)
        self.step_metrics.count(real_data)
        return real_data, labels

    def draw(self, real_data, labels=None):
        """Returns the batch with as many fresh samples of the live generator, and the latents that they are made of."""
        latents = self.latents_from(self.next_seeds(ops.shape(real_data)[0]))
        fake_data = call_network(self.generator, latents, labels, training=True)
        return objectives.Batch(real_data, fake_data, latents, labels)

    def judge(self, samples, labels=None, training=True):
        """Returns the discriminator's logits, float32; outside of training they are computed in float32 too."""
        if training:
            return call_network(self.discriminator, self.augmented(samples), labels, training=True)
        with in_float32(self.discriminator):
            return call_network(self.discriminator, samples, labels)

    def average_generator(self, has_moved=True):
        """Moves `ema_generator` towards the live generator; batch normalization's statistics are averaged too."""
        updates = self.generator_optimizer.iterations
        steps, decay = ops.cast(updates, "float32"), self.generator_ema
        decay = ops.minimum(decay(updates) if callable(decay) else decay, (1.0 + steps) / (10.0 + steps))
        decay = ops.where(has_moved, decay, 1.0)
        for average, live in zip(self.ema_generator.weights, self.generator.weights, strict=True):
            average.assign(decay * average + (1.0 - decay) * live)

    def test_step(self, data):
        """Measures the averaged generator on held-out data, with the same noise at each evaluation, new in each batch."""
        self.step_metrics.begin()
        real_data, labels = self.read_batch(data)
        fake_data = self.draw_to_test(real_data, labels)
        real_logits, fake_logits = (self.judge(samples, labels, training=False) for samples in (real_data, fake_data))
        self.step_metrics.d_loss.update_state(self.adversarial_loss.discriminator(real_logits, fake_logits))
        self.step_metrics.g_loss.update_state(self.adversarial_loss.generator(real_logits, fake_logits))
        self.step_metrics.update_logits(real_logits, fake_logits)
        for metric in self.sample_metrics:
            metric.update_state(real_data, fake_data)
        logs = self.step_metrics.measured(self.step_metrics.test_result())
        return {**logs, **{metric.name: metric.result() for metric in self.sample_metrics}}
