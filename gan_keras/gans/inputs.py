"""Data of a `GAN` from any source that Keras knows, checked by value before they reach a compiled graph.

A source has one scale, such as floats in [0, 1]: its first batch tells which, and later batches have to agree. Values of a scale
that is known are brought to the codec's; others are refused. Raw values of the codec's type pass untouched.
"""

import inspect
import threading
import types
import warnings

import keras
import numpy as np
import tensorflow as tf

from gan_keras.codecs.base import Values
from gan_keras.gans.labels import check_form, check_presence, checked_labels, known
from gan_keras.networks.base import in_single_precision

NO_BATCH = (
    "The data set has no batch. Expected at least one: with `drop_remainder=True` a batch_size "
    "larger than the number of samples leaves nothing, so use a smaller one."
)
WEIGHTS = "Got sample weights. Expected batches of samples or of (samples, labels): leave the weights out."
_LABEL_KEYS = ("label", "labels", "y", "class", "classes", "target", "targets")
_BLOCK = 1024  # samples encoded at once


class Source:
    """Batches of one origin, such as the `x` of `fit`: what their first batch has decided, and the first error of a later one.

    Args:
        gan: The `GAN` that reads them.
    """

    def __init__(self, gan):
        self.gan, self.is_decided, self.scale, self.error = gan, False, None, None
        self.lock = threading.Lock()  # a `PyDataset` may read batches in several threads

    # --- One array. ---

    def look(self, samples):
        """Checks the values of samples, an array, and returns their `Scale` or None; the first call decides it."""
        try:
            values, codec = Values.of(samples), self.gan.codec
            scale = self.scale if codec is None or self.is_decided else codec.scale_of(values)
            if scale is not None and self.is_decided and not scale.has(values):
                raise ValueError(
                    f"Got samples as {values.text}, after samples {scale.text}. Expected one scale in all batches: convert them, "
                    "such as `(255 * x).astype('uint8')` for x in [0, 1]."
                )
            with self.lock:
                is_first, self.is_decided, self.scale = not self.is_decided, True, scale
            if is_first:
                self.tell(values)
        except ValueError as error:
            self.error = error
            raise
        return scale

    def tell(self, values):
        """Says once which scale was recognised, or that it is not that of the generator."""
        if self.scale is not None:
            noun = (self.gan.codec.output_name or "sample").capitalize()
            self.gan.tell(f"{noun}s as {values.text}: taken to be {self.scale.text}.")
        elif self.gan.codec is None:
            self.gan.compare_range(values.low, values.high)

    def array(self, samples):
        """Returns the samples of an array as the graph reads them: unchanged unless their scale is another."""
        scale = self.look(samples)
        if scale is None or self.is_tensor(scale, samples):
            return samples
        blocks = (samples[start : start + _BLOCK] for start in range(0, len(samples), _BLOCK))
        return np.concatenate([self.gan.codec.encode(decoded(block, scale)).numpy() for block in blocks])

    def batch(self, batch):
        """Returns a batch of a Python source, `(samples,)` or `(samples, labels)`, as the graph reads it."""
        samples, labels = parts_of(self.gan, batch)
        check_presence(self.gan, labels is not None)
        samples = as_array(samples)
        samples = self.array(samples) if needs_a_look(self.gan, samples) else samples
        return (samples,) if labels is None else (samples, self.labels(labels, len(samples)))

    def labels(self, labels, num):
        """Returns the labels of `num` samples; for a pair of samples, the others."""
        if self.gan.reads_pairs:
            return Source(self.gan).array(as_array(labels))
        if not self.gan.num_labels:
            return labels
        return checked_labels(labels, self.gan.num_labels, num, self.gan.label_names)

    # --- A `tf.data.Dataset`. ---

    def dataset(self, dataset):
        """Returns the batches of a data set as the graph reads them; each is checked when it is read."""
        if int(dataset.cardinality()) == 0:
            raise ValueError(NO_BATCH)
        spec = dataset.element_spec
        samples, labels = parts_of(self.gan, spec)
        self.gan.bounds()  # found by a trace, for which a data set's own thread is no place
        if self.gan.reads_pairs:
            others = Source(self.gan)
            if not needs_a_look(self.gan, samples) and (labels is None or not needs_a_look(self.gan, labels)):
                return dataset
            return dataset.map(tf.autograph.experimental.do_not_convert(lambda a, b: (self.read(a), others.read(b))))
        check_presence(self.gan, labels is not None)
        has_labels = labels is not None and self.gan.num_labels
        is_plain = not isinstance(spec, dict) and not (isinstance(spec, tuple) and isinstance(spec[0], tuple | dict))
        # What a look finds is printed, and decides the scale: private rows are taken as they are.
        is_looked_at = self.gan.privacy is None and needs_a_look(self.gan, samples)
        if is_plain and not has_labels and not is_looked_at:
            return dataset

        def read(*element):
            found, its_labels = parts_of(self.gan, element if len(element) > 1 else element[0])
            found = self.read(found) if is_looked_at else found
            if its_labels is None:
                return found
            return found, known(its_labels, self.gan.num_labels) if has_labels else its_labels

        if has_labels:
            check_form(labels, self.gan.num_labels)
        return dataset.map(tf.autograph.experimental.do_not_convert(read))

    def read(self, samples):
        """Returns samples of a batch in the graph of a data set, after a look at their values on the host."""

        def look(values):
            scale = self.look(values)
            found = (1.0, 0.0, 0.0, 0.0, 0.0) if scale is None else (scale.factor, scale.offset, scale.is_encoded, *scale.bounds)
            return np.array(found, np.float32)

        found = tf.ensure_shape(tf.numpy_function(look, [samples], tf.float32), [5])
        factor, offset, is_encoded, low, high = tf.unstack(found)
        codec = self.gan.codec
        if codec is None or codec.raw_dtype in (samples.dtype, tf.float32) or codec.raw_dtype == tf.string:
            with tf.control_dependencies([factor]):
                return tf.identity(samples)
        samples = in_single_precision(samples)

        def encoded():
            return codec.encode(tf.clip_by_value(tf.cast(samples, tf.float32) * factor + offset, low, high))

        if not samples.shape[1:].is_compatible_with(self.gan.sample_shape):
            return encoded()
        found = tf.cond(is_encoded > 0, lambda: tf.cast(samples, tf.float32), encoded)
        return tf.ensure_shape(found, [samples.shape[0], *self.gan.sample_shape])

    def is_tensor(self, scale, samples):
        return scale.is_encoded and samples.shape[1:] == self.gan.sample_shape

    # --- Any source. ---

    def data(self, x, y=None):
        """Returns the `x` and `y` of `fit` or `evaluate` as Keras reads them.

        Raises:
            ValueError: If there is no batch, the values of an array have no known scale, or labels are wrong.
        """
        if isinstance(x, tf.distribute.DistributedDataset):
            return x, y
        if x is None:
            raise ValueError("Got no data (None). Expected an array of samples, or batches of them.")
        if isinstance(x, tf.data.Dataset):
            return self.dataset(x), y
        if isinstance(x, keras.utils.PyDataset):
            return CheckedBatches(x, self), y
        if isinstance(x, types.GeneratorType):
            return (self.batch(batch) for batch in x), y
        if hasattr(x, "fingerprint"):
            raise ValueError(
                f"Got {type(x).__name__}, a data object. Expected its batches: `preset.batches(gan, data)`, or those of a "
                "function of `gan_keras.data` such as `image_batches(data, 64)`."
            )
        x, labels = parts_of(self.gan, x if y is None else (x, y))
        x = as_array(x)
        if x.dtype.kind in "USO" and getattr(self.gan.codec, "raw_dtype", None) == tf.string:
            x = self.gan.codec.encode(list(x)).numpy()
        if self.gan.reads_pairs:
            return self.array(x), None if labels is None else self.labels(labels, len(x))
        check_presence(self.gan, labels is not None)
        labels = None if labels is None else self.labels(labels, len(x))
        return (self.array(x) if needs_a_look(self.gan, x) else x), labels


