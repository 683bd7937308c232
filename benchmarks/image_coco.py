"""Image COCO by the published protocol: trains, evaluates on the test captions, and writes one JSON a seed.

    python benchmarks/image_coco.py train --data DIRECTORY --seed 0 --out runs/coco   # DIRECTORY holds train.txt and test.txt
    python benchmarks/image_coco.py table runs/coco/seed_?.json                         # the table of all seeds
    python benchmarks/image_coco.py held_out --data DIRECTORY --seed 0 --out runs/coco  # the same curves on held-out lines

The networks see 9,000 training captions; 1,000 more choose the epoch. The test captions are read after training, once. They
are about other things than the training captions (count the lines with motorcycle, bathroom, zebra or skis in both files), the
held-out ones are not: `held_out` tells how much of a difference that makes, and writes `held_out_N.json`.
"""

import argparse
import json
import pathlib
import resource
import time

import keras
import numpy as np
import tensorflow as tf

from gan_keras import modalities, presets
from gan_keras.callbacks import KeepBest
from gan_keras.data import read_corpus, split, text_batches
from gan_keras.metrics import PUBLISHED_COCO, FrontierPoint, dominates, reaches_bleu
from gan_keras.modalities import evaluate_text

RELGAN_LIMITS = {"RelGAN(1000)": 0.60, "RelGAN(100)": 0.70}  # the Self-BLEU-5 at which its BLEU has to be reached
ORDERS = (2, 3, 4, 5)
ALPHAS = (1.0, 1.03, 1.07, 1.15, 1.2, 1.35)


def train(arguments):
    """Trains one seed with a preset, evaluates it and writes `seed_N.json` and `seed_N.keras`."""
    set_threads(arguments.threads)
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    training, held_out = captions(arguments.data)
    preset = presets.with_settings(presets.get("text", arguments.preset), dict(each.split("=", 1) for each in arguments.set))
    start = time.monotonic()
    gan = preset.build(training.lines, seed=arguments.seed)
    history = gan.fit(
        text_batches(training.lines, gan.codec, preset.batch_size, seed=arguments.seed),
        epochs=preset.epochs,
        validation_data=text_batches(held_out.lines, gan.codec, preset.batch_size, shuffle=False),
        callbacks=[KeepBest(held_out.lines, preset.rating_samples)],
        verbose=2,
    ).history
    minutes = (time.monotonic() - start) / 60
    gan.save(out / f"seed_{arguments.seed}.keras")
    result = evaluate(gan, training.lines, read_corpus(arguments.data / "test.txt").lines, arguments)
    result["training"] = {
        "minutes": minutes,
        "peak_gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "preset": preset.to_config(),
        "history": history,
    }
    (out / f"seed_{arguments.seed}.json").write_text(json.dumps(result, indent=1))
    print(f"trained in {minutes:.1f} minutes\n{modalities.get('text').summary(result)}")


def evaluate_on_held_out(arguments):
    """Evaluates a trained seed on the held-out lines and writes `held_out_N.json`."""
    set_threads(arguments.threads)
    out = pathlib.Path(arguments.out)
    training, held_out = captions(arguments.data)
    gan = keras.saving.load_model(out / f"seed_{arguments.seed}.keras")
    result = evaluate(gan, training.lines, held_out.lines, arguments)
    (out / f"held_out_{arguments.seed}.json").write_text(json.dumps(result, indent=1))
    print(modalities.get("text").summary(result))


def captions(directory):
    """The 9,000 training captions and the 1,000 that are held out."""
    return split(read_corpus(directory / "train.txt"), 1000)


def evaluate(gan, training_lines, lines, arguments):
    temperatures = tuple(1 / alpha for alpha in arguments.alphas)
    return evaluate_text(gan, training_lines, lines, temperatures, arguments.num, seed=arguments.seed)


def set_threads(num):
    tf.config.threading.set_intra_op_parallelism_threads(num)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def table(arguments):
    """Prints mean and half the range over seeds, and which published rows are reached in how many of them."""
    results = [json.loads(path.read_text()) for path in arguments.results]
    print(f"{len(results)} seeds; mean ± half the range\n\n| sampler | alpha | {' | '.join(_columns())} |\n|{'---|' * 12}")
    for name, sampler in results[0]["samplers"].items():
        for place, point in enumerate(sampler["points"]):
            rows = np.array([_figures(result["samplers"][name]["points"][place]) for result in results])
            cells = " | ".join(f"{mean:.3f}±{half:.3f}" for mean, half in zip(rows.mean(0), np.ptp(rows, 0) / 2, strict=True))
            print(f"| {name} | {1 / point['temperature']:.2f} | {cells} |")
    _print_gains(results)
    _print_published(results)
    for training in (result["training"] for result in results if "training" in result):
        print(f"trained in {training['minutes']:.1f} min, peak {training['peak_gigabytes']:.2f} GiB")


def _columns():
    return [*(f"BLEU-{n}" for n in ORDERS), *(f"Self-BLEU-{n}" for n in ORDERS), "unique", "copies"]


def _figures(point):
    scores = [point[kind][str(n)] for kind in ("bleu", "self_bleu") for n in ORDERS]
    return [*scores, point["unique"], point["copies"]]


def _print_gains(results):
    """BLEU-5 at equal Self-BLEU-5, for each seed with its interval over sentences."""
    print(f"\n| sampler | over | {' | '.join(['gain, 95 % over sentences'] * len(results))} |\n|{'---|' * (2 + len(results))}")
    for gains in zip(*(result["gains"] for result in results), strict=True):
        cells = (
            "-" if gain["gain"] is None else "{:+.3f} [{:+.3f}, {:+.3f}]".format(gain["gain"], *gain["interval"])
            for gain in gains
        )
        print(f"| {gains[0]['sampler']} | {gains[0]['over']} | {' | '.join(cells)} |")


def _print_published(results):
    print("\n| published row | reached by, alpha: in seeds |\n|---|---|")
    for row in PUBLISHED_COCO:
        hits = {}
        for result in results:
            for name, sampler in result["samplers"].items():
                for point in sampler["points"]:
                    if _beats(point, row) and point["copies"] <= 0.01 and point["unique"] >= 0.97:
                        setting = f"{name} {1 / point['temperature']:.2f}"
                        hits[setting] = hits.get(setting, 0) + 1
        print(f"| {row} | {'; '.join(f'{setting}: {count}' for setting, count in hits.items()) or 'none'} |")


def _beats(point, name):
    scores = FrontierPoint(*({n: point[kind][str(n)] for n in ORDERS} for kind in ("bleu", "self_bleu")))
    row = PUBLISHED_COCO[name]
    return reaches_bleu(scores, row, RELGAN_LIMITS[name]) if name in RELGAN_LIMITS else dominates(scores, row)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, run in (("train", train), ("held_out", evaluate_on_held_out)):
        one = commands.add_parser(name)
        one.add_argument("--data", type=pathlib.Path, required=True)
        one.add_argument("--out", required=True)
        one.add_argument("--seed", type=int, default=0)
        one.add_argument("--num", type=int, default=10_000)
        one.add_argument("--alphas", type=float, nargs="+", default=ALPHAS, help="inverse temperatures")
        one.add_argument("--threads", type=int, default=1)
        one.set_defaults(run=run)
        if run is train:
            one.add_argument("--preset", default="default")
            one.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    every = commands.add_parser("table")
    every.add_argument("results", nargs="+", type=pathlib.Path)
    every.set_defaults(run=table)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
