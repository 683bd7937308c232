"""The baseline of series: each step is a linear function of the one before, plus noise."""

import numpy as np


class VectorAutoregression:
    """`x[t + 1] = A x[t] + c + e`, fitted by least squares; the first step is one of the data, the noise a residual of the data.

    Values stay within the range that the data have.

    Args:
        windows: Training windows `(num, steps, columns)`, NaN after the end of shorter ones, two steps or more.
    """

    def __init__(self, windows):
        windows = np.asarray(windows, np.float64)
        self.windows = windows
        self.low, self.high = np.nanmin(windows, axis=(0, 1)), np.nanmax(windows, axis=(0, 1))
        before, after = (each.reshape(-1, windows.shape[2]) for each in (windows[:, :-1], windows[:, 1:]))
        known = np.isfinite(after).all(axis=1)
        before, after = before[known], after[known]
        self.coefficients = np.linalg.lstsq(_with_constant(before), after, rcond=None)[0]
        self.residuals = after - _with_constant(before) @ self.coefficients

    def sample(self, num, seed=0):
        """Windows `(num, steps, columns)`, float32; each ends where the window ends whose first step it has.

        Args:
            num: How many.
            seed: The same seed draws the same windows, int >= 0.
        """
        random = np.random.default_rng(seed)
        rows = random.integers(len(self.windows), size=num)
        steps = [self.windows[rows, 0]]
        for _ in range(self.windows.shape[1] - 1):
            noise = self.residuals[random.integers(len(self.residuals), size=num)]
            steps.append(np.clip(_with_constant(steps[-1]) @ self.coefficients + noise, self.low, self.high))
        made = np.stack(steps, axis=1)
        return np.where(np.isfinite(self.windows[rows]), made, np.nan).astype(np.float32)


def _with_constant(rows):
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
