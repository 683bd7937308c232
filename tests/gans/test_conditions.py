"""Conditions and constraints: every generated row meets them, an impossible one says how rare it is."""

import re

import keras
import numpy as np
import pandas as pd
import pytest

import gan_keras
from gan_keras.data.table.conditions import Condition, conditions_of, constraints_of, draw_meeting
from gan_keras.data.table.load import load_table
from refusals import refused

NUM = 200


def people():
    rng = np.random.default_rng(0)
    start = pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, NUM), unit="D")
    return pd.DataFrame(
        {
            "person_id": [f"P{i:04d}" for i in range(NUM)],
            "sex": rng.choice(["F", "M"], NUM),
            "city": rng.choice(["Oslo", "Bodo", "Bergen"], NUM),
            "age": rng.integers(18, 80, NUM),
            "start": start,
            "end": start + pd.to_timedelta(rng.integers(0, 60, NUM), unit="D"),
            "low": rng.integers(0, 50, NUM),
            "high": rng.integers(60, 90, NUM).astype(float) / 4 + 50,
        }
    )


@pytest.fixture(scope="module")
def gan():
    data = people()
    preset = gan_keras.presets.get("table", "tiny")
    preset.constraints = "start<=end, low<high, age>=18"
    gan = preset.build(data, seed=0)
    gan.fit(preset.batches(gan, data), epochs=1, verbose=0)
    return gan


def test_each_row_meets_every_condition_and_depends_on_its_own_seed(gan):
    wanted = {"city": "Bodo", "sex": "F", "age": (30, 60), "start": "2020-03-01..2021-12-31"}
    rows = gan.generate(12, seed=5, labels=wanted)
    assert (rows["city"] == "Bodo").all() and (rows["sex"] == "F").all() and rows["age"].between(30, 60).all()
    assert rows["start"].between("2020-03-01", "2021-12-31").all()
    later = gan.generate(4, seed=9, labels=wanted)
    pd.testing.assert_frame_equal(rows.iloc[4:8].reset_index(drop=True), later.reset_index(drop=True))
    assert set(gan.generate(20, labels={"city": ["Oslo", "Bergen"]})["city"]) == {"Oslo", "Bergen"}
    assert (gan.generate(3, labels="sex=M")["sex"] == "M").all()


def test_the_share_of_rows_that_met_is_reported(gan):
    shares = []
    gan.generate_cells(20, labels={"sex": "F"}, report=shares.append)
    gan.generate_cells(20, labels={"sex": "F", "age": (18, 40)}, report=shares.append)
    assert len(shares) == 1 and 0 < shares[0] < 1


def test_wrong_conditions_are_refused_by_what_there_is(gan):
    for wanted, words in (
        ({"town": "Oslo"}, "There is no column 'town'"),
        ({"city": "oslo"}, "Did you mean 'Oslo'? Expected one of Bergen, Bodo, Oslo"),
        ({"age": (60, 30)}, "is an empty range"),
        ({"age": "200..300"}, "lies outside of the data"),
        ({"age": "old"}, "Expected a number such as"),
        ({"person_id": "P0001"}, "which are made anew"),
    ):
        refused(re.escape(words), gan.generate, 2, labels=wanted)


def test_rows_that_cannot_be_found_say_how_rare_they_are():
    calls = []

    def draw(seeds):
        calls.append(len(seeds))
        return np.zeros((len(seeds), 1))

    split = lambda seeds, index: np.asarray(seeds) + index  # noqa: E731
    refused("too rare: none of", draw_meeting, draw, np.arange(100), [Condition(0, "x=1", (1.0,))], split)
    assert sum(calls) < 500_000
    rows, share = draw_meeting(draw, np.arange(3), [Condition(0, "x=0", (0.0,))], split)
    assert share == 1 and rows.shape == (3, 1)
    assert conditions_of(load_table(people()).columns, {"age": 30})[0][3:] == (30.0, 30.0)


def test_constraints_hold_in_every_row_also_of_a_saved_gan(gan, tmp_path):
    rows = gan.generate(300, seed=1)
    assert (rows["start"] <= rows["end"]).all() and (rows["low"] < rows["high"]).all() and (rows["age"] >= 18).all()
    gan.save(tmp_path / "a.keras")
    loaded = keras.saving.load_model(tmp_path / "a.keras")
    pd.testing.assert_frame_equal(loaded.generate(20), gan.generate(20))


def test_rows_and_columns_that_break_a_constraint_are_refused():
    table = load_table(people())
    for text, words in (
        ("end<start", "rows break it, such as row"),
        ("start<=later", "'later' is neither a column nor a date"),
        ("start<=age", "different types"),
        ("city<=sex", "a column of the type category"),
        ("start", "Expected COLUMN<=COLUMN"),
        ("low<high, low<=high", "the larger column of more than one"),
        ("age>=30", "rows break it"),
    ):
        refused(re.escape(words), constraints_of, text, table)
    assert [tuple(each) for each in constraints_of("low<high, start<=end", table)] == [
        ("low", "high", True),
        ("start", "end", False),
    ]


def test_identifiers_of_a_call_differ_and_are_none_of_the_data(gan):
    new = gan.generate(50, seed=3)["person_id"]
    assert new.is_unique and not set(new) & set(people()["person_id"])
    assert list(gan.generate(1, seed=4)["person_id"]) == [new.iloc[1]]


def test_samples_of_a_gan_of_frames_are_written_by_epoch(gan, tmp_path):
    data = people()
    gan.fit(data, batch_size=20, epochs=1, verbose=0, callbacks=[gan_keras.callbacks.Samples(tmp_path, num=3)])
    assert list(pd.read_csv(tmp_path / "epoch_001.csv").columns)[-len(data.columns) :] == list(data.columns)
    rows = gan.generate(3, as_frame=False)
    gan.codec.write_samples(tmp_path / "rows.csv", rows)
    assert list(pd.read_csv(tmp_path / "rows.csv")["person_id"]) == list(rows["person_id"])


def test_fit_takes_tables_frames_and_cells():
    data = people().drop(columns="person_id")
    table = load_table(data)
    weights = []
    for given in (table, data, table.cells):
        gan = gan_keras.presets.get("table", "tiny").build(table, seed=0)
        gan.fit(given, batch_size=20, epochs=1, verbose=0)
        weights.append(np.concatenate([each.ravel() for each in gan.get_weights()]))
    np.testing.assert_array_equal(weights[0], weights[1])
    np.testing.assert_array_equal(weights[0], weights[2])
    assert gan.score(data.head(3)).shape == (3,)
