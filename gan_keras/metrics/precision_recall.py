"""Precision and recall, density and coverage: fidelity and variety apart, by neighbours in feature space.

References: [Kynkaanniemi et al., 2019](https://arxiv.org/abs/1904.06991) (improved precision and recall),
[Naeem et al., 2020](https://arxiv.org/abs/2002.09797) (density and coverage).
"""

import numpy as np

from gan_keras.metrics.distances import as_feature_pair, as_features, distance_blocks, neighbour_radii


class RealNeighbourhoods:
    """Balls around the real samples, prepared once to judge many sets of generated samples.

    Each ball reaches to the sample's `num_neighbours`-th nearest other sample, its surface included.

    Args:
        real_features: `(num_real, dim)`.
        num_neighbours: 1 to num_real - 1. The papers take 3 (precision, recall) and 5 (density, coverage).

    Raises:
        ValueError: For features that are not finite or not a matrix, or too few of them.
    """

    def __init__(self, real_features, num_neighbours=5):
        self.features = as_features(real_features)
        self.num_neighbours = num_neighbours
        self.radii = neighbour_radii(self.features, num_neighbours)

    def scores(self, fake_features):
        """Judges generated samples, a block of distances at a time.

        Args:
            fake_features: `(num_fake, dim)`, more than `num_neighbours` of them.

        Returns:
            Dictionary of floats: `precision`, the fraction of generated samples in some ball of a real one; `recall`, the
            fraction of real samples in some ball of a generated one; `density`, the mean number of real balls that hold a
            generated sample, over `num_neighbours` (it may exceed 1); `coverage`, the fraction of real balls that hold a
            generated sample.

        Raises:
            ValueError: If the dimensions differ or there are too few samples.
        """
        real, fake = as_feature_pair(self.features, fake_features)
        fake_radii = neighbour_radii(fake, self.num_neighbours)
        in_balls, recalled = np.zeros(len(fake)), np.zeros(len(real), bool)
        covered = np.zeros(len(real), bool)
        for chosen, distances in distance_blocks(real, fake):
            inside = distances <= self.radii[chosen, np.newaxis]
            in_balls += inside.sum(axis=0)
            covered[chosen] = inside.any(axis=1)
            recalled[chosen] = (distances <= fake_radii).any(axis=1)
        return {
            "precision": float((in_balls > 0).mean()),
            "recall": float(recalled.mean()),
            "density": float(in_balls.mean() / self.num_neighbours),
            "coverage": float(covered.mean()),
        }


def precision_recall(real_features, fake_features, num_neighbours=5):
    """`RealNeighbourhoods(real_features, num_neighbours).scores(fake_features)`, where one set is judged."""
    return RealNeighbourhoods(real_features, num_neighbours).scores(fake_features)
