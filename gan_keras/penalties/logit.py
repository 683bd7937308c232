"""Penalties on the discriminator's logits. Each calls the discriminator two more times."""

import keras
from keras import ops

from gan_keras import replicas
from gan_keras.penalties.base import Penalty


@keras.saving.register_keras_serializable(package="gan_keras")
class LeCam(Penalty):
    """`gamma * (mean((D(real) - a_fake)^2) + mean((D(fake) - a_real)^2))`, for small datasets.

    `a_real` and `a_fake` are moving averages of the mean real and fake logits. They start at 0, include the current batch and
    are constants for the gradient.

    Reference: [Tseng et al., 2021](https://arxiv.org/abs/2104.03310).

    Args:
        gamma: Strength, >= 0; typically 0.01 to 0.3 with a hinge loss.
        decay: Decay of the moving averages, in [0, 1).

    Raises:
        ValueError: If gamma or decay is out of range.
    """

    def __init__(self, gamma=0.1, decay=0.99):
        super().__init__(gamma)
        if not 0 <= decay < 1:
            raise ValueError(f"decay={decay}. Expected a number in [0, 1): with 1 the averages never change.")
        self.decay = float(decay)
        self.real_average, self.fake_average = (keras.Variable(0.0, dtype="float32", trainable=False) for _ in range(2))

    @property
    def variables(self):
        return [self.real_average, self.fake_average]

    def __call__(self, discriminator, real_data, fake_data):
        real_logits, fake_logits = discriminator(real_data), discriminator(fake_data)
        for average, logits in ((self.real_average, real_logits), (self.fake_average, fake_logits)):
            average.assign(self.decay * average + (1.0 - self.decay) * replicas.mean(ops.mean(logits)))
        distances = ops.square(real_logits - self.fake_average), ops.square(fake_logits - self.real_average)
        return self.strength * (ops.mean(distances[0]) + ops.mean(distances[1]))

    def get_config(self):
        return {**super().get_config(), "decay": self.decay}


@keras.saving.register_keras_serializable(package="gan_keras")
class Consistency(Penalty):
    """`gamma * mean((D(x) - D(augmentation(x)))^2)` on real data: samples of the same meaning get the same logit.

    Reference: [CR-GAN](https://arxiv.org/abs/1910.12027), algorithm 1.

    Args:
        augmentation: A differentiable function of samples that keeps their shape and meaning, such as
            `keras.layers.RandomFlip("horizontal")`. To be saved, it must be a Keras layer, with its random state saved with
            the `GAN`, or a function registered with `keras.saving.register_keras_serializable`.
        gamma: Strength, >= 0; 10 in the paper.

    Raises:
        ValueError: If gamma is negative, or the augmentation is not callable.
    """

    def __init__(self, augmentation, gamma=10.0):
        super().__init__(gamma)
        if not callable(augmentation) or isinstance(augmentation, type):
            raise ValueError(f"augmentation={augmentation!r}. Expected a function of samples or a Keras layer.")
        self.augmentation = augmentation

    @property
    def variables(self):
        return list(getattr(self.augmentation, "variables", ()))

    def __call__(self, discriminator, real_data, fake_data):
        augmented = replicas.own_rows(self.augmentation(replicas.all_rows(real_data)))  # its noise may be per batch
        difference = discriminator(real_data) - discriminator(augmented)
        return self.strength * ops.mean(ops.square(difference))

    def get_config(self):
        return {**super().get_config(), "augmentation": keras.saving.serialize_keras_object(self.augmentation)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "augmentation": keras.saving.deserialize_keras_object(config["augmentation"])})
