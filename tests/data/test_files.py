"""Files of arrays: damage raises an error about the input."""

import zlib

import numpy as np

from gan_keras.data.files import ArrayFile, Hints
from refusals import refused

HINTS = Hints("a folder of images", "images=array", "those of several shapes go into a folder")


def read_all(path):
    file = ArrayFile(path, HINTS)
    return [file.array(name) for name in file.names]


def test_a_file_with_any_byte_changed_is_read_correctly_or_refused(tmp_path):
    path, levels = tmp_path / "a.npz", np.random.default_rng(0).integers(0, 16, (8, 8, 8)).astype(np.uint8)
    np.savez_compressed(path, images=levels)
    content, causes = path.read_bytes(), []
    for place in range(0, len(content), 5):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        try:
            assert all(np.array_equal(array, levels) for array in read_all(path))
        except ValueError as error:
            assert str(path) in str(error) and "Expected" in str(error)
            causes.append(type(error.__cause__))
    assert zlib.error in causes and len(causes) > 0.1 * len(content)


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, images=np.zeros((4, 8, 8), np.uint8))
    path.write_bytes(path.read_bytes()[:-40])
    refused("a.npz cannot be read as arrays. Expected a .npz file, or a folder of images", read_all, path)
