"""Private GANs of series: public bounds, windows side by side, a run beside its private baseline, and refusals."""

import dataclasses

import numpy as np
import pytest

import whole_runs as runs
from command_line import call
from command_line import refused as command_refused
from gan_keras.codecs import ComponentCodec, SeriesCodec
from gan_keras.data import load_series
from gan_keras.metrics.series import Recipe
from gan_keras.modalities.series import evaluation
from gan_keras.presets import get, with_settings
from gan_keras.privacy import NoisedMoments
from gan_keras.runs.files import Run
from refusals import refused

SMALL = {"width": 8, "latent_dim": 3, "batch_size": 16, "epochs": 2, "steps_per_epoch": 3, "discriminator_steps": 2}
BOUNDS = {"bounds": {"all": [-2.0, 2.0]}}


def waves(num=300, steps=6, seed=0):
    """Series of two columns: a sine of a random phase, and twice its half."""
    random = np.random.default_rng(seed)
    phase = random.uniform(0, 2 * np.pi, (num, 1))
    wave = np.sin(np.arange(steps) / 2 + phase) + 0.05 * random.normal(size=(num, steps))
    return np.clip(np.stack([wave, 1 - wave], axis=2), -2, 2).astype(np.float32)


def private(**changes):
    return with_settings(get("series", "private"), {**SMALL, "length": 6, "stride": 6, "epsilon": 8.0, **BOUNDS, **changes})


@pytest.fixture(scope="module")
def series():
    return load_series(waves(), length=6, stride=6)


def test_a_codec_of_public_ranges_has_read_no_data(series):
    codec = SeriesCodec.of_ranges(("a", "b"), [(-2, 2), (0, 4)], 6)
    scaled = np.array(codec.encode(series.samples()))
    assert not codec.has_read_rows and scaled.shape == (300, 6, 2)
    np.testing.assert_allclose(scaled[..., 0], series.samples()[..., 0] / 2, atol=1e-6)
    np.testing.assert_allclose(codec.decode(scaled), np.clip(series.samples(), [-2, 0], [2, 4]), atol=1e-5)


def test_a_codec_of_moments_decomposes_windows_as_one_that_read_them_all(series):
    ranges = [(-2.0, 2.0)] * 2
    moments = NoisedMoments(series.samples() / 2, 1e3, 1e-5, normal=np.zeros)
    private_codec = ComponentCodec.from_moments(("a", "b"), ranges, 6, moments)
    assert not private_codec.has_read_rows and type(private_codec).from_config(private_codec.get_config()).tensor_shape
    decoded = np.array(private_codec.decode(private_codec.encode(series.samples())))
    np.testing.assert_allclose(decoded, series.samples(), atol=0.2)  # without the noise of single steps
    tensors = np.array(private_codec.encode(series.samples()))
    np.testing.assert_allclose(tensors.std(axis=0)[:2], np.array(private_codec.deviations)[:2], rtol=0.05)


def test_noise_that_hides_all_components_is_an_error(series):
    moments = NoisedMoments(series.samples()[:20] / 2, 0.1, 1e-5)
    moments.factors = moments.factors[:, :0]  # of few numbers, noise alone may seem to have a direction
    refused("hides how windows of 6 steps vary", ComponentCodec.from_moments, ("a", "b"), [(-2, 2)] * 2, 6, moments)


def test_a_preset_trains_privately_on_windows(series):
    gan = private().fit(series, verbose=0)
    assert (gan.privacy.train_size, gan.privacy.steps_spent) == (300, 6) and set(gan.privacy.released) == {"moments"}
    made = gan.generate(200, seed=0, as_frame=False)
    assert made.shape == (200, 6, 2) and np.abs(made).max() <= 2
    assert np.corrcoef(made[..., 0].ravel(), made[..., 1].ravel())[0, 1] < -0.8  # the columns mirror each other


def test_labels_reach_the_discriminator_with_their_rows():
    values = waves(40)
    plain = load_series(values, length=6, stride=6)
    labelled = dataclasses.replace(plain, labels=np.arange(40, dtype=np.int32) % 2, label_names=("even", "odd"))
    windows, labels = private().private_rows(labelled)(np.array([1, 4, 7]))
    np.testing.assert_array_equal(windows, values[[1, 4, 7]])
    assert labels.tolist() == [1, 0, 1]
    assert len(private(conditional=False).private_rows(labelled)(np.array([1]))) == 1


