"""One of several workers, as `TF_CONFIG` has it, or one device alone without: trains and writes what came out into a file.

Usage: `python one_worker.py FILE.npz`. See `test_multi_worker.py`.
"""

import sys

import numpy as np
from two_devices import CASES, EPOCHS_OF_TEXT, lines, point_gan, points, text_gan, train, weights

from gan_keras import strategies


def without(option, name):
    """A case of one worker's devices, with one of its options left to the default."""
    return {key: value for key, value in CASES[name].items() if key != option}


RUNS = {
    "GradientPenalty": (lambda: point_gan(**without("constraint", "GradientPenalty, Clip")), points),
    "LeCam": (lambda: point_gan(adam={"global_clipnorm": 0.1}, **without("auxiliary", "LeCam, FeatureMatching")), points),
    "text": (lambda: text_gan("cooperative", 1), lines),
}


def outcome(strategy, make, data):
    """All weights and the last logs, as one vector."""
    gan, logs = train(strategy, make, data, epochs=EPOCHS_OF_TEXT if data is lines else 1)
    return np.concatenate([np.ravel(each) for each in (*weights(gan), *logs.values())])


if __name__ == "__main__":
    strategy = strategies.get("multi_worker" if len(sys.argv) > 2 else "none")
    np.savez(sys.argv[1], **{name: outcome(strategy, *run) for name, run in RUNS.items()})
