import pytest

from gan_keras.networks.image_base import narrowed, resolutions


@pytest.mark.parametrize(
    ("size", "expected"),
    [(16, (4, 8, 16)), (28, (7, 14, 28)), (32, (4, 8, 16, 32)), (256, (4, 8, 16, 32, 64, 128, 256))],
)
def test_sizes_double_from_the_start_to_the_image(size, expected):
    assert resolutions((size, size, 3)) == expected


@pytest.mark.parametrize("shape", [(8, 8, 3), (24, 24, 3), (32, 64, 3), (512, 512, 3), (32, 32), (32, 32, 0)])
def test_other_images_are_an_error(shape):
    with pytest.raises(ValueError, match="Expected .size, size, channels. with a size of 28 or one of"):
        resolutions(shape)


def test_filters_halve_beyond_32_pixels():
    assert [narrowed(96, size) for size in (4, 28, 32, 64, 256)] == [96, 96, 96, 48, 12]


def test_filters_can_halve_earlier_also_where_sizes_are_no_powers_of_two():
    assert [narrowed(64, size, full_width_size=8) for size in (7, 14, 28, 32)] == [64, 32, 16, 16]
