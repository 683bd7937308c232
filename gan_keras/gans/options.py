"""Arguments of `compile`, as users of Keras write them: each works, or is refused before training."""

import keras

from gan_keras import optimizers
from gan_keras.diagnosis.names import choice_of

KERAS_OPTIONS = ("run_eagerly", "steps_per_execution", "jit_compile")
"""Arguments of `keras.Model.compile` that `GAN.compile` passes on."""


def check_options(options, metrics, augmentation):
    """Raises `ValueError` for arguments of `keras.Model.compile` that a GAN does not have, or objects of another kind."""
    if "optimizer" in options:
        raise ValueError(
            f"optimizer={options['optimizer']!r}. Expected one for each network: `compile(generator_optimizer='adam', "
            "discriminator_optimizer='adam')`."
        )
    for name in ("loss_weights", "weighted_metrics"):
        if options.get(name) is not None:
            raise ValueError(
                f"{name}={options[name]!r}. Expected none: a penalty has a strength `gamma`, an auxiliary objective a `weight`."
            )
    known = ("generator_optimizer", "discriminator_optimizer", "loss", "penalties", "auxiliary", "metrics", *KERAS_OPTIONS)
    if unknown := [name for name in options if name not in KERAS_OPTIONS and options[name] is not None]:
        raise ValueError(f"{unknown[0]}={options[unknown[0]]!r}. {choice_of(unknown[0], known)}.")
    if strange := [each for each in as_list(metrics) if not isinstance(each, keras.metrics.Metric)]:
        raise ValueError(
            f"metrics={strange[0]!r}. Expected `keras.metrics.Metric` objects with `update_state(real_data, fake_data)`: samples "
            "have no right answer that a name such as 'accuracy' could compare."
        )
    if augmentation is not None and not callable(augmentation):
        raise ValueError(f"augmentation={augmentation!r}. Expected a function, such as `gan_keras.augmentation.DiffAugment()`.")


def as_list(found):
    """Returns a list of what may be a single object, a name, or a sequence of them."""
    return list(found) if isinstance(found, list | tuple) else [] if found is None else [found]


def check_steps(discriminator_steps, generator_steps, generator_ema):
    """Raises `ValueError` unless steps per round and the decay of the average are in their ranges."""
    if min(discriminator_steps, generator_steps) < 1 or not 0 <= optimizers.first_value(generator_ema) < 1:
        raise ValueError(
            f"discriminator_steps={discriminator_steps}, generator_steps={generator_steps}, generator_ema={generator_ema}. "
            "Expected steps >= 1 and generator_ema in [0, 1)."
        )


def check_unused(options, reason, names=("penalties", "augmentation", "auxiliary", "history_pool")):
    """Raises `ValueError` if one of the named arguments of `compile` is given."""
    if given := [f"{name}={options[name]!r}" for name in names if options.get(name)]:
        raise ValueError(f"Got {', '.join(given)}. Expected none: {reason}")
