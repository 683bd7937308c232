"""Features of sentences for two-sample tests: latent semantic analysis, or any function of lines.

References: [Deerwester et al., 1990](https://doi.org/10.1002/(SICI)1097-4571(199009)41:6%3C391::AID-ASI1%3E3.0.CO;2-9).
"""

from gan_keras.metrics.bleu import bleu_tokens
from gan_keras.metrics.features import as_features

MAX_NGRAMS = 20_000


class LatentSemantics:
    """Latent semantic analysis: the main directions of the weighted uni- and bigrams of some lines. Length is left out.

    Counts are damped, weighted by rarity (tf-idf) and scaled to length 1 per line, then projected on the largest singular
    vectors. An instance is a function from lines to features, float64 `(num, width)`.

    Args:
        lines: Lines to learn from, at least 3. Compare other lines than these, whose n-grams are all known.
        num_components: Maximum width of the features; few lines have fewer.
        tokenize: Function from a line to its tokens: words by default, for scripts without spaces use characters (`list`).
        seed: Seed of the decomposition.

    Raises:
        ValueError: If there are too few lines or different n-grams, or `num_components` is below 1.
    """

    def __init__(self, lines, num_components=100, tokenize=bleu_tokens, seed=0):
        from sklearn.decomposition import TruncatedSVD  # slow to import
        from sklearn.feature_extraction.text import TfidfVectorizer

        lines = list(lines)
        if len(lines) < 3 or num_components < 1:
            raise ValueError(
                f"Got {len(lines)} lines and num_components={num_components}. Expected at least 3 lines and 1 component."
            )
        choices = {"ngram_range": (1, 2), "max_features": MAX_NGRAMS, "sublinear_tf": True}
        self.weights = TfidfVectorizer(tokenizer=tokenize, token_pattern=None, lowercase=False, **choices)
        weighted = self.weights.fit_transform(lines)
        if weighted.shape[1] < 2:
            raise ValueError(f"Got {weighted.shape[1]} different words and bigrams. Expected at least 2.")
        self.width = min(num_components, *(size - 1 for size in weighted.shape))
        self.projection = TruncatedSVD(self.width, random_state=seed).fit(weighted)
        self.name = f"latent semantic analysis of {len(lines):,} lines, uni- and bigrams, {self.width} components"

    def __call__(self, lines):
        return self.projection.transform(self.weights.transform(lines))


def sentence_features(features, lines):
    """Returns the features of lines, float64 `(num, width)`.

    Args:
        features: Function from a list of `num` lines to an array `(num, width)`, such as `LatentSemantics`.
        lines: List of str.

    Raises:
        ValueError: If the function returns another shape or numbers that are not finite.
    """
    values = as_features(features(lines))
    if len(values) != len(lines):
        raise ValueError(f"Got features of shape {values.shape} for {len(lines)} lines. Expected one row per line.")
    return values
