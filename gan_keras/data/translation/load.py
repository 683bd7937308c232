"""`load_domains`: two domains of images by the name of a data set, from folders, or from arrays in a `.npz` file."""

import dataclasses
import pathlib

import numpy as np

from gan_keras import catalogue
from gan_keras.data.files import ArrayFile, Hints
from gan_keras.data.image.load import checked_size, load_digits
from gan_keras.data.image.readers import images_from_arrays, read_folder
from gan_keras.data.sample_set import without_labels
from gan_keras.data.translation.domains import Domains, PairedDomains
from gan_keras.media.safe_files import check_is_file

TRANSLATION_DATASETS = catalogue.DATASETS["translation"]

_HINTS = Hints("a folder with two folders of images", "a=array, b=array", "images of several sizes go into folders instead")
_KEYS = (("a_train", "b_train"), ("a", "b"))
FOLDERS = (("trainA", "trainB"), ("a", "b"))
_TESTS = {"a_train": ("a_test", "b_test"), "trainA": ("testA", "testB")}
_EDGE = 48  # minimum difference of neighbouring levels at an outline


def load_domains(name_or_path, size=None, channels=None, paired=False):
    """Loads two domains by name or from a path: `Domains`, or `PairedDomains` if `paired`.

    Args:
        name_or_path: A name in `TRANSLATION_DATASETS`; a folder with sub-folders `a` and `b`, or `trainA` and `trainB` (and
            optionally `testA` and `testB`), of PNG and JPEG files; or a `.npz` file with arrays `a` and `b`, or `a_train` and
            `b_train` (and optionally `a_test` and `b_test`), as for `load_images`.
        size: Pixels that images are cropped and resized to, an int or `(height, width)`; `None` keeps their size.
        channels: 1 for grey, 3 for colour; `None` keeps their channels.
        paired: Whether the domains must be paired: files in both folders have equal names, and a `.npz` file contains a true
            `paired` next to its arrays.

    Raises:
        FileNotFoundError: If it is neither a name nor a file nor a folder.
        ValueError: If a domain is missing or empty, sizes differ, or there are no pairs.
    """
    size, path = checked_size(size), pathlib.Path(name_or_path)
    if str(name_or_path) in TRANSLATION_DATASETS:
        found = _BUILT_IN[str(name_or_path)](size, channels)
        is_paired = isinstance(found, PairedDomains)
    elif path.is_dir():
        found = _read_folders(path, size, channels)
        a, b, *test = [[pathlib.Path(file).stem for file in images.images] for images in found.all_images]
        is_paired = a == b and (not test or test[0] == test[1])  # files have equal names without suffixes
    else:
        check_is_file(path, "Data sets for translation", TRANSLATION_DATASETS)
        found, is_paired = _read_npz(path, size, channels)
    if paired and not is_paired:
        raise ValueError(
            f"{found.name} holds domains without pairs. Expected files of equal names in both folders, or an array `paired=True` "
            "in a .npz file of paired images. Without pairs, use another preset, such as default."
        )
    kind = PairedDomains if paired else Domains
    return kind(**{field.name: getattr(found, field.name) for field in dataclasses.fields(Domains)})


def _read_npz(path, size, channels):
    """Returns the domains, and whether the file says that they are paired."""
    file = ArrayFile(path, _HINTS)
    keys = _choose(path, "arrays", _KEYS, file.names)

    def images(key):
        return images_from_arrays(f"{path.name}, {key}", file.array(key), size=size, channels=channels)

    test = tuple(map(images, _test_names(path, keys, file))) or None
    is_paired = "paired" in file and bool(np.all(file.array("paired")))
    return Domains(path.name, images(keys[0]), images(keys[1]), test), is_paired


def _read_folders(path, size, channels):
    names = sorted(child.name for child in path.iterdir() if child.is_dir())
    folders = _choose(path, "folders", FOLDERS, names)

    def images(name):
        return without_labels(read_folder(path / name, size, channels))

    test = tuple(map(images, _test_names(path, folders, names))) or None
    return Domains(path.resolve().name, images(folders[0]), images(folders[1]), test)


def _choose(path, what, pairs, found):
    """Returns the first pair of names that are both found."""
    for pair in pairs:
        if all(name in found for name in pair):
            return pair
    expected = ", or ".join(" and ".join(pair) for pair in pairs)
    raise ValueError(f"{path} holds the {what} {', '.join(sorted(found)) or 'none'}. Expected two domains: {expected}.")


def _test_names(path, chosen, found):
    """Returns the names of both domains' parts for tests; an empty list if there are none."""
    names = [name for name in _TESTS.get(chosen[0], ()) if name in found]
    if len(names) == 1:
        raise ValueError(f"{path} holds {names[0]} alone. Expected {' and '.join(_TESTS[chosen[0]])}, or neither of them.")
    return names


def _inverted_digits(size, channels):
    """Every second digit unchanged, the others inverted: no digit is in both domains."""
    digits = load_digits(size, channels).images
    a, b = (images_from_arrays(name, images) for name, images in (("a", digits[::2]), ("b", 255 - digits[1::2])))
    return Domains("inverted_digits", a, b)


def _outlined_digits(size, channels):
    digits = load_digits(size, channels).images
    right, down = (np.abs(np.diff(digits.astype(int), axis=axis, append=0)) for axis in (2, 1))
    outlines = np.where(np.maximum(right, down) > _EDGE, 255, 0).astype(np.uint8)
    return PairedDomains("outlined_digits", images_from_arrays("a", outlines), images_from_arrays("b", digits))


_BUILT_IN = {"inverted_digits": _inverted_digits, "outlined_digits": _outlined_digits}
