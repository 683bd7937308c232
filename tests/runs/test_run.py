"""Run directories: their contents, interruption, resuming, and wrong input, which changes nothing."""

import csv
import functools
import json
import re
import shutil

import keras
import numpy as np
import pytest

import gan_keras.runs.train
from gan_keras import presets
from gan_keras.callbacks.history import Events, History, read_history
from gan_keras.data.text.phrases import english_phrases
from gan_keras.media.safe_files import replace_whole
from gan_keras.modalities.sample_files import chosen_label
from gan_keras.modalities.series.modality import SeriesModality
from gan_keras.modalities.text.modality import TextModality
from gan_keras.runs.files import Run
from gan_keras.runs.train import load
from gan_keras.training import checkpoint_files, devices
from gan_keras.training.time_budget import Plan
from whole_runs import assert_trained_alike, silent

SETTINGS = {"units": "16", "discriminator_epochs": "1", "adversarial_epochs": "1"}

train_text = functools.partial(gan_keras.runs.train.train, "text")


def newest_checkpoint(out):
    return checkpoint_files.newest(out / "checkpoints", silent)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A text file of 60 different lines, and one with a label per line."""
    folder = tmp_path_factory.mktemp("corpus")
    lines = list(dict.fromkeys(english_phrases().sample(300, seed=0)))[:60]
    (folder / "text.txt").write_text("".join(f"{line}\n" for line in lines))
    (folder / "labels.txt").write_text("".join(f"{'odd' if index % 2 else 'even'}\n" for index in range(60)))
    return folder


@pytest.fixture(scope="module")
def interrupted(corpus, tmp_path_factory):
    """A run whose user pressed Ctrl-C in its second epoch, and the lines of progress."""
    out, lines = tmp_path_factory.mktemp("runs") / "interrupted", []

    class Impatience(keras.callbacks.Callback):
        def __init__(self, *arguments):
            super().__init__()

        def on_train_batch_begin(self, batch, logs=None):
            if self.model.generator_optimizer.iterations > 2:
                raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gan_keras.modalities.text.modality, "Samples", Impatience)
        choices = {"settings": SETTINGS, "labels": corpus / "labels.txt", "seed": 7, "checkpoint_seconds": 0}
        with pytest.raises(KeyboardInterrupt):
            train_text(corpus / "text.txt", out, "tiny", **choices, progress=lines.append)
    return out, lines


def test_an_interrupted_run_says_so_and_can_be_used(interrupted):
    out, lines = interrupted
    assert "Interrupted" in lines[-1] and str(out) in lines[-1]
    gan = load(out)
    assert len(gan.generate(3, label=1)) == 3
    assert gan.stage == "pretraining"
    state = newest_checkpoint(out)[1]
    assert (state["epoch"], state["batch"], state["stage"]) == (1, 1, "pretraining")


def test_a_run_without_a_model_loads_its_newest_checkpoint(interrupted, tmp_path):
    shutil.copytree(interrupted[0], tmp_path / "run")
    (tmp_path / "run" / "model.keras").unlink()
    path = newest_checkpoint(tmp_path / "run")[0]
    for expected, got in zip(checkpoint_files.load_model(path).weights, load(tmp_path / "run").weights, strict=True):
        np.testing.assert_array_equal(expected, got)
    (path / "model.keras").write_bytes(b"half")
    with pytest.warns(UserWarning, match="epoch_000001_batch_00000001 is damaged"):
        assert load(tmp_path / "run").generate(1, label=0)


def test_a_run_records_its_configuration(interrupted, corpus):
    out, _ = interrupted
    config = json.loads((out / "config.json").read_text())
    assert config["seed"] == 7
    assert config["labels"] == ["even", "odd"]
    assert config["preset"]["units"] == 16
    assert config["data"]["name"] == "text.txt"
    assert (config["data"]["training_lines"], config["data"]["held_out_lines"]) == (54, 6)
    assert config["versions"]["keras"] == keras.__version__
    assert config["codec"]["class"] == "WordCodec"
    assert set(config) >= {"command", "started", "modality", "machine"}
    assert config["asked"] == {"preset": "tiny", "minutes": None}


def test_a_run_keeps_its_lines_with_their_labels(interrupted, corpus):
    run = Run(interrupted[0])
    source = (corpus / "text.txt").read_text().splitlines()
    assert sorted(run.lines("train") + run.lines("held_out")) == sorted(source)
    for part in ("train", "held_out"):
        expected = ["odd" if source.index(line) % 2 else "even" for line in run.lines(part)]
        assert run.lines(f"{part}_labels") == expected
        assert run.label_numbers(part) == [int(label == "odd") for label in expected]


def test_labels_are_found_by_name_and_those_of_tables_by_column():
    assert [chosen_label(given, ["even", "odd"], "text") for given in ([], ["odd"], ["0"])] == [None, 1, 0]
    for given, words in ((["strange"], "'strange'.*even, odd"), (["2"], "'2'.*even, odd"), (["odd", "even"], "Got 2 labels")):
        with pytest.raises(ValueError, match=words):
            chosen_label(given, ["even", "odd"], "text")
    names, columns = ["sex=F", "sex=M", "city=Oslo"], {"sex": "category", "city": "category", "age": "number"}
    assert chosen_label(["city=Oslo,sex=F", "age=30..40", "M", "0"], names, "table", columns) == [
        *("city=Oslo", "sex=F", "age=30..40", "sex=M", "sex=F"),
    ]
    for given, words in ((["city=Rome"], "Expected one of city=Oslo"), (["Rome"], "age=LOW..HIGH")):
        with pytest.raises(ValueError, match=words):
            chosen_label(given, names, "table", columns)


OTHER_OPTIONS = [
    ({"preset": "small"}, "preset is tiny in the run and small here"),
    ({"preset": "tiny", "settings": {"units": "32"}}, "settings.units is 16 in the run and 32 here"),
    ({"epochs": 3}, "epochs=3. Expected at least 4: .* has trained for 2 epochs, and the stage adversarial follows 3 others"),
    ({"minutes": 3}, "minutes=3, and .* has not finished an epoch of its last stage, adversarial"),
    ({"seed": 0}, "seed is 7 in the run and 0 here"),
]


def test_an_interrupted_run_refuses_other_options_and_is_unchanged(interrupted, corpus):
    before = {path: path.read_bytes() for path in interrupted[0].rglob("*") if path.is_file()}
    for choices, message in OTHER_OPTIONS:
        with pytest.raises(ValueError, match=message):
            labels = corpus / "labels.txt"
            train_text(corpus / "text.txt", interrupted[0], labels=labels, **choices, resume=True, progress=silent)
        assert {path: path.read_bytes() for path in interrupted[0].rglob("*") if path.is_file()} == before, choices


def test_an_interrupted_run_refuses_other_data_and_another_version(interrupted, corpus, tmp_path, monkeypatch):
    other = tmp_path / "other.txt"
    other.write_text("one line\nanother line\n")
    with pytest.raises(ValueError, match="not what .* was trained on"):
        train_text(other, interrupted[0], resume=True, progress=silent)
    monkeypatch.setattr(gan_keras.training.fingerprint, "version_of", lambda package: "9.9.1")
    with pytest.raises(ValueError, match=r"keras is 3.\d+ in the run and 9.9 here"):
        train_text(corpus / "text.txt", interrupted[0], resume=True, progress=silent)


@pytest.mark.slow
def test_a_resumed_run_completes_the_remaining_stages(interrupted, corpus):
    out, lines = interrupted[0], []
    (out / f".{32 * 'a'}.csv").write_text("left by a killed write")
    same = {"preset": "tiny", "settings": SETTINGS, "seed": 7, "epochs": 4}
    train_text(corpus / "text.txt", out, **same, resume=True, labels=corpus / "labels.txt", progress=lines.append)
    assert not list(out.glob(".*"))
    rows = read_history(out / "history.csv")
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["stage"] for row in rows] == ["pretraining", "pretraining", "discriminator", "adversarial"]
    assert float(rows[3]["val_nll"]) > 0 and rows[2]["val_nll"] == "" != rows[2]["val_backward_nll"]
    kept = sorted(path.name for path in (out / "checkpoints").iterdir())
    assert len(kept) == 2 and kept[1] == "epoch_000004_batch_00000000"
    assert sorted(path.name for path in (out / "samples").iterdir()) == [f"epoch_00{epoch}.txt" for epoch in (2, 3, 4)]
    assert any("after 1 of 4 epochs and 1 batch" in line for line in lines)


@pytest.mark.slow
def test_a_complete_run_is_unchanged(interrupted, corpus):
    out, lines = interrupted[0], []
    before = (out / "model.keras").read_bytes()
    train_text(corpus / "text.txt", out, resume=True, labels=corpus / "labels.txt", progress=lines.append)
    assert "complete" in lines[-1]
    assert (out / "model.keras").read_bytes() == before


@pytest.mark.slow
def test_resuming_within_the_adversarial_stage_keeps_the_adversarial_weights(interrupted):
    out, _ = interrupted
    gan = checkpoint_files.load_model(newest_checkpoint(out)[0])
    weights = [np.array(weight) for weight in gan.generator.get_weights()]
    run, config = Run(out), Run(out).config
    run.write_config({**config, "preset": {**config["preset"], "adversarial_epochs": 2}})
    kept = []

    class Seen(Exception):
        """Ends the training."""

    class Look(keras.callbacks.Callback):
        def __init__(self, *arguments):
            super().__init__()

        def on_epoch_begin(self, epoch, logs=None):
            kept.extend(np.array(weight) for weight in self.model.generator.get_weights())
            raise Seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gan_keras.runs.train, "Progress", Look)
        with pytest.raises(Seen):
            gan_keras.runs.train.Trainer(run, None, devices.get(), silent).resume()
    assert len(kept) == len(weights)
    assert all((a == b).all() for a, b in zip(weights, kept, strict=True))


@pytest.mark.slow
def test_a_finished_text_goes_on_with_its_last_stage_like_one_that_was_longer_from_the_start(corpus, tmp_path):
    lines, source = [], corpus / "text.txt"
    train_text(source, tmp_path / "whole", "tiny", settings={**SETTINGS, "adversarial_epochs": "2"}, progress=silent)
    train_text(source, tmp_path / "parted", "tiny", settings=SETTINGS, progress=silent)
    train_text(source, tmp_path / "parted", epochs=5, resume=True, progress=lines.append)
    assert any("5 epochs in place of 4, 2 adversarial" in line for line in lines)
    assert_trained_alike(tmp_path / "whole", tmp_path / "parted")
    with pytest.raises(ValueError, match="Expected at least 5: .* has trained for 5 epochs"):
        train_text(source, tmp_path / "parted", epochs=4, resume=True, progress=silent)
    with pytest.raises(ValueError, match="minutes=1e-06 is too short: an epoch takes"):
        train_text(source, tmp_path / "parted", minutes=1e-6, resume=True, progress=silent)


@pytest.fixture
def walk(tmp_path):
    """A random walk in a file, and a function that trains on it."""
    walk = np.cumsum(np.random.default_rng(0).standard_normal(300)).round(3)
    (tmp_path / "walk.csv").write_text("\n".join(["a", *map(str, walk)]) + "\n")
    settings = {"length": "8", "width": "4", "batch_size": "16"}
    return lambda out, **options: gan_keras.runs.train.train(
        "series", tmp_path / "walk.csv", tmp_path / out, **{"settings": settings, "progress": silent, **options}
    )


def test_a_finished_run_goes_on_like_one_that_was_longer_from_the_start(walk, tmp_path, monkeypatch):
    lines = []
    walk("whole", preset="tiny", epochs=3)
    walk("parted", preset="tiny", epochs=1)
    walk("parted", epochs=3, resume=True, progress=lines.append)
    assert "3 epochs in place of 1" in lines[0] and not any("learning rates" in line for line in lines)
    assert_trained_alike(tmp_path / "whole", tmp_path / "parted")
    assert Run(tmp_path / "parted").config["lengths"] == [1, 3]
    known = [{**row, "seconds": "0.2"} for row in read_history(tmp_path / "parted" / "history.csv")]
    monkeypatch.setattr(gan_keras.runs.train, "read_history", lambda path: known)
    walk("parted", minutes=0.01, resume=True)
    assert len(read_history(tmp_path / "parted" / "history.csv")) == 5 and Run(tmp_path / "parted").config["lengths"] == [1, 3, 5]


def test_a_time_limit_leaves_fifty_updates_also_where_the_preset_has_fewer(walk, tmp_path, monkeypatch):
    monkeypatch.setattr(SeriesModality, "measure", lambda *arguments: ({"adversarial": 2.8}, 0.0))  # four steps
    with pytest.raises(ValueError, match="minutes=0.5 is too short.*fewer than 50 updates .* Expected at least --minutes 0.7"):
        walk("run", preset="tiny", minutes=0.5)
    assert not (tmp_path / "run").exists()


def test_rates_that_fall_over_all_epochs_fall_over_the_new_number_which_is_told(walk, tmp_path):
    lines, settings = [], {"length": "8", "width": "4", "batch_size": "16", "final_share": "0.1"}
    walk("run", preset="tiny", epochs=2, settings=settings)
    gan = load(tmp_path / "run")
    ended = float(gan.generator_optimizer.learning_rate)
    walk("run", epochs=4, settings=settings, resume=True, progress=lines.append)
    assert any(line.startswith("Warning: the learning rates fall over all epochs. From epoch 3 on") for line in lines)
    gan = load(tmp_path / "run")
    steps = int(gan.generator_optimizer.iterations)
    rate_of = gan.generator_optimizer._learning_rate
    assert steps == 16 and float(rate_of(8)) > 2 * ended and float(rate_of(16)) == pytest.approx(ended)


def test_a_run_that_was_ended_before_its_last_epoch_does_not_go_on(walk, tmp_path):
    walk("run", preset="tiny", epochs=1)
    Events(tmp_path / "run" / "events.csv", silent).add_end(0, "early stop", "val_frechet 3")
    with pytest.raises(ValueError, match=r"was ended after epoch 1 \(early stop: val_frechet 3\).*patience=0"):
        walk("run", epochs=3, resume=True)


WRONG_OPTIONS = [
    ({"preset": "nope"}, "'nope'"),
    ({"epochs": 0}, "epochs=0"),
    ({"minutes": 0}, "minutes=0"),
    ({"minutes": float("nan")}, "minutes=nan"),
    ({"epochs": 1, "minutes": 1}, "both"),
    ({"seed": -1}, "seed=-1"),
    ({"settings": {"unit": "1"}}, "no setting"),
    ({"checkpoint_seconds": -1}, "seconds=-1"),
]


def test_wrong_options_are_errors_before_anything_is_written(corpus, tmp_path):
    for choices, message in WRONG_OPTIONS:
        with pytest.raises(ValueError, match=message):
            train_text(corpus / "text.txt", tmp_path / "run", **{"preset": "tiny", **choices}, progress=silent)
        assert not (tmp_path / "run").exists(), choices


def test_a_directory_in_use_is_refused_and_unchanged(corpus, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "precious.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match="not empty"):
        train_text(corpus / "text.txt", tmp_path / "run", "tiny", progress=silent)
    with pytest.raises(NotADirectoryError):
        train_text(corpus / "text.txt", tmp_path / "file", "tiny", progress=silent)
    Run(tmp_path / "other").write_config({})
    with pytest.raises(ValueError, match="holds another run.*--resume"):
        train_text(corpus / "text.txt", tmp_path / "other", "tiny", progress=silent)
    assert (tmp_path / "run" / "precious.txt").read_text() == (tmp_path / "file").read_text() == "mine"


def test_a_failing_start_leaves_no_files(corpus, tmp_path, monkeypatch):
    def full(trainer):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gan_keras.runs.train.Trainer, "build", full)
    with pytest.raises(OSError, match="No space left"):
        train_text(corpus / "text.txt", tmp_path / "run", "tiny", progress=silent)
    assert not (tmp_path / "run").exists()


def planned_text(path, monkeypatch, overhead, progress):
    """The `Trainer` of an untrained run of 16 steps per epoch, and the preset's epochs."""
    seconds = {"pretraining": 10.0, "discriminator": 10.0, "adversarial": 20.0}
    monkeypatch.setattr(TextModality, "measure", lambda *arguments: (seconds, overhead))
    run, preset = Run(path), presets.TextPreset(pretraining_epochs=10, discriminator_epochs=1, adversarial_epochs=3)
    run.write_config({"modality": "text", "labels": None, "seed": 0, "preset": preset.to_config()})
    for part in ("train", "held_out"):
        run.write_lines(part, ["a line"] * 1000)
    return gan_keras.runs.train.Trainer(run, None, devices.get(), progress), preset, seconds


