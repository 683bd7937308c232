"""A GAN of text: its stages, feedback, exact resuming, and sentences that follow from their seeds and weights."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import gan_keras
from gan_keras import noise
from gan_keras.codecs.text import PADDING
from gan_keras.data import text_batches
from gan_keras.data.text.phrases import english_phrases
from gan_keras.gans.calibration import Calibration

LINES = english_phrases().sample(400, seed=0)
HELD_OUT = english_phrases().sample(300, seed=1)


def make(feedback="cooperative", num_labels=0, pretraining_epochs=2, discriminator_epochs=1, backward=False, **options):
    """A GAN with a convolutional discriminator, or with n-grams and one that reads backwards and has some `options`."""
    keras.utils.set_random_seed(0)
    codec = gan_keras.codecs.WordCodec()
    codec.adapt(LINES)
    generator = gan_keras.networks.RecurrentGenerator(codec.vocabulary_size, codec.length, 4, 16, 32, 0.1, num_labels)
    discriminator = gan_keras.networks.ConvolutionalDiscriminator(
        codec.vocabulary_size, (2, 3), embedding_dim=16, filters=16, num_labels=num_labels
    )
    ngrams = None
    if backward:
        discriminator = gan_keras.networks.BackwardLanguageModel(
            codec.vocabulary_size, 16, 32, 0.1, num_labels=num_labels, **options
        )
        ngrams = gan_keras.networks.NgramModel(codec.vocabulary_size, 3)
        ngrams.adapt(codec.encode(LINES))
    gan = gan_keras.TextGAN(generator, discriminator, codec, ngrams=ngrams)
    stages = {"pretraining_epochs": pretraining_epochs, "discriminator_epochs": discriminator_epochs}
    rates = 1e-2, 1e-2 if backward else 1e-3
    gan.compile(*map(keras.optimizers.Adam, rates), feedback=feedback, **stages, generator_ema=0.9)
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
    held_out = batches(gan, HELD_OUT[:64], shuffle=False)
    history = gan.fit(batches(gan), epochs=5, validation_data=held_out, callbacks=[watch], verbose=0, shuffle=False).history
    return gan, watch, history


@pytest.fixture(scope="module")
def trained():
    """A GAN with n-grams and a backward language model, calibrated by `fit`."""
    gan = make(backward=True, pretraining_epochs=4, discriminator_epochs=4)
    gan.fit(batches(gan), epochs=8, validation_data=batches(gan, HELD_OUT, shuffle=False), verbose=0, shuffle=False)
    return gan


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
    baseline = gan.negative_log_likelihood(HELD_OUT[:64], gan.baseline)
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


def test_the_calibrated_gain_is_that_of_reading_backwards(trained):
    assert trained.feature_names == ("log_likelihood", "tokens", "unigram_log_likelihood", "backward_log_likelihood")
    features = trained.features(HELD_OUT)
    tokens = np.asarray(trained.codec.encode(HELD_OUT))
    np.testing.assert_array_equal(features[:, 1], (tokens != PADDING).sum(axis=1))
    assert features[:, 0].mean() == pytest.approx(-trained.negative_log_likelihood(HELD_OUT) * features[:, 1].mean(), rel=1e-4)
    np.testing.assert_allclose(features[:, 3], trained.discriminator.log_likelihood(tokens), rtol=1e-4)
    assert trained.calibration.gain.low > 0.1
    np.testing.assert_allclose(trained.energies(HELD_OUT), trained.calibration.beta * trained.calibration(features), rtol=1e-5)
    unigrams = np.log(np.asarray(trained.ngrams.unigrams))[tokens] * (tokens != PADDING)
    np.testing.assert_allclose(features[:, 2], unigrams.sum(axis=1), rtol=1e-4)
    own = Calibration(trained.own_feature_names)
    drafts = trained.features(trained.generate(1000, seed=10**6))
    assert own.fit(features[:, :3], drafts[:, :3]).mean < trained.calibration.gain.mean


def test_choices_follow_from_the_energies_of_the_drafts(trained):
    num, candidates = 300, 4
    seeds = tf.repeat(tf.range(num, dtype=tf.int64), candidates)
    rank = tf.range(num * candidates, dtype=tf.int64) % candidates
    seeds = tf.where(rank == 0, seeds, noise.split(seeds, rank))
    drafts = np.array([text.decode() for text in trained.make_samples(seeds).numpy()]).reshape(num, candidates)
    energies = trained.energies(drafts.ravel()).reshape(num, candidates)
    best = drafts[np.arange(num), energies.argmax(axis=1)]
    assert (best == trained.generate(num, candidates=candidates, choice="best")).mean() > 0.98  # rounding may turn ties
    per_token = (lambda found: found[:, 0] / found[:, 1])(trained.features(drafts.ravel())).reshape(num, candidates)
    likeliest = drafts[np.arange(num), per_token.argmax(axis=1)]
    assert (likeliest == trained.generate(num, candidates=candidates, choice="likeliest")).mean() > 0.98
    logits = trained.calibration.log_weights(trained.features(drafts.ravel()), candidates).numpy().reshape(num, candidates)
    weights = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    chosen = trained.energies(trained.generate(num, candidates=candidates))
    means = (weights * energies).sum(axis=1)
    error = np.sqrt(((weights * energies**2).sum(axis=1) - means**2).sum()) / num
    assert chosen.mean() == pytest.approx(means.mean(), abs=4 * float(error))
    assert abs(energies.mean() - means.mean()) > 8 * error  # the test would see plain draws


def test_n_grams_get_shares_on_held_out_lines_and_a_part_in_likelihoods_and_sentences(trained):
    shares = np.asarray(trained.ngrams.shares)
    assert (shares > 0.01).any() and (shares < 1).all()
    mixed, plain = trained.negative_log_likelihood(HELD_OUT), trained.generate(20)
    trained.ngrams.shares.assign(np.zeros_like(shares))
    try:
        assert trained.negative_log_likelihood(HELD_OUT) > mixed + 0.05 and trained.generate(20) != plain
    finally:
        trained.ngrams.shares.assign(shares)


def test_without_calibration_several_drafts_are_plain_draws_with_a_warning(fresh):
    with pytest.warns(UserWarning, match="not calibrated.*plain draws"):
        assert fresh.generate(3, candidates=4, choice="best") == fresh.generate(3)
    with pytest.warns(UserWarning, match="not calibrated"):
        firsts = np.mean([a == b for a, b in zip(fresh.generate(64, candidates=4), fresh.generate(64), strict=True)])
    assert 0.05 < firsts < 0.5  # each draft is as likely
    np.testing.assert_array_equal(fresh.energies(HELD_OUT[:3]), np.zeros(3))
    for lines in (HELD_OUT[:199], ["xyzzy"] * 300):
        pytest.raises(ValueError, fresh.calibrate, lines).match("held-out lines of known words.*at least 200")


def test_lines_with_unknown_words_or_cut_ones_are_not_known(fresh):
    cut = " ".join(["the"] * fresh.codec.length)
    np.testing.assert_array_equal(fresh.known([HELD_OUT[0], "the xyzzy", cut, cut[4:]]), [True, False, False, True])


def test_every_token_weighs_the_same_whatever_its_batch(fresh):
    tokens = np.asarray(fresh.codec.encode(sorted(LINES, key=len)))
    losses = np.asarray(fresh.generator.token_losses(fresh.latents_from(np.arange(400)), tokens))
    num_tokens = (tokens != PADDING).sum()
    assert fresh.tokens_per_line == pytest.approx(num_tokens / 400)
    halves = [float(fresh.per_token(losses[part], tokens[part])) for part in (slice(0, 200), slice(200, 400))]
    assert np.mean(halves) == pytest.approx(losses.sum() / num_tokens, rel=1e-5)  # lines of different length


def test_too_few_held_out_lines_are_told_before_training_and_nothing_is_calibrated(training, trained, capsys):
    gan = training[0]
    for num, told in ((64, ["drafts"]), (10, ["n-grams", "drafts"]), (300, [])):
        trained.tell_what_is_off(trained.held_out_rows(batches(trained, HELD_OUT[:num])), "discriminator")
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == len(told) and all(word in line for word, line in zip(told, lines, strict=True))
        assert all(line.startswith(f"Got {num} held-out lines: ") and "Expected at least" in line for line in lines)
    gan.calibrate_if_possible(gan.held_out_rows(batches(gan, HELD_OUT[:64])))
    assert not gan.calibration.is_fitted


def test_the_shares_of_n_grams_are_found_on_lines_with_unknown_words_too(trained):
    held_out = trained.held_out_rows(batches(trained, [f"xyzzy {line}" for line in HELD_OUT[:30]] + HELD_OUT[:30]))
    assert (len(held_out.tokens), held_out.num_known) == (60, 30)
    tokens, _, num_lines = held_out.of_known_words
    assert len(tokens) == 30 and num_lines == 60 and "60 held-out lines, 30 of them of known words" in held_out.text
    before, found = np.asarray(trained.ngrams.shares), []
    for lines in (held_out, held_out._replace(tokens=tokens, known=np.ones(30, bool))):
        trained.fit_shares(lines)
        found.append(np.asarray(trained.ngrams.shares))
    trained.ngrams.shares.assign(before)
    assert np.abs(found[0] - found[1]).max() > 1e-3  # the unknown words have counted


@pytest.mark.slow
def test_distillation_trains_on_a_pool_of_resampled_drafts_and_resumes_within_a_round(tmp_path):
    def begin():
        feedback = gan_keras.feedback.Distillation(num_drafts=64, epochs=2)
        return make(feedback, pretraining_epochs=3, discriminator_epochs=2, backward=True)

    straight, parted = begin(), begin()
    options = {"verbose": 0, "shuffle": False}
    dataset, held_out = batches(straight), batches(straight, HELD_OUT, shuffle=False)
    straight.fit(dataset, epochs=8, validation_data=held_out, **options)
    assert int(straight.feedback.rounds) == 2
    pool = [text.decode() for text in straight.codec.decode(straight.feedback.tokens).numpy()]
    assert len(set(pool)) > 50 and straight.known(pool).all()
    dataset = batches(parted)
    for start, end in ((0, 6), (6, 8)):
        parted.fit(dataset, initial_epoch=start, epochs=end, validation_data=held_out, **options)
        parted.save(tmp_path / "gan.keras")
        parted = keras.saving.load_model(tmp_path / "gan.keras")
    for one, other in zip(straight.weights, parted.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_feedback_that_the_discriminator_or_the_data_do_not_allow_is_refused_before_training():
    gan = make(gan_keras.feedback.Distillation(num_drafts=8), pretraining_epochs=0, discriminator_epochs=0, backward=True)
    pytest.raises(ValueError, gan.fit, batches(gan), epochs=1).match("Distillation with 0 held-out lines.*at least 200")
    few = batches(gan, HELD_OUT[:9], shuffle=False)
    pytest.raises(ValueError, gan.fit, batches(gan), epochs=1, validation_data=few).match("9 held-out lines")
    for feedback in ("policy_gradient", "gumbel_softmax", "straight_through"):
        pytest.raises(ValueError, gan.compile, feedback=feedback).match("BackwardLanguageModel allows neither.*Distillation")
    for wrong in ({"candidates": 1}, {"num_drafts": 0}, {"epochs": 0}, {"share": 1.5}):
        pytest.raises(ValueError, gan_keras.feedback.Distillation, **wrong).match("Expected candidates >= 2")


def test_options_out_of_range_are_errors(trained):
    wrong = {"temperature": (0, -1.0, float("nan")), "top_p": (0, 1.5), "candidates": (0, 65), "n": (0, 10**9), "label": (1,)}
    for name, value in [(name, value) for name, values in wrong.items() for value in values] + [("prompt", ["a", "b"])]:
        pytest.raises(ValueError, trained.generate, **{"n": 3, name: value}).match("Expected")
    pytest.raises(ValueError, trained.generate, candidates=2, choice="first").match("choice='first'.*resample")
    pytest.raises(ValueError, trained.generate, choice="best").match("candidates=1. Expected candidates from 2 to 64")
    assert trained.generate(2, candidates=1) == trained.generate(2)


@pytest.mark.slow
def test_a_gan_with_labels_is_trained_and_generates():
    gan = make(num_labels=2, pretraining_epochs=1, discriminator_epochs=1, backward=True)
    held_out = batches(gan, HELD_OUT, labels=np.arange(len(HELD_OUT)) % 2, shuffle=False)
    gan.fit(batches(gan, labels=np.arange(len(LINES)) % 2), epochs=2, validation_data=held_out, verbose=0, shuffle=False)
    assert gan.calibration.is_fitted
    assert (gan.energies(HELD_OUT[:5], 0) != gan.energies(HELD_OUT[:5], [1] * 5)).all()
    pytest.raises(ValueError, gan.energies, HELD_OUT[:5]).match("Got no labels. Expected one per line, from 0 to 1")
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
    expected = ("discriminator", trained.generate(4), trained.generate(4, generator=trained.baseline, candidates=4))
    assert printed == " ".join(str(each) for each in expected)


@pytest.fixture(scope="module")
def headed():
    """The weights of a backward language model with a head and of its generator after each epoch of an uninterrupted training."""
    gan, watch = make_headed(), Watch()
    gan.fit(batches(gan), epochs=5, callbacks=[watch], verbose=0, shuffle=False)
    return watch


def make_headed():
    gan = make()
    head = gan_keras.networks.RelationalDiscriminator(gan.codec.vocabulary_size, gan.codec.length)
    return make(backward=True, head=head)


def test_a_head_learns_in_its_own_stage_with_the_language_model_and_alone_after_it(headed):
    assert headed.seen[2:] == [("discriminator", False, True), ("adversarial", True, True), ("adversarial", True, True)]
    names = [weight.path for weight in headed.model.discriminator.weights]
    before, after = headed.ends[2][1], headed.ends[3][1]
    moved = {name for name, old, new in zip(names, before, after, strict=True) if not np.array_equal(old, new)}
    assert moved and all("relational" in name for name in moved)


@pytest.mark.parametrize("build, watch", [(make, "training"), pytest.param(make_headed, "headed", marks=pytest.mark.slow)])
def test_a_resumed_training_equals_an_uninterrupted_one(build, watch, request, tmp_path):
    gan, found = build(), request.getfixturevalue(watch)
    ends = (found[1] if watch == "training" else found).ends
    dataset = batches(gan)
    for start, end, stage in ((0, 1, "pretraining"), (1, 5, "adversarial")):
        gan.fit(dataset, initial_epoch=start, epochs=end, verbose=0, shuffle=False)
        uninterrupted = ends[end - 1]
        for network, weights in zip((gan.generator, gan.discriminator), uninterrupted, strict=True):
            for expected, got in zip(weights, network.get_weights(), strict=True):
                np.testing.assert_array_equal(expected, got)
        gan.save(tmp_path / "gan.keras")
        gan = keras.saving.load_model(tmp_path / "gan.keras")
        assert gan.stage == stage


def test_held_out_lines_are_read_from_whatever_fit_reads_but_a_generator_is_left_to_keras(training):
    gan = training[0]
    tokens = np.asarray(gan.codec.encode(HELD_OUT))
    dataset = tf.data.Dataset.from_tensor_slices(tokens).batch(64)
    for data in (HELD_OUT, (HELD_OUT,), np.array(HELD_OUT), tokens, dataset):
        np.testing.assert_array_equal(gan.held_out_rows(data).tokens, tokens)
    assert len(gan.held_out_rows(dataset.repeat(), steps=2).tokens) == 128
    for data in (None, dataset.repeat(), (batch for batch in [tokens])):
        assert len(gan.held_out_rows(data).tokens) == 0
