"""What presets of images choose from: networks, optimizers and augmentations by name, and ranges of numbers."""

import copy

import keras

from gan_keras import augmentation, networks, penalties
from gan_keras.networks.precision import PRECISIONS

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
    "adamax": keras.optimizers.Adamax,
    "rmsprop": keras.optimizers.RMSprop,
    "lion": keras.optimizers.Lion,
    "muon": keras.optimizers.Muon,
}

AUGMENTATIONS = {"diff": augmentation.DiffAugment, "adaptive": augmentation.Adaptive, "scheduled": augmentation.Scheduled}


def dense_pair(image_shape, latent_dim, width, num_labels, dtype=None):
    """Two hidden layers each, without labels: the pair of first tutorials."""
    generator = networks.MLPGenerator(image_shape, latent_dim, (width, 2 * width), activation="tanh", dtype=dtype)
    return generator, networks.MLPDiscriminator((2 * width, width), dtype=dtype)


def pair_of(generator, discriminator):
    """The function `(image_shape, latent_dim, width, num_labels, **options)` -> pair, of two classes of image networks."""

    def build(image_shape, latent_dim, width, num_labels, **options):
        sizes = {"width": width, "num_labels": num_labels, **options}
        return generator(image_shape, latent_dim, **sizes), discriminator(image_shape, **sizes)

    return build


NETWORKS = {
    "mlp": dense_pair,
    "dcgan": pair_of(networks.DCGANGenerator, networks.DCGANDiscriminator),
    "wgan_gp": pair_of(networks.WGANGPGenerator, networks.WGANGPDiscriminator),
    "sngan": pair_of(networks.SNGANGenerator, networks.SNGANDiscriminator),
    "biggan": pair_of(networks.BigGANGenerator, networks.BigGANDiscriminator),
    "r3gan": pair_of(networks.R3GANGenerator, networks.R3GANDiscriminator),
}
"""Pairs of networks by name: a function from the shape of an image, latents, width and labels to both."""

RANGES = {
    "at least 1": (
        ("width", "latent_dim", "batch_size", "epochs", "discriminator_steps", "quality_steps"),
        lambda value: value >= 1,
    ),
    "at least 0": (("size", "steps_per_epoch", "quality_every", "patience"), lambda value: value >= 0),
    "0 (that of the data), 1 (grey) or 3 (colour)": (("channels",), lambda value: value in (0, 1, 3)),
    "at least 6": (("quality_samples",), lambda value: value >= 6),
    "more than 0": (
        ("generator_learning_rate", "discriminator_learning_rate"),
        lambda value: 0 < value < float("inf"),
    ),
    "in [0, 1)": (("beta_1", "generator_ema"), lambda value: 0 <= value < 1),
    f"one of {', '.join(NETWORKS)}": (("network",), lambda value: value in NETWORKS),
    f"one of {', '.join(PRECISIONS)}": (("precision",), lambda value: value in PRECISIONS),
    f"one of {', '.join(OPTIMIZERS)}": (
        ("generator_optimizer", "discriminator_optimizer"),
        lambda value: value in OPTIMIZERS,
    ),
}
"""What is expected of fields: their names, and whether a value is right."""


def config_of(value):
    """The config of an object; configs and None as they are."""
    return copy.deepcopy(value) if value is None or isinstance(value, dict) else keras.saving.serialize_keras_object(value)


def described(name, **options):
    """The config of a class of this package: an object would hold variables, which wake the device at the import."""
    return {"module": "gan_keras", "class_name": name, "config": options, "registered_name": f"gan_keras>{name}"}


def augmentation_by_name(name):
    """The config of the augmentation of a name in `AUGMENTATIONS`; None for `"none"`."""
    if name not in ("none", *AUGMENTATIONS):
        raise ValueError(f"augmentation={name!r}. Expected one of {', '.join(['none', *AUGMENTATIONS])}.")
    return None if name == "none" else config_of(AUGMENTATIONS[name]())


def check_penalty(penalty):
    """Raises `ValueError` unless it is a penalty or describes one."""
    try:
        penalties.get(config_of(penalty))
    except (TypeError, AttributeError) as error:
        raise ValueError(f"penalty={penalty!r}: {error} Expected a config of `gan_keras.penalties`.") from error


def relativistic(gamma, learning_rate, beta_2):
    """Relativistic pairs with R1 and R2 at every fourth update, four times as strong."""
    options = {"beta_2": beta_2}
    return {
        "penalties": [described("Lazy", penalty=described(name, gamma=gamma), interval=4) for name in ("R1", "R2")],
        "generator_learning_rate": learning_rate,
        "discriminator_learning_rate": learning_rate,
        "generator_options": options,
        "discriminator_options": dict(options),
    }
