"""Private images and series in figures: noised moments, the GAN that begins from them, and what is not private.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/private_media.py image mnist.npz --num 6000 --set size=14
    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/private_media.py series sines --set bounds.all=[0,1]

Prints a table of the package's own evaluation on held-out samples: a mean, and the smallest and the largest value over the seeds.
One thread; seconds are those of the processor, of building and training the GAN alone.
"""

import argparse
import time

import numpy as np
import tensorflow as tf

import gan_keras
from gan_keras import modalities
from gan_keras.data import load_test_images

SCORES = {
    "image": ("trained_on", "frechet", "kernel", "precision", "recall", "agreement"),
    "series": ("discriminative", "predictive", "marginal", "autocorrelation", "correlation"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modality", choices=list(SCORES))
    parser.add_argument("data", help="a file, or the name of a data set")
    parser.add_argument("--epsilon", type=float, default=10.0)
    parser.add_argument("--num", type=int, default=None, help="samples of each; default: as many as test samples")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="preset field to change")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    settings = {"epsilon": arguments.epsilon, **dict(each.split("=", 1) for each in arguments.set)}
    preset = gan_keras.presets.with_settings(gan_keras.presets.get(arguments.modality, "private"), settings)
    training, test = parts(arguments.modality, arguments.data, preset)
    results, seconds = [], []
    for seed in range(arguments.seeds):
        start = time.process_time()
        gan = preset.fit(training, seed=seed, verbose=0)
        seconds.append(time.process_time() - start)
        results.append(gan_keras.evaluate(gan, training, test, num=arguments.num, seed=seed, progress=lambda line: None))
    names = SCORES[arguments.modality]
    print("| samples | " + " | ".join(names) + " | CPU s |\n|" + " --- |" * (len(names) + 2))
    for sampler in (*results[0]["samplers"], "real"):
        found = [each["real"] if sampler == "real" else each["samplers"][sampler] for each in results]
        cells = [shown([each["values"].get(name, np.nan) for each in found]) for name in names]
        cost = f"{np.mean(seconds):.0f}" if sampler == "gan" else "-"
        print(f"| {found[0]['title']} | {' | '.join(cells)} | {cost} |", flush=True)


def parts(modality, source, preset):
    """The training and the test part; a file of images may have a test part of its own."""
    kind = modalities.get(modality)
    data = kind.load(source, preset)
    if modality == "image" and str(source).endswith(".npz") and "x_test" in np.load(source).files:
        return data, load_test_images(source, data.image_shape[:2], data.image_shape[2])
    return kind.split(data, 0)


def shown(values):
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main()
