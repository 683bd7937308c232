"""Table runs: every command on a tiny run, resuming, and one line for wrong input."""

import csv
import io
import json

import numpy as np
import pytest
import tensorflow as tf

import whole_runs as runs
from command_line import call
from gan_keras.data import load_table, split_table


@pytest.fixture(scope="module")
def source(folder):
    """Numbers, missing cells, dates, column names that are no identifiers, and a class that follows from the number."""
    random, path = np.random.default_rng(0), folder / "people.csv"
    rows = [
        f"{2000 + i % 20}-0{1 + i % 9}-1{i % 10},{random.integers(18, 90)},{'' if i % 9 == 0 else random.normal():.2f},"
        f"{'text'[i % 4]},{'>50K' if i % 3 else '<=50K'}"
        if i % 9
        else f"2001-01-01,{30 + i},?,t,>50K"
        for i in range(120)
    ]
    path.write_text("\n".join(["since,hours-per-week,log gain,text,income", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def run(folder, source):
    prints = ("people.csv: 120 rows of 5 columns (2 numbers, 1 dates, 2 categories), 14 missing cells",)
    return runs.trained(folder / "run", "table", source, "--set", "width=8", prints=prints)


@pytest.fixture(scope="module")
def version(folder, run):
    return runs.exported(run, folder / "saved_models" / "model", "--score")


def rows_of(text):
    return list(csv.reader(io.StringIO(text)))


def test_a_table_run_records_where_its_rows_are_and_what_can_be_asked_for(run, source):
    config = json.loads((run / "config.json").read_text())
    table = load_table(source)
    training, held_out = split_table(table, seed=0)
    assert config["data"]["fingerprint"] == table.fingerprint and config["data"]["source"] == str(source)
    assert (config["data"]["training_rows"], config["data"]["held_out_rows"]) == (len(training), len(held_out)) == (108, 12)
    assert config["labels"] == [*(f"text={value}" for value in "etx"), "income=<=50K", "income=>50K"]
    assert config["data"]["columns"] == dict(
        zip(table.column_names, ("date", "number", "number", "category", "category"), strict=True)
    )
    assert [path.name for path in sorted((run / "samples").iterdir())] == [f"epoch_00{epoch}.csv" for epoch in (1, 2, 3, 4)]
    assert len(rows_of((run / "samples" / "epoch_004.csv").read_text())) == 11


def test_generate_writes_csv_to_standard_output_or_to_a_file(loaded, gan, tmp_path):
    printed = runs.succeeded("generate", loaded, "-n", 7, "--seed", 3)
    head, *rows = rows_of(printed)
    assert head == ["since", "hours-per-week", "log gain", "text", "income"] and len(rows) == 7
    expected = gan.generate(7, seed=3)
    assert [row[1] for row in rows] == [str(number) for number in expected["hours-per-week"]]
    assert [row[2] for row in rows] == ["" if np.isnan(each) else f"{each:.2f}" for each in expected["log gain"]]
    assert [row[0] for row in rows] == list(expected["since"])
    assert runs.succeeded("generate", loaded, "-n", 7, "--seed", 3, "--output", tmp_path / "rows.csv") == ""
    assert (tmp_path / "rows.csv").read_text() == printed


def test_every_row_meets_what_it_was_asked_for(loaded):
    for label in ("income=>50K", ">50K"):
        rows = rows_of(runs.succeeded("generate", loaded, "-n", 1000, "--label", label))
        assert [row[-1] for row in rows[1:]] == [">50K"] * 1000


def test_an_exported_version_makes_the_rows_of_its_run(loaded, gan, version):
    card = json.loads((version / "assets.extra" / "model_card.json").read_text())
    for name, label in ((None, None), ("text=x", card["labels"].index("text=x"))):
        of_run = call("generate", loaded, "-n", 20, "--seed", 5, *(["--label", name] if name else []))
        of_version = call("generate", version, "-n", 20, "--seed", 5, *([] if label is None else ["--label", label]))
        assert of_version.stdout == of_run.stdout != "", of_version.output
    model = tf.saved_model.load(str(version))
    served = model.signatures["generate"](seed=tf.constant([5], tf.int64), label=tf.constant([4]))
    assert sorted(served) == sorted(gan.codec.to_columns(tf.constant(gan.generate_cells(1))))
    assert served["income"].numpy().tolist() == [b">50K"] and served["hours-per-week"].dtype == tf.int64
    runs.assert_refuses(("generate", version), {"--label 5": "label='5'. Expected one of text=e"})
    assert "score" in model.signatures


def test_a_server_returns_columns_in_their_own_types(gan, version):
    with runs.served(version) as client:
        found = client.generate("model", 3, seed=5, label=4)
        expected = gan.generate(3, seed=5, labels=["income=>50K"] * 3)
        assert list(found["income"]) == [">50K"] * 3 and list(found["since"]) == list(expected["since"])
        np.testing.assert_array_equal(found["hours-per-week"], expected["hours-per-week"])
        inputs = dict(zip(gan.input_names, expected.values(), strict=True))
        scores = client.predict("model", inputs, signature="score")
        np.testing.assert_allclose(scores, gan.score(expected), rtol=1e-4, atol=1e-5)


def test_evaluate_and_report_write_into_the_run(run, folder):
    lines = (folder / "people.csv").read_text().splitlines()  # and other rows, with a value that the run does not know
    (folder / "test.csv").write_text("\n".join([lines[0], *lines[1:30], lines[40].replace(",t,", ",new,")]))
    scores = runs.evaluated(run, "--num", 60, "--data", folder / "test.csv")
    assert scores["samplers"].keys() == {"gan", "baseline"} and scores["settings"]["target"] == "income"
    assert (scores["protocol"]["num_fake"], scores["protocol"]["num_real"]) == (60, 30)
    assert all(0 <= scores["real"]["values"][name] <= 1 for name in ("f1", "accuracy", "columns", "pairs", "told_apart"))
    page = runs.reported(run)
    assert "Columns, real and generated" in page and "F1 on real rows" in page and "Epoch 4" in page


def test_wrong_options_for_rows_are_refused(loaded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = {
        "--output rows.xlsx": "Expected NAME.csv",
        "--output none/rows.csv": "no directory",
        "--temperature 0.5": "Got --temperature for a model of the modality table",
        "--label income=50K": "label='income=50K'. Did you mean",
        "-n 0": "n=0",
    }
    runs.assert_refuses(("generate", loaded), wrong)


def test_wrong_tables_and_settings_are_refused_before_training(tmp_path):
    table = "a,b\n" + "1,x\n" * 20
    for content, options, words in (
        ("a,b\n" + "1,2\n" * 5, "", "has 5 rows"),
        ("a,b\n" + "1,2\n1\n" * 20, "", "rows have not 2 cells"),
        ("1,2\n" + "1,2\n" * 20, "", "Expected a header"),
        ("", "", "Expected a header"),
        (table, "--set types.b=number", "asked to be a number and holds 'x'"),
        (table, "--set types.c=drop", "no such column"),
        (table, "--set label=c", "There is no column 'c'"),
        (table, "--set pack=3", "Expected a batch of whole packs"),
    ):
        (tmp_path / "a.csv").write_text(content)
        command = ("train", "table", "--data", tmp_path / "a.csv", "--out", tmp_path / "run", "--preset", "tiny")
        runs.assert_refuses(command, {options: words})
        assert not (tmp_path / "run").exists()


def test_test_data_of_other_columns_or_of_the_training_are_refused(loaded, source, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n" + "1,x\n" * 20)
    wrong = {f"--data {tmp_path}/a.csv": "no column 'since'", f"--data {source}": "trained on", "--seed -1": "seed=-1"}
    runs.assert_refuses(("evaluate", loaded), wrong)


def test_a_resumed_run_equals_an_uninterrupted_one(folder, run, source):
    # After six steps: in the middle of the second epoch.
    runs.assert_resumes(run, folder / "interrupted", "table", source, runs.StopAfterSteps(6), settings={"width": "8"})


def test_every_suggested_command_runs_as_it_stands(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    further = ["explain", "export", "generate"]  # with directions
    assert sorted(runs.assert_suggestions_run(run)) == sorted(["generate", "evaluate", "export", "report", "generate", *further])
