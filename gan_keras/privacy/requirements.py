"""What a private training refuses, before any training: each path by which private rows would reach anything but the noise."""

import inspect
import math

import keras
import numpy as np
import tensorflow as tf

from gan_keras.auxiliary import Objective
from gan_keras.losses import Hinge, LeastSquares, Minimax, NonSaturating, Wasserstein
from gan_keras.networks.base import call_network
from gan_keras.penalties import R1, R2
from gan_keras.privacy.accounting import epsilon_of

LOSSES = (NonSaturating, Minimax, Hinge, LeastSquares, Wasserstein)
"""Losses that judge each row by itself."""

OWN_STEPS = ("train_step", "train_discriminator", "train_generator", "discriminator_loss", "generator_loss")
USED = ("compile", "fit", "read_batch", "judge", "augmented", "latents_from", "labels_from", "next_seeds", "average_generator")
"""Methods that a private training calls: those of a user's subclass may do anything with private rows."""


def check_numbers(epsilon, delta, train_size, batch_size, train_steps, clipping_norm, released, noise_multiplier=None):
    """Raises `ValueError` if an argument of `DifferentialPrivacy` is out of its range."""
    ranges = {
        "epsilon": (epsilon, 0 < epsilon < math.inf, "more than 0, such as 1 or 3"),
        "train_size": (train_size, train_size >= 2, "the number of training rows, at least 2"),
        "delta": (delta, 0 < delta < 1 / max(2, train_size), f"more than 0 and less than 1 / train_size = {1 / train_size:.2g}"),
        "batch_size": (batch_size, 1 <= batch_size <= train_size, f"from 1 to train_size = {train_size}"),
        "train_steps": (train_steps, train_steps >= 1, "at least 1"),
        "clipping_norm": (clipping_norm, 0 < clipping_norm < math.inf, "more than 0, such as 1"),
        "released": (released, all(each > 0 for each in released.values()), "noise multipliers above 0"),
        "noise_multiplier": (noise_multiplier, noise_multiplier is None or noise_multiplier > 0, "more than 0, or None"),
    }
    for name, (value, is_right, expected) in ranges.items():
        if not is_right:
            raise ValueError(f"{name}={value!r}. Expected {expected}.")


def chosen(privacy, before):
    """Returns the privacy that `compile` sets: the GAN's own, if the new one is the same.

    Args:
        privacy: The `DifferentialPrivacy` given to `compile`, or None.
        before: The GAN's so far, or None.

    Raises:
        ValueError: If the GAN has spent steps of another privacy, or would go on without.
    """
    if before is None or not before.steps_spent:
        same = privacy is not None and before is not None and privacy.get_config() == before.get_config()
        return before if same else privacy
    if privacy is None:
        raise ValueError(
            f"Got no privacy for a GAN that has spent {before.steps_spent:,} steps of one, which would be void. Expected "
            "`compile(..., privacy=gan.privacy)`; to give it up: `gan.privacy = None` before."
        )
    if privacy.get_config() != before.get_config():
        raise ValueError(
            f"The GAN has spent {before.steps_spent:,} steps of another privacy, {before.get_config()}. Expected the same, or a "
            "new GAN: what both tell about a row adds up."
        )
    return before


def check_gan(gan):
    """Raises `ValueError` unless private rows reach the discriminator's clipped gradients alone."""
    privacy = gan.privacy
    check_class(gan)
    check_options(gan)
    check_discriminator(gan)
    if getattr(gan.codec, "has_read_rows", False):
        raise ValueError(
            f"privacy with a {type(gan.codec).__name__} that has learned from rows, such as their ranges. Expected one of public "
            "or noised numbers: give them to its constructor, in the place of `adapt`; for tables, with a public schema."
        )
    if int(gan.draws) > int(privacy.drawn.value) and not (privacy.public_start and not privacy.steps_spent):
        raise ValueError(
            "The GAN has been trained without privacy before. Expected a new one; if it was trained on public data alone, say "
            "so: `DifferentialPrivacy(..., public_start=True)`."
        )


