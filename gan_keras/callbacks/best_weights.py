"""The networks of the best epoch so far, for callbacks that rate epochs."""

import pathlib

import numpy as np

from gan_keras.files import replace_whole


class BestWeights:
    """Remembers generator, averaged generator and discriminator of the epoch with the highest value.

    Args:
        path: A `.npz` file that holds them too, so that a training that goes on knows the best epoch before; None for none.

    Attributes:
        best: The highest value so far, minus infinity before the first.
    """

    def __init__(self, path=None):
        self.path = None if path is None else pathlib.Path(path)
        self.best, self._weights = -float("inf"), None
        if self.path is not None and self.path.exists():
            with np.load(self.path) as arrays:
                self.best = float(arrays["best"])
                self._weights = [arrays[f"weight_{index}"] for index in range(len(arrays) - 1)]

    def offer(self, gan, value):
        """Keeps a copy of the networks' weights if `value` is higher than all before; NaN is not."""
        if value > self.best:
            self.best = value
            self._weights = [weight for network in networks_of(gan) for weight in network.get_weights()]
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                replace_whole(self.path, self._write)

    def restore(self, gan):
        """Gives the networks their best weights; nothing happens where none were kept."""
        if self._weights is not None:
            weights = iter(self._weights)
            for network in networks_of(gan):
                network.set_weights([next(weights) for _ in network.weights])

    def _write(self, path):
        np.savez(path, best=self.best, **{f"weight_{index}": weight for index, weight in enumerate(self._weights)})


def networks_of(gan):
    return gan.generator, gan.ema_generator, gan.discriminator
