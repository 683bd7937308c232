"""Feedback from discriminator to text generator, although no gradient passes through a sampled token.

`TextGAN.compile(feedback=...)` takes an object with `generator_loss(gan, tokens, labels)`. It is called inside a gradient tape
with a batch of real token ids `(batch, time)`, and returns the scalar that the generator minimises. It may also have
`prepare(gan)`, called by `compile`, and `begin_epoch(gan, epoch, held_out)`, called before each adversarial epoch.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from gan_keras import noise, replicas
from gan_keras.codecs.text import END, PADDING, START
from gan_keras.diagnosis.names import choice_of
from gan_keras.networks.language_model import token_mask
from gan_keras.networks.text_discriminators import SentenceDiscriminator, TextDiscriminator

__all__ = ["Cooperative", "Distillation", "Feedback", "GumbelSoftmax", "PolicyGradient", "StraightThrough", "get"]

_BLOCK = 256  # drafts written at once


class Feedback:
    """Base class of feedbacks. Subclasses implement `generator_loss`.

    Attributes:
        discriminator_class: Class of the discriminators that it works with.
        needs_held_out: Whether `fit` needs held-out lines, on which the discriminator is calibrated.
    """

    discriminator_class, needs_held_out = SentenceDiscriminator, False

    def generator_loss(self, gan, tokens, labels=None):
        raise NotImplementedError

    def get_config(self):
        return dict(vars(self))

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="gan_keras")
class Cooperative(Feedback):
    """Supervised training on real text and on the generator's own drafts that the discriminator rates best.

    Drafts compete with drafts of similar length, so that selection does not shift the lengths.

    Args:
        candidates: Drafts per real line, of which one is kept, >= 2.
        share: Weight of the kept drafts relative to the real lines, in [0, 1].
        likelihood: Weight of a draft's log-likelihood per token relative to the discriminator's logit, both standardised.

    Reference: the cooperative scheme of Lamprier et al., "Generative Cooperative Networks for Natural Language Generation"
    (2022), with selection instead of a search.
    """

    def __init__(self, candidates=4, share=0.5, likelihood=0.0):
        if candidates < 2 or not 0 <= share <= 1:
            raise ValueError(f"candidates={candidates}, share={share}. Expected candidates >= 2 and share in [0, 1].")
        self.candidates, self.share, self.likelihood = candidates, share, likelihood

    def generator_loss(self, gan, tokens, labels=None):
        draft_labels = None if labels is None else ops.repeat(labels, self.candidates, axis=0)
        drafts, scores = gan.drafts(ops.shape(tokens)[0] * self.candidates, draft_labels)
        # Drafts compete within the whole batch.
        drafts, scores = replicas.all_rows(drafts), replicas.all_rows(scores)
        draft_labels = None if labels is None else replicas.all_rows(draft_labels)
        best = self.keep(drafts, standardise(scores[:, 0]) + self.likelihood * standardise(scores[:, 1]), draft_labels)
        best = replicas.own_rows(best)
        best_labels = None if labels is None else ops.take(draft_labels, best)
        supervised = gan.supervised_loss(tokens, labels)
        return (1 - self.share) * supervised + self.share * gan.supervised_loss(ops.take(drafts, best, axis=0), best_labels)

    def keep(self, drafts, scores, labels):
        """Row indices of the best draft in each group of `candidates` drafts, sorted by label and length."""
        lengths = ops.sum(ops.cast(drafts != PADDING, "int32"), axis=1)
        key = lengths if labels is None else lengths + ops.cast(labels, "int32") * (1 + ops.max(lengths))
        groups = ops.reshape(ops.argsort(key), (-1, self.candidates))
        best = ops.argmax(ops.take(scores, groups), axis=1)
        return ops.take_along_axis(groups, best[:, None], axis=1)[:, 0]


@keras.saving.register_keras_serializable(package="gan_keras")
class Distillation(Feedback):
    """Supervised training on real lines and on a teacher's: drafts of the generator, resampled by the discriminator.

    A round begins by calibrating the discriminator on held-out lines. The averaged generator then writes `num_drafts` lines, each
    one of `candidates` drafts, drawn with weights exp(`TextGAN.energies`). These lines follow a better model of the text than the
    generator, which learns from them for `epochs` epochs.

    Args:
        candidates: Drafts per line of the teacher, >= 2.
        num_drafts: Lines of the teacher per round, >= 1.
        epochs: Epochs per round, >= 1.
        share: Weight of the teacher's lines relative to the real lines, in [0, 1].
    """

    needs_held_out = True

    def __init__(self, candidates=4, num_drafts=4000, epochs=2, share=0.5):
        if candidates < 2 or num_drafts < 1 or epochs < 1 or not 0 <= share <= 1:
            raise ValueError(
                f"candidates={candidates}, num_drafts={num_drafts}, epochs={epochs}, share={share}. Expected candidates >= 2, "
                "num_drafts >= 1, epochs >= 1 and share in [0, 1]."
            )
        self.candidates, self.num_drafts, self.epochs, self.share = candidates, num_drafts, epochs, share

    def prepare(self, gan):
        """Makes the variables of the teacher's lines, which are saved with the GAN so that a resumed run repeats it."""
        options = {"dtype": "int32", "trainable": False, "initializer": "zeros"}
        self.tokens = keras.Variable(shape=(self.num_drafts, gan.codec.length), name="tokens", **options)
        self.labels = keras.Variable(shape=(self.num_drafts,), name="labels", **options)
        self.rounds = keras.Variable(shape=(), name="rounds", **options)
        self.variables = [self.tokens, self.labels, self.rounds]

    def begin_epoch(self, gan, epoch, held_out):
        """Begins a round if it is time for one; a resumed epoch has begun before."""
        number = epoch // self.epochs
        if number < int(self.rounds):
            return
        gan.calibrate_on(*held_out.of_known_words, seed=number)
        seeds = noise.split(tf.range(self.num_drafts, dtype=tf.int64), gan.seed + number)
        labels = None if held_out.labels is None else np.resize(held_out.labels, self.num_drafts)
        lines = np.zeros(self.tokens.shape, np.int32)
        for start in range(0, self.num_drafts, _BLOCK):
            rows = slice(start, start + _BLOCK)
            tokens = gan.resampled(self.candidates, seeds[rows], None if labels is None else tf.constant(labels[rows])).numpy()
            lines[rows, : tokens.shape[1]] = tokens
        self.tokens.assign(lines)
        if labels is not None:
            self.labels.assign(labels)
        self.rounds.assign(number + 1)

    def generator_loss(self, gan, tokens, labels=None):
        rows = ops.mod(gan.next_seeds(ops.shape(tokens)[0]), self.num_drafts)
        drafts, draft_labels = ops.take(self.tokens, rows, axis=0), None if labels is None else ops.take(self.labels, rows)
        longest = ops.max(ops.sum(ops.cast(drafts != PADDING, "int32"), axis=1))
        supervised = gan.supervised_loss(tokens, labels)
        return (1 - self.share) * supervised + self.share * gan.supervised_loss(drafts[:, :longest], draft_labels)

    def get_config(self):
        return {name: getattr(self, name) for name in ("candidates", "num_drafts", "epochs", "share")}


