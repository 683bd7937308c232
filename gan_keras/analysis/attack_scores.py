"""Scores of membership attacks: a number per row, higher for rows that look as if they had been trained on.

Controls are scores that have not seen the training rows: what they tell, other rows tell too.
"""

import functools

import numpy as np
import tensorflow as tf

from gan_keras.analysis.attributes import TEXT, kind_of
from gan_keras.analysis.inversion import vectors
from gan_keras.analysis.membership import Kind, attack_of, percent
from gan_keras.analysis.real_rows import in_graph
from gan_keras.codecs.text import PADDING, UNKNOWN, CharacterCodec
from gan_keras.data.table.columns import CategoryColumn
from gan_keras.data.translation.domains import DOMAINS
from gan_keras.gans.image_translation import DIRECTIONS
from gan_keras.gans.pix2pix import split_pairs
from gan_keras.gans.text_generation import trim
from gan_keras.metrics.bleu import bleu_tokens
from gan_keras.metrics.features import as_features
from gan_keras.metrics.kneser_ney import KneserNey
from gan_keras.metrics.precision_recall import nearest
from gan_keras.metrics.table_similarity import TableFeatures
from gan_keras.metrics.text_features import LatentSemantics
from gan_keras.networks.base import call_network, in_float32
from gan_keras.networks.tabular_autoencoder import negative_bound

NUM_COMPONENTS = 8  # of a density: more need more rows than there are
_CONTROL_COMPONENTS = 20
_VARIANCE = 1e-9  # share of the variance below which a component is rounding
_CLEAR = 3.5  # standard errors, from which a difference is told
_SHRINKAGE = 0.1  # C of the logistic regression
_ORDER = 3  # of n-gram models, which know a thousand lines each

CONTROLS = {
    "reference": Kind("density of references alone", "other rows of the same source"),
    "nearest_reference": Kind("distance to the nearest reference", "other rows of the same source"),
    "classifier": Kind("classifier that learned from half of the rows", "rows known to be trained on, and others"),
}
"""Control attacks by name."""


