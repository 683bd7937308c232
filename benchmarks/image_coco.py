"""Image COCO by the published protocol: trains, evaluates on the test captions, and writes one JSON a seed.

    python benchmarks/image_coco.py train --data DIRECTORY --seed 0 --out runs/coco   # DIRECTORY holds train.txt and test.txt
    python benchmarks/image_coco.py table runs/coco/*.json                              # the table of all seeds

The networks see 9,000 training captions; 1,000 more choose the epoch. The test captions are read after training, once.
"""

import argparse
import json
import pathlib
import resource
import time

import numpy as np
import tensorflow as tf

from gan_keras import presets
from gan_keras.callbacks import KeepBest
from gan_keras.data import read_corpus, split, text_batches
from gan_keras.evaluation import evaluate_text, print_summary
from gan_keras.metrics.frontier import PUBLISHED_COCO, Point, dominates, reaches

RELGAN_LIMITS = {"RelGAN(1000)": 0.60, "RelGAN(100)": 0.70}  # the Self-BLEU-5 at which its BLEU has to be reached
ORDERS = (2, 3, 4, 5)


def train(arguments):
    """Trains one seed with a preset, evaluates it and writes `seed_N.json` and `seed_N.keras`."""
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    training, held_out = split(read_corpus(arguments.data / "train.txt"), 1000)
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
    test = read_corpus(arguments.data / "test.txt").lines
    temperatures = tuple(1 / alpha for alpha in arguments.alphas)
    result = evaluate_text(gan, training.lines, test, temperatures, arguments.num, seed=arguments.seed)
    result["training"] = {
        "minutes": minutes,
        "peak_gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "preset": preset.to_config(),
        "history": history,
    }
    (out / f"seed_{arguments.seed}.json").write_text(json.dumps(result, indent=1))
    print(f"trained in {minutes:.1f} minutes\n{print_summary(result)}")


def table(arguments):
    """Prints mean and half the range over seeds, and which published rows are reached in how many of them."""
    results = [json.loads(path.read_text()) for path in arguments.results]
    print(f"{len(results)} seeds; mean ± half the range\n\n| sampler | alpha | {' | '.join(_columns())} |\n|{'---|' * 12}")
    for name, sampler in results[0]["samplers"].items():
        for place, point in enumerate(sampler["points"]):
            rows = np.array([_figures(result["samplers"][name]["points"][place]) for result in results])
            cells = " | ".join(f"{mean:.3f}±{half:.3f}" for mean, half in zip(rows.mean(0), np.ptp(rows, 0) / 2, strict=True))
            print(f"| {name} | {1 / point['temperature']:.2f} | {cells} |")
    _print_published(results)
    for result in results:
        training = result["training"]
        print(f"trained in {training['minutes']:.1f} min, peak {training['peak_gigabytes']:.2f} GiB; {result['verdict'][0]}")


def _columns():
    return [*(f"BLEU-{n}" for n in ORDERS), *(f"Self-BLEU-{n}" for n in ORDERS), "unique", "copies"]


def _figures(point):
    scores = [point[kind][str(n)] for kind in ("bleu", "self_bleu") for n in ORDERS]
    return [*scores, point["unique"], point["copies"]]


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
    scores = Point(*({n: point[kind][str(n)] for n in ORDERS} for kind in ("bleu", "self_bleu")))
    row = PUBLISHED_COCO[name]
    return reaches(scores, row, RELGAN_LIMITS[name]) if name in RELGAN_LIMITS else dominates(scores, row)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("train")
    one.add_argument("--data", type=pathlib.Path, required=True)
    one.add_argument("--out", required=True)
    one.add_argument("--preset", default="default")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--num", type=int, default=10_000)
    one.add_argument("--alphas", type=float, nargs="+", default=[1.0, 1.03, 1.07, 1.15, 1.2, 1.35], help="inverse temperatures")
    one.add_argument("--threads", type=int, default=1)
    one.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    one.set_defaults(run=train)
    every = commands.add_parser("table")
    every.add_argument("results", nargs="+", type=pathlib.Path)
    every.set_defaults(run=table)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
