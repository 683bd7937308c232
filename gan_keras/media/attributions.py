"""Attributions in pictures and pages: red for what raises a score, blue for what lowers it."""

import io
from html import escape

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from gan_keras.media.images import encode_png, image_grid, to_levels
from gan_keras.media.plots import Picture

RAISES, LOWERS = (202, 0, 32), (5, 113, 176)  # told apart by colour-blind readers too
_FADED = 0.6  # lowest grey level of an image below its attribution
_STRONGEST = 0.65  # opacity of the strongest mark, which letters stay legible on in light and dark pages
_FRAMES = 6  # of a clip
_CELLS = 512  # along a curve
_SHOWN_COLUMNS = 6

LEGEND = "red raises the discriminator's score, blue lowers it"


def picture_of(kind, samples, values, scores, names=None):
    """Returns a `Picture` of samples with their attributions.

    Args:
        kind: `"image"`, `"clip"`, `"spectrogram"`, `"series"` or `"waveform"`.
        samples: Floats `(num, ...)`: in [0, 1] for the first three; curves `(num, steps, columns)`, NaN after their end, for
            others.
        values: Attributions of the same shape, or without channels.
        scores: Score of each sample.
        names: Names of the columns of series.
    """
    listed = ", ".join(f"{score:+.2f}" for score in scores)
    alternative = f"{len(samples)} samples with scores {listed}, and their attributions: {LEGEND}."
    draw = {"image": _image_rows, "clip": _clip_rows, "spectrogram": _spectrogram_rows}.get(kind)
    data = encode_png(draw(samples, values, scores)) if draw else _curves(samples, values, scores, names or ("left", "right"))
    return Picture(f"Attribution of the score: {LEGEND}", alternative, data)


def overlay(images, values):
    """Returns images, faded, under their signed attributions: uint8 `(num, height, width, 3)`.

    Args:
        images: Floats in [0, 1], `(num, height, width, channels)`.
        values: Attributions `(num, height, width)` or `(num, height, width, channels)`, which are summed over channels. Colours
            are full at the 99th percentile of each image.
    """
    values = np.asarray(values, np.float64)
    values = values.sum(axis=-1) if values.ndim == 4 else values
    grey = np.asarray(images, np.float64).mean(axis=-1, keepdims=True)
    limits = np.quantile(np.abs(values), 0.99, axis=(1, 2), keepdims=True)
    limits = np.where(limits > 0, limits, np.maximum(np.abs(values).max(axis=(1, 2), keepdims=True), 1e-30))
    strength = np.clip(np.abs(values) / limits, 0.0, 1.0)[..., np.newaxis]
    colour = np.where(values[..., np.newaxis] > 0, RAISES, LOWERS) / 255.0
    faded = _FADED + (1.0 - _FADED) * grey
    return np.round(255.0 * ((1.0 - strength) * faded + strength * colour)).astype(np.uint8)


def _image_rows(images, values, scores, labels=("sample", "attribution")):
    shown = [np.broadcast_to(to_levels(images), (*images.shape[:3], 3)), overlay(images, values)]
    return image_grid(np.concatenate(shown), len(images), list(labels), [f"{score:+.2f}" for score in scores])


def _clip_rows(clips, values, scores):
    """Two rows per clip: some of its frames, and their attributions."""
    chosen = np.unique(np.linspace(0, clips.shape[1] - 1, min(_FRAMES, clips.shape[1])).round().astype(int))
    rows, labels = [], []
    for clip, its_values, score in zip(clips, values, scores, strict=True):
        frames = clip[chosen]
        # One scale for all frames of a clip: they are marked as one wide image.
        marked = overlay(np.concatenate(frames, axis=1)[np.newaxis], np.concatenate(its_values[chosen], axis=1)[np.newaxis])[0]
        rows += [np.broadcast_to(to_levels(frames), (*frames.shape[:3], 3)), np.stack(np.split(marked, len(chosen), axis=1))]
        labels += [f"{score:+.2f}", "attribution"]
    return image_grid(np.concatenate(rows), len(chosen), labels)


