"""Clips from arrays, films and folders: shapes, labels, splits, and errors."""

import importlib.util
import shutil
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from gan_keras.data import describe_videos, load_test_videos, load_videos, split_videos, videos_from_arrays
from gan_keras.data.sample_set import with_label_names, without_copies
from gan_keras.data.video import readers
from gan_keras.data.video.readers import ClipForm
from gan_keras.media.clips import write_videos
from refusals import refused

CLIPS = np.random.default_rng(0).integers(0, 256, (6, 4, 8, 8, 1), dtype=np.uint8)
LABELS = np.array([0, 1, 0, 1, 0, 1])


def write_clip(folder, frames):
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames):
        Image.fromarray(frame[..., 0] if frame.shape[-1] == 1 else frame).save(folder / f"frame_{number}.png")


def save(path, **arrays):
    np.savez(path / "a.npz", **arrays)
    return path / "a.npz"


def test_moving_digits_take_their_length_and_field_from_the_arguments():
    videos = load_videos("moving_digits", frames=3, size=12)
    assert videos.video_shape == (3, 12, 12, 1) and len(videos) == 2 * 1797
    assert videos.label_names == tuple("0123456789") and "cut" not in videos.report
    assert "3,594 clips of 3 frames of 12 x 12 x 1, 10 classes" in describe_videos(videos)
    training, held_out = split_videos(videos)
    assert abs(len(held_out) - 359) <= 1 and len(training) + len(held_out) == len(videos)
    assert not set(training.origins) & set(held_out.origins)  # no digit is in both


def test_arrays_keep_levels_and_longer_clips_are_cut_to_their_first_frames(tmp_path):
    videos = load_videos(save(tmp_path, videos=CLIPS, labels=LABELS, label_names=["a", "b"]), frames=3)
    np.testing.assert_array_equal(videos.videos, CLIPS[:, :3])
    assert videos.report["cut"] == 6 and videos.label_names == ("a", "b")
    floats = videos_from_arrays("floats", CLIPS[..., 0] / 255.0)
    np.testing.assert_array_equal(floats.videos, CLIPS)


def test_frames_are_resized_one_by_one(tmp_path):
    path = save(tmp_path, x_train=CLIPS, x_test=CLIPS[:3], y_test=LABELS[:3])
    smaller = load_videos(path, size=4)
    assert smaller.video_shape == (4, 4, 4, 1) and "enlarged" not in smaller.report
    expected = tf.image.resize(CLIPS[5, 2], (4, 4), antialias=True)
    np.testing.assert_array_equal(smaller.videos[5, 2], np.round(expected))
    colour = load_videos(path, size=(16, 16), channels=3)
    assert colour.video_shape == (4, 16, 16, 3) and colour.report["enlarged"] == 6
    test = load_test_videos(path)
    assert len(test) == 3 and test.labels.tolist() == [0, 1, 0]


def test_arrays_that_do_not_fit_and_missing_sources_or_parts_are_refused(tmp_path):
    for arrays, options, words in (
        ({"videos": CLIPS}, {"frames": 5}, "6 of the 6 clips of a.npz have fewer than 5 frames"),
        ({"videos": CLIPS[:, :1]}, {}, "a single frame is an image"),
        ({"videos": CLIPS[0, 0]}, {}, r"clips of shape \(8, 8, 1\)"),
        ({"videos": CLIPS[:1]}, {}, "Expected at least 2"),
        ({"videos": CLIPS.astype(int) - 99}, {}, "int64 from -99"),
        ({"videos": CLIPS, "labels": LABELS[:3]}, {}, "for 6 clips"),
        ({"pictures": CLIPS}, {}, "holds the arrays"),
        ({"videos": CLIPS}, {"size": 0}, "size=0"),
    ):
        refused(words, load_videos, save(tmp_path, **arrays), **options)
    refused("moving_digits", load_videos, tmp_path / "none.npz", error=FileNotFoundError)
    refused("no part 'test'", load_videos, "moving_digits", part="test")


def test_a_folder_of_classes_of_clips_is_read_in_natural_order(tmp_path):
    long = np.random.default_rng(1).integers(0, 256, (12, 8, 8, 1), dtype=np.uint8)
    for label in ("cat", "dog"):
        for number in (1, 2):
            write_clip(tmp_path / "set" / label / f"clip_{number}", (long + number + ord(label[0])).astype(np.uint8))
    (tmp_path / "set" / ".hidden").mkdir()
    videos = load_videos(tmp_path / "set", frames=11)
    assert videos.video_shape == (11, 8, 8, 1) and videos.labels.tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(videos.videos[0], (long[:11] + 1 + ord("c")).astype(np.uint8))  # frame_2 before frame_10
    assert videos.label_names == ("cat", "dog") and videos.report["cut"] == 4
    assert "4 longer ones cut to their first frames" in describe_videos(videos)