class CheckedBatches(keras.utils.PyDataset):
    """The batches of a `PyDataset`, checked by a `Source`."""

    def __init__(self, batches, source):
        if batches.use_multiprocessing:
            warnings.warn("use_multiprocessing=True is not used: batches are checked in this process, by threads.", stacklevel=4)
        super().__init__(workers=batches.workers, max_queue_size=batches.max_queue_size)
        self.batches, self.source = batches, source

    @property
    def num_batches(self):
        return self.batches.num_batches

    def __getitem__(self, index):
        return self.source.batch(self.batches[index])

    def on_epoch_begin(self):
        self.batches.on_epoch_begin()

    def on_epoch_end(self):
        self.batches.on_epoch_end()


def decoded(samples, scale):
    """Returns samples of a scale as `decode` would return them; whole levels become uint8, which loses nothing."""
    if scale.high == 255 and (samples == np.round(samples)).all():
        return samples.clip(0, 255).astype(np.uint8)
    return (samples.astype(np.float32) * np.float32(scale.factor) + np.float32(scale.offset)).clip(*scale.bounds)


def needs_a_look(gan, samples):
    """Returns whether the values of samples, or of their spec, are to be checked: not those of the codec's own raw type."""
    if gan.codec is None:
        return True
    dtype = tf.as_dtype(samples.dtype)
    if not getattr(gan.codec, "checks_values", False) or dtype == tf.string:
        return False
    is_array = isinstance(samples, np.ndarray)  # that is looked at as a whole, and before training
    own = tf.int32 if gan.codec.raw_dtype == tf.string else gan.codec.raw_dtype
    return is_array or dtype != own or own.is_floating


