"""A pool of past samples: the discriminator keeps seeing what the generator made before, so that neither goes in circles."""

import keras
from keras import ops

from gan_keras import replicas


@keras.saving.register_keras_serializable(package="gan_keras")
class HistoryPool:
    """Hands out each fresh sample or, as often, a past one, whose place in the pool the fresh one takes.

    Every sample of a batch gets a place of its own at random; one that finds its place empty fills it and is handed out
    itself. Of a batch larger than the pool the rest is handed out fresh.

    Given to `GAN.compile(history_pool=...)`, which has the discriminator trained on what it hands out. Samples, flags and
    random state are saved with the `GAN`, so that a resumed run goes on as it would have.

    Reference: [Shrivastava et al., 2017](https://arxiv.org/abs/1612.07828), section 2.3; 50 images are from
    [CycleGAN](https://arxiv.org/abs/1703.10593).

    Args:
        size: How many samples are kept, >= 1.
        seed: Of the places and choices, an integer.

    Raises:
        ValueError: If the size is below 1.
    """

    def __init__(self, size=50, seed=0):
        if size < 1:
            raise ValueError(f"size={size}. Expected at least one sample in the pool.")
        self.size, self.seed = size, seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.samples = self.is_filled = None

    def prepare(self, gan):
        """Called by `GAN.compile`: makes room for samples.

        Raises:
            ValueError: If the discriminator reads labels, which the pool does not keep.
        """
        if getattr(gan.discriminator, "num_labels", 0):
            raise ValueError(
                f"The discriminator reads {gan.discriminator.num_labels} labels, and a history pool keeps samples only. "
                "Expected a discriminator without labels."
            )
        self.samples = keras.Variable(ops.zeros((self.size, *gan.sample_shape)), dtype="float32", trainable=False)
        self.is_filled = keras.Variable(ops.zeros((self.size,)), dtype="float32", trainable=False)

    def __call__(self, samples):
        """What is handed out for fresh samples; of several replicas each keeps the whole pool."""
        return replicas.own_rows(self.exchange(replicas.all_rows(samples)))

    def exchange(self, samples):
        num = ops.shape(samples)[0]
        places = keras.random.shuffle(ops.arange(ops.maximum(num, self.size)), seed=self.seed_generator)[:num]
        coins = keras.random.uniform((num,), seed=self.seed_generator) < 0.5
        inside = ops.where(places < self.size, places, 0)
        is_full = ops.take(self.is_filled, inside) > 0
        past = ops.cast(ops.take(self.samples, inside, axis=0), samples.dtype)
        stays = ops.logical_and(places < self.size, ops.logical_or(coins, ops.logical_not(is_full)))
        self.store(ops.where(stays, places, self.size), samples)
        return ops.where(as_column(ops.logical_and(stays, is_full), samples), past, samples)

    def store(self, places, samples):
        """Puts samples into their places; what has a place beyond the last falls off."""
        for variable, rows in ((self.samples, samples), (self.is_filled, ops.ones_like(places))):
            rows = ops.cast(rows, "float32")
            longer = ops.concatenate([variable, ops.zeros_like(variable[:1])], axis=0)
            variable.assign(ops.scatter_update(longer, places[:, None], rows)[: self.size])

    @property
    def variables(self):
        """What decides what comes, a list: it is saved with the `GAN`."""
        return [self.seed_generator.state, self.samples, self.is_filled]

    def get_config(self):
        return {"size": self.size, "seed": self.seed}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="gan_keras")
class HistoryPools:
    """A `HistoryPool` for each half of a batch: of a translation each discriminator has its own.

    Args:
        size: How many samples each keeps, >= 1.
        seed: Of the first pool; the second has the next.
    """

    def __init__(self, size=50, seed=0):
        self.size, self.seed = size, seed
        self.pools = [HistoryPool(size, seed), HistoryPool(size, seed + 1)]

    def prepare(self, gan):
        for pool in self.pools:
            pool.prepare(gan)

    def __call__(self, samples):
        parts = zip(self.pools, ops.split(samples, 2), strict=True)
        return ops.concatenate([pool(part) for pool, part in parts])

    @property
    def variables(self):
        """Those of both pools, a list."""
        return [variable for pool in self.pools for variable in pool.variables]

    def get_config(self):
        return {"size": self.size, "seed": self.seed}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def as_column(flags, samples):
    """Flags `(batch,)` in a shape that broadcasts against samples."""
    return ops.reshape(flags, (-1, *[1] * (len(samples.shape) - 1)))
