"""`Directions`: what a step in a generator's latent space changes, measured in units that people know, beside a placebo.

References: mean squared Jacobian: [Ramesh et al., 2018](https://arxiv.org/abs/1812.01161); first layer: [SeFa, Shen and Zhou,
2021](https://arxiv.org/abs/2007.06600); activations: [GANSpace, Härkönen et al., 2020](https://arxiv.org/abs/2004.02546).
"""

import contextlib
import warnings

import numpy as np
import tensorflow as tf

from gan_keras import noise
from gan_keras.analysis.attributes import attributes_of, samples_of
from gan_keras.analysis.effects import Effect, Effects, deviation
from gan_keras.catalogue import DIRECTION_METHODS
from gan_keras.diagnosis.names import choice_of
from gan_keras.gans.saving import AveragedNetwork
from gan_keras.gans.text_generation import TextWriter, trim
from gan_keras.networks.base import call_network

METHODS = DIRECTION_METHODS
"""Ways to find directions: see `Directions.fit`."""

_PROBES = 8192  # samples over which a Jacobian is averaged
_ACTIVATIONS = 2048  # samples whose activations are analysed
_BLOCK = 512  # samples per call of a compiled function
_PROBE = 7  # index of the child seeds of probes


class Directions:
    """Directions of a generator's latent space, from the one that changes samples most.

    Example:

        directions = gan_keras.analysis.Directions.fit(gan)
        print(directions.effects())
        gan.generate(4, seed=0, edits={0: 2.0})

    Attributes:
        directions: Unit vectors, float32 `(num, latent_dim)`, each with a positive sum of its components. Components of
            latents that only draw tokens or categories are 0.
        spectrum: Mean squared change along every direction of the style latents, from the largest, float64 `(style_dim,)`.
        placebo: As many random unit vectors, orthogonal to each other, which any claim about directions has to beat.
        method: One of `METHODS`.
        gan: The GAN.
    """

    def __init__(self, gan, directions, spectrum, method, seed=0):
        self.gan, self.method = gan, method
        self.directions, self.spectrum = directions, spectrum
        normals = np.random.default_rng(seed).normal(size=(gan.style_dim, len(directions)))
        self.placebo = padded(np.linalg.qr(normals)[0].T, gan.latent_dim)

    @classmethod
    def fit(cls, gan, method="jacobian", num=10, seed=0):
        """Finds the directions along which the averaged generator's samples change most, and sets `gan.directions`.

        Args:
            gan: A trained `GAN` that makes samples from latents.
            method: `"jacobian"` takes the eigenvectors of the mean of J'J, where J is the Jacobian of the samples with respect to
                the latents. For text, whose tokens have no Jacobian, it is the Fisher information of the sentences. Both are
                estimated by random probes; any generator will do. `"sefa"` takes the singular vectors of the layer that reads
                the latents, and `"pca"` regresses latents on the principal components of the activations after that layer.
            num: Number of directions, at most as many as there are style latents.
            seed: Seed of the probes and the placebo.

        Returns:
            `Directions`.

        Raises:
            ValueError: If the GAN has no latents, the method is unknown or needs a layer that the generator does not have, or
                the generator has diverged.
        """
        if method not in METHODS:
            raise ValueError(f"method={method!r}. {choice_of(method, METHODS)}.")
        if not isinstance(num, int | np.integer) or num < 1:
            raise ValueError(f"num={num!r}. Expected a whole number of directions, at least 1.")
        check_has_latents(gan, "directions")
        if not int(gan.draws):
            warnings.warn(
                "The GAN has not been trained: its directions are those of its initial weights. Expected `gan.fit(...)` before.",
                stacklevel=2,
            )
        gan.follow_generator()
        find = {"jacobian": mean_squared_jacobian, "sefa": first_layer, "pca": activations}[method]
        values, vectors = find(gan, seed)
        if not np.isfinite(values).all():
            raise ValueError("The generator's samples are not finite. Expected a GAN whose training has not diverged.")
        vectors = vectors[:num]
        signs = np.where(vectors.sum(axis=1, keepdims=True) < 0, -1.0, 1.0)  # a vector and its opposite are the same direction
        found = cls(gan, padded(signs * vectors, gan.latent_dim), values, method, seed)
        gan.directions = found.directions
        return found

    @property
    def participation(self):
        """How many latents count, from 1 to `style_dim`: the square of the spectrum's sum, divided by the sum of its squares."""
        return float(self.spectrum.sum() ** 2 / np.square(self.spectrum).sum())

    def effects(self, attributes=None, n=256, seed=0, step=1.0, labels=None):
        """Measures what a step of one deviation along each direction does to each attribute, and what one along the placebo does.

        All directions move the same samples, which keep their labels and further draws.

        Args:
            attributes: Names, functions of samples by name, or None for all of the modality: see `attributes_of`.
            n: Number of samples that are moved, at least 2.
            seed: Seed of the first sample.
            step: Deviations to move to both sides, more than 0; the effect is that of one.
            labels: Labels of the samples, as for `gan.generate`; None takes all in turn.

        Returns:
            `Effects`.

        Raises:
            ValueError: If an attribute is unknown, or an argument is out of its range.
        """
        if not isinstance(n, int | np.integer) or n < 2 or not 0 < step <= 6:
            raise ValueError(f"n={n!r} and step={step!r}. Expected at least 2 samples, and a step in (0, 6] deviations.")
        measures = attributes_of(self.gan, attributes)
        samples = samples_of(self.gan, n, seed, labels)
        groups = np.arange(n) % max(1, self.gan.num_labels) if labels is None else np.zeros(n, int)
        still = {name: measure(samples) for name, measure in measures.items()}
        scales = {name: deviation(values, groups) for name, values in still.items()}

        def change(direction):
            ends = [samples_of(self.gan, n, seed, labels, sign * step * direction) for sign in (1.0, -1.0)]
            return [
                Effect.of(name, measure.unit, *map(measure, ends), 2.0 * step, scales[name]) for name, measure in measures.items()
            ]

        return Effects([change(each) for each in self.directions], [change(each) for each in self.placebo])

    def kept(self, attribute, strength=2.0, n=128, seed=0, labels=None):
        """Share of samples that keep the value of a categorical attribute at both ends, `-strength` and `strength`.

        Args:
            attribute: A function of samples that returns a text per sample, such as a classifier's label.
            strength: Deviations, more than 0.
            n: Number of samples.
            seed: Seed of the first sample.
            labels: As for `effects`.

        Returns:
            Two arrays of shares in [0, 1], `(num,)`: of the directions and of the placebo.
        """
        (measure,) = attributes_of(self.gan, {"attribute": attribute}).values()
        before = measure(samples_of(self.gan, n, seed, labels))

        def share(direction):
            ends = (measure(samples_of(self.gan, n, seed, labels, sign * strength * direction)) for sign in (1.0, -1.0))
            return np.mean([end == before for end in ends])

        return tuple(np.array([share(direction) for direction in rows]) for rows in (self.directions, self.placebo))


