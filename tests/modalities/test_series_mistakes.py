"""Wrong series on the command line: one clear line, exit code 2, no files; what can be mended is reported and counted."""

import numpy as np
import pytest

import command_line
from command_line import call
from gan_keras.modalities.series.modality import SeriesModality

STEPS = 200
VALUES = np.cumsum(np.random.default_rng(0).standard_normal((STEPS, 2)), axis=0).round(3)
ROWS = [f"{one},{other}" for one, other in VALUES]


def write(path, rows=ROWS, head="a,b"):
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def training(source, out, *more):
    arguments = ["train", "series", "--data", source, "--out", out, "--preset", "tiny", "--epochs", 1]
    return [*arguments, "--set", "length=8", *more]


@pytest.fixture
def refused(tmp_path):
    """Expects a refused training; returns its one line of error."""

    def call_in_vain(source, *more):
        line = command_line.refused(*training(source, tmp_path / "run", *more))
        assert not (tmp_path / "run").exists()
        return line

    return call_in_vain


@pytest.fixture
def report(tmp_path, monkeypatch):
    """The report about data, before training begins."""

    def stop(self, *arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(SeriesModality, "build", stop)
    return lambda source, *more: call(*training(source, tmp_path / "run", *more)).stdout


def test_tables_that_are_no_series_are_refused(tmp_path, refused):
    for rows, head, words in (
        ([*ROWS, *["1"] * 50], "a,b", f"have not 2 cells, such as line {STEPS + 2}"),
        (["7,7"] * 99, "a,b", "a, b never changes"),
        ([f"{row}," for row in ROWS], "a,b,c", "column 'c' has no value"),
        ([f"{row},{'red' if step % 3 else 'blue'}" for step, row in enumerate(ROWS)], "a,b,c", "column 'c' holds 'blue'"),
        ([f"{row},3" for row in ROWS], "a,b,time", "199 of 200 time stamps are those of other rows too"),
        (ROWS[:7], "a,b", "a series of 7 steps, shorter than a window of 8"),
        (ROWS[:31], "a,b", "one of 31 steps. Expected at least 4 windows of 8"),
        ([], "a,b", "has 0 rows"),
    ):
        assert words in refused(write(tmp_path / "x.csv", rows, head)), words


def test_settings_that_fit_nothing_are_refused(tmp_path, refused):
    source = write(tmp_path / "x.csv")
    assert "no column 'when'" in refused(source, "--set", "time_column=when")
    assert "length=1. Expected at least 2, or 0" in refused(source, "--set", "length=1")
    assert "network=gru" in refused(source, "--set", "network=gru").replace("'", "")
    assert "Expected codec='range'" in refused(source, "--set", "network=timegan")
    assert "takes no labels" in refused(source, "--set", "network=timegan", "--set", "codec=range")
    timegan = ("--set", "network=timegan", "--set", "codec=range", "--set", "conditional=False")
    assert "Expected final_share=1.0" in refused(source, *timegan, "--set", "final_share=0.5")
    assert "network_options=" in refused(source, "--set", "network_options.deep=3")
    assert "There is no file" in refused(tmp_path / "none.csv")
    (tmp_path / "empty").mkdir()
    assert "holds no CSV file" in refused(tmp_path / "empty")


def test_mended_values_are_reported_and_counted(tmp_path, report):
    rows = [f"{step},{row}" for step, row in enumerate(ROWS)]
    rows[50], rows[51] = rows[51], rows[50]
    rows[90] = "90,,"
    del rows[120]
    line = report(write(tmp_path / "x.csv", rows, "time,a,b"))
    assert "2 missing cells interpolated" in line and "2 rows sorted by time" in line
    assert "1 steps of unusual duration" in line


def test_series_of_several_lengths_are_cut_or_kept_whole(tmp_path, report, refused):
    ids = np.repeat(np.arange(10), STEPS // 10)
    rows = [f"{number},{row}" for number, row in zip(ids, ROWS, strict=True)][:-15]
    source = write(tmp_path / "x.csv", rows, "id,a,b")
    assert "or length=0" in refused(source, "--set", "id_column=id")
    whole = ("--set", "id_column=id", "--set", "length=0", "--set", "batch_size=4")
    assert "10 windows of 5 to 20 steps x 2 columns" in report(source, *whole)