def test_minutes_shorten_the_stages_according_to_the_measurement(tmp_path, monkeypatch):
    lines = []
    trainer, preset, seconds = planned_text(tmp_path / "run", monkeypatch, 0.0, lines.append)
    monkeypatch.setattr(gan_keras.runs.train, "LONG_STEPS", 1000)
    assert trainer.plan(None) == Plan({})  # too short to be measured
    assert trainer.preset.stage_epochs == preset.stage_epochs
    assert trainer.plan(2) == Plan(seconds)  # 108 s to plan with
    assert trainer.preset.stage_epochs == {"pretraining": 5, "discriminator": 1, "adversarial": 2}  # 100 s
    assert lines[-1].startswith("about 2 min: 5 pretraining epochs of 10 s")


def test_a_time_in_which_nothing_can_be_learned_is_refused_with_one_that_fits(tmp_path, monkeypatch):
    lines = []
    trainer, preset, _ = planned_text(tmp_path / "run", monkeypatch, 15.0, lines.append)
    with pytest.raises(
        ValueError, match="minutes=0.5 is too short: building takes 30 s, and fewer than 50 updates .* at least"
    ) as error:
        trainer.plan(0.5)
    assert trainer.preset.to_config() == preset.to_config()
    trainer.plan(float(re.search(r"--minutes ([\d.]+)", str(error.value))[1]))
    assert sum(trainer.preset.stage_epochs.values()) >= 4  # of 16 steps
    assert "Warning" not in "".join(lines)


