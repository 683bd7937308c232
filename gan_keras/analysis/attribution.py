"""Attribution: which parts of a sample raise the discriminator's score, and which lower it.

References: integrated gradients, [Sundararajan et al., 2017](https://arxiv.org/abs/1703.01365); SmoothGrad,
[Smilkov et al., 2017](https://arxiv.org/abs/1706.03825); occlusion, [Zeiler and Fergus, 2013](https://arxiv.org/abs/1311.2901);
the test by random weights, [Adebayo et al., 2018](https://arxiv.org/abs/1810.03292).
"""

import dataclasses
import random
import warnings

import numpy as np
import tensorflow as tf

from gan_keras.analysis.readings import read
from gan_keras.diagnosis.names import choice_of
from gan_keras.media import attributions, html
from gan_keras.networks.base import is_ready_made

METHODS = ("integrated_gradients", "smoothgrad", "occlusion")
"""Names of the methods of `attribute`."""

TOLERANCE = 0.01
"""Completeness error above which integrated gradients take more steps."""

MAX_STEPS = 1024
"""Steps of integrated gradients that are not exceeded by doubling."""

MAX_CORRELATION = 0.1
"""Rank correlation with maps of random weights, in absolute value, above which a map says little about the discriminator."""

_ROWS = 64  # of a block: samples at one step each
_TESTED_SAMPLES, _TESTED_NETWORKS, _TESTED_STEPS = 16, 8, 16  # of the test by random weights
_NOISE = 0.15  # deviation of SmoothGrad's noise, in ranges of the samples


@dataclasses.dataclass(frozen=True)
class Attribution:
    """What `attribute` returns.

    Attributes:
        values: float32 array of signed attributions: positive parts raise the score, negative ones lower it. Images, clips and
            series have the shape of the samples, or of the codec's samples if those have another size. Sounds have the shape
            that the discriminator reads: spectrograms `(num, bands, frames, channels)`, waveforms `(num, length, channels)`.
            Tables have a number per column of `names`, text a number per token, padded with 0.
        scores: The discriminator's logit per sample, `(num,)`, equal to `gan.score(samples)`.
        baseline_scores: Logit of the baseline, `(num,)`.
        delta: Completeness error per sample, `(num,)`: the difference of `values.sum()` and `scores - baseline_scores`, relative
            to the latter, or to its mean over the samples where that is larger. NaN for methods without completeness.
        sanity: Rank correlation (Spearman) of the signed maps with those of the same network with fresh random weights, mean
            over at most 16 samples and 8 networks; near 0 for maps that show what the discriminator has learned. NaN
            where it cannot be measured.
        method: Name of the method.
        steps: Largest number of steps of a sample.
        baseline: Description of the baseline.
        kind: Kind of the samples, such as `"image"`.
        inputs: What the discriminator reads, an array; token ids for text.
        names: Names of the columns of tables and series; None for others.
        tokens: List of the tokens of each line of text; None for others.
        shown: The samples as pictures and pages show them.
    """

    values: np.ndarray
    scores: np.ndarray
    baseline_scores: np.ndarray
    delta: np.ndarray
    sanity: float
    method: str
    steps: int
    baseline: str
    kind: str
    inputs: np.ndarray
    names: list | None
    tokens: list | None
    shown: object

    def picture(self, num=8):
        """Returns the first `num` samples with their attributions as a `media.plots.Picture`.

        Raises:
            ValueError: For text and tables, which `html` marks.
        """
        if self.kind in ("text", "table", "vector"):
            raise ValueError(f"Samples of kind {self.kind!r} have no picture. Expected `attribution.html()`, which marks them.")
        return attributions.picture_of(self.kind, self.shown[:num], self.values[:num], self.scores[:num], self.names)

    def html(self, num=8):
        """Returns an HTML fragment of the first `num` samples: a picture, or marked tokens or cells."""
        if self.kind == "text":
            return attributions.marked_text(self.shown[:num], self.values[:num], self.scores[:num])
        if self.kind in ("table", "vector"):
            return attributions.marked_rows(self.names, self.shown[:num], self.values[:num], self.scores[:num])
        return html.picture(self.picture(num))