class AttackScores:
    """Scores of one modality. A subclass lists `attacks` and `controls`: functions of `Rows` by name.

    Args:
        gan: A `gan_keras.GAN`.
        parts: The `real_rows.Parts`.
        generated: Generated `Rows`.
        seed: Seed of all choices.
        features: See `audit`.
    """

    def __init__(self, gan, parts, generated, seed, features=None):
        self.gan, self.parts, self.generated, self.seed, self.own_features = gan, parts, generated, seed, features

    need_references = ("nearest_ratio", "density_ratio")

    @property
    def left_out(self):
        """Reasons why attacks are missing, by name."""
        if self.parts.reference is not None:
            return {}
        return dict.fromkeys(self.need_references, "there are too few held-out rows to keep some as references")

    @property
    def attacks(self):
        """Functions from `Rows` to scores `(num,)` by name."""
        found = {"logit": self.logits, "nearest": self.near_generated}
        if self.parts.reference is not None:
            found |= {"nearest_ratio": self.near_ratio, "density_ratio": self.density_ratio}
        return found

    @property
    def controls(self):
        """The same for controls."""
        if self.parts.reference is None:
            return {}
        return {"reference": self.reference_density, "nearest_reference": self.near_reference}

    def features(self, samples):
        """Returns vectors whose distances count, `(num, dim)`."""
        raise NotImplementedError

    def simple_features(self, sides):
        """Returns a matrix for each of two sides, that a classifier may tell them by."""
        raise NotImplementedError

    # --- Distances. ---

    @functools.cached_property
    def of_generated(self):
        return as_features(self.features(self.generated.samples))

    @functools.cached_property
    def of_reference(self):
        return as_features(self.features(self.parts.reference.samples))

    def near_generated(self, rows):
        return -nearest(self.features(rows.samples), self.of_generated)[1]

    def near_ratio(self, rows):
        own = self.features(rows.samples)
        return nearest(own, self.of_reference)[1] - nearest(own, self.of_generated)[1]

    def near_reference(self, rows):
        return -nearest(self.control_features(rows.samples), self.control_features(self.parts.reference.samples))[1]

    control_features = property(lambda self: self.features)
    """The features, fitted to references alone where they are fitted."""

    # --- Densities: a Gaussian around each row, in the whitened main directions. ---

    @functools.cached_property
    def densities(self):
        num = min(len(self.of_generated), len(self.of_reference))
        project = main_directions(np.concatenate([self.of_generated[:num], self.of_reference[:num]]), NUM_COMPONENTS, self.seed)
        return project, [density_of(project(each[:num])) for each in (self.of_generated, self.of_reference)]

    def density_ratio(self, rows):
        project, (of_generated, of_reference) = self.densities
        points = project(self.features(rows.samples))
        return of_generated(points) - of_reference(points)

    def reference_density(self, rows):
        known = self.control_features(self.parts.reference.samples)
        project = main_directions(known, NUM_COMPONENTS, self.seed)
        return density_of(project(known))(project(self.control_features(rows.samples)))

    # --- Measuring. ---

    def measured(self, functions, kinds, confidence):
        """Returns an `Attack` for each function by name."""
        found = {}
        for name, function in functions.items():
            scores = (function(rows) for rows in (self.parts.members, self.parts.others))
            found[name] = attack_of(kinds[name], *scores, confidence, self.seed)
        return found

    def classified(self, kind, confidence):
        """Returns the control of a classifier that learns from half of the members and others: an `Attack` on the rest."""
        from sklearn.linear_model import LogisticRegression  # slow to import
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        random = np.random.default_rng(self.seed)
        sides = [each[random.permutation(len(each))] for each in self.simple_features([self.parts.members, self.parts.others])]
        told, asked = ([each[rows] for each in sides] for rows in (slice(0, None, 2), slice(1, None, 2)))
        classifier = make_pipeline(StandardScaler(), LogisticRegression(C=_SHRINKAGE, max_iter=1000))
        classifier.fit(np.concatenate(told), np.repeat([1, 0], [len(each) for each in told]))
        return attack_of(kind, *(classifier.decision_function(each) for each in asked), confidence, self.seed)

    def differences(self):
        """Returns what differs between members and others, the clearest first, a list of str."""
        sides = self.parts.members, self.parts.others
        found = []
        for name, (values, form) in self.descriptions().items():
            numbers = [np.asarray(values(rows), np.float64) for rows in sides]
            numbers = [each[np.isfinite(each)] for each in numbers]
            means = [each.mean() if len(each) else np.nan for each in numbers]
            error = np.sqrt(sum(each.var() / max(1, len(each)) for each in numbers))
            size = abs(means[0] - means[1]) / max(error, 1e-12)
            if size > _CLEAR:
                found.append((size, f"{name} {form(means[0])} against {form(means[1])}"))
        return [text for _, text in sorted(found, key=lambda each: -each[0])]

    def descriptions(self):
        """Returns functions of `Rows` to numbers `(num,)`, and a function that writes their mean, by what they measure."""
        labels = self.parts.members.labels
        names = getattr(self.gan, "label_names", None)
        if labels is None or self.parts.others.labels is None:
            return {}
        return {
            f"share of the label {names[label] if names else label}": (
                lambda rows, label=label: rows.labels == label,
                percent,
            )
            for label in np.unique(labels)[:100]
        }

    def logits(self, rows):
        raise NotImplementedError


def mean_logit(logits):
    """Returns a logit per sample, `(batch,)`: a map of patches has many."""
    return tf.reduce_mean(tf.reshape(logits, [tf.shape(logits)[0], -1]), axis=1)


