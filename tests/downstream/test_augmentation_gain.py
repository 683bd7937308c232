"""The benefit of generated samples: end to end through the command line on tiny settings; the interval by hand and by SciPy."""

import json

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_limits

from command_line import call, refused
from gan_keras.data import load_table
from gan_keras.downstream.study import Comparison, Study, compare_augmentation, share_of, verdict
from gan_keras.downstream.tasks.table import oversampled
from gan_keras.metrics.seeds import paired_interval
from gan_keras.runs.files import Run

NUM = 200
TREATMENTS = {"none", "classical", "generated", "both"}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Trees on so few rows would spend more time on threads than on growing."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def run(folder):
    """Rows whose label follows from a number and a category."""
    random = np.random.default_rng(0)
    sizes, colours = random.normal(size=NUM), random.choice(["blue", "red"], NUM)
    labels = np.where(sizes + (colours == "red") > 1.2, "yes", "no")
    lines = [f"{size:.2f},{colour},{label}" for size, colour, label in zip(sizes, colours, labels, strict=True)]
    (folder / "rows.csv").write_text("\n".join(["size,colour,buys", *lines, ""]))
    settings = ("--set", "epochs=1", "--set", "width=4")
    result = call("train", "table", "--data", folder / "rows.csv", "--out", folder / "run", "--preset", "tiny", *settings)
    assert result.exit_code == 0, result.output
    return folder / "run"


def test_an_enlarged_file_can_be_loaded_again(run, folder):
    result = call("augment", run, "--output", folder / "more.csv", "--ratio", 0.5, "--seed", 4)
    assert result.exit_code == 0, result.output
    assert "180 real samples followed by 90 generated ones" in result.stdout
    found = load_table(folder / "more.csv")
    labels = found.cells[:, found.index("buys")]
    assert len(found) == 270 and abs(labels[180:].mean() - labels[:180].mean()) < 0.02
    assert call("augment", run, "--output", folder / "even.csv", "--balanced").exit_code == 0
    assert load_table(folder / "even.csv").cells[:, 2].mean() == 0.5


def test_the_comparison_trains_a_gan_per_share_and_seed_and_is_in_the_report(run):
    result = call("augment", run, "--compare", "--shares", "50", "--seeds", 2, "--minutes", 0.01)
    assert result.exit_code == 0, result.output
    assert "2 GANs for 1 s in all" in result.stdout and "next to nothing" in result.stdout
    assert "8 downstream models" in result.stdout
    assert "50 %, seed 1: none " in result.stdout
    found = json.loads((run / "augmentation.json").read_text())
    assert [part["share"] for part in found["shares"]] == [50.0]
    first = found["shares"][0]
    assert first["num_real"] == first["num_generated"] == 90
    assert all(part["scores"].keys() == TREATMENTS and min(part["gan_updates"]) > 0 for part in found["shares"])
    scores = first["scores"]
    assert first["gains"]["generated"] == paired_interval(scores["generated"], scores["none"])._asdict()
    assert first["gains"]["both"] == paired_interval(scores["both"], scores["classical"])._asdict()
    assert found["protocol"]["num_test"] == 20 and len(found["verdict"]) == 3
    assert (run / "augmentation.png").read_bytes()[1:4] == b"PNG"
    page = call("report", run)
    assert page.exit_code == 0 and "What augmentation bought" in (run / "report.html").read_text()


@pytest.mark.slow
def test_finished_shares_are_kept_if_a_later_one_is_interrupted(run, monkeypatch):
    measured = Study.at_share

    def at_share(self, share):
        if share > 40:
            raise KeyboardInterrupt
        return measured(self, share)

    monkeypatch.setattr(Study, "at_share", at_share)
    with pytest.raises(KeyboardInterrupt):
        compare_augmentation(Run(run), Comparison((60.0, 30.0), seeds=2, minutes=0.01), progress=lambda line: None)
    found = json.loads((run / "augmentation.json").read_text())
    assert [part["share"] for part in found["shares"]] == [30.0]
    assert len(found["verdict"]) == 3 and all("At 30 %" in line for line in found["verdict"])


