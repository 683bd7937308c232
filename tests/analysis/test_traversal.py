"""Traversals: samples are those of `generate` with edits, and pictures and pages show them in their places."""

import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from gan_keras.analysis import Traversal, samples_of, traversal
from gan_keras.analysis.traversal import marked
from gan_keras.data.table.columns import CategoryColumn, DateColumn, NumberColumn
from gan_keras.gans.cycle_gan import CycleGAN
from small_gans import small_gan

STRENGTHS = (-2.0, 0.0, 1.5)


COLUMNS = (
    NumberColumn("wage", False, 0.0, 9.0, 1, suffix=" %"),
    DateColumn("since", False, 0.0, 9e4, 0, date_format="%d.%m.%Y"),
    CategoryColumn("<job>", False, ("a", "b")),
)


def test_samples_are_those_of_generate_with_edits():
    gan, directions = small_gan(), np.eye(4, dtype=np.float32)[:2]
    moved = traversal(gan, directions, n=3, seed=5, strengths=STRENGTHS)
    assert (moved.kind, len(moved.samples), len(moved.samples[0])) == ("vector", 2, 3)
    for direction, row in zip(directions, moved.samples, strict=True):
        for strength, samples in zip(STRENGTHS, row, strict=True):
            np.testing.assert_array_equal(samples, gan.generate(3, 5, edits=strength * direction))
        assert np.abs(row[0] - row[2]).min() > 1e-6
    np.testing.assert_array_equal(moved.still, samples_of(gan, 3, 5))
    assert moved._repr_html_() == moved.html()


def test_wrong_arguments_are_refused_with_what_is_expected():
    gan = small_gan()
    for directions, strengths, words in (
        (np.zeros(4), STRENGTHS, r"shape \(4,\). Expected finite numbers of shape \(num, 4\)"),
        (np.zeros((1, 3)), STRENGTHS, r"Expected finite numbers of shape \(num, 4\)"),
        (np.full((1, 4), np.nan), STRENGTHS, "Expected finite numbers"),
        (np.zeros((0, 4)), STRENGTHS, "Expected finite numbers"),
        (np.eye(4), (), "Expected at least one, each from -6 to 6"),
        (np.eye(4), (0.0, 6.5), "Expected at least one, each from -6 to 6"),
        (np.eye(4), (np.nan,), "Expected at least one, each from -6 to 6"),
    ):
        with pytest.raises(ValueError, match=words):
            traversal(gan, directions, strengths=strengths)
    with pytest.raises(ValueError, match="n=0"):
        traversal(gan, np.eye(4), n=0)
    translation = object.__new__(CycleGAN)
    with pytest.raises(ValueError, match="has no latents, so no traversal"):
        traversal(translation, np.eye(4))
    with pytest.raises(ValueError, match="2 captions for 4 directions"):
        traversal(gan, np.eye(4)).html(["a", "b"])
    with pytest.raises(ValueError, match="Expected `traversal.html"):
        traversal(gan, np.eye(4)).pictures()


def planted(kind, shape, codec=None, num=2):
    """A traversal whose samples are constant: a hundredth for each direction, strength and sample, in this order."""
    samples = [
        [np.stack([np.full(shape, 0.01 * (6 * one + 2 * two + three)) for three in range(num)]) for two in range(3)]
        for one in range(2)
    ]
    return Traversal(kind, samples, samples[0][1], STRENGTHS, codec)


