import json
import math
from collections import Counter
from itertools import chain

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import optimize, stats

from gan_keras import noise
from gan_keras.codecs.text import END, PADDING, START, UNKNOWN
from gan_keras.metrics import SENTENCE_END, KneserNey
from gan_keras.networks import NgramModel, RecurrentGenerator
from gan_keras.networks.language_model import nucleus

SIZE, LENGTH = 14, 8
SPECIAL = [PADDING, START, UNKNOWN]


def rows_of(lines):
    return np.array([[*line, END, *[PADDING] * (LENGTH - 1 - len(line))] for line in lines], "int32")


def random_lines(num, seed):
    """Lines of a chain in which each token is mostly followed by the next ones; ids 12 and 13 never occur, some are unknown."""
    random = np.random.default_rng(seed)
    lines = []
    for _ in range(num):
        line = [int(random.integers(4, 12))]
        while len(line) < LENGTH - 1 and random.random() < 0.8:
            line.append(UNKNOWN if random.random() < 0.05 else 4 + (line[-1] - 3 + int(random.geometric(0.6))) % 8)
        lines.append(line)
    return lines


TRAINING, HELD_OUT = random_lines(60, 0), [*random_lines(40, 1), [12, 5, 13, 13, 6]]


@pytest.fixture(scope="module")
def ngrams():
    model = NgramModel(SIZE, order=4)
    model.adapt(rows_of(TRAINING))
    model.shares.assign([0.2, 0.4, 0.6, 0.8])
    return model


@pytest.fixture(scope="module")
def reference():
    return KneserNey(4, min_sentences=2).fit(TRAINING, SIZE)


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(0)
    network = RecurrentGenerator(SIZE, LENGTH, noise_dim=2, embedding_dim=6, units=8, dropout=0.0)
    network.token_bias.assign(np.random.default_rng(0).normal(size=SIZE))
    return network


def latents_for(num, generator):
    return noise.normal(tf.range(num, dtype=tf.int64), generator.latent_dim)


def contexts_after(model, tokens):
    contexts = model.start(1)
    for token in tokens:
        contexts = model.advance(contexts, tf.constant([token]))
    return contexts


@pytest.mark.parametrize("context", [[], [5], [5, 7], [4, 6, 7, 8], [12], [5, 12, 6], [UNKNOWN, 5], [11, 4, 5, 6, 7]])
def test_the_distribution_of_the_next_token_is_that_of_kneser_ney(ngrams, reference, context):
    found = ngrams.probabilities(contexts_after(ngrams, context)).numpy()[0]
    expected = reference.next_token_probabilities(context)
    unseen = [PADDING, START, 12, 13]
    for token in {*range(SIZE)} - {*unseen}:
        assert found[token] == pytest.approx(expected[SENTENCE_END if token == END else token], abs=1e-6, rel=1e-5)
    assert found[unseen].sum() == pytest.approx(expected["<unk>"], rel=1e-5) and np.ptp(found[unseen]) == 0.0
    assert found.sum() == pytest.approx(1.0, abs=1e-6)


def test_probabilities_of_given_tokens_are_those_of_kneser_ney(ngrams, reference):
    rows = rows_of(HELD_OUT)
    found = (np.log(ngrams.token_probabilities(tf.constant(rows))[0]) * (rows != PADDING)).sum(axis=1)
    np.testing.assert_allclose(found, [reference.log_likelihood(line) for line in HELD_OUT], rtol=1e-5, atol=1e-5)


def test_the_matched_length_is_that_of_the_longest_context_in_two_training_lines(ngrams):
    of_lines = [{tuple([START, *line][i : i + n]) for n in (1, 2, 3) for i in range(len(line) + 2 - n)} for line in TRAINING]
    known = {each for each, num in Counter(chain.from_iterable(of_lines)).items() if num > 1 or len(each) == 1}
    _, matched = ngrams.token_probabilities(tf.constant(rows_of(HELD_OUT)))
    for line, found in zip(HELD_OUT, matched.numpy(), strict=True):
        read = [START, *line]
        for position in range(len(line) + 1):
            before = [tuple(read[position + 1 - n : position + 1]) for n in (1, 2, 3) if n <= position + 1]
            assert found[position] == max((len(each) for each in before if each in known), default=0)
    assert set(np.unique(matched)) == {0, 1, 2, 3}