def check_class(gan):
    """Raises `ValueError` for a class of GANs whose steps are its own, such as of text, translations or `TimeGAN`."""
    own = [name for name in OWN_STEPS if getattr(type(gan), name).__module__ != "gan_keras.gans.gan"]
    if own:
        raise ValueError(
            f"privacy with {type(gan).__name__}, whose `{own[0]}` is its own and may read private rows elsewhere. Expected "
            "a GAN of images, tables, series or points with the steps of `GAN` or `TableGAN`."
        )
    own = [name for name in USED if not getattr(type(gan), name).__module__.startswith("gan_keras.")]
    if own:
        raise ValueError(
            f"privacy with {type(gan).__name__}, whose `{own[0]}` is its own, which nobody has checked. Expected `GAN` or "
            "`TableGAN`."
        )


def check_options(gan):
    """Raises `ValueError` for arguments of `compile` by which private rows reach more than clipped gradients."""
    loss = gan.adversarial_loss
    if type(loss) not in LOSSES:
        raise ValueError(
            f"privacy with loss={type(loss).__name__}, which compares rows with each other or reads real rows for the generator. "
            "Expected one that judges each row by itself: 'non_saturating', 'minimax', 'hinge', 'least_squares' or 'wasserstein'."
        )
    if strange := [each for each in gan.penalties if type(each) not in (R1, R2)]:
        raise ValueError(
            f"privacy with the penalty {type(strange[0]).__name__}, which mixes rows, or counts its calls. Expected "
            "`penalties.R1` or `penalties.R2`, not lazy."
        )
    reading = [each for each in gan.auxiliary if type(each).discriminator is not Objective.discriminator or each.reads_real]
    if reading:
        raise ValueError(
            f"privacy with the objective {type(reading[0]).__name__}, by which the generator learns from real rows directly. "
            "Expected none that reads real rows."
        )
    if gan.history_pool is not None:
        raise ValueError(
            "privacy with a history pool, which depends on the sizes of samples, and these are private. Expected none."
        )
    if hasattr(gan.augmentation, "observe"):
        raise ValueError(
            "privacy with an adaptive augmentation, which reads the logits of real rows. Expected a constant one: "
            "`augmentation.DiffAugment()`."
        )
    if gan.num_replicas > 1:
        raise ValueError(f"privacy on {gan.num_replicas} devices. Expected one: strategy='none'.")
    if gan.compile_options.get("steps_per_execution", 1) not in (None, 1):
        raise ValueError("privacy with steps_per_execution above 1. Expected 1, so that training ends at its budget.")
    narrow = [
        each.name
        for network in (gan.generator, gan.discriminator)
        for each in network._flatten_layers()
        if each.compute_dtype not in ("float32", None) and each.compute_dtype != each.variable_dtype
    ]
    if narrow:
        raise ValueError(
            f"privacy with the layer {narrow[0]!r} in mixed precision, whose rounding moves norms beyond the bound. Expected "
            "float32."
        )


def check_discriminator(gan):
    """Raises `ValueError` if the discriminator's logit of a row depends on other rows, or it remembers rows by itself."""
    network = gan.discriminator
    if getattr(network, "num", 1) > 1:
        raise ValueError(
            f"privacy with packs of {network.num} rows, in which a row changes the gradients of others. Expected pack=1."
        )
    if network.losses:
        raise ValueError(
            "privacy with regularizers in the discriminator. Expected none: use the `weight_decay` of its optimizer."
        )
    state = [*network.variables, *getattr(gan.augmentation, "variables", ())]
    before = [np.array(each) for each in state]
    samples, labels = (each if each is None else tf.convert_to_tensor(each) for each in samples_of(gan))

    def mixes(samples):
        """Returns whether the first logit depends on other rows, and what is left in the variables after the pass."""
        restore(state, before)
        for index, each in enumerate(network.trainable_variables):  # fresh weights of 0 would hide what follows them
            each.assign(each + 0.1 * np.random.default_rng(index).normal(size=each.shape))
        with tf.GradientTape() as tape:
            tape.watch(samples)
            first = tf.reduce_sum(gan.judge(samples, labels)[0])
        gradient = tape.gradient(first, samples) if samples.dtype.is_floating else None
        left = [np.array(each) for each in state]
        return gradient is not None and float(tf.reduce_max(tf.abs(gradient[1:]))) > 0, left

    try:
        (is_mixing, left), (_, of_others) = mixes(samples), mixes(samples[::-1] * 2)
    finally:
        restore(state, before)
    keeping = [each.path for each, one, other in zip(state, left, of_others, strict=True) if not np.array_equal(one, other)]
    if is_mixing or keeping:
        layers = [each.name for each in network._flatten_layers() if "batch" in type(each).__name__.lower()]
        named = f" (layers {', '.join(layers)})" if layers else f" ({keeping[0]})" if keeping else ""
        what = "whose logit of a row depends on other rows" if is_mixing else "that remembers rows besides its trained weights"
        raise ValueError(
            f"privacy with a discriminator {what}{named}. Expected one that reads each row by itself: "
            "`keras.layers.GroupNormalization` or `LayerNormalization` in the place of batch normalization."
        )


