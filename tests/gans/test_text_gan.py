"""A GAN of text: its stages, feedback, exact resuming, and sentences that follow from their seeds."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import gan_keras
from gan_keras.codecs.text import PADDING
from gan_keras.data import text_batches
from gan_keras.data.text.phrases import english_phrases
from gan_keras.gans.text_generation import Selection, moments_by_length

LINES = english_phrases().sample(400, seed=0)
HELD_OUT = english_phrases().sample(64, seed=1)


def make(feedback="cooperative", num_labels=0, pretraining_epochs=2, discriminator_epochs=1):
    keras.utils.set_random_seed(0)
    codec = gan_keras.codecs.WordCodec()
    codec.adapt(LINES)
    generator = gan_keras.networks.RecurrentGenerator(codec.vocabulary_size, codec.length, 4, 16, 32, 0.1, num_labels)
    discriminator = gan_keras.networks.ConvolutionalDiscriminator(
        codec.vocabulary_size, (2, 3), embedding_dim=16, filters=16, num_labels=num_labels
    )
    gan = gan_keras.TextGAN(generator, discriminator, codec)
    stages = {"pretraining_epochs": pretraining_epochs, "discriminator_epochs": discriminator_epochs}
    gan.compile(keras.optimizers.Adam(1e-2), "adam", feedback=feedback, **stages, generator_ema=0.9)
    return gan


def batches(gan, lines=LINES, **options):
    return text_batches(lines, gan.codec, 32, **options)


class Watch(keras.callbacks.Callback):
    """Records for each epoch which networks change, and their weights at its end."""

    def __init__(self):
        super().__init__()
        self.seen, self.ends = [], []

    def weights(self):
        return [network.get_weights() for network in (self.model.generator, self.model.discriminator)]

    def on_epoch_begin(self, epoch, logs=None):
        self.before = self.weights()

    def on_epoch_end(self, epoch, logs=None):
        self.ends.append(self.weights())
        changed = [
            any(not np.array_equal(old, new) for old, new in zip(*pair, strict=True))
            for pair in zip(self.before, self.ends[-1], strict=True)
        ]
        self.seen.append((self.model.stage, *changed))


@pytest.fixture(scope="module")
def training():
    gan, watch = make(), Watch()
    held_out = batches(gan, HELD_OUT, shuffle=False)
    history = gan.fit(batches(gan), epochs=5, validation_data=held_out, callbacks=[watch], verbose=0, shuffle=False).history
    return gan, watch, history


@pytest.fixture(scope="module")
def trained(training):
    return training[0]


@pytest.fixture(scope="module")
def fresh():
    """An untrained GAN."""
    return make()


def test_supervised_training_beats_the_frequencies_of_words():
    gan = make(pretraining_epochs=12)
    gan.fit(batches(gan), epochs=12, verbose=0, shuffle=False)
    counts = np.bincount(np.asarray(gan.codec.encode(LINES)).ravel(), minlength=gan.codec.vocabulary_size).astype(float)
    counts[PADDING] = 0
    tokens = np.asarray(gan.codec.encode(HELD_OUT))
    unigram = -np.log((counts + 1) / (counts + 1).sum())[tokens[tokens != PADDING]].mean()
    assert gan.negative_log_likelihood(HELD_OUT) < unigram - 1.0


def test_the_three_stages_train_what_they_should_and_the_best_supervised_network_is_the_baseline(training):
    assert training[1].seen == [
        ("pretraining", True, False),
        ("pretraining", True, False),
        ("discriminator", False, True),
        ("adversarial", True, True),
        ("adversarial", True, True),
    ]
    gan, _, history = training
    baseline = gan.negative_log_likelihood(HELD_OUT, gan.baseline)
    assert baseline == pytest.approx(min(history["val_nll"][:2]), abs=0.05)  # the noise of the initial state differs


@pytest.mark.slow
@pytest.mark.parametrize("feedback", ["policy_gradient", "gumbel_softmax"])
def test_every_feedback_moves_the_generator_and_stays_finite(feedback):
    gan = make(feedback, pretraining_epochs=0, discriminator_epochs=0)
    history = gan.fit(batches(gan), epochs=1, verbose=0, shuffle=False).history
    assert np.isfinite(history["loss"]).all()
    pairs = zip(gan.generator.get_weights(), gan.baseline.get_weights(), strict=True)
    assert any(np.abs(live - base).max() > 1e-4 for live, base in pairs)
    assert all(np.isfinite(weight).all() for weight in gan.generator.get_weights())


def test_cooperation_keeps_the_best_draft_of_each_group_of_equal_length():
    drafts = tf.constant([[5, 2, 0], [5, 6, 2], [7, 2, 0], [7, 6, 2]])
    kept = gan_keras.feedback.Cooperative(candidates=2).keep(drafts, tf.constant([0.1, 3.0, 0.2, -1.0]), None)
    np.testing.assert_array_equal(kept, [2, 1])


def test_advantages_are_discounted_rewards_to_come_less_their_mean():
    feedback = gan_keras.feedback.PolicyGradient(discount=0.5)
    logits = tf.constant([[0.0, 100.0], [-100.0, 0.0]])
    # Rewards [[0, 1], [-1, 0]]; to come [[0.5, 1], [-1, 0]]; means [-0.25, 0.5].
    np.testing.assert_allclose(feedback.advantages(logits, tf.ones((2, 2))), [[0.75, 0.5], [-0.75, -0.5]], atol=1e-6)


def test_the_discriminator_reads_several_drafts_for_each_real_line(fresh):
    assert fresh.draw(tf.constant(fresh.codec.encode(LINES[:8]))).fake_data.shape[0] == 8 * fresh.drafts_per_line == 32
    pytest.raises(ValueError, fresh.compile, drafts_per_line=0).match("drafts_per_line=0. Expected at least 1")


def test_soft_drafts_are_distributions_that_end_in_padding(fresh):
    tokens = tf.constant(fresh.codec.encode(LINES[:8]))
    soft = gan_keras.feedback.GumbelSoftmax(0.5).soft_drafts(fresh, tokens, None).numpy()
    np.testing.assert_allclose(soft.sum(-1), 1.0, atol=1e-5)
    hard = gan_keras.feedback.StraightThrough(0.5).soft_drafts(fresh, tokens, None).numpy()
    np.testing.assert_allclose(hard.max(-1), 1.0, atol=1e-5)
    ids = hard.argmax(-1)
    after_end = np.cumsum(ids == 2, axis=1) - (ids == 2) > 0
    assert (ids[after_end] == PADDING).all()


def test_a_batch_never_changes_a_sentence_and_a_prompt_begins_each(trained):
    for choices in ({}, {"candidates": 4}, {"temperature": 0.7, "top_p": 0.8}, {"prompt": "the"}):
        many = trained.generate(64, seed=5, **choices)
        assert [trained.generate(1, seed=5 + i, **choices)[0] for i in (0, 1, 40, 63)] == [many[i] for i in (0, 1, 40, 63)]
    assert all(text.startswith("the") for text in trained.generate(8, prompt="the"))
    for prompt, message in (
        ("the xyzzy", "The prompt contains words that the model does not know: 'xyzzy'"),
        (["the", "xyzzy"], "words that the model does not know: 'xyzzy'"),
        (b"the", r"prompt=b'the'. Expected text \(str\)"),
        (5, r"prompt=5. Expected text \(str\)"),
        (["the", 5], r"prompt=5. Expected text"),
    ):
        pytest.raises(ValueError, trained.generate, 2, prompt=prompt).match(message)
    assert len({tuple(trained.generate(4, seed=None)) for _ in range(3)}) > 1


def test_low_temperatures_and_small_nuclei_write_likelier_sentences(trained):
    def nll(**choices):
        return trained.negative_log_likelihood(trained.generate(200, **choices))

    assert nll(temperature=0.5) < nll() - 0.3
    assert nll(top_p=0.5) < nll() - 0.3


def test_likelihood_selection_writes_likelier_sentences_of_the_same_lengths(trained):
    plain = trained.generate(600)
    chosen = trained.generate(600, candidates=4, selection=Selection(0.0, 1.0))
    assert trained.negative_log_likelihood(chosen) < trained.negative_log_likelihood(plain) - 0.1
    lengths = [np.mean([len(text.split()) for text in texts]) for texts in (plain, chosen)]
    assert lengths[1] == pytest.approx(lengths[0], rel=0.12)  # a total likelihood would choose sentences of half the length


def test_discriminator_selection_raises_the_discriminators_score(trained):
    plain, chosen = (trained.generate(300, candidates=k, selection=Selection(1.0, 0.0)) for k in (1, 4))
    assert trained.score(chosen).mean() > trained.score(plain).mean()


def test_options_out_of_range_are_errors(trained):
    wrong = {"temperature": (0, -1.0, float("nan")), "top_p": (0, 1.5), "candidates": (0, 1000), "n": (0, 10**9), "label": (1,)}
    for name, value in [(name, value) for name, values in wrong.items() for value in values] + [("prompt", ["a", "b"])]:
        pytest.raises(ValueError, trained.generate, **{"n": 3, name: value}).match("Expected")


@pytest.mark.slow
def test_a_gan_with_labels_is_trained_and_generates():
    gan = make(num_labels=2, pretraining_epochs=1, discriminator_epochs=0)
    gan.fit(batches(gan, labels=np.arange(len(LINES)) % 2), epochs=2, verbose=0, shuffle=False)
    assert len(gan.generate(3, label=1)) == len(gan.generate(3, label=[0, 1, 0], candidates=2)) == 3
    pytest.raises(ValueError, gan.generate, 3, label=2).match("0 to 1")
    pytest.raises(ValueError, gan.generate, 3, label=[0, 1]).match("2 labels for n=3")
    assert gan.generate(4) == gan.generate(4, label=[0, 1, 0, 1])


@pytest.mark.slow
def test_a_saved_gan_generates_the_same_in_another_process(trained, tmp_path):
    trained.save(tmp_path / "gan.keras")
    script = (
        "import keras, gan_keras; gan = keras.saving.load_model(r'%s'); "
        "print(gan.stage, gan.generate(4), gan.generate(4, generator=gan.baseline, candidates=4))" % (tmp_path / "gan.keras")
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    expected = ("adversarial", trained.generate(4), trained.generate(4, generator=trained.baseline, candidates=4))
    assert printed == " ".join(str(each) for each in expected)


def test_a_resumed_training_equals_an_uninterrupted_one(training, tmp_path):
    gan = make()
    dataset = batches(gan)
    for start, end, stage in ((0, 1, "pretraining"), (1, 5, "adversarial")):
        gan.fit(dataset, initial_epoch=start, epochs=end, verbose=0, shuffle=False)
        uninterrupted = training[1].ends[end - 1]
        for network, weights in zip((gan.generator, gan.discriminator), uninterrupted, strict=True):
            for expected, got in zip(weights, network.get_weights(), strict=True):
                np.testing.assert_array_equal(expected, got)
        gan.save(tmp_path / "gan.keras")
        gan = keras.saving.load_model(tmp_path / "gan.keras")
        assert gan.stage == stage


def test_scores_standardised_by_length_have_no_mean_and_unit_deviation_at_each_length():
    random = np.random.default_rng(0)
    lengths = random.integers(3, 8, 20_000)
    scores = np.stack([lengths * 2.0 + random.normal(size=20_000) * lengths, random.normal(size=20_000)], axis=1)
    mean, deviation = moments_by_length(scores, lengths, 12)
    standard = (scores - mean[lengths]) / deviation[lengths]
    for length in range(3, 8):
        np.testing.assert_allclose(standard[lengths == length].mean(0), 0, atol=0.05)
        np.testing.assert_allclose(standard[lengths == length].std(0), 1, atol=0.05)
    assert np.isfinite(mean).all() and (deviation > 0).all()
