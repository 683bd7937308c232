"""DP-SGD of the discriminator: noise of the right size, rows of bounded influence, and no other way for private rows."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import gan_keras
from edited_gans import LabelledDiscriminator, LabelledGenerator
from gan_keras import GAN
from gan_keras.callbacks import Guard
from gan_keras.data import poisson_batches
from gan_keras.networks import MLPDiscriminator, MLPGenerator
from gan_keras.privacy import DifferentialPrivacy
from gan_keras.training.rollback import Snapshot
from private_gans import NoNoise, fit, flat, privacy_of, private_gan
from small_gans import POINTS

# --- Noise. ---

UPDATES = 2000


def check_noise(kind=DifferentialPrivacy):
    """Asserts that, for gradients of 0, updates are noise of deviation sigma C / B, independent in place and time."""
    privacy = privacy_of(kind, clipping_norm=0.5, train_steps=UPDATES, epsilon=500.0)
    gan = private_gan(privacy)
    privacy.clipping.sums = lambda *_: [tf.zeros(each.shape) for each in gan.discriminator.trainable_variables]
    before, updates = flat(gan.discriminator.trainable_variables).astype(float), []
    step = tf.function(lambda: privacy.train_discriminator(gan, tf.zeros((3, 2)), None))
    for _ in range(UPDATES):
        for variable in gan.discriminator.trainable_variables:
            variable.assign(tf.zeros_like(variable.value))  # so that rounding does not add up
        step()
        updates.append(flat(gan.discriminator.trainable_variables))
    noise = np.array(updates, float) / (2.0 * 0.5 / 16)
    assert len(before) == noise.shape[1]
    start = 0
    for variable in gan.discriminator.trainable_variables:  # each layer
        part = noise[:, start : start + int(np.prod(variable.shape))]
        start += part.shape[1]
        assert abs(part.std() - 1) < 6 / np.sqrt(2 * part.size), f"the noise of {variable.path} has the deviation {part.std()}"
        assert abs(part.mean()) < 6 / np.sqrt(part.size)
    limit = 6.5 / np.sqrt(UPDATES)
    assert np.abs(np.corrcoef(noise.T) - np.eye(noise.shape[1])).max() < limit, "two weights have common noise"
    assert np.abs((noise[1:] * noise[:-1]).mean(axis=0)).max() < limit, "two steps have common noise"


def check_noise_is_secret(folder, kind=DifferentialPrivacy):
    """Asserts that neither a seed nor a file repeats noise."""
    found = []
    for _ in range(2):
        gan_keras.set_seed(0, deterministic=False)  # a setting of the whole process would affect other tests
        gan = private_gan(privacy_of(kind))
        found.append(gan.privacy.noise.normal([4]).numpy())
    gan.save(folder / "gan.keras")
    for _ in range(2):
        gan_keras.set_seed(0, deterministic=False)
        loaded = keras.saving.load_model(folder / "gan.keras", custom_objects={kind.__name__: kind})
        found.append(loaded.privacy.noise.normal([4]).numpy())
    assert len(np.unique(np.array(found), axis=0)) == 4, "noise came again"


def test_noise_has_the_deviation_sigma_c_over_b_in_each_layer_and_is_independent():
    check_noise()


def test_neither_a_seed_nor_a_file_repeats_noise(tmp_path):
    check_noise_is_secret(tmp_path)


class LittleNoise(DifferentialPrivacy):
    def prepare(self, gan):
        super().prepare(gan)
        self.noise_multiplier = 1e-6 * self.noise_multiplier


class SameNoise(DifferentialPrivacy):
    def prepare(self, gan):
        super().prepare(gan)
        noise = self.noise
        self.noise = NoNoise()
        self.noise.normal = lambda shape, stddev=1.0: stddev * tf.reshape(tf.repeat(noise.normal([1]), np.prod(shape)), shape)


@keras.saving.register_keras_serializable(package="tests")
class SeededNoise(DifferentialPrivacy):
    def prepare(self, gan):
        super().prepare(gan)
        self.noise = tf.random.Generator.from_seed(keras.random.SeedGenerator().next().numpy()[0])


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [LittleNoise, SameNoise])
def test_too_little_noise_and_common_noise_are_noticed(mutant):
    with pytest.raises(AssertionError, match="deviation|common"):
        check_noise(mutant)


def test_noise_from_a_seed_of_keras_is_noticed(tmp_path):
    with pytest.raises(AssertionError, match="came again"):
        check_noise_is_secret(tmp_path, SeededNoise)


# --- Influence of a row, through the whole step. ---


def updating(clip=None, loss="wasserstein"):
    """A function of rows: what one `train_step` on them, without noise, takes from the discriminator's weights."""
    gan = private_gan(privacy_of(clipping_norm=0.7, train_steps=1000, epsilon=1e3), loss=loss)
    gan.privacy.noise = NoNoise()
    if clip is not None:
        gan.privacy.clipping.sums = clip(gan)
    start = Snapshot(gan)
    step = tf.function(gan.train_step, input_signature=[tf.TensorSpec([None, 2])])

    def update_by(rows):
        start.restore(gan)
        before = flat(gan.discriminator.trainable_variables)
        step(tf.constant(np.reshape(rows, [-1, 2]), tf.float32))
        return before - flat(gan.discriminator.trainable_variables)

    return update_by


