"""The pairs of video networks: shapes, labels, motion, training, saving."""

import keras
import numpy as np
import pytest

from gan_keras import GAN, losses, networks, noise, penalties
from gan_keras.networks.image_base import clip_sizes
from small_gans import assert_labels_matter, assert_trains_and_loads, awaken

SHAPE, LATENTS = (4, 12, 12, 1), 14
LABELS = np.array([0, 1, 2, 1], "int32")
each_pair = pytest.mark.parametrize("name", ["VGAN", "MoCoGAN"])


def pair(name, shape=SHAPE, num_labels=0, latent_dim=LATENTS, **options):
    keras.utils.set_random_seed(4)
    sizes = {"width": 3, "num_labels": num_labels}
    if name == "MoCoGAN":
        options = {"motion_dim": 2, **options}
    generator = getattr(networks, f"{name}Generator")(shape, latent_dim, **sizes, **options)
    return generator, getattr(networks, f"{name}Discriminator")(shape, **sizes)


def latents(num=4, latent_dim=LATENTS):
    return noise.normal(np.arange(num), latent_dim)


def test_sizes_halve_down_to_three_or_four_pixels_and_frames_while_they_are_even():
    assert clip_sizes((12, 24, 24, 1)) == ((3, 3), (3, 6), (6, 12), (12, 24))
    assert clip_sizes((16, 32, 32, 3)) == ((2, 4), (4, 8), (8, 16), (16, 32))
    assert clip_sizes((5, 16, 16, 1)) == ((5, 4), (5, 8), (5, 16))
    for shape in ((12, 24, 32, 1), (12, 20, 20, 1), (1, 24, 24, 1), (24, 24, 1)):
        pytest.raises(ValueError, clip_sizes, shape).match("video_shape=")


@each_pair
@pytest.mark.parametrize("shape", [(6, 24, 24, 3), (5, 16, 16, 1)])
def test_the_discriminator_reads_the_generators_clips(name, shape):
    generator, discriminator = pair(name, shape, latent_dim=30)
    clips = generator(latents(2, 30))
    assert clips.shape == (2, *shape) and discriminator(clips).shape == (2, 1)
    assert 0 < np.abs(clips).max() <= 1
    pytest.raises(ValueError, discriminator, clips[:, :4]).match("incompatible")


@each_pair
def test_labels_change_samples_and_logits_and_the_rest_of_the_batch_does_not(name):
    generator, discriminator = pair(name, num_labels=3)
    assert_labels_matter(generator, discriminator, latents(), LABELS)
    pytest.raises(ValueError, pair(name)[0], latents(), LABELS).match("num_labels=0")


@pytest.mark.parametrize("name", ["VGAN", pytest.param("MoCoGAN", marks=pytest.mark.slow)])
def test_training_reaches_all_weights_and_a_loaded_gan_makes_the_same_clips(name, tmp_path):
    gan = GAN(*pair(name, num_labels=3))
    gan.compile(loss=losses.RelativisticPaired(), penalties=[penalties.R1()] if name == "MoCoGAN" else [], run_eagerly=True)
    clips = np.random.default_rng(0).uniform(-1, 1, (8, *SHAPE)).astype("float32")
    assert_trains_and_loads(gan, clips, np.tile(LABELS, 2), tmp_path)


def test_motion_latents_change_frames_from_their_time_on_and_content_changes_all():
    generator, _ = pair("MoCoGAN")  # 2 numbers of the state, 2 for each of 4 frames, 4 of the content
    generator(latents(1))
    awaken(generator)
    base = latents(1).numpy()
    changed = base.copy()
    changed[0, 2 + 2 * 2] += 3.0  # the noise of frame 2
    moved = np.abs(generator(changed) - generator(base)).max(axis=(0, 2, 3, 4))
    assert (moved[:2] == 0).all() and (moved[2:] > 1e-4).all()
    changed = base.copy()
    changed[0, -1] += 3.0
    assert (np.abs(generator(changed) - generator(base)).max(axis=(0, 2, 3, 4)) > 1e-4).all()


def test_without_motion_every_frame_is_the_same():
    generator, _ = pair("MoCoGAN", motion_dim=0)
    clips = generator(latents(3)).numpy()
    np.testing.assert_array_equal(clips, np.repeat(clips[:, :1], 4, axis=1))
    assert np.abs(clips[0] - clips[1]).max() > 0


def test_the_discriminator_sees_the_order_of_frames():
    _, discriminator = pair("MoCoGAN")
    clips = np.random.default_rng(0).uniform(-1, 1, (2, *SHAPE)).astype("float32")
    discriminator(clips)
    awaken(discriminator)
    swapped = clips[:, [2, 1, 0, 3]]
    frames, others = (discriminator.features_of_frames(each, training=False) for each in (clips, swapped))
    np.testing.assert_allclose(others, frames, rtol=1e-4, atol=1e-5)
    assert np.abs(discriminator(swapped) - discriminator(clips)).min() > 1e-3


def test_motion_that_leaves_no_content_and_more_frames_than_a_clip_has_are_refused():
    for options in [{"motion_dim": 3, "latent_dim": 15}, {"motion_dim": -1}]:
        pytest.raises(ValueError, pair, "MoCoGAN", **options).match("raise latent_dim")
    pytest.raises(ValueError, networks.MoCoGANDiscriminator, SHAPE, num_frames=5).match("num_frames=5 for clips of 4 frames")
