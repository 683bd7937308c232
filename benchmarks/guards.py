"""The guards: how often a training made to fail is found, how often a healthy one is blamed, and what watching costs.

    python benchmarks/guards.py rules --seeds 10
    python benchmarks/guards.py price

`rules` trains small networks on a ring of 8 Gaussians, all seeds of a recipe side by side (`ManySeeds`) but each measured alone,
and asks `gan_keras.diagnosis` about each. `price` times steps with the command line's callbacks and without any, in turns in one
process, by the processor's time.
"""

import argparse
import statistics
import tempfile
import time

import keras
import numpy as np
import tensorflow as tf
from keras import ops

import gan_keras
from gan_keras import GAN, callbacks, modalities, networks, penalties
from gan_keras.data import mixtures, text_batches
from gan_keras.diagnosis import findings
from gan_keras.gans import ManySeeds, MemberMetrics, StepMetrics, by_member, interleave
from gan_keras.runs import Run, Watchers
from gan_keras.training import Player

BATCH, EPOCH_STEPS = 128, 100


def adam(rate, beta_1=0.5):
    return keras.optimizers.Adam(rate, beta_1=beta_1)


def recipe(generator_rate, discriminator_rate, loss="non_saturating", beta_1=0.5, **options):
    """A function that makes the arguments of `GAN.compile`: each GAN needs objects of its own."""
    fixed = {name: value for name, value in options.items() if name != "penalties"}
    return lambda: {
        "generator_optimizer": adam(generator_rate, beta_1),
        "discriminator_optimizer": adam(discriminator_rate, beta_1),
        "loss": loss,
        "penalties": [make() for make in options.get("penalties", ())],
        **fixed,
    }


R1, R2 = (lambda: penalties.R1(0.1)), (lambda: penalties.R2(0.1))
HEALTHY = {
    "non-saturating, R1": recipe(1e-3, 1e-3, penalties=[R1]),
    "non-saturating, no penalty": recipe(1e-3, 1e-3),
    "hinge, R1": recipe(1e-3, 1e-3, "hinge", penalties=[R1]),
    "least squares, R1": recipe(1e-3, 1e-3, "least_squares", penalties=[R1]),
    "relativistic pairs, R1 and R2": recipe(1e-3, 1e-3, "relativistic_paired", 0.0, penalties=[R1, R2]),
    "Wasserstein, gradient penalty, 5 steps": recipe(
        1e-3, 1e-3, "wasserstein", penalties=[lambda: penalties.GradientPenalty(0.1)], discriminator_steps=5
    ),
}
FORCED = {
    "both rates x 100, no penalty": recipe(1e-1, 1e-1),
    "generator's rate x 100": recipe(1e-1, 1e-3),
    "discriminator's rate x 10, 5 steps; generator's / 10": recipe(1e-4, 1e-2, discriminator_steps=5),
    "Wasserstein without a penalty": recipe(1e-2, 1e-2, "wasserstein"),
    "both rates / 1,000,000": recipe(1e-9, 1e-9),
}


class Each(keras.metrics.Metric):
    """A mean for each member."""

    def __init__(self, name, num):
        super().__init__(name=name)
        self.total = self.add_variable((num,), "zeros")
        self.count = self.add_variable((), "zeros")

    def update_state(self, values):
        self.total.assign_add(ops.cast(values, "float32"))
        self.count.assign_add(1.0)

    def result(self):
        return self.total / self.count


class MetricsOfEach(MemberMetrics):
    """Step metrics of each member; `fit` logs them as `d_real_0`, `d_real_1`, ..."""

    def __init__(self, num):
        super().__init__(num)
        names = ("d_real", "d_fake", "d_accuracy", "diversity", "d_norm", "g_norm")
        self.each = {name: Each(name, num) for name in names}

    def of_each(self, function, *rows):
        pairs = tuple(by_member(each, self.num) for each in rows)
        return tf.vectorized_map(lambda pair: function(*pair), pairs)

    def update_logits(self, real_logits, fake_logits):
        for name, logits in (("d_real", real_logits), ("d_fake", fake_logits)):
            self.each[name].update_state(self.of_each(ops.mean, logits))
        self.each["d_accuracy"].update_state(
            self.of_each(lambda real, fake: ops.mean(ops.cast(real > fake, "float32")), real_logits, fake_logits)
        )

    def update_samples(self, real_data, fake_data):
        self.each["diversity"].update_state(
            self.of_each(lambda real, fake: StepMetrics.diversity_of(self, real, fake), real_data, fake_data)
        )

    def result(self):
        results = {name: metric.result() for name, metric in self.each.items()}
        alone = {f"{name}_{i}": values[i] for name, values in results.items() for i in range(self.num)}
        return {"loss": self.d_loss.result(), **alone}

    def metrics(self, compiled=()):
        return [*super().metrics(compiled), *self.each.values()]


class PlayerOfEach(Player):
    """A player that records a gradient norm for each member: in each gradient, the first axis is that of the members."""

    def measure(self, gradients):
        num = self.norm.total.shape[0]
        squares = [ops.sum(ops.square(ops.reshape(each, (num, -1))), axis=1) for each in gradients]
        self.norm.update_state(ops.sqrt(sum(squares)))


class MeasuredAlone(ManySeeds):
    """`ManySeeds` that measures each member alone."""

    def make_step_metrics(self):
        return MetricsOfEach(len(self.seeds))

    def compile(self, *args, **kwargs):
        super().compile(*args, **kwargs)
        norms = self.step_metrics.each
        self.generator_player = PlayerOfEach(self.generator, self.generator_optimizer, norms["g_norm"])
        self.discriminator_player = PlayerOfEach(self.discriminator, self.discriminator_optimizer, norms["d_norm"])


