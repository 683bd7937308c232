"""Memory over many short epochs with all callbacks on: whether it grows, by the slope of a line and its interval.

    python benchmarks/memory.py --epochs 200

A small GAN trains as on the command line, with its pictures, scores, checkpoints and guards. The resident size of the process is
read as each epoch is told; the first quarter, in which graphs are built and allocators settle, is left out of the line.
"""

import argparse
import gc
import os
import pathlib
import re
import tempfile

import numpy as np

from gan_keras.data import english_phrases
from gan_keras.runs import train_run

SETTINGS = {
    "image": {"steps_per_epoch": 2, "batch_size": 16, "quality_every": 5, "patience": 0},
    # Each stage builds graphs as it begins: nearly all epochs are of the last one.
    "text": {"batch_size": 64, "patience": 0, "pretraining_epochs": 1, "discriminator_epochs": 1},
}
LINES = 600
BLOCKS, STUDENT = 15, 2.16  # means through which the line is drawn; Student's t of two parameters less, two-sided 95 %


class Sizes(list):
    """Takes lines of progress, and the resident size of this process, in MiB, at each that tells of an epoch."""

    def __call__(self, line):
        if re.match(r"epoch \d+/\d+", line):
            gc.collect()
            self.append(resident())


def resident():
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def slope(sizes):
    """The slope of the line through the sizes by least squares, MiB an epoch, and the half width of its 95 % interval.

    The line is drawn through means of blocks: sizes of neighbouring epochs are alike, which would make the interval too narrow.
    """
    blocks, places = (
        [part.mean() for part in np.array_split(each, BLOCKS)] for each in (np.asarray(sizes), np.arange(len(sizes)))
    )
    (steepness, _), covariance = np.polyfit(places, blocks, 1, cov=True)
    return steepness, STUDENT * np.sqrt(covariance[0, 0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modality", choices=SETTINGS, default="image")
    parser.add_argument("--epochs", type=int, default=200)
    arguments = parser.parse_args()
    sizes = Sizes()
    with tempfile.TemporaryDirectory() as directory:
        lines = pathlib.Path(directory) / "lines.txt"
        lines.write_text("".join(f"{line}\n" for line in english_phrases().sample(LINES, seed=0)))
        data = {"image": "digits", "text": lines}[arguments.modality]
        last = {"image": "epochs", "text": "adversarial_epochs"}[arguments.modality]
        settings = {**SETTINGS[arguments.modality], last: arguments.epochs}
        train_run(arguments.modality, data, pathlib.Path(directory) / "run", "tiny", settings=settings, progress=sizes)
    first = len(sizes) // 4
    steepness, half = slope(sizes[first:])
    print(f"{arguments.modality}: {sizes[first]:.0f} MiB after epoch {first + 1}, {sizes[-1]:.0f} MiB after epoch {len(sizes)}")
    least, middle, most = (1024 * each for each in (steepness - half, steepness, steepness + half))
    print(f"slope {middle:.1f} KiB an epoch, 95 % interval {least:.1f} to {most:.1f}")
    print(" ".join(f"{size:.0f}" for size in sizes[:: max(1, len(sizes) // 40)]))


if __name__ == "__main__":
    main()
