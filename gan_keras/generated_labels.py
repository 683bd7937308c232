"""Which labels the generated samples of an enlarged training set get."""

import numpy as np


class AsInData:
    """The labels of the real samples beside them: each as often, but for a remainder that is drawn.

    Args:
        num_labels: How many labels there are.
    """

    def __init__(self, num_labels):
        self.num_labels = num_labels

    def choose(self, real, num, random):
        """Labels for generated samples.

        Args:
            real: Labels of the real samples that they come beside, int `(num_real,)`.
            num: How many, >= 0.
            random: A `numpy.random.Generator`.

        Returns:
            int32 `(num,)`.
        """
        times, more = divmod(num, len(real))
        drawn = real[random.permutation(len(real))[:more]]
        return np.concatenate([np.tile(real, times), drawn]).astype(np.int32)


class Balanced:
    """For each sample the label that is the rarest so far, real and generated samples counted together.

    Args:
        num_labels: How many labels there are.
    """

    def __init__(self, num_labels):
        self.counts = np.zeros(num_labels, np.int64)

    def choose(self, real, num, random):
        """As `AsInData.choose`."""
        self.counts += np.bincount(real, minlength=len(self.counts))
        chosen = np.empty(num, np.int32)
        for index in range(num):
            chosen[index] = self.counts.argmin()
            self.counts[chosen[index]] += 1
        return chosen


LABELLINGS = {False: AsInData, True: Balanced}
"""By the argument `balanced` of `augment`."""
