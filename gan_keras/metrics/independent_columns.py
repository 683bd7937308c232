"""The baseline of tables: each column by itself is right, and nothing that holds between columns."""

import numpy as np


class IndependentColumns:
    """Draws each cell from its column, whatever the other cells of the row are.

    Args:
        cells: float64 `(rows, columns)` of the training part.
    """

    def __init__(self, cells):
        self.cells = cells

    def sample(self, num, seed=0):
        """float64 cells `(num, columns)`; the same seed draws the same."""
        random = np.random.default_rng(seed)
        return np.stack([column[random.integers(len(column), size=num)] for column in np.asarray(self.cells).T], axis=1)
