import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import noise
from gan_keras.codecs.text import END, PADDING, START, UNKNOWN
from gan_keras.networks import RecurrentGenerator
from gan_keras.networks.language_model import draw, nucleus

SEEDS = tf.range(64, dtype=tf.int64)


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(0)
    network = RecurrentGenerator(vocabulary_size=90, length=9, noise_dim=3, embedding_dim=8, units=12, dropout=0.3)
    network(noise.normal(SEEDS, network.latent_dim))
    return network


@pytest.fixture(scope="module")
def latents(generator):
    return noise.normal(SEEDS, generator.latent_dim)


def test_uniform_choices_draw_tokens_with_the_probabilities_of_the_softmax():
    random = np.random.default_rng(0)
    logits = 3 * random.normal(size=300).astype("float32")
    logits[130:200] = -1e9
    choices = ((np.arange(20_000) + 0.5) / 20_000).astype("float32")
    tokens = draw(tf.constant(np.tile(logits, (len(choices), 1))), tf.constant(choices)).numpy()
    expected = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    np.testing.assert_allclose(np.bincount(tokens, minlength=300) / len(choices), expected, atol=1e-4)
    assert (np.diff(tokens) >= 0).all()


def test_extreme_choices_never_draw_a_masked_token():
    for choice in [1e-7, 1 - 1e-7]:
        logits = np.full((1, 130), -1e9, "float32")
        logits[0, [70, 100]] = 0.0
        assert draw(tf.constant(logits), tf.constant([choice], tf.float32)).numpy()[0] in (70, 100)


def test_temperature_divides_the_logits():
    logits = tf.constant([[0.0, 1.0, 2.0]] * 1000)
    choices = tf.constant((np.arange(1000) + 0.5) / 1000, tf.float32)
    tokens = draw(logits, choices, temperature=tf.fill([1000], 0.5)).numpy()
    expected = np.exp([0, 2, 4]) / np.exp([0, 2, 4]).sum()
    np.testing.assert_allclose(np.bincount(tokens, minlength=3) / 1000, expected, atol=2e-3)


def test_the_nucleus_is_the_smallest_set_of_at_least_the_given_mass():
    probabilities = tf.constant([[0.1, 0.4, 0.3, 0.2]] * 4)
    kept = nucleus(probabilities, tf.constant([0.4, 0.41, 0.95, 1.0])).numpy() > 0
    np.testing.assert_array_equal(kept, [[0, 1, 0, 0], [0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1]])


def test_sentences_have_one_end_and_only_padding_after_it(generator, latents):
    tokens = generator(latents).numpy()
    assert tokens.shape == (64, 9)
    for row in tokens:
        end = list(row).index(END)
        assert end > 0 and (row[end + 1 :] == PADDING).all()
        assert not set(row[:end]) & {PADDING, START, END, UNKNOWN}


def test_sampling_follows_the_teacher_forced_distribution(generator):
    """The first token's frequencies over many latents equal the softmax of the first logits, with the special ids left out."""
    num = 4096
    latents = noise.normal(tf.range(num, dtype=tf.int64), generator.latent_dim)
    first = generator(latents).numpy()[:, 0]
    logits = generator.logits(latents, tf.fill([num, 1], END)).numpy()[:, 0]
    logits[:, [PADDING, START, END, UNKNOWN]] = -np.inf
    expected = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).mean(0)
    np.testing.assert_allclose(np.bincount(first, minlength=90) / num, expected, atol=4 * np.sqrt(expected.max() / num))


def test_the_likelihood_of_a_sentence_is_the_sum_over_its_steps_whatever_the_padding(generator, latents):
    tokens = generator(latents)
    logits = generator.logits(latents, tokens).numpy().astype("float64")
    log_softmax = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    chosen = np.take_along_axis(log_softmax, tokens.numpy()[..., None], -1)[..., 0] * (tokens.numpy() != PADDING)
    np.testing.assert_allclose(generator.log_likelihood(latents, tokens), chosen.sum(1), rtol=1e-4)
    tokens = generator(latents)
    wider = tf.pad(tokens, [[0, 0], [0, 5]])
    np.testing.assert_allclose(
        generator.log_likelihood(latents, tokens), generator.log_likelihood(latents, wider), rtol=1e-5, atol=1e-5
    )


def test_sampling_returns_the_likelihood_of_the_whole_sentence_prompt_and_end_included(generator, latents):
    prompt = np.zeros((64, 9), "int32")
    prompt[:32, :2] = [7, UNKNOWN]
    for choices in ({}, {"prompt": tf.constant(prompt)}, {"temperature": tf.fill([64], 0.5), "top_p": tf.fill([64], 0.8)}):
        tokens, likelihoods = generator.sample(latents, **choices)
        np.testing.assert_allclose(likelihoods, generator.log_likelihood(latents, tokens), rtol=1e-5, atol=1e-5)


def test_a_prompt_is_kept_and_continued(generator, latents):
    prompt = np.zeros((64, 9), "int32")
    prompt[:32, :2] = [7, UNKNOWN]
    tokens = generator.sample(latents, prompt=tf.constant(prompt))[0].numpy()
    assert (tokens[:32, :2] == [7, UNKNOWN]).all()
    np.testing.assert_array_equal(tokens[32:], generator(latents).numpy()[32:])


def test_dropout_acts_only_in_training(generator, latents):
    tokens = generator(latents)
    still = [generator.logits(latents, tokens).numpy() for _ in range(2)]
    moving = [generator.logits(latents, tokens, training=True).numpy() for _ in range(2)]
    np.testing.assert_array_equal(*still)
    assert not np.array_equal(*moving)


def test_labels_condition_the_sentences():
    keras.utils.set_random_seed(1)
    network = RecurrentGenerator(60, 8, 3, 8, 12, num_labels=2)
    latents, labels = noise.normal(SEEDS, network.latent_dim), tf.cast(SEEDS % 2, tf.int32)
    network(latents, labels)
    network.label_embedding.embeddings.assign(5 * network.label_embedding.embeddings)
    assert not np.array_equal(network(latents, labels), network(latents, 1 - labels))