@keras.saving.register_keras_serializable(package="gan_keras")
class PolicyGradient(Feedback):
    """REINFORCE with a reward after every token, combined with a supervised loss and anchored to the pretrained network.

    The reward of token `t` is `2 sigmoid(step logit) - 1`. The advantage is the discounted sum of the current and future rewards
    minus its mean over the batch at that step.

    Args:
        discount: Discount of future rewards per step, in [0, 1].
        entropy: Weight of the entropy bonus.
        anchor: Weight of the divergence KL(generator || pretrained).
        supervised: Weight of the real batch's negative log-likelihood.
        clip: Largest absolute advantage.

    Reference: [SeqGAN](https://arxiv.org/abs/1609.05473); dense rewards from [ScratchGAN](https://arxiv.org/abs/1905.09922).
    """

    discriminator_class = TextDiscriminator

    def __init__(self, discount=0.5, entropy=0.01, anchor=0.1, supervised=0.5, clip=5.0):
        self.discount, self.entropy, self.anchor, self.supervised, self.clip = discount, entropy, anchor, supervised, clip

    def generator_loss(self, gan, tokens, labels=None):
        latents = gan.latents_from(gan.next_seeds(ops.shape(tokens)[0]))
        drafts, _ = gan.drafts_from(latents, labels)
        mask, total = token_mask(drafts), replicas.mean(ops.sum(token_mask(drafts)))
        log_policy = ops.log_softmax(gan.generator.logits(latents, drafts, labels))
        log_anchor = ops.log_softmax(gan.baseline.logits(latents, drafts, labels))
        policy = ops.exp(log_policy)
        entropy = -ops.sum(policy * log_policy, axis=-1)
        divergence = ops.sum(policy * (log_policy - tf.stop_gradient(log_anchor)), axis=-1)
        chosen = ops.take_along_axis(log_policy, drafts[..., None], axis=-1)[..., 0]
        advantage = tf.stop_gradient(self.advantages(gan.discriminator.step_logits(drafts), mask))
        each = -advantage * chosen - self.entropy * entropy + self.anchor * divergence
        return ops.sum(each * mask) / total + self.supervised * gan.supervised_loss(tokens, labels)

    def advantages(self, step_logits, mask):
        rewards = (2.0 * ops.sigmoid(step_logits) - 1.0) * mask
        steps = ops.arange(ops.shape(mask)[1])
        ahead = ops.cast(steps[:, None] - steps[None, :], "float32")
        returns = ops.matmul(rewards, ops.where(ahead >= 0, ops.power(self.discount, ops.maximum(ahead, 0.0)), 0.0))
        sums, counts = replicas.mean([ops.sum(returns * mask, axis=0), ops.sum(mask, axis=0)])
        mean = sums / ops.maximum(counts, 1.0 / replicas.count())
        return ops.clip(returns - mean, -self.clip, self.clip) * mask