def main_directions(features, num, seed):
    """Returns a function that projects features on their main directions, whitened."""
    from sklearn.decomposition import PCA  # slow to import

    num = max(1, min(num, len(features) - 1, features.shape[1]))
    found = PCA(num, whiten=True, svd_solver="auto", random_state=seed).fit(features)
    kept = found.explained_variance_ > _VARIANCE * max(found.explained_variance_[0], 1e-300)
    return lambda values: found.transform(values)[:, kept]


def density_of(points):
    """Returns a function from points `(num, dim)` to log densities: a kernel as wide as Scott's rule says."""
    from sklearn.neighbors import KernelDensity  # slow to import

    num, dim = points.shape
    model = KernelDensity(bandwidth=num ** (-1.0 / (dim + 4))).fit(points)
    return model.score_samples


# --- Images, clips, sounds, series and vectors. ---


class TensorScores(AttackScores):
    """Attacks on samples that are tensors."""

    def features(self, samples):
        return vectors(samples, self.own_features)

    def logits(self, rows):
        gan = self.gan
        labels = rows.labels if gan.num_labels else None
        if labels is None and gan.needs_labels_to_score():
            raise ValueError("Got no labels. Expected one per row, which the discriminator reads.")

        return in_graph(lambda samples, labels=None: mean_logit(gan.judge(samples, labels, training=False)), rows.samples, labels)

    def simple_features(self, sides):
        flat = [self.features(rows.samples) for rows in sides]
        project = main_directions(np.concatenate(flat), _CONTROL_COMPONENTS, self.seed)
        known = [rows.labels for rows in sides]
        kinds = np.unique(np.concatenate(known)) if all(each is not None for each in known) else []
        return [
            np.column_stack(
                [
                    project(own),
                    *(measure(own, axis=1) for measure in (np.mean, np.std, np.min, np.max)),
                    *(np.asarray(rows.labels == label, np.float64) for label in kinds[:50]),
                ]
            )
            for own, rows in zip(flat, sides, strict=True)
        ]

    def descriptions(self):
        def over(measure):
            return lambda rows: measure(rows.samples.reshape(len(rows), -1), axis=1)

        names = {"mean value": np.mean, "deviation of values": np.std, "smallest value": np.min, "largest value": np.max}
        return {**{name: (over(measure), "{:.3g}".format) for name, measure in names.items()}, **super().descriptions()}


# --- Tables. ---


class TableScores(AttackScores):
    """Attacks on rows of a table: distances are those of standardised numbers and of categories."""

    def __init__(self, gan, parts, generated, seed, features=None):
        super().__init__(gan, parts, generated, seed, features)
        self.places = [index for index, column in enumerate(gan.codec.columns) if column.kind != "id"]
        self.columns = [gan.codec.columns[place] for place in self.places]

    @property
    def attacks(self):
        found = super().attacks
        return found if self.bound is None else {**found, "likelihood": self.likelihood}

    @property
    def left_out(self):
        missing = {"likelihood": "the generator has no likelihood"} if self.bound is None else {}
        return {**super().left_out, **missing}

    def cells(self, samples):
        return samples[:, self.places]

    @functools.cached_property
    def reader(self):
        return TableFeatures(self.columns, self.cells(self.generated.samples))

    @functools.cached_property
    def control_reader(self):
        return TableFeatures(self.columns, self.cells(self.parts.reference.samples))

    def features(self, samples):
        return self.reader(self.cells(samples))

    @property
    def control_features(self):
        return lambda samples: self.control_reader(self.cells(samples))

    def logits(self, rows):
        return self.gan.score(rows.samples)

    @property
    def bound(self):
        """Function of rows and conditions to the negative bound on the likelihood; None without."""
        gan = self.gan
        if hasattr(gan, "reconstruction_weight"):  # a variational autoencoder
            return functools.partial(negative_bound, gan.ema_generator, gan.discriminator)
        return getattr(gan.ema_generator, "bound", None)

    def likelihood(self, rows):
        def measure(cells):
            samples, conditions = self.gan.codec.encode(cells), self.gan.codec.last_condition(cells)
            return -self.bound(samples, conditions, 0.0, 1.0)

        return in_graph(measure, rows.samples)

    def simple_features(self, sides):
        cells = [self.cells(rows.samples) for rows in sides]
        reader = TableFeatures(self.columns, np.concatenate(cells))
        return [reader(each) for each in cells]

    def descriptions(self):
        found = {}
        for index, column in zip(self.places, self.columns, strict=True):
            found[f"missing cells of {column.name}"] = (lambda rows, index=index: np.isnan(rows.samples[:, index]), percent)
            if isinstance(column, CategoryColumn):
                for value, text in list(enumerate(column.values))[:50]:
                    name = f"share of {column.name}={text}"
                    found[name] = (lambda rows, index=index, value=value: rows.samples[:, index] == value, percent)
            else:
                found[f"mean {column.name}"] = (lambda rows, index=index: rows.samples[:, index], "{:.4g}".format)
        return found


