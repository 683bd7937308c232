"""Private training in figures: what it costs.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/privacy.py clipping

Each command prints a table. One thread; seconds are those of the processor.
"""

import argparse
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from gan_keras import GAN, networks
from gan_keras.privacy import Clipping


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in COMMANDS.items():
        commands.add_parser(name, help=function.__doc__.partition("\n")[0])
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rows = list(COMMANDS[arguments.command]())
    columns = list(dict.fromkeys(name for row in rows for name in row))
    print("| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns))
    for row in rows:
        print("| " + " | ".join(shown(row.get(name, "-")) for name in columns) + " |")


def shown(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def clipping():
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


COMMANDS = {"clipping": clipping}


if __name__ == "__main__":
    main()
