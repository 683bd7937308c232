"""Two domains of images: reading, splits, and batches."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from gan_keras.data.sample_set import hash_of
from gan_keras.data.translation.domains import PairedDomains, describe_domains, domain_batches, split_domains
from gan_keras.data.translation.load import load_domains
from refusals import refused

SHARED_DATA = pathlib.Path(__file__).parents[2] / "../shared/data"


def images(num, first=0, size=4):
    """Images of one level each, which identifies the image."""
    return (np.arange(first, first + num, dtype=np.uint8)[:, None, None, None] * np.ones((1, size, size, 3), np.uint8)).copy()


def write_folder(folder, arrays):
    for name, array in arrays.items():
        (folder / name).mkdir(parents=True)
        for index, image in enumerate(array):
            Image.fromarray(image).save(folder / name / f"{index:02d}.png")
    return folder


def numbers(batches):
    """Numbers of the images of both domains, batch by batch."""
    a, b = zip(*[[part.numpy()[:, 0, 0, 0] for part in batch] for batch in batches], strict=True)
    return np.concatenate(a), np.concatenate(b)


def test_a_file_holds_two_domains_and_optional_test_images_which_are_left_out_of_training(tmp_path):
    np.savez(tmp_path / "with.npz", a_train=images(5), b_train=images(7, 50), a_test=images(2, 100), b_test=images(3, 150))
    np.savez(tmp_path / "without.npz", a=images(20), b=images(10, 50))
    domains = load_domains(tmp_path / "with.npz")
    assert (len(domains.a), len(domains.b), len(domains), domains.image_shape) == (5, 7, 7, (4, 4, 3))
    training, held_out = split_domains(domains)
    assert [len(part) for part in (training.a, training.b, held_out.a, held_out.b)] == [5, 7, 2, 3]
    np.testing.assert_array_equal(held_out.b.images[:, 0, 0, 0], [150, 151, 152])
    training, held_out = split_domains(load_domains(tmp_path / "without.npz"), seed=1)
    assert [len(part) for part in (training.a, training.b, held_out.a, held_out.b)] == [18, 9, 2, 1]
    assert not set(training.a.hashes) & set(held_out.a.hashes)
    np.savez(tmp_path / "data.npz", a_train=images(5), b_train=images(5), a_test=images(2, 4), b_test=images(2, 50))
    training, held_out = split_domains(load_domains(tmp_path / "data.npz"))
    assert (len(training.a), len(training.b), len(held_out.a)) == (4, 5, 2) and training.a.report["copies"] == 1


@pytest.mark.parametrize("names", [("a", "b"), ("trainA", "trainB")])
def test_folders_hold_two_domains(tmp_path, names):
    write_folder(tmp_path, {names[0]: images(3), names[1]: images(4, 50), "testA": images(2, 100), "testB": images(2, 150)})
    domains = load_domains(tmp_path)
    assert (len(domains.a), len(domains.b), domains.image_shape) == (3, 4, (4, 4, 3))
    assert (domains.test is None) == (names == ("a", "b")) and domains.a.labels is None
    assert "unpaired; a: 3 images of 4 x 4 x 3" in describe_domains(domains)


def test_the_fingerprint_changes_with_an_image_of_either_domain(tmp_path):
    found = set()
    for number, (a, b) in enumerate([(0, 50), (1, 50), (0, 51)]):
        np.savez(tmp_path / f"{number}.npz", a=images(3, a), b=images(3, b))
        found.add(load_domains(tmp_path / f"{number}.npz").fingerprint)
    assert len(found) == 3


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the shared data sets are not here")
def test_apples_and_tomatoes_are_read_with_their_test_parts():
    domains = load_domains(SHARED_DATA / "apple2tomato.npz")
    assert [len(part) for part in domains.all_images] == [600, 600, 200, 200]


def test_built_in_domains_are_digits_and_their_opposite():
    domains = load_domains("inverted_digits")
    assert domains.image_shape == (16, 16, 1) and (len(domains.a), len(domains.b)) == (899, 898)
    assert domains.a.images.mean() < 100 < 155 < domains.b.images.mean()
    inverted = {hash_of((255 - image).tobytes()) for image in domains.b.images}
    assert len(inverted & set(domains.a.hashes.tolist())) == 0
    pairs = load_domains("outlined_digits", paired=True)
    assert isinstance(pairs, PairedDomains) and len(pairs.a) == len(pairs.b) == 1797
    assert set(np.unique(pairs.a.images)) == {0, 255}


def test_pairs_are_split_together_and_stay_together_in_batches(tmp_path):
    a = images(30)
    a[29] = a[3]  # a copy, whose partner is another image
    np.savez(tmp_path / "pairs.npz", a=a, b=images(30, 100), paired=True)
    training, held_out = split_domains(load_domains(tmp_path / "pairs.npz", paired=True), seed=2)
    assert len(held_out.a) == len(held_out.b) == 3
    for part in (training, held_out):
        of_a, of_b = part.a.images[:, 0, 0, 0].astype(int), part.b.images[:, 0, 0, 0].astype(int)
        assert all(y - x == 100 or (x, y) == (3, 129) for x, y in zip(of_a, of_b, strict=True))
    assert not set(training.a.hashes) & set(held_out.a.hashes)
    of_a, of_b = numbers(domain_batches(load_domains(tmp_path / "pairs.npz", paired=True), 4, flip=True))
    assert all(y - x == 100 or (x, y) == (3, 129) for x, y in zip(of_a.astype(int), of_b.astype(int), strict=True))


def test_pairs_in_folders_have_equal_names(tmp_path):
    folder = write_folder(tmp_path / "data", {"a": images(3), "b": images(3, 50)})
    assert isinstance(load_domains(folder, paired=True), PairedDomains)
    (folder / "b" / "02.png").rename(folder / "b" / "other.png")
    refused("without pairs", load_domains, folder, paired=True)
    assert not isinstance(load_domains(folder), PairedDomains)


def test_folders_are_recognised_by_their_layout_which_is_told(tmp_path):
    parts = {"TrainA": images(3), "TrainB": images(4, 50), "TestA": images(2, 100), "TestB": images(2, 150)}
    write_folder(tmp_path / "upper", parts)
    write_folder(tmp_path / "named", {"zebras": images(4, 50), "horses": images(3)})
    for part in ("train", "val", "test"):
        write_folder(tmp_path / "parts" / part, {"zebras": images(4, 50), "horses": images(3)})
    for name, told, has_test in (
        ("upper", "unpaired; a: 3 images", True),
        ("named", "unpaired, a is horses and b is zebras; a: 3 images", False),
        ("parts", "unpaired, a is horses and b is zebras, test for tests, val not used; a: 3 images", True),
    ):
        domains = load_domains(tmp_path / name)
        assert told in describe_domains(domains) and (domains.test is not None) == has_test
        assert (len(domains.a), len(domains.b)) == (3, 4)


def test_pairs_side_by_side_are_split_into_their_halves(tmp_path):
    a, b = images(4), images(4, 50)
    write_folder(tmp_path / "pairs", dict.fromkeys(("train", "test"), np.concatenate([a, b], axis=2)))
    domains = load_domains(tmp_path / "pairs", paired=True)
    np.testing.assert_array_equal(domains.a.images, a)
    np.testing.assert_array_equal(domains.b.images, b)
    assert "pairs, side by side, a is on the left and b on the right, test for tests; a: 4 images" in describe_domains(domains)
    assert load_domains(tmp_path / "pairs/train", size=8).image_shape == (8, 8, 3)
    write_folder(tmp_path, {"single": a})
    refused("twice as wide as high, pairs side by side", load_domains, tmp_path / "single")


def test_a_grey_domain_next_to_a_coloured_one_is_converted_and_counted(tmp_path):
    np.savez(tmp_path / "both.npz", a=images(3)[..., :1], b=images(3, 50))
    write_folder(tmp_path / "folder", {"a": images(3)[..., 0], "b": images(3, 50)})
    for source in (tmp_path / "both.npz", tmp_path / "folder"):
        domains = load_domains(source)
        assert "a: 3 images of 4 x 4 x 3, 3 grey among colour" in describe_domains(domains)
        (batch, _) = next(iter(domain_batches(domains, 3)))
        assert sorted(batch.numpy()[:, 0, 0].tolist()) == images(3)[:, 0, 0].tolist()


def test_domains_are_made_of_arrays_lists_and_folders(tmp_path):
    write_folder(tmp_path, {"a": images(3)})
    domains = load_domains((tmp_path / "a", list(images(3, 50))), paired=True)
    np.testing.assert_array_equal(domains.b.images, images(3, 50))
    assert repr(domains).startswith("<PairedDomains domains, pairs; a: 3 images of 4 x 4 x 3")
    assert domains._repr_html_().count("data:image/png;base64,") == 2
    refused("Got 3 parts. Expected a pair", load_domains, [images(3)] * 3)


def test_an_epoch_is_the_longer_domain_and_each_domain_has_an_order_of_its_own(tmp_path):
    np.savez(tmp_path / "data.npz", a=images(10), b=images(4, 50))
    batches = domain_batches(load_domains(tmp_path / "data.npz"), 2, seed=3)
    first, second = numbers(batches), numbers(batches)
    assert int(batches.cardinality()) == 5 and sorted(first[0]) == sorted(second[0]) == list(range(10))
    assert not np.array_equal(first[0], second[0])
    assert sorted(first[1][:4]) == sorted(first[1][4:8]) == [50, 51, 52, 53]
    again = domain_batches(load_domains(tmp_path / "data.npz"), 2, seed=3)
    np.testing.assert_array_equal(numbers(again), first)
    np.testing.assert_array_equal(numbers(again), second)
    other = numbers(domain_batches(load_domains(tmp_path / "data.npz"), 2, seed=4))
    assert not np.array_equal(other[0], first[0])
    np.savez(tmp_path / "data.npz", a=images(20), b=images(20, 100))
    of_a, of_b = numbers(domain_batches(load_domains(tmp_path / "data.npz"), 5))
    assert np.sum(of_b.astype(int) - of_a == 100) < 10


def test_flip_mirrors_half_of_the_images(tmp_path):
    a = np.zeros((200, 4, 4, 1), np.uint8)
    a[:, :, 0] = 255  # the left column is white
    np.savez(tmp_path / "data.npz", a=a, b=a)
    domains = load_domains(tmp_path / "data.npz")
    left = [np.concatenate([part.numpy()[:, 0, 0, 0] for part, _ in domain_batches(domains, 50, flip=flip)]) for flip in (0, 1)]
    assert left[0].mean() == 255 and 0.35 < left[1].mean() / 255 < 0.65


def test_files_give_the_batches_of_the_same_images_in_memory(tmp_path):
    a, b = images(6), images(5, 50)
    np.savez(tmp_path / "data.npz", a=a, b=b)
    folder = write_folder(tmp_path / "folder", {"a": a, "b": b})
    sources = (tmp_path / "data.npz", folder)
    in_memory, from_files = (list(domain_batches(load_domains(source), 3, seed=1, flip=True)) for source in sources)
    for one, other in zip(in_memory, from_files, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_a_missing_or_empty_domain_or_part_and_too_large_a_batch_are_refused(tmp_path):
    np.savez(tmp_path / "half.npz", a_train=images(3), b_train=images(3, 50), b_test=images(2, 100))
    refused("half.npz holds b_test alone. Expected a_test and b_test, or neither", load_domains, tmp_path / "half.npz")
    np.savez(tmp_path / "one.npz", a=images(3))
    with pytest.raises(ValueError, match=r"one.npz holds the arrays a. Expected two domains: a_train and b_train, or a and b"):
        load_domains(tmp_path / "one.npz")
    np.savez(tmp_path / "empty.npz", a=images(3), b=images(0))
    refused(r"empty.npz, b holds images of shape \(0, 4, 4, 3\)", load_domains, tmp_path / "empty.npz")
    folder = write_folder(tmp_path / "folder", {"a": images(3), "b": []})
    refused(r"b holds no images among 0 files", load_domains, folder)
    refused("holds the folders none. Expected two domains", load_domains, folder / "b")
    refused("inverted_digits", load_domains, tmp_path / "absent", error=FileNotFoundError)
    np.savez(tmp_path / "data.npz", a=images(3), b=images(4, 50))
    refused("batch_size=5 for 4 images", domain_batches, load_domains(tmp_path / "data.npz"), 5)


def test_domains_of_several_sizes_need_a_size_and_unpaired_ones_are_refused_as_pairs(tmp_path):
    np.savez(tmp_path / "sizes.npz", a=images(3), b=images(3, size=6)[..., :1])
    refused("4 x 4 x 3 and 6 x 6 x 3. Expected one shape", load_domains, tmp_path / "sizes.npz")
    assert load_domains(tmp_path / "sizes.npz", size=8, channels=3).image_shape == (8, 8, 3)
    np.savez(tmp_path / "unpaired.npz", a=images(3), b=images(3, 50))
    refused("unpaired.npz holds domains without pairs", load_domains, tmp_path / "unpaired.npz", paired=True)
    np.savez(tmp_path / "uneven.npz", a=images(3), b=images(4, 50), paired=True)
    refused("3 images of domain a and 4 of domain b", load_domains, tmp_path / "uneven.npz", paired=True)
    refused("inverted_digits holds domains without pairs", load_domains, "inverted_digits", paired=True)
