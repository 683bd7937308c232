"""`Preset`: what the recipes of all adversarial trainings share."""

import copy
import dataclasses
import functools
import inspect
import json
from typing import ClassVar

import keras
import tensorflow as tf

from gan_keras import augmentation, losses, penalties
from gan_keras.networks.precision import PRECISIONS

# --- What presets choose from by name, and descriptions of objects that hold no state.

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


STAGE = "adversarial"
"""The only stage of a training without others."""

SHARED_RANGES = {
    "at least 1": (("latent_dim", "batch_size", "epochs", "discriminator_steps"), lambda value: value >= 1),
    "at least 0": (("steps_per_epoch", "patience"), lambda value: value >= 0),
    "more than 0": (
        ("generator_learning_rate", "discriminator_learning_rate"),
        lambda value: 0 < value < float("inf"),
    ),
    "in [0, 1)": (("beta_1", "generator_ema"), lambda value: 0 <= value < 1),
    f"one of {', '.join(PRECISIONS)}": (("precision",), lambda value: value in PRECISIONS),
    f"one of {', '.join(OPTIMIZERS)}": (
        ("generator_optimizer", "discriminator_optimizer"),
        lambda value: value in OPTIMIZERS,
    ),
}
"""What is expected of fields: their names, and whether a value is right."""


@dataclasses.dataclass
class Preset:
    """A recipe for a `GAN`. Any field can be changed before `build`.

    A subclass adds the fields of its networks and data, their `ranges`, and `build(data, seed)`.

    Attributes:
        description: One line for `gan-keras presets`.
        precision: What both networks compute in, a name in `PRECISIONS`; weights and last layers are float32 in each.
        latent_dim: Numbers of noise for a sample.
        conditional: Whether labels, where the data have some, condition both networks.
        loss: Name of an adversarial loss: see `gan_keras.losses`.
        penalties: Objects of `gan_keras.penalties`, or their configs: each `build` makes its own of them.
        augmentation: An object of `gan_keras.augmentation` or its config, or None; by name in `--set`: see `choices`.
        generator_optimizer: A name in `OPTIMIZERS`.
        generator_learning_rate: Its rate.
        generator_options: Its further arguments.
        discriminator_optimizer: As for the generator.
        discriminator_learning_rate: As for the generator.
        discriminator_options: As for the generator.
        beta_1: Decay of the first moment, in [0, 1), for both optimizers as far as they have one.
        batch_size: Samples in a batch.
        epochs: Epochs of the training, >= 1.
        steps_per_epoch: Most batches of an epoch; 0 for one pass over the data. Each epoch draws a new order.
        discriminator_steps: Updates of the discriminator before each of the generator, >= 1.
        generator_ema: Decay of the averaged generator, in [0, 1).
        patience: Scores in a row without a better one after which training ends (`callbacks.EarlyStop`); 0 for never.
    """

    description: str = ""
    precision: str = "float32"
    latent_dim: int = 64
    conditional: bool = True
    loss: str = "relativistic_paired"
    penalties: list = dataclasses.field(default_factory=list)
    augmentation: object = None
    generator_optimizer: str = "adam"
    generator_learning_rate: float = 2e-4
    generator_options: dict = dataclasses.field(default_factory=dict)
    discriminator_optimizer: str = "adam"
    discriminator_learning_rate: float = 2e-4
    discriminator_options: dict = dataclasses.field(default_factory=dict)
    beta_1: float = 0.0
    batch_size: int = 64
    epochs: int = 50
    steps_per_epoch: int = 0
    discriminator_steps: int = 1
    generator_ema: float = 0.999
    patience: int = 20

    ranges: ClassVar[dict] = {}
    """Of the fields that a subclass adds; as `SHARED_RANGES`."""

    @property
    def stage_epochs(self):
        """Epochs by the name of the stage, as of presets with several."""
        return {STAGE: self.epochs}

    def with_stage_epochs(self, epochs):
        """A copy with another number of epochs, given by the name of the stage."""
        return dataclasses.replace(self, epochs=epochs[STAGE])

    def build(self, data, seed=0):
        """A compiled `GAN` for some data; all weights and noise follow from the seed."""
        raise NotImplementedError

    def compile_options(self):
        """The keyword arguments of `GAN.compile`, its objects new in every call."""
        return {
            "generator_optimizer": self.optimizer("generator"),
            "discriminator_optimizer": self.optimizer("discriminator"),
            "loss": self.loss,
            "penalties": [penalties.get(config_of(penalty)) for penalty in self.penalties],
            "discriminator_steps": self.discriminator_steps,
            "generator_ema": self.generator_ema,
            "augmentation": self.augmentation and keras.saving.deserialize_keras_object(config_of(self.augmentation)),
        }

    def num_labels(self, data):
        """How many labels of the data condition the networks; 0 for none."""
        names = getattr(data, "label_names", None)
        return len(names) if self.conditional and names is not None else 0

    def optimizer(self, player):
        """The optimizer of the `"generator"` or the `"discriminator"`."""
        kind = OPTIMIZERS[getattr(self, f"{player}_optimizer")]
        betas = {"beta_1": self.beta_1} if "beta_1" in inspect.signature(kind).parameters else {}
        options = {**betas, **getattr(self, f"{player}_options")}
        try:
            return kind(getattr(self, f"{player}_learning_rate"), **options)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{player}_options={getattr(self, f'{player}_options')!r}: {error}. Expected arguments of {kind.__name__}."
            ) from error

    def try_optimizer(self, player):
        """Raises `ValueError` unless the optimizer makes an update: some wrong arguments show no sooner."""
        optimizer = self.optimizer(player)
        try:
            config = {**optimizer.get_config(), "name": "tried"}  # Keras numbers the names that it makes
            make_update(type(optimizer), json.dumps(config, sort_keys=True), tf.distribute.get_strategy())
        except (TypeError, ValueError, tf.errors.OpError) as error:
            options = getattr(self, f"{player}_options")
            raise ValueError(
                f"{player}_options={options!r}: {error}. Expected arguments of {type(optimizer).__name__} in their ranges."
            ) from error

    def check(self):
        """Raises `ValueError` unless every field is in its range and fits the others."""
        for expected, (fields, is_valid) in (*SHARED_RANGES.items(), *self.ranges.items()):
            for name in fields:
                if not is_valid(getattr(self, name)):
                    raise ValueError(f"{name}={getattr(self, name)!r}. Expected {expected}.")
        losses.get(self.loss)
        for penalty in self.penalties:
            check_penalty(penalty)
        for player in ("generator", "discriminator"):
            self.try_optimizer(player)

    def to_config(self):
        """All fields as JSON can hold them."""
        config = {field.name: copy.deepcopy(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return {**config, "penalties": list(map(config_of, self.penalties)), "augmentation": config_of(self.augmentation)}

    @classmethod
    def from_config(cls, config):
        """The preset of which `config` is the `to_config`."""
        return cls(**copy.deepcopy(config))

    @staticmethod
    def readers():
        """How fields that hold objects are read from text: a function by the field's name."""
        return {"augmentation": augmentation_by_name}


@functools.lru_cache(maxsize=64)
def make_update(kind, config, strategy):
    """Makes an update with the optimizer of a class and a config in JSON. What worked is not tried again: it costs a graph."""
    optimizer, weight = kind.from_config(json.loads(config)), keras.Variable([0.0])
    optimizer.build([weight])
    strategy.run(tf.function(lambda: optimizer.apply([keras.ops.zeros(1)], [weight]), autograph=False))
