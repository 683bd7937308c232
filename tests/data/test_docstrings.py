import os

import pytest

from gan_keras.data.text import docstrings

SOURCE = '''"""Reads numbers from a file.

This sentence is not the first.
"""

class Reader:
    """Holds one open
    file, and closes it. It is not thread safe."""

    if True:
        async def read(self):
            """Return the next number in the file."""

def use(reader):
    """Call `reader.read` once."""

def short():
    """Too short."""

def again():
    """Reads numbers from a file."""
'''


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "gan_keras"


@pytest.fixture
def sources(tmp_path, monkeypatch):
    path = tmp_path / "module.py"
    path.write_text(SOURCE)
    broken = tmp_path / "broken.py"
    broken.write_text("print 'Python 2'")
    monkeypatch.setattr(docstrings, "source_files", lambda: [path, broken])
    return path


def test_the_corpus_is_the_distinct_english_first_sentences(cache, sources):
    corpus = docstrings.load_docstrings()
    assert set(corpus.lines) == {
        "Reads numbers from a file.",
        "Holds one open file, and closes it.",
        "Return the next number in the file.",
    }
    assert corpus.report == {"lines": 3, "duplicates": 0}


def test_the_second_call_reads_only_the_cache(cache, sources, monkeypatch):
    first = docstrings.load_docstrings()
    monkeypatch.setattr(docstrings, "source_files", lambda: pytest.fail("the sources were read again"))
    assert docstrings.load_docstrings() == first and [path.suffix for path in cache.iterdir()] == [".txt"]


def test_other_versions_have_another_cache(cache, sources, monkeypatch):
    docstrings.load_docstrings()
    monkeypatch.setattr(docstrings, "DISTRIBUTIONS", ("numpy",))
    docstrings.load_docstrings()
    assert len(list(cache.iterdir())) == 2


def test_the_corpus_loads_if_no_cache_can_be_written(tmp_path, sources, monkeypatch):
    not_a_directory = tmp_path / "file"
    not_a_directory.write_text("in the way")
    monkeypatch.setenv("KERAS_HOME", str(not_a_directory))
    assert len(docstrings.load_docstrings().lines) == 3


def test_an_interrupted_write_leaves_no_part_of_a_cache(cache, sources, monkeypatch):
    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    assert len(docstrings.load_docstrings().lines) == 3 and not os.listdir(cache)


def test_a_sentence_is_three_to_thirty_plain_words():
    for sentence, expected in (
        *(("Return the mean, in well-known units.", True), ("Return the user's name.", True)),
        *(("Return it.", False), ("Return the mean", False), ("return the mean value.", False)),
        *(("Return the value of tf_data.", False), ("Return the 2 values.", False), ("Return the RaggedTensor of XLA.", False)),
        *(("A" + " word" * 29 + ".", True), ("A" + " word" * 30 + ".", False)),
    ):
        assert docstrings.is_english_sentence(sentence) is expected, sentence


def test_the_standard_library_gives_thousands_of_sentences_without_its_tests(cache, monkeypatch):
    monkeypatch.setattr(docstrings, "DISTRIBUTIONS", ("typer",))
    files = list(docstrings.source_files())
    assert any(path.parts[-2:] == ("json", "decoder.py") for path in files)
    assert any(path.parts[-2:] == ("typer", "main.py") for path in files)
    assert not any("test" in path.parts[-3:] for path in files)
    corpus = docstrings.load_docstrings()
    assert 2500 < len(corpus.lines) < 6000
    assert "Choose a random element from a non-empty sequence." in corpus.lines  # random.choice
