"""`ClipGrid`: the clips of fixed latents after every epoch, as an animation, and all frames of the last ones as a picture."""

import pathlib

import keras
import numpy as np

from gan_keras.callbacks.samples import EpochGrid, SampleGrid, fixed_samples
from gan_keras.codecs.sound_pictures import write_spectrograms
from gan_keras.media.clips import clip_grid, film_strips, write_gif
from gan_keras.media.images import image_grid, write_png
from gan_keras.media.safe_files import replace_whole
from gan_keras.media.series import SHOWN_SERIES, picture_of
from gan_keras.media.sounds import encode_wav

_MOST_STRIPS = 10


class ClipGrid(EpochGrid):
    """Writes `epoch_001.gif`, `epoch_002.gif`, ... and, when `fit` ends, `film.png`: a row for each clip, a column a frame.

    The latents are the same at every epoch. For a generator with labels a row of the grid is a label and a column is a latent.

    Args:
        directory: Where; it is made if it is missing.
        rows: Rows of the grid, >= 1: where there are more labels, the first.
        columns: Clips in a row, >= 1.
        seed: Of the first latent.
        every: Epochs from one animation to the next, >= 1; the last epoch has one in any case.

    Raises:
        ValueError: If a size is below 1.
    """

    def __init__(self, directory, rows=10, columns=5, seed=0, every=1):
        super().__init__(directory, rows, columns, seed, every)

    def write(self, path):
        clips = fixed_samples(self.model, self.rows, self.columns, self.seed)
        write_gif(path.with_suffix(".gif"), clip_grid(clips, self.columns))

    def on_train_end(self, logs=None):
        self.directory.mkdir(parents=True, exist_ok=True)
        write_png(self.directory / "film.png", film_strips(fixed_samples(self.model, min(self.rows, _MOST_STRIPS), 1, self.seed)))


# --- `SeriesPictures`: generated windows beside real ones after every epoch.


class SeriesPictures(keras.callbacks.Callback):
    """Writes `epoch_001.png`, `epoch_002.png`, ...: a panel for each column, real windows at the left, generated at the right.

    The noise is the same at every epoch.

    Args:
        directory: Where; it is made if it is missing.
        real: Real windows to show, `(num, steps, columns)`.
        columns: Names of the columns.
        seed: Of the first generated window.
        every: Epochs from one picture to the next, >= 1; the last epoch has one in any case.

    Raises:
        ValueError: If `every` is below 1.
    """

    def __init__(self, directory, real, columns, seed=0, every=1):
        super().__init__()
        if every < 1:
            raise ValueError(f"every={every}. Expected at least 1.")
        self.directory, self.real, self.columns = pathlib.Path(directory), real[:SHOWN_SERIES], columns
        self.seed, self.every = seed, every

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.params["epochs"]:
            self.directory.mkdir(parents=True, exist_ok=True)
            groups = {"real": self.real, "generated": self.model.generate(SHOWN_SERIES, self.seed)}
            picture = picture_of(groups, self.columns)
            replace_whole(self.directory / f"epoch_{epoch + 1:03d}.png", lambda path: path.write_bytes(picture))


# --- `SampleSounds`: the sounds of fixed latents after every epoch, to be heard and to be looked at.

_PAUSE = 0.15  # seconds of silence between two sounds


class SampleSounds(SampleGrid):
    """Writes `epoch_001.wav`, all sounds one after the other, and `epoch_001.png`, their spectrograms, and so on; when `fit`
    ends, all pictures as `animation.gif`.

    The latents are the same at every epoch. For a generator with labels a row is a label and a column is a latent. A resumed
    training animates the earlier epochs too.

    Args:
        directory: Where; it is made if it is missing.
        rows: Rows of the grid, >= 1: where there are more labels, the first.
        columns: Sounds in a row, >= 1.
        seed: Of the first latent.
        every: Epochs from one sample to the next, >= 1; the last epoch has one in any case.

    Raises:
        ValueError: If a size is below 1.
    """

    def __init__(self, directory, rows=10, columns=4, seed=0, every=1):
        super().__init__(directory, rows, columns, seed, every)

    def write(self, path):
        waveforms = fixed_samples(self.model, self.rows, self.columns, self.seed)
        rate = self.model.codec.sample_rate
        write_spectrograms(path.with_suffix(".png"), waveforms, rate, self.columns)
        wav = encode_wav(in_a_row(waveforms, rate), rate)
        replace_whole(path.with_suffix(".wav"), lambda temporary: temporary.write_bytes(wav))


def in_a_row(waveforms, sample_rate):
    """One waveform with all after each other, a short silence between."""
    pause = np.zeros((len(waveforms), round(_PAUSE * sample_rate)), np.float32)
    return np.concatenate([waveforms, pause], axis=1).ravel()


# --- `TranslationGrid`: the same images translated after every epoch, and how the translation came about as an animation.


class TranslationGrid(SampleGrid):
    """Writes `epoch_001.png`, `epoch_002.png`, ... and, when `fit` ends, all of them as `animation.gif`.

    Three rows for each direction: images, their translations, and what comes back of them on the way back. Where there is no
    way back the third row holds the images of the other domain, with which those of the first are paired.

    Args:
        directory: Where; it is made if it is missing.
        images_a: Images of domain a, uint8 levels or floats in [0, 1], `(num, height, width, channels)`.
        images_b: As many of domain b.
        every: Epochs from one picture to the next, >= 1; the last epoch has one in any case.

    Raises:
        ValueError: If there is no image, or not as many of both domains.
    """

    def __init__(self, directory, images_a, images_b, every=1):
        if len(images_a) != len(images_b):
            raise ValueError(f"Got {len(images_a)} images of domain a and {len(images_b)} of b. Expected as many of both.")
        super().__init__(directory, columns=len(images_a), every=every)
        self.images = {"a_to_b": as_floats(images_a), "b_to_a": as_floats(images_b)}

    def picture(self):
        return translation_grid(self.model, self.images)


def translation_grid(gan, images):
    """A picture of translations, uint8 `(height, width, channels)`: see `TranslationGrid`.

    Args:
        gan: A `CycleGAN` or a `Pix2Pix` with a codec.
        images: By direction what is translated, floats in [0, 1].
    """
    rows = [row for direction in gan.translators for row in rows_of(gan, images, direction)]
    return image_grid(np.concatenate(rows), columns=len(rows[0]))


def rows_of(gan, images, direction):
    others = [other for other in images if other != direction]
    translated = gan.translate(images[direction], direction)
    has_way_back = all(other in gan.translators for other in others)
    third = gan.translate(translated, others[0]) if has_way_back else images[others[0]]
    return [images[direction], translated, third]


def as_floats(images):
    images = np.asarray(images)
    return images.astype(np.float32) / 255.0 if images.dtype == np.uint8 else images.astype(np.float32)