def as_array(samples):
    """Returns samples as an array or a tensor; raises `ValueError` unless they are numbers or text."""
    if isinstance(samples, list | tuple):
        shapes = {np.shape(each) for each in samples}
        if len(shapes) > 1:
            raise ValueError(
                f"Got a list of arrays of shapes {sorted(shapes)[:3]}. Expected samples of one shape, or `fit(samples, labels)`."
            )
    if tf.is_tensor(samples):
        return samples.numpy() if hasattr(samples, "numpy") else samples
    array = np.asarray(samples)
    if array.ndim == 0:
        raise ValueError(
            f"Got samples of type {type(samples).__name__}. Expected an array with a row per sample, or batches: a "
            "tf.data.Dataset, a PyDataset or a generator."
        )
    if array.dtype.kind == "O" and not all(isinstance(each, str | bytes) for each in array.flat):
        strange = [each for each in array.flat if not isinstance(each, int | float | np.number)]
        if strange:
            raise ValueError(f"Got samples of dtype object, such as {strange[0]!r:.80}. Expected an array of numbers.")
        array = array.astype(np.float32)
    return array


def parts_of(gan, batch):
    """Returns samples and labels, or None, of a batch or of its spec: a tuple, a pair in a list, or a dictionary.

    Raises:
        ValueError: If there are sample weights, or the keys of a dictionary do not tell which part is what.
    """
    if isinstance(batch, dict):
        return _parts_of_dict(gan, batch)
    if isinstance(batch, list) and len(batch) == 1 and np.ndim(batch[0]) > 1:
        return batch[0], None  # Keras' list of a single input
    if isinstance(batch, list) and not _is_pair(batch):
        return batch, None
    if not isinstance(batch, tuple | list):
        return batch, None
    samples, labels, weights, *more = (*batch, None, None)
    if weights is not None or any(each is not None for each in more):
        raise ValueError(WEIGHTS)
    if labels is None and (isinstance(samples, dict) or isinstance(samples, tuple | list) and _is_pair(samples)):
        return parts_of(gan, samples)
    return samples, labels


