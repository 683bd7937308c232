"""`traversal`: the same samples moved along directions of the latent space, as pictures, sounds, marked sentences or cells."""

import dataclasses
import difflib
import io
from html import escape

import numpy as np

from gan_keras.analysis.attributes import kind_of, num_of, samples_of
from gan_keras.analysis.directions import check_has_latents
from gan_keras.codecs.sound_pictures import spectrogram_pictures
from gan_keras.data.table.dates import DAY
from gan_keras.gans.sampling import MAX_STRENGTH
from gan_keras.media import html
from gan_keras.media.clips import clip_grid, encode_gif
from gan_keras.media.images import encode_png, image_grid, shorten
from gan_keras.media.plots import Picture
from gan_keras.media.series import SHOWN_COLUMNS
from gan_keras.media.sounds import SoundPlayer

STRENGTHS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
"""Strengths of a traversal by default, in deviations of a latent."""

_SHOWN_CELLS = 8  # columns of a table that change most often
_MARK = '<mark style="background: #fa08; color: inherit"{title}>{text}</mark>'


def traversal(gan, directions, n=6, seed=0, strengths=STRENGTHS, labels=None):
    """Moves samples along directions, one at a time; labels and all other latents stay.

    Example:

        directions = gan_keras.analysis.Directions.fit(gan)
        gan_keras.analysis.traversal(gan, directions, n=3)  # a notebook shows it

    Args:
        gan: A `gan_keras.GAN` that makes samples from latents.
        directions: `Directions`, or an array of directions `(num, latent_dim)`.
        n: Number of samples that are moved, >= 1.
        seed: Seed of the first sample.
        strengths: Strengths of the steps in deviations of a latent, from -6 to 6.
        labels: As for `gan.generate`; None takes all labels in turn.

    Returns:
        A `Traversal`.

    Raises:
        ValueError: If the GAN has no latents, or an argument has another shape or is out of its range.
    """
    check_has_latents(gan, "traversal")
    rows = np.asarray(getattr(directions, "directions", directions), np.float32)
    if rows.ndim != 2 or not len(rows) or rows.shape[1] != gan.latent_dim or not np.isfinite(rows).all():
        raise ValueError(f"Got directions of shape {rows.shape}. Expected finite numbers of shape (num, {gan.latent_dim}).")
    strengths = tuple(map(float, strengths))
    if not strengths or not all(abs(strength) <= MAX_STRENGTH for strength in strengths):
        raise ValueError(
            f"Got the strengths {strengths}. Expected at least one, each from -{MAX_STRENGTH:g} to {MAX_STRENGTH:g} deviations: "
            "beyond, there are no latents that the generator was trained on."
        )
    samples = [[samples_of(gan, n, seed, labels, strength * row) for strength in strengths] for row in rows]
    return Traversal(kind_of(gan), samples, samples_of(gan, n, seed, labels), strengths, gan.codec)


