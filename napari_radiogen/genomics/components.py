"""Gene components: what metagenes say about the attributes of real nodules."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, rankdata
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LassoCV

#: Folds in which each component's penalty is chosen.
FOLDS = 5


def normal_scores(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Turn values (N,) into standard normal scores of their ranks."""
    ranks = rankdata(np.asarray(values, dtype=float))
    return np.asarray(norm.ppf((ranks - 0.5) / len(ranks)))


def fit_components(
    metagenes: npt.NDArray[Any], attributes: npt.NDArray[Any]
) -> npt.NDArray[np.float32]:
    """Fit one sparse linear gene component for each attribute (lasso; Tibshirani 1996).

    With a few hundred patients a sparse linear map carries over to new ones
    better than a dense or a deep one.

    Parameters
    ----------
    metagenes
        (N, K) z-scores of *training* patients.
    attributes
        (N, A) measured on their real nodules.

    Returns
    -------
    array
        (A, K): a component is its row times the z-scores, in normal scores of
        its attribute. All zero where genes foretell nothing.
    """
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for column in np.asarray(attributes, dtype=np.float64).T:
            lasso = LassoCV(cv=min(FOLDS, len(column)), alphas=50)
            rows.append(lasso.fit(metagenes, normal_scores(column)).coef_)
    return np.stack(rows).astype(np.float32)
