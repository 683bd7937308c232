"""`ManySeeds`: trains many seeds of one recipe as one GAN, at little more than the cost of a single run.

`interleave` makes batches for it, and `by_member` takes them apart:

    many = ManySeeds([build(seed) for seed in range(10)])  # compiled GANs
    many.fit(batches.map(interleave), epochs=20, shuffle=False)  # batches of shape (batch, members, ...)
    many.hand_back()
"""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from gan_keras import losses, noise
from gan_keras.gans.gan import GAN
from gan_keras.gans.step_metrics import StepMetrics
from gan_keras.penalties import get as get_penalty


def interleave(batches):
    """Returns `(batch, members, ...)` as `(batch * members, ...)`, the rows that `ManySeeds` reads."""
    return ops.reshape(batches, (-1, *batches.shape[2:]))


def by_member(rows, num_members):
    """Returns `(batch * members, ...)` as `(members, batch, ...)`, the rows of each member."""
    return ops.moveaxis(ops.reshape(rows, (-1, num_members, *rows.shape[1:])), 0, 1)


class ManySeeds(GAN):
    """Trains GANs that differ only in their seeds side by side: many small matrix products become a few large ones.

    Every weight gets a leading axis for the members. Row `i` of a batch belongs to member `i % len(members)` (see `interleave`)
    and is already encoded by that member's codec. Each member has the noise, loss and gradients that it would have alone, so
    members are independent runs. Penalties are the exception: random draws and batch statistics are shared by all members.

    Args:
        members: Compiled GANs of one recipe, each built with its own seed, without labels. Their networks have no state other
            than trainable weights, and their optimizers act elementwise (unlike Muon). `hand_back` gives each member its
            trained weights; it is then used and saved as usual.

    Raises:
        ValueError: If there are no members, a network has other state, such as moving means, or training would mix members: by
            a regularizer, clipping by norm, an objective or a history pool.
    """

    def __init__(self, members, **kwargs):
        if not members:
            raise ValueError("Got no members. Expected at least one compiled GAN.")
        check_members(members)
        self.seeds = np.array([member.seed for member in members], np.int64)
        generator, discriminator = (Stacked([getattr(each, name) for each in members]) for name in ("generator", "discriminator"))
        generator.latent_dim = members[0].latent_dim
        super().__init__(generator, discriminator, **kwargs)
        self.members = lambda: members  # a closure, so that Keras does not track members as layers
        self.compile_from_config(members[0].get_compile_config())

    def hand_back(self):
        """Gives each member its trained weights, averaged ones included."""
        for name in ("generator", "discriminator", "ema_generator"):
            weights = [np.asarray(variable) for variable in getattr(self, name).stacked]
            for index, member in enumerate(self.members()):
                getattr(member, name).set_weights([weight[index] for weight in weights])

    def copy_generator(self, name):
        copy = Stacked(self.generator.networks())
        copy.trainable, copy.name = False, name
        return copy

    def compile(self, *args, loss="non_saturating", penalties=(), **kwargs):
        """`GAN.compile`, for the sum of all members' losses and penalties."""
        loss = SummedLoss(losses.get(loss), len(self.seeds))
        super().compile(*args, loss=loss, penalties=[SummedPenalty(each, len(self.seeds)) for each in penalties], **kwargs)

    def get_config(self):
        raise ValueError("ManySeeds only trains and is not saved. Call `hand_back()` and save its members.")

    def next_seeds(self, num):
        """Returns the seeds that each member would draw alone, interleaved."""
        self.draws.assign_add(1)
        draw = noise.split(tf.constant(self.seeds), self.draws)
        return ops.reshape(noise.split(draw[None, :], tf.range(num // len(self.seeds), dtype=tf.int64)[:, None]), (-1,))

    def make_step_metrics(self):
        return MemberMetrics(len(self.seeds))


def check_members(members):
    """Raises `ValueError` if members would not train together as each trains alone."""
    first = members[0]
    variables = (*first.generator.trainable_variables, *first.discriminator.trainable_variables)
    optimizers = (first.generator_optimizer, first.discriminator_optimizer)
    found = {
        "an objective or a history pool": first.auxiliary or first.history_pool,
        "a regularizer": any(variable.regularizer for variable in variables),
        "gradients clipped by a norm": any(each.clipnorm or each.global_clipnorm for each in optimizers),
    }
    if wrong := [name for name, is_there in found.items() if is_there]:
        raise ValueError(f"The members have {' and '.join(wrong)}, which would mix them. Expected none: train them one by one.")


class MemberMetrics(StepMetrics):
    """Step metrics with the mean diversity of members: together, collapsed members would look diverse."""

    def __init__(self, num_members):
        super().__init__()
        self.num_members = num_members

    def diversity_of(self, real_data, fake_data):
        pairs = tuple(by_member(each, self.num_members) for each in (real_data, fake_data))
        return ops.mean(tf.vectorized_map(lambda pair: super(MemberMetrics, self).diversity_of(*pair), pairs))


class Stacked(keras.Model):
    """Networks of one architecture as one network, with stacked weights."""

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
        """Returns each row's output from its own network; their number is a multiple of the number of networks."""
        num, rows = samples.shape[0], samples
        if num is not None and num % self.num:  # A `GAN` is built on two rows, which are repeated until each network has one.
            rows = ops.take(samples, ops.arange(num + -num % self.num) % num, 0)
        values = [tf.convert_to_tensor(variable) for variable in self.stacked]
        outputs = tf.vectorized_map(lambda each: self.call_one(*each, training), (values, by_member(rows, self.num)))
        return interleave(ops.moveaxis(outputs, 0, 1))[: ops.shape(samples)[0]]

    def call_one(self, values, samples, training):
        return self.networks()[0].stateless_call(values, [], samples, training=training)[0]


class SummedLoss(losses.Loss):
    """Sum of a loss over members, each with its own logits: every member gets its own gradient."""

    def __init__(self, loss, num_members):
        self.loss, self.num_members = loss, num_members

    def discriminator(self, real_logits, fake_logits):
        return self.sum_over_members(self.loss.discriminator, real_logits, fake_logits)

    def generator(self, real_logits, fake_logits):
        return self.sum_over_members(self.loss.generator, real_logits, fake_logits)

    def sum_over_members(self, loss, *logits):
        pairs = tuple(by_member(each, self.num_members) for each in logits)
        return ops.sum(tf.vectorized_map(lambda pair: loss(*pair), pairs))


class SummedPenalty:
    """Sum over members of a penalty that is a mean over rows."""

    def __init__(self, penalty, num_members):
        self.penalty, self.num_members = penalty, num_members
        self.variables = getattr(penalty, "variables", ())

    def follow(self, optimizer):
        get_penalty(self.penalty, optimizer)

    def __call__(self, discriminator, real_data, fake_data):
        return self.num_members * self.penalty(discriminator, real_data, fake_data)
