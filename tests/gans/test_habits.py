"""What users of Keras do with any model: callbacks, saving, and weights that are set."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import callbacks

import gan_keras
from broken_off import furthest
from gan_keras.data import text_batches
from small_gans import POINTS, compiled_gan, train

LINES = [f"{words} {index}" for index, words in enumerate(["a red house stands here", "two birds fly over it"] * 20)]


@pytest.fixture(scope="module")
def text_history():
    """The history of a tiny text GAN, what a checkpoint of `g_loss` kept, and the logs that callbacks saw."""
    preset, seen = gan_keras.presets.get("text", "tiny"), []
    preset.discriminator, preset.discriminator_epochs, preset.adversarial_epochs = "convolutional", 1, 1
    gan = preset.build(LINES)
    stopping = callbacks.EarlyStopping("g_loss", patience=1)
    looking = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(dict(logs)))
    batches = text_batches(LINES, gan.codec, 16)
    with pytest.warns(UserWarning, match="Early stopping conditioned on metric `g_loss`"):
        history = gan.fit(batches, epochs=4, validation_data=batches, callbacks=[stopping, looking], verbose=0)
    return gan, history, seen


def test_what_a_stage_does_not_measure_is_absent_from_its_logs_and_nan_in_the_history(text_history):
    gan, history, seen = text_history
    stages = [gan.stage_of(epoch) for epoch in range(4)]
    assert stages == ["pretraining", "pretraining", "discriminator", "adversarial"]
    measured = {name: [name in logs for logs in seen] for name in ("g_loss", "d_loss", "d_norm", "g_norm", "nll", "loss")}
    assert measured == {
        "g_loss": [False, False, False, True],
        "d_loss": [False, False, True, True],
        "d_norm": [False, False, True, True],
        "g_norm": [True, True, False, True],
        "nll": [True, True, False, True],
        "loss": [True, True, False, True],
    }
    assert ["val_d_loss" in logs for logs in seen] == [False, False, True, True]
    for name, epochs in measured.items():
        assert np.isfinite(history.history[name]).tolist() == epochs, name
    assert len(history.epoch) == 4  # `EarlyStopping` waits for a loss that is measured


def test_the_loss_of_a_text_gan_is_its_likelihood_in_every_stage(text_history):
    _, history, seen = text_history
    assert all(logs["loss"] == logs["nll"] for logs in seen if "nll" in logs)
    assert all(logs["val_loss"] == logs["val_nll"] for logs in seen if "val_nll" in logs)
    assert gan_keras.GAN.loss_tells_quality is False and len(history.history["val_loss"]) == 4


def test_diagnoses_of_stages_do_not_take_an_unmeasured_value_for_a_failure(text_history):
    gan, history, _ = text_history
    assert not any("divergence" in line for line in gan.diagnose(history))


def test_text_is_trained_on_as_arrays_and_lists_of_lines():
    gan = gan_keras.presets.get("text", "tiny").build(LINES)
    for lines in (np.array(LINES), LINES, np.array(LINES, object), tf.constant(LINES)):
        history = gan.fit(lines, verbose=0, validation_data=(LINES,)).history
        assert history["samples"] == [40.0] and np.isfinite(history["val_nll"]).all()
    pytest.raises(ValueError, gan.fit, np.full((4, 5), 9999), verbose=0).match("Expected lines of text, or ids from 0 to")
    pytest.raises(ValueError, gan.fit, "one line", verbose=0).match("Expected an array with a row per sample")


def test_callbacks_know_the_direction_of_losses_and_refuse_what_has_none():
    gan = compiled_gan()
    for monitor, mode in (("g_loss", "min"), ("val_d_loss", "min"), ("val_frechet", "min"), ("val_gain", "max")):
        for kind in (callbacks.EarlyStopping, callbacks.ReduceLROnPlateau):
            callback = kind(monitor=monitor)
            gan.fit(POINTS, callbacks=[callback], verbose=0, validation_data=(POINTS,))
            assert callback.mode == mode
    with pytest.raises(ValueError, match="EarlyStopping monitors 'd_accuracy', which is not better when lower or higher"):
        gan.fit(POINTS, callbacks=callbacks.EarlyStopping("d_accuracy"), verbose=0)


def test_stopping_by_the_sum_of_two_losses_warns_and_saving_every_epoch_does_not(tmp_path, recwarn):
    gan = compiled_gan()
    gan.fit(POINTS, callbacks=[callbacks.ModelCheckpoint(tmp_path / "gan.keras")], verbose=0)
    assert not [each for each in recwarn if "move against each other" in str(each.message)]
    for callback in (callbacks.EarlyStopping(), callbacks.ModelCheckpoint(tmp_path / "gan.keras", save_best_only=True)):
        with pytest.warns(UserWarning, match="monitors 'val_loss', the sum of two losses that move against each other"):
            gan.fit(POINTS, validation_data=(POINTS,), callbacks=[callback], verbose=0)


@pytest.mark.parametrize("place", ["a weight", "a large weight"])
def test_terminate_on_nan_ends_at_the_first_epoch_with_weights_or_samples_that_are_not_finite(place, capsys):
    class Spoil(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                weight = self.model.generator.trainable_weights[-2]
                weight.assign(np.full(weight.shape, np.nan if place == "a weight" else 3e38))

    history = compiled_gan().fit(POINTS, epochs=5, callbacks=[Spoil(), callbacks.TerminateOnNaN()], verbose=0)
    assert history.epoch == [0, 1]
    assert "Epoch 2 ended the training" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="Epoch 2 ended the training"):
        compiled_gan().fit(POINTS, epochs=5, callbacks=[Spoil(), callbacks.TerminateOnNaN(raise_error=True)], verbose=0)


class Interrupt(callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def shuffled():
    return tf.data.Dataset.from_tensor_slices(POINTS).shuffle(64, seed=3).batch(16)


@pytest.mark.parametrize("make", [lambda: POINTS, shuffled], ids=["array", "dataset"])
def test_backup_and_restore_goes_on_with_the_order_of_the_epoch(make, tmp_path):
    def run(gan, *others, folder):
        return gan.fit(make(), batch_size=None, epochs=3, verbose=0, callbacks=[callbacks.BackupAndRestore(folder), *others])

    whole, broken, rest = (compiled_gan() for _ in range(3))
    run(whole, folder=tmp_path / "whole")
    pytest.raises(KeyboardInterrupt, run, broken, Interrupt(), folder=tmp_path / "broken")
    run(rest, folder=tmp_path / "broken")
    assert furthest(rest.get_weights(), whole.get_weights()) == 0


def test_the_old_file_format_is_refused_with_the_way_that_works(tmp_path):
    gan = compiled_gan()
    for name in ("gan.h5", "gan.hdf5"):
        pytest.raises(ValueError, gan.save, tmp_path / name).match(r"Expected `gan.save\('gan.keras'\)`")
    gan.save(tmp_path / "gan.keras")
    np.testing.assert_array_equal(gan_keras.load(tmp_path / "gan.keras").generate(3), gan.generate(3))
    pytest.raises(FileNotFoundError, gan_keras.load, tmp_path / "b.keras").match("There is no file .*b.keras")


def test_the_method_export_writes_a_version_and_says_where(tmp_path, capsys):
    gan = compiled_gan()
    version = gan.export(tmp_path / "points")
    assert f"Saved version {version}, with the signatures serving_default" in capsys.readouterr().out
    served = tf.saved_model.load(version).signatures["serving_default"](seed=tf.range(3, dtype=tf.int64))
    np.testing.assert_allclose(served["sample"], gan.generate(3), atol=1e-6)
    pytest.raises(ValueError, gan.export, tmp_path, input_signature=[1]).match("Got input_signature. Expected none")


def test_weights_that_are_set_before_training_reach_the_averaged_generator_and_later_ones_are_told(tmp_path):
    gan = compiled_gan()
    weights = [weight + 1.0 for weight in gan.generator.get_weights()]
    gan.generator.set_weights(weights)
    np.testing.assert_allclose(gan.generate(3), gan.generator(gan.latents_from(np.arange(3))), atol=1e-6)
    train(gan)
    gan.generate(1)
    gan.generator.set_weights(weights)
    with pytest.warns(UserWarning, match=r"gan.ema_generator.set_weights\(gan.generator.get_weights\(\)\)"):
        gan.generate(1)
    gan.save_weights(tmp_path / "gan.weights.h5")
    other = compiled_gan()
    other.load_weights(tmp_path / "gan.weights.h5")
    np.testing.assert_array_equal(other.generate(3), gan.generate(3))


def test_a_diagnosis_never_states_steps_that_it_does_not_know():
    gan = compiled_gan()
    history = train(gan, epochs=2)
    assert "8 steps of both networks" in gan.diagnose(history)[0]
    assert "2 epochs of both networks" in gan.diagnose(history.history)[0]


def test_samples_without_a_seed_are_new_each_time_and_repeat_with_the_program():
    gan = compiled_gan()
    first, second = gan.generate(2, seed=None), gan.generate(2, seed=None)
    assert (first != second).any()
    repeated = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        repeated.append(gan.generate(2, seed=None))
    np.testing.assert_array_equal(*repeated)
