"""Plots of a training's history, each with a text alternative that gives the same numbers."""

import csv
import io
import itertools
import math
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

PANELS = (
    ("Language model", ("nll", "val_nll"), "nats per token"),
    ("Discriminator, which reads lines backwards", ("backward_nll", "val_backward_nll"), "nats per token"),
    ("Autoencoder, supervisor and moments of series", ("reconstruction", "supervised", "moments"), "loss"),
    ("Losses", ("d_loss", "g_loss", "val_d_loss"), "loss"),
    ("Discriminator outputs for real and generated samples", ("d_real", "d_fake"), "mean logit"),
    ("Discriminator accuracy and sample diversity", ("d_accuracy", "diversity"), "share"),
    ("Gradient norms", ("d_norm", "g_norm"), "norm"),
    ("Gain over the supervised baseline, by which the best epoch is chosen", ("val_gain",), "BLEU-5"),
    ("Distance to training samples, by which the best epoch is chosen", ("val_frechet", "val_control_frechet"), "distance"),
)
SHOWN_NAMES = {
    "nll": "training lines",
    "val_nll": "held-out lines",
    "backward_nll": "training lines, backwards",
    "val_backward_nll": "held-out lines, backwards",
    "reconstruction": "reconstruction",
    "supervised": "supervised",
    "moments": "moments",
    "d_loss": "discriminator",
    "g_loss": "generator",
    "val_d_loss": "discriminator, held-out samples",
    "d_real": "real samples",
    "d_fake": "generated samples",
    "d_accuracy": "accuracy of the discriminator",
    "diversity": "diversity of generated samples",
    "d_norm": "discriminator",
    "g_norm": "generator",
    "val_gain": "gain at one temperature",
    "val_frechet": "Frechet distance to training samples",
    "val_control_frechet": "other training samples, for comparison",
}
"""Names of the logged values of `PANELS` in plots. The scores among them have another protocol than those of an evaluation, and
so another name: `val_frechet` compares with training samples, by a smaller classifier."""


class Picture(NamedTuple):
    """The bytes of a PNG or GIF file, with a title and a text alternative."""

    title: str
    alternative: str
    data: bytes
    kind: str = "png"


def read_history(path):
    """Reads `history.csv`.

    Args:
        path: File with the columns `epoch` and, optionally, `stage`, then one per logged value.

    Returns:
        Dictionary from column name to one value per epoch: strings for `stage`, float64 otherwise. Values are NaN where
        nothing was measured: in empty cells, and where a cell is exactly 0, which a network logs in stages that skip it.

    Raises:
        ValueError: If a cell is not a number or the column `epoch` is missing.
    """
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        names, rows = reader.fieldnames or (), list(reader)
    if "epoch" not in names:
        raise ValueError(f"{path} has the columns {list(names)}. Expected `epoch` among them: is it a training's history?")
    columns = {name: [row[name] for row in rows] for name in names}
    stages = {"stage": columns.pop("stage")} if "stage" in columns else {}
    epochs = np.array([float(epoch) for epoch in columns.pop("epoch")])
    return {"epoch": epochs, **stages, **{name: _numbers(path, name, cells) for name, cells in columns.items()}}


def _numbers(path, name, cells):
    try:
        return np.array([float(cell or "nan") or math.nan for cell in cells])
    except ValueError as error:
        raise ValueError(f"{path}, column {name}: {error}. Expected numbers or empty cells.") from None


def training_pictures(history):
    """Returns one `Picture` per panel for which `history`, the result of `read_history`, has values."""
    pictures = []
    for title, names, unit in PANELS:
        curves = {name: history[name] for name in names if np.isfinite(history.get(name, ())).any()}
        if curves:
            pictures.append(Picture(title, f"{title}: {_in_words(curves)}.", _draw_curves(history, curves, unit)))
    return pictures


def _in_words(curves):
    measured = {SHOWN_NAMES[name]: values[np.isfinite(values)] for name, values in curves.items()}
    return "; ".join(
        f"{name} from {values[0]:.3g} to {values[-1]:.3g} in {len(values)} epoch{'s' * (len(values) != 1)}"
        for name, values in measured.items()
    )


def _draw_curves(history, curves, unit):
    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.add_subplot(xlabel="epoch", ylabel=unit)
    for name, values in curves.items():
        measured = np.isfinite(values) if name.startswith("val_") else slice(None)  # some scores skip epochs
        axes.plot(history["epoch"][measured], values[measured], marker=".", label=SHOWN_NAMES[name])
    axes.set_xlim(history["epoch"][0] - 0.5, history["epoch"][-1] + 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    _shade_stages(figure, axes, history)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=150, format="png")
    return buffer.getvalue()


def _shade_stages(figure, axes, history):
    """Shades the epochs of each of several stages in a colour, named above the axes."""
    names = list(dict.fromkeys(history.get("stage", ())))
    if len(names) < 2:
        return
    for stage, pairs in itertools.groupby(zip(history["stage"], history["epoch"], strict=True), lambda pair: pair[0]):
        epochs = [epoch for _, epoch in pairs]
        style = {"color": f"C{4 + names.index(stage) % 6}", "alpha": 0.15, "linewidth": 0}
        axes.axvspan(epochs[0] - 0.5, epochs[-1] + 0.5, **style)
    patches = [Patch(color=f"C{4 + index % 6}", alpha=0.15, label=name) for index, name in enumerate(names)]
    figure.legend(handles=patches, loc="outside upper center", ncols=min(4, len(names)), fontsize=8, frameon=False)
