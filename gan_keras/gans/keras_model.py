"""`KerasModel`: what users of Keras ask of any model, done for two networks, with data that are checked by value."""

import math
import warnings

import keras
import numpy as np
import tensorflow as tf

from gan_keras.diagnosis import rules
from gan_keras.gans import inputs
from gan_keras.gans.saving import SavedModel
from gan_keras.gans.signature import signatures_of
from gan_keras.networks.base import output_range, trace
from gan_keras.training import distribution


class KerasModel(SavedModel):
    """The methods of `keras.Model` that a GAN overrides, and what it tells about data and weights that come from outside."""

    loss_tells_quality = False  # losses of two players move against each other
    ranges = None  # the `inputs.Ranges` of data that do not fit the generator's last activation
    exporter = None  # `gan_keras.export`, which stands above

    def evaluate(self, x=None, y=None, batch_size=None, verbose="auto", sample_weight=None, **kwargs):
        """`keras.Model.evaluate`: losses of the averaged generator on held-out data, which are checked as for `fit`."""
        inputs.check_no_weights({"sample_weight": sample_weight})
        options, source = {"batch_size": batch_size, "verbose": verbose, **kwargs}, inputs.Source(self)
        if not kwargs.get("_use_cached_eval_dataset"):  # `fit` has checked them
            x, y = source.data(x, y)
        try:
            return super().evaluate(x if self.num_replicas == 1 else distribution.shared(self, x), y, **options)
        except tf.errors.OpError as error:
            inputs.reraise(error, [source])

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """`keras.Model.train_on_batch`, on data that are checked as for `fit`: all batches have the scale of the first."""
        if self.privacy is not None:
            raise ValueError("Got a single batch for a private training. Expected `fit(gan_keras.data.poisson_batches(...))`.")
        return super().train_on_batch(*self.checked_batch(x, y, sample_weight, class_weight), return_dict=return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """`keras.Model.test_on_batch`, on data that are checked as for `fit`."""
        return super().test_on_batch(*self.checked_batch(x, y, sample_weight), return_dict=return_dict)

    def checked_batch(self, x, y=None, sample_weight=None, class_weight=None):
        """Returns samples and labels of a single batch as the graph reads them."""
        inputs.check_no_weights({"sample_weight": sample_weight, "class_weight": class_weight})
        self.source = self.source or inputs.Source(self)
        return self.source.data(x, y)

    def predict(self, x, *args, **kwargs):
        """`keras.Model.predict`: samples of the averaged generator, as tensors.

        Args:
            x: Latents `(n, latent_dim)`, or a pair of latents and labels.
            *args: See `keras.Model.predict`.
            **kwargs: See `keras.Model.predict`.
        """
        if isinstance(x, list | tuple) and len(x) == 2:
            x = (np.asarray(x[0]), self.labels_for(x[1], len(x[0])))
        latents = x[0] if isinstance(x, tuple) else x
        if hasattr(latents, "shape") and tuple(latents.shape[1:]) != (self.latent_dim,):
            raise ValueError(f"Got latents of shape {tuple(latents.shape)}. Expected (n, {self.latent_dim}); for labels, a pair.")
        self.follow_generator()
        return super().predict(x, *args, **kwargs)

    def predict_step(self, data):
        latents, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self(latents, labels)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Does nothing: a GAN is built. Keras would read a batch to build it, which moves a shuffled data set on."""

    def export(self, filepath, format="tf_saved_model", verbose=None, score=False, edit=False, **kwargs):
        """Writes the next version of a SavedModel to the directory `filepath`, and returns its path: `gan_keras.export`.

        Args:
            filepath: The model's directory, such as `saved_models/a`.
            format: `"tf_saved_model"`, which is the only one.
            verbose: Whether to print the path; None does.
            score: See `gan_keras.export`.
            edit: See `gan_keras.export`.
            **kwargs: None of Keras' further arguments is available: signatures follow from the GAN.

        Raises:
            ValueError: If the format is another, or further arguments are given.
        """
        if format != "tf_saved_model":
            raise ValueError(f"format={format!r}. Expected 'tf_saved_model': a GAN is exported for TensorFlow Serving.")
        if given := [name for name, value in kwargs.items() if value is not None]:
            raise ValueError(f"Got {', '.join(given)}. Expected none: the signatures of an export follow from the GAN.")
        version = KerasModel.exporter(self, filepath, score=score, edit=edit)
        if verbose is not False:
            print(f"Saved version {version}, with the signatures {', '.join(signatures_of(self, score, edit))}.")
        return version

    def diagnose(self, history):
        """Explains a training's curves in plain words, a list with one line per finding: see `gan_keras.diagnosis`.

        Args:
            history: The return value of `fit`, its `history`, rows of a `history.csv`, or the path of one.
        """
        return rules.diagnose(history, self.ranges and self.ranges.text)

    def summary(self, line_length=None, print_fn=None, **kwargs):
        """Prints the summaries of both networks, and the parameters of the whole GAN.

        Args:
            line_length: Total length of printed lines; None for the width of the terminal.
            print_fn: Function that is called with each part of the text; None for `print`.
            **kwargs: Further arguments of `keras.Model.summary`, such as `expand_nested` and `show_trainable`.
        """
        for network in (self.generator, self.discriminator):
            trace(network)
            network.summary(line_length=line_length, print_fn=print_fn, **kwargs)
        optimizers = (self.generator_optimizer, self.discriminator_optimizer) if self.compiled else ()
        variables = {
            "Trainable params": self.trainable_weights,
            "Non-trainable params, the averaged generator's included": self.non_trainable_weights,
            "Optimizer params, of both optimizers": [variable for each in optimizers for variable in each.variables],
        }
        sizes = {title: sum(math.prod(variable.shape) for variable in each) for title, each in variables.items()}
        show = print_fn or print
        show(f'GAN: "{self.name}"')
        for title, size in {"Total params": sum(sizes.values()), **sizes}.items():
            show(f" {title}: {size:,}")

    # --- What is told about data. ---

    def tell(self, text):
        """Prints a line, once."""
        if text not in self.told:
            self.told.append(text)
            print(text)

    def bounds(self):
        """Returns the last activation of a generator without a codec, and the bounds that it sets: see `output_range`."""
        if not hasattr(self, "found_bounds"):
            seeds = tf.range(2, dtype=tf.int64)
            arguments = self.latents_from(seeds), self.labels_from(seeds)
            self.found_bounds = None if self.codec is not None else output_range(self.generator, *arguments)
        return self.found_bounds

    def compare_range(self, low, high):
        """Warns if samples from `low` to `high` are not in the range of the generator; `diagnose` repeats it."""
        self.ranges = inputs.mismatch(self, low, high)
        if self.ranges is not None:
            warnings.warn(f"Ranges differ: {self.ranges.text}. {rules.SCALING}", stacklevel=2)

    # --- Weights that are set from outside. ---

    @property
    def num_draws(self):
        return int(self.draws.numpy())

    def note_weights(self):
        """Remembers what both generators hold, so that `follow_generator` notices weights that are set from outside."""
        self.noted = self.num_draws, sums_of(self.generator), sums_of(self.ema_generator)

    def follow_generator(self):
        """Copies weights that were set into `generator` to the averaged one, before training; later a warning says how."""
        draws, live, averaged = self.noted
        if self.num_draws != draws:  # training, or a file, has set both since
            self.note_weights()
            return
        if same(sums_of(self.generator), live) or not same(sums_of(self.ema_generator), averaged):
            return
        if draws:
            warnings.warn(
                "The weights of `generator` were set after training, and samples are made by the averaged generator, which keeps "
                "its own. To copy them: `gan.ema_generator.set_weights(gan.generator.get_weights())`.",
                stacklevel=3,
            )
        else:
            self.ema_generator.set_weights(self.generator.get_weights())
        self.note_weights()


def sums_of(network):
    """Returns the sum of each weight: a cheap sign of a change."""
    return np.array([weight.numpy().astype(np.float32).sum(dtype=np.float64) for weight in network.weights])


def same(sums, others):
    return np.array_equal(sums, others, equal_nan=True)
