"""Folders of images: classes, and files that are corrupt, odd or of other sizes."""

import numpy as np
import pytest
from PIL import Image

from gan_keras.data import describe_images, image_batches, load_images
from refusals import refused

RANDOM = np.random.default_rng(0)


def write(path, height=8, width=8, channels=3, opaque=False):
    """Writes a random image and returns its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RANDOM.integers(0, 256, (height, width, channels), dtype=np.uint8)
    pixels[..., 3:] |= 255 * opaque
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(path)
    return pixels


def test_images_of_a_folder_are_sorted_by_name(tmp_path):
    for name in ("b.png", "a.jpg", "c.JPEG", ".hidden.png"):
        write(tmp_path / name)
    (tmp_path / "notes.txt").write_text("notes")
    images = load_images(tmp_path)
    assert [path.rsplit("/")[-1] for path in images.images] == ["a.jpg", "b.png", "c.JPEG"]
    assert (images.image_shape, images.labels, images.report["other"]) == ((8, 8, 3), None, 1)
    assert describe_images(images).startswith(f"{tmp_path.name}: 3 images of 8 x 8 x 3, 1 other files skipped, which end in .txt")


def test_sub_folders_are_classes_at_any_depth_of_files(tmp_path):
    for name in ("dog/1.png", "cat/x/2.png", "cat/3.png"):
        write(tmp_path / name)
    images = load_images(tmp_path)
    assert (images.label_names, images.labels.tolist()) == (("cat", "dog"), [0, 0, 1])


def test_a_single_sub_folder_gives_no_labels(tmp_path):
    for name in ("all/1.png", "all/2.png"):
        write(tmp_path / name)
    images = load_images(tmp_path)
    assert images.labels is None and images.report["one_class"] == 2


def test_images_next_to_class_folders_are_refused(tmp_path):
    for name in ("1.png", "cat/2.png"):
        write(tmp_path / name)
    refused("holds 1 images itself and 1 in sub-folders", load_images, tmp_path)


def test_mixed_sizes_need_a_size(tmp_path):
    for number, height in enumerate((8, 8, 12)):
        write(tmp_path / f"{number}.png", height)
    refused(r"2 sizes, most often 8 x 8 \(2\), 12 x 8 \(1\).*such as size=64", load_images, tmp_path)
    images = load_images(tmp_path, size=10)
    assert (images.image_shape, images.report["enlarged"]) == ((10, 10, 3), 3)


def test_grey_among_colour_and_transparency_are_counted(tmp_path):
    for number, channels in enumerate((1, 3, 4)):
        write(tmp_path / f"{number}.png", channels=channels)
    write(tmp_path / "3.png", channels=4, opaque=True)
    images = load_images(tmp_path)
    assert (images.image_shape[2], images.report["grey"], images.report["alpha"]) == (3, 1, 1)
    assert load_images(tmp_path, channels=1).report["grey"] == 0


def test_a_rare_corrupt_file_is_skipped_and_named(tmp_path):
    for number in range(120):
        write(tmp_path / f"{number:03d}.png")
    whole = (tmp_path / "007.png").read_bytes()
    (tmp_path / "007.png").write_bytes(whole[: len(whole) // 2])
    images = load_images(tmp_path)
    assert (len(images), images.report["corrupt"], images.report["first_corrupt"]) == (119, 1, ["007.png"])
    assert describe_images(images).endswith("(first corrupt files: 007.png)")


@pytest.mark.parametrize("content", [b"", b"GIF89a no image", b"\xff\xd8\xff and no more"])
def test_more_than_one_corrupt_file_in_ten_is_an_error(tmp_path, content):
    for number in range(10):
        write(tmp_path / f"{number}.png")
    (tmp_path / "3.png").write_bytes(content)
    assert load_images(tmp_path).report["first_corrupt"] == ["3.png"]
    (tmp_path / "5.png").write_bytes(content)
    refused("2 of the 10 images of .* are corrupt: 3.png, 5.png. Expected at most 10 %", load_images, tmp_path)


def test_an_empty_folder_is_an_error(tmp_path):
    (tmp_path / "a.heic").write_bytes(b"ftyp")
    refused("holds no images among 1 files, which end in .heic. Expected files ending in .png", load_images, tmp_path)


def pixels_of(folder, **options):
    images = load_images(folder, **options)
    return next(iter(image_batches(images, len(images), shuffle=False))).numpy(), describe_images(images)


def test_photos_are_turned_upright_as_their_exif_data_say(tmp_path):
    seen = np.zeros((16, 16), np.uint8)
    seen[:8, :8], seen[8:, :8], seen[8:, 8:] = 250, 160, 80  # four quarters tell all eight orientations apart
    stored = {1: seen, 2: seen[:, ::-1], 3: seen[::-1, ::-1], 4: seen[::-1], 5: seen.T, 6: np.rot90(seen), 8: np.rot90(seen, -1)}
    stored[7] = np.rot90(seen, 2).T
    for orientation, pixels in stored.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(np.ascontiguousarray(pixels)).save(tmp_path / f"{orientation}.JPG", exif=exif, quality=100)
    pixels, line = pixels_of(tmp_path)
    np.testing.assert_allclose(pixels[..., 0].astype(int), np.broadcast_to(seen, pixels.shape[:3]), atol=3)
    assert "7 turned upright by their EXIF orientation" in line


def test_files_of_all_formats_are_read_and_their_repairs_counted(tmp_path):
    pixels = RANDOM.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    others = [Image.fromarray(255 - pixels)] * 2
    for name in ("a.bmp", "b.TIFF", "c.png", "d.ppm"):
        image.save(tmp_path / name)
    image.save(tmp_path / "e.webp", lossless=True, save_all=True, append_images=others)
    image.save(tmp_path / "f.tif", save_all=True, append_images=others)
    image.convert("CMYK").save(tmp_path / "g.tif")
    found, line = pixels_of(tmp_path)
    np.testing.assert_array_equal(found, np.broadcast_to(pixels, found.shape))
    assert "2 of several frames or pages, the first kept, 1 CMYK converted to RGB" in line


def test_transparent_pixels_show_white_and_levels_of_16_bits_keep_their_range(tmp_path):
    deep = np.arange(0, 65536, 1024, dtype=np.uint16).reshape(8, 8)
    for name in ("a.png", "b.tif"):
        Image.fromarray(deep).save(tmp_path / name)
    clear = np.zeros((8, 8, 2), np.uint8)
    clear[:4, :, 1] = 255
    Image.fromarray(clear, "LA").save(tmp_path / "c.png")
    found, line = pixels_of(tmp_path)
    np.testing.assert_array_equal(found[:2, ..., 0], np.broadcast_to(deep >> 8, (2, 8, 8)))
    np.testing.assert_array_equal(found[2, ..., 0], 255 - clear[..., 1])
    assert "1 with transparency, put on white, 2 of 16 bits reduced to 8" in line


def test_floats_and_levels_that_would_all_be_black_are_refused(tmp_path):
    for folder in ("floats", "dark"):
        (tmp_path / folder).mkdir()
    for number in range(2):
        Image.fromarray(RANDOM.random((8, 8)).astype(np.float32)).save(tmp_path / f"floats/{number}.tif")
        Image.fromarray(RANDOM.integers(0, 4000, (8, 8)).astype(np.uint16)).save(tmp_path / f"dark/{number}.png")
    refused("0.tif holds numbers from .* mode F, as files of high dynamic range", load_images, tmp_path / "floats")
    refused("brightest pixel of the 2 images of 16 bits .* all would be black", load_images, tmp_path / "dark")


def test_the_fingerprint_follows_the_content_of_the_files(tmp_path):
    for number in range(3):
        write(tmp_path / f"{number}.png")
    before = load_images(tmp_path).fingerprint
    assert load_images(tmp_path).fingerprint == before
    write(tmp_path / "1.png")
    assert load_images(tmp_path).fingerprint != before
