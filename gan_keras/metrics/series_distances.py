"""Statistical distances between two sets of time-series windows, and a linear baseline.

The distances compare values, their dependence in time and the dependence between columns; 0 is no difference. Steps after the end
of a window are NaN and are ignored.
"""

import numpy as np
from scipy.stats import wasserstein_distance

_MAX_VALUES = 50_000  # evenly spaced values per column for the marginal distance


def marginal_distance(real, fake):
    """Mean over columns of the 1-Wasserstein distance between the values of all steps, in standard deviations of the real ones.

    Args:
        real: Windows `(num, steps, columns)`.
        fake: Windows of the same shape, in any number.
    """
    return float(np.mean([_column_distance(real[..., column], fake[..., column]) for column in range(real.shape[2])]))


def _column_distance(real, fake):
    real, fake = (each[np.isfinite(each)].astype(np.float64) for each in (real, fake))
    some = [each[:: -(-len(each) // _MAX_VALUES)] for each in (real, fake)]
    return wasserstein_distance(*some) / max(real.std(), _rounding(real, axis=0))


def autocorrelation_distance(real, fake):
    """Mean absolute difference of the windows' autocorrelations, over columns and lags up to half a window.

    Each window is centred on its own mean, so that only the movements within windows count.
    """
    return float(np.mean(np.abs(autocorrelations(real) - autocorrelations(fake))))


def autocorrelations(windows):
    """Autocovariance / variance, both pooled over all windows, for lags from 1 to half a window: `(lags, columns)`.

    0 for lags that no window reaches.
    """
    windows = np.asarray(windows, np.float64)
    moved = windows - np.nanmean(windows, axis=1, keepdims=True)
    variances = np.maximum(np.nanmean(moved**2, axis=(0, 1)), _rounding(windows, axis=(0, 1)) ** 2)
    lags = range(1, max(1, windows.shape[1] // 2) + 1)
    products = [moved[:, lag:] * moved[:, :-lag] for lag in lags]
    nums = [np.maximum(1, np.isfinite(each).sum(axis=(0, 1))) for each in products]
    return np.stack([np.nansum(each, axis=(0, 1)) / num / variances for each, num in zip(products, nums, strict=True)])


def correlation_distance(real, fake):
    """Mean absolute difference of the correlations between columns, over all steps; 0 for a single column."""
    if real.shape[2] == 1:
        return 0.0
    pairs = np.triu_indices(real.shape[2], 1)
    return float(np.mean(np.abs(_correlations(real)[pairs] - _correlations(fake)[pairs])))


def _correlations(windows):
    rows = windows.reshape(-1, windows.shape[2]).astype(np.float64)
    rows = rows[np.isfinite(rows).all(axis=1)]
    scaled = (rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), _rounding(rows, axis=0))
    return scaled.T @ scaled / len(rows)


def _rounding(values, axis):
    """Deviation of equal float32 values due to rounding, > 0: a lower bound for deviations that works in any unit."""
    return 3e-8 * np.sqrt(np.nanmean(values**2, axis=axis)) + 1e-100


class VectorAutoregression:
    """A linear baseline for series: `x[t + 1] = A x[t] + c + e`, fitted by least squares.

    First steps and noise are drawn from the first steps and residuals of the data. Values are clipped to the range of the data.

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
        """Samples windows, float32 `(num, steps, columns)`. Each ends where the window that its first step is from ends.

        Args:
            num: Number of windows.
            seed: The same seed gives the same windows, int >= 0.
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