def attribute(gan, samples, method="integrated_gradients", labels=None, steps=64, baseline=None, seed=0, domain=None):
    """Attributes the discriminator's score, that of `gan.score`, to the parts of each sample.

    - `"integrated_gradients"` is (x - b) times the mean gradient on the straight path from a baseline b to the sample x. Its sum
      is `score(x) - score(b)`; steps are doubled, up to `MAX_STEPS`, until the error is below 1 %.
    - `"smoothgrad"` is the mean gradient over noisy copies: how the score changes with each number. It is not multiplied by the
      sample, and its absolute value not taken: |gradient x input| draws the sample, whatever the network has learned.
    - `"occlusion"` is by how much the score falls if a part is replaced by the baseline: patches of images, cells of series,
      columns, tokens. Each number of a part gets an equal share.

    A part that equals the baseline has no attribution, so that the ground of images has to be the baseline: black for bright
    shapes on black, `"white"` for dark ones on white, `"mean"` or an array of your own if there is no such ground.

    A score is a logit, so that positive parts speak for "real". That of text is the logit of the discriminator, or of its head;
    of a `networks.BackwardLanguageModel` without a head, the mean log-likelihood per token of the line read backwards. There a
    token counts twice: as what is predicted, by the difference from the log-likelihood of an unknown word in its place, and as
    what other tokens are predicted from.

    >>> found = gan_keras.analysis.attribute(gan, images[:8], labels=labels[:8])
    >>> found.values.shape, found.delta.max(), found.sanity

    Args:
        gan: A trained `GAN`.
        samples: Raw samples, as `gan.score` takes them; lines of text as a list of str. Images of one domain for a `CycleGAN`, a
            tuple of images of a and of b for a `Pix2Pix`.
        method: One of `METHODS`. SmoothGrad is for pixels, sounds, series and vectors alone: gradients of one-hot choices and
            of words mean nothing by themselves.
        labels: One for all samples or one per sample, for discriminators that read labels. Rows of a table are judged with their
            own condition, their value in the last categorical column; it stays, and so does the rest of their pack.
        steps: Steps of integrated gradients, or noisy copies of SmoothGrad, >= 2; not used by occlusion.
        baseline: None for black images and clips, silence, the mean of generated series, rows and vectors, and the unknown word
            for every token. Or `"black"`, `"white"` (pixels), `"silence"` (sounds), `"mean"` of 256 generated samples (all but
            text), or one raw sample or one per sample, as `generate` returns them. The end of a text or of a series stays where
            it is.
        seed: Seed of noise, generated samples and random weights.
        domain: The domain, `"a"` or `"b"`, of the images that are explained, for translations; None for `"b"`. Of a `Pix2Pix` the
            image of the other domain stays.

    Returns:
        An `Attribution`.

    Warns:
        UserWarning: If the completeness error stays above 1 %, or maps correlate with those of random weights by more than
            0.1, beyond what chance explains.

    Raises:
        ValueError: If an argument is out of its range, samples have another shape or range, or labels are missing.
    """
    if method not in METHODS:
        raise ValueError(f"method={method!r}. {choice_of(method, METHODS)}.")
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or not 2 <= steps <= MAX_STEPS:
        raise ValueError(f"steps={steps!r}. Expected a whole number from 2 to {MAX_STEPS}.")
    reading = read(gan, samples, labels, baseline, seed, domain)
    if method == "smoothgrad" and reading.kind in ("text", "table"):
        raise ValueError(
            f"method='smoothgrad' of {reading.kind}. Expected 'integrated_gradients' or 'occlusion': see `attribute`."
        )
    explainer = Explainer(reading, method, steps, seed, MAX_STEPS)
    ends = explainer.ends(reading.network)
    if reading.kind == "text" and not is_ready_made(reading.network):
        check_scores(ends[0], gan.score(samples, labels), reading.network)
    maps, delta, steps = explainer.explain(reading.network)
    if (strange := int(np.count_nonzero(delta > TOLERANCE))) > 0:
        warnings.warn(
            f"Attributions of {strange} of {len(delta)} samples miss the difference of the scores by more than {TOLERANCE:.0%} "
            f"(at most {delta.max():.1%}) after {steps} steps: rank their parts, but do not add them up.",
            stacklevel=2,
        )
    return Attribution(
        values=reading.finish(maps).astype(np.float32),
        scores=ends[0],
        baseline_scores=ends[1],
        delta=delta,
        sanity=sanity(explainer, maps),
        method=method,
        steps=steps,
        baseline=reading.baseline_text,
        kind=reading.kind,
        inputs=reading.samples,
        names=reading.names,
        tokens=reading.tokens,
        shown=reading.shown,
    )


def check_scores(found, scores, network):
    """Raises `ValueError` unless scores by way of embedded tokens are those of the network itself."""
    if not np.allclose(found, scores, rtol=1e-3, atol=1e-4):
        raise ValueError(
            f"The discriminator {network.name!r} reads tokens otherwise than by `keras.layers.Embedding`: its scores do not "
            "follow from the embedded tokens. Expected a network of `gan_keras.networks`, or one that reads those alone."
        )