def test_steps_and_given_tokens_agree_about_the_mixture(ngrams, generator):
    latents, rows = latents_for(len(HELD_OUT), generator), tf.constant(rows_of(HELD_OUT))
    logits, contexts = generator.logits(latents, rows), ngrams.start(len(rows))
    at_once = ngrams.mixed_log_probabilities(-generator.token_losses(latents, rows), rows).numpy()
    p, matched = ngrams.token_probabilities(rows)
    shares = np.array([0.2, 0.4, 0.6, 0.8])[matched]
    plain = np.log((1 - shares) * np.exp(-generator.token_losses(latents, rows)) + shares * p.numpy())
    for step in range(LENGTH):
        mixed = ngrams.mixed_logits(logits[:, step], contexts).numpy()
        np.testing.assert_allclose(np.exp(mixed).sum(axis=1), 1.0, atol=1e-5)
        chosen, real = np.take_along_axis(mixed, rows.numpy()[:, step, None], 1)[:, 0], rows.numpy()[:, step] != PADDING
        np.testing.assert_allclose(chosen[real], at_once[real, step], atol=1e-5)
        np.testing.assert_allclose(plain[real, step], at_once[real, step], atol=1e-5)
        contexts = ngrams.advance(contexts, rows[:, step])


def test_shares_are_the_likeliest_of_held_out_tokens_and_of_their_prior():
    random, num = np.random.default_rng(0), 4000
    matched = random.integers(0, 3, num)
    first, second = random.gamma(0.6, size=num) / 9, random.gamma(0.3 + 0.3 * matched) / 9
    model = NgramModel(SIZE, order=3, sizes=[5, 9, 11])
    model.fit_shares(np.log(first), second, matched)

    def optimum(chosen, mode=0.5, weight=0.0):
        def loss(share):
            prior = mode * math.log(share) + (1 - mode) * math.log(1 - share)
            return -np.log((1 - share) * first[chosen] + share * second[chosen]).sum() - weight * prior

        return optimize.minimize_scalar(loss, bounds=(1e-6, 1 - 1e-6), method="bounded", options={"xatol": 1e-8}).x

    pooled = optimum(matched >= 0)
    expected = [optimum(matched == group, pooled, 50.0) for group in range(3)]
    np.testing.assert_allclose(model.shares, expected, atol=1e-4)
    assert expected[0] < pooled - 0.05 < expected[2]


def test_the_share_of_an_order_with_few_tokens_is_near_the_pooled_share():
    model = NgramModel(SIZE, order=3, sizes=[5, 9, 11])
    p, matched = np.array([0.3, 0.1] * 500 + [1.0]), np.array([0] * 1000 + [1])
    model.fit_shares(np.log(np.full(1001, 0.2)), p, matched)
    few, none = model.shares.numpy()[1:]
    assert model.shares.numpy()[0] < none + 0.01 and none < few < none + 0.05


def test_the_mixture_is_the_network_until_shares_are_fitted(generator):
    model, latents = NgramModel(SIZE), latents_for(32, generator)
    model.adapt(rows_of(TRAINING))
    tokens, likelihoods = generator.sample(latents, ngrams=model)
    np.testing.assert_array_equal(tokens, generator(latents))
    np.testing.assert_allclose(likelihoods, generator.log_likelihood(latents, tokens), rtol=1e-5, atol=1e-4)


