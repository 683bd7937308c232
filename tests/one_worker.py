"""One of several workers, as `TF_CONFIG` has it: trains what `two_devices.py` trains alone, and writes what came out.

Usage: `python one_worker.py FILE.npz`. See `test_strategies.py`.
"""

import sys

import numpy as np

from gan_keras.training import devices
from two_devices import OF_WORKERS, as_vector, outcome, runs

if __name__ == "__main__":
    strategy, all_runs = devices.get("multi_worker"), runs()
    np.savez(sys.argv[1], **{name: as_vector(outcome(strategy, *all_runs[name])) for name in OF_WORKERS})
