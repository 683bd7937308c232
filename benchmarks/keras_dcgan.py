"""Keras' published DCGAN tutorial, trained by `GAN.fit` and by the tutorial's own kind of step, in turn in one process.

    python benchmarks/keras_dcgan.py --data mnist.npz --seeds 0 1 2

Networks and settings: "GAN overriding Model.train_step" of keras.io (keras-team/keras-io, examples/generative/
dcgan_overriding_train_step.py, revision 0d5f327 of 2020): images of 28 by 28 in [0, 1], 128 latents, batches of 64, Adam with a
rate of 3e-4, cross-entropy with up to .05 of noise on the labels, training and test images together. Here 5,000 test images are
kept away from both for the scores. Both begin with the same weights and read the same batches.

They take turns of some steps, so that what else the machine does falls on both; images a second are those of the median turn.
Frechet distance of 5,000 images to the images kept away, on the features of a classifier trained on the training images.
"""

import argparse
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

import gan_keras
from gan_keras.losses import NonSaturating
from gan_keras.metrics import ImageQuality, train_extractor

LATENT_DIM, BATCH_SIZE, RATE, LABEL_NOISE, HELD_OUT, NUM = 128, 64, 3e-4, 0.05, 5000, 5000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="mnist.npz with x_train, y_train and x_test")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--steps", type=int, default=600, help="of each of the two")
    parser.add_argument("--turn", type=int, default=50, help="steps of a turn")
    arguments = parser.parse_args()
    training, quality = read(arguments.data)
    print("| seed | step | images a second | of the tutorial's | Frechet distance | averaged generator |")
    print("|---|---|---|---|---|---|")
    for seed in arguments.seeds:
        compare(seed, training, quality, arguments.steps, arguments.turn)


def read(path):
    """Images to train on, and what scores generated ones."""
    with np.load(path) as arrays:
        images, test, labels = arrays["x_train"], arrays["x_test"], arrays["y_train"]
    images, test = (part[..., None].astype(np.float32) / 255.0 for part in (images, test))
    extractor = train_extractor(2.0 * images - 1.0, labels, seed=0)
    quality = ImageQuality(extractor, 2.0 * test[:HELD_OUT] - 1.0, control_images=2.0 * test[HELD_OUT:] - 1.0, split="test")
    return np.concatenate([images, test[HELD_OUT:]]), quality


def compare(seed, training, quality, steps, turn):
    keras.utils.set_random_seed(seed)
    networks = generator(), discriminator()
    ours = gan_keras.GAN(*networks, seed=seed)
    ours.compile(adam(), adam(), loss=NoisyLabels(), jit_compile=False)
    theirs = Tutorial(*[copy_of(network) for network in networks])
    theirs.compile(optimizer=None, jit_compile=False)
    rates = {"ours": [], "theirs": []}
    for model in (ours, theirs):  # Compiles the graphs. Both read the same batch, so that they stay level.
        model.fit(batches(training, seed).take(1), verbose=0, shuffle=False)
    data = batches(training, seed + 1).repeat()
    for start in range(0, steps, turn):
        part = data.skip(start).take(turn).cache()
        for _ in part:  # Reading is not what is compared.
            continue
        for name, model in (("ours", ours), ("theirs", theirs)):
            begun = time.perf_counter()
            model.fit(part, verbose=0, shuffle=False)
            rates[name].append(turn * BATCH_SIZE / (time.perf_counter() - begun))
    ratio = np.median(np.asarray(rates["ours"]) / rates["theirs"])
    latents = ours.latents_from(np.arange(NUM)).numpy()
    found = {"ours": distance(ours.generator, latents, quality), "theirs": distance(theirs.generator, latents, quality)}
    averaged = distance(ours.ema_generator, latents, quality)
    print(f"| {seed} | `GAN` | {np.median(rates['ours']):.0f} | {ratio:.2f} | {found['ours']:.2f} | {averaged:.2f} |")
    print(f"| {seed} | the tutorial's | {np.median(rates['theirs']):.0f} | 1 | {found['theirs']:.2f} | - |", flush=True)


def batches(images, seed):
    return tf.data.Dataset.from_tensor_slices(images).shuffle(len(images), seed).batch(BATCH_SIZE, drop_remainder=True)


def adam():
    return keras.optimizers.Adam(RATE)


def distance(network, latents, quality):
    images = (2.0 * network.predict_on_batch(latents[start : start + 500]) - 1.0 for start in range(0, NUM, 500))
    return quality.score(images).values["frechet"]


def discriminator():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, 3, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(128, 3, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.GlobalMaxPooling2D(),
            layers.Dense(1),
        ]
    )


def generator():
    return keras.Sequential(
        [
            keras.Input((LATENT_DIM,)),
            layers.Dense(7 * 7 * 128),
            layers.LeakyReLU(0.2),
            layers.Reshape((7, 7, 128)),
            layers.Conv2DTranspose(128, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2DTranspose(128, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(1, 7, padding="same", activation="sigmoid"),
        ]
    )


def copy_of(network):
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return copy


class NoisyLabels(NonSaturating):
    """The tutorial's loss in our terms: targets are raised by noise, and both sides are one mean.

    A target `t` costs `softplus(z) - t * z` where `z` says "fake"; our logits say "real", so the noise adds itself times the
    logit, for real and for fake images alike.
    """

    def discriminator(self, real_logits, fake_logits):
        logits = ops.concatenate([real_logits, fake_logits])
        noise = LABEL_NOISE * tf.random.uniform(ops.shape(logits))
        return super().discriminator(real_logits, fake_logits) / 2.0 + ops.mean(noise * logits)


class Tutorial(keras.Model):
    """The alternating step as the tutorial teaches it: one batch of fake and real images together, then the generator.

    Args:
        generator: Latents to images.
        discriminator: Images to logits that say "fake".
    """

    def __init__(self, generator, discriminator):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.optimizers = [adam(), adam()]
        self.cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        self.built = True

    def train_step(self, images):
        num = tf.shape(images)[0]
        targets = tf.concat([tf.ones((num, 1)), tf.zeros((num, 1))], axis=0)
        targets += LABEL_NOISE * tf.random.uniform(tf.shape(targets))
        both = tf.concat([self.generator(tf.random.normal((num, LATENT_DIM))), images], axis=0)
        with tf.GradientTape() as tape:
            d_loss = self.cross_entropy(targets, self.discriminator(both))
        self.update(self.discriminator, self.optimizers[0], d_loss, tape)
        with tf.GradientTape() as tape:
            logits = self.discriminator(self.generator(tf.random.normal((num, LATENT_DIM))))
            g_loss = self.cross_entropy(tf.zeros((num, 1)), logits)
        self.update(self.generator, self.optimizers[1], g_loss, tape)
        return {"d_loss": d_loss, "g_loss": g_loss}

    def update(self, network, optimizer, loss, tape):
        variables = network.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)


if __name__ == "__main__":
    main()
