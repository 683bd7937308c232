"""The quality-diversity frontier: BLEU against Self-BLEU over temperatures, the only fair way to compare two samplers.

A lower temperature raises both BLEU and Self-BLEU, so single points say nothing: a sampler is better if its curve is above the
other's at the same Self-BLEU.

Reference: [Language GANs Falling Short](https://arxiv.org/abs/1811.02549).
"""

from typing import NamedTuple

import numpy as np


class Point(NamedTuple):
    """Scores of a sampler at one temperature.

    Attributes:
        bleu: Dictionary from n to BLEU-n, in [0, 1], higher is better.
        self_bleu: Dictionary from n to Self-BLEU-n, in [0, 1], lower is better; empty if it was not published.
        temperature: Temperature of the samples, None if it does not apply.
        source: Publication of the scores, None for own ones.
    """

    bleu: dict
    self_bleu: dict
    temperature: float | None = None
    source: str | None = None


def _row(source, bleu, self_bleu=()):
    orders = (2, 3, 4, 5)
    return Point(dict(zip(orders, bleu, strict=True)), dict(zip(orders, self_bleu, strict=False)), source=source)


_TEXYGEN = "README of github.com/geek-ai/Texygen, all 10,000 test references"
_RELGAN = "RelGAN (Nie, Narodytska and Patel, ICLR 2019), table 2; its code scores 100 lines; no Self-BLEU published"

PUBLISHED_COCO = {
    "MLE": _row(_TEXYGEN, (0.731, 0.497, 0.305, 0.189), (0.916, 0.769, 0.583, 0.408)),
    "SeqGAN": _row(_TEXYGEN, (0.745, 0.498, 0.294, 0.180), (0.950, 0.840, 0.670, 0.489)),
    "MaliGAN": _row(_TEXYGEN, (0.673, 0.432, 0.257, 0.159), (0.918, 0.781, 0.606, 0.437)),
    "RankGAN": _row(_TEXYGEN, (0.743, 0.467, 0.264, 0.156), (0.959, 0.882, 0.762, 0.618)),
    "LeakGAN": _row(_TEXYGEN, (0.746, 0.528, 0.355, 0.230), (0.966, 0.913, 0.848, 0.780)),
    "TextGAN": _row(_TEXYGEN, (0.593, 0.463, 0.277, 0.207), (0.942, 0.931, 0.804, 0.746)),
    "RelGAN(100)": _row(_RELGAN, (0.849, 0.687, 0.502, 0.331)),
    "RelGAN(1000)": _row(_RELGAN, (0.814, 0.634, 0.455, 0.303)),
}
"""Published scores on the captions of Image COCO, `Point`s by model."""


def dominates(point, row):
    """Returns True if all scores of `point` are at least as good as those of `row`: BLEU not lower, Self-BLEU not higher.

    Args:
        point: A `Point`.
        row: A `Point` with Self-BLEU.

    Raises:
        ValueError: If `row` has no Self-BLEU; `reaches` compares BLEU alone.
    """
    if not row.self_bleu:
        raise ValueError("Got a row without Self-BLEU. Expected both: use reaches(point, row, self_bleu_limit) for it.")
    return _has_bleu_of(point, row) and all(point.self_bleu[n] <= value for n, value in row.self_bleu.items())


def reaches(point, row, self_bleu_limit):
    """Returns True if `point` has at least the BLEU scores of `row` and a Self-BLEU-5 of at most `self_bleu_limit`."""
    return _has_bleu_of(point, row) and point.self_bleu[5] <= self_bleu_limit


def _has_bleu_of(point, row):
    return all(point.bleu[n] >= value for n, value in row.bleu.items())


def gain_over(points, baseline_points, order=5):
    """Mean BLEU gain over a baseline at the same Self-BLEU: positive if the sampler is better.

    The baseline is interpolated linearly between its points but not extrapolated: points outside its range of Self-BLEU are
    ignored.

    Args:
        points: `Point`s of the sampler.
        baseline_points: `Point`s of the baseline.
        order: The n of BLEU-n and Self-BLEU-n.

    Raises:
        ValueError: If no point is in the range of the baseline's Self-BLEU.
    """
    baseline = np.array(sorted((point.self_bleu[order], point.bleu[order]) for point in baseline_points))
    curve = np.array([(point.self_bleu[order], point.bleu[order]) for point in points])
    lowest, highest = baseline[0, 0], baseline[-1, 0]
    inside = curve[(curve[:, 0] >= lowest) & (curve[:, 0] <= highest)]
    if not len(inside):
        raise ValueError(
            f"Got points with Self-BLEU-{order} from {curve[:, 0].min():.3f} to {curve[:, 0].max():.3f}, a baseline "
            f"from {lowest:.3f} to {highest:.3f}. Expected an overlap: sample one of them at further temperatures."
        )
    return float(np.mean(inside[:, 1] - np.interp(inside[:, 0], *baseline.T)))


def plot(frontiers, path, real=None, order=5):
    """Plots one line per sampler with a marker per temperature; up and to the left is better.

    Args:
        frontiers: Dictionary from a sampler's name to its list of `Point`s.
        path: File to write; its suffix (.png, .svg) sets the format.
        real: `Point` of real sentences scored like generated ones, drawn as a star.
        order: The n of BLEU-n and Self-BLEU-n.
    """
    from matplotlib.figure import Figure  # slow to import
    from matplotlib.lines import Line2D

    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.add_subplot(xlabel=f"Self-BLEU-{order} (lower: more diverse)", ylabel=f"BLEU-{order} (higher: more plausible)")
    temperatures = sorted({point.temperature for points in frontiers.values() for point in points} - {None}, reverse=True)
    markers = {temperature: _MARKERS[index % len(_MARKERS)] for index, temperature in enumerate(temperatures)}
    for name, points in frontiers.items():
        points = sorted(points, key=lambda point: point.self_bleu[order])
        (line,) = axes.plot(*zip(*(_place(point, order) for point in points), strict=True), label=name)
        for point in points:
            axes.plot(*_place(point, order), markers.get(point.temperature, "."), color=line.get_color(), markersize=6, zorder=4)
    if real is not None:
        axes.plot(real.self_bleu[order], real.bleu[order], "k*", markersize=15, label="real sentences", zorder=3)
    axes.grid(alpha=0.3)
    axes.margins(0.08)
    entries = [Line2D([], [], linestyle="", marker=mark, color="0.3", label=f"{at:.3g}") for at, mark in markers.items()]
    if entries:
        figure.legend(handles=entries, title="temperature", loc="outside right upper")
    axes.legend()
    figure.savefig(path, dpi=150)


_MARKERS = "os^Dv*P<X>"


def _place(point, order):
    return point.self_bleu[order], point.bleu[order]
