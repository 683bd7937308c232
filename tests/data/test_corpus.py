import hashlib
import os
import time

import pytest

from gan_keras.data import describe, read_corpus, split
from gan_keras.data.text.corpus import corpus_from_lines
from refusals import refused


def write(directory, content, name="lines.txt"):
    path = directory / name
    path.write_bytes(content)
    return path


def test_lines_are_read_in_order_without_blank_lines_byte_order_mark_and_line_ends(tmp_path):
    path = write(tmp_path, b"\xef\xbb\xbffirst line\r\n\r\n   \nsecond \xe4\xb8\xad line\nfirst line")
    corpus = read_corpus(path)
    assert corpus.lines == ("first line", "second 中 line", "first line")
    assert (corpus.name, corpus.labels) == ("lines.txt", None)
    counts = {"lines": 3, "blank": 2, "duplicates": 1, "invalid": 0, "nul": 0, "cut": 0}
    assert {key: corpus.report[key] for key in counts} == counts


def test_invalid_bytes_are_replaced_counted_and_located_and_too_many_are_refused(tmp_path):
    lines = [b"good"] * 30
    lines[4], lines[20] = b"caf\xe9 au lait", b"\xff"
    corpus = read_corpus(write(tmp_path, b"\n".join(lines)))
    assert corpus.lines[4] == "caf\ufffd au lait"
    assert (corpus.report["invalid"], corpus.report["first_invalid"]) == (2, [5, 21])
    corpus = read_corpus(write(tmp_path, "odd \ufffd mark\nplain\n".encode()))
    assert corpus.report["invalid"] == 0
    refused("2 of its 3 lines hold invalid bytes.*UTF-8", read_corpus, write(tmp_path, "déjà\nvu\nété\n".encode("latin-1")))


def test_a_binary_file_is_refused_and_a_late_nul_is_dropped_and_counted(tmp_path):
    refused("is binary .a NUL at byte 3.", read_corpus, write(tmp_path, b"PNG\0data\nmore\n"))
    corpus = read_corpus(write(tmp_path, b"word\n" * 2000 + b"be\0fore\n"))
    assert (corpus.lines[-1], corpus.report["nul"]) == ("before", 1)


def test_a_line_is_cut_after_max_characters_not_bytes(tmp_path):
    corpus = read_corpus(write(tmp_path, ("中" * 10 + "\n" + "山" * 11 + "\nab\n").encode()), max_characters=10)
    assert corpus.lines == ("中" * 10, "山" * 10, "ab") and (corpus.report["cut"], corpus.report["invalid"]) == (1, 0)


@pytest.mark.parametrize("character", ["a", "é", "中", "😀"])
def test_a_line_of_a_million_characters_takes_less_than_a_second_and_keeps_its_neighbours(tmp_path, character):
    path = write(tmp_path, ("before\n" + character * 1_000_000 + "\nafter\n").encode())
    start = time.process_time()
    corpus = read_corpus(path)
    assert time.process_time() - start < 1 and corpus.lines == ("before", character * 10_000, "after")
    assert (corpus.report["cut"], corpus.report["invalid"]) == (1, 0)


def test_fewer_than_two_lines_of_text_and_max_characters_of_zero_are_refused(tmp_path):
    for content, message in (
        (b"", "is empty"),
        (b"\n \n\t\r\n", "3 line.s., 3 of them blank"),
        (b"one\n", "has 1 line.*at least 2 lines"),
    ):
        refused(message, read_corpus, write(tmp_path, content))
    refused("max_characters=0", read_corpus, write(tmp_path, b"a\nb\n"), max_characters=0)


def test_a_missing_file_and_a_directory_are_errors_that_name_a_fix(tmp_path):
    write(tmp_path, b"a\nb\n", "captions.txt")
    with pytest.raises(FileNotFoundError, match=r"no file .*captoins.txt. Did you mean .*captions.txt\?"):
        read_corpus(tmp_path / "captoins.txt")
    refused("is a directory. Expected a file", read_corpus, tmp_path, error=IsADirectoryError)


