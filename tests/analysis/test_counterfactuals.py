"""Counterfactuals: planted identities are kept, planted labels change what they should, and cells are those that differ."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers

from gan_keras import GAN, CycleGAN, analysis
from gan_keras.analysis.counterfactuals import effect_of
from gan_keras.codecs import ImageCodec
from gan_keras.data import Table
from gan_keras.data.table.columns import CategoryColumn, NumberColumn
from gan_keras.modalities.table.presets import TablePreset
from small_gans import small_gan

COORDINATES = {name: (lambda points, index=index: points[:, index]) for index, name in enumerate(("moved", "kept", "lost"))}


@keras.saving.register_keras_serializable(package="tests")
class Planted(keras.Model):
    """The label moves the first number by 5, leaves the second, and takes the third from latents of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.num_labels = 4, 2

    def call(self, latents, labels=None, training=False):
        label = keras.ops.cast(labels, "float32")
        lost = keras.ops.where(labels == 0, latents[:, 2], latents[:, 3])
        return keras.ops.stack([latents[:, 0] + 5.0 * label, latents[:, 1], lost], axis=1)


@keras.saving.register_keras_serializable(package="tests")
class PlantedJudge(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.num_labels, self.dense = 2, layers.Dense(1)

    def call(self, samples, labels=None, training=False):
        return self.dense(samples)


@pytest.fixture(scope="module")
def planted():
    return GAN(Planted(), PlantedJudge(), label_names=("cat", "dog"))


def test_a_planted_identity_is_kept_and_a_planted_label_changes_what_it_should(planted):
    found = analysis.counterfactuals(planted, n=200, attributes=COORDINATES)
    assert found.labels == ("cat", "dog") and found.cells == () and found.back is None
    np.testing.assert_array_equal(found.samples["dog"], planted.generate(200, labels="dog"))
    moved, kept, lost = (found.effects[name] for name in ("moved", "kept", "lost"))
    np.testing.assert_allclose(moved.between_labels, (5.0, 5.0, 5.0), atol=1e-5)
    np.testing.assert_allclose(moved.kept, (1.0, 1.0, 1.0), atol=1e-5)
    np.testing.assert_allclose(kept.ratio, (0.0, 0.0, 0.0), atol=1e-6)
    np.testing.assert_allclose(kept.kept, (1.0, 1.0, 1.0), atol=1e-6)
    assert lost.kept.low < 0.0 < lost.kept.high and lost.kept.high - lost.kept.low < 0.5
    assert moved.ratio.low > 3.0
    assert kept.between_seeds.mean == pytest.approx(2 / np.pi**0.5, rel=0.15)  # of two normal numbers


def test_effects_are_those_of_loops_over_labels_and_seeds():
    values = [np.array([1.0, 4.0, 2.0, np.nan]), np.array([2.0, 3.0, 0.0, 5.0]), np.array([7.0, 7.5, 9.0, 1.0])]
    effect, seeds = effect_of(values), range(4)
    pairs = list(itertools.combinations(range(3), 2))
    labels = [np.nanmean([abs(values[a][s] - values[b][s]) for a, b in pairs]) for s in seeds]
    within = [np.nanmean([abs(each[s] - each[t]) for each in values for t in seeds if s != t]) for s in seeds]
    assert effect.between_labels.mean == pytest.approx(np.mean(labels))
    assert effect.between_seeds.mean == pytest.approx(np.mean(within))
    jackknife = [np.delete(labels, s).sum() / np.delete(within, s).sum() for s in seeds]
    ratio = sum(labels) / sum(within)
    assert effect.ratio.mean == pytest.approx(4 * ratio - 3 * np.mean(jackknife))
    centred = [each - np.nanmean(each) for each in values]
    same = [np.nanmean([abs(centred[a][s] - centred[b][s]) for a, b in pairs]) for s in seeds]
    pairs = list(itertools.permutations(range(3), 2))
    other = [np.nanmean([abs(centred[a][s] - centred[b][t]) for a, b in pairs for t in seeds if t != s]) for s in seeds]
    jackknife = [np.delete(same, s).sum() / np.delete(other, s).sum() for s in seeds]
    assert effect.kept.mean == pytest.approx(1 - (4 * sum(same) / sum(other) - 3 * np.mean(jackknife)))
    assert effect.kept.low < effect.kept.mean < effect.kept.high


def test_categories_differ_or_not_and_attributes_without_values_have_no_ratio():
    words = [np.array(["a", "b", "a"], object), np.array(["a", "a", "a"], object)]
    effect = effect_of(words)
    assert effect.between_labels.mean == pytest.approx(1 / 3)
    assert effect.between_seeds.mean == pytest.approx(np.mean([(0.5 + 0) / 2, (1 + 0) / 2, (0.5 + 0) / 2]))
    missing = effect_of([np.full(3, np.nan)] * 2)
    assert np.isnan([each.mean for each in missing]).all()


# --- Tables. ---


@pytest.fixture(scope="module")
def table_gan():
    random = np.random.default_rng(0)
    kind = random.integers(0, 3, 300)
    cells = np.stack([(10.0 * kind + random.normal(0, 1.0, 300)).round(1), kind, random.integers(0, 2, 300)], axis=1)
    columns = (
        NumberColumn("number", False, -5.0, 50.0, 1),
        CategoryColumn("kind", False, ("high", "low", "middle")),
        CategoryColumn("kind=of", False, ("x", "y=z")),
    )
    keras.utils.set_random_seed(0)
    preset = TablePreset(loss="non_saturating", width=16, latent_dim=4, pack=2, most_modes=2, batch_size=32, most_slots=4)
    gan = preset.build(Table("a", columns, cells, {}))
    gan.fit(Table("a", columns, cells, {}), epochs=1, verbose=0)
    return gan


def test_cells_that_change_are_those_that_differ_between_rows_of_the_same_latents(table_gan):
    found = analysis.counterfactuals(table_gan, n=12, condition="kind", seed=5)
    assert found.labels == ("kind=high", "kind=low", "kind=middle")
    rows = {label: table_gan.generate(12, seed=5, labels=label, as_frame=False) for label in found.labels}
    expected = [
        (row, label, column, rows["kind=high"][column][row], rows[label][column][row])
        for label in found.labels[1:]
        for row in range(12)
        for column in ("number", "kind=of")
        if rows["kind=high"][column][row] != rows[label][column][row]
    ]
    assert [tuple(cell) for cell in found.cells] == expected and expected
    assert list(found.effects) == ["number", "kind=of"]
    changes = [np.abs(rows[a]["number"] - rows[b]["number"]) for a, b in itertools.combinations(found.labels, 2)]
    assert found.effects["number"].between_labels.mean == pytest.approx(np.mean(changes)) and np.mean(changes) > 0
    assert analysis.counterfactuals(table_gan, n=2).labels == ("kind=of=x", "kind=of=y=z")
    mixed = analysis.counterfactuals(table_gan, n=4, labels=["kind=low", "kind=of=x"])
    first, second = (table_gan.generate(4, labels=label, as_frame=False)["kind"] for label in mixed.labels)
    assert sum(cell.column == "kind" for cell in mixed.cells) == (first != second).sum() > 0


# --- Translation. ---


def conv(factor):
    layer = layers.Conv2D(1, 1, use_bias=False, kernel_initializer=keras.initializers.Constant(factor))
    return keras.Sequential([keras.Input((8, 8, 1)), layer])


def test_a_translation_and_its_way_back_are_compared_with_the_originals():
    judges = tuple(keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)]) for _ in range(2))
    gan = CycleGAN((conv(-1.0), conv(-0.5)), judges, ImageCodec((8, 8, 1)))
    images = np.random.default_rng(0).uniform(size=(6, 8, 8, 1)).astype(np.float32)
    found = analysis.counterfactuals(gan, images=images, attributes={"mean": lambda x: x.mean(axis=(1, 2, 3))})
    np.testing.assert_allclose(found.samples["original"], images, atol=1e-6)
    np.testing.assert_allclose(found.samples["translated"], 1.0 - images, atol=1e-6)
    np.testing.assert_allclose(found.back, 0.5 + (images - 0.5) / 2, atol=1e-6)
    assert found.back_error.mean == pytest.approx(np.abs(images - 0.5).mean() / 2, rel=1e-5)
    means = images.mean(axis=(1, 2, 3))
    assert found.effects["mean"].between_labels.mean == pytest.approx(np.abs(2 * means - 1).mean(), rel=1e-4)
    pytest.raises(ValueError, analysis.counterfactuals, gan).match("Expected `images` of domain 'a'")
    pytest.raises(ValueError, analysis.counterfactuals, gan, images=images[:1]).match("Expected at least 2")
    pytest.raises(ValueError, analysis.counterfactuals, gan, images=images, direction="a_to_c").match("a_to_b")