def histories(make, seeds, epochs):
    """The history of each seed, a list of dicts."""
    members = [member(make(), seed) for seed in seeds]
    many = MeasuredAlone(members)
    points = np.stack([mixtures.ring(BATCH * EPOCH_STEPS, seed=seed, deviation=0.05) for seed in seeds], axis=1).astype(
        np.float32
    )
    batches = tf.data.Dataset.from_tensor_slices(points).batch(BATCH).map(interleave).repeat()
    found = many.fit(batches, epochs=epochs, steps_per_epoch=EPOCH_STEPS, shuffle=False, verbose=0).history
    names = many.step_metrics.each
    return [{"steps": [EPOCH_STEPS] * epochs, **{name: found[f"{name}_{i}"] for name in names}} for i in range(len(seeds))]


def member(options, seed):
    keras.utils.set_random_seed(seed)
    gan = GAN(networks.MLPGenerator((2,), latent_dim=8, units=(32, 32)), networks.MLPDiscriminator((32, 32)), seed=seed)
    gan.compile(**options, steps_per_execution=EPOCH_STEPS)
    return gan


def rules(arguments):
    """Prints a row for each recipe: how many of its seeds were blamed, and for what."""
    print("| recipe | is | seeds blamed | findings |\n|---|---|---|---|")
    for state, recipes in (("healthy", HEALTHY), ("made to fail", FORCED)):
        for name, make in recipes.items():
            if arguments.only in name:
                print(row(name, state, histories(make, range(arguments.seeds), arguments.epochs)), flush=True)


def row(name, state, found):
    kinds = [{finding.kind for finding in findings(history)} for history in found]
    counts = {kind: sum(kind in each for each in kinds) for kind in sorted(set().union(*kinds))}
    told = ", ".join(f"{kind} {num}" for kind, num in counts.items()) or "none"
    return f"| {name} | {state} | {sum(map(bool, kinds))} of {len(kinds)} | {told} |"


def text_gan():
    """A GAN of the text default in its first stage, and batches."""
    lines = gan_keras.data.load_text("docstrings").lines[:4000]
    preset = gan_keras.presets.get("text", "default")
    preset.ngram_order = 0  # their shares are found at the end of `fit`, which is not of a step
    gan = preset.build(lines)
    return gan, text_batches(lines, gan.codec, preset.batch_size), preset


def image_gan():
    """A GAN of the preset dcgan of 32 by 32 pixels in colour, and batches."""
    preset = gan_keras.presets.get("image", "dcgan")
    images = np.random.default_rng(0).integers(256, size=(12 * preset.batch_size, 32, 32, 3), dtype=np.uint8)
    return preset.build((32, 32, 3)), tf.data.Dataset.from_tensor_slices(images).batch(preset.batch_size), preset


class PricedCheckpoint(callbacks.Checkpoint):
    """A `Checkpoint` that takes the processor's time of its one write, at the end."""

    def save(self):
        start = time.process_time()
        super().save()
        self.spent = time.process_time() - start


def price(arguments):
    """Prints the processor's milliseconds of a step with the callbacks of the command line and with none, in turns.

    The checkpoint that ends each `fit` is told apart, and with it what one a minute adds.
    """
    print("| GAN | with callbacks, ms | without, ms | more | a checkpoint, ms | and one a minute |\n|---|---|---|---|---|---|")
    for name, make in {"image, dcgan 32 x 32": image_gan, "text, default": text_gan}.items():
        if arguments.only not in name:
            continue
        gan, batches, preset = make()
        batches, times, writes = batches.take(arguments.steps).cache(), {True: [], False: []}, []
        for turn in range(arguments.turns + 1):
            for watched in (True, False) if turn % 2 else (False, True):
                seconds, write = watched_seconds(name, gan, batches, preset) if watched else (fit_seconds(gan, batches, []), 0.0)
                if turn:  # the first turn builds the graph
                    times[watched].append(seconds)
                    writes += [write] if watched else []
        medians = [1000 * statistics.median(times[watched]) / arguments.steps for watched in (True, False)]
        more, write = (
            statistics.median(a / b - 1 for a, b in zip(times[True], times[False], strict=True)),
            statistics.median(writes),
        )
        cells = [f"{each:.1f}" for each in medians] + [f"{more:+.1%}", f"{1000 * write:.0f}", f"{more + write / 60:+.1%}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def watched_seconds(name, gan, batches, preset):
    """The processor's seconds of `fit` with the callbacks of the command line, and those of the checkpoint at its end."""
    with tempfile.TemporaryDirectory() as directory:
        run, modality = Run(directory), modalities.get(name.split(",")[0])
        checkpoint = PricedCheckpoint(run.checkpoints, seconds=60)
        seconds = fit_seconds(gan, batches, [*Watchers(run, modality, preset, lambda line: None).around([]), checkpoint])
        return seconds - checkpoint.spent, checkpoint.spent


def fit_seconds(gan, batches, watching):
    start = time.process_time()
    gan.fit(batches, epochs=1, callbacks=watching, verbose=0, shuffle=False)
    return time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for_rules, for_price = commands.add_parser("rules"), commands.add_parser("price")
    for_rules.add_argument("--seeds", type=int, default=10)
    for_rules.add_argument("--epochs", type=int, default=15, help=f"of {EPOCH_STEPS} steps")
    for_rules.set_defaults(run=rules)
    for_price.add_argument("--steps", type=int, default=12)
    for_price.add_argument("--turns", type=int, default=9)
    for_price.set_defaults(run=price)
    for each in (for_rules, for_price):
        each.add_argument("--threads", type=int, default=1)
        each.add_argument("--only", default="", help="a part of the names of the rows")
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    arguments.run(arguments)


if __name__ == "__main__":
    main()
