"""Callbacks that write fixed samples of video, series, audio and image translation after every epoch."""

import numpy as np

from gan_keras.callbacks.samples import EpochFiles, SampleGrid, fixed_samples, row_labels
from gan_keras.codecs.sound_pictures import write_spectrograms
from gan_keras.media.clips import clip_grid, film_strips, write_gif
from gan_keras.media.images import image_grid, write_png
from gan_keras.media.safe_files import replace_whole
from gan_keras.media.series import SHOWN_SERIES, picture_of
from gan_keras.media.sounds import encode_wav

_MAX_STRIPS = 10  # clips in `film.png`
_PAUSE = 0.15  # seconds of silence between two sounds
SOUNDS_PER_ROW = 4


class ClipGrid(EpochFiles):
    """Writes `epoch_001.gif`, `epoch_002.gif`, ... and, when `fit` ends, `film.png`: a row per clip, a column per frame.

    The latents are the same at every epoch. For a generator with labels, a row of the grid is a label and a column a latent.

    Args:
        directory: Directory to write to; created if missing.
        rows: Maximum number of rows, >= 1. With labels, each row shows one of them, starting with the first.
        columns: Clips per row, >= 1.
        seed: Seed of the first latent.
        every: Epochs between two animations, >= 1; the last epoch always has one.
        label_names: Names of the labels, written next to the rows; None writes numbers.

    Raises:
        ValueError: If a size is below 1.
    """

    def __init__(self, directory, rows=10, columns=5, seed=0, every=1, label_names=None):
        super().__init__(directory, seed, every, rows=rows, columns=columns)
        self.rows, self.columns, self.label_names = rows, columns, label_names

    def write(self, path):
        clips = fixed_samples(self.model, self.rows, self.columns, self.seed)
        write_gif(path.with_suffix(".gif"), clip_grid(clips, self.columns, row_labels(self.model, self.rows, self.label_names)))

    def on_train_end(self, logs=None):
        self.directory.mkdir(parents=True, exist_ok=True)
        rows = min(self.rows, _MAX_STRIPS)
        clips = fixed_samples(self.model, rows, 1, self.seed)
        names, numbers = row_labels(self.model, rows, self.label_names), range(1, clips.shape[1] + 1)
        write_png(self.directory / "film.png", film_strips(clips, names, numbers))


class SeriesPictures(EpochFiles):
    """Writes `epoch_001.png`, `epoch_002.png`, ...: a row of panels per column, real windows left and generated ones right.

    The noise is the same at every epoch.

    Args:
        directory: Directory to write to; created if missing.
        real: Real windows to show, `(num, steps, columns)`.
        columns: Column names.
        seed: Seed of the first generated window.
        every: Epochs between two pictures, >= 1; the last epoch always has one.

    Raises:
        ValueError: If `every` is below 1.
    """

    def __init__(self, directory, real, columns, seed=0, every=1):
        super().__init__(directory, seed, every)
        self.real, self.columns = real[:SHOWN_SERIES], columns

    def write(self, path):
        groups = {"real": self.real, "generated": self.model.generate(SHOWN_SERIES, self.seed, as_frame=False)}
        picture = picture_of(groups, self.columns)
        replace_whole(path.with_suffix(".png"), lambda temporary: temporary.write_bytes(picture))


class SampleSounds(SampleGrid):
    """Writes `epoch_001.wav`, all sounds in a row, and `epoch_001.png`, their spectrograms, and so on.

    When `fit` ends, all pictures become `animation.gif`. The latents are the same at every epoch. For a generator with
    labels, a row is a label and a column is a latent. A resumed training animates the earlier epochs too.

    Args:
        directory: Directory to write to; created if missing.
        rows: Maximum number of rows, >= 1. With labels, each row shows one of them, starting with the first.
        columns: Sounds per row, >= 1.
        seed: Seed of the first latent.
        every: Epochs between two files, >= 1; the last epoch always has one.
        label_names: Names of the labels, written next to the rows; None writes numbers.

    Raises:
        ValueError: If a size is below 1.
    """

    def __init__(self, directory, rows=10, columns=SOUNDS_PER_ROW, seed=0, every=1, label_names=None):
        super().__init__(directory, rows, columns, seed, every, label_names)

    def write(self, path):
        waveforms = fixed_samples(self.model, self.rows, self.columns, self.seed)
        rate = self.model.codec.sample_rate
        names = row_labels(self.model, self.rows, self.label_names)
        write_spectrograms(path.with_suffix(".png"), waveforms, rate, self.columns, names)
        channels = waveforms.shape[2:]  # none for mono
        pauses = np.zeros((len(waveforms), pause_of(rate), *channels), np.float32)
        wav = encode_wav(np.concatenate([waveforms, pauses], axis=1).reshape(-1, *channels), rate)
        replace_whole(path.with_suffix(".wav"), lambda temporary: temporary.write_bytes(wav))


def pause_of(sample_rate):
    """Returns the samples of silence after each sound in a file of `SampleSounds`."""
    return round(_PAUSE * sample_rate)


class TranslationGrid(SampleGrid):
    """Writes `epoch_001.png`, `epoch_002.png`, ... and, when `fit` ends, all of them as `animation.gif`.

    Each direction has three rows, named at the left: images, their translations, and the translations translated back. If there
    is only one direction, the third row shows the paired images of the other domain instead.

    Args:
        directory: Directory to write to; created if missing.
        images_a: Images of domain a, uint8 levels or floats in [0, 1], `(num, height, width, channels)`.
        images_b: The same number of images of domain b.
        every: Epochs between two pictures, >= 1; the last epoch always has one.

    Raises:
        ValueError: If there are no images, or different numbers of images.
    """

    def __init__(self, directory, images_a, images_b, every=1):
        if len(images_a) != len(images_b):
            raise ValueError(f"Got {len(images_a)} images of domain a and {len(images_b)} of b. Expected equal numbers.")
        super().__init__(directory, columns=len(images_a), every=every)
        self.images = {"a_to_b": as_floats(images_a), "b_to_a": as_floats(images_b)}

    def picture(self):
        return translation_grid(self.model, self.images)


def translation_grid(gan, images):
    """Returns a picture of translations, uint8 `(height, width, channels)`: see `TranslationGrid`.

    Args:
        gan: A `CycleGAN` or a `Pix2Pix` with a codec.
        images: Dictionary from direction to the images to translate, floats in [0, 1].
    """
    rows = {name: row for direction in gan.translators for name, row in _rows_of(gan, images, direction).items()}
    shown = list(rows.values())
    return image_grid(np.concatenate(shown), len(shown[0]), list(rows))


def _rows_of(gan, images, direction):
    """Returns the rows of a direction by their names."""
    (other,) = (each for each in images if each != direction)
    (own, _, wanted), translated = direction.split("_"), gan.translate(images[direction], direction)
    if other in gan.translators:
        third = {f"back to {own}": gan.translate(translated, other)}
    else:
        third = {f"paired {wanted}": images[other]}
    return {f"real {own}": images[direction], f"{own} to {wanted}": translated, **third}


def as_floats(images):
    """Returns images as float32 in [0, 1]; uint8 levels are divided by 255."""
    images = np.asarray(images)
    return images.astype(np.float32) / 255.0 if images.dtype == np.uint8 else images.astype(np.float32)