def _is_pair(parts):
    """Returns whether a list holds samples and their labels, and not samples alone."""
    if len(parts) != 2 or not all(hasattr(part, "shape") for part in parts):
        return False
    shapes = [tuple(part.shape) for part in parts]
    return shapes[0] != shapes[1] and bool(shapes[0]) and bool(shapes[1]) and shapes[0][0] == shapes[1][0]


def _parts_of_dict(gan, batch):
    labels = [name for name in batch if str(name).lower() in _LABEL_KEYS]
    samples = [name for name in batch if name not in labels]
    if gan.reads_pairs or len(labels) > 1 or len(samples) != 1:
        form = "(images of a, images of b)" if gan.reads_pairs else '(samples, labels), or the keys "sample" and "label"'
        raise ValueError(f"Got batches with the keys {list(batch)}. Expected {form}: `dataset.map(lambda batch: (...))`.")
    return batch[samples[0]], batch[labels[0]] if labels else None


# --- `fit`. ---

_FIT = inspect.signature(keras.Model.fit)


def checked(gan, *args, **kwargs):
    """Returns the arguments of `gan.fit` by name, after checking what can be checked before training, and the sources.

    Raises:
        ValueError: If data are wrong (see `Source`), there are sample weights, or layers were frozen after `compile`.
    """
    check_trained_variables(gan)
    options = dict(_FIT.bind(gan, *args, **kwargs).arguments)
    del options["self"]
    check_no_weights(options)
    sources = [Source(gan)]
    x, y = sources[0].data(options.get("x"), options.get("y"))
    options.update(x=x, y=y)
    if isinstance(x, tf.data.Dataset):
        options.setdefault("shuffle", False)  # with its default, Keras warns that a data set has an order of its own
    if options.get("validation_data") is not None:
        sources.append(Source(gan))
        options["validation_data"] = held_out(sources[1], options["validation_data"])
    return options, sources


def held_out(source, data):
    """Returns `validation_data` as Keras reads them."""
    if isinstance(data, list | tuple) and len(data) == 3 and data[2] is not None:
        raise ValueError(WEIGHTS)
    pair = data[:2] if isinstance(data, list | tuple) and 1 <= len(data) <= 3 and np.ndim(data[0]) else (data,)
    x, y = source.data(*pair)
    return x if y is None else (x, y)


def check_no_weights(options):
    """Raises `ValueError` if there are weights of samples or classes."""
    if any(options.get(name) is not None for name in ("sample_weight", "class_weight")):
        raise ValueError(WEIGHTS)


def reraise(error, sources):
    """Raises the `ValueError` that a source has met while a graph read it, or else the error itself."""
    found = [source.error for source in sources if source.error is not None]
    raise (found[0] if found else error) from None


def check_trained_variables(gan):
    """Raises `ValueError` if a layer was frozen or released after `compile`, which built the optimizers."""
    for name in ("generator", "discriminator") if gan.compiled else ():
        if ids(getattr(gan, name).trainable_variables) != gan.trained[name]:
            raise ValueError(
                f"The {name}'s trainable variables are not those that its optimizer was built for. "
                "Expected layers to be frozen or released before `compile`: call `compile` again."
            )


def ids(variables):
    return [id(variable) for variable in variables]


# --- The range of a user's own generator. ---


class Ranges:
    """Ranges of the data and of a generator whose last activation bounds them, which differ; `text` says so."""

    def __init__(self, low, high, activation, bounds):
        self.text = (
            f"the data are from {low:g} to {high:g}, and the generator ends with {activation}, so its samples are from "
            f"{bounds[0]:g} to {bounds[1]:g}"
        )


def mismatch(gan, low, high):
    """Returns `Ranges` if data from `low` to `high` do not fit the generator's last activation, otherwise None."""
    found = gan.bounds()
    if found is None or low == high:
        return None
    activation, bounds = found
    margin = 0.02 * (bounds[1] - bounds[0]) if np.isfinite(bounds[1]) else 0.02 * high
    is_half_used = bounds[0] < 0 <= low
    outside = low < bounds[0] - margin or high > bounds[1] + margin
    return Ranges(low, high, activation, bounds) if outside or is_half_used else None