def _spectrogram_rows(spectrograms, values, scores):
    """High bands above, time to the right; the left channel of stereo sounds above the right one."""

    def upright(cells):
        return np.flip(cells, axis=1).transpose(0, 3, 1, 2).reshape(len(cells), -1, cells.shape[2], 1)

    return _image_rows(upright(spectrograms), upright(np.asarray(values)), scores)


def _curves(series, values, scores, names):
    """A row of panels per column: each sample's curve, on a ground of its attributions, summed over neighbours of long curves."""
    shown, steps = min(series.shape[2], _SHOWN_COLUMNS), series.shape[1]
    figure = Figure(figsize=(2.6 * len(series) + 0.8, 1.4 * shown + 0.6), layout="constrained")
    panels = figure.subplots(shown, len(series), sharex=True, sharey="row", squeeze=False)
    starts = np.unique(np.linspace(0, steps, min(steps, _CELLS), endpoint=False).astype(int))
    cells = np.add.reduceat(values, starts, axis=1)
    for column in range(shown):
        low, high = np.nanmin(series[..., column]), np.nanmax(series[..., column])
        margin = 0.05 * (high - low) or 1.0
        for number, axes in enumerate(panels[column]):
            limit = max(np.abs(cells[number]).max(), 1e-30)
            extent = (-0.5, steps - 0.5, low - margin, high + margin)
            scale = Normalize(-limit, limit)
            axes.imshow(cells[number, :, column][np.newaxis], cmap="RdBu_r", norm=scale, extent=extent, aspect="auto", alpha=0.8)
            axes.plot(np.arange(steps), series[number, :, column], color="black", linewidth=1.2 if steps <= _CELLS else 0.3)
        if series.shape[2] > 1:
            panels[column, 0].set_ylabel(names[column])
    for axes, score in zip(panels[0], scores, strict=True):
        axes.set_title(f"{score:+.2f}", fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110, format="png")
    return buffer.getvalue()


def marked_text(lines, values, scores):
    """Returns lines of text as HTML, each token on a ground of its attribution; a token's title is the number.

    Args:
        lines: Lists of tokens, each with the space before it if there is one.
        values: Attributions `(num, tokens)`, padded at the end.
        scores: Score of each line.
    """
    rows = []
    for tokens, row, score in zip(lines, values, scores, strict=True):
        limit = max(np.abs(row).max(initial=0.0), 1e-30)
        marked = "".join(
            f"{token[: len(token) - len(token.lstrip(' '))]}{_mark(token.lstrip(' ') or token, value, limit)}"
            for token, value in zip(tokens, row, strict=False)
        )
        rows.append(f'<tr><th scope="row">{score:+.2f}</th><td>{marked}</td></tr>')
    head = '<tr><th scope="col">score</th><th scope="col">text</th></tr>'
    return _table(head, rows)


def marked_rows(columns, rows, values, scores):
    """Returns rows of a table as HTML, each cell on a ground of its attribution; a cell's title is the number.

    Args:
        columns: Names of the columns.
        rows: Lists of the texts of cells.
        values: Attributions `(num, columns)`.
        scores: Score of each row.
    """
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in ("score", *columns))
    body = []
    for texts, row, score in zip(rows, np.asarray(values).reshape(len(rows), -1), scores, strict=True):
        limit = max(np.abs(row).max(initial=0.0), 1e-30)
        cells = "".join(f"<td>{_mark(text, value, limit)}</td>" for text, value in zip(texts, row, strict=True))
        body.append(f'<tr><th scope="row">{score:+.2f}</th>{cells}</tr>')
    return _table(f"<tr>{head}</tr>", body)


def _mark(text, value, limit):
    """A text on a ground that is the more opaque, the larger its value is relative to the limit; the letters stay the page's."""
    red, green, blue = RAISES if value > 0 else LOWERS
    ground = f"rgba({red},{green},{blue},{_STRONGEST * min(1.0, abs(value) / limit):.2f})"
    return f'<mark style="background:{ground};color:inherit" title="{value:+.3g}">{escape(text)}</mark>'


def _table(head, rows):
    caption = f"<p>{LEGEND[0].upper()}{LEGEND[1:]}; point at a part for its number.</p>"
    return f'{caption}<div class="wide"><table><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table></div>'