def test_wrong_use_is_an_error_that_names_what_works(planted, table_gan):
    pytest.raises(ValueError, analysis.counterfactuals, small_gan()).match("take no labels.*`analysis.Directions`")
    pytest.raises(ValueError, analysis.counterfactuals, planted, n=1).match("n=1. Expected at least 2")
    pytest.raises(ValueError, analysis.counterfactuals, planted, labels=["cat"]).match("at least two different")
    pytest.raises(ValueError, analysis.counterfactuals, planted, labels=["cat", "cat"]).match("at least two different")
    pytest.raises(ValueError, analysis.counterfactuals, planted, labels=["cat", "dgo"]).match("Did you mean 'dog'")
    pytest.raises(ValueError, analysis.counterfactuals, planted, condition="a").match("only tables have conditions")
    pytest.raises(ValueError, analysis.counterfactuals, planted, images=np.zeros((2, 3))).match("Expected `images=None`")
    pytest.raises(ValueError, analysis.counterfactuals, table_gan, condition="number").match("only categories are conditions")
    pytest.raises(ValueError, analysis.counterfactuals, table_gan, labels=["kind=lwo", "kind=low"]).match(
        "Did you mean 'kind=low'"
    )
    both = {"labels": ["kind=low", "kind=high"], "condition": "kind"}
    pytest.raises(ValueError, analysis.counterfactuals, table_gan, **both).match("Expected one of them")
