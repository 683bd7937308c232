"""Mixtures of Gaussians by PacGAN's definition, ten seeds a row, none left out: minutes a row on one core.

    python benchmarks/mixtures.py --json mixtures.json                   # every row; those in the file are not run again
    python benchmarks/mixtures.py --rows default --json mixtures.json

Each row trains the same networks on the same number of batches with the same optimizers (`presets.get("points", "default")`);
only the loss, the penalties or, where it says so, the networks differ. The seeds are trained as one (`ManySeeds`). Columns of a
cell `last / averaged`: the last weights of the generator, and their running average, which `GAN.generate` uses.
"""

import argparse
import dataclasses
import json
import pathlib
import sys
import time

import numpy as np
import tensorflow as tf

from gan_keras import networks, presets
from gan_keras.constraints import Clip
from gan_keras.data import mixtures
from gan_keras.gans import ManySeeds, interleave
from gan_keras.metrics import modes_covered
from gan_keras.penalties import DRAGAN, R1, GradientPenalty
from gan_keras.presets import PointsPreset

LOSSES = (
    "minimax",
    "non_saturating",
    "least_squares",
    "hinge",
    "wasserstein",
    "relativistic_paired",
    "relativistic_average",
)
SEEDS, POINTS = tuple(range(10)), 100_000
FIRST_TEST_SEED = 10**9  # of the latents that are measured: none of training
COUNTS = (2_500, 25_000)  # PacGAN's number of samples, and ten times as many


@dataclasses.dataclass(frozen=True)
class Mixture:
    """A data set, and what PacGAN's table 1 (2,500 samples, mean of 10 trials) publishes for it."""

    sample: callable
    centres: np.ndarray
    deviation: float
    published: dict


MIXTURES = {
    "ring": Mixture(
        mixtures.ring,
        mixtures.ring_centres(),
        0.01,
        {"GAN": (6.3, 0.982, 0.45), "ALI": (6.6, 0.976, 0.36), "PacGAN2": (7.9, 0.956, 0.07), "PacGAN4": (7.8, 0.959, 0.07)},
    ),
    "grid": Mixture(
        mixtures.grid,
        mixtures.grid_centres(),
        0.05,
        {"GAN": (17.3, 0.948, 0.70), "ALI": (24.1, 0.957, 0.14), "PacGAN4": (24.8, 0.936, 0.04)},
    ),
}


@dataclasses.dataclass(frozen=True)
class Row:
    """What differs from the preset: a loss, penalties (a function, as a penalty has a state), a limit, a pack, networks."""

    loss: str = "relativistic_paired"
    penalties: callable = PointsPreset.penalties
    weight_limit: float | None = None
    pack: int = 1
    generator: callable = PointsPreset.generator
    discriminator: callable = PointsPreset.discriminator


def bare(preset):
    return []


def constant(*kinds):
    return lambda preset: [kind() for kind in kinds]


def dense_generator(preset, sample_shape):
    return networks.MLPGenerator(sample_shape, preset.latent_dim, preset.units)


def dense_discriminator(preset):
    return networks.MLPDiscriminator(preset.units)


ROWS = {
    "default": Row(),
    **{loss: Row(loss, bare) for loss in LOSSES},
    "wasserstein, weights clipped at 0.1": Row("wasserstein", bare, weight_limit=0.1),
    "wasserstein, gradient penalty 1": Row("wasserstein", constant(lambda: GradientPenalty(1.0))),
    "non_saturating, R1 0.1": Row("non_saturating", constant(lambda: R1(0.1))),
    "non_saturating, DRAGAN 1": Row("non_saturating", constant(lambda: DRAGAN(1.0))),
    "non_saturating, packs of 2": Row("non_saturating", bare, pack=2),
    "default, dense generator": Row(generator=dense_generator),
    "default, dense discriminator": Row(discriminator=dense_discriminator),
    "non_saturating, both dense": Row("non_saturating", bare, generator=dense_generator, discriminator=dense_discriminator),
}


