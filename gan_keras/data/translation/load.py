"""`load_domains`: two domains of images by the name of a data set, from folders, or from arrays in a `.npz` file."""

import contextlib
import dataclasses
import itertools
import pathlib

import numpy as np
from PIL import Image

from gan_keras import catalogue
from gan_keras.data.files import NUM_NAMED, ArrayFile, Hints, check_broken, is_path, visible
from gan_keras.data.image.files import SUFFIXES, UNREADABLE, read_picture
from gan_keras.data.image.images import Images
from gan_keras.data.image.load import checked_size, load_digits, load_images
from gan_keras.data.image.readers import fit_all, images_from_arrays, read_folder
from gan_keras.data.sample_set import without_labels
from gan_keras.data.translation.domains import DOMAINS, Domains, PairedDomains, in_colour
from gan_keras.media.safe_files import check_is_file

TRANSLATION_DATASETS = catalogue.DATASETS["translation"]

_HINTS = Hints("a folder with two folders of images", "a=array, b=array", "images of several sizes go into folders instead")
_KEYS = (("a_train", "b_train"), ("a", "b"))
FOLDERS = (("trainA", "trainB"), ("a", "b"))
_TESTS = {"a_train": ("a_test", "b_test"), "trainA": ("testA", "testB")}
MAX_BYTES = 2**32
"""Maximum size of the halves of pairs in memory."""

_EDGE = 48  # minimum difference of neighbouring levels at an outline


def load_domains(source, size=None, channels=None, paired=False):
    """Loads two domains by name, from a path, or from arrays: `Domains`, or `PairedDomains` if `paired`.

    Args:
        source: A name in `TRANSLATION_DATASETS`; a folder (see `read_folders`); a `.npz` file with arrays `a` and `b`, or
            `a_train` and `b_train` (and optionally `a_test` and `b_test`), as for `load_images`; or a pair of what
            `load_images` takes: `(images_a, images_b)`.
        size: Pixels that images are cropped and resized to, an int or `(height, width)`; `None` keeps their size.
        channels: 1 for grey, 3 for colour; `None` keeps their channels.
        paired: Whether the domains must be paired: files in both folders have equal names, two images lie side by side in each
            file, or a `.npz` file contains a true `paired` next to its arrays. A pair of arrays is taken at your word.

    Raises:
        FileNotFoundError: If it is neither a name nor a file nor a folder.
        ValueError: If a domain is missing or empty, sizes differ, or there are no pairs.
    """
    size = checked_size(size)
    if not is_path(source):
        if len(source) != 2:
            raise ValueError(f"Got {len(source)} parts. Expected a pair, the images of domain a and those of domain b.")
        a, b = in_colour([without_labels(load_images(images, size, channels)) for images in source])
        found, is_paired = Domains("domains", a, b), len(a) == len(b)
    elif str(source) in TRANSLATION_DATASETS:
        found = _BUILT_IN[str(source)](size, channels)
        is_paired = isinstance(found, PairedDomains)
    elif (path := pathlib.Path(source)).is_dir():
        found, is_paired = read_folders(path, size, channels, paired)
    else:
        check_is_file(path, "Data sets for translation", TRANSLATION_DATASETS)
        found, is_paired = _read_npz(path, size, channels)
    if paired and not is_paired:
        raise ValueError(
            f"{found.name} holds domains without pairs. Expected files of equal names in both folders, two images side by side "
            "in each file, or an array `paired=True` in a .npz file of paired images. Without pairs, use another preset, such as "
            "default."
        )
    kind = PairedDomains if paired else Domains
    return kind(**{field.name: getattr(found, field.name) for field in dataclasses.fields(Domains)})


def _read_npz(path, size, channels):
    """Returns the domains, and whether the file says that they are paired."""
    file = ArrayFile(path, _HINTS)
    keys = _choose(path, "arrays", _KEYS, file.names)

    def images(key):
        return images_from_arrays(f"{path.name}, {key}", file.array(key), size=size, channels=channels)

    tests = _TESTS.get(keys[0], ())
    tests = _both(path, tests, [name for name in tests if name in file])
    a, b, *test = in_colour([images(key) for key in (*keys, *tests)])
    is_paired = "paired" in file and bool(np.all(file.array("paired")))
    return Domains(path.name, a, b, tuple(test) or None), is_paired


