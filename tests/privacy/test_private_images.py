"""Private GANs of images: a preset that begins from noised moments, whole runs beside their private baseline, and refusals."""

import json

import numpy as np
import pytest

import gan_keras
import whole_runs as runs
from command_line import call
from command_line import refused as command_refused
from gan_keras.data import load_images
from gan_keras.media.images import write_images
from gan_keras.modalities.image import evaluation
from gan_keras.networks import MLPDiscriminator, MLPGenerator, MomentsGenerator
from gan_keras.presets import get, with_settings
from gan_keras.privacy import NoisedMoments
from gan_keras.runs.files import Run
from refusals import refused

NUM = 90
SMALL = {"width": 8, "latent_dim": 3, "batch_size": 16, "epochs": 2, "steps_per_epoch": 3, "discriminator_steps": 2}


def stripes(num=NUM, seed=0):
    """Images of 4 x 4 of three labels: a bright column at the label's place, of random brightness."""
    random = np.random.default_rng(seed)
    labels = np.arange(num) % 3
    images = random.integers(0, 40, (num, 4, 4, 1))
    images[np.arange(num), :, labels + 1] = random.integers(150, 250, (num, 1, 1))
    return images.astype(np.uint8), labels


def private(**changes):
    return with_settings(get("image", "private"), {**SMALL, "epsilon": 8.0, **changes})


@pytest.fixture(scope="module")
def images():
    levels, labels = stripes()
    return load_images(levels, labels=labels)


@pytest.fixture
def told(monkeypatch):
    """The noise of a private training is told, not calibrated: whole runs do that."""
    monkeypatch.setattr("gan_keras.privacy.differential_privacy.noise_multiplier_for", lambda *_: 1.0)
    monkeypatch.setattr("gan_keras.privacy.noised_moments.noise_multiplier_for", lambda *_: 0.5)
    monkeypatch.setattr("gan_keras.privacy.requirements.epsilon_of", lambda *_: 1.0)


@pytest.fixture(scope="module")
def quick(folder):
    """Judges that are trained in a few steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(folder / "keras"))
        patch.setattr(evaluation, "RECIPE", runs.FEW_STEPS)
        yield


# --- Networks with labels. ---


def test_dense_networks_without_labels_keep_their_configuration_and_weights():
    generator, discriminator = MLPGenerator((4, 4, 1), 3, (5,)), MLPDiscriminator((5,))
    assert not any("num_labels" in each.get_config() for each in (generator, discriminator))
    assert MLPGenerator.from_config(generator.get_config()).label_embedding is None
    generator(np.zeros((2, 3), np.float32)), discriminator(np.zeros((2, 4, 4, 1), np.float32))
    assert [len(each.weights) for each in (generator, discriminator)] == [4, 4]


def test_labels_condition_dense_networks(tmp_path):
    gan = gan_keras.GAN(MLPGenerator((4, 4, 1), 3, (5,), num_labels=3), MLPDiscriminator((5,), num_labels=3))
    assert gan.num_labels == 3
    one, other = (gan.generate(2, seed=0, labels=[label] * 2) for label in (0, 1))
    assert np.abs(one - other).max() > 0
    gan.compile()
    gan.save(tmp_path / "gan.keras")
    np.testing.assert_array_equal(
        gan_keras.load(tmp_path / "gan.keras").generate(2, seed=0, labels=[1, 2]), gan.generate(2, seed=0, labels=[1, 2])
    )
    refused("Got no labels. Expected one per sample", gan.generator, np.zeros((2, 3), np.float32))


def test_a_generator_begins_as_draws_from_noised_moments():
    levels, labels = stripes(3000)
    moments = NoisedMoments(levels / 127.5 - 1, 20.0, 1e-5, labels, 3)
    generator = MomentsGenerator.from_moments(moments, noise_dim=2, units=(4,))
    assert generator.latent_dim == 2 + moments.factors.shape[1]
    latents = np.random.default_rng(0).normal(size=(3000, generator.latent_dim)).astype(np.float32)
    drawn = np.array(generator(latents, labels.astype("int32")))
    assert drawn.shape == levels.shape and np.abs(drawn).max() <= 1 and len(generator.trainable_variables) == 5
    for label in range(3):
        one, other = drawn[labels == label], moments.sample(1000, 0, np.full(1000, label))
        np.testing.assert_allclose(one.mean(axis=0), other.mean(axis=0), atol=0.06)
        assert one.var(axis=0).sum() < 1.1 * other.var(axis=0).sum()
    expected = moments.means[labels] + np.einsum("br,brd->bd", latents[:, 2:], moments.factors[labels])
    np.testing.assert_allclose(drawn.reshape(3000, -1), np.clip(expected, -1, 1), atol=1e-5)


# --- Training. ---


def test_a_preset_trains_privately_and_its_statement_counts_what_was_released(images, capsys):
    preset = private()
    gan = preset.fit(images, verbose=0)
    privacy = gan.privacy
    assert (privacy.train_size, privacy.train_steps, privacy.steps_spent, privacy.delta) == (NUM, 6, 6, 1e-5)
    assert set(privacy.released) == {"moments"} and 7.5 < privacy.epsilon_spent <= 8.0
    assert "moments (noise" in gan.privacy_statement() and gan.label_names == ("0", "1", "2")
    assert gan.generate(3, seed=0, labels=["0", "1", "2"]).shape == (3, 4, 4, 1)


def test_generator_and_labels_do_not_follow_from_other_private_images(images, monkeypatch, told):
    """With the discriminator's updates left out, all weights are equal for two sets of private images."""
    levels, labels = stripes(seed=5)
    others = load_images(255 - levels, labels=np.roll(labels, 1))
    moments = private().release(images)
    monkeypatch.setattr(type(private()), "release", lambda preset, data, num_labels=None: moments)
    monkeypatch.setattr("gan_keras.privacy.differential_privacy.DifferentialPrivacy.train_discriminator", lambda *_: None)
    one, other = (private().fit(data, verbose=0) for data in (images, others))
    for mine, its in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    np.testing.assert_array_equal(one.generate(4, seed=1), other.generate(4, seed=1))


