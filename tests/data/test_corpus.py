import bz2
import gzip
import hashlib
import lzma
import os
import time
import zipfile

import pandas
import pytest

from gan_keras.data import describe, load_text, read_corpus, split
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
    russian = "Мороз и солнце\nдень чудесный\n".encode("cp1251")
    refused("2 of its 2 lines hold invalid bytes.*iconv", read_corpus, write(tmp_path, russian))
    polish = "powiedział że to żółte światło\n".encode("cp1250") * 3
    refused("3 of its 3 lines hold invalid bytes", read_corpus, write(tmp_path, polish))


PROSE = ["Das Mädchen läuft über die Straße.", "Elle a déjà vu l’été à Nîmes — encore.", "El niño pequeño jugó mañana."]


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("cp1252", "read as Windows-1252"),
        ("utf-16", "read as UTF-16"),
        ("utf-16-le", "read as UTF-16-LE"),
        ("utf-16-be", "read as UTF-16-BE"),
        ("utf-32", "read as UTF-32"),
        ("utf-8-sig", "read as UTF-8 with a byte order mark"),
        ("utf-8", ""),
    ],
)
def test_text_in_other_encodings_is_read_and_the_encoding_is_told(tmp_path, encoding, told):
    corpus = read_corpus(write(tmp_path, "\r\n".join(PROSE).encode(encoding)))
    assert corpus.lines == tuple(PROSE) and corpus.report["invalid"] == 0
    assert told in describe(corpus) and ("read as" in describe(corpus)) == bool(told)


def test_packed_text_and_carriage_returns_alone_are_read_and_damaged_or_mixed_archives_are_refused(tmp_path):
    content = "\n".join(PROSE).encode()
    for name, packed in (
        ("a.txt.gz", gzip.compress(content)),
        ("a.bz2", bz2.compress(content)),
        ("a.xz", lzma.compress(content)),
    ):
        assert read_corpus(write(tmp_path, packed, name)).lines == tuple(PROSE), name
    assert read_corpus(write(tmp_path, "\r".join(PROSE).encode())).lines == tuple(PROSE)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", content)
    assert read_corpus(tmp_path / "a.zip").lines == tuple(PROSE)
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.writestr("b.txt", content)
    refused("is an archive of 2 files", read_corpus, tmp_path / "a.zip")
    noise = "".join(f"{number * 7919 % 10007} words\n" for number in range(20_000)).encode()
    refused("damaged and cannot be unpacked", read_corpus, write(tmp_path, gzip.compress(noise)[:-900], "a.gz"))


BINARY = {
    b"\x89PNG\r\n\x1a\nabc": "a PNG image.*train image",
    b"%PDF-1.4\nall of it\nis text": "a PDF document",
    b"ID3\x03abc\nabc": "an MP3 sound.*train audio",
    b"PAR1\nabc": "a Parquet table.*train table",
    b"RIFFabcdWAVEfmt ": "a sound or a video",
    bytes(range(1, 256)) * 3: "binary",
    b"\x80\x04\x95abc\nabc\n": "a pickle",
    b"x" * 257 + b"ustar\nabc": "a tar archive",
}


def test_binary_files_of_any_kind_are_refused_with_their_kind(tmp_path):
    for content, words in BINARY.items():
        refused(words, read_corpus, write(tmp_path, content))
        refused(words, read_corpus, write(tmp_path, gzip.compress(content), "a.gz"))
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("[Content_Types].xml", "x")
    refused("an Office document", read_corpus, tmp_path / "a.docx")


TABLE = "id,age,review\n" + "".join(f'{row},{20 + row % 7},"it is fine, and\nso on {row}"\n' for row in range(20))


def test_a_table_is_refused_by_name_and_one_column_of_it_can_be_learned(tmp_path):
    path = write(tmp_path, TABLE.encode(), "a.csv")
    refused("seems to be a table of 3 columns .id, age, review.*gan-keras train table.*text_column=", read_corpus, path)
    corpus = load_text(path, column="review")
    assert corpus.lines[:2] == ("it is fine, and so on 0", "it is fine, and so on 1") and len(corpus) == 20
    refused("no column 'reviews'. Did you mean 'review'", load_text, path, column="reviews")
    numbers = "\n".join(f"{row}\t{row * 2}\tx" for row in range(9)).encode()
    refused("seems to be a table of 3 columns", read_corpus, write(tmp_path, numbers))
    lines = "".join(f'{{"n": {row}, "text": "line {row}"}}\n' for row in range(9)).encode()
    path = write(tmp_path, lines, "a.jsonl")
    refused("holds JSON.*text_column=text", read_corpus, path)
    assert load_text(path, column="text").lines[3] == "line 3"


def test_text_that_may_be_a_table_is_read_and_told_and_equal_commas_are_no_table(tmp_path):
    corpus = read_corpus(write(tmp_path, b"red, green, blue\n" * 9))
    assert len(corpus) == 9 and "perhaps a table of 3 columns (then `gan-keras train table`" in describe(corpus)
    verses = "Shall I compare thee to a summer's day,\nThou art more lovely and more temperate,\n" * 5
    assert "table" not in describe(read_corpus(write(tmp_path, verses.encode())))


def test_a_folder_of_texts_is_one_corpus_whose_sub_folders_are_labels(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "2.txt").write_text("two\n\nthree\n")
    (tmp_path / "a" / "1.txt.gz").write_bytes(gzip.compress(b"one\n"))
    (tmp_path / "a" / "notes.pdf").write_bytes(b"%PDF")
    corpus = load_text(tmp_path / "a")
    assert (corpus.name, corpus.lines, corpus.labels) == ("a", ("one", "two", "three"), None)
    assert "2 files, 1 other files left out, 1 blank skipped" in describe(corpus)
    for label in ("dogs", "cats"):
        (tmp_path / "b" / label).mkdir(parents=True)
        (tmp_path / "b" / label / "x.txt").write_text(f"about {label}\nmore about {label}\n")
    corpus = load_text(tmp_path / "b")
    assert corpus.labels == ("cats", "cats", "dogs", "dogs") and "4 lines, 2 labels" in describe(corpus)
    refused("a column for the folder", load_text, tmp_path / "b", column="x")
    (tmp_path / "empty").mkdir()
    refused("holds no text files", load_text, tmp_path / "empty")


def test_strings_at_hand_are_a_corpus(tmp_path):
    frame = pandas.DataFrame({"said": ["hello", " two\nlines ", ""], "by": ["ann", "bob", "bob"]})
    corpus = load_text(frame["said"], labels=frame["by"])
    assert (corpus.lines, corpus.labels, corpus.report["blank"]) == (("hello", "two lines"), ("ann", "bob"), 1)
    assert repr(corpus) == f"<Corpus {describe(corpus)}>" and "<li>two lines</li>" in corpus._repr_html_()
    refused("2 of them no strings", load_text, ["a", 1, None])
    refused("Got 1 strings that are not blank", load_text, ["a", " "])


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