@keras.saving.register_keras_serializable(package="gan_keras")
class GumbelSoftmax(Feedback):
    """Soft drafts: each token is a Gumbel-softmax distribution that lets the discriminator's gradient pass.

    Args:
        temperature: Temperature of the softmax, > 0. Lower is closer to sampled tokens, but gradients vary more.
        supervised: Weight of the real batch's negative log-likelihood.

    Reference: [Jang et al., 2017](https://arxiv.org/abs/1611.01144); for text [RelGAN](https://openreview.net/forum?id=rJedV3R5tm).
    """

    discriminator_class = TextDiscriminator

    def __init__(self, temperature=1.0, supervised=1.0):
        if temperature <= 0:
            raise ValueError(f"temperature={temperature}. Expected a number > 0.")
        self.temperature, self.supervised = temperature, supervised

    def generator_loss(self, gan, tokens, labels=None):
        soft = self.soft_drafts(gan, tokens, labels)
        adversarial = gan.adversarial_loss.generator(gan.judge(tokens, labels), gan.judge(soft, labels))
        return adversarial + self.supervised * gan.supervised_loss(tokens, labels)

    def soft_drafts(self, gan, tokens, labels):
        """Token distributions `(batch, time, vocabulary)`, with as many lines and steps as the real batch."""
        generator, (num, steps) = gan.generator, (ops.shape(tokens)[0], ops.shape(tokens)[1])
        seeds = gan.next_seeds(num)
        size = generator.vocabulary_size
        uniform = ops.reshape(noise.uniform(noise.split(seeds, 1), steps * size), (num, steps, size))
        gumbels = ops.transpose(-ops.log(-ops.log(uniform)), (1, 0, 2))
        padding = ops.one_hot([PADDING], size)

        def extend(carry, now):
            (_, embedded, alive, *state), (step, gumbel) = carry, now
            logits, state = generator.step(embedded, state, step)
            soft = self.relax(logits + generator.mask_of(1) + gumbel) * alive + padding * (1.0 - alive)
            alive = alive * ops.cast(ops.argmax(soft, axis=-1) != END, "float32")[:, None]
            following = ops.cast(ops.matmul(soft, generator.embedding.embeddings), embedded.dtype)
            return soft, following, alive, *state

        embedded = generator.embedding(ops.full((num,), START, "int32"))
        state = generator.state_from(gan.latents_from(seeds), labels)
        start = (ops.repeat(padding, num, axis=0), embedded, ops.ones((num, 1)), *state)
        return ops.transpose(tf.scan(extend, (ops.arange(steps), gumbels), start)[0], (1, 0, 2))

    def relax(self, logits):
        return ops.softmax(logits / self.temperature)


@keras.saving.register_keras_serializable(package="gan_keras")
class StraightThrough(GumbelSoftmax):
    """`GumbelSoftmax` whose discriminator reads the sampled token, with the gradient of the soft one.

    Reference: [Bengio et al., 2013](https://arxiv.org/abs/1308.3432).
    """

    def relax(self, logits):
        soft = super().relax(logits)
        hard = ops.one_hot(ops.argmax(soft, axis=-1), soft.shape[-1])
        return soft + tf.stop_gradient(hard - soft)


_BY_NAME = {
    "cooperative": Cooperative,
    "distillation": Distillation,
    "policy_gradient": PolicyGradient,
    "gumbel_softmax": GumbelSoftmax,
    "straight_through": StraightThrough,
}


def standardise(values):
    """Shifts and scales values to zero mean and unit variance over the batch."""
    return (values - ops.mean(values)) / ops.maximum(ops.std(values), 1e-6)


def get(identifier):
    """Returns a feedback from its name, its serialised config or the feedback itself.

    Raises:
        ValueError: If the name is unknown, or the object has no `generator_loss`.
    """
    if isinstance(identifier, str) and identifier in _BY_NAME:
        return _BY_NAME[identifier]()
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if hasattr(identifier, "generator_loss"):
        return identifier
    raise ValueError(
        f"feedback={identifier!r}. {choice_of(identifier, _BY_NAME)}, or an object with the method "
        "`generator_loss(gan, tokens, labels)`."
    )