def patches(picture, rows=2, columns=3, size=64, gap=2):
    """Grey level in the middle of each image of a labelled grid, found from its right lower corner."""
    height, width = picture.shape[:2]
    down, across = (np.arange(-num, 0) * (size + gap) + gap + size // 2 for num in (rows, columns))
    return picture[np.ix_(height + down, width + across)]


def test_a_picture_has_a_row_per_direction_and_a_column_per_strength():
    found = planted("image", (8, 8, 1), codec="any").pictures()
    assert len(found) == 2 and {each.kind for each in found} == {"png"}
    assert "moved by -2, 0, +1.5 deviations" in found[0].alternative and "Sample 2" in found[1].title
    for index, each in enumerate(found):
        levels = patches(np.asarray(Image.open(io.BytesIO(each.data))))
        np.testing.assert_array_equal(levels, np.round(2.55 * (np.arange(6).reshape(2, 3) * 2 + index)))


def test_images_without_a_codec_are_tensors():
    (first, _) = planted("image", (8, 8, 1)).pictures()
    levels = patches(np.asarray(Image.open(io.BytesIO(first.data)))).astype(float)
    np.testing.assert_array_equal(levels, np.round(255 * (1 + np.arange(6).reshape(2, 3) * 0.02) / 2))


def test_clips_move():
    moved = planted("clip", (3, 8, 8, 1), codec="any")
    moved.samples[1][2][0, 2] = 1.0  # the last frame of one clip
    first = moved.pictures()[0]
    animation = Image.open(io.BytesIO(first.data))
    assert (first.kind, animation.n_frames) == ("gif", 2)  # equal frames are one
    animation.seek(1)
    levels = patches(np.asarray(animation.convert("L")))
    assert levels[1, 2] == 255 and levels[1, 1] < 30


def test_sounds_have_spectrograms_and_a_player_for_each():
    moved = planted("sound", (1024,), SimpleNamespace(sample_rate=4000))
    pictures, page = moved.pictures(), moved.html(["first & one", "second"])
    assert [each.kind for each in pictures] == ["png", "png"]
    assert page.count("<audio") == 12 and page.count("<figcaption>+1.5</figcaption>") == 4 and "<h3>first &amp; one</h3>" in page


def test_curves_of_series_are_drawn_by_strength():
    moved = planted("series", (5, 2), SimpleNamespace(columns=("a$b", "c")))
    moved.samples[0][0][:, 3:] = np.nan  # a shorter series
    (picture, _) = moved.pictures()
    colours = np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGB")).astype(int)
    red, blue = (colours[..., 0] - colours[..., 2] > 80).sum(), (colours[..., 2] - colours[..., 0] > 80).sum()
    assert min(red, blue) > 50


def test_changed_words_are_marked_and_all_text_is_escaped():
    def bracketed(before, after):
        return re.sub("<mark[^>]*>", "[", marked(before, after)).replace("</mark>", "]")

    assert bracketed("a cat sat", "a cat sat") == "a cat sat"
    assert bracketed("a <cat> sat", "a <dog> sat") == "a [&lt;dog&gt;] sat"
    assert "instead of: &lt;cat&gt;" in marked("a <cat> sat", "a <dog> sat")
    assert bracketed("a cat sat", "a cat") == "a cat [·]" and bracketed("cat", "a cat") == "[a] cat"
    assert bracketed("山川函", "山水函") == "山[水]函"
    row = [["a dog", "one"], ["a cat", "one"], ["a cow", "one"]]
    page = Traversal("text", [row], ["a cat", "one"], STRENGTHS, None).html()
    assert page.count("<mark") == 2 and page.count("a cat") == 1 and page.count(">one<") == 1


def test_only_cells_that_change_are_shown_in_the_form_of_the_file():
    still = {"wage": np.array([1.0, 2.0]), "since": np.array([0.0, 1.0]), "<job>": np.array(["a", "b"], object)}
    richer = {**still, "wage": np.array([5.5, 2.0]), "since": np.array([366.0, 1.0])}
    page = Traversal("table", [[still, still, richer]], still, STRENGTHS, SimpleNamespace(learned=COLUMNS)).html()
    assert re.findall('<th scope="col">(.*?)</th>', page) == ["deviations", "wage", "since"]
    assert re.findall("<mark[^>]*>(.*?)</mark>", page) == ["5.5 %", "02.01.1971"]
    assert page.count("<td>1.0 %</td>") == 2 and "No cell of row 2 changes" in page and "<job>" not in page
    other = {**still, "<job>": np.array(["b", ""], object)}
    page = Traversal("table", [[other, still, still]], still, STRENGTHS, SimpleNamespace(learned=COLUMNS)).html()
    assert '<th scope="col">&lt;job&gt;</th>' in page and re.findall("<mark[^>]*>(.*?)</mark>", page) == ["b", "&nbsp;"]
