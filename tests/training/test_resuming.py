"""A training that is interrupted in the middle of an epoch and resumed equals an uninterrupted one, bit by bit."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from broken_off import IMAGES, LINES, POINTS, Anew, furthest, image_gan, point_gan, state_of, text_gan, train
from gan_keras import optimizers, penalties
from gan_keras.callbacks import Checkpoint, EarlyStop, Guard, Speed
from gan_keras.callbacks.history import Events
from gan_keras.data import text_batches
from gan_keras.data.arrays import array_batches
from gan_keras.training.checkpoint_files import names
from gan_keras.training.resume import can_be_ordered

ONES = tf.data.Dataset.from_tensor_slices(np.ones((8, 2), np.float32)).batch(2)


def shuffled(data):
    return tf.data.Dataset.from_tensor_slices(data).shuffle(30, seed=5).batch(8)


class Values(keras.callbacks.Callback):
    """Remembers a value of each epoch, and an array."""

    def __init__(self):
        super().__init__()
        self.values, self.array = [], np.zeros(2)

    def on_epoch_end(self, epoch, logs=None):
        self.values.append(epoch)
        self.array = self.array + 1
        logs["value"] = float(epoch)

    def get_state(self):
        return {"values": self.values, "inner": [{"array": self.array}]}

    def set_state(self, state):
        self.values, self.array = state["values"], state["inner"][0]["array"]


@pytest.fixture(scope="module")
def spare():
    """A GAN of points that every test may train from its start; it reads data sets."""
    return Anew(point_gan())


UNKNOWN_LENGTH = tf.data.Dataset.from_tensor_slices(POINTS).batch(8).filter(lambda points: True)
IN_TWOS = functools.partial(point_gan, steps_per_execution=2)
CASES = {
    "images, arrays": (image_gan, lambda: IMAGES, {"batch_size": 8}, 6),
    "a shuffled data set": (point_gan, lambda: shuffled(POINTS), {"validation_data": POINTS}, 8),
    "arrays in order, two steps at once": (IN_TWOS, lambda: POINTS, {"batch_size": 8, "shuffle": False}, 3),
    "a data set of unknown length": (point_gan, lambda: UNKNOWN_LENGTH, {}, 5),
    "steps of an endless data set": (point_gan, lambda: shuffled(POINTS).repeat(), {"steps_per_epoch": 3}, 5),
}
QUICK = ("images, arrays", "a shuffled data set")


@pytest.mark.parametrize("case", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CASES])
def test_a_gan_resumes_in_the_middle_of_an_epoch(tmp_path, case, spare):
    build, data, options, batches = CASES[case]
    anew, values = spare if build is point_gan else Anew(build()), (Values(), Values())
    whole = train(anew(), tmp_path / "straight", data(), callbacks=values[:1], **options)
    straight = state_of(anew.gan)
    assert train(anew(), tmp_path / "broken", data(), batches, callbacks=[Values()], **options) is None
    broken, resumed = state_of(anew.gan), build()
    history = train(resumed, tmp_path / "broken", data(), callbacks=values[1:], **options)
    assert furthest(resumed, straight) == 0.0 < furthest(broken, straight)
    assert (history.epoch, history.history) == (whole.epoch, whole.history)
    assert values[0].values == values[1].values == history.history["value"] == [0, 1, 2]
    assert values[1].array.tolist() == [3, 3]


@pytest.mark.slow
def test_a_text_gan_resumes_within_each_stage(tmp_path):
    def resume(directory, break_off_after=None):
        gan = text_gan()
        return gan, train(gan, tmp_path / directory, text_batches(LINES, gan.codec, 4, seed=1), break_off_after)

    straight, whole = resume("straight")
    stages = [resume("broken", batches)[0].stage for batches in (2, 5, 5)]  # of four in a stage; the last of each is not kept
    resumed, history = resume("broken")
    assert stages == ["pretraining", "discriminator", "adversarial"]
    assert furthest(resumed, straight) == 0.0
    assert (history.epoch, history.history) == (whole.epoch, whole.history)


@pytest.mark.slow
def test_a_rollback_after_resuming_is_to_the_start_of_the_epoch(tmp_path, spare):
    # finite, and too large for any sum
    spoilt = np.where(np.arange(len(POINTS))[:, None] == len(POINTS) - 1, np.float32(3e38), POINTS)

    def resume(directory, gan, break_off_after=None):
        guard = Guard(Events(show=lambda line: None))
        data = tf.data.Dataset.from_tensor_slices(spoilt).batch(8)
        history = train(gan, tmp_path / directory, data, break_off_after, callbacks=[guard])
        return state_of(gan), guard, history

    straight, first, whole = resume("straight", spare())
    for batches in (6, 8):  # of four in an epoch, the last of which breaks
        resume(f"broken {batches}", spare(), batches)
        resumed, second, history = resume(f"broken {batches}", point_gan())
        assert first.num == second.num == 3 and first.events.rows == second.events.rows
        assert furthest(resumed, straight) == 0.0
        np.testing.assert_equal(history.history, whole.history)  # NaN for NaN
        for name, norm in first.norms.items():
            assert norm.get_state() == second.norms[name].get_state()


class StopAfterBatches(keras.callbacks.Callback):
    """Makes Keras stop after a batch, as a time limit would."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def on_train_batch_end(self, batch, logs=None):
        self.batches -= 1
        self.model.stop_training = self.batches == 0


