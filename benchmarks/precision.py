"""Images of the same preset trained in float32, mixed_bfloat16 and mixed_float16, for the same number of steps.

    for seed in 0 1 2; do for precision in float32 mixed_bfloat16 mixed_float16; do
        python benchmarks/precision.py train --data mnist.npz --precision $precision --seed $seed --steps 1000 \\
            --set width=16 --out runs/precision/${precision}_${seed}.json
    done; done
    python benchmarks/precision.py table runs/precision/*.json

The averaged generator is scored in float32, as it is always used: Frechet distance of as many images as there are test images, at
most 2,500, to these, as in `image_quality.py`. `again` tells how far three more draws of images move it. A step is timed by the
processor time of one thread, so that other work on the machine does not lengthen it: the median of groups of steps after the
graph is built, a whole number of turns of the lazy penalties each. `skipped` counts updates left out by an overflow of float16.
"""

import argparse
import json
import pathlib
import time

import keras
import numpy as np

import image_quality
from gan_keras.data import image_batches, load_images

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
GROUP = 20  # steps that are timed together


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    train_parser = image_quality.training_options(commands, minutes=0.0)
    train_parser.add_argument("--precision", choices=PRECISIONS, required=True)
    train_parser.add_argument("--steps", type=int, default=1000)
    train_parser.add_argument("--extractor-steps", type=int, default=4000, help="updates of the extractor, the same for all rows")
    commands.add_parser("table").add_argument("files", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    image_quality.use_one_thread()
    if arguments.command == "train":
        train(arguments)
    else:
        table([json.loads(path.read_text()) for path in arguments.files])


def train(arguments):
    training, settings = load_images(arguments.data), [*arguments.set, f"precision={arguments.precision}"]
    preset = image_quality.preset_of(arguments.preset, settings)
    gan = preset.build(training, seed=arguments.seed)
    judge = image_quality.Judge(arguments.data, training, gan.codec, arguments.extractor_steps)
    batches = image_batches(training, preset.batch_size, seed=arguments.seed).repeat()
    clock = StepClock()
    history = gan.fit(batches, steps_per_epoch=arguments.steps, callbacks=[clock], verbose=0, shuffle=False).history
    scores = [image_quality.score(judge, gan, 0.0, seed)["frechet"] for seed in (10**6, 1, 2, 3)]
    result = {
        "data": pathlib.Path(arguments.data).stem,
        "preset": image_quality.title_of(arguments.preset, arguments.set),
        "precision": arguments.precision,
        "seed": arguments.seed,
        "steps": arguments.steps,
        "frechet": scores[0],
        "again": scores[1:],
        "ms_per_step": 1000 * clock.seconds_per_step,
        "skipped": history.get("skipped", [0.0])[-1],
    }
    print(result, flush=True)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1))


class StepClock(keras.callbacks.Callback):
    """Processor time of a step: the median of groups, without the first, which builds the graph."""

    def on_train_begin(self, logs=None):
        self.marks = []

    def on_train_batch_end(self, batch, logs=None):
        if batch % GROUP == GROUP - 1:
            self.marks.append(time.process_time())

    @property
    def seconds_per_step(self):
        return float(np.median(np.diff(self.marks))) / GROUP


def table(results):
    """Prints a row for each precision: means over the seeds, and the standard error of the Frechet distances."""
    print("| data | preset | steps | precision | seeds | Frechet | by chance | ms a step | skipped updates |")
    print("|---|---|---|---|---|---|---|---|---|")
    groups = {}
    for result in results:
        groups.setdefault((result["data"], result["preset"], result["steps"], result["precision"]), []).append(result)
    for (data, preset, steps, precision), runs in sorted(groups.items(), key=lambda group: PRECISIONS.index(group[0][3])):
        chance = np.mean([np.std([run["frechet"], *run["again"]], ddof=1) for run in runs])
        cells = [data, f"`{preset}`", steps, precision, len(runs), image_quality.mean_of([run["frechet"] for run in runs])]
        cells += [f"{chance:.2f}", f"{np.mean([run['ms_per_step'] for run in runs]):.1f}"]
        print(f"| {' | '.join(map(str, [*cells, round(np.mean([run['skipped'] for run in runs]), 1)]))} |")


if __name__ == "__main__":
    main()
