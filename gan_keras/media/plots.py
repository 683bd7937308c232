"""Pictures of a run, each with the words that say the same to someone who does not see it."""

import csv
import io
import itertools
import math
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

PANELS = (
    ("Language model", ("nll", "val_nll"), "nats a token"),
    ("Autoencoder, supervisor and moments of series", ("reconstruction", "supervised", "moments"), "loss"),
    ("Losses of the two networks", ("d_loss", "g_loss", "val_d_loss"), "loss"),
    ("What the discriminator says", ("d_real", "d_fake"), "mean logit"),
    ("How often the discriminator is right, how diverse the samples are", ("d_accuracy", "diversity"), "share"),
    ("Norms of the gradients", ("d_norm", "g_norm"), "norm"),
    ("Gain over the supervised baseline, held-out lines", ("val_gain",), "BLEU-5 at equal Self-BLEU-5"),
    ("Distance from real images", ("val_frechet", "val_control_frechet"), "Frechet distance"),
)


class Picture(NamedTuple):
    """A picture, the bytes of a PNG or GIF file, with its title and its alternative text."""

    title: str
    alternative: str
    data: bytes
    kind: str = "png"


def read_history(path):
    """Reads `history.csv`.

    Args:
        path: File with the columns `epoch` and `stage`, then one for each value that training logged.

    Returns:
        Dictionary from a column's name to its values, an epoch each: strings for `stage`, else float64 with NaN where
        nothing was measured (an empty cell; exactly 0, which is what a network that the stage leaves alone logs).

    Raises:
        ValueError: For a cell that is not a number, or without the column `epoch`.
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
    """One `Picture` for each panel that the history has values for.

    Args:
        history: As `read_history` returns it.
    """
    pictures = []
    for title, names, unit in PANELS:
        curves = {name: history[name] for name in names if np.isfinite(history.get(name, ())).any()}
        if curves:
            pictures.append(Picture(title, f"{title}: {_in_words(curves)}.", _draw_curves(history, curves, unit)))
    return pictures


def _in_words(curves):
    measured = {name: values[np.isfinite(values)] for name, values in curves.items()}
    return "; ".join(
        f"{name} goes from {values[0]:.3g} to {values[-1]:.3g} in {len(values)} epochs" for name, values in measured.items()
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
    return _png(figure)


def _shade_stages(axes, history):
    """A band and a name above the axes for each run of epochs of one stage."""
    stages = itertools.groupby(zip(history.get("stage", ()), history["epoch"], strict=False), lambda pair: pair[0])
    for index, (stage, pairs) in enumerate(stages):
        epochs = [epoch for _, epoch in pairs]
        axes.axvspan(epochs[0] - 0.5, epochs[-1] + 0.5, color="C7", alpha=0.08 + 0.1 * (index % 2), linewidth=0)
        place = {"xy": (np.mean(epochs), 1.0), "xycoords": ("data", "axes fraction")}
        # Neighbours stand at two heights: a stage of one epoch is narrower than its name.
        offset = {"xytext": (0, 2 + 9 * (index % 2)), "textcoords": "offset points", "ha": "center"}
        axes.annotate(stage, fontsize=7, **place, **offset)


def _png(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=150, format="png")
    return buffer.getvalue()
