"""`load_domains`: two domains of images by the name of a data set, from folders, or from arrays in a `.npz` file."""

import dataclasses
import pathlib

import numpy as np

from gan_keras.data.arrays import ArrayFile, Hints
from gan_keras.data.image.arrays import images_from_arrays
from gan_keras.data.image.digits import load_digits
from gan_keras.data.image.folders import read_folder
from gan_keras.data.image.load import checked_size
from gan_keras.data.text.corpus import check_is_file
from gan_keras.data.translation.domains import Domains, PairedDomains

TRANSLATION_DATASETS = {
    "inverted_digits": "digits of scikit-learn, white on black, and others, black on white",
    "outlined_digits": "pairs: outlines of digits of scikit-learn, and the digits",
}

_HINTS = Hints("a folder with two folders of images", "a=array, b=array", "images of several sizes go into folders instead")
_KEYS = (("a_train", "b_train"), ("a", "b"))
_FOLDERS = (("trainA", "trainB"), ("a", "b"))
_TESTS = {"a_train": ("a_test", "b_test"), "trainA": ("testA", "testB")}
_EDGE = 48  # levels between neighbours from which there is an outline


def load_domains(name_or_path, size=None, channels=None, paired=False):
    """Loads two domains by name or from a path.

    Args:
        name_or_path: A name in `TRANSLATION_DATASETS`; a folder with sub-folders `a` and `b`, or `trainA` and `trainB` (and
            maybe `testA` and `testB`), of PNG and JPEG files; or a `.npz` file with arrays `a` and `b`, or `a_train` and
            `b_train` (and maybe `a_test` and `b_test`), as of `load_images`.
        size: Pixels that images are cropped and resized to, an int or `(height, width)`; `None` keeps their size.
        channels: 1 for grey, 3 for colour; `None` keeps what they have.
        paired: Whether images of a place have to belong together: in folders they have equal names, and a file holds a true
            `paired` beside its arrays.

    Returns:
        `Domains`, or `PairedDomains` where pairs are asked for.

    Raises:
        FileNotFoundError: Neither a name nor a file nor a folder.
        ValueError: A domain is missing or empty, sizes differ, or there are no pairs.
    """
    size, path = checked_size(size), pathlib.Path(name_or_path)
    if str(name_or_path) in TRANSLATION_DATASETS:
        found = _BUILT_IN[str(name_or_path)](size, channels)
        is_paired = isinstance(found, PairedDomains)
    elif path.is_dir():
        found = _read_folders(path, size, channels)
        is_paired = _have_equal_names(found)
    else:
        check_is_file(path, hint=f"Data sets for translation: {', '.join(TRANSLATION_DATASETS)}.")
        found, is_paired = _read_npz(path, size, channels)
    if paired and not is_paired:
        raise ValueError(
            f"{found.name} holds domains without pairs. Expected files of equal names in both folders, or an array `paired=True` "
            "in a .npz file whose images of a place belong together. Without pairs take another preset, such as default."
        )
    kind = PairedDomains if paired else Domains
    return kind(**{field.name: getattr(found, field.name) for field in dataclasses.fields(Domains)})


def _read_npz(path, size, channels):
    """The domains, and whether they say that they are paired."""
    file = ArrayFile(path, _HINTS)
    keys = _choose(path, "arrays", _KEYS, file.names)

    def images(key):
        return images_from_arrays(f"{path.name}, {key}", file.array(key), size=size, channels=channels)

    test = tuple(map(images, _tests_beside(path, keys, file))) or None
    is_paired = "paired" in file and bool(np.all(file.array("paired")))
    return Domains(path.name, images(keys[0]), images(keys[1]), test), is_paired


def _read_folders(path, size, channels):
    names = sorted(child.name for child in path.iterdir() if child.is_dir())
    folders = _choose(path, "folders", _FOLDERS, names)

    def images(name):
        return dataclasses.replace(read_folder(path / name, size, channels), labels=None, label_names=None)

    test = tuple(map(images, _tests_beside(path, folders, names))) or None
    return Domains(path.resolve().name, images(folders[0]), images(folders[1]), test)


def _choose(path, what, pairs, found):
    """The first pair of names that are all there."""
    for pair in pairs:
        if all(name in found for name in pair):
            return pair
    expected = ", or ".join(" and ".join(pair) for pair in pairs)
    raise ValueError(f"{path} holds the {what} {', '.join(sorted(found)) or 'none'}. Expected two domains: {expected}.")


def _tests_beside(path, chosen, found):
    """The names of both domains' part for tests; none where there is no such part."""
    there = [name for name in _TESTS.get(chosen[0], ()) if name in found]
    if len(there) == 1:
        raise ValueError(f"{path} holds {there[0]} alone. Expected {' and '.join(_TESTS[chosen[0]])}, or neither of them.")
    return there


def _have_equal_names(domains):
    """Whether files of a place have equal names, endings aside, in both domains, and for tests too."""
    a, b, *test = [[pathlib.Path(file).stem for file in images.images] for images in domains.all_images]
    return a == b and (not test or test[0] == test[1])


def _inverted_digits(size, channels):
    """Every second digit as it is, the others inverted: no digit is in both domains."""
    digits = load_digits(size, channels).images
    a, b = (images_from_arrays(name, images) for name, images in (("a", digits[::2]), ("b", 255 - digits[1::2])))
    return Domains("inverted_digits", a, b)


def _outlined_digits(size, channels):
    digits = load_digits(size, channels).images
    levels = digits.astype(int)
    right, down = (np.abs(np.diff(levels, axis=axis, append=0)) for axis in (2, 1))
    outlines = np.where(np.maximum(right, down) > _EDGE, 255, 0).astype(np.uint8)
    return PairedDomains("outlined_digits", images_from_arrays("a", outlines), images_from_arrays("b", digits))


_BUILT_IN = {"inverted_digits": _inverted_digits, "outlined_digits": _outlined_digits}
