"""What privacy costs, and what GANs give away, in figures.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/privacy.py clipping
    python benchmarks/privacy.py canaries --data image_coco/train.txt
    python benchmarks/privacy.py canaries --data image_coco/train.txt --set ngram_order=0
    python benchmarks/privacy.py audits runs/digits runs/adult

Each command prints a table. One thread; seconds are those of the processor.
"""

import argparse
import json
import pathlib
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from gan_keras import GAN, analysis, data, networks, presets
from gan_keras.privacy import Clipping


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (function, add_options) in COMMANDS.items():
        add_options(commands.add_parser(name, help=function.__doc__.partition("\n")[0]))
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rows = list(COMMANDS[arguments.command][0](arguments))
    columns = list(dict.fromkeys(name for row in rows for name in row))
    print("| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns))
    for row in rows:
        print("| " + " | ".join(shown(row.get(name, "-")) for name in columns) + " |")


def shown(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)


# --- Clipping. ---


def clipping(arguments):
    """Clipped gradients: processor time relative to the gradient of the same batch, all rows at once and row by row."""
    down = {"kernel_size": 5, "strides": 2, "padding": "same", "activation": "leaky_relu"}
    convolutions = [layers.Conv2D(64, **down), layers.Conv2D(100, **down), layers.Flatten(), layers.Dense(1)]
    cases = (
        ("dense", networks.MLPDiscriminator((128, 128)), (148,), (128, 512)),
        ("convolutions", keras.Sequential([keras.Input((16, 16, 3)), *convolutions]), (16, 16, 3), (64, 256)),
    )
    for name, discriminator, shape, sizes in cases:
        gan = GAN(networks.MLPGenerator(shape, latent_dim=4, units=(8,)), discriminator, seed=0)
        gan.compile(loss="non_saturating")
        cut = Clipping(gan, 1.0)
        for size in sizes:
            rows = tf.constant(np.random.default_rng(0).normal(size=(size, *shape)), "float32")
            seconds = interleaved(
                {
                    "plain": compiled(lambda rows, gan=gan: plain_gradient(gan, rows), rows),
                    "ghost": compiled(lambda rows, cut=cut: cut.all_at_once(rows, None, loss_of, "real"), rows),
                    "loop": compiled(lambda rows, cut=cut: cut.row_by_row(rows, None, loss_of, "real"), rows),
                }
            )
            row = {"network": name, "weights": discriminator.count_params(), "batch": size, "method": cut.method}
            row |= {"plain, ms": 1e3 * seconds["plain"]}
            yield row | {f"{each} / plain": seconds[each] / seconds["plain"] for each in ("ghost", "loop")}


def loss_of(logits):
    return tf.reduce_mean(tf.nn.softplus(-logits))


def plain_gradient(gan, rows):
    with tf.GradientTape() as tape:
        loss = loss_of(gan.judge(rows))
    return tape.gradient(loss, [variable.value for variable in gan.discriminator.trainable_variables])


def compiled(function, rows):
    """Returns a function without arguments, compiled for any number of rows."""
    graph = tf.function(function, input_signature=[tf.TensorSpec((None, *rows.shape[1:]), rows.dtype)])
    return lambda: graph(rows)


def interleaved(functions, rounds=9, span=0.03):
    """Returns median processor seconds per call of each function. They take turns, so that all meet the same machine."""
    calls, seconds = {}, {name: [] for name in functions}
    for name, function in functions.items():
        function()
        begin = time.process_time()
        function()
        calls[name] = max(1, round(span / max(1e-4, time.process_time() - begin)))
    for _ in range(rounds):
        for name, function in functions.items():
            begin = time.process_time()
            for _ in range(calls[name]):
                function()
            seconds[name].append((time.process_time() - begin) / calls[name])
    return {name: float(np.median(each)) for name, each in seconds.items()}


# --- Canaries. ---


def canary_options(parser):
    parser.add_argument("--data", required=True, help="a file of lines, or the name of a data set of text")
    parser.add_argument("--lines", type=int, default=5000, help="training lines, at random")
    parser.add_argument("--preset", default="small", help="name of a preset of text")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="preset field to change")
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds")


def canaries(arguments):
    """Exposure of planted secrets, by a GAN that was trained with them, and by one that was trained without."""
    rows = []
    for seed in range(arguments.seeds):
        corpus = data.load_text(arguments.data)
        order = np.random.default_rng(seed).permutation(len(corpus.lines))
        lines = [corpus.lines[row] for row in order[: arguments.lines]]
        held_out = [line for line in (corpus.lines[row] for row in order[arguments.lines :][:1000]) if line not in set(lines)]
        planted, secrets = analysis.insert_canaries(lines, seed=seed)
        for name, used in (("with canaries", planted), ("without", lines)):
            start = time.process_time()
            gan = trained(arguments, used, held_out, seed)
            found = analysis.exposure(gan, secrets)
            seconds = time.process_time() - start
            titles = found.to_json()["scores"]
            for score, by_count in found.bits.items():
                bits = {f"{count}x": float(np.median(values)) for count, values in by_count.items()}
                mean = float(np.mean([*by_count.values()]))
                control = "{:.2f} [{:.2f}, {:.2f}]".format(*found.control(score))
                own = {"seed": seed, "training": name, "score": titles[score]["title"]}
                rows.append({**own, **bits, "mean of all": mean, "never inserted": control, "CPU s": seconds})
            print(*found.sentences(), sep="\n", flush=True)
            print(analysis.extraction(gan, lines, 1000, seed, control=held_out).sentence(), flush=True)
            for prompt in (None, secrets.prompt) if used is planted else ():  # others do not know the prompt's words
                told = analysis.extraction(gan, secrets, 1000, seed, prompt)
                print(told.sentence("planted secrets", "secrets that were not planted"), flush=True)
    return rows


def trained(arguments, lines, held_out, seed):
    preset = presets.with_settings(presets.get("text", arguments.preset), dict(each.split("=", 1) for each in arguments.set))
    gan = preset.build(lines, seed=seed)
    batches, further = preset.batches(gan, lines, seed), preset.validation_batches(gan, lines, held_out)
    gan.fit(batches, validation_data=further, epochs=preset.epochs, callbacks=preset.callbacks(lines, held_out), verbose=0)
    return gan


# --- Audits of runs. ---


def audit_options(parser):
    parser.add_argument("runs", nargs="+", type=pathlib.Path, help="runs that `gan-keras audit` has audited")


def audits(arguments):
    """What `gan-keras audit` found in runs, a row each."""
    for run in arguments.runs:
        found = json.loads((run / "privacy.json").read_text(encoding="utf-8"))
        row = {"run": run.name, **{name: f"{num:,}" for name, num in found["numbers"].items()}}
        row["control"] = interval(found["control_attack"]["auc"])
        best = max(found["attacks"].values(), key=lambda each: abs(each["auc"]["mean"] - 0.5), default=None)
        if best is not None:
            row |= {"strongest attack": best["title"], "AUC": interval(best["auc"])}
            row |= {"found at 1 % false alarms": interval(best["tpr"]["0.01"])}
        yield row
        print(f"{run.name}:", *found["verdict"], sep="\n  ", flush=True)


def interval(found):
    return "{mean:.3f} [{low:.3f}, {high:.3f}]".format(**found)


COMMANDS = {
    "clipping": (clipping, lambda parser: None),
    "canaries": (canaries, canary_options),
    "audits": (audits, audit_options),
}


if __name__ == "__main__":
    main()
