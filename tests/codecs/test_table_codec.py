"""Rows to tensors and back: modes of numbers, slots of categories, missing cells, and labels."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from gan_keras.codecs import TableCodec, table_columns
from gan_keras.codecs.table_columns import Slots
from gan_keras.data import Table
from gan_keras.data.table.columns import CategoryColumn, DateColumn, NumberColumn
from refusals import refused


def two_modes(random):
    return np.where(random.random(600) < 0.3, random.normal(-50, 2, 600), random.normal(100, 10, 600)).round(1)


def table():
    random = np.random.default_rng(0)
    cells = np.stack(
        [
            np.where(np.arange(600) % 20 == 0, np.nan, two_modes(random)),
            random.integers(0, 3, 600),
            random.integers(19_000, 20_000, 600),
            np.where(np.arange(600) % 50 == 0, np.nan, random.integers(0, 2, 600)),
            np.full(600, 7.0),
        ],
        axis=1,
    ).astype(np.float64)
    columns = (
        NumberColumn("number", True, -60.0, 140.0, 1),
        CategoryColumn("kind", False, ("a", "b", "c")),
        DateColumn("date", False, 19_000.0, 19_999.0, 0, "%d.%m.%Y"),
        CategoryColumn("flag", True, ("no", "yes")),
        NumberColumn("constant", False, 7.0, 7.0, 0),
    )
    return Table("a", columns, cells, {})


@pytest.fixture(scope="module")
def codec():
    found = TableCodec(most_modes=4)
    found.adapt(table())
    return found


def test_decoded_rows_are_the_rows_that_were_encoded(codec):
    cells = table().cells
    for seeds in (None, tf.range(600, dtype=tf.int64)):
        encoded = codec.encode(cells, seeds)
        assert encoded.shape == (600, codec.width) and encoded.dtype == tf.float32
        decoded = codec.decode(encoded).numpy()
        inside = np.abs(encoded.numpy()[:, 0]) < 0.99  # values beyond four deviations are clipped
        np.testing.assert_array_equal(decoded[inside], cells[inside])
        assert inside.mean() > 0.98


def test_a_sample_is_numbers_in_range_and_a_choice_per_column_but_none_of_an_unknown_category(codec):
    encoded = codec.encode(table().cells).numpy()
    assert codec.num_numbers == 3 and codec.num_conditions == 3 + 3 and codec.width == 3 + sum(codec.sizes)
    assert np.abs(encoded[:, :3]).max() <= 1
    for start, size in zip(codec.starts, codec.sizes, strict=True):
        np.testing.assert_array_equal(encoded[:, start : start + size].sum(axis=1), 1.0)
    cells = table().cells[:1].copy()
    cells[0, 1] = np.nan
    encoded = codec.encode(cells).numpy()
    start = codec.starts[3]
    np.testing.assert_array_equal(encoded[0, start : start + 3], 0.0)


def test_modes_match_the_data_and_are_drawn_by_their_probability():
    modes = table_columns.fit_modes(two_modes(np.random.default_rng(0)), 8)
    near = np.argmin(np.abs(np.subtract.outer([-50.0, 100.0], modes.means)), axis=1)
    assert np.abs(np.array(modes.means)[near] - [-50, 100]).max() < 5 and sum(modes.weights) == pytest.approx(1.0)
    weights, means, deviations = [0.6, 0.4], [0.0, 1.0], [1.0, 2.0]
    numbers = table_columns.NumberModes(
        [NumberColumn("n", False, -9.0, 9.0, None)], [table_columns.Modes(weights, means, deviations)]
    )
    _, drawn = numbers.encode(np.full((20_000, 1), 0.7), tf.range(20_000, dtype=tf.int64))
    chances = np.array(weights) * stats.norm.pdf(0.7, means, deviations)
    assert np.mean(drawn.numpy() == 1) == pytest.approx(chances[1] / chances.sum(), abs=0.015)


def test_a_number_far_from_its_modes_gets_no_mode_of_another_column():
    columns = [NumberColumn("narrow", True), NumberColumn("wide")]
    modes = [table_columns.Modes([1.0], [0.0], [0.001]), table_columns.Modes([0.5, 0.3, 0.2], [0.0, 1.0, 2.0], [1.0, 1.0, 1.0])]
    numbers = table_columns.NumberModes(columns, modes)
    for seeds in (None, tf.range(3, dtype=tf.int64)):
        inside, found = numbers.encode(np.array([[0.1, 2.0], [0.9, 2.0], [-30.0, 2.0]]), seeds)
        assert found.numpy()[:, 0].tolist() == [0, 0, 0]  # 1 would be a missing number, 2 a mode of the next column
        np.testing.assert_allclose(inside[:, 0], [0.99, 0.99, -0.99], rtol=1e-6)


def test_decoded_numbers_are_rounded_without_a_sign_of_zero_and_stay_in_the_range_of_the_data(codec):
    samples = np.zeros((2, codec.width), np.float32)
    samples[:, 0], samples[:, 1] = [-1.0, 1.0], [1.0, -1.0]
    decoded = codec.decode(tf.constant(samples)).numpy()
    assert (decoded[:, 0] >= -60).all() and (decoded[:, 0] <= 140).all() and (decoded[:, 4] == 7).all()
    np.testing.assert_array_equal(decoded[:, 0], decoded[:, 0].round(1))
    assert ((decoded[:, 2] >= 19_000) & (decoded[:, 2] <= 19_999) & (decoded[:, 2] % 1 == 0)).all()
    column = NumberColumn("a", False, -1.0, 1.0, 1)
    cells = tf.function(column.rounded)(tf.constant([-0.04, 0.04, -0.06], tf.float64))
    assert column.format(cells.numpy()) == ["0.0", "0.0", "-0.1"]


def test_columns_are_decoded_in_their_own_types_and_order_and_a_codec_survives_json(codec):
    columns = codec.to_columns(table().cells)
    assert list(columns) == ["number", "kind", "date", "flag", "constant"]
    assert [each.dtype.name for each in columns.values()] == ["float64", "string", "string", "string", "int64"]
    assert columns["date"].numpy()[0].decode().count(".") == 2
    assert columns["flag"].numpy()[0] == b"" and np.isnan(columns["number"].numpy()[0])
    np.testing.assert_array_equal(codec.from_columns(columns), table().cells)
    again = TableCodec.from_config(json.loads(json.dumps(keras.saving.serialize_keras_object(codec)))["config"])
    np.testing.assert_array_equal(again.encode(table().cells), codec.encode(table().cells))
    assert again.labels.names == codec.labels.names == ["kind=a", "kind=b", "kind=c", "flag=no", "flag=yes", "flag="]


def test_labels_have_their_frequencies_in_the_data(codec):
    cells, labels = table().cells, codec.labels
    shares = np.diff(np.concatenate([[0.0], labels.cumulative]))
    kinds = np.bincount(cells[:, 1].astype(int)) / 600 / 2
    np.testing.assert_allclose(shares[:3], kinds, atol=1e-6)
    assert shares[-1] == pytest.approx(np.isnan(cells[:, 3]).mean() / 2, abs=1e-6)
    np.testing.assert_array_equal(labels.conditions, np.arange(6))


def test_a_column_of_thousands_of_values_takes_few_slots_and_keeps_their_frequencies():
    counts = np.concatenate([[5000, 4000], np.arange(1, 3001)])
    slots = Slots(counts.tolist(), 0, most=10)
    assert slots.num == 10
    pool = np.full(40_000, 9, np.int32)
    uniform = (np.arange(40_000) + 0.5) / 40_000
    drawn = slots.to_cells(tf.constant(pool), tf.constant(uniform, tf.float32)).numpy().astype(int)
    assert not set(drawn) & set(slots.own)
    expected = counts[slots.pooled] / counts[slots.pooled].sum()
    np.testing.assert_allclose(np.bincount(drawn, minlength=3002)[slots.pooled] / 40_000, expected, atol=2e-4)
    frequent = slots.of_cells(tf.constant([0.0, 1.0, 3001.0, 2.0, np.nan], tf.float64)).numpy()
    assert frequent.tolist() == [0, 1, 8, 9, -1] and slots.frequencies.sum() == counts.sum()


def test_too_few_modes_or_slots_are_refused():
    for options in ({"most_modes": 0}, {"most_slots": 1}):
        refused("Expected most_modes >= 1", TableCodec, **options)


def test_labels_keep_their_conditions_if_all_missing_cells_are_in_another_part():
    """The column has missing cells in the table, but none in the part that the codec is adapted to."""
    columns = (CategoryColumn("a", True, ("x", "y")), CategoryColumn("b", False, ("u", "v")))
    part = Table("part", columns, np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]]), {})
    codec = TableCodec()
    codec.adapt(part)
    assert codec.labels.names == part.label_names == ["a=x", "a=y", "a=", "b=u", "b=v"]
    assert codec.labels.conditions.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(list(codec.conditions_of(part.cells)), [[0, 1, 1], [3, 4, 3]])


def test_text_is_found_among_very_many_values_without_comparing_all_pairs():
    column = CategoryColumn("a", True, tuple(f"{number:05}" for number in range(60_000)))
    cells = np.where(np.arange(30_000) % 7 == 0, np.nan, np.arange(30_000) * 2.0)
    np.testing.assert_array_equal(column.from_tensor(column.to_tensor(cells)), cells)
    assert np.isnan(column.from_tensor(tf.constant(["60000", "no"]))).all()


def test_frequent_numbers_are_modes_and_decode_exactly():
    random = np.random.default_rng(0)
    numbers = np.where(random.random(5000) < 0.9, 0.0, random.normal(3000.0, 800.0, 5000).round(3))
    numbers[:400] = 40.125
    modes = table_columns.fit_modes(numbers, 5)
    assert modes.means[:2] == [0.0, 40.125] and 3 <= len(modes.means) <= 5
    np.testing.assert_allclose(modes.weights[:2], [np.mean(numbers == 0.0), 400 / 5000])
    assert sum(modes.weights) == pytest.approx(1.0)
    found = table_columns.NumberModes([NumberColumn("gain", False, 0.0, 9000.0, 3)], [modes])
    _, chosen = found.encode(tf.constant(numbers[:, None], tf.float64), tf.range(5000, dtype=tf.int64))
    np.testing.assert_array_equal(chosen[:, 0] == 0, numbers == 0.0)
    np.testing.assert_array_equal(chosen[:, 0] == 1, numbers == 40.125)
    for mode, number in enumerate((0.0, 40.125)):  # at any position in the mode
        decoded = found.decode(0, tf.linspace(-1.0, 1.0, 9), tf.fill([9], mode))
        np.testing.assert_array_equal(decoded, np.full(9, number))


@pytest.mark.parametrize("num", [3, 4])
def test_each_of_few_numbers_is_a_mode_and_the_rarer_of_more_share_some(num):
    numbers = np.repeat(np.arange(num, dtype=np.float64), 50)
    modes = table_columns.fit_modes(numbers, 3)
    if num == 3:
        assert modes.means == [0.0, 1.0, 2.0] and modes.weights == pytest.approx([1 / 3] * 3)
    else:
        assert len(modes.means) == 3 and sum(mean == round(mean) for mean in modes.means) == 2
