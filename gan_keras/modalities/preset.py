"""Recipes of adversarial training: what all presets share, and how a preset trains.

Each `modalities/*/presets.py` adds networks, codecs and numbers. A preset works alike for every kind of data:

```python
training, held_out = gan_keras.data.split_images(gan_keras.data.load_images("digits"))
preset = gan_keras.presets.get("image", "tiny")
gan = preset.build(training)
gan.fit(preset.batches(gan, training), epochs=preset.epochs)
```

`preset.fit(training, held_out)` does all of this at once, and keeps the best epoch where the preset scores epochs.

Presets are read without TensorFlow, so that the command line lists them and refuses a wrong field at once: what builds a GAN is
imported by the method that builds it.
"""

import contextlib
import copy
import dataclasses
import functools
import inspect
import json
from typing import ClassVar

from gan_keras.diagnosis.names import choice_of
from gan_keras.modalities.settings import at_least, below_one, check_ranges, one_of, positive

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
"""Dtype policies in which networks of this package train."""

OPTIMIZERS = {name.lower(): name for name in ("Adam", "Adagrad", "Adadelta", "Adamax", "RMSprop", "Lion", "Muon")}
"""Classes of `keras.optimizers` by name."""

AUGMENTATIONS = {"diff": "DiffAugment", "adaptive": "Adaptive", "scheduled": "Scheduled"}
"""Classes of `gan_keras.augmentation` by name."""

STAGE = "adversarial"
"""Name of the only stage of a training that has no others."""


def fields_of(preset):
    """Copies of all fields of a preset, a dictionary."""
    return {field.name: copy.deepcopy(getattr(preset, field.name)) for field in dataclasses.fields(preset)}


# --- Objects described by their configs, and the numbers that several presets share.


def config_of(value):
    """The config of an object; configs and None stay as they are."""
    if value is None or isinstance(value, dict):
        return copy.deepcopy(value)
    import keras

    return keras.saving.serialize_keras_object(value)


def described(name, **options):
    """The config of a class of this package. An object would create variables, and so start the device at import."""
    return {"module": "gan_keras", "class_name": name, "config": options, "registered_name": f"gan_keras>{name}"}


def adam(learning_rate, beta_2=None):
    """The same Adam for both networks; Keras' own `beta_2` for None."""
    options = {} if beta_2 is None else {"beta_2": beta_2}
    return {
        "generator_learning_rate": learning_rate,
        "discriminator_learning_rate": learning_rate,
        "generator_options": options,
        "discriminator_options": dict(options),
    }


def relativistic(gamma, learning_rate, beta_2, penalties=("R1", "R2")):
    """Relativistic pairs (the default loss) with R1 and R2 at every fourth update, four times as strong."""
    lazy = [described("Lazy", penalty=described(name, gamma=gamma), interval=4) for name in penalties]
    return {"penalties": lazy, **adam(learning_rate, beta_2)}


def gradient_penalty(target=1.0):
    """Wasserstein loss with gradient penalty (Gulrajani et al., 2017)."""
    return {"loss": "wasserstein", "penalties": [described("GradientPenalty", gamma=10.0, seed=0, target=target)]}


NON_SATURATING = {"loss": "non_saturating", "beta_1": 0.5}
"""Loss and momentum of DCGAN (Radford et al., 2015)."""


