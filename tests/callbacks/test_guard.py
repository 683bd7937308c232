"""A failing training is rolled back to its last good state, with a record of it."""

import keras
import numpy as np
import pytest

from gan_keras import GAN, HistoryPool, networks, penalties
from gan_keras.callbacks import Guard
from gan_keras.callbacks.guard import MIN_BATCHES, PATIENCE, Divergence
from gan_keras.callbacks.history import Events, read_history
from gan_keras.training.rollback import Snapshot, training_variables
from whole_runs import silent

POINTS = np.random.default_rng(0).normal(size=(32, 2)).astype(np.float32)


def small_gan(rate=1e-2, **options):
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Dense(8, "relu"), keras.layers.BatchNormalization(), keras.layers.Dense(2)]
    gan = GAN(keras.Sequential([keras.Input((4,)), *layers]), networks.MLPDiscriminator((8,)), seed=3)
    gan.compile(keras.optimizers.Adam(rate), keras.optimizers.Adam(1e-2), **options)
    return gan


def train(gan, guard, data=POINTS, epochs=3, callbacks=()):
    return gan.fit(data, batch_size=8, epochs=epochs, shuffle=False, verbose=0, callbacks=[guard, *callbacks])


def spoilt(row=20):
    data = POINTS.copy()
    data[row] = 3e38  # finite, and too large for any sum
    return data


def is_finite(gan):
    return all(np.isfinite(weight).all() for weight in gan.get_weights())


class At(keras.callbacks.Callback):
    """Calls a function with the model before one batch of the training."""

    def __init__(self, step, act):
        super().__init__()
        self.step, self.act, self.count = step, act, 0

    def on_train_batch_begin(self, batch, logs=None):
        if self.count == self.step:
            self.act(self.model)
        self.count += 1


def test_nan_in_the_data_ends_with_a_finite_model_and_its_rows(tmp_path):
    gan, lines = small_gan(), []
    guard = Guard(Events(tmp_path / "events.csv", lines.append))
    history = train(gan, guard, spoilt(), epochs=9).history
    assert is_finite(gan) and len(history["loss"]) == 4  # three rollbacks, and the end in the fourth epoch
    assert "given up in epoch 4, after 3 rollbacks" in guard.failure
    rows = read_history(tmp_path / "events.csv")
    assert [(row["epoch"], row["batch"], row["kind"]) for row in rows] == [
        (str(epoch), "3", "not finite") for epoch in range(1, 5)
    ]
    assert "d_norm is " in rows[0]["seen"] and "gave up" in rows[-1]["done"]
    assert len(lines) == 4 and "learning rates times 0.5" in lines[0]
    assert np.isfinite(history["d_loss"][:3]).all()  # a failure does not affect the values of the rest of its epoch


def test_a_rollback_restores_all_variables_of_the_start_of_the_epoch():
    gan, states = small_gan(), {}
    guard = Guard(Events(show=silent))

    def remember(model):
        states["epoch"] = [np.array(variable.value) for variable in training_variables(model)]

    def look(model):
        states["after"] = [np.array(variable.value) for variable in training_variables(model)]
        assert guard.num == 1

    train(gan, guard, spoilt(4 + 8), 2, [At(4 + 0, remember), At(2, look)])
    names = [variable.path for variable in training_variables(gan)]
    assert len(names) > 20 and any("moving_mean" in name for name in names) and any("momentum" in name for name in names)
    fresh = [np.array(variable.value) for variable in training_variables(small_gan())]
    for name, found, expected in zip(names, states["after"], fresh, strict=True):
        factor = 0.5 if name.endswith("learning_rate") else 1.0
        np.testing.assert_array_equal(found, factor * expected, err_msg=name)


@pytest.fixture(scope="module")
def sound():
    """A GAN that recovers after each failure."""
    return small_gan()


@pytest.mark.parametrize("place", ["a weight", "a moving mean", "the average", "a moment", "a learning rate"])
def test_nan_anywhere_in_the_model_is_found_and_undone(sound, place):
    gan, guard = sound, Guard(Events(show=silent))
    rate = float(gan.discriminator_optimizer.learning_rate)
    spots = {
        "a weight": lambda: gan.discriminator.trainable_variables[0],
        "a moving mean": lambda: gan.generator.non_trainable_variables[0],
        "the average": lambda: gan.ema_generator.weights[0],
        "a moment": lambda: gan.generator_optimizer.variables[2],
        "a learning rate": lambda: gan.generator_optimizer.variables[1],
    }
    train(gan, guard, callbacks=[At(5, lambda model: spots[place]().assign(np.nan * np.ones(spots[place]().shape)))])
    assert guard.num == 1 and guard.failure is None and is_finite(gan)
    assert guard.events.rows[0]["kind"] == "not finite"
    assert float(gan.discriminator_optimizer.learning_rate) == pytest.approx(rate / 2)


class SpoiltGradient(penalties.R1):
    """A penalty that is 0 in one call, where its gradient is NaN: that of a square root at 0."""

    def __init__(self, call):
        super().__init__()
        self.call, self.calls = call, keras.Variable(0, dtype="int64", trainable=False)

    def __call__(self, discriminator, real_data, fake_data):
        is_spoilt = keras.ops.cast(self.calls == self.call, "float32")
        self.calls.assign_add(1)
        return keras.ops.sqrt(keras.ops.mean(keras.ops.square((1.0 - is_spoilt) * discriminator(real_data))))