def read_folders(path, size=None, channels=None, paired=False):
    """Reads the `Domains` of a folder, and returns whether they are paired. Its layout is one of these:

    - sub-folders `trainA` and `trainB`, and optionally `testA` and `testB`; or `a` and `b`; in any case;
    - two sub-folders with the names of the domains, such as `horses` and `zebras`: domain a is the first by name;
    - such sub-folders in `train`, and optionally in `test` or `val`;
    - images twice as wide as high, in the folder or in `train`, and optionally in `test` or `val`: pairs side by side, domain a
      on the left.
    """
    folders = {child.name.lower(): child for child in _folders_in(path)}
    pair = next((pair for pair in FOLDERS if all(name.lower() in folders for name in pair)), None)
    if pair is not None:
        tests = _TESTS.get(pair[0], ())
        chosen = [*pair, *_both(path, tests, [name for name in tests if name.lower() in folders])]
        return _domains_of(path, [_images_of(folders[name.lower()], size, channels) for name in chosen], "")
    parts, layout = [path], ""
    if "train" in folders:
        tests = [name for name in ("test", "val", "valid", "validation") if name in folders]
        parts = [folders[name] for name in ("train", *tests[:1])]
        layout = "".join(f", {name} for tests" for name in tests[:1]) + "".join(f", {name} not used" for name in tests[1:])
    domains = [_folders_in(part) for part in parts]
    names = [[child.name for child in children] for children in domains]
    if len(names[0]) == 2 and all(each == names[0] for each in names):
        found = [_images_of(child, size, channels) for children in domains for child in children]
        return _domains_of(path, found, f"a is {names[0][0]} and b is {names[0][1]}{layout}")
    files = [sorted(file for file in part.iterdir() if file.suffix.lower() in SUFFIXES) for part in parts]
    if not any(names) and all(files) and (paired or all(map(is_side_by_side, itertools.chain(*files)))):
        found = [images for part, each in zip(parts, files, strict=True) for images in _halves_of(part, each, size, channels)]
        return _domains_of(path, found, f"side by side, a is on the left and b on the right{layout}", is_paired=True)
    named, expected = ", ".join(child.name for child in folders.values()), ", or ".join(" and ".join(pair) for pair in FOLDERS)
    raise ValueError(
        f"{path} holds the folders {named or 'none'}. Expected two domains: {expected}, or two folders with their names; or "
        "images twice as wide as high, pairs side by side."
    )


def _folders_in(path):
    return sorted(child for child in path.iterdir() if child.is_dir() and visible(child.relative_to(path)))


def _both(path, expected, found):
    """Returns the names of both domains' parts for tests, or none; raises `ValueError` for one."""
    if len(found) == 1:
        raise ValueError(f"{path} holds {found[0]} alone. Expected {' and '.join(expected)}, or neither of them.")
    return found


def _domains_of(path, images, layout, is_paired=None):
    """Returns the `Domains` of two or four `Images`, and whether they are paired: by equal names of files, if not said."""
    a, b, *test = in_colour(images)
    if is_paired is None:
        stems = [[pathlib.Path(file).stem for file in part.images] for part in images]
        is_paired = stems[0] == stems[1] and (not test or stems[2] == stems[3])
    return Domains(path.resolve().name, a, b, tuple(test) or None, layout), is_paired


def _images_of(folder, size, channels):
    return without_labels(read_folder(folder, size, channels))


def is_side_by_side(path):
    """Returns whether an image is twice as wide as high, as a pair of square ones is."""
    with contextlib.suppress(*UNREADABLE), Image.open(path) as image:
        return image.width == 2 * image.height
    return True  # a broken file is counted when it is read


def _halves_of(folder, paths, size, channels):
    """Returns the `Images` of the left and of the right halves of files, in memory."""
    halves, broken, num_bytes = ([], []), [], 0
    for path in paths:
        try:
            pixels = read_picture(path).pixels
        except UNREADABLE:
            broken.append(path.name)
            continue
        middle = pixels.shape[1] // 2
        for half, part in zip(halves, (pixels[:, :middle], pixels[:, -middle:]), strict=True):
            half.append(part if size is None else fit_all(part[np.newaxis], size, channels)[0][0])
            num_bytes += half[-1].size
        if num_bytes > MAX_BYTES:
            raise ValueError(f"The pairs of {folder} exceed {MAX_BYTES:,} bytes in memory. Expected less: `--set size=128`.")
    check_broken(folder, broken, len(paths), Images.noun, "are corrupt")
    found = [images_from_arrays(name, half, size=size, channels=channels) for name, half in zip(DOMAINS, halves, strict=True)]
    counts = {"corrupt": len(broken), "first_corrupt": broken[:NUM_NAMED]}
    return [dataclasses.replace(images, report=images.report | counts) for images in found]


def _choose(path, what, pairs, found):
    """Returns the first pair of names that are both found."""
    for pair in pairs:
        if all(name in found for name in pair):
            return pair
    expected = ", or ".join(" and ".join(pair) for pair in pairs)
    raise ValueError(f"{path} holds the {what} {', '.join(sorted(found)) or 'none'}. Expected two domains: {expected}.")


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
