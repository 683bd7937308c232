"""Differentiable augmentation: what the discriminator reads is changed at random, real and generated images alike.

A discriminator that never sees the same image twice cannot learn a small data set by heart, and since every policy is
differentiable, the generator learns through it. A policy is a function `(images, noise)` -> images: float images
`(batch, height, width, channels)`, mid-grey at 0, and uniform noise in [0, 1), `(batch, 2)`, of which every image has its own.

Reference: [Zhao et al., 2020](https://arxiv.org/abs/2006.10738), [Karras et al., 2020](https://arxiv.org/abs/2006.06676).
"""

import keras
from keras import ops

from gan_keras import replicas

MOST_SHIFT = 1 / 8  # of the height and of the width
CUTOUT = 1 / 2  # of the height and of the width


def brightness(images, noise):
    """Adds the same number from [-0.5, 0.5) to all pixels of an image."""
    return images + _each(noise[:, 0], images) - 0.5


def saturation(images, noise):
    """Moves the channels of each pixel from their mean by a factor in [0, 2): 0 is grey."""
    mean = ops.mean(images, axis=-1, keepdims=True)
    return mean + (images - mean) * 2.0 * _each(noise[:, 0], images)


def contrast(images, noise):
    """Moves all pixels from the mean of their image by a factor in [0.5, 1.5)."""
    mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
    return mean + (images - mean) * (0.5 + _each(noise[:, 0], images))


def translation(images, noise):
    """Shifts an image by whole pixels, up to an eighth of its size either way; what comes in from outside is 0."""
    return _shift(_shift(images, noise[:, 0], axis=1), noise[:, 1], axis=2)


def cutout(images, noise):
    """Sets a rectangle of half the height and half the width to 0; its centre may lie anywhere in the image."""
    rows, columns = _cut(noise[:, 0], images.shape[1]), _cut(noise[:, 1], images.shape[2])
    inside = ops.logical_and(rows[:, :, None, None], columns[:, None, :, None])
    return ops.where(inside, ops.zeros_like(images), images)


def _each(numbers, images):
    """A number for each image, in the images' precision, so that it multiplies all of its pixels."""
    return ops.reshape(ops.cast(numbers, images.dtype), (-1, 1, 1, 1))


def _shift(images, noise, axis):
    size = images.shape[axis]
    furthest = round(size * MOST_SHIFT)
    shifts = ops.cast(ops.floor(noise * (2 * furthest + 1)), "int32") - furthest
    sources = ops.arange(size)[None, :] - shifts[:, None]
    shape = [-1, 1, 1, 1]
    shape[axis] = size
    known = ops.reshape(ops.logical_and(sources >= 0, sources < size), shape)
    # A product with a matrix of zeros and ones would do too, but some GPUs round its inputs.
    shifted = ops.take_along_axis(images, ops.reshape(ops.clip(sources, 0, size - 1), shape), axis=axis)
    return ops.where(known, shifted, ops.zeros_like(shifted))


def _cut(noise, size):
    """Whether each place of a side lies in the part that is cut out: `(batch, size)`."""
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
    """The policies behind a name, a serialised function or a function, as a tuple.

    Raises:
        ValueError: If the name is unknown or the object cannot be called.
    """
    if isinstance(identifier, str) and identifier in _BY_NAME:
        return _BY_NAME[identifier]
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if callable(identifier) and not isinstance(identifier, type):
        return (identifier,)
    raise ValueError(f"policy={identifier!r}. Expected one of {sorted(_BY_NAME)}, or a function (images, noise) -> images.")


@keras.saving.register_keras_serializable(package="gan_keras")
class DiffAugment:
    """Policies one after the other, each for each image with probability `strength`.

    Args:
        policies: Names, or functions `(images, noise)` -> images (registered with Keras, if the GAN is to be saved).
        strength: Probability, in [0, 1]; 0 changes nothing. It is a variable: saved with the `GAN`, and moved by
            subclasses with `callbacks.AdaptiveAugmentation`.
        seed: Of the noise, an integer. Its state is saved with the `GAN`.

    Raises:
        ValueError: If a policy is unknown or the strength out of its range.

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
        """Called before each epoch, counted from 0, by `callbacks.AdaptiveAugmentation`; the strength stays."""

    def adapt(self):
        """Called every few batches by `callbacks.AdaptiveAugmentation`; the strength stays."""

    @property
    def variables(self):
        """What decides what comes, a list: it is saved with the `GAN`, as the variables of a penalty are."""
        return [self.seed_generator.state, self.strength]

    def get_config(self):
        names = [each if isinstance(each, str | dict) else keras.saving.serialize_keras_object(each) for each in self.policies]
        return {"policies": names, "strength": self.initial_strength, "seed": self.seed}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="gan_keras")
class Adaptive(DiffAugment):
    """As strong as the data need: stronger while the discriminator is too sure of real images, weaker else.

    The mean sign of the logits of real images in training is near 0 for a discriminator that generalises, and 1 for one
    that knows the data by heart. `callbacks.AdaptiveAugmentation` holds it against `target` every few batches.

    Args:
        policies: As of `DiffAugment`.
        target: Mean sign aimed at, in (-1, 1).
        images: Real images that the discriminator reads while the strength goes from 0 to 1, >= 1; fewer is faster.
        strength: To begin with, in [0, 1].
        seed: Of the noise, an integer.

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
        """Counts signs; called by the `GAN` with the logits of every real batch that trains the discriminator."""
        self.sign_sum.assign_add(replicas.total(ops.sum(ops.sign(real_logits))))
        self.sign_count.assign_add(ops.cast(ops.size(real_logits), "float32") * replicas.count())

    def adapt(self):
        """Moves the strength towards the target by as much as the images observed since the last call allow."""
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
    """A strength that moves evenly over epochs, by `callbacks.AdaptiveAugmentation`.

    Args:
        policies: As of `DiffAugment`.
        strength: In the first epoch, in [0, 1].
        end: From epoch `epochs` on (counted from 0), in [0, 1].
        epochs: How many the way takes, >= 1.
        seed: Of the noise, an integer.
    """

    def __init__(self, policies=("colour", "translation", "cutout"), strength=1.0, end=0.0, epochs=100, seed=0):
        super().__init__(policies, strength, seed)
        check_strength(end)
        if epochs < 1:
            raise ValueError(f"epochs={epochs}. Expected at least 1.")
        self.end, self.epochs = float(end), epochs

    def begin_epoch(self, epoch):
        """Sets the strength of an epoch."""
        share = min(epoch / self.epochs, 1.0)
        self.strength.assign((1.0 - share) * self.initial_strength + share * self.end)

    def get_config(self):
        return {**super().get_config(), "end": self.end, "epochs": self.epochs}


def check_strength(strength):
    """Raises `ValueError` unless a strength is a probability."""
    if not 0 <= strength <= 1:
        raise ValueError(f"strength={strength}. Expected a probability in [0, 1].")
