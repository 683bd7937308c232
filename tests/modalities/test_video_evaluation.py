"""Evaluation of clips: every sampler ranks as expected under a known classifier."""

import keras
import numpy as np
import pytest
from scipy import stats

import gan_keras.modalities.video.evaluation
from gan_keras.codecs import VideoCodec
from gan_keras.data import videos_from_arrays
from gan_keras.metrics.clip_extractor import IN_ORDER, MOTIONS, STOPPED, centre_speeds
from gan_keras.modalities.video.evaluation import COLUMNS, evaluate_videos
from whole_runs import silent

FRAMES, SIZE = 4, 8


def flights(num, seed):
    """Spots that fly 1 or 2 pixels per frame over noise, in turn grey (label 0) and white (label 1): uint8 clips and labels."""
    random = np.random.default_rng(seed)
    clips = random.integers(0, 20, (num, FRAMES, SIZE, SIZE, 1)).astype(np.uint8)
    for index, clip in enumerate(clips):
        row, step = random.integers(SIZE), 1 + random.integers(2)
        clip[np.arange(FRAMES), row, step * np.arange(FRAMES)] = (120, 255)[index % 2]
    return clips, np.arange(num) % 2


class Known(keras.Model):
    """A classifier by formula: the brightest pixel is the label, and a clip without changing pixels stands still."""

    held_out_accuracy = 1.0

    def call(self, clips, training=False):
        brightest = keras.ops.max(clips, axis=(1, 2, 3, 4))
        change = keras.ops.mean(keras.ops.abs(clips[:, 1:] - clips[:, :-1]), axis=(1, 2, 3, 4))
        motion = keras.ops.where(change > 0, IN_ORDER, STOPPED)
        named = len(MOTIONS) * keras.ops.cast(brightest > 0.5, "int32") + keras.ops.cast(motion, "int32")
        features = keras.ops.stack([brightest, change, keras.ops.mean(clips, axis=(1, 2, 3, 4))], axis=1)
        return {"features": features, "logits": keras.ops.one_hot(named, 2 * len(MOTIONS))}


class Player:
    """A stand-in for a GAN that plays given clips; their labels come in turn."""

    codec = VideoCodec((FRAMES, SIZE, SIZE, 1))

    def __init__(self, clips):
        self.clips = clips

    def labels_from(self, seeds):
        return np.asarray(seeds) % 2

    def generate(self, n, seed=0):
        return self.clips[seed : seed + n] / np.float32(255)


@pytest.fixture(autouse=True)
def classifier(monkeypatch):
    monkeypatch.setattr(gan_keras.modalities.video.evaluation, "train_extractor", lambda clips, labels, recipe, kind: Known())


def test_a_player_of_real_clips_beats_simple_baselines_and_matches_real_clips():
    training, test, (played, labels) = (flights(60, seed) for seed in range(3))
    played = np.concatenate([played[:40], played[41:], played[40:41]])  # the last twenty are for the other label
    data = [videos_from_arrays(name, *part) for name, part in (("training", training), ("test", test))]
    result = evaluate_videos(Player(played), *data, num=60, progress=silent)
    gan, baseline, still = (result["samplers"][name]["values"] for name in ("gan", "baseline", "still"))
    real, test_speeds = result["real"]["values"], centre_speeds(test[0] / 255.0)
    assert gan["agreement"] == pytest.approx(40 / 60) and "agreement" not in still and "agreement" not in real
    assert [values["in_order"] for values in (gan, baseline, still, real)] == [1.0, 1.0, 0.0, 1.0]
    assert gan["speed"] == pytest.approx(centre_speeds(played / 255.0).mean(), rel=1e-4)
    assert real["speed"] == pytest.approx(centre_speeds(training[0] / 255.0).mean(), rel=1e-4)
    for values, clips in ((gan, played), (real, training[0])):
        expected = stats.wasserstein_distance(centre_speeds(clips / 255.0), test_speeds)
        assert values["speed_distance"] == pytest.approx(expected, rel=1e-3)
    assert (still["speed"], still["frame_difference"]) == (0, 0)
    assert still["speed_distance"] == pytest.approx(test_speeds.mean(), rel=1e-4)
    assert min(still["frechet"], baseline["frechet"]) > 3 * max(real["frechet"], gan["frechet"])
    assert set().union(gan, baseline, still, real) <= set(COLUMNS) and result["protocol"]["num_fake"] == 60
    assert result["verdict"][0].startswith("Compared with a pixel Gaussian per class, the GAN wins in Frechet distance")
    assert labels.sum() == 30  # as many of both, so that the labels that are asked for are compared within classes
    assert gan["intra_class_frechet"] > 0


def test_too_few_clips_are_refused():
    data = videos_from_arrays("few", *flights(8, 0))
    pytest.raises(ValueError, evaluate_videos, Player(data.videos), data, data, num=5, progress=silent).match("num=5 and 8 test")