def test_rows_of_a_folder_are_those_of_its_array(tmp_path, told):
    levels, labels = stripes(12)
    for label in range(3):
        write_images(tmp_path / str(label), levels[labels == label])
    folder, preset = load_images(tmp_path), private()
    assert not isinstance(folder.images, np.ndarray)
    read = preset.private_rows(folder)
    pixels, names = read(np.array([1, 5, 11]))
    assert pixels.dtype == np.uint8 and names.tolist() == folder.labels[[1, 5, 11]].tolist()
    np.testing.assert_array_equal(pixels[1], levels[labels == 1][1])
    assert [part.shape for part in read(np.arange(0))] == [(0, 4, 4, 1), (0,)]
    assert preset.fit(folder, epochs=1, verbose=0).privacy.train_size == 12


@pytest.mark.slow
def test_images_without_labels_and_dense_networks_from_scratch_train_privately(images, told):
    assert private(conditional=False).fit(images, epochs=1, verbose=0).num_labels == 0
    changes = {"network": "mlp", "released_share": 0.0}
    gan = private(**changes).fit(images, epochs=1, verbose=0)
    assert gan.num_labels == 3 and not gan.privacy.released and type(gan.generator) is MLPGenerator


# --- Whole runs. ---


@pytest.fixture(scope="module")
def source(folder):
    levels, labels = stripes(240)
    np.savez(folder / "stripes.npz", images=levels, labels=labels)
    return folder / "stripes.npz"


@pytest.fixture(scope="module")
def run(folder, source):
    options = runs.as_options({**SMALL, "quality_every": 0})
    done = call("train", "image", "--data", source, "--out", folder / "run", "--preset", "private", "--epsilon", 10, *options)
    assert done.exit_code == 0, done.output
    return folder / "run"


def test_a_private_run_keeps_its_moments_and_reports_nothing_about_real_images(run):
    moments = NoisedMoments.load(run / "noised_moments.npz")
    assert moments.epsilon == 5.0 and moments.num_classes == 3
    gan = Run(run).load()
    assert gan.privacy.steps_spent == 6 and gan.privacy.released == {"moments": moments.noise_multiplier}
    np.testing.assert_allclose(gan.generator.means, moments.means, atol=1e-6)
    head = (run / "history.csv").read_text().splitlines()[0].split(",")
    assert not {"d_real", "d_accuracy", "d_loss"} & {
        name for name, value in zip(head, (run / "history.csv").read_text().splitlines()[1].split(","), strict=True) if value
    }


