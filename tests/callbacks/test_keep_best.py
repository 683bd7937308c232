"""The state of `KeepBest` in a checkpoint."""

import json

from gan_keras.callbacks import KeepBest
from gan_keras.metrics import FrontierPoint


def test_the_baselines_curve_survives_a_checkpoint_of_three_scores_per_point():
    first, second = KeepBest(["a cat sat", "the dog ran"]), KeepBest(["a cat sat", "the dog ran"])
    first.baseline_points = [FrontierPoint({2: 0.5, 5: 0.25}, {2: 0.75, 5: 0.5}, 0.9)]
    state = json.loads(json.dumps({"points": first.get_state()["points"]}))
    assert state == {"points": [[{"2": 0.5, "5": 0.25}, {"2": 0.75, "5": 0.5}, 0.9]]}  # what earlier files hold too
    second.set_state({**first.get_state(), **state})
    assert second.baseline_points == first.baseline_points
