"""Does a table hold rows of the table that it was learned from?"""

import numpy as np


def copied_share(rows, training):
    """Share of rows all of whose cells are those of some training row.

    Rows of a few coarse columns are copies by chance: compare with the share of held-out real rows.

    Args:
        rows: float64 cells `(num, columns)`; missing cells are equal.
        training: float64 cells `(num_training, columns)`.
    """
    return float(np.isin(_as_bytes(rows), _as_bytes(training)).mean())


def _as_bytes(cells):
    """Each row as one value; of NaN and of zero there is more than one form."""
    plain = np.ascontiguousarray(np.where(np.isnan(cells), np.inf, cells) + 0.0)
    return plain.view(np.dtype((np.void, plain.itemsize * plain.shape[1])))[:, 0]