def test_a_private_run_is_evaluated_beside_noised_moments_of_its_epsilon(run, quick):
    result = runs.evaluated(run)
    assert {name: each["title"] for name, each in result["samplers"].items()} == {
        "gan": "GAN",
        "baseline": "pixel Gaussian per class",
        "moments": "noised moments, epsilon=10",
    }
    values = {name: each["values"] for name, each in result["samplers"].items()}
    assert all(0 <= each["trained_on"] <= 1 for each in (*values.values(), result["real"]["values"]))
    assert result["real"]["values"]["trained_on"] > 0.9  # the labels can be learned
    assert "noised moments of the same epsilon, the GAN" in result["verdict"][0]
    assert "The GAN beats noised moments" in result["verdict"][-1]


def test_a_private_run_generates_exports_and_reports(run, folder):
    runs.succeeded("generate", run, "-n", 4, "--output", folder / "four.png")
    version = runs.exported(run, folder / "exported")
    runs.succeeded("generate", version, "-n", 2, "--label", "1", "--output", folder / "two.npz")
    assert np.load(folder / "two.npz")["images"].shape == (2, 4, 4, 1)
    assert "Trained with differential privacy" in runs.reported(run) or "epsilon" in runs.reported(run)


def test_a_resumed_run_begins_from_the_moments_that_it_has_paid_for(run, source, folder, monkeypatch):
    options = runs.as_options(SMALL)
    arguments = ("train", "image", "--data", source, "--out", folder / "other", "--preset", "private", *options)
    monkeypatch.setattr("gan_keras.runs.train.Trainer.fit", _interrupted)
    assert call(*arguments).exit_code != 0
    kept = (folder / "other" / "noised_moments.npz").read_bytes()
    monkeypatch.undo()
    monkeypatch.setattr(NoisedMoments, "__init__", _measured_again)
    done = call("train", "image", "--data", source, "--out", folder / "other", "--resume")
    assert done.exit_code == 0, done.output
    assert (folder / "other" / "noised_moments.npz").read_bytes() == kept
    moments = NoisedMoments.load(folder / "other" / "noised_moments.npz")
    np.testing.assert_allclose(Run(folder / "other").load().generator.means, moments.means, atol=1e-6)


def _interrupted(*_):
    raise KeyboardInterrupt


def _measured_again(*_, **__):
    raise AssertionError("The moments were measured again.")


def test_a_long_private_training_is_measured_first(source, folder, told, monkeypatch):
    monkeypatch.setattr("gan_keras.runs.train.LONG_STEPS", 5)
    done = call("train", "image", "--data", source, "--out", folder / "long", "--preset", "private", *runs.as_options(SMALL))
    assert done.exit_code == 0 and "Measuring the duration of a step; at most 6 steps" in done.stdout, done.output
    assert Run(folder / "long").load().privacy.steps_spent == 6


# --- Refusals. ---


@pytest.mark.parametrize(
    ("preset", "changes", "words"),
    [
        ("default", {}, "network='dcgan', whose discriminator mixes.*--preset private"),
        ("r3gan", {}, "loss='relativistic_paired', by which real images reach.*--preset private"),
        ("sngan", {}, "quality_every=5, whose scores compare with private images.*quality_every=0"),
        ("mlp", {"released_share": 0.3}, "network='mlp' with epsilon=3, released_share=0.3.*--preset private"),
        ("private", {"epsilon": 0.0}, "network='moments' with epsilon=0"),
        ("private", {"released_share": 0.0}, "network='moments'.*released_share=0"),
        ("private", {"quality_every": 5}, "quality_every=5"),
    ],
)
def test_fields_that_break_the_guarantee_are_refused_by_name(preset, changes, words):
    refused(words, with_settings, get("image", preset), {"epsilon": 3.0, **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"augmentation": "adaptive"}, "adaptive augmentation"),
        ({"delta": 0.5}, "delta=0.5 for 90 rows. Expected less than 1 / rows"),
    ],
)
def test_what_only_data_and_networks_show_is_refused_before_training(images, changes, words, told):
    refused(words, private(**changes).fit, images, verbose=0)


def test_a_shape_alone_is_refused():
    refused("Got the shape", private().build, (4, 4, 1), num_labels=3)


def test_a_refused_private_run_writes_nothing(source, folder):
    out = folder / "refused"
    line = command_refused("train", "image", "--data", source, "--out", out, "--epsilon", 3)
    assert "--preset private" in line and not out.exists()
    line = command_refused("train", "image", "--data", source, "--out", out, "--preset", "private", "--delta", 0.5)
    assert "delta=0.5" in line and not out.exists()
    assert json.loads((folder / "run" / "config.json").read_text())["preset"]["epsilon"] == 10
