"""A GAN of rows: conditions are met, rows follow from their seeds, resuming is exact, the autoencoder learns."""

import re
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import TableGAN, presets
from gan_keras.auxiliary import Batch
from gan_keras.data import Table, table_batches
from gan_keras.data.table.columns import CategoryColumn, NumberColumn
from gan_keras.data.table.table import AllRows, RowsByCondition
from gan_keras.gans.table_vae import VariationalBound
from gan_keras.modalities.table.presets import TablePreset

TINY = {"width": 16, "latent_dim": 4, "pack": 2, "most_modes": 3, "batch_size": 32, "most_slots": 4, "generator_ema": 0.9}


def table(num=400):
    """A number that follows from a category, one of many rare values, and missing cells of both kinds."""
    random = np.random.default_rng(0)
    kind, many = random.integers(0, 3, num), random.integers(0, 30, num)
    number = np.where(random.random(num) < 0.1, np.nan, 10.0 * kind + random.normal(0, 0.5, num)).round(1)
    cells = np.stack([number, np.where(random.random(num) < 0.1, np.nan, kind), many], axis=1)
    columns = (
        NumberColumn("number", True, -5.0, 30.0, 1),
        CategoryColumn("kind", True, ("high", "low", "middle")),
        CategoryColumn("many", False, tuple(f"v{index:02}" for index in range(30))),
    )
    return Table("a", columns, cells, {})


def batches(gan, part, steps=4, seed=0, size=32):
    codec, num = gan.codec, len(part)
    rows = RowsByCondition(num, codec.conditions_of(part.cells), codec.num_conditions) if codec.slots else AllRows(num)
    return table_batches(part.cells, rows, size, steps, seed)


@pytest.fixture(scope="module")
def gan():
    found = TablePreset(loss="non_saturating", **TINY).build(table())
    found.fit(batches(found, table()), epochs=1, verbose=0)
    return found


def test_every_row_that_is_asked_for_meets_its_condition_and_other_labels_are_errors(gan):
    for label in ("kind=low", "many=v17", "many=v03", "kind="):
        name, value = label.split("=")
        columns = gan.generate(3000, seed=7, labels=[label] * 3000)
        assert (columns[name] == value).all(), label
        assert len(np.unique(columns["number"])) > 20
    by_number = gan.generate(3, seed=7, labels=[gan.label_names.index("kind=low")] * 3)
    np.testing.assert_array_equal(by_number["number"], gan.generate(3, seed=7, labels=["kind=low"] * 3)["number"])
    pytest.raises(ValueError, gan.generate, 2, labels=["kind=low"]).match("Got 1 labels for n=2 rows. Expected one for each")
    pytest.raises(ValueError, gan.generate, 1, labels=["kind=hgih"]).match("Did you mean 'kind=high'.* Expected one of kind=high")
    for labels in ([99, 0], [-1, 0]):
        pytest.raises(ValueError, gan.generate, 2, labels=labels).match("Expected one of kind=high.*or their indices below")


def test_rows_that_nothing_is_asked_of_have_conditions_as_often_as_the_data(gan):
    names = np.array(gan.label_names)
    asked = names[gan.user_labels_from(np.arange(60_000)).numpy()]
    cells = table().cells
    assert np.mean(asked == "kind=") == pytest.approx(np.isnan(cells[:, 1]).mean() / 2, abs=0.005)
    for value in (0, 17):
        assert np.mean(asked == f"many=v{value:02}") == pytest.approx(np.mean(cells[:, 2] == value) / 2, abs=0.004)


def test_a_row_follows_from_its_seed_in_columns_of_their_own_types(gan):
    whole, part = gan.generate_cells(300, seed=5), gan.generate_cells(3, seed=105)
    np.testing.assert_array_equal(whole[100:103], part)
    assert (whole[0] != whole[1]).any()
    columns = gan.generate(200)
    assert list(columns) == ["number", "kind", "many"]
    assert columns["number"].dtype == np.float64
    known = columns["number"][~np.isnan(columns["number"])]
    np.testing.assert_array_equal(known, known.round(1))
    assert set(columns["kind"]) <= {"", "high", "low", "middle"}


def test_the_score_of_a_row_does_not_depend_on_others_and_takes_columns_or_cells(gan):
    cells = table().cells[:20]
    scores = gan.score(cells)
    assert scores.shape == (20,) and len(np.unique(scores)) > 5
    np.testing.assert_allclose(gan.score(cells[7:9]), scores[7:9], rtol=1e-5)
    columns = {name: values.numpy() for name, values in gan.codec.to_columns(tf.constant(cells)).items()}
    np.testing.assert_allclose(gan.score(columns), scores, rtol=1e-5)


