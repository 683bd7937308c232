"""Edits: latents move along directions, and the rest of a sample stays; directions are saved; older subclasses still work."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

import gan_keras
from edited_gans import columns_of, image_gan, labelled_gan, series_gan, table_gan, text_gan
from gan_keras import networks, noise
from gan_keras.gans.table_gan import TableGAN
from gan_keras.training.fingerprint import identity_of
from refusals import refused

MAKERS = {"image": image_gan, "labelled": labelled_gan, "series": series_gan, "table": table_gan, "text": text_gan}


@pytest.fixture(scope="module")
def gans():
    return {name: make() for name, make in MAKERS.items()}


@pytest.fixture(scope="module")
def gan(gans):
    return gans["image"]


@pytest.fixture(params=list(MAKERS))
def each(gans, request):
    """A GAN of each modality in turn."""
    return gans[request.param]


def assert_same(gan, one, other):
    one, other = columns_of(gan, one), columns_of(gan, other)
    assert list(one) == list(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def share_changed(gan, one, other):
    """Share of values that differ by more than rounding."""
    one, other = columns_of(gan, one), columns_of(gan, other)
    different = [
        one[name] != other[name] if one[name].dtype.kind in "OU" else abs(one[name] - other[name]) > 0.11 for name in one
    ]
    return np.mean([each.mean() for each in different])


def test_a_strength_of_0_changes_no_bit(each):
    plain = each.generate(20, seed=3)
    for edits in ({0: 0.0}, {}, {1: 0, 2: -0.0}, np.zeros(each.latent_dim)):
        assert_same(each, each.generate(20, seed=3, edits=edits), plain)


def test_an_edit_changes_samples_and_a_tiny_one_changes_none_of_their_further_draws(each):
    plain = each.generate(100, seed=3)
    assert share_changed(each, each.generate(100, seed=3, edits={0: 3.0}), plain) > 0.1
    assert share_changed(each, each.generate(100, seed=3, edits={0: 1e-5}), plain) < 0.01


def test_a_dictionary_is_the_sum_of_its_directions_and_an_array_may_differ_per_sample(each):
    first, second, _ = each.directions
    shift = 2.0 * first - 1.0 * second
    edited = each.generate(3, seed=5, edits={0: 2.0, 1: -1.0})
    assert_same(each, each.generate(3, seed=5, edits=shift), edited)
    assert_same(each, each.generate(3, seed=5, edits=np.stack([shift] * 3).tolist()), edited)
    per_sample = columns_of(each, each.generate(2, seed=5, edits=np.stack([0 * shift, shift])))
    plain, edited = columns_of(each, each.generate(1, seed=5)), columns_of(each, edited)
    for name, values in per_sample.items():
        np.testing.assert_array_equal(values[0], plain[name][0])
        np.testing.assert_array_equal(values[1], edited[name][1])


def test_batching_never_changes_an_edited_sample(each):
    many = columns_of(each, each.generate(300, seed=0, edits={0: 1.5, 2: -0.5}))
    for seed in (0, 7, 255, 256, 299):
        alone = columns_of(each, each.generate(1, seed=seed, edits={0: 1.5, 2: -0.5}))
        for name, values in many.items():
            np.testing.assert_array_equal(alone[name][0], values[seed])


def test_images_are_those_of_the_moved_latents(gans):
    seeds = tf.range(4, 9, dtype=tf.int64)
    for name, labels in (("image", None), ("labelled", [2, 0, 1, 1, 2])):
        gan = gans[name]
        latents = gan.latents_from(seeds)
        given = {} if labels is None else {"labels": labels}
        for truncation, start in ((None, latents), (0.5, noise.truncated(latents, 0.5))):
            moved = start + 2.5 * gan.directions[1]
            expected = gan.codec.decode(gan.ema_generator(moved, *(() if labels is None else (tf.constant(labels),))))
            edited = gan.generate(5, seed=4, truncation=truncation, edits={1: 2.5}, **given)
            np.testing.assert_allclose(edited, expected, atol=1e-6)
            direct = gan.samples_from_latents(start, labels and tf.constant(labels), tf.constant([2.5 * gan.directions[1]] * 5))
            np.testing.assert_allclose(direct, expected, atol=1e-6)


def test_labels_stay(gans):
    labelled, table = gans["labelled"], gans["table"]
    blue = labelled.generate(3, labels="blue", edits={0: 2.0})
    np.testing.assert_array_equal(blue, labelled.generate(3, labels=[0, 0, 0], edits={0: 2.0}))
    assert (blue != labelled.generate(3, labels="red", edits={0: 2.0})).any()
    assert (table.generate(200, labels="many=v3", edits={0: 6.0})["many"] == "v3").all()


def test_text_is_edited_after_a_prompt_and_among_drafts(gans):
    gan = gans["text"]
    word = gan.generate(1, seed=0)[0].split()[0]
    lines = gan.generate(30, prompt=word, edits={0: 3.0})
    assert all(line.startswith(word) for line in lines)
    assert lines != gan.generate(30, prompt=word)
    drafts = gan.generate(10, candidates=3, choice="likeliest", edits={0: 3.0})
    assert drafts != gan.generate(10, candidates=3, choice="likeliest")
    np.testing.assert_array_equal(drafts[4:5], gan.generate(1, seed=4, candidates=3, choice="likeliest", edits={0: 3.0}))


@pytest.mark.parametrize("strength", [6.5, -7, float("nan"), float("inf"), "2", None, [1.0], 1j])
def test_a_strength_out_of_range_is_an_error(gan, strength):
    refused(r"the strength .* for direction 1. Expected deviations from -6 to 6: beyond", gan.generate, 2, edits={1: strength})


@pytest.mark.parametrize("direction", [3, -1, "0", 1.0, None, float("nan")])
def test_a_direction_that_does_not_exist_is_an_error(gan, direction):
    refused("Got an edit of direction .*. Expected one from 0 to 2", gan.generate, 2, edits={direction: 1.0})


@pytest.mark.parametrize("edits", [1.0, [1.0] * 3, [[1.0] * 4] * 3, [np.nan] * 4, ["a"] * 4, {1}, "slant"])
def test_an_array_of_another_shape_or_kind_is_an_error(gan, edits):
    refused(r"Expected finite numbers, .* of shape \(4,\) or \(2, 4\), or a dictionary", gan.generate, 2, edits=edits)


def test_edits_without_directions_or_with_conditions_of_a_table_or_without_latents_are_errors(gans):
    plain = gan_keras.GAN(gans["image"].generator, gans["image"].discriminator)
    refused("no directions to edit along. Expected `gan_keras.analysis.Directions.fit", plain.generate, edits={0: 1.0})
    refused("no directions to edit along", plain.signatures, edit=True)
    conditions = {"labels": {"kind": "low"}, "edits": {0: 1.0}}
    refused("a dictionary of labels.* With edits, expected a label such as", gans["table"].generate, 2, **conditions)
    pairs = gan_keras.Pix2Pix(networks.Pix2PixGenerator((8, 8, 1), 2, 2), networks.PatchGANDiscriminator((8, 8, 2), 2, 1))
    refused("edit=True for a Pix2Pix, which has no latents", pairs.signatures, edit=True)


def test_directions_are_checked_and_new_ones_have_no_names(gan):
    before = gan.directions
    for wrong in (np.zeros(4), np.zeros((0, 4)), np.zeros((2, 3)), [[np.nan] * 4]):
        refused(r"Expected finite numbers of shape \(num, 4\)", setattr, gan, "directions", wrong)
    assert gan.directions is before and gan.directions.dtype == np.float32
    gan.direction_names = ["a", "b"]
    refused("Got 2 `direction_names` for 3 directions", gan.generate, edits={0: 1.0})
    gan.directions = before.copy()
    assert gan.direction_names is None and gan.model_card()["directions"] == ["0", "1", "2"]


@pytest.mark.parametrize("name", ["labelled", "table", "text"])
def test_directions_and_their_names_are_saved(gans, name, tmp_path):
    gan = gans[name]
    gan.direction_names = ["slant", "ink", "größe"]
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras", compile=False)
    np.testing.assert_array_equal(loaded.directions, gan.directions)
    assert list(loaded.direction_names) == loaded.model_card()["directions"] == ["slant", "ink", "größe"]
    assert_same(gan, loaded.generate(5, edits={1: 2.0}), gan.generate(5, edits={1: 2.0}))


def test_weights_that_were_set_are_saved_before_any_sample_is_made(tmp_path):
    gan = image_gan()
    gan.generator.set_weights([weight + 0.5 for weight in gan.generator.get_weights()])
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras", compile=False)
    np.testing.assert_array_equal(loaded.generate(3), gan.generate(3))


@pytest.mark.parametrize("name", ["image", "table", "text"])
def test_files_without_directions_load(name):
    loaded = keras.saving.load_model(pathlib.Path(__file__).parents[1] / "files_of_0_1" / f"{name}.keras", compile=False)
    assert loaded.directions is None and "directions" not in loaded.model_card()
    assert "directions" not in loaded.get_config()
    changed = loaded.generate(20, edits=np.full(loaded.latent_dim, 1.0))
    assert share_changed(loaded, changed, loaded.generate(20)) > 0


def test_directions_do_not_make_a_training_another_one():
    gan = image_gan()
    gan.compile()
    with_directions = identity_of(gan, {})
    gan.direction_names = ["a", "b", "c"]
    assert identity_of(gan, {}) == with_directions
    gan.directions = None
    assert identity_of(gan, {}) == with_directions


class OfBefore(gan_keras.GAN):
    """Methods with the arguments that they had before there were edits."""

    @tf.function(reduce_retracing=True)
    def make_samples(self, seeds, labels=None, truncation=None):
        return 0.5 * super().make_samples(seeds, labels, truncation)

    def samples_from_latents(self, latents, label=None):
        return 0.5 * super().samples_from_latents(latents, label)

    def signatures(self, score=False):
        return super().signatures(score)


class TableOfBefore(TableGAN):
    @tf.function(reduce_retracing=True)
    def make_samples(self, seeds, labels=None, truncation=None):
        return 2.0 * super().make_samples(seeds, labels, truncation)


def test_a_subclass_whose_methods_know_no_edits_still_generates_and_exports(gans, tmp_path, capsys):
    gan, plain = image_gan(kind=OfBefore), gans["image"]
    np.testing.assert_array_equal(gan.generate(3, seed=1), 0.25 * plain.generate(3, seed=1))
    np.testing.assert_array_equal(gan.generate(3, truncation=0.5), 0.25 * plain.generate(3, truncation=0.5))
    version = gan.export(tmp_path / "a")
    assert "with the signatures serving_default, latents, generate, encoded." in capsys.readouterr().out
    served = tf.saved_model.load(version).signatures["generate"](seed=tf.range(1, 4, dtype=tf.int64))
    np.testing.assert_allclose(served["image"], gan.generate(3, seed=1), atol=1e-6)
    with pytest.raises(TypeError, match="unexpected keyword argument 'edit'"):
        gan.export(tmp_path / "a", edit=True)
    with pytest.raises(TypeError, match="unexpected keyword argument 'shifts'"):
        gan.generate(3, edits={0: 1.0})


def test_a_subclass_of_tables_whose_methods_know_no_edits_still_generates(gans):
    table = gans["table"]
    own = TableOfBefore(table.generator, table.discriminator, table.codec)
    own.ema_generator.set_weights(table.ema_generator.get_weights())
    np.testing.assert_array_equal(own.generate_cells(5, seed=2), 2.0 * table.generate_cells(5, seed=2))