def decided_by_style(gan, n=128, seed=0):
    """Returns which shares of a text GAN's words the style latents decide, and which the latents that draw tokens.

    A sentence gets the style latents of another one and keeps its draws, or the other way round. A word counts as decided by
    what was exchanged if it differs then. `chance` is the share that differs if both are exchanged, the most that is possible.

    Args:
        gan: A `TextGAN`.
        n: Number of sentences.
        seed: Seed of the first sentence.

    Returns:
        Dictionary of shares in [0, 1]: `style`, `draws` and `chance`.
    """
    sentences = [text.split() for text in samples_of(gan, n, seed)]
    ours, others = (gan.latents_from(tf.range(n, dtype=tf.int64) + start).numpy() for start in (seed, seed + n))
    difference, is_style = others - ours, np.arange(gan.latent_dim) < gan.style_dim

    def changed(edits):
        moved = [text.split() for text in samples_of(gan, n, seed, edits=edits)]
        pairs = list(zip(sentences, moved, strict=True))
        same = sum(a == b for words, other in pairs for a, b in zip(words, other, strict=False))
        return 1.0 - same / max(1, sum(max(len(words), len(other)) for words, other in pairs))

    return {"style": changed(difference * is_style), "draws": changed(difference * ~is_style), "chance": changed(difference)}


# --- How directions are found: eigenvalues `(style_dim,)` from the largest, and unit vectors in their order. ---


def mean_squared_jacobian(gan, seed):
    """Eigenvectors of the mean of J'J: for a probe v of independent normal numbers, the mean of (J'v)(J'v)' is that of J'J."""
    gradients = score_gradients if isinstance(gan, TextWriter) else probed_gradients
    function = tf.function(lambda seeds: gradients(gan, seeds), autograph=False)
    graph = function.get_concrete_function(tf.TensorSpec([None], tf.int64))
    total = np.zeros((gan.style_dim, gan.style_dim))
    for seeds in blocks(_PROBES, seed):
        rows = graph(seeds).numpy().astype(np.float64)
        total += rows.T @ rows
    return eigenvectors(total / _PROBES)


def probed_gradients(gan, seeds):
    latents, labels = gan.latents_from(seeds), gan.labels_from(seeds)
    with tf.GradientTape() as tape:
        tape.watch(latents)
        samples = call_network(gan.ema_generator, latents, labels)
        samples = tf.reshape(samples, [tf.shape(seeds)[0], int(np.prod(gan.sample_shape))])
        projected = tf.reduce_sum(samples * noise.normal(noise.split(seeds, _PROBE), samples.shape[1]))
    return tape.gradient(projected, latents)[:, : gan.style_dim]


