"""The networks of the best epoch so far, for callbacks that rate epochs."""


class BestWeights:
    """Remembers generator, averaged generator and discriminator of the epoch with the highest value.

    Attributes:
        best: The highest value so far, minus infinity before the first.
    """

    def __init__(self):
        self.best, self._weights = -float("inf"), None

    def offer(self, gan, value):
        """Keeps a copy of the networks' weights if `value` is higher than all before; NaN is not."""
        if value > self.best:
            self.best = value
            self._weights = [weight for network in networks_of(gan) for weight in network.get_weights()]

    def restore(self, gan):
        """Gives the networks their best weights; nothing happens where none were kept."""
        if self._weights is not None:
            weights = iter(self._weights)
            for network in networks_of(gan):
                network.set_weights([next(weights) for _ in network.weights])

    def get_state(self):
        """For `callbacks.Checkpoint`."""
        return {"best": self.best, "weights": self._weights}

    def set_state(self, state):
        self.best, self._weights = state["best"], state["weights"]


def networks_of(gan):
    return gan.generator, gan.ema_generator, gan.discriminator
