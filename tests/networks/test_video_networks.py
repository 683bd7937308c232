"""The pairs of video networks: shapes, labels, motion, training, saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import GAN, losses, networks, noise, penalties
from gan_keras.networks.image_base import clip_sizes

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


def awaken(network):
    """Changes all weights: layers that start near zero hide the layers before them."""
    for index, weight in enumerate(network.trainable_weights):
        weight.assign_add(0.3 * np.random.default_rng(index).normal(size=weight.shape))


def test_sizes_halve_down_to_three_or_four_pixels_and_frames_while_they_are_even():
    assert clip_sizes((12, 24, 24, 1)) == ((3, 3), (3, 6), (6, 12), (12, 24))
    assert clip_sizes((16, 32, 32, 3)) == ((2, 4), (4, 8), (8, 16), (16, 32))
    assert clip_sizes((5, 16, 16, 1)) == ((5, 4), (5, 8), (5, 16))
    for shape in ((12, 24, 32, 1), (12, 20, 20, 1), (1, 24, 24, 1), (24, 24, 1)):
        with pytest.raises(ValueError, match="video_shape="):
            clip_sizes(shape)


@each_pair
@pytest.mark.parametrize("shape", [(6, 24, 24, 3), (5, 16, 16, 1)])
def test_the_discriminator_reads_the_generators_clips(name, shape):
    generator, discriminator = pair(name, shape, latent_dim=30)
    clips = generator(latents(2, 30))
    assert clips.shape == (2, *shape) and discriminator(clips).shape == (2, 1)
    assert 0 < np.abs(clips).max() <= 1
    with pytest.raises(ValueError, match="incompatible"):
        discriminator(clips[:, :4])


@each_pair
def test_labels_change_samples_and_logits_and_the_rest_of_the_batch_does_not(name):
    generator, discriminator = pair(name, num_labels=3)
    discriminator(generator(latents(), LABELS), LABELS)
    awaken(generator), awaken(discriminator)
    clips, others = generator(latents(), LABELS).numpy(), generator(latents(), (LABELS + 1) % 3).numpy()
    assert all(np.abs(clip - other).max() > 1e-4 for clip, other in zip(clips, others, strict=True))
    logits, spread = discriminator(clips, LABELS).numpy(), float(np.ptp(discriminator(clips, LABELS)))
    assert np.abs(logits - discriminator(clips, (LABELS + 1) % 3)).min() > 1e-4 * spread
    np.testing.assert_allclose(discriminator(clips[:1], LABELS[:1]), logits[:1], rtol=1e-4, atol=1e-4 * spread)
    with pytest.raises(ValueError, match="Got no labels"):
        generator(latents())
    with pytest.raises(ValueError, match="num_labels=0"):
        pair(name)[0](latents(), LABELS)


@pytest.mark.parametrize("name", ["VGAN", pytest.param("MoCoGAN", marks=pytest.mark.slow)])
def test_training_reaches_all_weights_and_a_loaded_gan_makes_the_same_clips(name, tmp_path):
    gan = GAN(*pair(name, num_labels=3))
    gan.compile(loss=losses.RelativisticPaired(), penalties=[penalties.R1()] if name == "MoCoGAN" else [], run_eagerly=True)
    before = [np.array(weight) for weight in kernels(gan)]
    clips = np.random.default_rng(0).uniform(-1, 1, (8, *SHAPE)).astype("float32")
    gan.fit(tf.data.Dataset.from_tensor_slices((clips, np.tile(LABELS, 2))).batch(8), shuffle=False, verbose=0)
    assert all(np.isfinite(weight).all() for weight in gan.weights)
    assert [weight.path for weight, old in zip(kernels(gan), before, strict=True) if np.array_equal(weight, old)] == []
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras", compile=False)
    np.testing.assert_array_equal(loaded.generate(4, labels=LABELS), gan.generate(4, labels=LABELS))
    np.testing.assert_array_equal(loaded.discriminator(clips), gan.discriminator(clips))
    for network in (gan.generator, gan.discriminator):
        copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(network))
        assert type(copy) is type(network) and copy.get_config() == network.get_config()


def kernels(gan):
    """Trained weights except biases, which have no effect and no gradient before a batch normalisation."""
    trained = (*gan.generator.trainable_weights, *gan.discriminator.trainable_weights)
    return [weight for weight in trained if weight.name not in ("bias", "beta")]


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


@pytest.mark.parametrize("options", [{"motion_dim": 3, "latent_dim": 15}, {"motion_dim": -1}])
def test_motion_that_leaves_no_content_is_refused(options):
    with pytest.raises(ValueError, match="raise latent_dim"):
        pair("MoCoGAN", **options)


def test_judging_more_frames_than_a_clip_has_is_refused():
    with pytest.raises(ValueError, match="num_frames=5 for clips of 4 frames"):
        networks.MoCoGANDiscriminator(SHAPE, num_frames=5)