def samples_of(gan):
    """Returns four generated samples, and their labels or None."""
    seeds = tf.range(4, dtype=tf.int64)
    labels = gan.labels_from(seeds)
    return call_network(gan.generator, gan.latents_from(seeds), labels), labels


def restore(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


# --- `fit`. ---

_FIT = inspect.signature(keras.Model.fit)


def check_fit(gan, *args, **kwargs):
    """Raises `ValueError` unless `fit` gets Poisson samples of the GAN's privacy, and nothing else that reads private rows.

    Args:
        gan: A compiled `GAN`.
        *args: Arguments of `keras.Model.fit`.
        **kwargs: Further ones.
    """
    options = dict(_FIT.bind(gan, *args, **kwargs).arguments)
    privacy, x = gan.privacy, options.get("x")
    own = getattr(x, "privacy", None)
    if privacy is None and own is not None:
        raise ValueError(
            "Got Poisson samples for a private training, and a GAN without privacy. Expected `compile(..., privacy=privacy)`, or "
            "ordinary batches."
        )
    if privacy is None:
        return
    check_gan(gan)  # again: attributes may have been set since `compile`
    if own is not privacy:
        raise ValueError(
            f"Got {type(x).__name__} for a private training. Expected Poisson samples as they are, in which each row is "
            "by chance: `fit(gan_keras.data.poisson_batches(rows, gan.privacy))`."
        )
    check_kind(gan, x.element_spec)
    if options.get("validation_data") is not None or options.get("validation_split"):
        raise ValueError(
            "Got validation data for a private training, whose logs would tell about these rows. Expected none: use `evaluate` "
            "after the training, whose result is not covered by the guarantee."
        )
    callbacks = options.get("callbacks") or []
    callbacks = getattr(callbacks, "callbacks", callbacks)  # of a `keras.callbacks.CallbackList`
    for callback in callbacks if isinstance(callbacks, list | tuple) else [callbacks]:
        if getattr(callback, "reads_data", False):
            raise ValueError(
                f"Got the callback {type(callback).__name__}, which compares with private rows. Expected none of them: set "
                "`quality_every=0` in a preset."
            )
    if privacy.steps_spent >= privacy.train_steps:
        raise ValueError(
            f"{privacy.ending} Expected a new GAN: more steps of this one would say more about its rows than epsilon."
        )
    spends = epsilon_of(privacy.noise_multiplier, privacy.sampling_rate, privacy.train_steps, privacy.delta, privacy.multipliers)
    if spends > privacy.epsilon:
        raise ValueError(
            f"noise_multiplier={privacy.noise_multiplier:g} spends epsilon={spends:.4g} of {privacy.epsilon:g}. Expected more "
            "noise, or None, which calibrates it."
        )


def check_kind(gan, spec):
    """Raises `ValueError` if the codec would have to look at private rows to know their scale."""
    samples = spec[0] if isinstance(spec, tuple) else spec
    if (
        getattr(gan.codec, "checks_values", False)
        and not gan.codec.raw_dtype.is_floating
        and samples.dtype != gan.codec.raw_dtype
    ):
        raise ValueError(
            f"Got {gan.codec.output_name}s as {samples.dtype.name} for a private training, in which their range is not looked "
            f"up. Expected {gan.codec.raw_dtype.name}: `(255 * x).astype('uint8')` for x in [0, 1]."
        )
