"""Clips as GIF files and film strips, read back by Pillow."""

import numpy as np
import pytest

from gan_keras.media.clips import clip_grid, encode_gif, film_strips, read_gif, write_gif, write_videos
from gan_keras.media.images import image_grid

CLIPS = np.random.default_rng(0).integers(0, 256, (3, 5, 32, 32, 1), dtype=np.uint8)


def test_a_grey_gif_keeps_every_level_of_every_frame(tmp_path):
    write_gif(tmp_path / "a.gif", CLIPS[0])
    np.testing.assert_array_equal(read_gif(tmp_path / "a.gif"), np.repeat(CLIPS[0], 3, axis=-1))


def test_a_grid_shows_the_same_frame_of_all_clips():
    grid = clip_grid(CLIPS, columns=2)
    assert len(grid) == 5
    for frame in range(5):
        np.testing.assert_array_equal(grid[frame], image_grid(CLIPS[:, frame], 2))


def test_a_film_strip_shows_a_clip_per_row():
    strips = film_strips(CLIPS / 255.0)
    assert strips.shape == (3 * 66 - 2, 5 * 66 - 2, 1)
    np.testing.assert_array_equal(strips[66:130:2, 2 * 66 : 2 * 66 + 64 : 2], CLIPS[1, 2])


def test_the_file_name_gives_the_format_of_clips(tmp_path):
    write_videos(tmp_path / "all.npz", CLIPS / 255.0)
    np.testing.assert_array_equal(np.load(tmp_path / "all.npz")["videos"], CLIPS)
    write_videos(tmp_path / "one.gif", CLIPS[:1])
    np.testing.assert_array_equal(read_gif(tmp_path / "one.gif")[..., :1], CLIPS[0])
    write_videos(tmp_path / "grid.gif", CLIPS)
    assert read_gif(tmp_path / "grid.gif").shape == (5, 64, 196, 3)
    write_videos(tmp_path / "all", CLIPS)
    assert [path.name for path in sorted((tmp_path / "all").iterdir())] == ["00000.gif", "00001.gif", "00002.gif"]


@pytest.mark.parametrize("clips", [CLIPS[0], CLIPS[:0], CLIPS / 100.0])
def test_other_shapes_and_ranges_are_refused(clips):
    with pytest.raises(ValueError, match="Expected"):
        clip_grid(clips)


def test_a_gif_loops_at_eight_frames_per_second():
    content = encode_gif(CLIPS[0])
    assert b"NETSCAPE2.0" in content and content.count(b"\x21\xf9\x04") == 5
    assert all(content[place + 4 : place + 6] == (12).to_bytes(2, "little") for place in positions(content, b"\x21\xf9\x04"))


def positions(content, mark):
    place = content.find(mark)
    while place >= 0:
        yield place
        place = content.find(mark, place + 1)
