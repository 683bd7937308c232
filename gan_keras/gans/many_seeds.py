"""Many seeds of one recipe, trained as one GAN: a row of a benchmark for little more than the price of a single run."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from gan_keras import losses, noise
from gan_keras.gans.gan import GAN
from gan_keras.gans.step_metrics import StepMetrics
from gan_keras.penalties import get as get_penalty


class ManySeeds(GAN):
    """Trains GANs that differ in their seeds alone side by side: small matrix products become few large ones.

    Every weight gets a leading axis for the members. Row `i` of a batch belongs to member `i % len(members)`: see
    `interleave`; it is encoded already, by the codec of its member. Each member has the noise, the loss and the gradients
    that it would have alone, so that the members are independent runs; what a penalty draws at random, or takes of the whole
    batch, is drawn and taken of all together.

    Args:
        members: Compiled GANs of one recipe, each built with its own seed, without labels. Their networks have no state but
            trainable weights, and their optimizers treat each number by itself (Muon does not). Each gets its new weights
            by `hand_back`, and is then used and saved as ever.

    Raises:
        ValueError: If fewer than one member is given, a network keeps other state, such as moving means, or members have what
            would mix them: a regularizer, clipping by a norm, an objective or a history pool.
    """

    def __init__(self, members, **kwargs):
        if not members:
            raise ValueError("Got no members. Expected at least one compiled GAN.")
        check_members(members)
        self.seeds = np.array([member.seed for member in members], np.int64)
        generator, discriminator = (Stacked([getattr(each, name) for each in members]) for name in ("generator", "discriminator"))
        generator.latent_dim = members[0].latent_dim
        super().__init__(generator, discriminator, **kwargs)
        self.hand_back = lambda: _hand_back(self, members)  # a closure: Keras would track members as parts of this model
        self.compile_from_config(members[0].get_compile_config())

    def copy_generator(self, name):
        copy = Stacked(self.generator.networks())
        copy.trainable, copy.name = False, name
        return copy

    def compile(self, *args, loss="non_saturating", penalties=(), **kwargs):
        """`GAN.compile`: the sum of the losses and of the penalties of all members."""
        num = len(self.seeds)
        summed = [Summed(penalty, num) for penalty in penalties]
        super().compile(*args, loss=LossOfEach(losses.get(loss), num), penalties=summed, **kwargs)

    def get_config(self):
        raise ValueError("ManySeeds is a way to train and is not saved. Call `hand_back()` and save its members.")

    def next_seeds(self, num):
        """The seeds that each member would draw alone, interleaved."""
        self.draws.assign_add(1)
        draw = noise.split(tf.constant(self.seeds), self.draws)
        return ops.reshape(noise.split(draw[None, :], tf.range(num // len(self.seeds), dtype=tf.int64)[:, None]), (-1,))

    def make_step_metrics(self):
        return MemberMetrics(len(self.seeds))


class MemberMetrics(StepMetrics):
    """Step metrics whose diversity is the mean over members: next to each other, collapsed members would look diverse.

    Args:
        num: How many members there are.
    """

    def __init__(self, num):
        super().__init__()
        self.num = num

    def diversity_of(self, real_data, fake_data):
        pairs = tuple(by_member(each, self.num) for each in (real_data, fake_data))
        return ops.mean(tf.vectorized_map(lambda pair: super(MemberMetrics, self).diversity_of(*pair), pairs))


def check_members(members):
    """Raises `ValueError` if training side by side would not be that of each alone."""
    first = members[0]
    variables = (*first.generator.trainable_variables, *first.discriminator.trainable_variables)
    found = {
        "an objective or a history pool": first.auxiliary or first.history_pool,
        "a regularizer": any(variable.regularizer for variable in variables),
        "gradients clipped by a norm": any(
            optimizer.clipnorm or optimizer.global_clipnorm
            for optimizer in (first.generator_optimizer, first.discriminator_optimizer)
        ),
    }
    if wrong := [name for name, is_there in found.items() if is_there]:
        raise ValueError(f"The members have {' and '.join(wrong)}, which would mix them. Expected none: train them one by one.")


def interleave(batches):
    """`(batch, members, ...)` -> `(batch * members, ...)`: the rows that `ManySeeds` reads."""
    return ops.reshape(batches, (-1, *batches.shape[2:]))


def by_member(rows, num):
    """`(batch * num, ...)` -> `(num, batch, ...)`: the rows of each member."""
    return ops.moveaxis(ops.reshape(rows, (-1, num, *rows.shape[1:])), 0, 1)


class Stacked(keras.Model):
    """Networks of one architecture as one: each weight of theirs is a slice of a weight here."""

    def __init__(self, networks):
        super().__init__()
        first, self.num = networks[0], len(networks)
        if first.non_trainable_variables:
            raise ValueError(f"{first.name!r} has {first.non_trainable_variables}. Expected trainable weights alone.")
        self.networks = lambda: networks
        self.stacked = [self.stack(index, variable) for index, variable in enumerate(first.trainable_variables)]

    def stack(self, index, variable):
        values = np.stack([network.trainable_variables[index] for network in self.networks()])
        constraint = variable.constraint and (lambda stacked: tf.vectorized_map(variable.constraint, stacked))
        return self.add_weight(values.shape, lambda *args, **kwargs: values, constraint=constraint)

    def call(self, samples, training=False):
        """Outputs of the network that each row belongs to. The number of rows has to be a multiple of that of the networks."""
        rows = by_member(self.filled_up(samples), self.num)
        outputs = tf.vectorized_map(lambda each: self.call_one(*each, training), (self.values(), rows))
        return interleave(ops.moveaxis(outputs, 0, 1))[: ops.shape(samples)[0]]

    def filled_up(self, samples):
        """The few rows on which a `GAN` tries its networks, repeated until each network has one."""
        num = samples.shape[0]
        return samples if num is None or num % self.num == 0 else ops.take(samples, ops.arange(num + -num % self.num) % num, 0)

    def values(self):
        return [tf.convert_to_tensor(variable) for variable in self.stacked]

    def call_one(self, values, samples, training):
        return self.networks()[0].stateless_call(values, [], samples, training=training)[0]


class LossOfEach(losses.Loss):
    """The sum of a loss over members, each with its own logits: a gradient is that of the member alone."""

    def __init__(self, loss, num):
        self.loss, self.num = loss, num

    def discriminator(self, real_logits, fake_logits):
        return self.sum_of(self.loss.discriminator, real_logits, fake_logits)

    def generator(self, real_logits, fake_logits):
        return self.sum_of(self.loss.generator, real_logits, fake_logits)

    def sum_of(self, side, *logits):
        return ops.sum(tf.vectorized_map(lambda pair: side(*pair), tuple(by_member(each, self.num) for each in logits)))


class Summed:
    """A penalty that is a mean over the rows of all members, as the sum of that of each."""

    def __init__(self, penalty, num):
        self.penalty, self.num = penalty, num
        self.variables = getattr(penalty, "variables", ())

    def follow(self, optimizer):
        get_penalty(self.penalty, optimizer)

    def __call__(self, discriminator, real_data, fake_data):
        return self.num * self.penalty(discriminator, real_data, fake_data)


def _hand_back(many, members):
    for name in ("generator", "discriminator", "ema_generator"):
        weights = [np.asarray(variable) for variable in getattr(many, name).stacked]
        for index, member in enumerate(members):
            getattr(member, name).set_weights([weight[index] for weight in weights])
