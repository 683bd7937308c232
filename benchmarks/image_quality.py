"""Image presets at equal time: what they reach, and whether the last epoch is as good as the best.

    python benchmarks/image_quality.py train --data mnist.npz --preset dcgan --seed 0 --minutes 2 --out runs/mnist_dcgan_0.json
    python benchmarks/image_quality.py baseline --data mnist.npz --out runs/mnist_gaussian.json
    python benchmarks/image_quality.py table runs/mnist_*.json

The time is processor time of one thread, compiling and scoring not counted, so that other work on the machine does not shorten
a run. Labels condition the networks, as the presets do where data have some. At every sixth of the time the averaged generator
is scored: Frechet and kernel distance of as many images as there are test images, at most 2,500, to these, precision and recall,
on the features of an extractor trained on the training images alone. `agreement` is how often a further classifier of the
training images, which has never seen a generated one, names the label that was asked for. The control is as many real training
images in the place of generated ones. The best of the six is chosen by the Frechet distance itself; how much it moves by chance
tell three more draws of the last.
"""

import argparse
import functools
import hashlib
import json
import pathlib
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import gan_keras
from gan_keras.data import image_batches, load_images, load_test_images
from gan_keras.media import image_grid, write_png
from gan_keras.metrics import ExtractorRecipe, ImageQuality, PixelGaussian, train_extractor
from gan_keras.presets import with_settings

NUM, SCORINGS, EPOCHS = 2500, 6, 6
SHOWN = ("frechet", "kernel", "precision", "recall")
CACHE, WIDTHS = pathlib.Path("runs/extractors"), (16, 64, 128, 256)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    train_parser = training_options(commands, minutes=2.0)
    baseline_parser = commands.add_parser("baseline", help="a Gaussian of the pixels of each class")
    baseline_parser.add_argument("--data", required=True)
    baseline_parser.add_argument("--out", type=pathlib.Path, required=True)
    for each in (train_parser, baseline_parser):
        each.add_argument("--extractor-steps", type=int, default=4000, help="updates of the extractor, the same for all rows")
    table_parser = commands.add_parser("table")
    table_parser.add_argument("files", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    use_one_thread()
    if arguments.command == "table":
        table([json.loads(path.read_text()) for path in arguments.files])
    else:
        {"train": train, "baseline": baseline}[arguments.command](arguments)


def training_options(commands, minutes):
    """The parser of the command `train`."""
    parser = commands.add_parser("train")
    parser.add_argument("--data", required=True, help="an .npz file with x_train, y_train, x_test, y_test")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--set", nargs="*", default=[], help="fields of the preset, as in `gan-keras train --set`")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    return parser


def use_one_thread():
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def preset_of(name, settings):
    """A preset with settings, a list of `field=value`."""
    return with_settings(gan_keras.presets.get("image", name), dict(setting.split("=", 1) for setting in settings))


def title_of(name, settings):
    """What a row of a table is called: a preset with other settings is another row."""
    return " ".join([name, *settings])


def train_by_the_clock(gan, batches, minutes, score):
    """Trains for some processor minutes; returns what `score(gan, minutes)` tells after each of `SCORINGS` equal parts."""
    gan.fit(batches.take(2), verbose=0, shuffle=False)  # builds the graph
    rows = []
    for index in range(SCORINGS):
        clock = Clock(60.0 * minutes / SCORINGS)
        gan.fit(batches, epochs=1, steps_per_epoch=10**6, callbacks=[clock], verbose=0, shuffle=False)
        rows.append(score(gan, (index + 1) * minutes / SCORINGS))
        print(rows[-1], flush=True)
    return rows


def baseline(arguments):
    training = load_images(arguments.data)
    codec = gan_keras.codecs.ImageCodec(training.image_shape)
    judge = Judge(arguments.data, training, codec, arguments.extractor_steps)
    gaussian = PixelGaussian(codec.encode(training.images).numpy(), np.asarray(training.labels))
    labels = np.arange(judge.num) % len(training.label_names)
    rows = [
        {"minutes": 0.0, "steps": 0, **judge.score(gaussian.sample(judge.num, seed, labels), labels, seed)} for seed in range(4)
    ]
    write(arguments.out, arguments.data, "Gaussian of the pixels of each class", 0, rows=rows[:1], again=rows[1:], minutes=0.0)


def train(arguments):
    training = load_images(arguments.data)
    preset = preset_of(arguments.preset, arguments.set)
    gan = preset.build(training, seed=arguments.seed)
    judge = Judge(arguments.data, training, gan.codec, arguments.extractor_steps)
    batches = image_batches(training, preset.batch_size, seed=arguments.seed).repeat()
    rows = train_by_the_clock(gan, batches, arguments.minutes, functools.partial(score, judge))
    again = [score(judge, gan, arguments.minutes, seed) for seed in (1, 2, 3)]
    title = title_of(arguments.preset, arguments.set)
    write(arguments.out, arguments.data, title, arguments.seed, rows=rows, again=again, minutes=arguments.minutes)
    write_png(arguments.out.with_suffix(".png"), image_grid(gan.generate(100, seed=0), columns=gan.generator.num_labels))


def score(judge, gan, minutes, seed=10**6):
    """The scores of a GAN after some minutes."""
    labels = np.arange(judge.num) % gan.generator.num_labels
    images = gan.codec.encode(gan.generate(judge.num, seed, labels)).numpy()
    steps = int(gan.generator_optimizer.iterations.numpy())
    return {"minutes": minutes, "steps": steps, **judge.score(images, labels, seed)}


def write(path, data, preset, seed, rows, again, minutes):
    result = {"data": pathlib.Path(data).stem, "preset": preset, "seed": seed, "minutes": minutes, "rows": rows}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**result, "last_again": [row["frechet"] for row in again]}, indent=1))


