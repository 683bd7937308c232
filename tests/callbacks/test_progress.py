"""`Progress`: the remaining time, by a simulated clock; the values it shows; its bar, lines and heartbeats."""

import io
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from gan_keras.callbacks import Progress, history
from gan_keras.training import console as consoles
from gan_keras.training.console import Console, shown
from gan_keras.training.time_budget import Plan, TimeLeft


class Clock:
    """Stands for the module `time`; time passes by `wait` only."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now

    def wait(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (history, consoles):
        monkeypatch.setattr(module, "time", clock)
    return clock


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def screen(self):
        """The lines that a user sees in the end."""
        lines = []
        for line in self.getvalue().split("\n"):
            cells = ""
            for part in line.split("\r"):
                cells = part + cells[len(part) :]
            lines.append(cells.rstrip())
        return lines


def model_of(stages, own=()):
    """A GAN with stages, a dictionary from name to epochs, and metrics of its own."""
    names = [stage for stage, num in stages.items() for _ in range(num)]
    step_metrics = SimpleNamespace(more=[SimpleNamespace(name=name) for name in own])
    return SimpleNamespace(stage_of=names.__getitem__, step_metrics=step_metrics, sample_metrics=(), stop_training=False)


def begun(progress, model, epochs, steps):
    progress.set_model(model)
    progress.set_params({"epochs": epochs, "steps": steps})
    progress.on_train_begin()
    return progress


# --- The remaining time. ---

COMPILING, SCORING, STEPS = 8.0, 12.0, 40
TRAININGS = {
    "one stage": ({"adversarial": 60}, {"adversarial": 0.05}, None),
    "scored epochs": ({"adversarial": 50}, {"adversarial": 0.1}, 5),
    "three stages": (
        {"pretraining": 20, "discriminator": 4, "adversarial": 6},
        {"pretraining": 0.1, "discriminator": 0.4, "adversarial": 0.7},
        None,
    ),
    "scored epochs of several stages": (
        {"embedding": 30, "supervised": 30, "joint": 30},
        {"embedding": 0.1, "supervised": 0.05, "joint": 0.3},
        4,
    ),
    "few long epochs": ({"adversarial": 4}, {"adversarial": 3.0}, None),
}
UNPLANNED = "one stage", "scored epochs"  # a later stage can only be known from a plan


@pytest.mark.parametrize(("name", "planned"), [*((name, True) for name in TRAININGS), *((name, False) for name in UNPLANNED)])
def test_the_time_left_is_off_by_at_most_a_tenth_after_a_tenth_of_the_run(clock, name, planned):
    stages, seconds, every = TRAININGS[name]
    random, errors, wrong = np.random.default_rng(0), [], np.random.default_rng(1)
    measured = {stage: STEPS * cost * wrong.uniform(0.95, 1.05) for stage, cost in seconds.items()}
    plan = Plan(measured, SCORING * 0.9 if every else 0.0, COMPILING * len(stages))
    model, epochs = model_of(stages), sum(stages.values())
    progress = begun(Progress(str, plan if planned else None, [SimpleNamespace(every=every)]), model, epochs, STEPS)
    start, foretold = clock.now, []
    for epoch in range(epochs):
        stage = model.stage_of(epoch)
        is_new = epoch == 0 or model.stage_of(epoch - 1) != stage
        progress.on_epoch_begin(epoch)
        for batch in range(STEPS):
            clock.wait(is_new * (batch == 0) * COMPILING + seconds[stage] * random.lognormal(0.0, 0.2))
            progress.on_train_batch_end(batch, {})
            foretold.append((clock.now, progress.left()))
        if every and ((epoch + 1) % every == 0 or epoch + 1 == epochs):
            clock.wait(SCORING * random.lognormal(0.0, 0.1))
        progress.on_epoch_end(epoch, {})
    total = clock.now - start
    errors = [abs(now + left - clock.now) / total for now, left in foretold if now - start >= 0.1 * total]
    assert len(errors) > 100 and max(errors) <= 0.1
    first = next((now, left) for now, left in foretold if now - start >= 0.1 * total)
    assert first[1] == pytest.approx(clock.now - first[0], rel=0.1)


def test_epochs_cost_the_median_without_the_first_and_scored_ones_their_own():
    time_left = TimeLeft([("a", False), ("a", False), ("a", True), ("a", False), ("a", False), ("a", True), ("b", False)])
    assert time_left.left(0) is None
    time_left.finish(0, 100.0, compiling=88.0)
    assert time_left.left(1) == 6 * 12.0
    for epoch, seconds in enumerate((10.0, 30.0, 10.0, 50.0), start=1):
        time_left.finish(epoch, seconds)
    assert time_left.of_kind("a", False) == 10.0 and time_left.of_kind("a", True) == 30.0
    assert time_left.left(5) == 30.0 + 10.0  # a stage without a plan costs as much as the dearest
    assert time_left.left(5, spent=4.0) == 36.0
    assert time_left.left(5, spent=40.0) == 10.0
    assert time_left.left(7) == 0.0


def test_a_plan_tells_the_time_before_an_epoch_has_finished():
    time_left = TimeLeft([("a", False), ("a", True), ("b", True)], Plan({"a": 10.0, "b": 20.0}, scoring=5.0, overhead=8.0))
    assert time_left.left(0) == 10 + 15 + 25 + 8
    time_left.step(0, 12.0)  # slower than planned
    assert time_left.left(0, spent=11.0, share=0.5) == 6 + 17 + 25 + 4
    time_left.finish(0, 14.0)
    assert time_left.left(1) == 17 + 25 + 4


# --- The values. ---


def test_a_line_shows_what_the_stage_measures_and_no_counters(clock):
    lines = []
    progress = begun(Progress(lines.append), model_of({"first": 1, "second": 3}, own=["nll", "cycle"]), 4, 1)
    counters = {"loss": 9.0, "samples": 64.0, "steps": 1.0, "d_norm": 2.0, "step_ms": 3.0, "peak_memory_mb": 900.0}
    logs = [
        {"nll": 3.0, "d_loss": 0.0, "g_loss": 0.0, "val_nll": 2.5},
        {"d_loss": 0.5, "g_loss": 1.25, "nll": 0.0, "val_frechet": 30.0},
        {"d_loss": 0.0, "g_loss": 1.5},
        {},
    ]
    for epoch, each in enumerate(logs):
        progress.on_epoch_begin(epoch)
        clock.wait(20.0)
        progress.on_epoch_end(epoch, {**counters, **each})
    assert lines == [
        "epoch 1/4, first: nll 3, val_nll 2.5 (20 s, about 60 s left)",
        "epoch 2/4, second: d_loss 0.5, g_loss 1.25, val_frechet 30 (20 s, about 40 s left)",
        "epoch 3/4, second: d_loss 0, g_loss 1.5 (20 s, about 20 s left)",  # a loss that has fallen to 0 stays visible
        "epoch 4/4, second: (20 s)",
    ]


# --- The terminal, and other places. ---


def test_a_bar_is_drawn_in_place_fits_the_width_and_leaves_clean_lines(clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(consoles.shutil, "get_terminal_size", lambda: SimpleNamespace(columns=200))
    progress = begun(Progress(Console(file=terminal)), model_of({"adversarial": 2}, own=["cycle", "identity"]), 2, 10)
    for epoch in range(2):
        progress.on_epoch_begin(epoch)
        for batch in range(10):
            clock.wait(10.0)
            progress.on_train_batch_end(batch, {"d_loss": 0.123456, "g_loss": 12.3456, "cycle": 0.5, "identity": 0.25})
            last = terminal.screen()[-1]
            assert last.startswith(f"epoch {epoch + 1}/2, adversarial [") and f"{batch + 1}/10" in last and len(last) < 80
        progress.on_epoch_end(epoch, {"d_loss": 0.5})
    assert terminal.screen() == [
        "epoch 1/2, adversarial: d_loss 0.5 (100 s, about 2 min left)",
        "epoch 2/2, adversarial: d_loss 0.5 (100 s)",
        "",
    ]


def test_nothing_is_drawn_elsewhere_but_a_line_after_half_a_minute(clock):
    file = io.StringIO()
    progress = begun(Progress(Console(file=file)), model_of({"adversarial": 1}), 1, 10)
    progress.on_epoch_begin(0)
    for batch in range(10):
        clock.wait(13.0)
        progress.on_train_batch_end(batch, {"d_loss": 0.5})
    clock.wait(31.0)
    progress.console.beat()
    progress.on_epoch_end(0, {"d_loss": 0.5})
    assert file.getvalue().splitlines() == [
        "epoch 1/1, adversarial: step 3/10, d_loss 0.5 (about 91 s left)".replace("91 s", "2 min"),
        "epoch 1/1, adversarial: step 6/10, d_loss 0.5 (about 52 s left)",
        "epoch 1/1, adversarial: step 9/10, d_loss 0.5 (about 13 s left)",
        "epoch 1/1, adversarial: 10 steps done, validating and scoring for 31 s (about 0 s left)",
        "epoch 1/1, adversarial: d_loss 0.5 (161 s)",
    ]


def test_a_heartbeat_says_what_takes_long(clock):
    lines, console = [], None
    console = Console(lines.append)
    console("Scoring: real lines")
    for _ in range(7):
        clock.wait(10.0)
        console.beat()
    assert lines[1:] == [f"still running after {seconds} s: Scoring: real lines" for seconds in (30, 60)]
    terminal = Terminal()
    console = Console(file=terminal)
    console("Scoring: real lines")
    clock.wait(5.0)
    console.beat()
    assert terminal.screen() == ["Scoring: real lines", "still running after 5 s: Scoring: real lines"]
    console("Written: a.json")
    assert terminal.screen() == ["Scoring: real lines", "Written: a.json", ""]


def test_a_console_beats_by_itself_until_its_context_ends(monkeypatch):
    monkeypatch.setattr(consoles, "SILENCE", 0.0)
    seen = threading.Event()
    with shown(lambda line: seen.set()) as console:
        console.follow("a long computation")
        assert seen.wait(60.0)
    assert not console.thread.is_alive()


def test_a_console_is_shared_and_print_gets_a_bar(monkeypatch):
    with shown(str) as console, shown(console) as same:
        assert same is console and not console.is_terminal
    monkeypatch.setattr("sys.stdout", Terminal())
    assert shown().is_terminal and not shown(str).is_terminal
