"""`KeepBest`: the supervised network stays unless an adversarial epoch predicts held-out lines better."""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from gan_keras.callbacks import KeepBest


class Network:
    """A network of one weight."""

    weights = (None,)

    def __init__(self, value):
        self.value = value

    def get_weights(self):
        return [np.array(self.value)]

    def set_weights(self, weights):
        self.value = float(weights[0])


def trained(nlls, supervised=2.0, resume_after=None):
    """Networks after adversarial epochs with some `val_nll`, and the lines that are shown; epoch i sets all weights to i."""
    lines = []
    networks = {name: Network(0.0) for name in ("generator", "ema_generator", "discriminator")}
    gan = SimpleNamespace(**networks, stage="adversarial", baseline_nll=keras.ops.convert_to_tensor(supervised))
    keep = KeepBest(lines.append)
    keep._model = gan
    for epoch, nll in enumerate(nlls, start=1):
        keep.on_epoch_begin(epoch - 1)
        for network in networks.values():
            network.value = float(epoch)
        keep.on_epoch_end(epoch - 1, {} if nll is None else {"val_nll": nll})
        if epoch == resume_after:
            state, keep = keep.get_state(), KeepBest(lines.append)
            keep._model = gan
            json.dumps({name: value for name, value in state.items() if name != "weights"})
            keep.set_state(state)
    keep.on_train_end()
    return {network.value for network in networks.values()}, lines


@pytest.mark.parametrize("resume_after", [None, 1, 2])
def test_the_epoch_with_the_lowest_loss_is_restored(resume_after):
    values, lines = trained([1.9, 1.8, 1.85, float("nan")], resume_after=resume_after)
    assert values == {2.0} and lines == ["Kept: epoch 2 (val_nll 1.8000, before 2.0000)."]


@pytest.mark.parametrize("resume_after", [None, 1])
def test_the_supervised_network_stays_unless_one_is_better(resume_after):
    values, lines = trained([2.1, 2.0, float("nan")], resume_after=resume_after)
    assert values == {0.0}
    assert lines == ["Kept: the supervised network, which no adversarial epoch improved on (val_nll 2.0000)."]


def test_without_a_supervised_loss_the_best_epoch_is_kept():
    assert trained([2.1, 2.05], supervised=float("inf")) == ({2.0}, ["Kept: epoch 2 (val_nll 2.0500)."])


def test_without_held_out_lines_the_last_epoch_stays():
    values, (line,) = trained([None, None], supervised=float("inf"))
    assert values == {2.0} and line.startswith("Kept: the last epoch, as val_nll was never logged")


def test_nothing_is_said_or_restored_without_an_adversarial_epoch():
    assert trained([]) == ({0.0}, [])
