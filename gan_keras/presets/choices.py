"""What presets choose from by name, and descriptions of objects that hold no state."""

import copy

import keras

from gan_keras import augmentation, penalties

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
