"""WaveGAN's networks and phase shuffle: shapes, the papers' sizes, labels, randomness and saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import GAN, networks, noise, penalties
from gan_keras.networks.layers import PhaseShuffle
from gan_keras.networks.wavegan import depth_of

LABELS = np.array([0, 1, 2, 1], "int32")


def pair(length=64, num_labels=0, phase_shuffle=2):
    keras.utils.set_random_seed(2)
    generator = networks.WaveGANGenerator(length, latent_dim=6, width=4, num_labels=num_labels)
    return generator, networks.WaveGANDiscriminator(length, width=4, num_labels=num_labels, phase_shuffle=phase_shuffle)


def latents(num=4):
    return noise.normal(np.arange(num), 6)


def test_the_depth_leads_to_at_most_sixteen_steps_and_an_unreachable_length_is_refused():
    for length, depth in [(16, 1), (64, 1), (128, 2), (4096, 4), (5120, 5), (8192, 5), (16384, 5)]:
        assert depth_of(length) == depth, length
    for length in [1, 15, 65, 4097, 5000]:
        with pytest.raises(ValueError, match=f"length={length}. Expected at least 16 samples, a multiple of"):
            networks.WaveGANGenerator(length)


def test_waveforms_of_16384_samples_have_the_papers_networks():
    generator = networks.WaveGANGenerator(16384, latent_dim=100, width=64)
    assert generator(np.zeros((1, 100), "float32")).shape == (1, 16384, 1)
    assert [each.filters for each in (*generator.ups, generator.to_waveform)] == [512, 256, 128, 64, 1]
    assert generator.project.units == 16 * 1024
    discriminator = networks.WaveGANDiscriminator(16384)
    assert [each.filters for each in discriminator.downs] == [64, 128, 256, 512, 1024]
    assert len(discriminator.shuffles) == 4


def test_stereo_has_a_channel_more_in_the_last_and_the_first_convolution_and_mono_configs_are_as_before():
    generator = networks.WaveGANGenerator(64, latent_dim=6, width=4, channels=2)
    waveforms = generator(latents())
    assert waveforms.shape == (4, 64, 2)
    assert networks.WaveGANDiscriminator(64, width=4, channels=2)(waveforms).shape == (4, 1)
    assert [("channels" in each.get_config(), each.channels) for each in (generator, *pair())] == [
        (True, 2),
        (False, 1),
        (False, 1),
    ]


def test_labels_change_waveforms_and_logits():
    generator, discriminator = pair(num_labels=3)
    waveforms = generator(latents(), LABELS).numpy()
    assert waveforms.shape == (4, 64, 1) and np.abs(waveforms).max() <= 1
    others = generator(latents(), (LABELS + 1) % 3).numpy()
    assert np.abs(waveforms - others).max(axis=(1, 2)).min() > 0
    logits = discriminator(waveforms, LABELS).numpy()
    assert np.abs(logits - discriminator(waveforms, (LABELS + 1) % 3)).min() > 0
    pytest.raises(ValueError, generator, latents()).match("Got no labels")
    pytest.raises(ValueError, pair()[1], waveforms, LABELS).match("num_labels=0")


def test_phase_shuffle_shifts_each_row_and_fills_by_reflection():
    rows = np.tile(np.arange(8.0, dtype="float32")[None, :, None], (60, 1, 2))
    layer = PhaseShuffle(2, seed=5)
    shuffled = layer(rows, training=True).numpy()
    expected = {
        -2: [2, 3, 4, 5, 6, 7, 6, 5],
        -1: [1, 2, 3, 4, 5, 6, 7, 6],
        0: [0, 1, 2, 3, 4, 5, 6, 7],
        1: [1, 0, 1, 2, 3, 4, 5, 6],
        2: [2, 1, 0, 1, 2, 3, 4, 5],
    }
    found = {tuple(row[:, 0]) for row in shuffled}
    assert found == {tuple(map(float, row)) for row in expected.values()}
    np.testing.assert_array_equal(shuffled[..., 0], shuffled[..., 1])
    np.testing.assert_array_equal(layer(rows), rows)
    assert not np.array_equal(layer(rows, training=True), shuffled)  # another draw
    np.testing.assert_array_equal(PhaseShuffle(2, seed=5)(rows, training=True), shuffled)
    pytest.raises(ValueError, PhaseShuffle, -1).match("most=-1")


@pytest.mark.slow
def test_a_loaded_gan_continues_training_exactly(tmp_path):
    waveforms = np.sin(np.arange(128) * np.linspace(0.1, 1.0, 16)[:, None])[..., None].astype("float32")
    batches = tf.data.Dataset.from_tensor_slices((waveforms, np.arange(16) % 3)).batch(8)
    gan = GAN(*pair(128, num_labels=3), seed=1)
    gan.compile(loss="wasserstein", penalties=[penalties.GradientPenalty()])
    gan.fit(batches, epochs=1, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(loaded.generate(3), gan.generate(3))
    for each in (gan, loaded):
        each.fit(batches, epochs=1, verbose=0)
    for weight, other in zip(gan.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(weight, other)
