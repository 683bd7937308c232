"""What the benchmark of text measures by itself: rhyme and form, parts of a corpus, blind sheets."""

import csv
import importlib
import json
import pathlib
import sys
import types

import pytest
from scipy import stats

BENCHMARKS = pathlib.Path(__file__).parents[1] / "benchmarks"
RHYMING, NOT_RHYMING = "白日依山尽黄河入海流欲穷千里目更上一层楼", "白日依山尽黄河入海流欲穷千里目更上一层山"


@pytest.fixture(scope="module")
def corpora():
    return imported("text_corpora")


@pytest.fixture(scope="module")
def tables():
    return imported("text_tables")


def imported(name):
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(BENCHMARKS))


def test_lines_rhyme_if_their_finals_agree_without_the_medial_and_no_character_rhymes_with_itself(corpora):
    for one, other in ("流楼", "家花", "天年", "船天", "林村", "风城", "月雪", "求忧"):
        assert corpora.rhymes(one, other), (one, other)
    for one, other in ("风中", "歌多", "衣鱼", "山尽", "流流", "光红"):
        assert not corpora.rhymes(one, other), (one, other)


def test_the_form_of_poems_counts_characters_rhymes_and_repeated_verses(corpora):
    poems = [RHYMING, NOT_RHYMING, RHYMING[:19], RHYMING[:5] * 2 + RHYMING[5:10] * 2]
    form = corpora.form_of_poems(poems, [])
    assert form == {"twenty": 3 / 4, "rhyme": 1 / 3, "repeated_verse": 1 / 4}
    # Of four pairs of poems only those with the fourth line of the first rhyme.
    assert corpora.by_chance("quatrains", poems[:2])["rhyme by chance"] == 0.5


def test_the_form_of_phrases_counts_different_valid_lines_that_were_not_trained_on(corpora):
    lines = ["a", "a", "b", "wrong"]
    form = corpora.form_of_phrases(lines, ["b"], {"a": -1.0, "b": -4.0, "wrong": -float("inf")}.get)
    assert form == {"valid": 3 / 4, "novel": 1 / 4, "true_nats": 2.0}


def test_the_parts_of_a_corpus_share_no_line_and_do_not_change(corpora):
    parts, again = (corpora.load("phrases") for _ in range(2))
    assert [part.fingerprint for part in parts[:4]] == [part.fingerprint for part in again[:4]]
    assert [len(part) for part in parts[:3]] == [2000, 1000, 4000]
    shuffled = corpora.shuffled([f"line {number % 50}" for number in range(100)])
    cut = corpora.cut("lines", shuffled, {"training": 20, "held_out": 10, "test": 15})
    lines = [line for part in cut[:3] for line in part.lines]
    assert len(set(lines)) == len(lines) == 45 and lines != sorted(lines)
    assert cut.control == cut.held_out
    with pytest.raises(ValueError, match="has 50 different lines. Expected at least 60"):
        corpora.cut("lines", shuffled, {"training": 30, "held_out": 10, "test": 20})


def test_corpora_from_files_ask_for_their_directory(corpora):
    with pytest.raises(SystemExit, match="Expected --data DIRECTORY"):
        corpora.load("coco")


def test_a_blind_sheet_tells_no_sampler_and_is_tallied_by_its_key(tables, tmp_path, capsys):
    for seed in range(3):
        sentences = {name: [f"{name} {seed} {number}" for number in range(200)] for name in ("one", "two")}
        tables.write(tmp_path / f"corpus_{seed}.json", {"sentences": sentences})
    arguments = types.SimpleNamespace(corpus="corpus", directory=tmp_path)
    tables.write_sheet(arguments)
    with pytest.raises(SystemExit, match="Expected 0 or 1 in all 100 rows"):
        tables.print_ratings(arguments)
    sheet, key = tmp_path / "corpus_sheet.csv", json.loads((tmp_path / "corpus_key.json").read_text())
    with sheet.open(newline="") as file:
        head, *rows = csv.reader(file)
    assert [row[2].split()[0] for row in rows] == key
    assert len({tuple(row[2].split()[1:]) for row in rows}) == 100  # no noise twice
    with sheet.open("w", newline="") as file:
        csv.writer(file).writerows([head, *([number, int(text.startswith("one")), text] for number, _, text in rows)])
    tables.print_ratings(arguments)
    assert "| one | 50 of 50 |" in (printed := capsys.readouterr().out) and "| two | 0 of 50 |" in printed


def test_intervals_of_shares_are_those_of_wilson(tables):
    for hits, num in ((0, 50), (13, 50), (50, 50)):
        expected = stats.binomtest(hits, num).proportion_ci(method="wilson")
        assert tables.wilson(hits, num) == pytest.approx(expected, abs=1e-4)


def test_figures_over_seeds_show_their_mean_and_range(tables):
    assert tables.spread([1.0, 2.0, 4.5], 1) == "2.5 (1.0 to 4.5)"
    assert tables.spread([1.0, 1.0], 2) == "1.00"
    assert tables.spread([1.0, None], 2) == "-"
