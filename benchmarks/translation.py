"""Translations of apples and tomatoes: how often they convince a classifier, beside what the simplest translations reach.

    gan-keras train translation --data apple2tomato.npz --out runs/translation_0 --seed 0
    python benchmarks/translation.py score runs/translation_0 --out runs/translation_0.json
    python benchmarks/translation.py table runs/translation_*.json
    python benchmarks/translation.py grid runs/translation_0 --out benchmarks/translation.png

`score` is `gan-keras evaluate`: the test images of the data, the classifier of the training images. `table` has a row for each
run, and for the baselines and the real images, which are the same for all of them. `grid` shows test images that are chosen
before: evenly spaced ones.
"""

import argparse
import json
import pathlib

import numpy as np

from gan_keras import modalities
from gan_keras.media import write_png
from gan_keras.modalities import translation_grid
from gan_keras.runs import Run

SHOWN = 12  # images of each direction


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("score", "grid"):
        command = commands.add_parser(name)
        command.add_argument("run", type=pathlib.Path)
        command.add_argument("--out", type=pathlib.Path, required=True)
    commands.add_parser("table").add_argument("files", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    if arguments.command == "table":
        table({path.stem: json.loads(path.read_text()) for path in arguments.files})
    else:
        {"score": score, "grid": grid}[arguments.command](Run(arguments.run), arguments.out)


def score(run, out):
    result, _ = modalities.get("translation").evaluate(run)
    rows = (run.path / "history.csv").read_text().splitlines()
    out.write_text(json.dumps({**result, "epochs": len(rows) - 1, "seed": run.config["seed"]}, indent=2))


def grid(run, out):
    _, held_out = modalities.get("translation").parts(run)
    gan, shown = run.load(), {}
    for direction, images in (("a_to_b", held_out.a), ("b_to_a", held_out.b)):
        levels = images.images[np.linspace(0, len(images) - 1, SHOWN).astype(int)]
        shown[direction] = levels.astype(np.float32) / 255.0
    write_png(out, translation_grid(gan, shown))


def table(results):
    columns = modalities.get("translation").columns
    names = list(columns)
    print("| | " + " | ".join(columns.values()) + " |")
    print("|" + "---|" * (len(names) + 1))
    for name, result in results.items():
        row(f"GAN, {name}, {result['epochs']} epochs", result["samplers"]["gan"]["values"], names)
    first = next(iter(results.values()))
    for sampler in (first["samplers"]["baseline"], first["samplers"]["unchanged"], first["real"]):
        row(sampler["title"], sampler["values"], names)


def row(title, values, names):
    cells = [f"{values[name]:.3f}" if name in values else "-" for name in names]
    print(f"| {title} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
