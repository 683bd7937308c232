"""Time series: discriminative and predictive scores of GANs on windows of 24 steps, with real windows as the control.

    python benchmarks/series.py train --data ../shared/data/stocks.csv --preset default --seed 0 --out runs/stocks_0.json
    python benchmarks/series.py table runs/*.json

TimeGAN's protocol for the data: all windows of the series, a step apart, shuffled; the GAN learns from all of them and is judged
against them. So windows of a judge's training part overlap those of its test part, as in the paper. The judges are not the
paper's: see `gan_keras.metrics`. They see 3,000 windows of each side. The control is two sets of other real windows: what one
gets against the other, and how well a network that has learned from one foretells the other. The time is processor time of one
thread, building the graph included, scoring not.

Published, with their own judges (Yoon et al., 2019): discriminative stocks .102, energy .236, sines .011; predictive stocks
.038, energy .273, sines .093.
"""

import argparse
import json
import pathlib
import time

import numpy as np

from gan_keras import presets
from gan_keras.data import load_series, series_batches
from gan_keras.media import plot_series
from gan_keras.metrics import (
    Estimate,
    VectorAutoregression,
    autocorrelation_distance,
    correlation_distance,
    discriminative_score,
    marginal_distance,
    predictive_score,
)
from image_quality import use_one_thread

NUM = 3000
SCORES = ("discriminative", "predictive", "marginal", "autocorrelation", "correlation")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    options = commands.add_parser("train")
    options.add_argument("--data", required=True, help="A CSV file, or sines.")
    options.add_argument("--preset", default="default", help="A preset, or none for the baselines alone.")
    options.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--out", type=pathlib.Path, required=True)
    commands.add_parser("table").add_argument("files", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    if arguments.command == "table":
        table([json.loads(path.read_text()) for path in arguments.files])
    else:
        measure(arguments)


def measure(arguments):
    use_one_thread()
    data, random = load_series(arguments.data), np.random.default_rng(arguments.seed)
    order = random.permutation(len(data))
    half = min(NUM, len(data) // 2)
    real, other = data.samples(order[:half]), data.samples(order[half : 2 * half])
    result = {"data": data.name, "preset": arguments.preset, "set": arguments.set, "seed": arguments.seed, "num": half}
    if arguments.preset == "none":
        baseline = VectorAutoregression(data.samples(order[:10_000])).sample(half, arguments.seed)
        result["scores"] = {"real": scores(real, other, arguments.seed), "autoregression": scores(real, baseline, arguments.seed)}
    else:
        preset = presets.with_settings(
            presets.get("series", arguments.preset), dict(each.split("=", 1) for each in arguments.set)
        )
        gan, result["seconds"], result["steps"] = trained(preset, data, arguments.seed)
        made = gan.generate(half, seed=10**6 * (arguments.seed + 1))
        result["scores"] = {"gan": scores(real, made, arguments.seed)}
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.with_suffix(".png").write_bytes(plot_series({"real": real, "generated": made}, data.columns))
    print(json.dumps(result), flush=True)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1))


def trained(preset, data, seed):
    """A GAN trained on all windows, processor seconds, and steps."""
    start = time.process_time()
    gan = preset.build(data, seed)
    batches = series_batches(data, preset.batch_size, seed)
    steps = preset.steps_per_epoch or int(batches.cardinality())
    gan.fit(batches.take(steps), epochs=preset.epochs, verbose=0)
    return gan, time.process_time() - start, preset.epochs * steps


def scores(real, windows, seed):
    return {
        "discriminative": discriminative_score(real, windows, seed),
        "predictive": predictive_score(windows, real, seed),
        "marginal": marginal_distance(real, windows),
        "autocorrelation": autocorrelation_distance(real, windows),
        "correlation": correlation_distance(real, windows),
    }


def table(results):
    """A row for each data set and sampler: means over the seeds, and standard errors."""
    rows = {}
    for result in results:
        for sampler, values in result["scores"].items():
            named = " ".join([f"`{result['preset']}`", *result["set"]]) if sampler == "gan" else sampler
            rows.setdefault((result["data"], named), []).append(
                {**values, **{k: result[k] for k in ("seconds", "steps") if k in result}}
            )
    print("| data | windows | seeds | steps | seconds | " + " | ".join(SCORES) + " |")
    print("|---" * (5 + len(SCORES)) + "|")
    for (data, sampler), runs in sorted(rows.items()):
        times = [f"{np.mean([run[key] for run in runs]):.0f}" if key in runs[0] else "-" for key in ("steps", "seconds")]
        cells = [str(estimate([run[name] for run in runs])) for name in SCORES]
        print(f"| {data} | {sampler} | {len(runs)} | {' | '.join([*times, *cells])} |")


def estimate(values):
    """The mean and its standard error over the seeds; the value alone of one seed."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    found = Estimate(float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values))))
    return f"{found.mean:.3f} ± {found.standard_error:.3f}"


if __name__ == "__main__":
    main()