def test_test_data_without_labels_are_refused_before_any_training(run, tmp_path):
    (tmp_path / "test.csv").write_text("size,colour,buys\n" + "1.0,red,\n" * 12)
    assert "no sample with a known label" in refused("augment", run, "--compare", "--data", tmp_path / "test.csv")


def test_wrong_options_are_refused(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments, words in (
        ([], "Expected --output FILE"),
        (["--output", "more.npz"], "Expected NAME.csv"),
        (["--compare", "--shares", "0,5"], "percentages"),
        (["--compare", "--shares", "few"], "--shares few"),
        (["--compare", "--seeds", "1"], "at least 2"),
        (["--output", "more.csv", "--ratio", "-1"], "ratio=-1.0"),
    ):
        assert words in refused("augment", run, *arguments), arguments
        assert not list(tmp_path.iterdir()), arguments


def test_the_interval_equals_that_of_a_paired_t_test():
    scores, others = [0.91, 0.93, 0.95, 0.92], [0.90, 0.90, 0.94, 0.93]
    expected = stats.ttest_rel(scores, others)
    found = paired_interval(scores, others, confidence=0.9)
    assert found.mean == pytest.approx(0.01)
    assert found[1:] == pytest.approx(tuple(expected.confidence_interval(0.9)))
    assert str(found) == f"+0.0100 [{found.low:+.4f}, {found.high:+.4f}]"
    with pytest.raises(ValueError, match="two seeds"):
        paired_interval([0.9], [0.8])


def test_the_verdict_says_what_the_interval_says():
    gains = {"generated": (-0.02, -0.03, -0.01), "classical": (0.02, 0.01, 0.03), "both": (0.01, -0.01, 0.03)}
    part = {"share": 5.0, "gains": {name: dict(zip(("mean", "low", "high"), gain, strict=True)) for name, gain in gains.items()}}
    generated, classical, both = verdict(part, "accuracy")
    assert generated == "At 5 % of the data, generated over none: -0.0200 [-0.0300, -0.0100] accuracy: WORSE."
    assert classical.endswith("better.") and "generated and classical over classical" in both and "NOT shown" in both


def test_a_share_has_the_proportions_of_the_data_and_every_label():
    labels = np.array([0] * 200 + [1] * 40 + [2])
    rows = share_of(labels, 5, seed=1)
    np.testing.assert_array_equal(np.bincount(labels[rows]), [10, 2, 1])
    np.testing.assert_array_equal(rows, share_of(labels, 5, seed=1))
    assert not np.array_equal(rows, share_of(labels, 5, seed=2))
    np.testing.assert_array_equal(share_of(labels, 100, seed=3), np.arange(241))


def test_oversampled_rows_lie_between_rows_of_their_class():
    samples = np.array([[0.0, 0], [1.0, 0], [2.0, 1], [10.0, 2], [12.0, 2]])
    labels = np.array([0, 0, 0, 1, 1])
    found, found_labels = oversampled(samples, labels, np.array([False, True]), seed=0)
    np.testing.assert_array_equal(found[:5], samples)
    np.testing.assert_array_equal(found_labels, [0, 0, 0, 1, 1, 1])
    assert 10 <= found[5, 0] <= 12 and found[5, 1] == 2


def test_a_single_row_of_a_class_is_repeated_with_its_missing_cells():
    samples = np.array([[0.0, np.nan], [1.0, 1.0], [5.0, np.nan]])
    found, found_labels = oversampled(samples, np.array([0, 0, 1]), np.array([False, True]), seed=0)
    np.testing.assert_array_equal(found[3], samples[2])
    assert found_labels.tolist() == [0, 0, 1, 1]


def test_runs_of_text_and_runs_without_labels_are_refused(tmp_path):
    for modality, choice, words in (
        ("text", ("--output", tmp_path / "a.npz"), "modality text. Expected one of image, table"),
        ("image", ("--compare",), "has no labels"),
    ):
        (tmp_path / "config.json").write_text(json.dumps({"modality": modality, "preset": {}, "seed": 0, "labels": None}))
        assert words in refused("augment", tmp_path, *choice)