def test_label_i_belongs_to_line_i_even_after_blank_lines_and_labels_that_do_not_fit_are_refused(tmp_path):
    path = write(tmp_path, b"red rose\n\nblue sea\n")
    labels = write(tmp_path, b"flower\n\nwater\n", "labels.txt")
    corpus = read_corpus(path, labels)
    assert (corpus.lines, corpus.labels) == (("red rose", "blue sea"), ("flower", "water"))
    refused("2 labels but .* 3 lines", read_corpus, path, write(tmp_path, b"flower\nwater\n", "few.txt"))
    refused("no label in line 3", read_corpus, path, write(tmp_path, b"flower\nwater\n\n", "gap.txt"))


def test_a_pipe_is_read_like_a_file(tmp_path):
    reader, writer = os.pipe()
    os.write(writer, b"\xef\xbb\xbfone\ntwo\n")
    os.close(writer)
    assert read_corpus(f"/dev/fd/{reader}").lines == ("one", "two")
    os.close(reader)


def test_the_fingerprint_is_the_hash_of_lines_and_labels():
    corpus = corpus_from_lines("a", ["x", "y"])
    assert corpus.fingerprint == hashlib.sha256(b"x\ny").hexdigest()
    labelled = corpus_from_lines("a", ["x", "y"], ["1", "2"])
    assert labelled.fingerprint == hashlib.sha256(b"x\ny\x001\n2").hexdigest()
    assert corpus_from_lines("other name", ["x", "y"]).fingerprint == corpus.fingerprint


def test_a_split_keeps_every_line_once_with_its_label_and_depends_only_on_the_seed():
    corpus = corpus_from_lines("numbers", map(str, range(100)), [str(-number) for number in range(100)])
    train, held_out = split(corpus, 30, seed=5)
    assert (len(train.lines), len(held_out.lines)) == (70, 30)
    assert sorted(train.lines + held_out.lines, key=int) == list(corpus.lines)
    for part in (train, held_out):
        assert [int(label) for label in part.labels] == [-int(line) for line in part.lines]
        assert list(part.lines) == sorted(part.lines, key=int)
    corpus = corpus_from_lines("numbers", map(str, range(100)))
    assert split(corpus, 20, seed=1) == split(corpus, 20, seed=1)
    assert split(corpus, 20, seed=1)[1].lines != split(corpus, 20, seed=2)[1].lines


def test_no_copy_of_a_held_out_line_stays_in_training_and_an_empty_training_set_is_refused():
    corpus = corpus_from_lines("repeated", [str(number % 40) for number in range(200)])
    train, held_out = split(corpus, 10)
    assert len(held_out.lines) == 10 and not set(train.lines) & set(held_out.lines)
    assert train.report["dropped"] == 200 - 10 - len(train.lines) > 0
    corpus = corpus_from_lines("numbers", ["1", "2", "3"])
    for held_out in (0, -1, 3):
        refused(f"held_out={held_out} for 3 lines. Expected 1 to 2", split, corpus, held_out)
    refused("copies of held-out lines", split, corpus_from_lines("same", ["a", "a", "a"]), 1)


@pytest.mark.parametrize(("num_lines", "expected"), [(2, 1), (15, 1), (200, 20), (20_000, 1000)])
def test_a_tenth_and_at_most_a_thousand_lines_are_held_out_by_default(num_lines, expected):
    corpus = corpus_from_lines("numbers", map(str, range(num_lines)))
    assert len(split(corpus)[1].lines) == expected


def test_the_description_is_one_line_with_every_count(tmp_path):
    path = write(tmp_path, b"a\n\nb\xff\n" + b"c\n" * 1300)
    assert describe(read_corpus(path)) == (
        "lines.txt: 1,302 lines, 1 blank skipped, 1 with invalid UTF-8, 0 with NULs, 0 cut, 1,299 duplicates "
        "(first invalid lines: 3)"
    )


def test_a_corpus_is_shown_in_one_line_and_with_its_first_lines_in_a_notebook():
    corpus = corpus_from_lines("notes", [f"<line {index}>" for index in range(9)])
    assert repr(corpus) == "<Corpus notes: 9 lines, 0 duplicates>"
    shown = corpus._repr_html_()
    assert "&lt;line 4&gt;" in shown and "line 5" not in shown and "<line" not in shown