@pytest.mark.slow
def test_a_training_that_was_stopped_within_an_epoch_resumes_there(tmp_path):
    options, anew = {"batch_size": 8, "shuffle": False, "validation_data": POINTS}, Anew(point_gan())
    whole = train(anew(), tmp_path / "whole", POINTS, **options)
    straight = state_of(anew.gan)
    for batches in (4, 7):  # of four in an epoch
        train(anew(), tmp_path / f"stopped {batches}", POINTS, callbacks=[StopAfterBatches(batches)], **options)
        resumed = point_gan()
        history = train(resumed, tmp_path / f"stopped {batches}", POINTS, callbacks=[Speed()], **options)
        assert furthest(resumed, straight) == 0.0
        assert {name: history.history[name] for name in whole.history} == whole.history
        assert history.history["steps"][-1] == 4


class Scores(keras.callbacks.Callback):
    """Logs a score that gets worse."""

    def on_epoch_end(self, epoch, logs=None):
        logs["val_frechet"] = float(epoch)


def test_a_training_that_was_ended_ends_at_the_same_epoch_and_stays_ended(tmp_path, spare):
    def resume(directory, gan, break_off_after=None):
        judge = EarlyStop(patience=3, events=Events(show=lambda line: None))
        history = train(gan, tmp_path / directory, shuffled(POINTS), break_off_after, 9, callbacks=[Scores(), judge])
        return state_of(gan), history

    straight, whole = resume("straight", spare())
    resume("broken", spare(), 10)  # of four in an epoch
    resumed, history = resume("broken", point_gan())
    assert history.epoch == whole.epoch == [0, 1, 2, 3] and furthest(resumed, straight) == 0.0
    with pytest.warns(UserWarning, match="ended on purpose. Nothing is trained"):
        again, history = resume("broken", point_gan())
    assert history.epoch == whole.epoch and furthest(again, straight) == 0.0


def test_a_training_that_was_given_up_stays_given_up(tmp_path):
    spoilt = np.full((30, 2), 3e38, np.float32)  # finite, and too large for any sum
    for gan in (point_gan(), point_gan()):
        guard = Guard(Events(show=lambda line: None), rollbacks=1)
        train(gan, tmp_path, spoilt, callbacks=[guard], batch_size=8)
        assert "given up in epoch 1, after 1 rollbacks" in guard.failure
        assert all(np.isfinite(weight).all() for weight in gan.get_weights())