def check_influence(clip=None):
    """Asserts that a row of any size adds a vector of at most C / B, whatever else is in the sample, and other shares stay."""
    rows, bound, update_by = POINTS[:5], 0.7 / 16, updating(clip)
    without = update_by(rows)
    for huge in ([1e6, -1e6], [-1e6, -2e5]):
        moved = np.linalg.norm(update_by([*rows, huge]) - without)
        assert 0.9 * bound < moved <= bound * (1 + 1e-5), "a row moved the update by more, or nothing is learned from it"
    none, small, both, alone = (update_by(each) for each in ([], rows[:1], [rows[0], huge], [huge]))
    np.testing.assert_allclose(both - alone, small - none, atol=1e-6, err_msg="a huge row changed the share of a small one")
    # Sums are divided by the expected number of rows: three equal rows count three times.
    np.testing.assert_allclose(update_by([huge] * 3) - none, 3 * (alone - none), rtol=1e-4, atol=1e-6)


def test_a_row_moves_an_update_by_at_most_c_over_b_and_not_the_share_of_others():
    check_influence()


@pytest.mark.parametrize("loss", ["non_saturating", "hinge", "least_squares", "minimax"])
def test_the_bound_holds_for_each_loss(loss):
    update_by = updating(loss=loss)
    without = update_by(POINTS[:5])
    for huge in ([1e6, -1e6], [-1e6, 1e6], [3.0, 5.0]):
        assert np.linalg.norm(update_by([*POINTS[:5], huge]) - without) <= 0.7 / 16 * (1 + 1e-5)


def test_a_row_that_is_not_finite_counts_as_none():
    update_by = updating()
    for strange in (np.nan, np.inf, -np.inf):
        np.testing.assert_allclose(update_by([*POINTS[:5], [strange, 0.0]]), update_by(POINTS[:5]), atol=1e-7)


def clip_batches(gan):
    """A mutant: the sum of a sample is clipped, and not each row."""
    real = gan.privacy.clipping.sums

    def sums(*args):
        gan.privacy.clipping.norm = 1e30
        return tf.clip_by_global_norm(real(*args), 0.7)[0]

    return sums


def clip_nothing(gan):
    """A mutant: the norm is so large that nothing is clipped."""
    gan.privacy.clipping.norm = 1e30
    return gan.privacy.clipping.sums


@pytest.mark.parametrize("mutant", [clip_batches, clip_nothing])
def test_clipping_of_batches_and_no_clipping_are_noticed(mutant):
    with pytest.raises(AssertionError):
        check_influence(mutant)


# --- Private rows reach the discriminator alone. ---


def check_generator_sees_nothing(kind=DifferentialPrivacy):
    """Asserts that, with a discriminator that does not learn, everything is bit-equal for two private data sets."""
    found = []
    for rows in (POINTS, 7.0 - 3.0 * POINTS):
        keras.utils.clear_session()
        gan = private_gan(privacy_of(kind), discriminator_rate=0.0, discriminator_steps=2)
        history = fit(gan, rows, steps=10, epochs=3).history
        assert history.pop("d_norm") and "g_loss" in history  # norms of noisy gradients
        weights = flat([*gan.variables, *gan.generator_optimizer.variables])
        found.append((weights, history, gan.generate(8), int(gan.draws)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_equal(one, other)
    fresh = flat(private_gan(discriminator_rate=0.0).generator.variables)
    assert (flat(gan.generator.variables) != fresh).any()


def test_generator_and_logs_are_bit_equal_for_other_private_rows_if_the_discriminator_does_not_learn():
    check_generator_sees_nothing()


class Relativistic(DifferentialPrivacy):
    """A mutant whose generator reads the logits of private rows."""

    def train_discriminator(self, gan, real_data, labels):
        super().train_discriminator(gan, real_data, labels)
        self.real_logit = tf.reduce_sum(gan.judge(real_data, labels))

    def train_generator(self, gan):
        super().train_generator(gan)
        gan.generator.trainable_variables[0].assign_add(
            1e-6 * self.real_logit * tf.ones_like(gan.generator.trainable_variables[0])
        )


class LogsLogits(DifferentialPrivacy):
    """A mutant that logs the mean logit of private rows."""

    def train_discriminator(self, gan, real_data, labels):
        super().train_discriminator(gan, real_data, labels)
        gan.step_metrics.d_real.update_state(gan.judge(real_data, labels))


class AsManyFakes(DifferentialPrivacy):
    """A mutant that counts the rows of a sample."""

    def train_discriminator(self, gan, real_data, labels):
        super().train_discriminator(gan, real_data, labels)
        gan.step_metrics.samples.update_state(tf.cast(tf.shape(real_data)[0], tf.float32))


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [Relativistic, LogsLogits, AsManyFakes])
def test_a_generator_or_logs_that_read_private_rows_are_noticed(mutant):
    with pytest.raises(AssertionError):
        check_generator_sees_nothing(mutant)


def test_a_gan_with_labels_draws_labels_of_its_own():
    found = []
    for labels in (np.arange(64) % 3, np.zeros(64, int)):
        keras.utils.set_random_seed(3)
        gan = GAN(LabelledGenerator((2,), latent_dim=4, units=(8,)), LabelledDiscriminator((8,)))
        gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.0), loss="hinge", privacy=privacy_of())
        fit(gan, (POINTS, labels), steps=5)
        found.append(flat(gan.generator.variables))
    np.testing.assert_array_equal(*found)


