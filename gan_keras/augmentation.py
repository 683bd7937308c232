"""Differentiable augmentation: random changes to every image the discriminator reads, real or generated.

A discriminator that never sees the same image twice cannot memorise a small dataset. Every policy is differentiable, so the
generator learns through it. A policy is a function `(images, noise)` -> images, of float images `(batch, height, width,
channels)` with mid-grey at 0 and uniform noise in [0, 1), `(batch, 2)`, one row per image.

Reference: [Zhao et al., 2020](https://arxiv.org/abs/2006.10738), [Karras et al., 2020](https://arxiv.org/abs/2006.06676).
"""

import keras
from keras import ops

from gan_keras import replicas
from gan_keras.diagnosis.names import choice_of

__all__ = ["Adaptive", "DiffAugment", "Scheduled", "get"]

MAX_SHIFT = 1 / 8  # relative to the height and the width
CUTOUT = 1 / 2  # relative to the height and the width


def brightness(images, noise):
    """Adds the same number in [-0.5, 0.5) to all pixels of an image."""
    return images + _each(noise[:, 0], images) - 0.5


def saturation(images, noise):
    """Scales each pixel's deviation from its channels' mean by a factor in [0, 2): 0 is grey."""
    mean = ops.mean(images, axis=-1, keepdims=True)
    return mean + (images - mean) * 2.0 * _each(noise[:, 0], images)


def contrast(images, noise):
    """Scales each pixel's deviation from its image's mean by a factor in [0.5, 1.5)."""
    mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
    return mean + (images - mean) * (0.5 + _each(noise[:, 0], images))


def translation(images, noise):
    """Shifts an image by whole pixels, up to 1/8 of its size in each direction, and fills with 0."""
    return _shift(_shift(images, noise[:, 0], axis=1), noise[:, 1], axis=2)


def cutout(images, noise):
    """Sets a rectangle of half the height and half the width to 0, centred anywhere in the image."""
    rows, columns = _cut(noise[:, 0], images.shape[1]), _cut(noise[:, 1], images.shape[2])
    inside = ops.logical_and(rows[:, :, None, None], columns[:, None, :, None])
    return ops.where(inside, ops.zeros_like(images), images)


def _each(numbers, images):
    """One number per image, in the images' dtype and shaped to broadcast over their pixels."""
    return ops.reshape(ops.cast(numbers, images.dtype), (-1, 1, 1, 1))


def _shift(images, noise, axis):
    size = images.shape[axis]
    max_shift = round(size * MAX_SHIFT)
    shifts = ops.cast(ops.floor(noise * (2 * max_shift + 1)), "int32") - max_shift
    sources = ops.arange(size)[None, :] - shifts[:, None]
    shape = [-1, 1, 1, 1]
    shape[axis] = size
    inside = ops.reshape(ops.logical_and(sources >= 0, sources < size), shape)
    # A product with a matrix of zeros and ones would also work, but some GPUs round its inputs.
    shifted = ops.take_along_axis(images, ops.reshape(ops.clip(sources, 0, size - 1), shape), axis=axis)
    return ops.where(inside, shifted, ops.zeros_like(shifted))


def _cut(noise, size):
    """Mask of the part of a side that is cut out: bool `(batch, size)`."""
    length = round(size * CUTOUT)
    first = ops.cast(ops.floor(noise * size), "int32") - length // 2
    places = ops.arange(size)[None, :] - first[:, None]
    return ops.logical_and(places >= 0, places < length)


_BY_NAME = {
    "brightness": (brightness,),
    "saturation": (saturation,),
    "contrast": (contrast,),
    "colour": (brightness, saturation, contrast),
    "translation": (translation,),
    "cutout": (cutout,),
}


def get(identifier):
    """Returns a tuple of policies from a name, a function or a serialised function.

    Raises:
        ValueError: If the name is unknown, or the object is not callable.
    """
    if isinstance(identifier, str) and identifier in _BY_NAME:
        return _BY_NAME[identifier]
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if callable(identifier) and not isinstance(identifier, type):
        return (identifier,)
    raise ValueError(f"policy={identifier!r}. {choice_of(identifier, _BY_NAME)}, or a function (images, noise) -> images.")


