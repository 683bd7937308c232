"""Downstream tasks of tables, images and series: what they learn, and the enlarged files that they write."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import f1_score
from threadpoolctl import threadpool_limits

import gan_keras
from gan_keras import presets
from gan_keras.data import Table, load_images, load_series, load_table
from gan_keras.data.sample_set import part_of
from gan_keras.data.table.columns import CategoryColumn, NumberColumn
from gan_keras.downstream.tasks import ImageDownstream, SeriesDownstream, TableDownstream
from gan_keras.downstream.tasks.series import varied
from gan_keras.downstream.tasks.table import MAX_VALUES, _coordinates, oversampled

NUM = 60


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Trees on so few rows would spend more time on threads than on growing."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def table_path(tmp_path_factory):
    """Rows whose label follows from a number and a category; one label is missing."""
    random = np.random.default_rng(0)
    sizes, colours = random.normal(size=NUM), random.choice(["blue", "red"], NUM)
    labels = np.where(sizes + (colours == "red") > 0.9, "yes", "no").tolist()
    labels[0] = ""
    path = tmp_path_factory.mktemp("table") / "rows.csv"
    lines = [f"{size:.3f},{label},{colour}" for size, label, colour in zip(sizes, labels, colours, strict=True)]
    path.write_text("\n".join(["size,buys,colour", *lines, ""]))
    return path


@pytest.fixture(scope="module")
def preset():
    preset = presets.get("table", "tiny")
    preset.label = "buys"
    return preset


@pytest.fixture(scope="module")
def table(table_path):
    return load_table(table_path)


@pytest.fixture(scope="module")
def gan(table, preset):
    return preset.build(table)


def test_generated_rows_have_the_columns_types_and_labels_of_the_data(table, gan):
    columns = {"colour": np.array(["red", "blue"] * 20), "size": np.linspace(-1, 1, 40, dtype=np.float32)}
    labels = np.array(["no"] * 36 + ["yes"] * 4)
    dataset = tf.data.Dataset.from_tensor_slices((columns, labels)).batch(16)
    enlarged = gan_keras.augment(dataset, gan, 1.0, balanced=True)
    assert enlarged.element_spec == dataset.element_spec
    batches = list(enlarged.as_numpy_iterator())
    found = np.concatenate([labels for _, labels in batches])
    assert sorted(map(tuple, zip(*np.unique(found, return_counts=True), strict=True))) == [(b"no", 40), (b"yes", 40)]
    assert {colour for rows, _ in batches for colour in rows["colour"]} <= {b"red", b"blue", b""}
    _, numbered = next(gan_keras.augment((columns, (labels == "yes").astype(int)), gan, 2.0).as_numpy_iterator())
    assert set(numbered) <= {0, 1}
    with pytest.raises(ValueError, match="all of these but one"):
        gan_keras.augment(({"size": columns["size"]}, labels), gan)
    with pytest.raises(ValueError, match="dictionary of columns by name"):
        gan_keras.augment((np.zeros((40, 2)), labels), gan)


def test_trees_learn_the_column_that_the_preset_names(table, preset):
    task = TableDownstream(table, TableDownstream.target_of(table, preset))
    known = task.labelled(table)
    samples, labels = task.samples_of(known), task.labels_of(known)
    assert samples.shape == (NUM - 1, 2) and set(labels) == {0, 1}
    half = NUM // 2
    training, test = (samples[:half], labels[:half]), (samples[half:], labels[half:])
    model = HistGradientBoostingClassifier(categorical_features=[1], random_state=3).fit(*training)
    rarer = np.bincount(test[1]).argmin()
    expected = f1_score(test[1] == rarer, model.predict(test[0]) == rarer)
    assert task.score(training, test, 3) == pytest.approx(expected)
    with pytest.raises(ValueError, match="holds numbers"):
        TableDownstream.target_of(table, dataclasses.replace(preset, label="size"))


def test_an_enlarged_table_is_loaded_with_the_requested_labels(table, preset, gan, tmp_path):
    task = TableDownstream(table, TableDownstream.target_of(table, preset))
    known, numbers = task.labelled(table), np.array([1, 0, 1, 1])
    task.write(tmp_path / "more.csv", known, task.generated(gan, numbers, 0), numbers)
    found = load_table(tmp_path / "more.csv")
    assert found.column_names == table.column_names and len(found) == NUM - 1 + 4
    labels = found.cells[:, found.index("buys")]
    np.testing.assert_array_equal(labels[: NUM - 1], task.labels_of(known))
    np.testing.assert_array_equal(labels[NUM - 1 :], numbers)


def test_generated_images_follow_the_real_ones_and_variations_apply_only_in_training(tmp_path):
    digits = part_of(load_images("digits"), np.arange(40), {})
    task = ImageDownstream(digits)
    samples, labels = task.samples_of(digits), task.labels_of(digits)
    task.write(tmp_path / "more.npz", digits, samples[:3], labels[:3])
    found = load_images(tmp_path / "more.npz")
    np.testing.assert_array_equal(found.images, np.concatenate([samples, samples[:3]]))
    assert found.label_names == digits.label_names
    assert np.load(tmp_path / "more.npz")["generated"].tolist() == [False] * 40 + [True] * 3
    network = task.network(0, task.variations(0))
    plain, again, changed = (network(samples, training=training) for training in (False, False, True))
    np.testing.assert_array_equal(plain, again)
    assert np.abs(plain - changed).max() > 0.01


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """Slow and fast waves."""
    random = np.random.default_rng(0)
    labels = np.arange(40) % 2
    waves = [np.sin(np.arange(16) * (0.3 + 0.6 * label) + random.uniform(0, 6)) for label in labels]
    path = tmp_path_factory.mktemp("series") / "waves.npz"
    np.savez(path, series=np.stack(waves)[..., None], labels=labels, label_names=["slow", "fast"])
    return load_series(path, length=16)


def test_a_network_learns_the_label_of_a_series(series):
    task = SeriesDownstream(series)
    task.updates = 30
    samples, labels = task.samples_of(series), task.labels_of(series)
    assert task.score((samples, labels), (samples, labels), seed=0) > 0.9


def test_varied_series_keep_their_ends_and_means():
    series = np.ones((200, 4, 1), np.float32) * np.array([1, -1, 1, -1])[:, None] + 5.0
    series[:, 3] = np.nan
    found = varied(series, np.random.default_rng(0))
    assert np.isnan(found[:, 3]).all() and np.isfinite(found[:, :3]).all()
    assert found[:, :3].mean() == pytest.approx(series[:, :3].mean(), abs=0.05)
    assert 0.1 < (found - series)[:, :3].std() < 0.4


def test_an_enlarged_file_of_series_can_be_loaded_again(series, tmp_path):
    task = SeriesDownstream(series)
    task.write(tmp_path / "more.npz", series, np.zeros((3, 16, 1), np.float32) + np.arange(16)[:, None], np.array([1, 1, 0]))
    found = load_series(tmp_path / "more.npz", length=16)
    assert len(found) == 43 and found.label_names == ("slow", "fast") and found.labels[40:].tolist() == [1, 1, 0]
    np.testing.assert_allclose(found.samples()[:40], series.samples(), atol=1e-6)


def test_data_without_labels_or_with_other_labels_are_refused(series):
    with pytest.raises(ValueError, match="has no labels"):
        SeriesDownstream(load_series("sines"))
    other = load_series("sines")
    with pytest.raises(ValueError, match="Expected .'slow', 'fast'"):
        SeriesDownstream(series).labels_of(other)


def test_a_label_of_a_single_row_does_not_stop_the_trees_of_a_large_table():
    """Of more than 10,000 rows scikit-learn holds a part out, of each label alike."""
    columns = (NumberColumn("x", False, 0.0, 9.0, 0), CategoryColumn("k", False, ("a", "b", "c")))
    cells = np.stack([np.arange(10_100.0) % 10, np.arange(10_100) % 2], axis=1)
    cells[0, 1] = 2
    task = TableDownstream(Table("a", columns, cells, {}), 1)
    part = cells[:, :1], cells[:, 1].astype(int)
    assert task.score(part, part, seed=0) > 0.6


def test_a_target_column_of_one_value_is_refused(preset):
    columns = (NumberColumn("x", False, 0.0, 9.0, 0), CategoryColumn("buys", False, ("yes",)))
    with pytest.raises(ValueError, match="buys of a has fewer than 2 values"):
        TableDownstream.target_of(Table("a", columns, np.zeros((12, 2)), {}), preset)


def test_very_many_values_of_a_category_do_not_make_oversampling_large():
    rows = np.stack([np.arange(300.0), np.arange(300.0)], axis=1)
    is_category = np.array([False, True])
    assert _coordinates(rows, is_category).shape == (300, 1 + MAX_VALUES)
    samples, labels = oversampled(rows, np.arange(300) // 200, is_category, seed=0)
    assert np.bincount(labels).tolist() == [200, 200] and set(samples[300:, 1]) <= set(range(200, 300))


def test_numbers_that_are_all_missing_in_a_share_do_not_stop_the_trees():
    columns = (NumberColumn("x"), NumberColumn("never", True), CategoryColumn("k", False, ("a", "b")))
    task = TableDownstream(Table("a", columns, np.zeros((1, 3)), {}), 2)
    samples, labels = np.stack([np.arange(60.0), np.full(60, np.nan)], axis=1), np.arange(60) // 30
    test = samples.copy()
    test[::2, 1] = 5.0  # known in the test rows alone
    assert task.score((samples, labels), (test, labels), seed=0) == 1.0
