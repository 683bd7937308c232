"""Trains GANs on one device and on two virtual ones, and prints as JSON how far apart they end: see `test_strategies.py`.

Usage: `python two_devices.py FILE.npz CHECK ...` for two devices; with `TF_CONFIG` set, as one of several workers. The file
receives the final weights and logs of the cases in `OF_WORKERS`, trained on one device or by the worker.
This is a process of its own because TensorFlow makes virtual devices only before it starts.
"""

import functools
import json
import os
import pathlib
import sys
import tempfile

import keras
import numpy as np
import tensorflow as tf

import gan_keras
from gan_keras import augmentation, auxiliary, constraints, penalties
from gan_keras.data import text_batches
from gan_keras.data.text.phrases import english_phrases
from gan_keras.gans import text_generation
from gan_keras.networks import MLPGenerator, layers
from gan_keras.training import devices

text_generation._CALIBRATION_DRAFTS = 256  # enough for a comparison

STEPS, BATCH = 8, 16
POINTS = np.random.default_rng(0).normal(size=(STEPS * BATCH, 2)).astype("float32")
IMAGES = np.random.default_rng(1).uniform(-1, 1, (STEPS * BATCH, 8, 8, 1)).astype("float32")
EPOCHS_OF_TEXT = 2
LINES = english_phrases().sample(STEPS // EPOCHS_OF_TEXT * BATCH, seed=0)

# Each penalty and each loss is in one of them. The graphs are what costs, not the steps: a case combines all that it can.
CASES = {
    "R1, R2, Consistency": {
        "loss": "relativistic_paired",
        "penalties": lambda: [penalties.R1(), penalties.R2(), penalties.Consistency(keras.layers.GaussianNoise(0.5, seed=1))],
    },
    "GradientPenalty": {"loss": "wasserstein", "penalties": lambda: [penalties.GradientPenalty()]},
    "OneSided, HistoryPool, Clip": {
        "loss": "hinge",
        "penalties": lambda: [penalties.OneSidedGradientPenalty(target=0.1)],
        "history_pool": lambda: gan_keras.HistoryPool(24),
        "constraint": constraints.Clip(0.3),
    },
    "DRAGAN": {"loss": "minimax", "penalties": lambda: [penalties.DRAGAN()], "adam": {"clipnorm": 0.05}},
    "LeCam": {
        "loss": "least_squares",
        "penalties": lambda: [penalties.LeCam()],
        "adam": {"global_clipnorm": 0.1},
        "discriminator_steps": 2,
    },
    "Lazy, FeatureMatching": {
        "loss": "relativistic_average",
        "penalties": lambda: [penalties.Lazy(penalties.R2(), 3)],
        "auxiliary": lambda: [auxiliary.FeatureMatching()],
    },
}
OF_WORKERS = ("GradientPenalty", "LeCam", "text cooperative")


def half_precision_gan():
    """The first scale of its loss overflows."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        gan = point_gan(penalties=[penalties.R1()])
    finally:
        keras.config.set_dtype_policy("float32")
    gan.loss_scale.scale.assign(2.0**30)
    return gan


def points(data=POINTS):
    return tf.data.Dataset.from_tensor_slices(data).batch(BATCH, drop_remainder=True)


def point_gan(adam=None, constraint=None, **options):
    keras.utils.set_random_seed(3)
    inputs = [keras.Input((2,)), *(keras.layers.Dense(n, a, kernel_constraint=constraint) for n, a in ((8, "tanh"), (1, None)))]
    gan = gan_keras.GAN(MLPGenerator((2,), latent_dim=4, units=(8,)), keras.Sequential(inputs), seed=1)
    options = {name: option() if callable(option) else option for name, option in options.items()}
    # A relativistic loss gives the last bias a gradient of 0: with a smaller epsilon Adam would make steps of its rounding.
    gan.compile(*(keras.optimizers.Adam(1e-3, **{"epsilon": 1e-5, **(adam or {})}) for _ in range(2)), **options)
    return gan


def image_gan():
    """A GAN with all that images have: normalisations of both kinds, adaptive augmentation, a penalty."""
    keras.utils.set_random_seed(3)
    dense = [keras.layers.Dense(32), keras.layers.Reshape((4, 4, 2)), layers.BatchNormalization(), keras.layers.ReLU()]
    image = keras.layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="tanh")
    generator = keras.Sequential([keras.Input((4,)), *dense, image])
    reading = [layers.SpectralNormalization(keras.layers.Conv2D(4, 3, strides=2, use_bias=False)), layers.BatchNormalization()]
    ending = [keras.layers.LeakyReLU(), keras.layers.Flatten(), keras.layers.Dense(1)]
    gan = gan_keras.GAN(generator, keras.Sequential([keras.Input((8, 8, 1)), *reading, *ending]), seed=1)
    augmented = augmentation.Adaptive(strength=0.5)
    gan.compile("sgd", "sgd", augmentation=augmented, penalties=[penalties.R1()])
    return gan


def text_gan(feedback, pretraining_epochs):
    keras.utils.set_random_seed(3)
    codec = gan_keras.codecs.WordCodec()
    codec.adapt(LINES)
    size = codec.vocabulary_size
    generator = gan_keras.networks.RecurrentGenerator(size, codec.length, 4, 8, 8, dropout=0.0)
    discriminator = gan_keras.networks.ConvolutionalDiscriminator(size, (2,), embedding_dim=8, filters=8, dropout=0.0)
    gan = gan_keras.TextGAN(generator, discriminator, codec)
    rates = (keras.optimizers.Adam(1e-3, global_clipnorm=0.1, epsilon=1e-5) for _ in range(2))
    stages = {"pretraining_epochs": pretraining_epochs, "discriminator_epochs": 0}
    gan.compile(*rates, feedback=feedback, **stages, generator_ema=0.9, drafts_per_line=2)
    return gan


def lines(gan):
    return text_batches(LINES, gan.codec, BATCH)


def weights(gan):
    own = [np.array(variable) for variable in gan.own_state().values()]
    return [*gan.generator.get_weights(), *gan.discriminator.get_weights(), *gan.ema_generator.get_weights(), *own]


def furthest(first, second):
    """The largest difference of two lists of arrays."""
    return max(
        float(np.abs(np.asarray(a, np.float64) - b)[np.isfinite(b)].max(initial=0.0)) for a, b in zip(first, second, strict=True)
    )


def train(strategy, make, data, epochs=1, is_validated=False):
    with strategy.scope():
        gan = make()
    batches = data(gan) if data is lines else data()
    callbacks = [gan_keras.callbacks.AdaptiveAugmentation(every=4)] if gan.augmentation else []
    validation = {"validation_data": batches.take(2)} if is_validated else {}
    return gan, gan.fit(batches, epochs=epochs, **validation, callbacks=callbacks, verbose=0, shuffle=False).history


def outcome(strategy, name):
    """Weights and logs after one of the `runs`."""
    gan, logs = train(strategy, *runs()[name])
    return weights(gan), logs


@functools.cache
def alone(name):
    """The outcome on one device."""
    return outcome(ONE, name)


def compare(name):
    """Largest differences of weights and of logs after the same training on one device and on two."""
    (one, one_logs), (two, two_logs) = alone(name), outcome(TWO, name)
    assert one_logs.keys() == two_logs.keys()
    return {"weights": furthest(one, two), "logs": furthest(one_logs.values(), two_logs.values())}


def as_vector(outcome):
    """All weights and logs of an outcome, one after the other."""
    return np.concatenate([np.ravel(each) for each in (*outcome[0], *outcome[1].values())])


def noise():
    """Checks in four draws that two replicas draw what one device draws, each its own half."""

    def draws(strategy, num):
        with strategy.scope():
            gan = point_gan()
        step = tf.function(lambda: strategy.run(lambda: gan.latents_from(gan.next_seeds(num))))
        return np.stack([np.concatenate(strategy.experimental_local_results(step())) for _ in range(4)])

    one, two = draws(ONE, 2 * BATCH), draws(TWO, BATCH)
    rows = two.reshape(-1, two.shape[-1])
    return {"equal": bool((one == two).all()), "different": len(np.unique(rows, axis=0)) == len(rows)}


def numbers(gan):
    """Every number of a GAN, including those of its optimizers."""
    optimizers = (gan.generator_optimizer, gan.discriminator_optimizer)
    return [*weights(gan), *(np.array(variable) for each in optimizers for variable in each.variables)]


def interchange(first, second):
    """Trains half with one strategy, saves, loads and trains on with another; compares with all of it on one device."""
    half, make = points().take(STEPS // 2), functools.partial(point_gan, **CASES["DRAGAN"])
    gan, _ = train(first, make, lambda: half)
    path = pathlib.Path(tempfile.mkdtemp()) / "gan.keras"
    gan.save(path)
    gan.save_weights(path.with_suffix(".weights.h5"))
    with second.scope():
        gan = keras.saving.load_model(path)
        other = make()
    other.load_weights(path.with_suffix(".weights.h5"))
    same = furthest(numbers(gan), numbers(other))
    gan.fit(points().skip(STEPS // 2), verbose=0, shuffle=False)
    return {"model": furthest(weights(gan), alone("DRAGAN")[0]), "weights": same}


def message(function, *arguments):
    """The error of a call."""
    try:
        function(*arguments)
    except ValueError as error:
        return str(error)
    return None


def mistakes():
    def parts_from_outside():
        optimizer = keras.optimizers.Adam()
        with TWO.scope():
            point_gan().compile(optimizer, "adam")

    def in_scope(make, data):
        with TWO.scope():
            gan = make()
        gan.fit(data, verbose=0)

    outside = point_gan()
    with TWO.scope():
        inside = point_gan()

    def fit_outside():
        with TWO.scope():
            outside.fit(points(), verbose=0)

    return {
        "outside": message(fit_outside),
        "optimizer": message(parts_from_outside),
        "accumulation": message(in_scope, lambda: point_gan(adam={"gradient_accumulation_steps": 2}), points()),
        "generator": message(in_scope, point_gan, (POINTS[row : row + 4] for row in (0, 4))),
        "single": message(inside.train_on_batch, POINTS[:4]),
        "odd": message(in_scope, point_gan, points().unbatch().batch(5, drop_remainder=True)),
    }


def uneven():
    """Counts the steps of an epoch whose last batch of 5 samples has no two equal parts."""
    with TWO.scope():
        gan = point_gan(steps_per_execution=4)
    gan.fit(tf.data.Dataset.from_tensor_slices(POINTS[: 2 * BATCH + 5]).batch(BATCH), verbose=0, shuffle=False)
    return int(gan.generator_optimizer.iterations.numpy())


def runs():
    """The trainings to compare: a function that makes the GAN, its data, epochs, and whether it is validated."""
    return {
        **{name: (functools.partial(point_gan, **options), points) for name, options in CASES.items()},
        "mixed_float16": (half_precision_gan, points, 3),  # the scale falls for more than an epoch
        "images": (image_gan, functools.partial(points, IMAGES), 1, True),
        "text cooperative": (functools.partial(text_gan, "cooperative", 1), lines, EPOCHS_OF_TEXT, True),
        "text policy_gradient": (functools.partial(text_gan, "policy_gradient", 0), lines),
    }


def check(name):
    others = {
        "noise": noise,
        "one to two": lambda: interchange(ONE, TWO),
        "two to one": lambda: interchange(TWO, ONE),
        "mistakes": mistakes,
        "uneven": uneven,
    }
    return others[name]() if name in others else compare(name)


if __name__ == "__main__":
    file, *names = sys.argv[1:]
    if "TF_CONFIG" in os.environ:
        ONE = devices.get("multi_worker")
    else:
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        ONE, TWO = tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        for name in names:
            print(json.dumps({name: check(name)}), flush=True)
    np.savez(file, **{name: as_vector(alone(name)) for name in OF_WORKERS if name in names})