class Explainer:
    """Maps of one `Reading` by one method, for the discriminator and for networks of the same kind with other weights.

    Each network has one graph of scores and one of gradients, for any number of rows.
    """

    def __init__(self, reading, method, steps, seed, max_steps):
        self.reading, self.method, self.steps, self.seed, self.max_steps = reading, method, steps, seed, max_steps
        self.graphs = {}

    def graphs_of(self, network):
        """Returns the graphs of a network: of scores, and of gradients by shares that all parts of a row have."""
        if id(network) not in self.graphs:
            reading, part_rank = self.reading, self.reading.free.ndim
            rows = [tf.TensorSpec([None, *each.shape[1:]], each.dtype) for each in (reading.samples, reading.baselines)]
            rows += [] if reading.labels is None else [tf.TensorSpec([None], reading.labels.dtype)]

            def scores(shares, samples, baselines, labels=None):
                return reading.score(network, shares, samples, baselines, labels)

            def gradients(shares, *rows):
                shares = tf.reshape(shares, [-1, *[1] * (part_rank - 1)]) * tf.ones(reading.free.shape[1:])
                with tf.GradientTape() as tape:
                    tape.watch(shares)
                    found = scores(shares, *rows)
                return tape.gradient(found, shares)

            signatures = [tf.TensorSpec([None, *reading.free.shape[1:]]), *rows], [tf.TensorSpec([None]), *rows]
            self.graphs[id(network)] = [
                tf.function(function, input_signature=signature, autograph=False)
                for function, signature in zip((scores, gradients), signatures, strict=True)
            ]
        return self.graphs[id(network)]

    def rows(self, indices, noise=None):
        """Samples, baselines and labels of rows of the reading; with noise, noisy samples and what is 1 below them."""
        samples, baselines = self.reading.samples[indices], self.reading.baselines[indices]
        if noise is not None:
            samples = samples + noise
            baselines = samples - 1.0  # so that the gradient by the shares is that by the sample
        return [samples, baselines, *([] if self.reading.labels is None else [self.reading.labels[indices]])]

    def scores_at(self, network, indices, shares):
        """Scores of samples with shares `(rows, *part_shape)` each, float64."""
        scores, _ = self.graphs_of(network)
        blocks = [slice(start, start + _ROWS) for start in range(0, len(indices), _ROWS)]
        found = [scores(tf.constant(shares[rows], tf.float32), *self.rows(indices[rows])).numpy() for rows in blocks]
        return np.concatenate(found).astype(np.float64)

    def ends(self, network):
        """Scores of the samples and of their baselines."""
        shape, indices = self.reading.free.shape, np.arange(len(self.reading.samples))
        return [self.scores_at(network, indices, np.full(shape, share)) for share in (1.0, 0.0)]

    def mean_gradients(self, network, indices, shares, noises=None):
        """Mean gradients of samples over shares `(steps,)`, `(len(indices), *part_shape)`; `noises` draws that of rows."""
        _, gradients = self.graphs_of(network)
        total = np.zeros((len(indices), *self.reading.free.shape[1:]))
        places, every = np.repeat(np.arange(len(indices)), len(shares)), np.tile(shares, len(indices)).astype(np.float32)
        for start in range(0, len(places), _ROWS):
            block = places[start : start + _ROWS]
            noise = None if noises is None else noises(indices[block])
            found = gradients(tf.constant(every[start : start + _ROWS]), *self.rows(indices[block], noise)).numpy()
            np.add.at(total, block, found)
        return total / len(shares)

    def explain(self, network):
        """Returns maps `(num, *part_shape)`, float64, their completeness errors, and the steps that they took."""
        maps, delta, steps = getattr(self, self.method)(network, np.arange(len(self.reading.samples)))
        return np.where(self.reading.free, maps, 0.0), delta, steps

    def integrated_gradients(self, network, indices):
        """Trapezoids; a doubling needs the gradients between the old steps alone, and only of samples that are not exact yet."""
        scores, baseline_scores = self.ends(network)
        differences = scores - baseline_scores
        scale = np.maximum(np.maximum(np.abs(differences), np.abs(differences).mean()), 1e-12)
        steps = self.steps
        inner = self.mean_gradients(network, indices, np.arange(1, steps) / steps) * (steps - 1)
        maps = (inner + self.mean_gradients(network, indices, np.array([0.0, 1.0]))) / steps

        def errors():
            return np.abs(maps.reshape(len(maps), -1).sum(axis=1) - differences) / scale

        while steps * 2 <= self.max_steps and (strange := np.flatnonzero(errors() > TOLERANCE)).size:
            maps[strange] = (maps[strange] + self.mean_gradients(network, strange, (np.arange(steps) + 0.5) / steps)) / 2.0
            steps *= 2
        return maps, errors(), steps

    def smoothgrad(self, network, indices):
        generator, samples = np.random.default_rng(self.seed), self.reading.samples
        deviation = _NOISE * np.ptp(samples)

        def noises(rows):
            return (deviation * self.reading.free[rows] * generator.standard_normal(samples[rows].shape)).astype(np.float32)

        maps = self.mean_gradients(network, indices, np.ones(self.steps), noises)
        return maps, np.full(len(indices), np.nan), self.steps

    def occlusion(self, network, indices):
        """The fall of the score of each sample without one part."""
        parts = self.reading.parts
        num = int(parts.max()) + 1
        shares = np.float32(parts != np.arange(num).reshape(-1, *[1] * parts.ndim))
        found = [self.scores_at(network, np.full(num, index), shares) for index in indices]
        falls = self.ends(network)[0][:, np.newaxis] - np.stack(found)
        return falls[:, parts] / np.bincount(parts.ravel())[parts], np.full(len(indices), np.nan), 1

    def random_networks(self, num):
        """Yields the discriminator with fresh initial weights, `num` times: one network, whose weights change."""
        twin = self.fresh(self.seed)
        yield twin
        for index in range(1, num):
            twin.set_weights(self.fresh(self.seed + index).get_weights())
            yield twin

    def fresh(self, seed):
        """Returns a network with the discriminator's configuration and initial weights that follow from the seed.

        Raises:
            NotImplementedError: If the discriminator has no configuration.
        """
        network, state = self.reading.network, random.getstate()
        # Initializers without a seed of their own draw it here. A number would give those of a network that was built after
        # `keras.utils.set_random_seed` of this number, perhaps the first weights of the discriminator itself.
        random.seed(f"random weights {seed}")
        try:
            try:
                twin = type(network).from_config(network.get_config())
            except TypeError as error:  # arguments that Keras' own `get_config` does not know
                raise NotImplementedError from error
            samples, baselines, *labels = map(tf.constant, self.rows(np.zeros(2, int)))
            shares = tf.ones([2, *self.reading.free.shape[1:]])
            self.reading.score(twin, shares, samples, baselines, *(labels or [None]))  # which builds it
        finally:
            random.setstate(state)
        return twin


