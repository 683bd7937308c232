"""The extractor of clips learns motion; statistics of motion agree with loops, SciPy and known speeds."""

import numpy as np
from scipy import ndimage

from gan_keras.metrics.clip_extractor import CLIPS, ClipExtractor, MotionTask, centre_speeds, classify_clips, frame_differences
from gan_keras.metrics.extractor import Kind, Recipe, hash_of, train_extractor
from gan_keras.metrics.features import FeatureReader
from refusals import refused

RECIPE = Recipe(widths=(8, 16), steps=150, batch_size=32, learning_rate=1e-2)
RANDOM = np.random.default_rng(0)
VIDEOS = RANDOM.uniform(0, 1, (3, 4, 6, 5, 3))


def bars(num, seed=0):
    """Bright bars that wander evenly across dark clips, label 0 upright, 1 lying: `(num, 6, 8, 8, 1)` in [-1, 1]."""
    random = np.random.default_rng(seed)
    labels, start = random.integers(2, size=num), random.integers(8, size=num)
    clips = np.full((num, 6, 8, 8, 1), -1.0, np.float32)
    for clip, label, first in zip(clips, labels, start, strict=True):
        for time, frame in enumerate(clip):
            if label:
                frame[(first + time) % 8] = 1.0
            else:
                frame[:, (first + time) % 8] = 1.0
    return clips, labels


def test_classes_combine_the_label_with_shuffled_ordered_or_stopped_frames():
    clips, labels = bars(60)
    task = MotionTask(clips, labels)
    shown, classes = task.batch(np.arange(60), np.random.default_rng(0))
    assert task.num_classes == 6
    np.testing.assert_array_equal(classes // 3, labels)
    shuffled, in_order, stopped = (classes % 3 == motion for motion in range(3))
    assert all(10 < each.sum() < 30 for each in (shuffled, in_order, stopped))
    np.testing.assert_array_equal(shown[in_order], clips[in_order])
    for found, clip in zip(shown[shuffled], clips[shuffled], strict=True):
        assert sorted(frame.tobytes() for frame in found) == sorted(frame.tobytes() for frame in clip)
    assert (shown[shuffled] != clips[shuffled]).any(axis=(1, 2, 3, 4)).mean() > 0.9
    chosen = []
    for found, clip in zip(shown[stopped], clips[stopped], strict=True):
        chosen.append(next(time for time, frame in enumerate(clip) if (frame == found[0]).all()))
        np.testing.assert_array_equal(found, np.repeat(found[:1], 6, axis=0))
    assert len(set(chosen)) > 3 and MotionTask(clips).num_classes == 3
    refused("Expected .num, frames", MotionTask, clips[:, 0])


def test_the_clip_extractor_learns_labels_and_order_and_recognises_still_clips(tmp_path):
    clips, labels = bars(200)
    extractor = train_extractor(clips, labels, recipe=RECIPE, directory=tmp_path, kind=CLIPS)
    assert extractor.held_out_accuracy > 0.9
    again = train_extractor(clips, labels, recipe=RECIPE, directory=tmp_path, kind=CLIPS)  # from its file
    assert hash_of(again) == hash_of(extractor) and again.held_out_accuracy == extractor.held_out_accuracy
    other, other_labels = bars(60, seed=1)
    reader = FeatureReader(extractor)
    assert reader.protocol["extractor"] == "clip_extractor"
    found, in_order = classify_clips(reader.read(other).logits)
    assert np.mean(found == other_labels) > 0.9 and in_order.mean() > 0.9
    still = np.repeat(other[:, :1], 6, axis=1)
    assert classify_clips(reader.read(still).logits)[1].mean() < 0.5


def test_an_extractor_of_the_same_clips_but_another_task_is_not_reused(tmp_path):
    class LabelsAlone(MotionTask):
        def __init__(self, clips, labels):
            super().__init__(clips, labels)
            self.num_classes = 2

        def batch(self, rows, generator):
            return self.images[rows], self.labels[rows]

    clips, labels = bars(40)
    recipe = Recipe(widths=(4,), steps=1, batch_size=8)
    shared = {"recipe": recipe, "directory": tmp_path}
    both = train_extractor(clips, labels, kind=CLIPS, **shared)
    alone = train_extractor(clips, labels, kind=Kind(ClipExtractor, LabelsAlone), **shared)
    assert (both.num_classes, alone.num_classes) == (6, 2)


def test_frame_differences_and_centre_speeds_equal_a_loop_and_scipys():
    expected = [np.mean([np.abs(clip[t + 1] - clip[t]).mean() for t in range(3)]) for clip in VIDEOS]
    np.testing.assert_allclose(frame_differences(VIDEOS), expected)
    for clip, speed in zip(VIDEOS, centre_speeds(VIDEOS), strict=True):
        centres = np.array([ndimage.center_of_mass(frame.sum(axis=-1)) for frame in clip])
        np.testing.assert_allclose(speed, np.mean(np.linalg.norm(centres[1:] - centres[:-1], axis=1)), rtol=1e-6)


def test_a_straight_flight_has_its_speed_still_clips_have_none_and_single_frames_are_refused():
    clip = np.zeros((1, 5, 20, 20, 1))
    for frame in range(5):
        clip[0, frame, 2 + 3 * frame, 10 - 2 * frame] = 1.0
    np.testing.assert_allclose(centre_speeds(clip), np.sqrt(3**2 + 2**2), rtol=1e-6)
    still = np.repeat(clip[:, :1], 5, axis=1)
    assert centre_speeds(still) == 0 and frame_differences(still) == 0 and centre_speeds(0 * clip) == 0
    refused("2 frames or more", frame_differences, VIDEOS[:, :1])
