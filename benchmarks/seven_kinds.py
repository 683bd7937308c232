"""The picture at the top of the README: what the package generates, of each of its seven kinds, on one strip.

    python benchmarks/seven_kinds.py --data DIRECTORY --runs runs/seven_kinds

`DIRECTORY` holds `spoken_digits.npz`, `adult.csv`, `stocks.csv` and `apple2tomato.npz`: see `audio.md`, `tables.md`, `series.md`
and `translation.md`. Five GANs are trained with presets, unless `--runs` holds them: one to nine minutes each on two busy cores.
Sentences and digits come from the trained models in `saved_models/`.

Nothing is selected by hand: samples are those of the first seeds, labels in turn; translated photos are evenly spaced test
images; each sentence is one of 4 drafts (`--candidates 4`) at temperature 0.8.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import textwrap

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from gan_keras import codecs
from gan_keras.media import image_grid
from gan_keras.modalities import get
from gan_keras.runs import Run, train_run

ROOT = pathlib.Path(__file__).parents[1]
RUNS = {
    "audio": ("spoken_digits.npz", {"preset": "small", "epochs": 40}),
    "video": ("moving_digits", {}),
    "table": ("adult.csv", {}),
    "series": ("stocks.csv", {}),
    "translation": ("apple2tomato.npz", {}),
}
"""Data and options of `train` for each kind that is trained here."""

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WIDTH, HEIGHT, DPI = 1600, 645, 200
ABOVE, BELOW = 52, 385  # pixels from the top to the two rows, below their titles
REAL, GENERATED = "0.65", "C0"
SMALL = {"fontsize": 7}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "benchmarks" / "seven_kinds.png")
    arguments = parser.parse_args()
    for kind, (source, options) in RUNS.items():
        if not (arguments.runs / kind / "model.keras").exists():
            path = arguments.data / source
            train_run(kind, path if path.exists() else source, arguments.runs / kind, **options)
    draw(arguments.runs, arguments.out)


def draw(runs, out):
    """Writes the strip: text, images and sounds above; clips, rows, windows and translations below."""
    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
    draw_text(figure)
    draw_images(figure)
    draw_sounds(figure, Run(runs / "audio").load(compile=False))
    draw_clips(figure, Run(runs / "video").load(compile=False))
    draw_rows(figure, Run(runs / "table"))
    draw_windows(figure, Run(runs / "series"))
    draw_translations(figure, Run(runs / "translation"))
    figure.savefig(out)
    with Image.open(out) as drawn:  # fewer levels, which nobody sees, take half of the bytes
        levels = (np.asarray(drawn.convert("RGB")).astype(int) + 4) // 8 * 8
    Image.fromarray(np.minimum(levels, 255).astype(np.uint8)).save(out, optimize=True)


def panel(figure, left, top, width, height):
    """Axes at a place in pixels, from the top left."""
    axes = figure.add_axes((left / WIDTH, 1 - (top + height) / HEIGHT, width / WIDTH, height / HEIGHT))
    axes.tick_params(labelsize=6, length=2, pad=2)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def title(figure, left, top, kind, shown):
    figure.text(left / WIDTH, 1 - (top - 16) / HEIGHT, rf"$\bf{{{kind}}}$   {shown}", fontsize=8.5)


def picture(figure, images, columns, left, top, width):
    """Draws a grid of images of their own pixels, and returns its axes."""
    grid = image_grid(images, columns)
    axes = panel(figure, left, top, width, width * grid.shape[0] / grid.shape[1])
    axes.imshow(grid, cmap="gray", aspect="auto", vmin=0, vmax=255)
    axes.axis("off")
    return axes


def from_saved_model(name, *options):
    """What `gan-keras generate` prints for a model of `saved_models`."""
    command = [sys.executable, "-m", "gan_keras", "generate", str(ROOT / "saved_models" / name), *options]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def draw_text(figure):
    title(figure, 10, ABOVE, "text", "sentences from noise")
    sentences = from_saved_model("docstrings", "-n", "8", "--seed", "0", "--temperature", "0.8", "--candidates", "4").splitlines()
    lines = [textwrap.shorten(sentence, 44, placeholder=" …") for sentence in sentences]
    axes = panel(figure, 10, ABOVE, 470, 260)
    axes.axis("off")
    axes.text(0, 1, "\n".join(lines), va="top", linespacing=1.55, fontsize=7.5, parse_math=False)


def draw_images(figure):
    title(figure, 500, ABOVE, "image", "a digit for each label")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "digits.npz")
        from_saved_model("digits", "-n", "50", "--seed", "0", "--output", str(path))
        picture(figure, np.load(path)["images"], 10, 500, ABOVE, 530)  # labels in turn


def draw_sounds(figure, gan):
    title(figure, 1060, ABOVE, "audio", "spoken digits, seen as spectrograms")
    pictures = codecs.spectrogram_pictures(gan.generate(10, seed=0, labels=range(10)), gan.codec.sample_rate)
    for row, first in enumerate((0, 5)):
        axes = picture(figure, pictures[first : first + 5], 5, 1060, ABOVE + 24 + 138 * row, 530)
        for column, word in enumerate(DIGITS[first : first + 5]):
            axes.text((column + 0.5) / 5, 1.04, word, transform=axes.transAxes, ha="center", **SMALL)


def draw_clips(figure, gan):
    title(figure, 10, BELOW, "video", "flying digits")
    clips = gan.generate(5, seed=0, labels=range(5))[:, ::2]
    picture(figure, clips.reshape(-1, *clips.shape[2:]), clips.shape[1], 10, BELOW, 300)


def draw_rows(figure, run):
    title(figure, 340, BELOW, "table", "rows of a census")
    _, held_out = get("table").parts(run)
    groups = {"real": np.asarray(held_out.cells), "generated": run.load(compile=False).generate_cells(len(held_out), 0)}
    ages, education = panel(figure, 385, BELOW + 22, 150, 195), panel(figure, 645, BELOW + 22, 150, 195)
    place, edges = held_out.index("age"), np.arange(16.5, 91, 3)
    for (name, cells), style in zip(
        groups.items(), ({"color": REAL, "fill": True}, {"color": GENERATED, "linewidth": 1.2}), strict=True
    ):
        ages.stairs(np.histogram(cells[:, place], edges)[0] / len(cells), edges, label=name, **style)
    ages.set_title("age", pad=3, **SMALL)
    ages.set_yticks([])
    place = held_out.index("education")
    names = held_out.columns[place].values
    shares = [np.bincount(cells[:, place].astype(int), minlength=len(names)) / len(cells) for cells in groups.values()]
    shown = np.argsort(-shares[0])[:6]
    for offset, share, name, colour in zip((-0.2, 0.2), shares, groups, (REAL, GENERATED), strict=True):
        education.barh(np.arange(6) + offset, share[shown], 0.4, color=colour, label=name)
    education.set_yticks(np.arange(6), [names[value] for value in shown])
    education.set(xticks=[], xlim=(0, 1.5 * shares[0].max()))  # room for the legend
    education.invert_yaxis()
    education.set_title("education", pad=3, **SMALL)
    education.legend(fontsize=6, frameon=False, handlelength=0.7, handletextpad=0.4, borderpad=0, loc="lower right")


def draw_windows(figure, run):
    title(figure, 830, BELOW, "series", "share prices, 24 days")
    _, held_out = get("series").parts(run)
    real = held_out.samples(np.linspace(0, len(held_out) - 1, 12).astype(int))
    place = held_out.columns.index("Close")
    for column, (name, series) in enumerate({"real": real, "generated": run.load(compile=False).generate(12, seed=0)}.items()):
        prices = series[:, :, place]
        axes = panel(figure, 880 + 160 * column, BELOW + 22, 145, 195)
        axes.plot(100 * (prices / prices[:, :1] - 1).T, color=(REAL, GENERATED)[column], linewidth=0.8)
        axes.set(ylim=(-22, 22), xticks=[0, 12, 23], yticks=[-20, -10, 0, 10, 20] if column == 0 else [])
        axes.set_title(name, pad=3, **SMALL)
        if column == 0:
            axes.set_ylabel("change since the first day, %", fontsize=6, labelpad=1)


def draw_translations(figure, run):
    title(figure, 1225, BELOW, "translation", "of photos")
    _, held_out = get("translation").parts(run)
    gan, rows = run.load(compile=False), {}
    for direction, images in (("apples to tomatoes", held_out.a.images), ("tomatoes to apples", held_out.b.images)):
        own, _, wanted = direction.split()
        chosen = images[np.linspace(0, len(images) - 1, 5).astype(int)].astype(np.float32) / 255.0
        rows[own], rows[f"as {wanted}"] = chosen, gan.translate(chosen, "a_to_b" if own == "apples" else "b_to_a")
    axes = picture(figure, np.concatenate(list(rows.values())), 5, 1320, BELOW, 270)
    for row, name in enumerate(rows):
        axes.text(-0.03, 1 - (row + 0.5) / len(rows), name, transform=axes.transAxes, ha="right", va="center", fontsize=6)


if __name__ == "__main__":
    main()