class RowPreset(PointsPreset):
    """The default preset with the changes of a row."""

    row = ROWS["default"]

    def generator(self, sample_shape):
        return self.row.generator(self, sample_shape)

    def discriminator(self):
        network = self.row.discriminator(self)
        return network if self.row.pack == 1 else networks.Packed(network, self.row.pack)

    def penalties(self):
        return self.row.penalties(self)

    def build(self, points, seed=0):
        gan = super().build(points, seed)
        for variable in gan.discriminator.trainable_variables if self.row.weight_limit else ():
            variable.constraint = Clip(self.row.weight_limit)
        options = {"generator_ema": self.generator_ema, "steps_per_execution": self.steps_per_execution}
        gan.compile(*self.optimizers(), loss=self.row.loss, penalties=self.penalties(), **options)
        return gan


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS), metavar="ROW")
    parser.add_argument("--data", nargs="+", default=list(MIXTURES), choices=list(MIXTURES))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--steps", type=int, help="instead of the preset's: for a trial")
    parser.add_argument("--json", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    for threads in (tf.config.threading.set_intra_op_parallelism_threads, tf.config.threading.set_inter_op_parallelism_threads):
        threads(1)
    results = json.loads(arguments.json.read_text()) if arguments.json.exists() else []
    for name in arguments.rows:
        for data in arguments.data:
            if not any((done["row"], done["data"]) == (name, data) for done in results):
                results.append(run(name, data, arguments.seeds, arguments.steps))
                arguments.json.write_text(json.dumps(results, indent=1))
                print(line(results[-1]), file=sys.stderr, flush=True)
    print(f"`python benchmarks/mixtures.py {' '.join(sys.argv[1:])}`\n")
    print("\n".join(table(data, results) for data in arguments.data))


def run(name, data, seeds, steps=None):
    """Trains a row and measures each of its seeds."""
    mixture, start = MIXTURES[data], time.process_time()
    preset = RowPreset(**presets.get("points", "default").to_config())
    preset.row, preset.steps = ROWS[name], steps or preset.steps
    points = [mixture.sample(POINTS, seed=seed) for seed in seeds]
    members = [preset.build(each, seed) for seed, each in zip(seeds, points, strict=True)]
    many = ManySeeds(members)
    encoded = np.stack([member.codec.encode(each) for member, each in zip(members, points, strict=True)], axis=1)
    many.fit(preset.batches(encoded).map(interleave), steps_per_epoch=preset.steps, shuffle=False, verbose=0)
    many.hand_back()
    minutes = (time.process_time() - start) / 60
    scores = {kind: [measure(member, kind, mixture) for member in members] for kind in ("generator", "ema_generator")}
    return {"row": name, "data": data, "seeds": list(seeds), "steps": preset.steps, "minutes": minutes, **scores}


def measure(gan, kind, mixture):
    """Modes, quality and balance of one generator for each number of samples; a diverged one has no mode."""
    latents = gan.latents_from(np.arange(max(COUNTS)) + FIRST_TEST_SEED)
    samples = gan.codec.decode(getattr(gan, kind)(latents)).numpy()
    if not np.isfinite(samples).all():
        nothing = {"modes": 0, "high_quality": 0.0, "reverse_kl": float(np.log(len(mixture.centres)))}
        return {"diverged": True, "spread": 0.0, **{str(num): nothing for num in COUNTS}}
    counted = {str(num): modes_covered(samples[:num], mixture.centres, mixture.deviation) for num in COUNTS}
    return {"diverged": False, "spread": spread(samples, mixture), **counted}


def spread(samples, mixture):
    """Deviation within a mode, of the samples within 3 deviations of it, in deviations of the data: .97 of real ones."""
    squares = np.sum((samples[:, None] - mixture.centres) ** 2, axis=-1).min(axis=1)
    near = squares[squares < (3 * mixture.deviation) ** 2]
    return float(np.sqrt(near.mean() / 2) / mixture.deviation) if len(near) else 0.0


TITLES = (
    "modes",
    "seeds with all",
    "high quality %",
    "its worst seed",
    "spread",
    "reverse KL",
    "modes of 25,000",
    "diverged",
    "minutes",
)


def table(data, results):
    """The rows of one data set, PacGAN's beneath."""
    mixture = MIXTURES[data]
    lines = [f"| {data}, {len(mixture.centres)} modes | {' | '.join(TITLES)} |", "|---" * (len(TITLES) + 1) + "|"]
    lines += [line(result) for result in results if result["data"] == data]
    for name, (modes, quality, divergence) in mixture.published.items():
        lines.append(f"| {name}, published | {modes} | | {100 * quality:.1f} | | | {divergence} | | | |")
    return "\n".join(lines) + "\n"


def line(result):
    """One row of the table: means over seeds with their standard error, `last / averaged`."""
    cells = [cells_of(result[kind], len(MIXTURES[result["data"]].centres)) for kind in ("generator", "ema_generator")]
    both = " | ".join(f"{last} / {averaged}" for last, averaged in zip(*cells, strict=True))
    return f"| {result['row']} | {both} | {result['minutes']:.1f} |"


def cells_of(scores, num_modes):
    few, many = ([score[str(num)] for score in scores] for num in COUNTS)
    quality = [100 * score["high_quality"] for score in few]
    return [
        mean([score["modes"] for score in few], 1),
        str(sum(score["modes"] == num_modes for score in few)),
        mean(quality, 1),
        f"{min(quality):.1f}",
        mean([score["spread"] for score in scores], 2) if "spread" in scores[0] else "-",
        mean([score["reverse_kl"] for score in few], 3),
        f"{np.mean([score['modes'] for score in many]):.1f}",
        str(sum(score["diverged"] for score in scores)),
    ]


def mean(values, digits):
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{np.mean(values):.{digits}f}±{error:.{digits}f}"


if __name__ == "__main__":
    main()