def test_private_training_says_nothing_about_the_range_of_rows(capsys):
    gan = private_gan(privacy_of(train_steps=100))
    fit(gan, 1000.0 * POINTS, steps=2)
    assert gan.ranges is None and capsys.readouterr().out == ""


# --- The budget. ---


def test_fit_ends_at_the_budget_with_one_line_whatever_epochs_ask_for(capsys):
    gan = private_gan(privacy_of(train_steps=7))
    history = fit(gan, steps=3, epochs=9)
    assert gan.privacy.steps_spent == 7 and history.epoch == [0, 1, 2]
    assert int(gan.discriminator_optimizer.iterations) == 7
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("The privacy budget is spent: 7 steps, epsilon ") and "delta 0.001" in line
    with pytest.raises(ValueError, match="The privacy budget is spent: 7 steps, .*Expected a new GAN"):
        fit(gan)
    with pytest.raises(tf.errors.InvalidArgumentError, match="budget is spent"):
        tf.function(gan.train_step)(tf.constant(POINTS[:3]))
    assert gan.privacy.steps_spent == 7


def test_a_rollback_of_the_guard_gives_no_steps_back(capsys):
    class Spoil(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 2:
                weight = self.model.generator.trainable_variables[0]
                weight.assign(np.nan * np.ones(weight.shape))

    gan = private_gan()
    fit(gan, steps=6, callbacks=[Guard(), Spoil()])
    assert gan.privacy.steps_spent == 6 and "rolled back" in capsys.readouterr().out
    assert np.isfinite(flat(gan.generator.variables)).all()


def test_files_remember_the_steps_and_loading_older_weights_gives_none_back(tmp_path, monkeypatch):
    gan = private_gan()
    fit(gan, steps=3)
    gan.save(tmp_path / "gan.keras")
    gan.save_weights(tmp_path / "gan.weights.h5")
    fit(gan, steps=4)
    gan.load_weights(tmp_path / "gan.weights.h5")
    assert gan.privacy.steps_spent == 7
    monkeypatch.setattr("gan_keras.privacy.accounting.dp_accounting", None)  # not needed to load and to generate
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    unused = keras.saving.load_model(tmp_path / "gan.keras", compile=False)
    assert loaded.privacy.steps_spent == unused.privacy.steps_spent == 3
    monkeypatch.undo()
    fit(loaded, steps=100, epochs=1)
    assert loaded.privacy.steps_spent == loaded.privacy.train_steps == 40
    assert loaded.privacy.get_config() == gan.privacy.get_config()


def test_noise_that_spends_more_than_epsilon_is_refused():
    with pytest.raises(ValueError, match="noise_multiplier=0.5 spends epsilon=.* of 1. Expected more noise"):
        fit(private_gan(privacy_of(epsilon=1.0, noise_multiplier=0.5)))


# --- What is said. ---


def test_the_statement_names_unit_relation_and_what_is_not_covered():
    gan = private_gan(privacy_of(released={"counts": 12.0}))
    with pytest.raises(ValueError, match="not trained with differential privacy"):
        gan.privacy_statement()
    assert "privacy" not in gan.model_card()
    fit(gan, steps=5)
    text, card = gan.privacy_statement(), gan.model_card()["privacy"]
    assert 0 < card["epsilon"] < card["epsilon_of_all_steps"] == 50.0 and f"epsilon {card['epsilon']:.3g}, delta 0.001" in text
    for part in (
        "one training row",
        "one added or removed row",
        "5 of 40 steps",
        "counts (noise 12)",
        "Covered:",
        "Not covered:",
    ):
        assert part in text
    assert not any(word in text.lower() for word in ("anonym", "safe"))
    ordinary = small_public_gan()
    with pytest.raises(ValueError, match="nothing bounds what it tells"):
        ordinary.privacy_statement()


def small_public_gan():
    gan = GAN(MLPGenerator((2,), latent_dim=4, units=(8,)), MLPDiscriminator((8,)))
    gan.compile()
    gan.fit(POINTS, batch_size=32, verbose=0)
    return gan


def test_poisson_samples_without_privacy_are_refused():
    gan = GAN(MLPGenerator((2,), latent_dim=4, units=(8,)), MLPDiscriminator((8,)))
    gan.compile()
    with pytest.raises(ValueError, match="a GAN without privacy. Expected `compile"):
        gan.fit(poisson_batches(POINTS, privacy_of()))
