"""Epochs of sounds and clips are scored, so that patience and the choice of the best weights have something to go by."""

import numpy as np
import pytest

from gan_keras import presets
from gan_keras.callbacks import Quality
from gan_keras.data import load_videos
from gan_keras.data.audio.load import load_tones
from gan_keras.data.sample_set import part_of
from gan_keras.modalities import AudioModality, VideoModality
from gan_keras.modalities.video import evaluation

WAVES = {"network": "wavegan", "codec_options": "{}"}


def clips(num=60):
    return part_of(load_videos("moving_digits", 4, 12), np.arange(num), {})


@pytest.fixture(autouse=True)
def extractors(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("modality", "settings"), [("audio", {}), ("audio", WAVES), ("video", {"frames": "4"})], ids=["pictures", "waves", "clips"]
)
def test_epochs_are_scored_and_the_closest_to_the_training_samples_is_kept(modality, settings):
    data = load_tones(num=80, length=1024) if modality == "audio" else clips()
    options = {"quality_every": "1", "quality_samples": "8", "steps_per_epoch": "2", **settings}
    preset = presets.with_settings(presets.get(modality, "tiny"), options)
    (quality,) = preset.callbacks(data)
    values = []

    class Recorded(Quality):
        def score(self):
            values.append(super().score().values["frechet"])
            return super().score()

    gan = preset.build(data)
    recorded = Recorded(quality.image_quality, 8)
    gan.fit(preset.batches(gan, data), epochs=3, callbacks=[recorded], verbose=0)
    assert len(values) == 3 and np.isfinite(values).all()
    recorded.set_model(gan)
    assert recorded.score().values["frechet"] == pytest.approx(min(values[:3]), rel=1e-4)


def test_modalities_name_their_score_and_presets_of_older_runs_have_none():
    for kind in (AudioModality, VideoModality):
        assert kind.quality == ("val_frechet", "min")
        for name in presets.names(kind.name):
            config = presets.get(kind.name, name).to_config()
            assert config.pop("quality_every") > 0
            assert kind.preset_class.from_config(config).quality_every == 0
    assert presets.get("audio", "tiny").callbacks(load_tones(num=40, length=1024)) == []  # too few to learn from


def test_an_evaluation_holds_no_more_clips_as_floats_than_fit_and_tells_it(monkeypatch):
    data, lines = clips(60), []
    monkeypatch.setattr(evaluation, "MAX_BYTES", 4 * 4 * 12 * 12 * 40)
    monkeypatch.setattr(evaluation, "MIN_DEFAULT", 20)
    assert len(evaluation.some_clips(data)) == 40 and evaluation.some_clips(clips(9)) is not None
    monkeypatch.setattr(evaluation, "train_extractor", lambda pixels, *_, **__: pytest.fail(f"{len(pixels)} clips"))
    gan = presets.get("video", "tiny").build(data)
    with pytest.raises(pytest.fail.Exception, match="^40 clips"):
        evaluation.evaluate_videos(gan, data, clips(9), progress=lines.append)
    assert lines[0] == "Scoring with 40 of the 60 training clips, drawn at random, to save memory"


def test_presets_take_arrays_and_lists_as_their_loaders_do():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (9, 16, 16, 1), dtype=np.uint8)
    for modality, arrays, settings in (
        ("image", images / 255, {}),
        ("image", list(images), {"size": "32"}),
        ("audio", random.uniform(-1, 1, (9, 1000)), {"sample_rate": "8000"}),
        ("video", np.repeat(images[:, None], 4, axis=1), {}),
        ("translation", (images, 255 - images), {}),
    ):
        preset = presets.with_settings(presets.get(modality, "tiny"), {"batch_size": "4", "steps_per_epoch": "1", **settings})
        gan = preset.build(arrays)
        batch = next(iter(preset.batches(gan, arrays)))
        assert len(batch[0] if modality == "translation" else batch) == 4
    assert presets.get("image", "tiny").build((16, 16, 1)).codec.image_shape == (16, 16, 1)
    with pytest.raises(ValueError, match="sounds without a rate. Expected sample_rate=8000"):
        presets.get("audio", "tiny").build(random.uniform(-1, 1, (9, 1000)))