def test_clips_without_classes_have_no_labels_and_colour_is_kept(tmp_path):
    write_clip(tmp_path / "set" / "a", CLIPS[0])
    write_clip(tmp_path / "set" / "b", np.repeat(CLIPS[1], 3, axis=-1))
    videos = load_videos(tmp_path / "set")
    assert videos.labels is None and videos.video_shape == (4, 8, 8, 3)
    np.testing.assert_array_equal(videos.videos[0], np.repeat(CLIPS[0], 3, axis=-1))
    smaller = load_videos(tmp_path / "set", size=4, channels=1)
    assert smaller.video_shape == (4, 4, 4, 1)


def spoiled(folder, case):
    """A folder with three clips and a fault."""
    for index, name in enumerate("abc"):
        write_clip(folder / name, CLIPS[index])
    if case == "short":
        (folder / "b" / "frame_3.png").unlink()
    elif case == "empty":
        (folder / "d").mkdir()
    elif case == "corrupt":
        (folder / "b" / "frame_3.png").write_bytes(b"no image")
    elif case == "sizes":
        Image.new("L", (9, 9)).save(folder / "b" / "frame_3.png")
    elif case == "depths":
        write_clip(folder / "class" / "e", CLIPS[3])
    elif case == "none":
        for clip in tuple(folder.iterdir()):
            shutil.rmtree(clip)
    elif case == "loose":
        Image.new("L", (8, 8)).save(folder / "frame_1.png")
    return folder


def test_folders_that_do_not_fit_are_refused(tmp_path):
    cases = (
        ("short", {"frames": 4}, "1 of the 3 clips .* the shortest is b with 3. .*frames=3"),
        ("empty", {"frames": 4}, "the shortest is d with 0. Expected 4 of each: remove them.$"),
        ("sizes", {}, "2 sizes, most often 8 x 8"),
        ("depths", {}, "3 in depth 1, 1 in depth 2"),
        ("loose", {}, "1 in depth 0, 3 in depth 1"),
        ("none", {}, "holds clips: none. Expected .*folders of frames, animations, or videos that end in .mp4"),
    )
    for number, (case, options, words) in enumerate(cases):
        refused(words, load_videos, spoiled(tmp_path / str(number), case), **options)


def test_lengths_are_chosen_and_clips_that_hold_no_film_left_out_and_named(tmp_path):
    videos = load_videos(spoiled(tmp_path / "short", "short"))
    assert videos.videos.shape[:2] == (3, 3) and "2 longer ones cut to their first frames" in describe_videos(videos)
    assert "1 corrupt skipped" in describe_videos(load_videos(spoiled(tmp_path / "empty", "empty")))
    assert load_videos(spoiled(tmp_path / "corrupt", "corrupt")).report["first_corrupt"] == ["b"]
    (tmp_path / "corrupt/c/frame_0.png").write_bytes(b"no image")
    refused("2 of the 3 clips .*: b, c. Expected at most 10 %", load_videos, tmp_path / "corrupt")


def film(num, size=16, channels=1):
    """Frames that change little from one to the next."""
    steps = np.random.default_rng(num).integers(-9, 9, (num, size, size, channels))
    return np.clip(np.cumsum(steps, axis=0) + 100, 0, 255).astype(np.uint8)


def test_animations_that_this_package_writes_are_read_again(tmp_path):
    clips = np.stack([film(8) + seed for seed in range(4)]).astype(np.uint8)
    write_videos(tmp_path / "clips", clips)
    videos = load_videos(tmp_path / "clips")
    np.testing.assert_array_equal(videos.videos, clips)
    still = np.concatenate([clips[:, :3], clips[:, 2:3], clips[:, 3:]], axis=1)  # a file holds equal frames once
    write_videos(tmp_path / "still", still)
    np.testing.assert_array_equal(load_videos(tmp_path / "still").videos, still)
    assert repr(videos) == "<Videos clips: 4 clips of 8 frames of 16 x 16 x 1, 0 duplicates>"
    assert "data:image/gif;base64," in videos._repr_html_()


