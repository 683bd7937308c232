"""Text metrics that complement BLEU: variety, copying and length.

All functions take tokenised sentences (lists of tokens), so that spacing and detached punctuation never hide a copy.

Reference: [distinct-n](https://aclanthology.org/N16-1014).
"""


def distinct(sentences, n):
    """Distinct n-grams / all n-grams, in [0, 1]; 0 if every sentence is shorter than n. It falls with the amount of text."""
    ngrams = [ngram for sentence in sentences for ngram in zip(*(sentence[i:] for i in range(n)), strict=False)]
    return len(set(ngrams)) / max(len(ngrams), 1)


def unique_fraction(sentences):
    """Distinct sentences / all sentences, in [0, 1]."""
    return len({tuple(sentence) for sentence in sentences}) / len(sentences)


def copied_fraction(sentences, training_sentences):
    """Fraction of the sentences that equal a training sentence, token for token."""
    known = {tuple(sentence) for sentence in training_sentences}
    return sum(tuple(sentence) in known for sentence in sentences) / len(sentences)


def mean_length(sentences):
    """Mean number of tokens per sentence, without the sentence end."""
    return sum(map(len, sentences)) / len(sentences)
