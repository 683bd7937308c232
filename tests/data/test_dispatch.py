"""`load`, `split`, `describe` and `batches` do for each kind of data what the functions of the kind do."""

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

from gan_keras import codecs, data
from gan_keras.data.arrays import array_batches
from gan_keras.data.dispatch import KINDS
from gan_keras.data.sample_set import without_labels
from gan_keras.data.table.table import AllRows, RowsByCondition
from refusals import refused

RANDOM = np.random.default_rng(0)
LEVELS = RANDOM.integers(0, 256, (20, 4, 8, 8, 1), dtype=np.uint8)


def table_of(path):
    path.write_text("\n".join(["age,town", *(f"{i},{'xyz'[i % 3]}" for i in range(60))]))
    return data.load(path, "table")


def corpus_of(path):
    path.write_text("\n".join(f"{('cat', 'dog', 'cow')[i % 3]} number {i}" for i in range(60)))
    path.with_name("labels").write_text("\n".join("pqr"[i % 3] for i in range(60)))
    return data.load(path, labels=path.with_name("labels"))


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """A small data set of each kind, by modality."""
    folder = tmp_path_factory.mktemp("sets")
    np.savez(folder / "s.npz", series=RANDOM.standard_normal((60, 12, 2)), labels=np.arange(60) % 2)
    np.savez(folder / "d.npz", a=LEVELS[:, 0], b=LEVELS[:, 1])
    return {
        "text": corpus_of(folder / "t.txt"),
        "image": data.images_from_arrays("images", LEVELS[:, 0], np.arange(20) % 3),
        "audio": data.sounds_from_arrays("sounds", RANDOM.integers(-9, 9, (20, 30), dtype=np.int16), 4000, np.arange(20) % 2),
        "video": data.videos_from_arrays("videos", LEVELS, np.arange(20) % 2),
        "table": table_of(folder / "t.csv"),
        "series": data.load(folder / "s.npz", "series", length=6),
        "translation": data.load(folder / "d.npz", "translation"),
    }


def epochs(batches, num=2):
    """Arrays of some epochs of batches, one after the other."""
    flat = [part for _ in range(num) for batch in batches for part in (batch if isinstance(batch, tuple) else (batch,))]
    return [part.numpy() for part in flat]


def assert_equal(found, expected):
    assert found.element_spec == expected.element_spec and int(found.cardinality()) == int(expected.cardinality()) > 0
    found, expected = epochs(found), epochs(expected)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("modality", KINDS)
def test_data_of_each_kind_are_split_and_described_as_by_their_own_functions(sets, modality):
    own_split = {"text": None, "image": data.split_images, "audio": data.split_sounds, "video": data.split_videos}
    own_split |= {"table": data.split_table, "series": data.split_series, "translation": data.split_domains}
    whole = sets[modality]
    assert type(whole) is KINDS[modality].type
    training, held_out = data.split(whole, seed=3)
    assert type(training) is type(held_out) is type(whole)
    if modality != "text":
        parts = own_split[modality](whole, seed=3)
        assert [part.fingerprint for part in parts] == [training.fingerprint, held_out.fingerprint]
    assert data.describe(whole) == KINDS[modality].describe(whole)
    assert data.describe(whole).startswith(f"{whole.name}")


def test_the_number_held_out_is_chosen_where_it_can_be(sets):
    for modality in ("text", "image", "audio", "video", "table"):
        _, held_out = data.split(sets[modality], 7, seed=1)
        assert len(getattr(held_out, "lines", held_out)) == 7
    for modality in ("series", "translation"):
        refused("held_out=7 for .* Expected None", data.split, sets[modality], held_out=7)


def test_batches_of_text_are_token_ids_with_numbers_for_labels(sets):
    corpus, codec = sets["text"], codecs.WordCodec()
    codec.adapt(corpus.lines)
    numbers = ["pqr".index(label) for label in corpus.labels]
    assert_equal(data.batches(corpus, 8, codec, seed=4), data.text_batches(corpus.lines, codec, 8, numbers, 4))
    assert_equal(data.batches(corpus, 8, codec, labels=False), data.text_batches(corpus.lines, codec, 8))
    shifted = [number + 1 for number in numbers]
    found = data.batches(corpus, 8, codec, labels=["o", "p", "q", "r"], shuffle=False)
    assert_equal(found, data.text_batches(corpus.lines, codec, 8, shifted, shuffle=False))


@pytest.mark.parametrize(("modality", "own"), [("image", data.image_batches), ("audio", data.audio_batches)])
def test_batches_of_images_and_sounds_are_those_of_their_functions(sets, modality, own):
    whole = sets[modality]
    assert_equal(data.batches(whole, 6, seed=4), own(whole, 6, 4))
    assert_equal(data.batches(whole, 6, labels=False), own(without_labels(whole), 6))
    assert_equal(data.batches(whole, 6, shuffle=False), own(whole, 6, shuffle=False))