def test_a_time_that_leaves_out_a_stage_is_told(tmp_path, monkeypatch):
    lines = []
    trainer, _, seconds = planned_text(tmp_path / "run", monkeypatch, 0.0, lines.append)
    seconds["adversarial"] = 500.0
    trainer.plan(2)
    assert any(line.startswith("Warning: no time for an epoch of the stage adversarial.") for line in lines)


def test_a_run_of_few_updates_ends_with_a_warning(corpus, tmp_path):
    lines, choices = [], {"epochs": 1, "settings": SETTINGS}
    train_text(corpus / "text.txt", tmp_path / "run", "tiny", **choices, progress=lines.append)
    assert lines[-1].startswith("Warning: only 2 updates of the generator, too few for good lines. Expected at least 200")


def test_a_missing_run_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="holds no run"):
        load(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        load(tmp_path / "file")
    Run(tmp_path).write_config({})
    with pytest.raises(FileNotFoundError, match="no model yet"):
        load(tmp_path)


def test_lines_with_unusual_line_separators_are_not_split(tmp_path):
    run = Run(tmp_path)
    run.write_config({})
    lines = ["a\u2028b", "c\x0bd", "e\rf", "é"]
    run.write_lines("train", lines)
    assert run.lines("train") == lines


def test_a_file_is_replaced_completely_or_not_at_all(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("before")

    def fail(temporary):
        temporary.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        replace_whole(path, fail)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


class StageModel:
    """Has two stages, the second from epoch 2 on."""

    def stage_of(self, epoch):
        return "first" if epoch < 2 else "second"


def _run_epochs(callback, logs, start=0):
    callback.set_params({"epochs": start + len(logs)})
    callback.set_model(StageModel())
    callback.on_train_begin()
    for epoch, each in enumerate(logs, start=start):
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, each)


def test_a_history_accepts_late_columns_and_drops_rows_of_repeated_epochs(tmp_path):
    path = tmp_path / "history.csv"
    _run_epochs(History(path), [{"nll": 3.0}, {"nll": 2.0}, {"nll": 1.5, "d_loss": 0.25}])
    _run_epochs(History(path), [{"d_loss": 0.5}], start=2)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["epoch"], row["stage"], row["nll"], row["d_loss"]) for row in rows] == [
        ("1", "first", "3", ""),
        ("2", "first", "2", ""),
        ("3", "second", "", "0.5"),
    ]
    assert list(tmp_path.iterdir()) == [path]
