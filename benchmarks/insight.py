"""What trained GANs have learned, in figures: directions, attribution, units and inversion of runs, beside their controls.

    gan-keras train image --data digits --out runs/digits        # any run will do
    python benchmarks/insight.py directions runs/digits runs/adult runs/stocks
    python benchmarks/insight.py attribution runs/digits
    python benchmarks/insight.py inversion runs/digits
    python benchmarks/insight.py units runs/digits

Each command prints a table. One thread; processor seconds include building graphs. Real samples are held-out ones.
"""

import argparse
import time
import warnings

import numpy as np
import tensorflow as tf

from gan_keras import analysis, modalities
from gan_keras.runs import Run

STABLE = 6
"""Directions that are compared over seeds: later ones have spectra so close that their order is chance."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in COMMANDS.items():
        command = commands.add_parser(name, help=function.__doc__.partition("\n")[0])
        command.add_argument("runs", nargs="+", help="directories of trained runs")
        command.add_argument("--num", type=int, default=100, help="real samples to explain or to invert")
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    rows = [row for run in arguments.runs for row in COMMANDS[arguments.command](Opened(run), arguments.num)]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    print("| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns))
    for row in rows:
        print("| " + " | ".join(shown(row.get(name, "-")) for name in columns) + " |")


class Opened:
    """A run: its GAN, its parts and its raw samples.

    Args:
        path: Directory of the run.
    """

    def __init__(self, path):
        run = Run(path)
        self.name, self.modality = run.path.name, modalities.get(run.config["modality"])
        self.training, self.held_out = self.modality.parts(run)
        self.gan = run.load(compile=False)
        self.kind = analysis.kind_of(self.gan)

    def samples(self, part, num):
        """Returns raw samples of a part and their labels, or None."""
        rows = np.random.default_rng(0).permutation(self.modality.size_of(part))[:num]
        return self.modality.real_samples(self.gan, part, np.sort(rows))


def timed(function, *args, **kwargs):
    start = time.process_time()
    return function(*args, **kwargs), time.process_time() - start


def shown(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def directions(run, num):
    """Directions by each method: effects beside the placebo, stability over seeds, labels kept, DCI."""
    gan, label = run.gan, None
    samples, labels = run.samples(run.training, 5000)
    if labels is not None:
        label = analysis.label_attribute(gan, samples, labels)
    for method in analysis.DIRECTION_METHODS:
        try:
            found, seconds = timed(analysis.Directions.fit, gan, method)
        except ValueError as error:
            yield {"run": run.name, "kind": run.kind, "method": method, "fit, s": str(error).partition(" Expected")[0]}
            continue
        effects, effect_seconds = timed(found.effects)
        others = [analysis.Directions.fit(gan, method, seed=seed).directions for seed in (1, 2)]
        cosines = [np.sum(found.directions * other, axis=1)[:STABLE] for other in others]
        row = {"run": run.name, "kind": run.kind, "method": method, "fit, s": seconds, "effects, s": effect_seconds}
        row |= {"participation": found.participation, "latents": gan.style_dim}
        row |= {"largest effect / placebo": effects.ratio, "mean effect / placebo": effects.mean_ratio}
        row["beat the placebo"] = f"{effects.beat_placebo.sum()} of {len(effects.beat_placebo)}"
        row[f"cosine over seeds, lowest of {STABLE}"] = float(np.min(np.abs(cosines)))
        row["with sign"] = float(np.min(cosines))
        if label is not None:
            kept, placebo = found.kept(label)
            row |= {"label kept at ±2": float(kept.mean()), "by the placebo": float(placebo.mean())}
        if run.kind != "text":
            scores = analysis.dci(gan, found.directions)
            for basis in ("directions", "axes", "random"):
                row[f"completeness, {basis}"] = getattr(scores, basis).completeness
        yield row
        if method == analysis.DIRECTION_METHODS[0]:
            print(f"{run.name}\n" + "\n".join(f"    {line}" for line in str(effects).splitlines()) + "\n")


def attribution(run, num):
    """Integrated gradients: completeness at 64 steps, the test by random weights, and what removing parts does."""
    gan, (samples, labels) = run.gan, run.samples(run.held_out, num)
    labels = labels if gan.num_labels and run.kind != "table" else None
    for method in ("integrated_gradients", "smoothgrad", "occlusion"):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                found, seconds = timed(analysis.attribute, gan, samples, method, labels=labels)
            except ValueError as error:
                yield {"run": run.name, "method": method, "samples": str(error).partition(".")[0]}
                continue
        delta = f"{np.nanmax(found.delta):.2%}" if np.isfinite(found.delta).any() else "-"
        row = {"run": run.name, "method": method, "samples": len(samples), "seconds": seconds, "steps": found.steps}
        row |= {"largest completeness error": delta, "rank correlation, random weights": found.sanity, "warnings": len(told)}
        if found.kind == "image":
            row |= removed(gan, samples, labels, found)
        yield row


def removed(gan, images, labels, found):
    """Scores without the tenth of the inked pixels that an attribution ranks highest, and without a random tenth of them."""
    from scipy.stats import ttest_rel

    images = gan.decode(gan.encode(images)).numpy()
    generator, ground = np.random.default_rng(0), images.min()
    scores = {}
    for name in ("highest", "random"):
        changed = images.copy()
        for image, values in zip(changed, found.values, strict=True):
            inked = np.flatnonzero(image > ground + 0.1)
            size = max(1, len(inked) // 10)
            ranks = values.ravel()[inked] if name == "highest" else generator.random(len(inked))
            image.ravel()[inked[np.argsort(-ranks)[:size]]] = ground
        scores[name] = gan.score(changed, labels)
    falls = {f"score without the {name} tenth": float(np.mean(each)) for name, each in scores.items()}
    p = float(ttest_rel(scores["highest"], scores["random"], alternative="less").pvalue)
    return {"score": float(found.scores.mean()), **falls, "p": p}


def inversion(run, num):
    """Distances of held-out samples to what the GAN can make, to what it made and to training samples."""
    gan, (samples, _), (references, _) = run.gan, run.samples(run.held_out, num), run.samples(run.training, 5000)
    foreign = {"held-out": samples}
    if run.kind == "image":
        foreign["held-out, inverted brightness"] = 1.0 - samples[: num // 4]
    for what, chosen in foreign.items():
        found, seconds = timed(analysis.invert, gan, chosen, training=references)
        intervals = {key: f"{each.mean:.3f} [{each.low:.3f}, {each.high:.3f}]" for key, each in found.intervals.items()}
        yield {"run": run.name, "samples": what, "number": len(chosen), "seconds": seconds, **intervals}


def units(run, num):
    """The channels with the largest effects, beside random mixtures of channels."""
    found, seconds = timed(analysis.units, run.gan)
    for unit in found.largest(5):
        largest = sorted(unit.effects.items(), key=lambda each: -abs(each[1].mean))[:3]
        effects = ", ".join(f"{attribute} {each.mean:+.2f} [{each.low:+.2f}, {each.high:+.2f}]" for attribute, each in largest)
        row = {
            "run": run.name,
            "layer": found.layer,
            "channel": unit.channel,
            "pixels changed": unit.changed,
            "deviations": effects,
        }
        yield {
            **row,
            "size": float(found.sizes[unit.channel]),
            "random mixtures": float(found.placebo_sizes.mean()),
            "seconds": seconds,
        }


COMMANDS = {"directions": directions, "attribution": attribution, "inversion": inversion, "units": units}

if __name__ == "__main__":
    main()
