"""A conditional DCGAN on scikit-learn's digits, beside a Gaussian of the pixels of each class: a few minutes on one core.

    python benchmarks/digits.py --seeds 0 1 2

Frechet distance, precision and recall are against the training images, on the features of a classifier trained on them
(`metrics.extractor`), 500 samples; the control is held-out images. `agreement`: how often that classifier, which has never
seen a generated image, names the digit that was asked for.
"""

import argparse
import time

import keras
import numpy as np
import tensorflow as tf

import gan_keras
from gan_keras import codecs, data, networks
from gan_keras.metrics.extractor import train_extractor
from gan_keras.metrics.image_quality import ImageQuality
from gan_keras.metrics.pixel_gaussian import PixelGaussian

NUM, NUM_DIGITS, EPOCHS = 500, 10, 60
SHOWN = ("frechet", "precision", "recall")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    training, held_out = data.split_images(data.load_images("digits"), seed=0)
    codec = codecs.ImageCodec(training.image_shape)
    real, control = (codec.encode(np.stack(list(part.images))).numpy() for part in (training, held_out))
    labels = np.asarray(training.labels)
    extractor = train_extractor(real, labels, seed=0)
    quality = ImageQuality(extractor, real, labels, control_images=control)
    print(
        f"{len(real)} training images, extractor right on {extractor.held_out_accuracy:.3f} of images held out from its training"
    )
    print(f"\n| what | {' | '.join(SHOWN)} | agreement |\n|---|---|---|---|---|")
    for seed in arguments.seeds:
        start, gan = time.monotonic(), build(training.image_shape, codec, seed)
        report(f"untrained, seed {seed}", quality, extractor, of_gan(gan))
        gan.fit(data.image_batches(training, 64, seed=seed), epochs=arguments.epochs, verbose=0, shuffle=False)
        seconds = time.monotonic() - start
        report(f"DCGAN, seed {seed}, {seconds:.0f} s", quality, extractor, of_gan(gan))
        report(f"Gaussian of each class, seed {seed}", quality, extractor, PixelGaussian(real, labels).sample(NUM, seed, asked()))
    values = quality.score(of_gan(gan)).values
    cells = " | ".join(f"{values[f'control_{name}']:.3f}" for name in SHOWN)
    print(f"| held-out images | {cells} | - |")


def build(image_shape, codec, seed):
    """The networks and Adam's rate and beta_1 of the DCGAN paper, a quarter as wide."""
    keras.utils.set_random_seed(seed)
    generator = networks.DCGANGenerator(image_shape, latent_dim=32, width=32, num_labels=NUM_DIGITS)
    discriminator = networks.DCGANDiscriminator(image_shape, width=32, num_labels=NUM_DIGITS)
    gan = gan_keras.GAN(generator, discriminator, codec, seed=seed)
    optimizers = [keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2)]
    gan.compile(*optimizers, generator_ema=0.99)
    return gan


def asked():
    return np.arange(NUM, dtype=np.int32) % NUM_DIGITS


def of_gan(gan):
    return gan.codec.encode(gan.generate(NUM, seed=0, labels=asked())).numpy()


def report(what, quality, extractor, images):
    values = quality.score(images).values
    agreement = np.mean(np.argmax(extractor(images)["logits"], axis=1) == asked())
    print(f"| {what} | {' | '.join(f'{values[name]:.3f}' for name in SHOWN)} | {agreement:.3f} |", flush=True)


if __name__ == "__main__":
    main()