@pytest.fixture(scope="module")
def source(folder):
    np.savez(folder / "waves.npz", series=waves(240), columns=["one", "two"])
    return folder / "waves.npz"


def options(**changes):
    return runs.as_options({**SMALL, "length": 6, "stride": 6, "bounds.one": "[-2,2]", "bounds.two": "[-2, 2]", **changes})


@pytest.fixture(scope="module")
def run(folder, source):
    arguments = ("train", "series", "--data", source, "--out", folder / "run", "--preset", "private", "--epsilon", 10)
    done = call(*arguments, *options())
    assert done.exit_code == 0, done.output
    assert "a row is a window of 6 steps" in done.stdout
    return folder / "run"


@pytest.mark.slow
def test_a_private_run_is_evaluated_generated_exported_and_reported(run, folder, monkeypatch):
    monkeypatch.setattr(evaluation, "RECIPE", Recipe(4, 1, epochs=1))
    result = runs.evaluated(run)
    assert result["samplers"]["moments"]["title"] == "noised moments, epsilon=10"
    assert "The GAN beats noised moments" in result["verdict"][-1]
    assert len(runs.succeeded("generate", run, "-n", 2).splitlines()) == 13
    version = runs.exported(run, folder / "exported")
    assert len(runs.succeeded("generate", version, "-n", 2).splitlines()) == 13
    assert "epsilon" in runs.reported(run)


def test_a_resumed_run_keeps_the_moments_that_it_has_paid_for(run, source, folder, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    def again(*_, **__):
        raise AssertionError("The moments were measured again.")

    arguments = ("train", "series", "--data", source, "--out", folder / "other", "--preset", "private")
    monkeypatch.setattr("gan_keras.runs.train.Trainer.fit", interrupted)
    assert call(*arguments, *options()).exit_code != 0
    monkeypatch.undo()
    monkeypatch.setattr(NoisedMoments, "__init__", again)
    done = call("train", "series", "--data", source, "--out", folder / "other", "--resume")
    assert done.exit_code == 0, done.output
    moments = NoisedMoments.load(folder / "other" / "noised_moments.npz")
    np.testing.assert_allclose(Run(folder / "other").load().codec.mean, moments.means[0], atol=1e-6)


@pytest.mark.parametrize(
    ("preset", "changes", "words"),
    [
        ("timegan", {}, "network='timegan'.*--preset private"),
        ("rcgan", {}, "network='rcgan'.*--preset private"),
        ("sensors", {}, "codec='scores', which reads ranges off the windows"),
        ("default", {}, "loss='relativistic_paired', by which real windows reach"),
        ("private", {"released_share": 0.0}, "released_share=0"),
        ("private", {"bounds.a": "[3,1]"}, "bounds=.*smallest and the largest"),
        ("private", {"bounds.a": "3"}, "bounds=.*smallest and the largest"),
    ],
)
def test_fields_that_break_the_guarantee_are_refused_by_name(preset, changes, words):
    refused(words, with_settings, get("series", preset), {"epsilon": 3.0, **changes})


def test_windows_that_are_no_rows_of_their_own_are_refused():
    long = np.cumsum(np.random.default_rng(0).normal(size=(200, 2)), axis=0) / 20
    refused("share steps.*stride=6", private().build, load_series(long, length=6, stride=2))
    assert not load_series(long, length=6, stride=6).overlaps and load_series(long, length=6, stride=5).overlaps
    holes = long.copy()
    holes[7, 0] = np.nan
    refused("missing cells", private().build, load_series(holes, length=6, stride=6))
    several = [long[:12], long[12:20]]
    refused("several lengths", private(length=0).build, load_series(several, length=0))
    refused("column_1' has no bounds", private(bounds={"column_2": [0, 1]}).build, load_series(long, length=6, stride=6))
    refused("no column", private(bounds={"all": [0, 1], "x": [0, 1]}).build, load_series(long, length=6, stride=6))


def test_a_refused_private_run_writes_nothing(source, folder):
    out = folder / "refused"
    arguments = ("train", "series", "--data", source, "--out", out, "--preset", "private")
    assert "has no bounds" in command_refused(*arguments, *runs.as_options({**SMALL, "length": 6, "stride": 6}))
    assert not out.exists()
    assert "--preset private" in command_refused("train", "series", "--data", source, "--out", out, "--epsilon", 3)
    assert not out.exists()