class Recipe:
    """Base of the presets that train like a run. A subclass is a dataclass with `epochs`, `stage_epochs` and `with_stage_epochs`.

    Attributes:
        ranges: Ranges of the fields, as `at_least` and its siblings make them.
        option_errors: Errors by which networks and codecs refuse an option.
    """

    ranges: ClassVar[tuple] = ()
    option_errors: ClassVar = TypeError

    def build(self, training, seed=0):
        """Returns a compiled GAN.

        Args:
            training: The training part alone, as held-out samples must not shape the codec: a data object of `gan_keras.data`.
            seed: Seed of all weights and noise; Keras' global seed is set to it.

        Raises:
            ValueError: If a field is out of its range, or codec or networks do not take such data.
        """
        raise NotImplementedError

    def batches(self, gan, training, seed=0):
        """Returns the training batches of one epoch, shuffled anew in each: exactly those that a run trains on.

        Args:
            gan: The GAN that `build` returned.
            training: The data object that it was built for.
            seed: Seed of the order.

        Returns:
            A `tf.data.Dataset` for `gan.fit(..., epochs=preset.epochs)`.
        """
        raise NotImplementedError

    def data_of(self, data):
        """Returns the data object of arrays, lists and frames, as the modality's loader makes it; other data unchanged."""
        return data

    def validation_batches(self, gan, training, held_out):
        """Returns the held-out batches that a run validates on; None if held-out data take no part in training."""

    def steps_per_pass(self, training):
        """Batches in an epoch."""
        raise NotImplementedError

    def callbacks(self, training, held_out=None):
        """Callbacks that belong to the training itself, such as the one that keeps the best epoch. They write no files."""
        return []

    def fit(self, training, held_out=None, epochs=None, seed=0, callbacks=(), **fit_options):
        """Builds and trains a GAN as a run does, without a run directory.

        A run also guards against divergence, stops early and writes checkpoints: see `gan_keras.callbacks`.

        Args:
            training: Training data: a `gan_keras.data` object of the preset's modality.
            held_out: Held-out data of the same class, or None. Text needs them to choose the best epoch.
            epochs: Epochs in all, shared among the stages in the preset's proportion; None for the preset's own.
            seed: Seed of the weights, the noise and the order of the batches.
            callbacks: Further Keras callbacks, such as `gan_keras.callbacks.Samples(directory)`. Nothing is written without them.
            **fit_options: Further arguments of `keras.Model.fit`. Without `verbose`, `callbacks.Progress` shows the training.

        Returns:
            The trained GAN.
        """
        from gan_keras.callbacks.history import Progress
        from gan_keras.training import time_budget
        from gan_keras.training.console import shown

        preset, training = self, self.data_of(training)
        held_out = None if held_out is None else self.data_of(held_out)
        if epochs is not None:
            preset = self.with_stage_epochs(time_budget.share_epochs(self.stage_epochs, epochs))
        gan = preset.build(training, seed=seed)
        options = {"epochs": preset.epochs, "shuffle": False, "verbose": 0, **fit_options}
        if held_out is not None:
            options.setdefault("validation_data", preset.validation_batches(gan, training, held_out))
        with contextlib.ExitStack() as stack:
            console = None if "verbose" in fit_options else stack.enter_context(shown())
            own = preset.callbacks(training, held_out)
            options["callbacks"] = [*own, *callbacks, *([] if console is None else [Progress(console, scoring=own)])]
            gan.fit(preset.batches(gan, training, seed), **options)
        return gan

    def fitting(self, check, shape, setting):
        """Returns a shape; if `check(shape)` raises `ValueError`, its message gets the `setting` that helps."""
        try:
            check(shape)
        except ValueError as error:
            raise ValueError(f"{error} Change the preset's field: `--set {setting}`.") from error
        return shape

    def made(self, field, kind, options, *arguments):
        """Returns `kind(*arguments, **options)`; an option that it refuses is an error that names the preset's `field`."""
        try:
            return kind(*arguments, **options)
        except (TypeError, ValueError) as error:
            if not isinstance(error, self.option_errors) and "Unrecognized keyword" not in str(error):
                raise
            expected = kind.__name__ if isinstance(kind, type) else f"the networks {self.network!r}"
            problem = f"{field}={getattr(self, field)!r}: {str(error).rstrip('.')}"
            raise ValueError(f"{problem}. Expected arguments of {expected}.") from error

    def check_fields(self):
        """Raises `ValueError` unless every field is in its range and fits the others."""
        check_ranges(self, self.ranges)

    def check(self):
        """Raises `ValueError` unless the fields are right, and the objects that they describe can be made."""
        self.check_fields()

    def to_config(self):
        """Returns all fields in a form that JSON can hold."""
        return fields_of(self)

    @classmethod
    def from_config(cls, config):
        """Restores a preset from its `to_config`."""
        return cls(**copy.deepcopy(config))

    @staticmethod
    def readers():
        """Functions that read a field's object from text, by the field's name."""
        return {}


SHARED_RANGES = (
    at_least(1, "latent_dim", "batch_size", "epochs", "discriminator_steps"),
    at_least(0, "steps_per_epoch", "patience"),
    positive("generator_learning_rate", "discriminator_learning_rate"),
    below_one("beta_1", "generator_ema", "released_share"),
    at_least(0, "epsilon", "delta"),
    positive("clipping_norm"),
    one_of(PRECISIONS, "precision"),
    one_of(OPTIMIZERS, "generator_optimizer", "discriminator_optimizer"),
)


