"""How measured values follow true ones, and how far genes could take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

#: Ridge penalties that leave-one-out on training subjects chooses from.
RIDGE_ALPHAS = tuple(10.0**power for power in range(-2, 6))


@dataclass(frozen=True)
class Calibration:
    """The least-squares line measured = slope * true + intercept.

    ``r2`` is the share of the measured variance that the line explains.
    """

    slope: float
    intercept: float
    r2: float


def calibrate(truth: npt.ArrayLike, measured: npt.ArrayLike) -> Calibration:
    """Fit the calibration line of measured on true values, both (N,) and finite.

    Raises
    ------
    ValueError
        When all true values are the same.
    """
    x, y = np.asarray(truth, dtype=float), np.asarray(measured, dtype=float)
    dx, dy = x - x.mean(), y - y.mean()
    if np.ptp(x) == 0:
        raise ValueError("true values are all the same: no line can be fitted")
    slope = float(dx @ dy / (dx @ dx))
    total = float(dy @ dy)
    r2 = 0.0 if np.ptp(y) == 0 else float(dx @ dy) ** 2 / (float(dx @ dx) * total)
    return Calibration(slope, float(y.mean() - slope * x.mean()), r2)


def ridge_ceiling(
    train_features: npt.NDArray[np.floating],
    train_values: npt.NDArray[np.floating],
    test_features: npt.NDArray[np.floating],
    test_values: npt.NDArray[np.floating],
) -> float:
    """Return the test R² of a ridge regression fitted on training subjects.

    It says what a linear map from the genes can know of an attribute, and so
    what to expect of a generator at most; below 0 it knows less than the mean.

    Parameters
    ----------
    train_features, test_features
        (N, K) metagenes.
    train_values, test_values
        (N,) of one attribute.
    """
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=RIDGE_ALPHAS))
    model.fit(train_features, train_values)
    return float(r2_score(test_values, model.predict(test_features)))
