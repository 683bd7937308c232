"""Plots of a training's history, each with a text alternative that gives the same numbers."""

import csv
import io
import itertools
import math
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

PANELS = (
    ("Language model", ("nll", "val_nll"), "nats per token"),
    ("Autoencoder, supervisor and moments of series", ("reconstruction", "supervised", "moments"), "loss"),
    ("Losses", ("d_loss", "g_loss", "val_d_loss"), "loss"),
    ("Discriminator outputs for real and generated samples", ("d_real", "d_fake"), "mean logit"),
    ("Discriminator accuracy and sample diversity", ("d_accuracy", "diversity"), "share"),
    ("Gradient norms", ("d_norm", "g_norm"), "norm"),
    ("Gain over the supervised baseline on held-out lines", ("val_gain",), "BLEU-5 at equal Self-BLEU-5"),
    ("Distance to real images", ("val_frechet", "val_control_frechet"), "Frechet distance"),
)


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
    measured = {name: values[np.isfinite(values)] for name, values in curves.items()}
    return "; ".join(
        f"{name} goes from {values[0]:.3g} to {values[-1]:.3g} in {len(values)} epoch{'s' * (len(values) != 1)}"
        for name, values in measured.items()
    )


def _draw_curves(history, curves, unit):
    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.add_subplot(xlabel="epoch", ylabel=unit)
    for name, values in curves.items():
        axes.plot(history["epoch"], values, marker=".", label=name)
    axes.set_xlim(history["epoch"][0] - 0.5, history["epoch"][-1] + 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.legend()
    _shade_stages(axes, history)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=150, format="png")
    return buffer.getvalue()


def _shade_stages(axes, history):
    """Shades each stage and writes its name above the axes."""
    stages = itertools.groupby(zip(history.get("stage", ()), history["epoch"], strict=False), lambda pair: pair[0])
    for index, (stage, pairs) in enumerate(stages):
        epochs = [epoch for _, epoch in pairs]
        axes.axvspan(epochs[0] - 0.5, epochs[-1] + 0.5, color="C7", alpha=0.08 + 0.1 * (index % 2), linewidth=0)
        place = {"xy": (np.mean(epochs), 1.0), "xycoords": ("data", "axes fraction")}
        # Alternate the height: a stage of one epoch is narrower than its name.
        offset = {"xytext": (0, 2 + 9 * (index % 2)), "textcoords": "offset points", "ha": "center"}
        axes.annotate(stage, fontsize=7, **place, **offset)
