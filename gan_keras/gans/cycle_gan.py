"""`CycleGAN`: unpaired translation between two image domains. Only the differences from `GAN`.

Reference: [Unpaired image-to-image translation, Zhu et al., 2017](https://arxiv.org/abs/1703.10593), section 3.
"""

import functools

import keras
import tensorflow as tf
from keras import ops

from gan_keras import auxiliary as objectives
from gan_keras.gans.image_translation import ImageTranslation
from gan_keras.gans.options import check_unused
from gan_keras.gans.step_metrics import StepMetrics
from gan_keras.history_pool import HistoryPools
from gan_keras.networks.base import call_network
from gan_keras.networks.cyclegan import Pair, both, halves


@keras.saving.register_keras_serializable(package="gan_keras")
class CycleGAN(ImageTranslation):
    """Two generators, G from domain a to b and F from b to a, and a discriminator per domain.

    Data sets for `fit` yield pairs of batches of the same size, samples of a and unrelated samples of b. Internally a batch
    holds the samples of a, followed by those of b: see `networks.Pair`. `codec`, `seed` and errors are those of `GAN`.

    Args:
        generator: G and F, as a tuple or a `networks.Pair`: each a `keras.Model` from samples to samples of the same shape.
        discriminator: The discriminators of a and b, likewise: each from samples to logits, `(batch, 1)` or a map of logits,
            `(batch, height, width, 1)`.
    """

    def __init__(self, generator, discriminator, codec=None, seed=0, **kwargs):
        pairs = (networks if isinstance(networks, Pair) else Pair(*networks) for networks in (generator, discriminator))
        super().__init__(*pairs, codec, seed, **kwargs)

    @property
    def translators(self):
        return dict(zip(("a_to_b", "b_to_a"), self.ema_generator.networks, strict=True))

    def make_step_metrics(self):
        """`cycle` and `identity` are mean absolute errors over both domains, before weighting."""
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
        """Configures the training.

        Args:
            generator_optimizer: Name, config or instance of a Keras optimizer, for both generators.
            discriminator_optimizer: Another one, for both discriminators.
            loss: Name, config or instance: see `gan_keras.losses`.
            cycle_weight: Weight of the cycle term relative to the adversarial one, >= 0. 5 is the paper's 10, since
                `losses.LeastSquares` halves the squares.
            identity_weight: Weight of the identity term, >= 0: a sample of the target domain should not change. The paper uses
                half of the cycle's weight, or 0.
            pool_size: Number of past translations that each discriminator keeps seeing, besides new ones; 0 for none.
            **kwargs: Further arguments of `GAN.compile`, except `history_pool` and `auxiliary`.

        Raises:
            ValueError: If an argument is out of its range or not available for a translation.
        """
        if min(cycle_weight, identity_weight, pool_size) < 0:
            raise ValueError(
                f"cycle_weight={cycle_weight}, identity_weight={identity_weight}, pool_size={pool_size}. Expected all >= 0."
            )
        check_unused(kwargs, "the terms of a CycleGAN have weights.", ("auxiliary",))
        self.cycle_weight, self.identity_weight, self.pool_size = float(cycle_weight), float(identity_weight), pool_size
        pools = HistoryPools(pool_size, self.seed) if pool_size else None
        super().compile(generator_optimizer, discriminator_optimizer, loss, history_pool=pools, **kwargs)

    # --- The algorithm: section 3. The discriminators learn as in `GAN`, each from its half of a batch. ---

    def train_generator(self, real_data, labels=None):
        real_a, real_b = halves(real_data)
        g, f = (functools.partial(call_network, network, training=True) for network in self.generator.networks)
        with tf.GradientTape() as tape:
            fake_b, fake_a = g(real_a), f(real_b)
            # A loss is the mean over the batch, which holds two domains; their sum is twice that.
            loss = 2.0 * self.adversarial_loss.generator(self.judge(real_data), self.judge(both(fake_a, fake_b)))
            cycle = mean_absolute_error(f(fake_b), real_a) + mean_absolute_error(g(fake_a), real_b)
            loss += self.cycle_weight * cycle
            if self.identity_weight:
                identity = mean_absolute_error(g(real_b), real_b) + mean_absolute_error(f(real_a), real_a)
                loss += self.identity_weight * identity
                self.step_metrics.identity.update_state(identity / 2.0)
            loss += sum(self.generator.losses)
        self.average_generator(self.generator_player.update(loss, tape))
        self.step_metrics.g_loss.update_state(loss)
        self.step_metrics.cycle.update_state(cycle / 2.0)

    def draw(self, real_data, labels=None):
        """Returns translations by the live generators, each in the half of its new domain."""
        translations = call_network(self.generator, real_data, training=True)
        return objectives.Batch(real_data, both(*reversed(halves(translations))), real_data, labels)

    def draw_to_test(self, real_data, labels=None):
        return both(*reversed(halves(self(real_data))))

    def read_batch(self, data):
        return both(*super().read_batch(data)), None

    def get_compile_config(self):
        config, own = super().get_compile_config(), ("cycle_weight", "identity_weight", "pool_size")
        return config and {**config, **{name: getattr(self, name) for name in own}}


def mean_absolute_error(samples, others):
    return ops.mean(ops.abs(samples - others))
