"""Presets of images: networks, checks, and changes as text."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from gan_keras import augmentation, codecs, losses, penalties, presets
from gan_keras.data import load_images
from gan_keras.modalities.preset import make_update

PAPERS = ("mlp", "dcgan", "wgan_gp", "sngan", "biggan", "r3gan")


def small(name):
    return presets.with_settings(presets.get("image", name), {"width": "2", "latent_dim": "4"})


def test_the_presets_of_the_papers_are_there_with_their_numbers():
    assert {*PAPERS, "default", "private", "tiny"} == set(presets.names("image"))
    dcgan, wgan_gp, biggan = (presets.get("image", name) for name in ("dcgan", "wgan_gp", "biggan"))
    assert (dcgan.generator_learning_rate, dcgan.beta_1, dcgan.loss) == (2e-4, 0.5, "non_saturating")
    assert (wgan_gp.discriminator_steps, wgan_gp.penalties[0]["config"]["gamma"], wgan_gp.beta_1) == (5, 10.0, 0.0)
    assert (biggan.generator_learning_rate, biggan.discriminator_learning_rate) == (1e-4, 4e-4)
    default, r3gan = presets.get("image", "default"), presets.get("image", "r3gan")
    assert (default.network, r3gan.network) == ("dcgan", "r3gan")
    for preset, gamma in ((default, 0.1), (r3gan, 1.0)):
        gan = dataclasses.replace(preset, width=2).build((16, 16, 1))
        assert isinstance(gan.adversarial_loss, losses.RelativisticPaired)
        assert [(type(each.penalty).__name__, each.penalty.gamma) for each in gan.penalties] == [("R1", gamma), ("R2", gamma)]


@pytest.mark.parametrize("name", PAPERS)
def test_every_preset_goes_through_json_and_builds_a_pair(name):
    preset = presets.ImagePreset.from_config(json.loads(json.dumps(small(name).to_config())))
    assert preset == small(name)
    gan = preset.build((16, 16, 1), num_labels=0 if name == "mlp" else 3, seed=5)
    assert isinstance(gan.codec, codecs.ImageCodec) and gan.codec.image_shape == (16, 16, 1) and gan.seed == 5
    assert getattr(gan.discriminator, "num_labels", 0) == (0 if name == "mlp" else 3)
    assert type(gan.adversarial_loss) is type(losses.get(preset.loss))
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(preset.generator_learning_rate)
    assert gan.discriminator_optimizer.beta_1 == preset.beta_1


def test_labels_of_the_data_condition_the_networks_unless_the_preset_says_no():
    images, preset = load_images("digits"), presets.get("image", "tiny")
    assert preset.build(images).generator.num_labels == 10
    preset.conditional = False
    assert preset.build(images).generator.num_labels == 0


def test_two_builds_share_no_state():
    preset = presets.with_settings(small("wgan_gp"), {"augmentation": "diff"})
    first, second = preset.build((16, 16, 1)), preset.build((16, 16, 1))
    assert first.penalties[0].seed_generator is not second.penalties[0].seed_generator
    assert isinstance(first.augmentation, augmentation.DiffAugment) and first.augmentation is not second.augmentation


def test_penalties_can_be_objects():
    preset = small("dcgan")
    preset.penalties = [penalties.R1(gamma=0.25)]
    assert presets.ImagePreset.from_config(preset.to_config()).build((16, 16, 1)).penalties[0].gamma == 0.25


def test_settings_reach_into_penalties_optimizers_and_lazy_penalties():
    changes = {"penalties.0.gamma": "0.5", "generator_optimizer": "rmsprop", "generator_options": "{'rho': 0.8}"}
    gan = presets.with_settings(small("wgan_gp"), {**changes, "discriminator_options.beta_2": "0.75"}).build((16, 16, 1))
    assert [penalty.gamma for penalty in gan.penalties] == [0.5]
    assert isinstance(gan.generator_optimizer, keras.optimizers.RMSprop) and gan.generator_optimizer.rho == 0.8
    assert gan.discriminator_optimizer.beta_2 == 0.75
    with pytest.raises(ValueError, match="'penalties.0.delta'.*gamma"):
        presets.with_settings(presets.get("image", "wgan_gp"), {"penalties.0.delta": "1"})
    changed = presets.with_settings(presets.get("image", "default"), {"penalties.1.penalty.gamma": "2.5"})
    gammas = [penalty["config"]["penalty"]["config"]["gamma"] for penalty in changed.penalties]
    assert gammas == [0.1, 2.5]
    with pytest.raises(ValueError, match="There is no setting 'penalties.1.penalty.strength'"):
        presets.with_settings(changed, {"penalties.1.penalty.strength": "1"})


def test_optimizers_work_by_name_and_refuse_other_arguments_before_training():
    for name in ("adam", "adagrad", "adadelta", "adamax", "rmsprop", "lion", "muon"):
        preset = presets.with_settings(presets.get("image", "dcgan"), {"generator_optimizer": name})
        assert type(preset.optimizer("generator")).__name__.lower() == name
    for options in [{"beta_2": "abc"}, {"no_such": 1}]:
        with pytest.raises(ValueError, match="generator_options=.*Expected arguments of Adam"):
            dataclasses.replace(presets.get("image", "tiny"), generator_options=options).build((16, 16, 1), 0)


def test_sizes_that_the_networks_do_not_generate_are_refused():
    pytest.raises(ValueError, small("dcgan").build, (20, 20, 1)).match(r"\(20, 20, 1\).*--set size=32")
    assert small("mlp").build((20, 12, 1)).codec.image_shape == (20, 12, 1)


def test_a_working_optimizer_is_not_tried_again():
    preset = presets.get("image", "tiny")
    preset.check()
    before = make_update.cache_info().misses
    preset.check()
    assert make_update.cache_info().misses == before
    dataclasses.replace(preset, beta_1=0.123).check()
    assert make_update.cache_info().misses == before + 1  # both players have the same one


def test_an_array_of_images_builds_a_gan_that_trains_on_it():
    images = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 1)).astype(np.uint8)
    for array in (images, images[..., 0], images / 255.0):
        gan = small("mlp").build(array)
        assert gan.codec.image_shape == (16, 16, 1)
        assert gan.fit(array, verbose=0).history["samples"] == [20.0]
