import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import noise
from gan_keras.codecs.text import END, PADDING
from gan_keras.networks import AttentiveGenerator, TransformerGenerator
from gan_keras.networks.layers import CausalAttention

SEEDS = tf.range(24, dtype=tf.int64)
NETWORKS = {
    "lstm with attention": lambda **more: AttentiveGenerator(
        60, 9, num_heads=2, head_dim=4, noise_dim=3, embedding_dim=8, units=12, **{"dropout": 0.3} | more
    ),
    "transformer": lambda **more: TransformerGenerator(
        60, 9, noise_dim=3, embedding_dim=16, num_blocks=2, num_heads=2, **{"dropout": 0.3} | more
    ),
}


@pytest.fixture(scope="module", params=NETWORKS, ids=str)
def generator(request):
    keras.utils.set_random_seed(0)
    return NETWORKS[request.param]()


@pytest.fixture(scope="module")
def latents(generator):
    return noise.normal(SEEDS, generator.latent_dim)


def attention_by_loops(layer, inputs):
    """`CausalAttention` of one sentence `(time, features)`, in float64, a step and a head at a time."""
    kernel = np.asarray(layer.projections.kernel, np.float64)
    queries, keys, values = np.split(inputs @ kernel, 3, axis=1)
    dim, half, found = layer.head_dim, layer.head_dim // 2, []

    def turned(vector, step):
        numbers = vector[:half] + 1j * vector[half:]
        numbers = numbers * np.exp(1j * step * 10_000.0 ** (-np.arange(half) / half))
        return np.concatenate([numbers.real, numbers.imag])

    for t in range(len(inputs)):
        row = []
        for head in range(layer.num_heads):
            part = slice(head * dim, (head + 1) * dim)
            scores = [
                turned(queries[t, part], t) @ turned(keys[s, part], s) / dim**0.5 + float(layer.preferences[head, t, s])
                for s in range(t + 1)
            ]
            weights = np.exp(scores - np.max(scores))
            row.append(weights / weights.sum() @ values[: t + 1, part])
        found.append(np.concatenate(row))
    return np.stack(found)


def test_attention_equals_a_loop_over_steps_and_heads():
    keras.utils.set_random_seed(1)
    layer = CausalAttention(length=7, num_heads=2, head_dim=4, preference=1.0)
    inputs = np.random.default_rng(0).normal(size=(3, 5, 6)).astype("float32")
    found = layer(inputs).numpy()
    np.testing.assert_allclose(found, [attention_by_loops(layer, each) for each in inputs], atol=1e-5)


def test_an_odd_width_of_a_head_is_refused():
    with pytest.raises(ValueError, match="head_dim=3. Expected an even number"):
        CausalAttention(length=7, head_dim=3)


def test_a_width_that_the_heads_cannot_share_is_refused():
    with pytest.raises(ValueError, match="multiple of 2 \\* num_heads"):
        TransformerGenerator(60, 9, embedding_dim=20, num_heads=4)


def test_steps_with_a_cache_give_the_logits_of_whole_sentences(generator, latents):
    tokens = generator(latents)
    whole, state = generator.logits(latents, tokens), generator.state_from(latents)
    embedded = generator.inputs_from(tokens)
    for step in range(generator.length):
        logits, state = generator.step(embedded[:, step], state, step)
        np.testing.assert_allclose(logits, whole[:, step], atol=2e-5)


def test_the_likelihood_of_a_sample_is_that_of_the_given_sentence(generator, latents):
    tokens, found = generator.sample_in_graph(latents)
    np.testing.assert_allclose(found, generator.log_likelihood(latents, tokens), rtol=1e-4)


def test_a_sentence_does_not_depend_on_its_batch(generator, latents):
    together = generator(latents).numpy()
    assert (together == END).sum(axis=1).tolist() == [1] * len(together)
    np.testing.assert_array_equal(generator(latents[5:6]), together[5:6])


def test_later_tokens_and_padding_change_no_earlier_logits(generator, latents):
    tokens = generator(latents).numpy()
    changed = tokens.copy()
    changed[:, 5:] = PADDING
    before, after = generator.logits(latents, tokens), generator.logits(latents, changed)
    np.testing.assert_allclose(before[:, :6], after[:, :6], atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_saved_network_writes_the_same(name, tmp_path):
    keras.utils.set_random_seed(2)
    network = NETWORKS[name](num_labels=3)
    latents, labels = noise.normal(SEEDS, network.latent_dim), tf.range(24) % 3
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(loaded(latents, labels), network(latents, labels))
    other = network(latents, (labels + 1) % 3).numpy()
    assert (other != network(latents, labels).numpy()).any()


@pytest.mark.parametrize("name", NETWORKS)
def test_it_learns_that_the_last_token_repeats_the_first(name):
    """The relation that an LSTM hardly keeps over a distance: what attention is for. Other tokens are random."""
    keras.utils.set_random_seed(3)
    sizes = {"noise_dim": 3, "embedding_dim": 24, "dropout": 0.0}
    network = (
        AttentiveGenerator(60, 9, 4, 8, units=24, **sizes)
        if "lstm" in name
        else TransformerGenerator(60, 9, num_blocks=2, num_heads=2, **sizes)
    )
    optimizer = keras.optimizers.Adam(1e-2)
    optimizer.build(network.trainable_variables)

    @tf.function
    def update(step):
        tokens = tf.random.stateless_uniform((128, 6), (0, step), 4, 24, tf.int32)
        tokens = tf.concat([tokens, tokens[:, :1], tf.fill((128, 1), END)], axis=1)
        latents = noise.normal(tf.range(128, dtype=tf.int64), network.latent_dim)
        with tf.GradientTape() as tape:
            losses = network.token_losses(latents, tokens, training=True)
            loss = tf.reduce_mean(losses)
        optimizer.apply(tape.gradient(loss, network.trainable_variables), network.trainable_variables)
        return tf.reduce_mean(losses, axis=0)

    for step in range(350):
        losses = update(tf.constant(step)).numpy()
    assert losses[6] < 0.5 and losses[1:6].min() > 2.9, losses  # log(20) is 3.0


def test_mixed_precision_keeps_likelihoods_in_float32():
    for make in NETWORKS.values():
        network = make(dtype="mixed_bfloat16")
        latents = noise.normal(SEEDS, network.latent_dim)
        tokens, likelihoods = network.sample_in_graph(latents)
        assert likelihoods.dtype == tf.float32 and np.isfinite(likelihoods).all()
        np.testing.assert_allclose(likelihoods, network.log_likelihood(latents, tokens), rtol=0.05)
