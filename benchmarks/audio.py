"""Spoken digits: what a preset of audio reaches, heard by a classifier of real recordings.

    python benchmarks/audio.py --data spoken_digits.npz --seed 0 --out runs/digits_0 --set length=4096 precision=mixed_bfloat16
    python benchmarks/audio.py --data spoken_digits.npz --seed 1 --out runs/digits_1 --set length=4096 precision=mixed_bfloat16

Trains a run, or takes the one that is there, and evaluates it against the part of the data that is kept for tests, which no
network has heard. The classifier learns from the real training recordings of the run. `agreement` of real sounds is its
accuracy on the test recordings. Processor time is that of the whole process.
"""

import argparse
import json
import pathlib
import time

import tensorflow as tf

from gan_keras import modalities
from gan_keras.runs import Run, train_run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="an .npz file with x_train, y_train, x_test, y_test and sample_rate")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--preset", default="default")
    parser.add_argument("--set", nargs="*", default=[], help="fields of the preset, as in `gan-keras train --set`")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--num", type=int, default=300, help="sounds of each sampler")
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if not (arguments.out / "model.keras").exists():
        train(arguments)
    modality = modalities.get("audio")
    result, _ = modality.evaluate(Run(arguments.out), arguments.data, arguments.num)
    (arguments.out / "evaluation.json").write_text(json.dumps(result, indent=2))
    print(modality.summary(result))
    print(row(arguments, result))


def train(arguments):
    """Trains the run, and says how long that took."""
    settings = dict(setting.split("=", 1) for setting in arguments.set)
    begin = time.process_time()
    train_run(
        "audio",
        arguments.data,
        arguments.out,
        arguments.preset,
        epochs=arguments.epochs,
        seed=arguments.seed,
        settings=settings,
        resume=(arguments.out / "config.json").exists(),
    )
    print(f"{time.process_time() - begin:.0f} s of processor time to train")


def row(arguments, result):
    """A row of the table in `audio.md` for each sampler."""
    samplers = [*result["samplers"].values(), result["real"]]
    cells = [
        [f"{sampler['values'][name]:.3g}" for name in modalities.get("audio").columns if name in sampler["values"]]
        for sampler in samplers
    ]
    title = f"`{arguments.preset}`, seed {arguments.seed}"
    titles = [title, *(sampler["title"] for sampler in samplers[1:])]
    return "\n".join("| " + " | ".join([title, *line]) + " |" for title, line in zip(titles, cells, strict=True))


if __name__ == "__main__":
    main()
