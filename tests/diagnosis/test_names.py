"""Messages about unknown names: they say what was probably meant."""

import pytest

from gan_keras import augmentation, data, feedback, losses, optimizers, presets
from gan_keras.data.files import check_is_file
from gan_keras.data.table.types import check_types
from gan_keras.diagnosis.names import choice_of, closest
from gan_keras.modalities import get as get_modality
from gan_keras.runs.default_callbacks import check_tracker
from gan_keras.training import devices

TINY = presets.get("image", "tiny")


def test_a_name_that_resembles_some_is_asked_about_and_all_are_listed():
    known = ["minimax", "hinge", "least_squares"]
    assert choice_of("hing", known) == "Did you mean 'hinge'? Expected one of minimax, hinge, least_squares"
    assert choice_of("wgan", known) == "Expected one of minimax, hinge, least_squares"
    assert choice_of(3, known) == "Expected one of minimax, hinge, least_squares"


def test_case_does_not_count_and_the_closest_name_comes_first():
    assert closest("DCGAN", ["vgan", "dcgan", "r3gan"])[0] == "dcgan"
    assert closest("income=50k", ["age=50", "income=>50K", "income=<=50K"])[0] == "income=>50K"


def test_of_hundreds_of_names_the_first_and_the_last_are_listed():
    message = choice_of("label_41x", [f"label_{number}" for number in range(500)])
    assert "Did you mean 'label_41'" in message and len(message) < 500
    assert "label_28, ..., label_499 (500 in all)" in message and "label_29," not in message


@pytest.mark.parametrize(
    ("refused", "meant"),
    [
        (lambda: get_modality("imgae"), "'image'"),
        (lambda: presets.get("images", "tiny"), "'image'"),
        (lambda: presets.get("image", "dc_gan"), "'dcgan'"),
        (lambda: presets.with_settings(TINY, {"batchsize": "3"}), "'batch_size'"),
        (lambda: presets.with_settings(TINY, {"network": "DCGAN"}), "'dcgan'"),
        (lambda: presets.with_settings(TINY, {"augmentation": "adaptve"}), "'adaptive'"),
        (lambda: presets.with_settings(TINY, {"generator_optimizer": "adm"}), "'adam'"),
        (lambda: presets.with_settings(presets.get("image", "default"), {"penalties.0.intervall": 2}), "'penalties.0.interval'"),
        (lambda: losses.get("hing"), "'hinge'"),
        (lambda: augmentation.get("color"), "'colour'"),
        (lambda: feedback.get("gumbel"), "'gumbel_softmax'"),
        (lambda: optimizers.get_pair("adam", "addam"), "'adam'"),
        (lambda: devices.get("mirored"), "'mirrored'"),
        (lambda: check_tracker("tensorbord"), "'tensorboard'"),
        (lambda: data.load("digits", modality="imgae"), "'image'"),
        (lambda: data.load_table("wine").index("alcohl"), "'alcohol'"),
        (lambda: check_types({"agee": "number"}, ["age", "income"]), "'age'"),
        (lambda: check_types({"age": "nubmer"}, ["age", "income"]), "'number'"),
    ],
)
def test_unknown_names_are_errors_that_name_what_was_meant(refused, meant):
    with pytest.raises(ValueError, match=f"Did you mean {meant}.*Expected one of"):
        refused()


@pytest.mark.parametrize(
    ("load", "meant"),
    [
        (data.load_images, "digits"),
        (data.load_text, "docstrings"),
        (data.load_audio, "tones"),
        (data.load_videos, "moving_digits"),
        (data.load_table, "breast_cancer"),
        (data.load_series, "sines"),
        (data.load_domains, "inverted_digits"),
        (data.load, "wine"),
    ],
)
def test_a_source_that_is_no_file_but_resembles_a_built_in_name_is_an_error_that_names_it(load, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=rf"no file {meant[:-1]}\. Did you mean {meant}\b"):
        load(meant[:-1])


def test_files_nearby_are_named_with_their_folder(tmp_path):
    (tmp_path / "people.csv").write_text("a\n")
    with pytest.raises(FileNotFoundError, match=rf"Did you mean {tmp_path / 'people.csv'}\? Tables: wine, iris\."):
        check_is_file(tmp_path / "poeple.csv", "Tables", ["wine", "iris"])
