"""Judges report findings and end trainings; a resumed training decides like an uninterrupted one."""

import types

import keras
import numpy as np
import pytest

from gan_keras import GAN, networks
from gan_keras.callbacks import EarlyStop, Speed, Watch
from gan_keras.callbacks.history import Events, has_ended, read_history
from whole_runs import silent

HEALTHY = {"d_accuracy": "0.7", "diversity": "0.9", "d_norm": "0.3", "g_norm": "0.2", "g_loss": "0.7", "steps": "600"}


def rows_of(**columns):
    """Rows of a history whose other columns are healthy; an epoch did not log an empty text."""
    num = len(next(iter(columns.values())))
    wave = [{"d_real": f"{0.1 + 0.01 * (epoch % 3)}", "d_fake": f"{-0.1 - 0.02 * (epoch % 2)}"} for epoch in range(num)]
    changes = [{name: str(values[epoch]) for name, values in columns.items()} for epoch in range(num)]
    return [{"epoch": str(epoch + 1), "stage": "adversarial", **HEALTHY, **wave[epoch], **changes[epoch]} for epoch in range(num)]


def ended(judge, rows, start=0):
    """The epoch, counted from 1, in which a judge ends a training with these rows; None if it does not."""
    judge.set_model(types.SimpleNamespace(stop_training=False, stage_of=lambda epoch: "adversarial"))
    for epoch in range(start, len(rows)):
        judge.history = types.SimpleNamespace(rows=rows[: epoch + 1])
        judge.on_epoch_end(epoch, {})
        if judge.model.stop_training:
            return epoch + 1
    return None


def test_a_training_ends_after_patience_scores_without_improvement(tmp_path):
    rows = rows_of(val_frechet=[9, "", 5, "", 6, 7, "", 5, 4, "", 8])
    assert ended(EarlyStop(patience=3, events=Events(tmp_path / "events.csv", silent)), rows) == 8  # an equal one is not better
    assert has_ended(tmp_path / "events.csv")
    assert "no better than 5 of epoch 3" in read_history(tmp_path / "events.csv")[0]["seen"]
    assert ended(EarlyStop(patience=4, events=Events(show=silent)), rows) is None
    assert ended(EarlyStop(patience=0, events=Events(show=silent)), rows) is None
    assert ended(EarlyStop("val_gain", "max", 2, Events(show=silent)), rows_of(val_gain=[0.1, 0.3, "nan", 0.2, 0.9])) == 4


def test_a_resumed_training_ends_at_the_same_epoch():
    rows = rows_of(val_frechet=[9, 5, 6, 7, 8, 9])
    assert {ended(EarlyStop(patience=3, events=Events(show=silent)), rows, start) for start in range(5)} == {5}


def test_a_finding_is_reported_when_it_starts_and_again_after_it_has_ended():
    events = Events(show=silent)
    rows = rows_of(diversity=[0.9, 0.01, 0.01, 0.9, 0.01])
    assert ended(Watch(events), rows) is None
    found = [(row["epoch"], row["kind"]) for row in events.rows if row["kind"] != "low diversity"]
    assert found == [("2", "collapse"), ("5", "collapse")]
    assert "diversity 0.01" in events.rows[0]["seen"] and "Try " in events.rows[0]["done"]
    again = Events(show=silent)
    ended(Watch(again), rows, start=2)  # a training resumed after the second epoch does not repeat the report
    assert {row["epoch"] for row in again.rows} == {"5"}


def test_a_lasting_collapse_ends_the_training():
    rows = rows_of(diversity=[0.9, *[0.01] * 5])
    events = Events(show=silent)
    assert ended(Watch(events, patience=4), rows) == 5
    assert events.rows[-1]["kind"] == "collapse" and "for 4 epochs" in events.rows[-1]["seen"]
    assert ended(Watch(Events(show=silent), patience=0), rows) is None


@pytest.mark.parametrize("make", [lambda: EarlyStop(mode="best"), lambda: EarlyStop(patience=-1), lambda: Watch(patience=-1)])
def test_arguments_out_of_range_are_errors(make):
    with pytest.raises(ValueError, match="Expected"):
        make()


def test_judges_and_speed_work_in_a_plain_fit():
    keras.utils.set_random_seed(0)
    gan, events = GAN(networks.MLPGenerator((2,), 3, (4,)), networks.MLPDiscriminator((4,))), Events(show=silent)
    gan.compile()
    callbacks = [Speed(), Watch(events), EarlyStop("g_loss", "max", 1, events)]
    points = np.random.default_rng(0).normal(size=(24, 2)).astype(np.float32)
    history = gan.fit(points, batch_size=8, epochs=3, verbose=0, callbacks=callbacks).history
    assert history["steps"] == [3] * len(history["loss"])
    milliseconds, rate = np.array(history["step_ms"]), np.array(history["samples_per_second"])
    assert (milliseconds > 0).all() and (rate > 0).all()
    assert rate[-1] < 3 * 8 / (milliseconds[-1] / 1000)  # the time between steps counts too; three steps of 8 samples
    assert 50 < history["peak_memory_mb"][0] < 100_000
    assert len(callbacks[1].own) == len(history["loss"])
    assert gan.diagnose(gan.history)[0].startswith("too short")


def test_a_score_that_is_never_logged_is_reported():
    gan = GAN(networks.MLPGenerator((2,), latent_dim=4, units=(4,)), networks.MLPDiscriminator((4,)))
    gan.compile()
    points = np.zeros((8, 2), np.float32)
    with pytest.warns(UserWarning, match="val_frechte was never logged.* logged values are epoch, stage, d_accuracy"):
        gan.fit(points, epochs=2, verbose=0, callbacks=[EarlyStop("val_frechte")])