@keras.saving.register_keras_serializable(package="gan_keras")
class DiffAugment:
    """Applies policies one after the other, each to each image with probability `strength`.

    Args:
        policies: Names, or functions `(images, noise)` -> images (registered with Keras, if the GAN is to be saved).
        strength: Probability, in [0, 1]; 0 changes nothing. It becomes a variable that is saved with the `GAN` and that
            subclasses adapt by means of `callbacks.AdaptiveAugmentation`.
        seed: Seed of the noise, an integer. The random state is saved with the `GAN`.

    Raises:
        ValueError: If a policy is unknown or the strength is out of range.

    Reference: [Zhao et al., 2020](https://arxiv.org/abs/2006.10738).
    """

    def __init__(self, policies=("colour", "translation", "cutout"), strength=1.0, seed=0):
        check_strength(strength)
        self.policies, self.seed, self.initial_strength = list(policies), seed, float(strength)
        self.functions = [function for policy in self.policies for function in get(policy)]
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.strength = keras.Variable(self.initial_strength, dtype="float32", trainable=False, name="strength")

    def __call__(self, images):
        if len(images.shape) != 4:
            raise ValueError(f"Got samples of shape {tuple(images.shape)}. Expected images (batch, height, width, channels).")
        for function in self.functions:
            noise = replicas.rows_of_all(self.draw, ops.shape(images)[0])
            chosen = ops.reshape(noise[:, 2] < self.strength, (-1, 1, 1, 1))
            images = ops.where(chosen, function(images, noise[:, :2]), images)
        return images

    def draw(self, num):
        return keras.random.uniform((num, 3), seed=self.seed_generator)

    def begin_epoch(self, epoch):
        """Hook that `callbacks.AdaptiveAugmentation` calls before each epoch, counted from 0. Does nothing here."""

    def adapt(self):
        """Hook that `callbacks.AdaptiveAugmentation` calls every few batches. Does nothing here."""

    @property
    def variables(self):
        """Random state and strength, saved with the `GAN` so that a resumed run repeats them."""
        return [self.seed_generator.state, self.strength]

    def get_config(self):
        names = [each if isinstance(each, str | dict) else keras.saving.serialize_keras_object(each) for each in self.policies]
        return {"policies": names, "strength": self.initial_strength, "seed": self.seed}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="gan_keras")
class Adaptive(DiffAugment):
    """Adaptive strength (ADA): raised while the discriminator overfits real images, lowered otherwise.

    During training, the mean sign of real images' logits is near 0 for a discriminator that generalises, and 1 for one that has
    memorised the data. `callbacks.AdaptiveAugmentation` compares it with `target` every few batches.

    Args:
        policies: See `DiffAugment`.
        target: Target of the mean sign, in (-1, 1).
        images: Real images that it takes to raise the strength from 0 to 1, >= 1.
        strength: Initial strength, in [0, 1].
        seed: Seed of the noise, an integer.

    Reference: [Karras et al., 2020](https://arxiv.org/abs/2006.06676), section 3.
    """

    def __init__(self, policies=("colour", "translation", "cutout"), target=0.6, images=500_000, strength=0.0, seed=0):
        super().__init__(policies, strength, seed)
        if not -1 < target < 1 or images < 1:
            raise ValueError(f"target={target}, images={images}. Expected a target in (-1, 1) and images >= 1.")
        self.target, self.images = float(target), images
        self.sign_sum = keras.Variable(0.0, dtype="float32", trainable=False, name="sign_sum")
        self.sign_count = keras.Variable(0.0, dtype="float32", trainable=False, name="sign_count")

    def observe(self, real_logits):
        """Counts signs. The `GAN` calls it with the logits of every real batch that trains the discriminator."""
        self.sign_sum.assign_add(replicas.total(ops.sum(ops.sign(real_logits))))
        self.sign_count.assign_add(ops.cast(ops.size(real_logits), "float32") * replicas.count())

    def adapt(self):
        """Raises or lowers the strength by the share of `images` seen since the last call, then resets the counts."""
        count = float(ops.convert_to_numpy(self.sign_count))
        direction = ops.sign(self.sign_sum - self.target * count)
        self.strength.assign(ops.clip(self.strength + direction * count / self.images, 0.0, 1.0))
        self.sign_sum.assign(0.0)
        self.sign_count.assign(0.0)

    @property
    def variables(self):
        return [*super().variables, self.sign_sum, self.sign_count]

    def get_config(self):
        return {**super().get_config(), "target": self.target, "images": self.images}


@keras.saving.register_keras_serializable(package="gan_keras")
class Scheduled(DiffAugment):
    """Linear schedule of the strength over epochs, set by `callbacks.AdaptiveAugmentation`.

    Args:
        policies: See `DiffAugment`.
        strength: Strength in the first epoch, in [0, 1].
        end: Strength from epoch `epochs` on (counted from 0), in [0, 1].
        epochs: Length of the schedule in epochs, >= 1.
        seed: Seed of the noise, an integer.
    """

    def __init__(self, policies=("colour", "translation", "cutout"), strength=1.0, end=0.0, epochs=100, seed=0):
        super().__init__(policies, strength, seed)
        check_strength(end)
        if epochs < 1:
            raise ValueError(f"epochs={epochs}. Expected at least 1.")
        self.end, self.epochs = float(end), epochs

    def begin_epoch(self, epoch):
        """Sets the strength of the epoch."""
        share = min(epoch / self.epochs, 1.0)
        self.strength.assign((1.0 - share) * self.initial_strength + share * self.end)

    def get_config(self):
        return {**super().get_config(), "end": self.end, "epochs": self.epochs}


def check_strength(strength):
    """Raises `ValueError` unless the strength is a probability."""
    if not 0 <= strength <= 1:
        raise ValueError(f"strength={strength}. Expected a probability in [0, 1].")