# --- Text. ---


class TextScores(AttackScores):
    """Attacks on lines: distances are those of latent semantics, densities those of n-gram models."""

    need_references = (*AttackScores.need_references, "likelihood_ratio")

    def __init__(self, gan, parts, generated, seed, features=None):
        super().__init__(gan, parts, generated, seed, features)
        self.tokenize = list if isinstance(gan.codec, CharacterCodec) else bleu_tokens

    @property
    def attacks(self):
        found = super().attacks
        found = {"logit": found.pop("logit"), "likelihood": self.likelihood, **found}
        if self.parts.reference is not None:
            found["likelihood_ratio"] = lambda rows: self.likelihood(rows) - self.reference_density(rows)
        if self.gan.ngrams is not None:
            found["network"] = lambda rows: self.likelihood(rows, self.without_ngrams)
        if self.has_unknown:
            found["vocabulary"] = lambda rows: -self.num_unknown(rows)
        return found

    @property
    def left_out(self):
        return {**super().left_out, **({} if self.has_unknown else {"vocabulary": "the codec knows all words"})}

    @functools.cached_property
    def has_unknown(self):
        """Whether a line has a word that the vocabulary lacks."""
        return any(self.num_unknown(rows).any() for rows in (self.parts.members, self.parts.others))

    # --- Networks. ---

    def labels_of(self, rows):
        return self.gan.line_labels(rows.labels if self.gan.num_labels else None, len(rows))

    def logits(self, rows):
        return self.gan.score(rows.samples, rows.labels if self.gan.num_labels else None)

    def likelihood(self, rows, function=None):
        """Log-likelihood per token, in nats, by the generator or another compiled function."""
        tokens = self.gan.tokens_of(rows.samples)
        columns = {"seeds": np.arange(len(tokens), dtype=np.int64), "tokens": tokens, "labels": self.labels_of(rows)}
        found = self.gan.of_rows(function or self.gan.likelihoods, columns, self.gan.ema_generator)
        return found.astype(np.float64) / (tokens != PADDING).sum(axis=1)

    @functools.cached_property
    def without_ngrams(self):
        return tf.function(
            lambda generator, seeds, tokens, labels=None: generator.log_likelihood(
                self.gan.latents_from(seeds), trim(tokens), labels, None
            ),
            autograph=False,
        )

    def num_unknown(self, rows):
        return (self.gan.tokens_of(rows.samples) == UNKNOWN).sum(axis=1).astype(np.float64)

    # --- n-grams. ---

    @functools.cached_property
    def vocabulary_size(self):
        sides = [self.parts.members, self.parts.others, self.generated]
        sides += [] if self.parts.reference is None else [self.parts.reference]
        return len({token for rows in sides for line in rows.samples for token in self.tokenize(line)}) + 2

    def ngrams_of(self, lines):
        """Returns a function from `Rows` to log-likelihoods per token, of an n-gram model of lines."""
        model = KneserNey(_ORDER).fit([self.tokenize(line) for line in lines], self.vocabulary_size)

        @functools.cache  # several attacks ask for the same rows
        def measure(rows):
            sentences = [self.tokenize(line) for line in rows.samples]
            return np.array([model.log_likelihood(each) / (len(each) + 1) for each in sentences])

        return measure

    @functools.cached_property
    def reference_density(self):
        return self.ngrams_of(self.parts.reference.samples)

    @functools.cached_property
    def generated_density(self):
        return self.ngrams_of(self.generated.samples[: len(self.parts.reference)])

    def density_ratio(self, rows):
        return self.generated_density(rows) - self.reference_density(rows)

    # --- Features. ---

    @functools.cached_property
    def semantics(self):
        return self.own_features or LatentSemantics(self.generated.samples, tokenize=self.tokenize, seed=self.seed)

    @functools.cached_property
    def control_features(self):
        return LatentSemantics(self.parts.reference.samples, tokenize=self.tokenize, seed=self.seed)

    def features(self, samples):
        return np.asarray(self.semantics(list(samples)), np.float64)

    def simple_features(self, sides):
        lines = [line for rows in sides for line in rows.samples]
        semantics = LatentSemantics(lines, _CONTROL_COMPONENTS, self.tokenize, self.seed)
        counted = [[np.nan_to_num(measure_lines(name, rows)) for name in TEXT] for rows in sides]
        return [np.column_stack([semantics(rows.samples), *own]) for rows, own in zip(sides, counted, strict=True)]

    def descriptions(self):
        found = {"share of lines with unknown words": (lambda rows: self.num_unknown(rows) > 0, percent)}
        found |= {name: (functools.partial(measure_lines, name), "{:.3g}".format) for name in TEXT}
        return {**found, **super().descriptions()}


