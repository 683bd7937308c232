"""`ClipGrid`: the clips of fixed latents after every epoch, as an animation, and all frames of the last ones as a picture."""

from gan_keras.callbacks.epoch_grid import EpochGrid
from gan_keras.callbacks.fixed_images import fixed_samples
from gan_keras.media.clips import clip_grid, film_strips, write_gif
from gan_keras.media.images import write_png

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
