"""The label that a classifier of real samples gives, as an attribute of generated ones."""

import dataclasses

import numpy as np

from gan_keras.analysis.attributes import Attribute, kind_of, words_of
from gan_keras.gans import inputs

MAX_SAMPLES = 5000
"""Number of real samples that a classifier reads; of more, it reads a random choice."""

_HELD_OUT, _MIN_PER_LABEL = 0.2, 5
_BANDS, _PARTS = 32, 16  # of a sound's features


@dataclasses.dataclass(frozen=True)
class LabelAttribute(Attribute):
    """An attribute that predicts a label.

    Attributes:
        accuracy: Share of held-out real samples whose label is predicted, in [0, 1]. What the classifier says of generated
            samples is worth no more.
        chance: Share of the most frequent label among them: the accuracy of always predicting that one.
    """

    accuracy: float = dataclasses.field(default=np.nan, kw_only=True)
    chance: float = dataclasses.field(default=np.nan, kw_only=True)


def label_attribute(gan, samples, labels, seed=0):
    """Trains a logistic regression on labelled real samples, and returns it as an attribute of samples as of `samples_of`.

    Its features are pixels, coordinates, steps of series, word weights (tf-idf), or a sound's relative power by band and time.
    Samples pass through the codec first, so that real and generated ones have equal sizes and losses.

    Example:

    ```python
    images = gan_keras.data.load("digits")
    gan = gan_keras.presets.get("image", "default").build(images)
    attribute = analysis.label_attribute(gan, images.images, images.labels)
    shares = np.unique(attribute(analysis.samples_of(gan, 256)), return_counts=True)
    ```

    Args:
        gan: The GAN whose samples will be measured.
        samples: Real samples, as `gan.fit` reads them; for text, a list of lines.
        labels: A label per sample, of any type; whole numbers get the names of `gan.label_names`, if there are some.
        seed: Seed of the choice of held-out samples, a fifth.

    Returns:
        A `LabelAttribute` with the name `label`.

    Raises:
        ValueError: If there is not one label per sample, there are fewer than two labels, or fewer than five samples of one, or
            samples are rows of a table, whose columns are attributes themselves.
    """
    kind, labels = kind_of(gan), _names(gan, labels)
    if kind == "table":
        raise ValueError("Got a GAN of tables. Expected other samples: each column of a table is an attribute by itself.")
    if len(labels) != len(samples):
        raise ValueError(f"Got {len(labels)} labels for {len(samples)} samples. Expected one label for each.")
    names, counts = np.unique(labels, return_counts=True)
    if len(names) < 2 or counts.min() < _MIN_PER_LABEL:
        raise ValueError(
            f"Got {len(names)} labels, with {counts.min() if len(counts) else 0} samples of the rarest. Expected at least two "
            f"labels, with {_MIN_PER_LABEL} samples of each."
        )
    from sklearn.model_selection import train_test_split  # slow to import

    rows = np.random.default_rng(seed).permutation(len(labels))[:MAX_SAMPLES]
    plain = [samples[row] for row in rows] if kind == "text" else _through_codec(gan, np.asarray(samples)[rows])
    training, held_out = train_test_split(np.arange(len(rows)), test_size=_HELD_OUT, random_state=seed)
    model = _model(gan, kind)
    model.fit(_rows(plain, training), labels[rows][training])
    truth = labels[rows][held_out]
    accuracy = float(np.mean(model.predict(_rows(plain, held_out)) == truth))
    chance = float(np.unique(truth, return_counts=True)[1].max() / len(truth))
    return LabelAttribute("label", model.predict, accuracy=accuracy, chance=chance)


def _names(gan, labels):
    """Labels as an array of str."""
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ValueError(f"Got labels of shape {labels.shape}. Expected one for each sample, shape (num,).")
    if gan.label_names is not None and labels.dtype.kind in "iu":
        return np.array([str(gan.label_names[label]) for label in labels])
    return labels.astype(str)


def _through_codec(gan, samples):
    """Real samples in the form of `samples_of`: encoded and decoded."""
    if inputs.needs_a_look(gan, samples) and (scale := inputs.Source(gan).look(samples)) is not None:
        samples = inputs.decoded(samples, scale)
    return gan.in_blocks(lambda block: gan.decode(gan.encode(block)), samples)


def _rows(samples, rows):
    return [samples[row] for row in rows] if isinstance(samples, list) else samples[rows]


def _model(gan, kind):
    """A pipeline of scikit-learn from samples to labels."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    regression = LogisticRegression(max_iter=1000)
    if kind == "text":
        return make_pipeline(TfidfVectorizer(analyzer=words_of), regression)
    if kind in ("image", "clip"):  # not standardised: a pixel that hardly varies would be blown up
        return make_pipeline(FunctionTransformer(_flat), regression)
    features = FunctionTransformer(_band_powers if kind == "sound" else _flat)
    missing = SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True)  # after the end of a series
    return make_pipeline(features, StandardScaler(), missing, regression)


def _flat(samples):
    return np.asarray(samples, np.float64).reshape(len(samples), -1)


def _band_powers(sounds):
    """Mean power by band and part of a sound, in decibels from -60 to 0 for its loudest: `(num, bands * _PARTS)`."""
    sounds = np.asarray(sounds, np.float64)
    sounds = sounds.reshape(*sounds.shape[:2], -1).mean(axis=2)
    sounds = np.pad(sounds, ((0, 0), (0, -sounds.shape[1] % _PARTS)))
    powers = np.abs(np.fft.rfft(sounds.reshape(len(sounds), _PARTS, -1), axis=2)) ** 2
    edges = np.unique(np.geomspace(1, powers.shape[2], _BANDS + 1).astype(int))
    bands = np.add.reduceat(powers, edges[:-1], axis=2) / np.diff(edges)
    loudest = np.maximum(bands.max(axis=(1, 2), keepdims=True), 1e-30)
    return 10.0 * np.log10(np.maximum(bands / loudest, 1e-6)).reshape(len(sounds), -1)
