"""`CycleGAN`: two domains of images without pairs, translated into each other. Only what differs from `GAN`.

Reference: [Unpaired image-to-image translation, Zhu et al., 2017](https://arxiv.org/abs/1703.10593), section 3.
"""

import keras
import tensorflow as tf
from keras import ops

from gan_keras import auxiliary as objectives
from gan_keras.gans.image_translation import ImageTranslation
from gan_keras.gans.step_metrics import StepMetrics
from gan_keras.history_pool import HistoryPools
from gan_keras.networks.base import call_network
from gan_keras.networks.cyclegan import Pair, both, halves


@keras.saving.register_keras_serializable(package="gan_keras")
class CycleGAN(ImageTranslation):
    """Two generators, G from domain a to b and F from b to a, and a discriminator of each domain.

    Args:
        generator: G and F, as a tuple or a `networks.Pair`: each a `keras.Model` from samples to samples of the same shape.
        discriminator: Those of domain a and of domain b, likewise: each from samples to logits, `(batch, 1)` or a map of
            them, `(batch, height, width, 1)`.
        codec: Maps raw values to tensors and back inside the graph; None if samples are tensors already.
        seed: Integer that all noise of training follows from.

    Data sets for `fit` yield pairs of batches: samples of a and as many of b, in no relation to each other.
    Every batch inside holds those of a and, after them, those of b: see `networks.Pair`.

    Raises:
        ValueError: If the networks do not fit together; the message tells the shapes.
    """

    def __init__(self, generator, discriminator, codec=None, seed=0, **kwargs):
        super().__init__(as_pair(generator), as_pair(discriminator), codec, seed, **kwargs)

    @property
    def translators(self):
        return dict(zip(("a_to_b", "b_to_a"), self.ema_generator.networks, strict=True))

    def make_step_metrics(self):
        """`cycle` and `identity` are mean absolute errors of samples, over both domains, without their weights."""
        return StepMetrics(cycle=keras.metrics.Mean("cycle"), identity=keras.metrics.Mean("identity"))

    def compile(
        self,
        generator_optimizer="adam",
        discriminator_optimizer="adam",
        loss="least_squares",
        cycle_weight=5.0,
        identity_weight=2.5,
        pool_size=50,
        **kwargs,
    ):
        """Says how to train. Arguments that are not listed are those of `GAN.compile`, without `history_pool` and `auxiliary`.

        Args:
            generator_optimizer: Name, config or instance of a Keras optimizer, of both generators.
            discriminator_optimizer: The same, of both discriminators.
            loss: Name, config or instance: see `gan_keras.losses`.
            cycle_weight: Of the cycle term beside the adversarial one, >= 0. The paper's 10 stands beside squares that
                `losses.LeastSquares` halves.
            identity_weight: Of the identity term, >= 0: a sample that is of the wanted domain already should stay as it is.
                The paper's is half of the cycle's, where it has one.
            pool_size: Past translations that each discriminator keeps seeing beside fresh ones; 0 for none.
            **kwargs: As for `GAN.compile`.

        Raises:
            ValueError: If an argument is out of its range or does not go with a translation.
        """
        if min(cycle_weight, identity_weight, pool_size) < 0:
            raise ValueError(
                f"cycle_weight={cycle_weight}, identity_weight={identity_weight}, pool_size={pool_size}. Expected all >= 0."
            )
        if kwargs.get("auxiliary"):
            raise ValueError(f"Got auxiliary={kwargs['auxiliary']!r}. Expected none: the terms of a CycleGAN have weights.")
        self.cycle_weight, self.identity_weight, self.pool_size = float(cycle_weight), float(identity_weight), pool_size
        pools = HistoryPools(pool_size, self.seed) if pool_size else None
        super().compile(generator_optimizer, discriminator_optimizer, loss, history_pool=pools, **kwargs)

    # --- The algorithm: section 3. The discriminators learn as in `GAN`, each from its own half of a batch. ---

    def train_generator(self, real_data, labels=None):
        (real_a, real_b), (g, f) = halves(real_data), self.generator.networks
        with tf.GradientTape() as tape:
            fake_b, fake_a = run(g, real_a), run(f, real_b)
            loss = self.adversarial_term(real_data, both(fake_a, fake_b))
            cycle = distance(run(f, fake_b), real_a) + distance(run(g, fake_a), real_b)
            loss += self.cycle_weight * cycle
            if self.identity_weight:
                identity = distance(run(g, real_b), real_b) + distance(run(f, real_a), real_a)
                loss += self.identity_weight * identity
                self.step_metrics.identity.update_state(identity / 2.0)
            loss += sum(self.generator.losses)
        has_moved = self.generator_player.update(loss, tape)
        self.average_generator(has_moved)
        self.step_metrics.g_loss.update_state(loss)
        self.step_metrics.cycle.update_state(cycle / 2.0)

    def adversarial_term(self, real_data, fake_data):
        """The sum over both domains; a loss of `gan_keras.losses` is the mean over a batch, which holds both."""
        return 2.0 * self.adversarial_loss.generator(self.judge(real_data), self.judge(fake_data))

    def draw(self, real_data, labels=None):
        """Translations by the live generators, each in the half of its new domain."""
        translations = call_network(self.generator, real_data, training=True)
        return objectives.Batch(real_data, both(*reversed(halves(translations))), real_data, labels)

    def draw_to_test(self, real_data, labels=None):
        return both(*reversed(halves(self(real_data))))

    def read_batch(self, data):
        return both(*super().read_batch(data)), None

    # --- Measuring and saving. ---

    def get_compile_config(self):
        config = super().get_compile_config()
        if config is None:
            return None
        own = {name: getattr(self, name) for name in ("cycle_weight", "identity_weight", "pool_size")}
        return {**{name: value for name, value in config.items() if name not in ("history_pool", "auxiliary")}, **own}


def as_pair(networks):
    return networks if isinstance(networks, Pair) else Pair(*networks)


def run(network, samples):
    return call_network(network, samples, training=True)


def distance(samples, others):
    """Mean absolute difference."""
    return ops.mean(ops.abs(samples - others))