def score_gradients(gan, seeds):
    """Gradients of the log-likelihoods of drawn sentences: the mean of their squares is the Fisher information."""
    latents, labels = gan.latents_from(seeds), gan.labels_from(seeds)
    tokens = trim(gan.ema_generator.sample(latents, labels, ngrams=gan.ngrams)[0])
    with tf.GradientTape() as tape:
        tape.watch(latents)
        likelihood = tf.reduce_sum(gan.ema_generator.log_likelihood(latents, tokens, labels, gan.ngrams))
    return tape.gradient(likelihood, latents)[:, : gan.style_dim]


def first_layer(gan, seed):
    layer, _ = layers_after_latents(gan, "sefa")
    kernel = np.asarray(layer.kernel, np.float64)[: gan.style_dim]
    return eigenvectors(kernel @ kernel.T)


def activations(gan, seed):
    """Directions by which the latents best follow from the principal components of the activations."""
    from sklearn.decomposition import PCA

    _, following = layers_after_latents(gan, "pca")
    latents, features = [], []
    for seeds in blocks(_ACTIVATIONS, seed):
        latents.append(gan.latents_from(seeds).numpy()[:, : gan.style_dim])
        (_, inputs, _), *_ = layer_calls(gan, seeds, [following])
        features.append(np.reshape(inputs, [len(seeds), -1]))
    latents, features = np.concatenate(latents).astype(np.float64), np.concatenate(features)
    pca = PCA(
        min(gan.style_dim, features.shape[1]),
        svd_solver="covariance_eigh" if features.shape[1] <= 1024 else "randomized",
        random_state=seed,
    )
    components = pca.fit_transform(features).astype(np.float64)
    vectors = np.linalg.lstsq(components, latents, rcond=None)[0]
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return pca.explained_variance_.astype(np.float64), vectors / np.maximum(norms, 1e-30)


def layers_after_latents(gan, method):
    """Returns the layer that multiplies the style latents by a kernel, and the next layer with a kernel.

    Raises:
        ValueError: If no layer reads them, as where latents pass through a recurrent network first.
    """
    seeds = tf.range(2, dtype=tf.int64)
    calls = [call for call in layer_calls(gan, seeds) if len(getattr(call[0], "kernel", np.zeros(0)).shape) >= 2]
    latents = gan.latents_from(seeds).numpy()[:, : gan.style_dim]
    for index, (layer, inputs, _) in enumerate(calls):
        inputs = np.asarray(inputs, np.float32)
        reads = inputs.ndim == 2 and inputs.shape[1] >= gan.style_dim
        if reads and np.allclose(inputs[:, : gan.style_dim], latents, atol=1e-2):
            following = [other for other, *_ in calls[index + 1 :] if other is not layer]
            if method == "sefa" or following:
                return layer, following[0] if following else None
    raise ValueError(
        f"method={method!r} needs a layer with a kernel that reads the latents"
        f"{'' if method == 'sefa' else ', and one after it'}, and {gan.generator.name!r} has none. Expected method='jacobian', "
        "for which any generator will do."
    )


def layer_calls(gan, seeds, layers=None):
    """Generates samples of seeds, and returns the calls of layers in their order: each layer with its inputs and outputs.

    `layers` are some of the averaged generator; None for all.
    """
    network, calls = gan.ema_generator, []
    network = network.network() if isinstance(network, AveragedNetwork) else network
    with contextlib.ExitStack() as stack:
        for layer in network._flatten_layers(include_self=False) if layers is None else layers:
            stack.enter_context(changed_output(layer, lambda *call: calls.append(call) or call[-1]))
        gan(gan.latents_from(seeds), gan.labels_from(seeds))
    return calls


@contextlib.contextmanager
def changed_output(layer, change):
    """Context in which `change(layer, inputs, outputs)` takes the place of a layer's outputs. The layer itself is restored."""
    call, own = layer.call, vars(layer).get("call")

    def changed(inputs, *args, **kwargs):
        return change(layer, inputs, call(inputs, *args, **kwargs))

    layer.call = changed
    try:
        yield
    finally:
        if own is None:
            del layer.call
        else:
            layer.call = own


def blocks(num, seed):
    """Yields the seeds of `num` probes."""
    for start in range(0, num, _BLOCK):
        yield noise.split(tf.range(start, start + _BLOCK, dtype=tf.int64), seed)


def eigenvectors(matrix):
    if not np.isfinite(matrix).all():
        return np.full(len(matrix), np.nan), matrix
    values, vectors = np.linalg.eigh(matrix)
    return np.maximum(values[::-1], 0.0), vectors.T[::-1]


def padded(vectors, latent_dim):
    return np.pad(vectors, ((0, 0), (0, latent_dim - vectors.shape[1]))).astype(np.float32)


def check_has_latents(gan, wanted):
    """Raises `ValueError` for a GAN that translates images."""
    if gan.reads_pairs:
        raise ValueError(
            f"A {type(gan).__name__} makes images from images and has no latents, so no {wanted}. Expected "
            "`gan_keras.analysis.attribute` or `gan_keras.analysis.counterfactuals`, which need none."
        )