class Clock(keras.callbacks.Callback):
    """Ends `fit` after some seconds of processor time."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def on_train_begin(self, logs=None):
        self.begun = time.process_time()

    def on_train_batch_end(self, batch, logs=None):
        if time.process_time() - self.begun > self.seconds:
            self.model.stop_training = True


class Judge:
    """Scores images against test images."""

    def __init__(self, path, training, codec, steps):
        test = load_test_images(path)
        real, control = (codec.encode(np.stack(list(part.images))).numpy() for part in (test, training))
        extractor = train_extractor(
            control, np.asarray(training.labels), seed=0, recipe=ExtractorRecipe(WIDTHS, steps=steps), directory=CACHE
        )
        self.classifier = label_classifier(control, np.asarray(training.labels))
        self.accuracy = accuracy_of(self.classifier, real, test.labels)
        print(f"the classifier names {self.accuracy:.4f} of the test images", flush=True)
        self.num = min(NUM, len(real))
        self.quality = ImageQuality(extractor, real[: self.num], control_images=control[: self.num], split="test")

    def score(self, images, labels, seed):
        values = self.quality.score(images, seeds=(seed,)).values
        return {"agreement": accuracy_of(self.classifier, images, labels), **values}


def label_classifier(images, labels):
    """A classifier of real training images that gives features and logits; kept beside the extractors."""
    path = CACHE / f"classifier_{hashlib.sha256(images.tobytes()).hexdigest()[:16]}.keras"
    if path.exists():
        return keras.saving.load_model(path)
    keras.utils.set_random_seed(0)
    inputs = features = keras.Input(images.shape[1:])
    for width in (32, 64):
        features = layers.Conv2D(width, 5, strides=2, padding="same", use_bias=False)(features)
        features = layers.ReLU()(layers.BatchNormalization()(features))
    features = layers.Dense(256, "relu")(layers.Dropout(0.3)(layers.Flatten()(features)))
    logits = layers.Dense(int(labels.max()) + 1)(layers.Dropout(0.5)(features))
    steps = EPOCHS * len(images) // 128
    classifier = keras.Model(inputs, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    classifier.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)), loss)
    classifier.fit(images, labels, batch_size=128, epochs=EPOCHS, verbose=0)
    classifier = keras.Model(inputs, {"features": features, "logits": logits})
    path.parent.mkdir(parents=True, exist_ok=True)
    classifier.save(path)
    return classifier


def accuracy_of(classifier, images, labels):
    return float(np.mean(np.argmax(classifier.predict(images, verbose=0)["logits"], axis=1) == labels))


def table(results):
    """Prints a row for each data set and preset: means over its seeds, and the standard error of the Frechet distances."""
    print("| data | preset | seeds | steps | Frechet, last | best of six | by chance | kernel | precision | recall | agreement |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    groups = {}
    for result in results:
        groups.setdefault((result["data"], result["preset"], result["minutes"]), []).append(result)
    for (data, preset, minutes), runs in sorted(groups.items()):
        lasts = [run["rows"][-1] for run in runs]
        best = [min(row["frechet"] for row in run["rows"]) for run in runs]
        chance = np.mean([np.std([run["rows"][-1]["frechet"], *run["last_again"]], ddof=1) for run in runs])
        cells = [
            data,
            f"`{preset}`, {minutes:g} min" if minutes else preset,
            len(runs),
            round(np.mean([row["steps"] for row in lasts])),
        ]
        cells += [mean_of([row["frechet"] for row in lasts]), mean_of(best), f"{chance:.2f}"]
        cells += [f"{np.mean([row[name] for row in lasts]):.4f}" for name in (*SHOWN[1:], "agreement")]
        print(f"| {' | '.join(map(str, cells))} |")
    for data in sorted({result["data"] for result in results}):
        row = next(result["rows"][-1] for result in results if result["data"] == data)
        cells = [f"{row[f'control_{name}']:.4f}" for name in SHOWN]
        print(f"| {data} | real training images | - | - | {cells[0]} | - | - | {' | '.join(cells[1:])} | - |")


def mean_of(values):
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
    return f"{np.mean(values):.2f} ± {error:.2f}"


if __name__ == "__main__":
    main()