@dataclasses.dataclass
class Preset(Recipe):
    """A recipe for a `GAN`. Any field can be changed before `build`.

    A subclass adds fields, their `ranges`, and the methods `codec(data)`, which raises `ValueError` for data that it or the
    networks do not take, `networks(codec, num_labels)` -> generator, discriminator, and `one_pass(data, seed)` -> `Dataset`.

    Attributes:
        description: One line for `gan-keras presets`.
        precision: Precision of both networks, a name in `PRECISIONS`; weights and last layers are always float32.
        latent_dim: Size of the noise vector of a sample.
        conditional: Whether labels, if the data have any, condition both networks.
        loss: Name of an adversarial loss: see `gan_keras.losses`.
        penalties: Objects of `gan_keras.penalties`, or their configs. Each `build` creates its own from them.
        augmentation: An object of `gan_keras.augmentation`, its config, or None; in `--set` a name in `AUGMENTATIONS` or none.
        generator_optimizer: A name in `OPTIMIZERS`.
        generator_learning_rate: Learning rate of the generator.
        generator_options: Further arguments of the generator's optimizer.
        discriminator_optimizer: As for the generator.
        discriminator_learning_rate: As for the generator.
        discriminator_options: As for the generator.
        beta_1: Decay of the first moment, in [0, 1), for each optimizer that has one.
        batch_size: Samples per batch.
        epochs: Training epochs, >= 1.
        steps_per_epoch: Maximum number of batches per epoch; 0 for one pass over the data. Each epoch has a new order.
        discriminator_steps: Discriminator updates before each generator update, >= 1.
        generator_ema: Decay of the averaged generator, in [0, 1).
        patience: Scores in a row without an improvement after which training stops (`callbacks.EarlyStop`); 0 for never.
        epsilon: Bound of the privacy loss of a training row, > 0: see `gan_keras.privacy`; 0 trains without privacy.
        delta: Probability of a larger loss, below 1 / rows; 0 for the smaller of 1e-5 and a tenth of 1 / rows.
        clipping_norm: Largest norm of a row's gradient in a private training, > 0.
        released_share: Share of epsilon for noised statistics, such as counts, that a private training begins from, in [0, 1).
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
    epsilon: float = 0.0
    delta: float = 0.0
    clipping_norm: float = 1.0
    released_share: float = 0.0

    @property
    def stage_epochs(self):
        """Epochs by stage: here the only one."""
        return {STAGE: self.epochs}

    def with_stage_epochs(self, epochs):
        """Returns a copy with other epochs, given by stage."""
        return dataclasses.replace(self, epochs=epochs[STAGE])

    def build(self, training, seed=0):
        training = self.data_of(training)
        return self.build_conditional(training, self.num_labels(training), seed)

    def build_conditional(self, training, num_labels, seed):
        """`build` with a given number of labels."""
        import keras

        from gan_keras.gans.gan import GAN

        self.check()
        codec = self.codec(training)
        keras.utils.set_random_seed(seed)
        names = getattr(training, "label_names", None)
        names = names if names is not None and len(names) == num_labels else None
        gan = GAN(*self.networks(codec, num_labels), codec, seed, label_names=names)
        gan.compile(**self.compile_options(), privacy=self.privacy_of(training))
        return gan

    def released_of(self, training, *options):
        """Returns the noised statistics of some data that a private training begins from; None if it begins from none.

        They cost a share of epsilon, once: those that `training.released` holds are not released again.
        """
        if not (self.epsilon and self.released_share):
            return None
        return self.release(training, *options) if training.released is None else training.released

    def release(self, training):
        """Makes the statistics of `released_of`. Presets that begin from none do not override it."""
        raise NotImplementedError

    def privacy_of(self, training, released=None):
        """The `DifferentialPrivacy` of a training on some data, and on what `released_of` returned; None for `epsilon=0`."""
        if not self.epsilon:
            return None
        from gan_keras.privacy import DifferentialPrivacy

        num = len(training)
        return DifferentialPrivacy(
            self.epsilon,
            self.delta_of(num),
            train_size=num,
            batch_size=min(self.batch_size, num),
            train_steps=self.epochs * self.steps_per_pass(training),
            clipping_norm=self.clipping_norm,
            released=None if released is None else {released.name: released.noise_multiplier},
        )

    def delta_of(self, num):
        """`delta`, or the default for a number of rows; raises `ValueError` if it is too large for them."""
        if self.delta * num >= 1:
            raise ValueError(f"delta={self.delta:g} for {num:,} rows. Expected less than 1 / rows = {1 / num:.2g}, such as 1e-5.")
        return self.delta or min(1e-5, 0.1 / num)

    def private_rows(self, data):
        """Returns the rows of a private training as `data.poisson_batches` reads them. Presets without one do not override it."""
        raise NotImplementedError

    def batches(self, gan, training, seed=0):
        if gan.privacy is not None:
            from gan_keras.data import poisson_batches

            return poisson_batches(self.private_rows(self.data_of(training)), gan.privacy, self.steps_per_pass(training))
        batches = self.one_pass(self.data_of(training), seed)
        return batches.take(self.steps_per_epoch) if self.steps_per_epoch else batches

    def steps_per_pass(self, training):
        if self.epsilon and self.steps_per_epoch:
            return self.steps_per_epoch  # each Poisson sample is drawn from all rows
        steps = len(training) // self.batch_size
        return min(steps, self.steps_per_epoch) if self.steps_per_epoch else steps

    def compile_options(self):
        """The keyword arguments of `GAN.compile`, with new objects in every call."""
        import keras

        from gan_keras import penalties

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
        """Number of the data's labels that condition the networks; 0 for none."""
        names = getattr(data, "label_names", None)
        return len(names) if self.conditional and names is not None else 0

    def with_used_labels(self, data):
        """The data without labels if none condition the networks."""
        return data if self.num_labels(data) else dataclasses.replace(data, labels=None, label_names=None)

    def optimizer(self, player):
        """The optimizer of the `"generator"` or the `"discriminator"`."""
        import keras

        kind = getattr(keras.optimizers, OPTIMIZERS[getattr(self, f"{player}_optimizer")])
        betas = {"beta_1": self.beta_1} if "beta_1" in inspect.signature(kind).parameters else {}
        options = getattr(self, f"{player}_options")
        try:
            return kind(getattr(self, f"{player}_learning_rate"), **{**betas, **options})
        except (TypeError, ValueError) as error:
            raise ValueError(f"{player}_options={options!r}: {error}. Expected arguments of {kind.__name__}.") from error

    def try_optimizer(self, player):
        """Raises `ValueError` unless the optimizer makes an update: some wrong arguments show no sooner."""
        import tensorflow as tf

        optimizer = self.optimizer(player)
        try:
            config = {**optimizer.get_config(), "name": "tried"}  # Keras numbers the names that it makes
            make_update(type(optimizer), json.dumps(config, sort_keys=True), tf.distribute.get_strategy())
        except (TypeError, ValueError, tf.errors.OpError) as error:
            problem = f"{player}_options={getattr(self, f'{player}_options')!r}: {error}"
            raise ValueError(f"{problem}. Expected arguments of {type(optimizer).__name__} in their ranges.") from error

    def check_fields(self):
        check_ranges(self, SHARED_RANGES)
        super().check_fields()
        if self.epsilon and type(self).private_rows is Preset.private_rows:
            raise ValueError(
                f"epsilon={self.epsilon:g} for {type(self).__name__}, which has no private training. Expected epsilon=0, or "
                "images, tables, series or points."
            )

    def check(self):
        from gan_keras import losses, penalties

        super().check()
        losses.get(self.loss)
        for penalty in self.penalties:
            try:
                penalties.get(config_of(penalty))
            except (TypeError, AttributeError) as error:
                raise ValueError(f"penalty={penalty!r}: {error} Expected a config of `gan_keras.penalties`.") from error
        for player in ("generator", "discriminator"):
            self.try_optimizer(player)

    def to_config(self):
        config = fields_of(self)
        return {**config, "penalties": list(map(config_of, self.penalties)), "augmentation": config_of(self.augmentation)}

    @staticmethod
    def readers():
        return {"augmentation": augmentation_by_name}


def augmentation_by_name(name):
    """The config of the augmentation with a name in `AUGMENTATIONS`; None for `"none"`."""
    if name not in ("none", *AUGMENTATIONS):
        raise ValueError(f"augmentation={name!r}. {choice_of(name, ['none', *AUGMENTATIONS])}.")
    if name == "none":
        return None
    from gan_keras import augmentation

    return config_of(getattr(augmentation, AUGMENTATIONS[name])())


@functools.lru_cache(maxsize=64)
def make_update(kind, config, strategy):
    """Makes an update with an optimizer of class `kind` and a config in JSON. Remembers what worked: each try builds a graph."""
    import keras
    import tensorflow as tf

    optimizer, weight = kind.from_config(json.loads(config)), keras.Variable([0.0])
    optimizer.build([weight])
    strategy.run(tf.function(lambda: optimizer.apply([keras.ops.zeros(1)], [weight]), autograph=False))
