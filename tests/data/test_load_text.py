import pathlib

import pytest

from gan_keras import data
from gan_keras.data.text import load as text_load
from gan_keras.data.text import oracle
from gan_keras.data.text.phrases import english_phrases
from refusals import refused

SHARED_DATA = pathlib.Path(__file__).parents[2] / "../shared/data"


def test_every_name_has_a_one_line_description_and_a_loader():
    assert set(data.DATASETS) == set(text_load._LOADERS) == {"docstrings", "english_phrases", "chinese_phrases", "oracle"}
    assert not any("\n" in description for description in data.DATASETS.values())


@pytest.mark.parametrize("name", ["english_phrases", "chinese_phrases"])
def test_a_phrase_set_has_twenty_thousand_lines_and_is_reproducible(name):
    corpus = data.load_text(name)
    assert (corpus.name, len(corpus.lines)) == (name, 20_000)
    assert data.load_text(name).fingerprint == corpus.fingerprint


def test_the_english_phrases_are_samples_of_the_grammar():
    assert data.load_text("english_phrases").lines[:5] == tuple(english_phrases().sample(5, seed=0))


def test_any_other_name_is_a_path_with_optional_labels(tmp_path):
    (tmp_path / "text").write_text("one\ntwo\n")
    (tmp_path / "labels").write_text("a\nb\n")
    corpus = data.load_text(tmp_path / "text", labels=tmp_path / "labels")
    assert (corpus.lines, corpus.labels) == (("one", "two"), ("a", "b"))


def test_an_unknown_name_and_labels_for_a_built_in_set_are_refused():
    refused("no file docstring.*: docstrings, english_phrases, chinese", data.load_text, "docstring", error=FileNotFoundError)
    refused("labels for the built-in data set oracle", data.load_text, "oracle", labels="labels.txt")


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the shared data are not there")
def test_the_shared_corpora_have_their_known_numbers_of_lines_copies_and_characters():
    corpus = data.load_text(SHARED_DATA / "image_coco" / "train.txt")
    assert (len(corpus.lines), len(set(corpus.lines))) == (10_000, 9_956)
    assert (corpus.report["blank"], corpus.report["invalid"], corpus.report["cut"]) == (0, 0, 0)
    corpus = data.load_text(SHARED_DATA / "tang_poems" / "train.txt")
    assert len(corpus.lines) == 3208 and {len(line) for line in corpus.lines} == {20}


@pytest.mark.parametrize("name", ["english_phrases", "oracle"])
def test_the_likelihood_of_a_built_in_distribution_is_exact_and_not_used_for_a_file_of_its_name(name, monkeypatch):
    monkeypatch.setattr(oracle, "_tokens", lambda num, seed: oracle.Oracle().sample(num // 100, seed))
    corpus = data.load_text(name)
    likelihood = data.likelihood_of(name, corpus.fingerprint)
    assert -400 < likelihood(corpus.lines[0]) < 0 and likelihood("no such line") == -float("inf")
    assert data.likelihood_of(name, "another") is None and data.likelihood_of("docstrings", "any") is None