def sanity(explainer, maps):
    """Returns the rank correlation of an `Explainer`'s maps with those of random weights; warns if it is not small."""
    steps = min(explainer.steps, _TESTED_STEPS)
    tested = Explainer(explainer.reading.first(_TESTED_SAMPLES), explainer.method, steps, explainer.seed, steps)
    networks = tested.random_networks(_TESTED_NETWORKS)
    try:
        return randomisation_test(lambda twin: tested.explain(twin)[0], maps[:_TESTED_SAMPLES], networks, tested.reading.free)
    except NotImplementedError:
        warnings.warn(
            f"{type(explainer.reading.network).__name__} has no `get_config`, from which to make it anew with random weights: "
            "the test by random weights is left out. Expected the method, as in Keras' guides.",
            stacklevel=3,
        )
        return float("nan")


def randomisation_test(map_of, maps, networks, free=None):
    """Returns the mean rank correlation of maps with those of networks with random weights.

    A map that hardly depends on the weights, such as the sample itself or |gradient x sample|, correlates with that of any
    network. Signs count: maps are compared as they are.

    Args:
        map_of: Function from a network to its maps of the same samples, an array.
        maps: Maps of the trained network, `(num, ...)`.
        networks: Networks with random weights.
        free: Which parts of each map count, bool; None for all.

    Warns:
        UserWarning: If the correlation is above 0.1 in absolute value by more than two standard errors over the networks.
    """
    found = np.array([rank_correlations(maps, map_of(network), free) for network in networks])
    if np.isnan(found).all():
        warnings.warn("Maps are constant, or have fewer than three parts: there are no ranks to compare.", stacklevel=4)
        return float("nan")
    means = np.nanmean(found, axis=1)[~np.isnan(found).all(axis=1)]
    mean, error = float(means.mean()), float(means.std(ddof=1) / np.sqrt(len(means))) if len(means) > 1 else 0.0
    if abs(mean) - 2.0 * error > MAX_CORRELATION:
        warnings.warn(
            f"Attributions correlate with those of the same network with random weights by {mean:.2f} (rank correlation): they "
            "show the samples or the architecture more than what the discriminator has learned. Expected less than "
            f"{MAX_CORRELATION}: train on, or take another baseline or method.",
            stacklevel=4,
        )
    return mean


def rank_correlations(maps, others, free=None):
    """Returns Spearman's correlation of each map with another one, `(num,)`; NaN for constant maps."""
    from scipy.stats import rankdata

    free = np.ones(np.shape(maps), bool) if free is None else free
    found = np.full(len(maps), np.nan)
    for index, (own, other, counts) in enumerate(zip(maps, others, free, strict=True)):
        ranks = np.stack([rankdata(own[counts]), rankdata(other[counts])])
        if ranks.shape[1] > 2 and (ranks.std(axis=1) > 0).all():
            found[index] = np.corrcoef(ranks)[0, 1]
    return found
