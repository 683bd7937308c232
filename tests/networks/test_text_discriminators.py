import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras.networks import ConvolutionalDiscriminator, RecurrentDiscriminator

TOKENS = np.array([[5, 6, 7, 2, 0, 0], [8, 2, 0, 0, 0, 0], [9, 9, 9, 9, 9, 2]], "int32")
MAKERS = {
    "recurrent": lambda **options: RecurrentDiscriminator(12, units=5, embedding_dim=4, filters=8, **options),
    "convolutional": lambda **options: ConvolutionalDiscriminator(12, embedding_dim=4, filters=9, **options),
}


@pytest.fixture(params=MAKERS, scope="module")
def discriminator(request):
    keras.utils.set_random_seed(0)
    network = MAKERS[request.param]()
    network(TOKENS)
    return network


def test_there_is_a_finite_logit_per_sentence_and_per_step(discriminator):
    sentence, steps = discriminator.logits(TOKENS)
    assert sentence.shape == (3, 1) and steps.shape == (3, 6)
    assert np.isfinite(discriminator(np.zeros((2, 3), "int32"))).all()


def test_padding_never_changes_a_logit(discriminator):
    wider = np.pad(TOKENS, ((0, 0), (0, 4)))
    np.testing.assert_allclose(discriminator(TOKENS), discriminator(wider), rtol=1e-5, atol=1e-6)


def test_step_logits_are_causal(discriminator):
    changed = TOKENS.copy()
    changed[2, 4] = 7
    before, after = discriminator.step_logits(TOKENS)[2], discriminator.step_logits(changed)[2]
    np.testing.assert_allclose(before[:4], after[:4], rtol=1e-5, atol=1e-6)
    assert not np.allclose(before[4:], after[4:])


def test_one_hot_distributions_are_read_like_tokens_and_gradients_pass_through_them(discriminator):
    soft = tf.one_hot(TOKENS, 12)
    np.testing.assert_allclose(discriminator(soft), discriminator(TOKENS), rtol=1e-5, atol=1e-6)
    with tf.GradientTape() as tape:
        tape.watch(soft)
        logits = discriminator(soft)
    assert np.abs(tape.gradient(logits, soft).numpy()).max() > 0


@pytest.mark.parametrize("name", MAKERS)
def test_labels_move_the_sentence_logit(name):
    network = MAKERS[name](num_labels=2)
    zeros, ones = np.zeros(3, "int32"), np.ones(3, "int32")
    assert not np.allclose(network(TOKENS, zeros), network(TOKENS, ones))