def test_a_long_film_is_cut_into_clips_whose_last_are_held_out(tmp_path):
    frames = film(50)
    for number, frame in enumerate(frames):
        (tmp_path / "film").mkdir(exist_ok=True)
        Image.fromarray(frame[..., 0]).save(tmp_path / "film" / f"{number}.png")
    videos = load_videos(tmp_path / "film")
    np.testing.assert_array_equal(videos.videos, frames[:48].reshape(3, 16, 16, 16, 1))
    assert "films cut into clips: 1, too few to hold whole ones out" in describe_videos(videos)
    assert "ends shorter than a clip left out: 1" in describe_videos(videos)
    training, held_out = split_videos(videos)
    np.testing.assert_array_equal(held_out.videos, videos.videos[2:])
    assert len(training) == 2
    same = load_videos([frames, frames[:20]], labels=[0, 1])
    np.testing.assert_array_equal(same.videos[:3], videos.videos)
    assert same.labels.tolist() == [0, 0, 0, 1]


def test_video_files_of_several_sizes_and_rates_are_read_and_told(tmp_path):
    imageio = pytest.importorskip("imageio.v2")
    pytest.importorskip("imageio_ffmpeg")
    for name, rate, width in (("a.mp4", 25, 64), ("b.AVI", 10, 48), ("c.mkv", 25, 48)):
        with imageio.get_writer(tmp_path / name, format="ffmpeg", fps=rate, macro_block_size=1) as writer:
            for frame in film(20, 48, 3):
                writer.append_data(np.resize(frame, (48, width, 3)))
    videos = load_videos(tmp_path)
    assert (len(videos), videos.video_shape) == (3, (20, 64, 64, 3))
    assert "3 films cropped and resized, several frame rates: 10, 25 per second" in describe_videos(videos)


def test_videos_that_cannot_be_read_name_a_command(tmp_path, monkeypatch):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"no film")
    if importlib.util.find_spec("imageio_ffmpeg"):
        refused(r"clip.mp4 cannot be read as a film .*ffmpeg -i clip.mp4 clip/%04d.png", load_videos, path)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    refused(r'pip install "gan_keras\[video\]"; .*ffmpeg -i clip.mp4', load_videos, path, error=ImportError)


def test_one_corrupt_clip_of_many_is_left_out_and_counted(tmp_path):
    for index in range(101):
        write_clip(tmp_path / "set" / f"{index:03d}", (CLIPS[0, :2] + index).astype(np.uint8))
    (tmp_path / "set" / "007" / "frame_0.png").write_bytes(b"no image")
    videos = load_videos(tmp_path / "set")
    assert len(videos) == 100 and videos.report["corrupt"] == 1
    assert "first corrupt clips: 007" in describe_videos(videos)


def test_more_clips_than_memory_holds_are_refused_before_they_are_read(tmp_path, monkeypatch):
    spoiled(tmp_path / "set", "corrupt")  # the second clip, which is never read
    monkeypatch.setattr(readers, "MAX_BYTES", 3 * 4 * 8 * 8 - 1)
    refused("take 768 bytes. Expected at most 767, .*--set frames=16", load_videos, tmp_path / "set")
    assert len(load_videos(tmp_path / "set", size=4)) == 2


def test_copies_stay_together_and_the_split_depends_on_the_seed():
    videos = videos_from_arrays("copies", CLIPS.repeat(4, axis=0), LABELS.repeat(4))
    training, held_out = split_videos(videos, held_out=5, seed=2)
    assert len(held_out) == 8 and len(training) == 16  # two whole clips with their copies
    assert not set(training.origins) & set(held_out.origins)
    assert split_videos(videos, 5, 2)[1].fingerprint == held_out.fingerprint != split_videos(videos, 5, 3)[1].fingerprint
    refused("held_out=24", split_videos, videos, 24)
    refused("of one origin", split_videos, videos_from_arrays("one", CLIPS[:1].repeat(3, axis=0)))


def test_a_test_set_takes_over_label_numbers_and_loses_known_clips():
    videos = videos_from_arrays("a", CLIPS, LABELS, ["a", "b"])
    other = videos_from_arrays("b", CLIPS[2:], LABELS[2:], ["b", "a"])
    numbered = with_label_names(other, ("a", "b"))
    assert numbered.labels.tolist() == [1, 0, 1, 0]
    new = without_copies(videos, other)
    np.testing.assert_array_equal(new.videos, CLIPS[:2])
    assert new.report["copies"] == 4
    refused("that were trained on", without_copies, other, videos)
    refused("has no labels", with_label_names, videos_from_arrays("c", CLIPS), ("a", "b"))


def test_the_fingerprint_follows_clips_and_labels():
    prints = {
        videos_from_arrays("a", CLIPS, LABELS).fingerprint,
        videos_from_arrays("b", CLIPS, LABELS).fingerprint,
        videos_from_arrays("a", CLIPS, 1 - LABELS).fingerprint,
        videos_from_arrays("a", CLIPS[::-1], LABELS).fingerprint,
        videos_from_arrays("a", CLIPS, LABELS, wanted=ClipForm(3)).fingerprint,
    }
    assert len(prints) == 4