def test_batches_of_videos_series_and_domains_are_those_of_their_functions(sets):
    videos = sets["video"]
    assert_equal(data.batches(videos, 6, seed=4), array_batches([videos.videos, videos.labels], 6, 4).take(3))
    assert_equal(data.batches(videos, 6, labels=False), array_batches([videos.videos], 6).take(3))
    series, domains = sets["series"], sets["translation"]
    assert_equal(data.batches(series, 8, seed=4), data.series_batches(series, 8, 4))
    assert_equal(data.batches(series, 8, labels=False), data.series_batches(without_labels(series), 8))
    assert_equal(data.batches(domains, 8, seed=4), data.domain_batches(domains, 8, 4))
    assert_equal(data.batches(domains, 8, flip=True), data.domain_batches(domains, 8, flip=True))


def test_batches_of_a_table_are_drawn_by_the_conditions_of_its_codec_if_it_has_categories(sets, tmp_path):
    table, codec = sets["table"], codecs.TableCodec(most_modes=2)
    codec.adapt(table)
    rows = RowsByCondition(len(table), codec.conditions_of(table.cells), codec.num_conditions)
    assert_equal(data.batches(table, 10, codec, seed=4), data.table_batches(table.cells, rows, 10, 20, 4))
    assert_equal(data.batches(table, 2, labels=False), data.table_batches(table.cells, AllRows(60), 2, 30))
    assert_equal(data.batches(table, 10, codec, steps=3), data.table_batches(table.cells, rows, 10, 3))
    (tmp_path / "n.csv").write_text("\n".join(["a,b", *(f"{i},{i % 5}.5" for i in range(60))]))
    table, codec = data.load(tmp_path / "n.csv", "table"), codecs.TableCodec(most_modes=2)
    codec.adapt(table)
    assert_equal(data.batches(table, 10, codec), data.table_batches(table.cells, AllRows(60), 10, 20))


def test_a_missing_codec_other_types_and_unknown_sources_and_modalities_are_refused(sets, tmp_path):
    for modality in ("text", "table"):
        refused("codec=None for a .* Expected an adapted codec", data.batches, sets[modality])
    for function in (data.split, data.describe, data.batches):
        refused("type ndarray. Expected Corpus, Images", function, LEVELS, error=TypeError)
    refused("no file .*digit. Did you mean digits. .*: docstrings", data.load, tmp_path / "digit", error=FileNotFoundError)
    refused("modality='pictures'. Expected one of text, image", data.load, "digits", "pictures")


def test_sources_without_doubt_are_loaded_without_a_modality_and_each_name_belongs_to_one(tmp_path):
    assert data.load("wine").fingerprint == data.load_table("wine").fingerprint
    assert data.load("digits", size=8).image_shape == (8, 8, 1)
    (tmp_path / "t.txt").write_text("one\ntwo\n")
    assert data.load(tmp_path / "t.txt").lines == ("one", "two")
    for name in ("images", "sounds", "series"):
        (tmp_path / name).mkdir()
    for index in range(2):
        Image.fromarray(LEVELS[index, 0, ..., 0]).save(tmp_path / "images" / f"{index}.png")
        wavfile.write(tmp_path / "sounds" / f"{index}.wav", 4000, np.arange(9, dtype=np.int16) + index)
        (tmp_path / "series" / f"{index}.csv").write_text("a\n1\n2\n3\n")
    assert len(data.load(tmp_path / "images")) == len(data.load(tmp_path / "sounds")) == 2
    assert len(data.load(tmp_path / "series", length=2)) == 4
    names = [name for kind in KINDS.values() for name in kind.names]
    assert len(names) == len(set(names)) == 16


def test_the_modality_of_an_ambiguous_source_must_be_given(tmp_path):
    for domain in ("a", "b"):
        for clip in ("1", "2"):
            (tmp_path / "pair" / domain).mkdir(parents=True, exist_ok=True)
            (tmp_path / "clips" / domain / clip).mkdir(parents=True)
            Image.fromarray(LEVELS[0, 0, ..., 0]).save(tmp_path / "pair" / domain / f"{clip}.png")
            Image.fromarray(LEVELS[0, 0, ..., 0]).save(tmp_path / "clips" / domain / clip / "1.png")
    (tmp_path / "classes" / "cat").mkdir(parents=True)
    Image.fromarray(LEVELS[0, 0, ..., 0]).save(tmp_path / "classes" / "cat" / "1.jpg")
    (tmp_path / "empty").mkdir()
    for name in ("t.csv", "t.npz", "t.dat"):
        (tmp_path / name).write_text("a\n1\n")
    for name, words in (
        ("t.csv", 'table, series. Expected a choice: modality="table" or modality="series"'),
        ("t.npz", "image, audio, video, series, translation"),
        ("t.dat", "text, table, series"),
        ("pair", "image, video, translation"),
        ("clips", "image, video"),
        ("classes", "image, video"),
        ("empty", "image, audio, video, series, translation"),
    ):
        refused(f"{name} may be {words}", data.load, tmp_path / name)
    assert len(data.load(tmp_path / "pair", modality="translation")) == 2
