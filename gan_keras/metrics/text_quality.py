"""What BLEU does not see: variety, copying, unknown words, lengths, and a language model as judge.

All functions take tokenised sentences (lists of tokens), so that spacing and detached punctuation never hide a copy.

References: [distinct-n](https://aclanthology.org/N16-1014),
[LM and reverse-LM scores](https://arxiv.org/abs/1804.07972).
"""

from collections import Counter
from itertools import chain

from gan_keras.metrics.bleu import bleu_tokens
from gan_keras.metrics.kneser_ney import KneserNey


def distinct(sentences, n):
    """Distinct n-grams / all n-grams, in [0, 1]; 0 where every sentence is shorter than n. It falls as texts grow."""
    ngrams = [ngram for sentence in sentences for ngram in zip(*(sentence[i:] for i in range(n)), strict=False)]
    return len(set(ngrams)) / max(len(ngrams), 1)


def unique_fraction(sentences):
    """Distinct sentences / all sentences, in [0, 1]."""
    return len({tuple(sentence) for sentence in sentences}) / len(sentences)


def copied_fraction(sentences, training_sentences):
    """Fraction of the sentences that occur, token for token, among the training sentences."""
    known = {tuple(sentence) for sentence in training_sentences}
    return sum(tuple(sentence) in known for sentence in sentences) / len(sentences)


def known_fraction(sentences, training_sentences):
    """Fraction of the sentences in which every word occurs somewhere in the training sentences."""
    known = set(chain.from_iterable(training_sentences))
    return sum(known.issuperset(sentence) for sentence in sentences) / len(sentences)


def length_histogram(sentences):
    """Number of sentences of each length in tokens, a dictionary with ascending keys."""
    return dict(sorted(Counter(map(len, sentences)).items()))


def mean_length(sentences):
    """Tokens a sentence, the end not counted."""
    return sum(map(len, sentences)) / len(sentences)


def judge_scores(samples, training_sentences, held_out_sentences):
    """Quality and coverage by Kneser-Ney 5-gram judges, in nats a token: lower is better, and both must be low.

    A generator that repeats one good sentence has a fine LM score and a bad reverse-LM score. All judges share one
    vocabulary size. The reverse-LM score falls with the number of samples, so compare only equal numbers of them, best
    as many as training sentences: taking subsets is the caller's part, and the numbers belong in the protocol.

    Args:
        samples: Generated sentences, a list of token lists.
        training_sentences: The real sentences that the generator saw.
        held_out_sentences: Real sentences that it did not see.

    Returns:
        Dictionary with `lm_score` (the samples, judged by a model of the training sentences), `reverse_lm_score` (the
        held-out sentences, judged by a model of the samples) and `real_lm_score` (the held-out sentences, judged by a
        model of the training sentences: what both scores of real sentences would be).

    Raises:
        ValueError: Where one of the three has no sentence.
    """
    texts = (samples, training_sentences, held_out_sentences)
    vocabulary_size = len(set(chain.from_iterable(chain.from_iterable(texts)))) + 2
    judge = KneserNey().fit(training_sentences, vocabulary_size)
    reverse_judge = KneserNey().fit(samples, vocabulary_size)
    return {
        "lm_score": judge.negative_log_likelihood_per_token(samples),
        "reverse_lm_score": reverse_judge.negative_log_likelihood_per_token(held_out_sentences),
        "real_lm_score": judge.negative_log_likelihood_per_token(held_out_sentences),
    }


def text_report(samples, training_lines, held_out_lines, tokenize=bleu_tokens):
    """All of the above for generated lines.

    Args:
        samples: Generated lines, a list of strings.
        training_lines: Lines that the generator saw.
        held_out_lines: Real lines that it did not see.
        tokenize: From a line to its list of tokens.

    Returns:
        Dictionary that JSON can hold: `num_samples`, `distinct_1`, `distinct_2`, `distinct_3`, `unique`, `copies`,
        `known`, `mean_length`, `length_histogram`, `lm_score`, `reverse_lm_score`, `real_lm_score`.

    Raises:
        ValueError: Where one of the three has no line.
    """
    for name, lines in (("samples", samples), ("training_lines", training_lines), ("held_out_lines", held_out_lines)):
        if not len(lines):
            raise ValueError(f"Got no {name}. Expected at least one line.")
    samples, training, held_out = ([tokenize(line) for line in x] for x in (samples, training_lines, held_out_lines))
    return {
        "num_samples": len(samples),
        **{f"distinct_{n}": distinct(samples, n) for n in (1, 2, 3)},
        "unique": unique_fraction(samples),
        "copies": copied_fraction(samples, training),
        "known": known_fraction(samples, training),
        "mean_length": mean_length(samples),
        "length_histogram": length_histogram(samples),
        **judge_scores(samples, training, held_out),
    }