@pytest.mark.parametrize("name", ["tvae", pytest.param("default", marks=pytest.mark.slow)])
def test_training_resumed_from_a_file_equals_uninterrupted_training(tmp_path, name):
    preset = presets.with_settings(presets.get("table", name), {key: str(value) for key, value in TINY.items()})
    whole = preset.build(table(), seed=3)
    whole.fit(batches(whole, table(), seed=1), epochs=1, verbose=0)
    whole.save(tmp_path / "gan.keras")
    whole.fit(batches(whole, table(), seed=2), epochs=1, verbose=0)
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert type(again) is type(whole) and again.label_names == whole.label_names
    again.fit(batches(again, table(), seed=2), epochs=1, verbose=0)
    for before, after in zip(whole.weights, again.weights, strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(whole.generate_cells(5), again.generate_cells(5))


LEARNING = {
    "width": 32, "latent_dim": 8, "pack": 1, "batch_size": 64, "beta_1": 0.9, "generator_ema": 0.0, "most_modes": 5,
    "generator_learning_rate": 5e-3, "discriminator_learning_rate": 5e-3,
}  # fmt: skip


@pytest.mark.parametrize("network", ["vaegan", pytest.param("tvae", marks=pytest.mark.slow)])
def test_the_autoencoder_alone_and_with_a_discriminator_learns_that_a_number_follows_from_its_category(network):
    gan = TablePreset(network=network, loss="relativistic_paired", **LEARNING).build(table())
    encoder = gan.generator.encoder if network == "vaegan" else gan.discriminator
    before = encoder.get_weights()
    history = gan.fit(batches(gan, table(), 200, size=64), epochs=1, verbose=0).history
    assert min(np.abs(x - y).max() for x, y in zip(before, encoder.get_weights(), strict=True)) > 0.01
    assert history["diversity"][0] > 0.5
    assert ("d_accuracy" in history) == (network == "vaegan")  # no symptom of two players is read from one
    for kind, mean in (("high", 0.0), ("low", 10.0), ("middle", 20.0)):
        numbers = gan.generate(500, labels=[f"kind={kind}"] * 500)["number"]
        assert np.nanmedian(numbers) == pytest.approx(mean, abs=2.5), kind
    assert 0.02 < np.isnan(gan.generate(1000)["number"]).mean() < 0.3


def test_the_bound_of_a_batch_is_weighted_and_takes_its_codes_from_the_latents():
    gan = TablePreset(network="vaegan", loss="relativistic_paired", **LEARNING).build(table())
    cells = tf.constant(table().cells[:32])
    samples, labels = gan.unpack((cells, gan.codec.last_condition(cells)))
    latents = gan.latents_from(np.arange(32))
    batch = Batch(samples, None, latents, labels)
    bounds = gan.generator.bound(samples, labels, latents[:, :8], 3.0)  # of 8 numbers of a code
    found = VariationalBound(weight=0.25, reconstruction_weight=3.0).generator(gan, batch)
    assert float(found) == pytest.approx(0.25 * float(np.mean(bounds)), rel=1e-5)
    others = VariationalBound(weight=0.25, reconstruction_weight=3.0).generator(gan, batch._replace(latents=-latents))
    assert abs(float(found) - float(others)) > 1e-4


def test_the_bound_needs_a_generator_with_an_encoder(gan):
    with pytest.raises(ValueError, match="Expected a `gan_keras.networks.EncodedTableGenerator`"):
        gan.compile(auxiliary=[VariationalBound()])
    pytest.raises(ValueError, VariationalBound, reconstruction_weight=0).match("reconstruction_weight=0. Expected more than 0")


def test_a_table_of_numbers_or_of_categories_alone_is_trained_and_generated():
    number = Table("n", table().columns[:1], table().cells[:, :1], {})
    gan = TablePreset(loss="non_saturating", **TINY).build(number)
    gan.run_eagerly = True
    gan.fit(batches(gan, number, 2), epochs=1, verbose=0)
    assert isinstance(gan, TableGAN) and gan.generate(3)["number"].shape == (3,) and gan.score(number.cells[:2]).shape == (2,)
    pytest.raises(ValueError, gan.generate, 1, labels=["number=1"]).match("Expected")
    part = Table("c", table().columns[1:], table().cells[:, 1:], {})
    gan = TablePreset(loss="non_saturating", **TINY).build(part)
    gan.run_eagerly = True
    gan.fit(batches(gan, part, 2), epochs=1, verbose=0)
    assert list(gan.generate(3, labels=["kind=low"] * 3)["kind"]) == ["low"] * 3


def test_settings_out_of_range_are_errors():
    for name, value, words in (
        ("batch_size", "25", "Expected a batch of whole packs"),
        ("network", "gan", "one of vaegan, ctgan, tvae"),
        ("conditional", "False", "rows can always be conditioned"),
        ("most_slots", "1", "at least 2"),
        ("temperature", "0", "more than 0"),
        ("bound_weight", "-1", "at least 0"),
    ):
        pytest.raises(ValueError, presets.with_settings, presets.get("table", "tiny"), {name: value}).match(words)


def test_inputs_of_an_export_have_names_that_begin_with_a_letter_and_differ():
    for names in (["a b", "a-b", "a_b_1"], ["1st", "$", "_x"], ["a", "A", "\u7a0e", "\u91d1"]):
        codec = types.SimpleNamespace(learned=[NumberColumn(name) for name in names])
        found = TableGAN.input_names.fget(types.SimpleNamespace(codec=codec))
        assert len({name.lower() for name in found}) == len(names)
        assert all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name) for name in found), found