def test_a_gan_that_returns_to_a_checkpoint_warns(tmp_path, spare):
    gan = spare()
    train(gan, tmp_path, POINTS, epochs=1)
    gan.fit(POINTS, verbose=0)
    with pytest.warns(UserWarning, match="had been trained beyond .* Later training is lost"):
        train(gan, tmp_path, POINTS, epochs=2)


def test_tensors_of_text_are_not_shuffled_as_arrays():
    for lines in (tf.constant(["a", "b"]), np.array(["a", "b"]), np.array(["a", "b"], object)):
        assert not can_be_ordered({"x": lines})
    assert can_be_ordered({"x": tf.constant([1.0, 2.0])})


@pytest.mark.slow
def test_generators_resume_at_the_ends_of_epochs(tmp_path):
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return POINTS[8 * index : 8 * index + 8]

    anew = Anew(point_gan())
    train(anew(), tmp_path / "straight", Batches(), shuffle=False)
    straight = state_of(anew.gan)
    train(anew(), tmp_path / "broken", Batches(), 5, shuffle=False)
    assert names(tmp_path / "broken") == ["epoch_000001_batch_00000000"]
    resumed = point_gan()
    train(resumed, tmp_path / "broken", Batches(), shuffle=False)
    assert furthest(resumed, straight) == 0.0


def test_a_finished_training_can_be_prolonged_and_is_not_repeated(tmp_path, spare):
    gan = spare()
    train(gan, tmp_path, POINTS, epochs=1)
    after_one = state_of(gan)
    assert train(gan, tmp_path, POINTS, epochs=1).epoch == [0]
    assert all((a == b).all() for a, b in zip(after_one, state_of(gan), strict=True))
    assert train(gan, tmp_path, POINTS, epochs=2).epoch == [0, 1]


def test_a_gan_that_cannot_be_saved_is_trained_without_checkpoints_only(tmp_path):
    class Unsaved(penalties.R1):
        def get_config(self):
            raise NotImplementedError("no get_config")

    gan = point_gan(penalties=[Unsaved(1.0)])
    pytest.raises(NotImplementedError, train, gan, tmp_path / "none", POINTS).match("no get_config")
    assert not list(tmp_path.iterdir())
    assert gan.fit(POINTS, verbose=0).epoch == [0]


def test_the_order_of_arrays_follows_from_the_seed_and_the_epoch():
    rows, epochs = np.arange(10), []
    for first_epoch in (0, 1):
        batches = array_batches([rows, rows + 100], 4, seed=3, first_epoch=first_epoch)
        assert int(batches.cardinality()) == 3
        for _ in range(2):
            pairs = [(first.numpy(), second.numpy()) for first, second in batches]
            assert [len(first) for first, _ in pairs] == [4, 4, 2]
            assert all((second == first + 100).all() for first, second in pairs)
            epochs.append(np.concatenate([first for first, _ in pairs]).tolist())
    assert epochs[1] == epochs[2] and len({tuple(each) for each in epochs}) == 3
    assert all(sorted(each) == rows.tolist() for each in epochs)
    pytest.raises(ValueError, array_batches, [rows, rows[1:]], 4).match("10, 9 rows")


def test_options_and_optimizers_that_prevent_resuming_are_errors(tmp_path, spare):
    for options, message in (
        ({"initial_epoch": 2}, "Got initial_epoch=2 and a checkpoint callback"),
        ({"steps_per_epoch": 2}, r"`.take\(2\)` batches per epoch"),
        ({"steps_per_epoch": 2, "x": ONES.filter(lambda points: True)}, "a data set that may end"),
        ({"callbacks": [Checkpoint("a"), Checkpoint("b")]}, "Got 2 callbacks that write checkpoints"),
    ):
        with pytest.raises(ValueError, match=message):
            spare().fit(**{"x": ONES, "callbacks": [Checkpoint(tmp_path / "none")], **options}, verbose=0)
        assert not list(tmp_path.iterdir())
    for name in ("generator_optimizer", "discriminator_optimizer"):
        with pytest.raises(ValueError, match="use_ema=True.*generator_ema"):
            point_gan(**{name: optimizers.ScheduledAdam(use_ema=True)})
