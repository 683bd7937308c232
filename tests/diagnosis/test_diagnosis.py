"""Each faulty curve gives its finding; healthy curves give none."""

import numpy as np
import pytest

from gan_keras.callbacks.history import History
from gan_keras.diagnosis import rules
from gan_keras.diagnosis.rules import Past, columns_of

EPOCHS, STEPS = 12, 100


def curves(**changes):
    """The history of a healthy training of images with some columns replaced."""
    wave = 0.01 * np.sin(np.arange(EPOCHS))
    healthy = {
        "d_loss": 1.3 + wave,
        "g_loss": 0.8 - wave,
        "d_real": 0.1 + wave,
        "d_fake": -0.1 - wave,
        "d_accuracy": 0.7 + wave,
        "diversity": 0.95 + wave,
        "d_norm": 0.3 + wave,
        "g_norm": 0.2 + wave,
        "steps": np.full(EPOCHS, STEPS),
    }
    return {name: list(map(float, values)) for name, values in {**healthy, **changes}.items()}


def kinds(history):
    return [finding.kind for finding in rules.findings(history)]


def ramp(first, last):
    return np.geomspace(first, last, EPOCHS)


FAULTS = {
    "divergence": [{"d_norm": [0.3] * 11 + [400.0]}, {"g_loss": [0.8] * 11 + [np.nan]}],
    "saturation": [{"d_accuracy": [0.999] * EPOCHS, "g_norm": ramp(1.0, 0.01)}],
    "collapse": [
        {"val_recall": [0.4] * 11 + [0.0]},
        {"nll": [4.0] * EPOCHS, "diversity": [0.9] * 11 + [0.3]},
        {"val_self_bleu5": [0.3] * 11 + [0.7], "val_baseline_self_bleu5": [0.35] * EPOCHS},
    ],
    "low diversity": [{"diversity": [0.9] * 6 + [0.4] * 6}],
    "vanishing gradients": [{"g_norm": [0.2] * 11 + [1e-6]}],
    "oscillation": [{"d_accuracy": [0.3, 0.9] * 6}],
    "no learning": [{"d_real": [0.1] * EPOCHS, "d_fake": [0.1] * EPOCHS}],
    "late collapse": [{"val_frechet": [9.0, 4.0, 3.0, 8.0, 9.0, 9.0]}, {"val_gain": [0.02] * 9 + [-0.1] * 3}],
}


@pytest.mark.parametrize(("kind", "changes"), [(kind, each) for kind, faults in FAULTS.items() for each in faults])
def test_each_fault_is_found_and_no_other(kind, changes):
    assert kinds(curves(**changes)) == [kind]


def test_a_healthy_training_gives_one_line_that_lists_the_checks():
    lines = rules.diagnose(curves())
    assert len(lines) == 1 and lines[0].startswith("Nothing unusual in 12 epochs")
    assert "collapse" in lines[0] and "d_accuracy 0.69" in lines[0]


def test_a_finding_has_epochs_numbers_and_advice():
    found = rules.findings(curves(diversity=[0.9] * 4 + [0.05] * 6 + [0.9] * 2))
    assert [each.kind for each in found] == ["collapse", "low diversity"]
    finding = found[0]
    assert (finding.epoch, finding.last) == (9, 10)  # the fifth is the first of 500 steps
    assert "0.05" in finding.seen and "Try " in str(finding) and "epochs 9 to 10" in str(finding)


def test_a_short_or_improving_state_is_no_finding():
    assert not kinds(curves(diversity=[0.05] * 4 + [0.9] * 8))
    assert not kinds(curves(diversity=ramp(0.05, 0.59)))
    assert not kinds(curves(d_accuracy=[0.999] * EPOCHS))  # sure, but the generator learns on


def test_a_short_training_is_reported_as_too_short():
    history = {name: values[:2] for name, values in curves(diversity=[0.01] * EPOCHS).items()}
    assert kinds(history) == ["too short"]


def test_stages_that_train_one_network_are_ignored():
    history = curves(d_accuracy=[0.0] * 6 + [0.7] * 6, diversity=[0.0] * 6 + [0.9] * 6, d_norm=[0.0] * 6 + [0.3] * 6)
    assert not kinds({**history, "stage": ["pretraining"] * 6 + ["adversarial"] * 6})
    assert not kinds(history)


def test_a_history_is_read_from_the_result_of_fit_from_rows_and_from_a_file(tmp_path):
    columns = curves(diversity=[0.9] * 6 + [0.4] * 6)
    writer = History(tmp_path / "history.csv")
    cells = [{name: f"{values[epoch]:.7g}" for name, values in columns.items()} for epoch in range(EPOCHS)]
    writer.rows = [{"epoch": str(epoch + 1), "stage": "adversarial", **row} for epoch, row in enumerate(cells)]
    writer.rows[0]["val_frechet"] = "3.5"
    writer.write()
    returned = type("History", (), {"history": columns})()
    found = [rules.findings(each)[0] for each in (columns, returned, writer.rows, tmp_path / "history.csv")]
    assert all(each == found[0] for each in found)
    with pytest.raises(ValueError, match="Expected the result of `fit`"):
        rules.findings(3)


def test_a_diversity_of_zero_in_rows_of_numbers_is_a_collapse():
    columns = {
        "d_accuracy": [0.7] * 9,
        "diversity": [0.0] * 9,
        "d_real": [0.1, 0.2, 0.3] * 3,
        "d_fake": [0.0, -0.1, 0.1] * 3,
        "steps": [200] * 9,
    }
    rows = [
        {"epoch": epoch + 1, "stage": "adversarial", **{name: values[epoch] for name, values in columns.items()}}
        for epoch in range(9)
    ]
    assert "collapse" in [finding.kind for finding in rules.findings(rows)]
    assert rules.findings(rows) == rules.findings({"stage": ["adversarial"] * 9, **columns})


def test_a_column_that_is_not_logged_every_epoch_ends_with_the_last_epoch():
    past = Past(columns_of({"d_loss": [1.0] * 6, "val_frechet": [9.0, 8.0]}))
    epochs, values = past.scores("val_frechet")
    assert list(epochs) == [2, 5] and list(values) == [9.0, 8.0]
    assert np.isnan(past["val_frechet"][[0, 1, 3, 4]]).all()
