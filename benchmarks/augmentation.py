"""What augmentation by a GAN buys: a downstream model's test score at shares of the real data, with intervals over seeds.

    python benchmarks/augmentation.py adult-parts --data adult.csv --out parts
    python benchmarks/augmentation.py compare image --data mnist.npz --test mnist.npz --out runs/mnist_5 --shares 5 --minutes 3
    python benchmarks/augmentation.py compare table --data parts/train.csv --test parts/test.csv --out runs/adult_5 --shares 5
    python benchmarks/augmentation.py table runs/*/augmentation.json

`compare` makes a run whose own GAN is hardly trained, as the comparison trains its own ones, and calls what
`gan-keras augment RUN --compare` calls. One thread, so that minutes are about processor minutes on a machine without other work.
"""

import argparse
import json
import pathlib

import tensorflow as tf

from gan_keras.downstream import Comparison, compare_augmentation, comparison_rows, comparison_summary
from gan_keras.media import write_json
from gan_keras.runs import Run, train_run

UCI_TRAINING_ROWS = 32561  # of adult.csv: the rest is UCI's test part


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    parts = commands.add_parser("adult-parts", help="split adult.csv into UCI's training and test part")
    parts.add_argument("--data", type=pathlib.Path, required=True)
    parts.add_argument("--out", type=pathlib.Path, required=True)
    comparing = commands.add_parser("compare")
    comparing.add_argument("modality", choices=["image", "table", "series"])
    for name in ("--data", "--test", "--out"):
        comparing.add_argument(name, required=True)
    comparing.add_argument("--preset", default="default")
    comparing.add_argument("--set", nargs="*", default=[], help="fields of the preset, as in `gan-keras train --set`")
    comparing.add_argument("--shares", type=float, nargs="*", default=[5.0])
    comparing.add_argument("--seeds", type=int, default=3)
    comparing.add_argument("--minutes", type=float, default=3.0)
    comparing.add_argument("--ratio", type=float, default=1.0)
    comparing.add_argument("--balanced", action="store_true")
    tables = commands.add_parser("table")
    tables.add_argument("files", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    {"adult-parts": split_adult, "compare": compare, "table": table}[arguments.command](arguments)


def split_adult(arguments):
    header, *rows = arguments.data.read_text(encoding="utf-8").splitlines()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", rows[:UCI_TRAINING_ROWS]), ("test", rows[UCI_TRAINING_ROWS:])):
        (arguments.out / f"{name}.csv").write_text("\n".join([header, *part, ""]), encoding="utf-8")


def compare(arguments):
    tf.config.threading.set_intra_op_parallelism_threads(1)
    settings = dict(setting.split("=", 1) for setting in arguments.set)
    out = pathlib.Path(arguments.out)
    if not (out / "config.json").exists():
        short = {"settings": {**settings, "steps_per_epoch": "1"}, "epochs": 1, "checkpoint_seconds": 1e9}
        train_run(arguments.modality, arguments.data, out, arguments.preset, **short)
        config = Run(out).config
        Run(out).write_config({**config, "preset": {**config["preset"], "steps_per_epoch": 0}})
    comparison = Comparison(tuple(arguments.shares), arguments.seeds, arguments.minutes, arguments.ratio, arguments.balanced)
    result = compare_augmentation(Run(out), comparison, arguments.test, lambda line: print(line, flush=True))
    write_json(
        Run(out).augmentation_path,
        {**result, "settings": {**result["settings"], "preset": " ".join([arguments.preset, *arguments.set])}},
    )
    print(comparison_summary(result))


def table(arguments):
    """Prints the results as a table of Markdown."""
    printed = False
    for path in arguments.files:
        result = json.loads(path.read_text(encoding="utf-8"))
        for row, part in zip(comparison_rows(result), result["shares"], strict=True):
            cells = {
                "run": path.parent.name,
                **row,
                "updates of a GAN": f"{min(part['gan_updates'])} to {max(part['gan_updates'])}",
            }
            if not printed:
                print(f"| {' | '.join(cells)} |\n|{'---|' * len(cells)}")
                printed = True
            print(f"| {' | '.join(map(str, cells.values()))} |")


if __name__ == "__main__":
    main()