def test_nan_in_a_gradient_alone_is_found_and_undone():
    gan, guard = small_gan(penalties=[SpoiltGradient(5)]), Guard(Events(show=silent))
    train(gan, guard)
    assert guard.num == 1 and guard.failure is None and is_finite(gan)
    row = guard.events.rows[0]
    assert (row["epoch"], row["batch"], row["kind"]) == ("2", "2", "not finite")
    # The discriminator's loss was finite; the generator's is computed after its update.
    assert "d_norm is nan" in row["seen"] and "d_loss" not in row["seen"]


def test_a_schedule_is_reduced_and_the_graph_is_rebuilt(tmp_path):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.5, 10**9, 0.5)
    gan, guard = small_gan(schedule), Guard(Events(show=silent))
    train(gan, guard, spoilt(), epochs=2)
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(0.125)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    state = guard.get_state()
    for resumed in (loaded, small_gan(schedule)):  # a file holds the reduced schedule, a preset the original one
        other = Guard(Events(show=silent))
        restore = keras.callbacks.LambdaCallback(on_train_begin=lambda logs, other=other: other.set_state(state))
        train(resumed, other, epochs=1, callbacks=[restore])
        assert float(resumed.generator_optimizer.learning_rate) == pytest.approx(0.125)
        assert other.num == 2 and other.events.rows == guard.events.rows
    assert float(loaded.discriminator_optimizer.learning_rate) == pytest.approx(2.5e-3)  # it was saved after the reduction


def test_a_guard_does_not_change_a_healthy_training():
    guarded, plain = small_gan(), small_gan()
    guard = Guard(Events(show=silent))
    train(guarded, guard)
    plain.fit(POINTS, batch_size=8, epochs=3, shuffle=False, verbose=0)
    assert not guard.events.rows
    for found, expected in zip(guarded.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_model_that_is_not_finite_before_training_is_an_error():
    gan = small_gan()
    gan.discriminator.trainable_variables[0].assign(np.full((2, 8), np.inf))
    with pytest.raises(ValueError, match="not finite in .*kernel. Expected finite weights"):
        train(gan, Guard(Events(show=silent)))


def means(norms):
    return np.cumsum(norms) / (1 + np.arange(len(norms)))


def verdicts(norms):
    divergence = Divergence()
    return [divergence.observe(batch, mean) for batch, mean in enumerate(means(norms))]


def test_a_divergence_is_a_norm_far_above_its_median_for_many_batches():
    steady = list(np.random.default_rng(0).lognormal(sigma=1.0, size=300))
    assert not any(verdicts(steady))
    assert not any(verdicts([*steady, *[1e5] * (PATIENCE - 1), *steady]))
    found = verdicts([*steady, *[1e5] * PATIENCE])
    assert not any(found[:-1]) and found[-1] == pytest.approx(1e5 / np.median(steady[-200:]), rel=0.01)
    assert not any(verdicts([*steady[: MIN_BATCHES - PATIENCE], *[1e5] * PATIENCE]))  # too few batches for a median


def test_a_divergence_is_rolled_back():
    gan, guard = small_gan(), Guard(Events(show=silent))
    guard.norms["g_norm"].recent.extend([1e-9] * MIN_BATCHES)
    guard.stage = "adversarial"
    data = np.tile(POINTS, (8, 1))
    gan.fit(data, batch_size=8, epochs=1, shuffle=False, verbose=0, callbacks=[guard])
    assert guard.num == 1 and guard.events.rows[0]["kind"] == "divergence"
    assert "g_norm" in guard.events.rows[0]["seen"]


def test_a_snapshot_copies_pool_and_penalties_too():
    gan = small_gan(history_pool=HistoryPool(4), penalties=[penalties.Lazy(penalties.DRAGAN(), 2)])
    snapshot = Snapshot(gan)
    before = [np.array(variable.value) for variable in training_variables(gan)]
    gan.fit(POINTS, batch_size=8, verbose=0)
    moved = [
        not np.array_equal(np.array(variable.value), old) for variable, old in zip(training_variables(gan), before, strict=True)
    ]
    assert {id(each) for each in (*gan.history_pool.variables, *gan.penalties[0].variables, gan.draws)} <= {
        id(variable) for variable, has_moved in zip(training_variables(gan), moved, strict=True) if has_moved
    }
    snapshot.restore(gan)
    for variable, old in zip(training_variables(gan), before, strict=True):
        np.testing.assert_array_equal(np.array(variable.value), old, err_msg=variable.path)


def test_events_of_repeated_epochs_are_dropped(tmp_path):
    first = Events(tmp_path / "events.csv", silent)
    for epoch in (0, 2, 5):
        first.add(epoch, None, "kind", "seen", "done")
    again = Events(tmp_path / "events.csv", silent)
    again.begin(3)
    again.begin(0)  # only the first call counts
    assert [row["epoch"] for row in again.rows] == [row["epoch"] for row in read_history(tmp_path / "events.csv")] == ["1", "3"]
