"""Pool of past samples: the discriminator also sees earlier samples, which keeps both networks from oscillating."""

import keras
from keras import ops

from gan_keras import replicas

__all__ = ["HistoryPool", "HistoryPools"]


@keras.saving.register_keras_serializable(package="gan_keras")
class HistoryPool:
    """Replaces each fresh sample, with probability 1/2, by a past sample, and stores the fresh one in its place.

    Each sample of a batch is assigned a random slot of its own. If the slot is empty, the sample fills it and is returned
    unchanged. Samples of a batch larger than the pool that get no slot are returned unchanged too.

    `GAN.compile(history_pool=...)` trains the discriminator on the returned samples. Samples, flags and random state are saved
    with the `GAN`, so that a resumed run continues exactly.

    Reference: [Shrivastava et al., 2017](https://arxiv.org/abs/1612.07828), section 2.3; the size of 50 is from
    [CycleGAN](https://arxiv.org/abs/1703.10593).

    Args:
        size: Number of samples kept, >= 1.
        seed: Seed of the slots and choices, an integer.

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
        """Creates the empty pool; called by `GAN.compile`. Raises `ValueError` if the discriminator reads labels."""
        if getattr(gan.discriminator, "num_labels", 0):
            raise ValueError(
                f"The discriminator reads {gan.discriminator.num_labels} labels, but a history pool keeps samples only. "
                "Expected a discriminator without labels."
            )
        self.samples = keras.Variable(ops.zeros((self.size, *gan.sample_shape)), dtype="float32", trainable=False)
        self.is_filled = keras.Variable(ops.zeros((self.size,)), dtype="float32", trainable=False)

    def __call__(self, samples):
        """Replaces some fresh samples by past ones. Each replica keeps the whole pool."""
        return replicas.own_rows(self.exchange(replicas.all_rows(samples)))

    def exchange(self, samples):
        num = ops.shape(samples)[0]
        slots = keras.random.shuffle(ops.arange(ops.maximum(num, self.size)), seed=self.seed_generator)[:num]
        coins = keras.random.uniform((num,), seed=self.seed_generator) < 0.5
        inside = ops.where(slots < self.size, slots, 0)
        is_full = ops.take(self.is_filled, inside) > 0
        past = ops.cast(ops.take(self.samples, inside, axis=0), samples.dtype)
        is_stored = ops.logical_and(slots < self.size, ops.logical_or(coins, ops.logical_not(is_full)))
        self.store(ops.where(is_stored, slots, self.size), samples)
        is_past = ops.reshape(ops.logical_and(is_stored, is_full), (-1, *[1] * (len(samples.shape) - 1)))
        return ops.where(is_past, past, samples)

    def store(self, slots, samples):
        """Writes samples into their slots; a slot of `size` discards its sample."""
        for variable, rows in ((self.samples, samples), (self.is_filled, ops.ones_like(slots))):
            rows = ops.cast(rows, "float32")
            longer = ops.concatenate([variable, ops.zeros_like(variable[:1])], axis=0)
            variable.assign(ops.scatter_update(longer, slots[:, None], rows)[: self.size])

    @property
    def variables(self):
        """Random state, samples and flags, saved with the `GAN` so that a resumed run repeats it."""
        return [self.seed_generator.state, self.samples, self.is_filled]

    def get_config(self):
        return {"size": self.size, "seed": self.seed}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="gan_keras")
class HistoryPools:
    """One `HistoryPool` per half of a batch, for the two discriminators of a translation.

    Args:
        size: Number of samples kept in each pool, >= 1.
        seed: Seed of the first pool; the second uses `seed + 1`.
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
        return [variable for pool in self.pools for variable in pool.variables]

    def get_config(self):
        return {"size": self.size, "seed": self.seed}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
