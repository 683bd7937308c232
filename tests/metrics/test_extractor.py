"""The extractor learns, is the same for the same seed, and is trained once."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from gan_keras.metrics import extractor as extractor_module
from gan_keras.metrics.extractor import Extractor, Recipe, RotationTask, hash_of, train_extractor

DIGITS = load_digits()
IMAGES = (DIGITS.images / 8 - 1)[..., np.newaxis].astype(np.float32)
QUICK = Recipe(widths=(16, 32), steps=150, batch_size=32, learning_rate=3e-3)
SHORT = Recipe(widths=(4,), steps=2, batch_size=8)


@pytest.mark.parametrize("labels", [DIGITS.target, None], ids=["labels", "rotations"])
def test_the_extractor_learns_its_task_on_images_held_out(tmp_path, labels):
    extractor = train_extractor(IMAGES, labels, recipe=QUICK, directory=tmp_path)
    assert extractor.held_out_accuracy > 0.7
    outputs = extractor(IMAGES[:3])
    assert outputs["features"].shape == (3, 32)
    assert outputs["logits"].shape == (3, 4 if labels is None else 10)


def test_rotations_are_turned_by_the_quarters_that_are_asked_for():
    generator = np.random.default_rng(0)
    images, turns = RotationTask(IMAGES).batch(np.arange(40), generator)
    assert set(turns) == {0, 1, 2, 3}
    for image, original, turn in zip(images, IMAGES, turns, strict=False):
        upright = image
        for _ in range(turn):  # a quarter back is transposing, then turning the columns around
            upright = upright.transpose(1, 0, 2)[:, ::-1]
        np.testing.assert_array_equal(upright, original)


def test_the_same_seed_gives_the_same_extractor_whatever_was_made_before(tmp_path):
    first = train_extractor(IMAGES[:50], None, 3, SHORT, tmp_path / "a")
    keras.layers.Conv2D(1, 1)
    keras.utils.set_random_seed(99)
    again = train_extractor(IMAGES[:50], None, 3, SHORT, tmp_path / "b")
    other = train_extractor(IMAGES[:50], None, 4, SHORT, tmp_path / "b")
    assert hash_of(first) == hash_of(again) != hash_of(other)


def test_the_second_call_loads_what_the_first_trained(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    first = train_extractor(IMAGES[:50], DIGITS.target[:50], recipe=SHORT)
    assert len(list((tmp_path / "gan_keras" / "extractors").glob("*.keras"))) == 1
    monkeypatch.setattr(extractor_module, "_train", None)
    loaded = train_extractor(IMAGES[:50], DIGITS.target[:50], recipe=SHORT)
    assert hash_of(loaded) == hash_of(first)
    assert loaded.held_out_accuracy == first.held_out_accuracy
    np.testing.assert_array_equal(loaded(IMAGES[:5])["features"], first(IMAGES[:5])["features"])


@pytest.mark.parametrize("change", ["images", "labels", "seed", "recipe"])
def test_other_data_seeds_and_recipes_are_trained_anew(tmp_path, monkeypatch, change):
    extractor = Extractor(2, widths=(4,))
    extractor(IMAGES[:1])
    monkeypatch.setattr(extractor_module, "_train", lambda *arguments: extractor)
    call = {"images": IMAGES[:40], "labels": DIGITS.target[:40], "seed": 0, "recipe": SHORT}
    others = {"images": IMAGES[1:41], "labels": DIGITS.target[1:41], "seed": 1, "recipe": Recipe((4,), 3, 8)}
    train_extractor(**call, directory=tmp_path)
    train_extractor(**{**call, change: others[change]}, directory=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_hash_sees_weights_and_architecture_but_not_the_names_that_keras_numbers():
    def network(activation="relu"):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation=activation), keras.layers.Dense(2)])
        model.set_weights([np.full(weight.shape, 0.5) for weight in model.get_weights()])
        return model

    assert hash_of(network()) == hash_of(network()) != hash_of(network("tanh"))
    changed = network()
    changed.set_weights([weight * 2 for weight in changed.get_weights()])
    assert hash_of(changed) != hash_of(network())


def test_training_goes_on_where_nothing_can_be_kept(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.warns(UserWarning, match="The extractor is not kept"):
        assert train_extractor(IMAGES[:50], None, 0, SHORT, tmp_path / "file").held_out_accuracy is not None


def test_wrong_images_and_labels_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"from 0.0 to 16.0. Expected numbers in \[-1, 1\]"):
        train_extractor(DIGITS.images[..., np.newaxis], directory=tmp_path)
    with pytest.raises(ValueError, match=r"shape \(1797, 8, 8\)"):
        train_extractor(DIGITS.images / 16, directory=tmp_path)
    with pytest.raises(ValueError, match="Expected square ones"):
        train_extractor(IMAGES[:, :6], directory=tmp_path)
    with pytest.raises(ValueError, match="one integer for each image"):
        train_extractor(IMAGES, DIGITS.target[:5], directory=tmp_path)
