"""A budget across interruptions: what was spent before a kill is paid for, and no step is taken twice."""

import json

import keras
import numpy as np
import pytest

from gan_keras.callbacks import Checkpoint
from gan_keras.modalities.image.presets import ImagePreset
from gan_keras.runs.files import Run
from gan_keras.runs.train import train
from private_gans import fit, privacy_of, private_gan

SETTINGS = {"epsilon": 20.0, "width": 4, "batch_size": 16, "steps_per_epoch": 10, "quality_every": 0, "latent_dim": 4}


class Killed(Exception):
    pass


class Kill(keras.callbacks.Callback):
    """Stands for a power cut at the end of a step."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch, logs=None):
        if self.model.privacy.steps_spent == self.steps:
            raise Killed


def start(folder, *callbacks, seconds=1e9, epochs=10):
    keras.utils.clear_session()
    gan = private_gan(privacy_of(train_steps=400))
    fit(gan, steps=40, epochs=epochs, callbacks=[Checkpoint(folder, seconds), *callbacks])
    return gan


def test_steps_whose_weights_were_lost_are_paid_for(tmp_path, capsys):
    start(tmp_path, epochs=1)  # ends with a checkpoint
    with pytest.raises(Killed):
        start(tmp_path, Kill(70))
    ledger = json.loads((tmp_path / "privacy_ledger.json").read_text())
    assert 70 <= ledger["steps"] <= 70 + 4 and ledger["of"] == 400
    capsys.readouterr()
    gan = start(tmp_path)
    told = capsys.readouterr().out.splitlines()
    assert f"{ledger['steps'] - 40} steps of the privacy budget were spent and lost" in told[0]
    assert f"{400 - ledger['steps']} of 400 are left" in told[0] and "The privacy budget is spent: 400 steps" in told[-1]
    # Updates of these weights, and those that were lost, are together no more than the budget.
    assert gan.privacy.steps_spent == 400
    assert int(gan.discriminator_optimizer.iterations) == 40 + 400 - ledger["steps"]


def test_a_training_that_is_not_interrupted_loses_nothing(tmp_path, capsys):
    start(tmp_path, epochs=3)
    gan = start(tmp_path)
    assert gan.privacy.steps_spent == int(gan.discriminator_optimizer.iterations) == 400
    assert "lost" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_budget_that_was_lost_whole_is_not_spent_again(tmp_path):
    start(tmp_path, epochs=1)
    with pytest.raises(Killed):
        start(tmp_path, Kill(400))
    with pytest.raises(
        ValueError, match="The privacy budget is spent: 400 steps.*Expected to use the GAN of the last checkpoint"
    ):
        start(tmp_path)


# --- Runs. ---


@pytest.fixture
def private_images(monkeypatch):
    """A preset of images that can be private, whatever the presets of the package are."""
    monkeypatch.setattr(ImagePreset, "private_rows", lambda self, data: np.asarray(data.images))


def run_to(folder, resume=False, seconds=1e9, **options):
    lines = []
    settings = {} if resume else {"settings": SETTINGS, "epochs": 3, "preset": "mlp"}
    gan = train(
        "image", "digits", folder, resume=resume, checkpoint_seconds=seconds, progress=lines.append, **settings, **options
    )
    return gan, "\n".join(lines)


def kill_at(monkeypatch, steps):
    """Kills the next run at the end of a step."""
    real = ImagePreset.callbacks

    def callbacks(self, training, held_out=None):
        monkeypatch.setattr(ImagePreset, "callbacks", real)
        return [*real(self, training, held_out), Kill(steps)]

    monkeypatch.setattr(ImagePreset, "callbacks", callbacks)


def test_a_private_run_ends_at_its_budget_and_is_not_prolonged(private_images, tmp_path, capsys):
    gan, _ = run_to(tmp_path / "run")
    assert gan.privacy.steps_spent == gan.privacy.train_steps == 30
    assert capsys.readouterr().out.count("The privacy budget is spent: 30 steps") == 1
    run = Run(tmp_path / "run")
    assert json.loads(run.privacy_ledger_path.read_text()) == {"steps": 30, "of": 30}
    assert "epsilon" in run.load().privacy_statement()
    for longer in ({"epochs": 5}, {"minutes": 1.0}):
        with pytest.raises(ValueError, match="private training, whose noise was chosen for 3 epochs. Expected --resume alone"):
            run_to(tmp_path / "run", resume=True, **longer)


@pytest.mark.slow
def test_a_private_run_that_was_killed_pays_for_lost_steps_when_it_resumes(private_images, tmp_path, monkeypatch):
    kill_at(monkeypatch, 13)
    with pytest.raises(Killed):
        run_to(tmp_path / "run", seconds=0.0)
    run = Run(tmp_path / "run")
    run.privacy_ledger_path.write_text(json.dumps({"steps": 21, "of": 30}))  # as if later checkpoints had not been written
    gan, told = run_to(tmp_path / "run", resume=True)
    assert "steps of the privacy budget were spent and lost" in told and "9 of 30 are left" in told
    assert gan.privacy.steps_spent == 30 and int(gan.discriminator_optimizer.iterations) <= 13 + 9


@pytest.mark.slow
def test_a_private_run_whose_budget_was_lost_whole_keeps_the_gan_of_its_checkpoint(private_images, tmp_path, monkeypatch):
    kill_at(monkeypatch, 13)
    with pytest.raises(Killed):
        run_to(tmp_path / "run", seconds=0.0)
    Run(tmp_path / "run").privacy_ledger_path.write_text(json.dumps({"steps": 30, "of": 30}))
    gan, told = run_to(tmp_path / "run", resume=True)
    assert "holds the GAN of the newest checkpoint" in told
    assert gan.privacy.steps_spent == 30 and int(gan.discriminator_optimizer.iterations) <= 13
    assert Run(tmp_path / "run").load().privacy.steps_spent == 30
