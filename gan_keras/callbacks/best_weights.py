"""The networks of the best epoch so far, for callbacks that rate epochs."""

import pathlib

import numpy as np

from gan_keras.files import replace_whole


class BestWeights:
    """Remembers generator, averaged generator and discriminator of the epoch with the highest value.

    Args:
        path: A `.npz` file that keeps them, so that a resumed training knows what was best before; one that is there is
            gone on with. None keeps them in memory alone.

    Attributes:
        best: The highest value so far, minus infinity before the first.
    """

    def __init__(self, path=None):
        self.path, self.best, self._weights = path, -float("inf"), None
        if path is not None and pathlib.Path(path).exists():
            with np.load(path) as arrays:
                self.best = float(arrays["best"])
                self._weights = [arrays[str(index)] for index in range(len(arrays) - 1)]

    def offer(self, gan, value):
        """Keeps a copy of the networks' weights if `value` is higher than all before; NaN is not."""
        if value > self.best:
            self.best, self._weights = value, [np.array(variable) for variable in variables_of(gan)]
            if self.path is not None:
                pathlib.Path(self.path).parent.mkdir(parents=True, exist_ok=True)
                replace_whole(self.path, self.write)

    def write(self, path):
        np.savez(path, best=self.best, **{str(index): weight for index, weight in enumerate(self._weights)})

    def restore(self, gan):
        """Gives the networks their best weights; nothing happens where none were kept."""
        if self._weights is not None:
            for variable, weight in zip(variables_of(gan), self._weights, strict=True):
                variable.assign(weight)


def variables_of(gan):
    return [variable for network in (gan.generator, gan.ema_generator, gan.discriminator) for variable in network.weights]
