"""What a private training refuses, before any training: each path by which private rows would reach anything but the noise."""

import math

import tensorflow as tf

from gan_keras.auxiliary import Objective
from gan_keras.losses import Hinge, LeastSquares, Minimax, NonSaturating, Wasserstein
from gan_keras.networks.base import call_network
from gan_keras.penalties import R1, R2

LOSSES = (NonSaturating, Minimax, Hinge, LeastSquares, Wasserstein)
"""Losses that judge each row by itself."""

OWN_STEPS = ("train_step", "train_discriminator", "train_generator", "discriminator_loss", "generator_loss")


def check_numbers(epsilon, delta, train_size, batch_size, train_steps, clipping_norm, released):
    """Raises `ValueError` if an argument of `DifferentialPrivacy` is out of its range."""
    ranges = {
        "epsilon": (epsilon, 0 < epsilon < math.inf, "more than 0, such as 1 or 3"),
        "train_size": (train_size, train_size >= 2, "the number of training rows, at least 2"),
        "delta": (delta, 0 < delta < 1 / max(2, train_size), f"more than 0 and less than 1 / train_size = {1 / train_size:.2g}"),
        "batch_size": (batch_size, 1 <= batch_size <= train_size, f"from 1 to train_size = {train_size}"),
        "train_steps": (train_steps, train_steps >= 1, "at least 1"),
        "clipping_norm": (clipping_norm, 0 < clipping_norm < math.inf, "more than 0, such as 1"),
        "released": (released, all(each > 0 for each in released.values()), "noise multipliers above 0"),
    }
    for name, (value, is_right, expected) in ranges.items():
        if not is_right:
            raise ValueError(f"{name}={value!r}. Expected {expected}.")


def check_gan(gan):
    """Raises `ValueError` unless private rows reach the discriminator's clipped gradients alone."""
    check_class(gan)
    check_options(gan)
    check_discriminator(gan)
    if int(gan.draws) and not gan.privacy.steps_spent and not gan.privacy.public_start:
        raise ValueError(
            "The GAN has been trained without privacy before. Expected a new one; if it was trained on public data alone, say "
            "so: `DifferentialPrivacy(..., public_start=True)`."
        )


def check_class(gan):
    """Raises `ValueError` for a class of GANs whose steps are its own, such as of text, translations or `TimeGAN`."""
    own = [name for name in OWN_STEPS if getattr(type(gan), name).__module__ != "gan_keras.gans.gan"]
    if own:
        raise ValueError(
            f"privacy with {type(gan).__name__}, whose `{own[0]}` is its own and may read private rows elsewhere. Expected a GAN of "
            "images, tables, series or points with the steps of `GAN` or `TableGAN`."
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
            f"privacy with the layer {narrow[0]!r} in mixed precision, whose rounding moves norms beyond the bound. Expected float32."
        )


def check_discriminator(gan):
    """Raises `ValueError` if the discriminator's logit of a row depends on other rows, or it has losses of its own."""
    if getattr(gan.discriminator, "num", 1) > 1:
        raise ValueError(
            f"privacy with packs of {gan.discriminator.num} rows, in which a row changes the gradients of others. Expected pack=1."
        )
    seeds = tf.range(4, dtype=tf.int64)
    labels = gan.labels_from(seeds)
    samples = call_network(gan.generator, gan.latents_from(seeds), labels)
    if samples.dtype.is_floating:
        with tf.GradientTape() as tape:
            tape.watch(samples)
            first = tf.reduce_sum(call_network(gan.discriminator, samples, labels, training=True)[0])
        gradient = tape.gradient(first, samples)
        if gradient is not None and float(tf.reduce_max(tf.abs(gradient[1:]))) > 0:
            mixing = [each.name for each in gan.discriminator._flatten_layers() if "batch" in type(each).__name__.lower()]
            named = f" (layers {', '.join(mixing)})" if mixing else ""
            raise ValueError(
                f"privacy with a discriminator whose logit of a row depends on other rows{named}. Expected one that reads each row "
                "by itself: `keras.layers.GroupNormalization` or `LayerNormalization` in the place of batch normalization."
            )
    if gan.discriminator.losses:
        raise ValueError(
            "privacy with regularizers in the discriminator. Expected none: use the `weight_decay` of its optimizer."
        )


def check_data(gan, x, options):
    """Raises `ValueError` unless `fit` gets Poisson samples of the same privacy, nothing to validate on, and budget is left."""
    privacy = gan.privacy
    if getattr(x, "privacy", None) is not privacy:
        raise ValueError(
            f"Got {type(x).__name__} for a private training. Expected Poisson samples, in which each row is by chance: "
            "`fit(gan_keras.data.poisson_batches(rows, privacy))`, with the `privacy` of `compile`."
        )
    if options.get("validation_data") is not None or options.get("validation_split"):
        raise ValueError(
            "Got validation data for a private training, whose logs would tell about these rows. Expected none: use `evaluate` "
            "after the training, whose result is not covered by the guarantee."
        )
    if privacy.steps_spent >= privacy.train_steps:
        raise ValueError(
            f"The privacy budget is spent: {privacy.train_steps:,} steps, epsilon={privacy.epsilon_spent:.3g}. Expected a new "
            "GAN: more steps of this one would say more about its rows than epsilon."
        )
    callbacks = options.get("callbacks") or []
    for callback in callbacks if isinstance(callbacks, list | tuple) else [callbacks]:
        if getattr(callback, "reads_data", False):
            raise ValueError(
                f"Got the callback {type(callback).__name__}, which compares with private rows. Expected none of them: set "
                "`quality_every=0` in a preset."
            )