@dataclasses.dataclass(frozen=True)
class Traversal:
    """Samples by direction and strength; a notebook shows it for the last value of a cell.

    Attributes:
        kind: Kind of the samples: see `analysis.kind_of`.
        samples: A list by direction of lists by strength of samples in the form of `samples_of`.
        still: The same samples as they are.
        strengths: Strengths in deviations.
        codec: The GAN's codec.
    """

    kind: str
    samples: list
    still: object
    strengths: tuple
    codec: object

    @property
    def names(self):
        """Names of the directions by their numbers."""
        return [f"direction {number}" for number in range(len(self.samples))]

    @property
    def steps(self):
        """The strengths as texts, such as `"+1"`, and `"0"`."""
        return [f"{strength:+g}" if strength else "0" for strength in self.strengths]

    def pictures(self):
        """Returns a `media.plots.Picture` per sample: a row is a direction, a column a strength; clips move.

        Series have a column of panels per column instead, and curves coloured by strength. Sounds are spectrograms.

        Raises:
            ValueError: For text, tables and vectors, which `html` shows.
        """
        draw = {"image": self._images, "clip": self._clips, "sound": self._spectrograms, "series": self._curves}.get(self.kind)
        if draw is None:
            raise ValueError(f"Samples of kind {self.kind!r} have no pictures. Expected `traversal.html()`, which marks changes.")
        found = []
        for index in range(num_of(self.still)):
            data, kind = draw(index)
            title = f"Sample {index + 1} along {len(self.samples)} directions"
            text = f"{title}: a row is a direction, moved by {', '.join(self.steps)} deviations."
            found.append(Picture(title, text, data, kind))
        return found

    def html(self, captions=None):
        """Returns an HTML fragment: pictures, players of sounds, or sentences and cells whose changes are marked.

        Args:
            captions: A text per direction, such as `Effects.sentences()`; None for their numbers.
        """
        captions = self.names if captions is None else captions
        if len(captions) != len(self.samples):
            raise ValueError(f"Got {len(captions)} captions for {len(self.samples)} directions. Expected one for each.")
        one = {"sound": self._players, "text": self._sentences, "table": self._cells, "vector": self._cells}.get(self.kind)
        if one is None:
            return "".join(map(html.picture, self.pictures()))
        return "".join(
            f"<h3>{escape(caption)}</h3>{one(samples)}" for caption, samples in zip(captions, self.samples, strict=True)
        )

    def _repr_html_(self):
        return self.html()

    # --- Pictures: the bytes of a file and its kind. ---

    def grid_of(self, index):
        """Sample `index` by direction and strength, one after the other, and the labels of rows and columns."""
        moved = np.stack([samples[index] for row in self.samples for samples in row])
        return moved, (len(self.strengths), self.names, self.steps)

    def _images(self, index):
        images, layout = self.grid_of(index)
        images = images if self.codec is not None else np.clip((images + 1.0) / 2.0, 0.0, 1.0)  # tensors in [-1, 1]
        return encode_png(image_grid(images, *layout)), "png"

    def _clips(self, index):
        clips, layout = self.grid_of(index)
        return encode_gif(clip_grid(clips, *layout)), "gif"

    def _spectrograms(self, index):
        sounds, layout = self.grid_of(index)
        return encode_png(image_grid(spectrogram_pictures(sounds, self.codec.sample_rate), *layout)), "png"

    def _curves(self, index):
        from matplotlib import colormaps
        from matplotlib.figure import Figure

        columns = list(self.codec.columns)[:SHOWN_COLUMNS]
        figure = Figure(figsize=(2.8 * len(columns) + 1.2, 1.5 * len(self.samples) + 0.5), layout="constrained")
        panels = figure.subplots(len(self.samples), len(columns), sharex=True, sharey="col", squeeze=False)
        largest = max(map(abs, self.strengths)) or 1.0
        for number, row in enumerate(self.samples):
            for place, name in enumerate(columns):
                axes = panels[number, place]
                for strength, step, series in zip(self.strengths, self.steps, row, strict=True):
                    colour = colormaps["coolwarm"](0.5 + 0.5 * strength / largest)
                    axes.plot(series[index][:, place], color=colour, linewidth=1.2, label=step)
                axes.tick_params(labelsize=7)
                if number == 0:
                    axes.set_title(shorten(str(name), 22), fontsize=9, parse_math=False)
            panels[number, 0].set_ylabel(self.names[number], fontsize=8)
        handles, texts = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, texts, loc="outside right center", fontsize=8, title="deviations", title_fontsize=8)
        buffer = io.BytesIO()
        figure.savefig(buffer, dpi=110, format="png")
        return buffer.getvalue(), "png"

    # --- HTML of one direction, from its samples by strength. ---

    def _players(self, row):
        return "".join(
            SoundPlayer(np.stack([samples[index] for samples in row]), self.codec.sample_rate, self.steps)._repr_html_()
            for index in range(num_of(self.still))
        )

    def _sentences(self, row):
        bodies = []
        for index, before in enumerate(self.still):
            if all(samples[index] == before for samples in row):
                bodies.append(f'<tbody><tr><th scope="row">all</th><td dir="auto">{escape(before)}</td></tr></tbody>')
                continue
            lines = [
                f'<tr><th scope="row">{step}</th><td dir="auto">{marked(before, samples[index])}</td></tr>'
                for step, samples in zip(self.steps, row, strict=True)
            ]
            bodies.append(f"<tbody>{''.join(lines)}</tbody>")
        head = '<tr><th scope="col">deviations</th><th scope="col">text</th></tr>'
        return f'<div class="wide"><table><thead>{head}</thead>{"".join(bodies)}</table></div>'

    def _cells(self, row):
        before, after = self.texts_of(self.still), [self.texts_of(samples) for samples in row]
        tables = []
        for index in range(num_of(self.still)):
            changes = {name: sum(texts[name][index] != own[index] for texts in after) for name, own in before.items()}
            shown = sorted((name for name in changes if changes[name]), key=lambda name: -changes[name])[:_SHOWN_CELLS]
            shown = [name for name in before if name in shown]  # in the table's order
            if not shown:
                tables.append(f"<p>No cell of row {index + 1} changes.</p>")
                continue
            head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("deviations", *shown))
            body = ""
            for step, texts in zip(self.steps, after, strict=True):
                pairs = [(escape(texts[name][index]), escape(before[name][index])) for name in shown]
                cells = [new if new == old else _MARK.format(title="", text=new or "&nbsp;") for new, old in pairs]
                body += f'<tr><th scope="row">{step}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
            tables.append(f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>')
        return "".join(tables)

    def texts_of(self, samples):
        """Returns the cells of rows as texts, a list by column; vectors have the columns x0, x1, ..."""
        if self.kind == "vector":
            numbers = np.reshape(samples, (len(samples), -1)).T
            return {f"x{place}": [f"{number:.3g}" for number in column] for place, column in enumerate(numbers)}
        texts = {}
        for column in self.codec.learned:
            values = samples[column.name]
            if column.kind == "number":
                values = column.format(values)
            elif column.kind == "date":
                values = column.format(np.round(values * (DAY / column.unit)))
            texts[column.name] = list(values)
        return texts


def marked(before, after):
    """Returns a sentence as HTML with marks on words that are not in `before`, and a dot in the place of those that are gone.

    In sentences without spaces, characters are compared.
    """
    space = " " if " " in f"{before}{after}" else ""
    old, new = ((line.split(space) if space else list(line)) for line in (before, after))
    parts = []
    for tag, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, text = escape(space.join(old[start:end])), escape(space.join(new[first:last]))
        if tag == "equal":
            parts.append(text)
        else:
            title = f' title="instead of: {gone}"' if gone else ""
            parts.append(_MARK.format(title=title, text=text or "·"))
    return space.join(parts)