def measure_lines(name, rows):
    measure, _ = TEXT[name]
    return np.array([measure(line) for line in rows.samples], np.float64)


# --- Translation. ---


class TranslationScores(TensorScores):
    """Attacks on one domain of a translation, or on its pairs: images of both domains, one stacked on the other.

    Args:
        gan: A `CycleGAN`, or a `Pix2Pix` for pairs.
        parts: The `real_rows.Parts` of the domain, or of the pairs.
        domain: `"a"` or `"b"`; None for pairs.
        seed: Seed of all choices.
    """

    need_references = ()

    def __init__(self, gan, parts, domain, seed):
        super().__init__(gan, parts, None, seed)
        self.domain = domain

    @property
    def attacks(self):
        if self.domain is None:
            return {"logit": self.logits, "error": self.error}
        return {f"logit_{self.domain}": self.logits, f"cycle_{self.domain}": self.cycle}

    def logits(self, rows):
        network = self.gan.discriminator if self.domain is None else self.gan.discriminator.networks[DOMAINS.index(self.domain)]

        def judge(samples):
            with in_float32(network):
                return mean_logit(call_network(network, samples))

        return in_graph(judge, rows.samples)

    def cycle(self, rows):
        """Negative mean absolute error of images that were translated there and back."""
        there, back = (self.gan.translator(each) for each in (DIRECTIONS if self.domain == "a" else reversed(DIRECTIONS)))

        def error(samples):
            found = call_network(back, call_network(there, samples))
            return -tf.reduce_mean(tf.abs(found - samples), axis=[1, 2, 3])

        return in_graph(error, rows.samples)

    def error(self, rows):
        """Negative mean absolute error of translations, compared with the image that each should become."""

        def error(pairs):
            source, target = split_pairs(pairs)
            found = call_network(self.gan.translator(DIRECTIONS[0]), source)
            return -tf.reduce_mean(tf.abs(found - target), axis=[1, 2, 3])

        return in_graph(error, rows.samples)


def scores_of(gan):
    """Returns the class of the scores of a GAN's modality."""
    return {"text": TextScores, "table": TableScores}.get(kind_of(gan), TensorScores)