def mixture_after(generator, ngrams, latents, prompt):
    """The mixture's distributions after the prompt `(length,)`, of the tokens that may be drawn, by teacher forcing."""
    tokens = tf.repeat(tf.constant([prompt + [END]]), len(latents), axis=0)
    network = tf.nn.softmax(generator.logits(latents, tokens)[:, -1]).numpy()
    contexts = contexts_after(ngrams, prompt)
    share = ngrams.shares.numpy()[int((contexts.numpy() >= 0).sum())]
    return (1 - share) * network + share * ngrams.probabilities(contexts).numpy()


@pytest.mark.parametrize(("prompt", "choices"), [([], {}), ([5, 6], {}), ([5], {"temperature": 0.6}), ([7], {"top_p": 0.7})])
def test_sampled_frequencies_are_the_probabilities_of_the_mixture(generator, ngrams, prompt, choices):
    num = 8192
    latents = latents_for(num, generator)
    given = tf.repeat(tf.constant([prompt + [PADDING] * (LENGTH - len(prompt))]), num, axis=0)
    rows = {name: tf.fill([num], value) for name, value in choices.items()}
    drawn = generator.sample(latents, prompt=given, ngrams=ngrams, **rows)[0].numpy()[:, len(prompt)]
    expected = mixture_after(generator, ngrams, latents, prompt) ** (1 / choices.get("temperature", 1.0))
    expected[:, SPECIAL if prompt else [*SPECIAL, END]] = 0.0
    expected /= expected.sum(axis=1, keepdims=True)
    if "top_p" in choices:
        expected = nucleus(tf.constant(expected), tf.fill([num], tf.constant(choices["top_p"], expected.dtype))).numpy()
        expected /= expected.sum(axis=1, keepdims=True)
    mean, possible = expected.mean(axis=0).astype("float64"), expected.any(axis=0)
    counts = np.bincount(drawn, minlength=SIZE)
    assert counts[~possible].sum() == 0 and possible.sum() > 3
    assert stats.chisquare(counts[possible], num * mean[possible] / mean.sum()).pvalue > 0.01


def test_sampling_returns_the_likelihood_of_the_whole_sentence_by_the_mixture_inside_a_graph(generator, ngrams):
    latents = latents_for(64, generator)
    prompt = np.zeros((64, LENGTH), "int32")
    prompt[::2, :3] = [5, UNKNOWN, 12]
    temperature, top_p = tf.linspace(0.5, 1.5, 64), tf.fill([64], 0.9)
    sample = tf.function(lambda *given: generator.sample(given[0], None, *given[1:], ngrams=ngrams))
    tokens, likelihoods = sample(latents, temperature, top_p, tf.constant(prompt))
    assert (tokens.numpy()[::2, :3] == [5, UNKNOWN, 12]).all()
    expected = generator.log_likelihood(latents, tokens, ngrams=ngrams)
    np.testing.assert_allclose(likelihoods, expected, rtol=1e-5, atol=1e-4)
    assert np.abs(likelihoods - generator.log_likelihood(latents, tokens)).max() > 0.1
    assert len({int(length) for length in (tokens.numpy() != PADDING).sum(axis=1)}) > 3
    assert not np.isin(tokens.numpy()[1::2, :1], SPECIAL).any()


def test_a_sentence_is_the_same_alone_in_a_batch_and_in_a_saved_model(generator, ngrams, tmp_path):
    latents, writer = latents_for(64, generator), tf.Module()
    writer.generator, writer.ngrams = generator, ngrams
    rows = tf.TensorSpec([None, generator.latent_dim])
    writer.write = tf.function(lambda latents: generator.sample(latents, ngrams=ngrams)[0], input_signature=[rows])
    together = writer.write(latents).numpy()
    for row in range(0, 64, 7):
        np.testing.assert_array_equal(writer.write(noise.pad_rows(latents[row : row + 1]))[0], together[row])
    tf.saved_model.save(writer, tmp_path)
    loaded = tf.saved_model.load(tmp_path)
    np.testing.assert_array_equal(loaded.write(latents), together)


