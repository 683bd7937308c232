"""Stacked digits: three MNIST digits as the channels of one image, 1,000 modes that can be counted.

    python benchmarks/stacked_digits.py train --data mnist.npz --preset default --seed 0 --minutes 5 --out runs/stacked_0.json
    python benchmarks/stacked_digits.py table runs/stacked_*.json

128,000 stacks of training digits drawn at random, without their labels. The time is processor time of one thread, compiling and
scoring not counted. Every sixth of it: modes with at least one of 26,000 samples of the averaged generator, told by a classifier
of single digits trained on the training digits, and KL(generated || uniform) in nats. Real stacks of test digits are the control.

Published figures, with their own networks, classifiers and budgets: VEEGAN 150 modes, KL 2.95; PacDCGAN2 1000, .06 (both as table
2 of PacGAN has them, https://arxiv.org/abs/1712.04086); R3GAN 1000, .029 (https://arxiv.org/abs/2501.05441).
"""

import argparse
import functools
import json
import pathlib

import numpy as np

import gan_keras
from gan_keras.data import image_batches, load_images, load_test_images, stacked_digits
from gan_keras.media import image_grid, write_png
from gan_keras.metrics import class_coverage, stacked_digit_modes
from image_quality import accuracy_of, label_classifier, preset_of, title_of, train_by_the_clock, training_options, use_one_thread

NUM_TRAINING, NUM, LEAST_ACCURACY = 128_000, 26_000, 0.99


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    training_options(commands, minutes=5.0)
    table_parser = commands.add_parser("table")
    table_parser.add_argument("files", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    if arguments.command == "table":
        table([json.loads(path.read_text()) for path in arguments.files])
    else:
        train(arguments)


def train(arguments):
    use_one_thread()
    digits, test_digits = load_images(arguments.data), load_test_images(arguments.data)
    training = stacked_digits(digits, NUM_TRAINING, seed=arguments.seed)
    preset = preset_of(arguments.preset, [*arguments.set, "conditional=False"])
    gan = preset.build(training, seed=arguments.seed)
    classifier, accuracy = digit_classifier(digits, test_digits)
    real = gan.codec.encode(stacked_digits(test_digits, NUM, seed=1).images).numpy()
    control = class_coverage(stacked_digit_modes(classifier, real), 1000)
    print(f"the classifier names {accuracy:.4f} of the test digits; real stacks: {control}", flush=True)
    unlabelled = image_batches(training, preset.batch_size, seed=arguments.seed).map(lambda images, labels: images)
    rows = train_by_the_clock(gan, unlabelled.repeat(), arguments.minutes, functools.partial(score, classifier))
    result = {"preset": title_of(arguments.preset, arguments.set), "seed": arguments.seed, "minutes": arguments.minutes}
    result |= {"classifier": accuracy, "control": control, "rows": rows}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1))
    write_png(arguments.out.with_suffix(".png"), image_grid(gan.generate(100, seed=0), columns=10))


def digit_classifier(digits, test_digits):
    """A classifier of single digits and its accuracy on test digits, at least `LEAST_ACCURACY`."""
    codec = gan_keras.codecs.ImageCodec(digits.image_shape)
    images, test = (codec.encode(part.images).numpy() for part in (digits, test_digits))
    classifier = label_classifier(images, np.asarray(digits.labels))
    accuracy = accuracy_of(classifier, test, test_digits.labels)
    if accuracy < LEAST_ACCURACY:
        raise ValueError(f"The classifier names {accuracy:.4f} of the test digits. Expected {LEAST_ACCURACY}: train it longer.")
    return classifier, accuracy


def score(classifier, gan, minutes):
    modes = []
    for start in range(0, NUM, 1000):
        images = gan.codec.encode(gan.generate(1000, seed=10**6 + start)).numpy()
        modes.append(stacked_digit_modes(classifier, images))
    steps = int(gan.generator_optimizer.iterations.numpy())
    return {"minutes": minutes, "steps": steps, **class_coverage(np.concatenate(modes), 1000)}


def table(results):
    """Prints a row for each run, and for each preset the mean over its seeds."""
    print("| preset | seed | minutes | steps | modes of 1,000 | KL |\n|---|---|---|---|---|---|")
    groups = {}
    for result in results:
        groups.setdefault((result["preset"], result["minutes"]), []).append(result)
        last = result["rows"][-1]
        cells = [f"`{result['preset']}`", result["seed"], f"{result['minutes']:g}", last["steps"], last["modes"]]
        print(f"| {' | '.join(map(str, cells))} | {last['reverse_kl']:.3f} |")
    for (preset, minutes), runs in groups.items():
        modes, kl = ([run["rows"][-1][name] for run in runs] for name in ("modes", "reverse_kl"))
        print(f"| `{preset}` | mean of {len(runs)} | {minutes:g} | - | {np.mean(modes):.1f} | {np.mean(kl):.3f} |")
    control = results[0]["control"]
    print(f"| real test stacks | - | - | - | {control['modes']} | {control['reverse_kl']:.3f} |")


if __name__ == "__main__":
    main()
