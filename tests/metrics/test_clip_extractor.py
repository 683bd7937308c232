"""The extractor of clips: what it learns, and that its features see motion."""

import numpy as np
import pytest

from gan_keras.metrics.clip_extractor import CLIPS, ClipExtractor, MotionTask, named
from gan_keras.metrics.extractor import Kind, Recipe, hash_of, train_extractor
from gan_keras.metrics.features import FeatureReader

RECIPE = Recipe(widths=(8, 16), steps=150, batch_size=32, learning_rate=1e-2)


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


def test_a_class_tells_the_label_of_a_clip_and_whether_its_frames_are_shuffled_in_order_or_one_alone():
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
    assert len(set(chosen)) > 3
    assert MotionTask(clips).num_classes == 3
    with pytest.raises(ValueError, match="Expected .num, frames"):
        MotionTask(clips[:, 0])


def test_it_tells_labels_and_order_and_its_features_tell_a_clip_from_its_first_frame(tmp_path):
    clips, labels = bars(200)
    extractor = train_extractor(clips, labels, recipe=RECIPE, directory=tmp_path, kind=CLIPS)
    assert extractor.held_out_accuracy > 0.9
    again = train_extractor(clips, labels, recipe=RECIPE, directory=tmp_path, kind=CLIPS)  # from its file
    assert hash_of(again) == hash_of(extractor) and again.held_out_accuracy == extractor.held_out_accuracy
    other, other_labels = bars(60, seed=1)
    reader = FeatureReader(extractor)
    assert reader.protocol["extractor"] == "clip_extractor"
    found, in_order = named(reader.read(other).logits)
    assert np.mean(found == other_labels) > 0.9 and in_order.mean() > 0.9
    still = np.repeat(other[:, :1], 6, axis=1)
    assert named(reader.read(still).logits)[1].mean() < 0.5


def test_an_extractor_that_learned_another_task_from_the_same_clips_is_not_taken_for_it(tmp_path):
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