def test_a_model_is_restored_from_its_config_and_weights(ngrams, tmp_path):
    config = json.loads(json.dumps(ngrams.get_config()))
    restored = NgramModel.from_config(config)
    restored.set_weights(ngrams.get_weights())
    rows = tf.constant(rows_of(HELD_OUT))
    for found, expected in zip(restored.token_probabilities(rows), ngrams.token_probabilities(rows), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert not restored.trainable_weights and NgramModel.from_config(NgramModel(SIZE, 3).get_config()).sizes is None

    @keras.saving.register_keras_serializable(package="test_ngram_model")
    class Holder(keras.Model):
        def __init__(self, ngrams, **kwargs):
            super().__init__(**kwargs)
            self.ngrams = ngrams

        def build_from_config(self, config):
            pass  # the model in the config is built already

        def call(self, tokens):
            return self.ngrams.token_probabilities(tokens)[0]

        def get_config(self):
            return {"ngrams": keras.saving.serialize_keras_object(self.ngrams)}

        @classmethod
        def from_config(cls, config):
            return cls(keras.saving.deserialize_keras_object(config["ngrams"]))

    holder = Holder(ngrams)
    holder(rows)
    holder.save(tmp_path / "holder.keras")
    loaded = keras.saving.load_model(tmp_path / "holder.keras")
    np.testing.assert_array_equal(loaded(rows), holder(rows))
    np.testing.assert_array_equal(loaded.ngrams.shares, ngrams.shares)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: NgramModel(SIZE, order=1), "order=1"),
        (lambda: NgramModel(SIZE, sizes=[2, 3]).adapt(rows_of(TRAINING)), "adapted already"),
        (lambda: NgramModel(9).adapt(rows_of(TRAINING)), "ids from 0 to 11"),
        (lambda: NgramModel(SIZE).adapt(np.array([[5, END], [5, 6]])), "Row 1 has no end"),
        (lambda: NgramModel(SIZE).adapt(np.array([[5, PADDING, END]])), "before their end"),
        (lambda: NgramModel(SIZE).adapt(np.zeros((0, 4), int)), "shape"),
        (lambda: NgramModel(SIZE).adapt([[0.5, 2.0]]), "float64"),
        (lambda: NgramModel(SIZE, sizes=[2, 3]).fit_shares([], [], []), "at least one"),
        (lambda: NgramModel(SIZE, sizes=[2, 3]).fit_shares([-1.0], [0.5, 0.5], [0]), "same number"),
    ],
)
def test_bad_input_is_refused(act, message):
    with pytest.raises(ValueError, match=message):
        act()


def test_short_lines_have_fewer_orders():
    for min_lines, sizes in ((1, 4), (2, 2)):  # nothing but the end of "7" could be in two lines
        model = NgramModel(SIZE, order=9, min_lines=min_lines)
        model.adapt(rows_of([[5, 6], [7]]))
        assert len(model.sizes) == model.shares.shape[0] == sizes
        expected = KneserNey(9, min_sentences=min_lines).fit([[5, 6], [7]], SIZE).log_likelihood([5, 6])
        assert math.log(np.prod(model.token_probabilities(tf.constant([[5, 6, END]]))[0])) == pytest.approx(expected, abs=1e-5)


def test_nothing_of_the_order_of_a_line_is_kept_that_no_other_line_has():
    secret, lines = [9, 12, 10, 13, 5, 11], random_lines(60, 0)
    model = NgramModel(SIZE, order=4)
    model.adapt(rows_of([*lines, secret]))
    for length in range(2, len(secret) + 1):
        assert (contexts_after(model, secret[:length]).numpy()[0, 1:] == -1).all(), "an n-gram of the secret alone was kept"
    of_lines = [set(zip(read, read[1:], read[2:], strict=False)) for read in ([START, *line, END] for line in lines)]
    assert model.sizes[2] == sum(num > 1 for num in Counter(chain.from_iterable(of_lines)).values())
