"""Images a second of each image preset: float32 and mixed_bfloat16, with and without XLA, beside what the processor can do.

    python benchmarks/image_speed.py --size 32 --presets mlp dcgan default r3gan --threads 1

One process for each cell, as neither precision nor XLA leaves a process as it was. Images of random levels, 3 channels, 10
labels; images a second are those of the mean step after the graph is built, which is told apart. The peak is that of a product of
two matrices of 2,048 by 2,048 in either precision. `share` is the time that the step's convolutions and products, as TensorFlow's
profiler counts them, would take at that peak, divided by the median step's; a lazy penalty is in neither. The rest goes to
memory, small operations and normalisation.
"""

import argparse
import dataclasses
import json
import statistics
import subprocess
import sys
import time

import numpy as np
import tensorflow as tf

import gan_keras

PRECISIONS, PRESETS = ("float32", "mixed_bfloat16"), ("mlp", "dcgan", "wgan_gp", "sngan", "biggan", "r3gan", "default")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--presets", nargs="+", default=PRESETS)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--limit", type=float, default=180.0, help="seconds a cell may take with the building of its graph")
    parser.add_argument("--cell", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if arguments.cell:
        print(json.dumps(measure(*arguments.cell, arguments.size, arguments.steps)))
        return
    peaks = {"float32": peak(tf.float32), "mixed_bfloat16": peak(tf.bfloat16)}
    print(", ".join(f"{name}: {value / 1e9:.0f} GFLOP/s" for name, value in peaks.items()))
    print("| preset | precision | XLA | images a second | ms a step | s to build | share of the peak |")
    print("|---|---|---|---|---|---|---|")
    for preset in arguments.presets:
        for precision in PRECISIONS:
            for xla in ("no", "yes"):
                print(row(preset, precision, xla, peaks[precision], arguments), flush=True)


def row(preset, precision, xla, speed, arguments):
    command = [sys.executable, __file__, "--cell", preset, precision, xla, "--size", str(arguments.size)]
    command += ["--steps", str(arguments.steps), "--threads", str(arguments.threads)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=arguments.limit, check=True)
    except subprocess.TimeoutExpired:
        return f"| `{preset}` | {precision} | {xla} | more than {arguments.limit:.0f} s | - | - | - |"
    found = json.loads(done.stdout.splitlines()[-1])
    share = found["operations"] / speed / found["median"]
    cells = [f"{found['batch'] / found['mean']:.0f}", f"{1000 * found['mean']:.0f}", f"{found['build']:.0f}", f"{share:.2f}"]
    return f"| `{preset}` | {precision} | {xla} | {' | '.join(cells)} |"


def measure(name, precision, xla, size, steps):
    """Seconds of a step, and how much it computes, in this process."""
    random = np.random.default_rng(0)
    preset = dataclasses.replace(gan_keras.presets.get("image", name), precision=precision)
    images = tf.constant(random.integers(256, size=(preset.batch_size, size, size, 3), dtype=np.uint8))
    num_labels = 10 if preset.conditional else 0
    labels = tf.constant(np.arange(preset.batch_size, dtype=np.int32) % num_labels) if num_labels else None
    gan = preset.build((size, size, 3), num_labels)
    gan.compile_from_config({**gan.get_compile_config(), "jit_compile": xla == "yes"})
    start = time.perf_counter()
    for _ in range(2):
        gan.train_on_batch(images, labels)
    build, seconds = time.perf_counter() - start, []
    for _ in range(steps):
        start = time.perf_counter()
        gan.train_on_batch(images, labels)
        seconds.append(time.perf_counter() - start)
    found = {"mean": statistics.mean(seconds), "median": statistics.median(seconds), "build": build, "batch": preset.batch_size}
    return {**found, "operations": operations(gan, (images, labels) if num_labels else (images,))}


def operations(gan, batch):
    """Additions and multiplications of the convolutions and products of a step."""
    step = tf.function(lambda *data: gan.train_step(data)).get_concrete_function(*batch)
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    return tf.compat.v1.profiler.profile(step.graph, options={**options, "output": "none"}).total_float_ops


def peak(dtype, size=2048):
    """Operations a second of a product of two square matrices."""
    matrix = tf.cast(tf.random.normal((size, size)), dtype)
    product, seconds = tf.function(tf.matmul), []
    for _ in range(6):
        start = time.perf_counter()
        product(matrix, matrix).numpy()
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds)


if __name__ == "__main__":
    main()
