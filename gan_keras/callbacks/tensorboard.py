"""`TensorBoard`: what training logs, and its images, for TensorBoard's page."""

import importlib.util
import os

import keras
import tensorflow as tf

from gan_keras.callbacks.fixed_images import check_grid, sample_grid


class TensorBoard(keras.callbacks.Callback):
    """Logs every value of an epoch as a scalar, and of a GAN of images a grid of samples of fixed latents.

    `tensorboard --logdir DIRECTORY` shows them. Keras' own callback of this name logs no images of a GAN.

    Args:
        directory: Where event files go.
        rows: Rows of the grid, see `SampleGrid`, >= 1.
        columns: Images in a row, >= 1.
        seed: Of the first latent.
        every: Epochs from one image to the next, >= 1; scalars are logged at each.

    Raises:
        ImportError: If TensorBoard is not installed.
        ValueError: If a size is below 1.
    """

    def __init__(self, directory, rows=10, columns=10, seed=0, every=1):
        super().__init__()
        check_grid(rows=rows, columns=columns, every=every)
        if importlib.util.find_spec("tensorboard") is None:
            raise ImportError("TensorBoard is not installed. Install it: pip install 'gan_keras[tensorboard]'.")
        self.directory, self.rows, self.columns = os.fspath(directory), rows, columns
        self.seed, self.every, self.writer = seed, every, None

    def on_train_begin(self, logs=None):
        self.writer = tf.summary.create_file_writer(self.directory)

    def on_epoch_end(self, epoch, logs=None):
        with self.writer.as_default(step=epoch + 1):
            for name, value in (logs or {}).items():
                tf.summary.scalar(name, float(value))
            if (epoch + 1) % self.every == 0 and len(self.model.sample_shape) == 3:  # of images: text and points have none
                tf.summary.image("samples", sample_grid(self.model, self.rows, self.columns, self.seed)[None])
        self.writer.flush()

    def on_train_end(self, logs=None):
        self.writer.close()
