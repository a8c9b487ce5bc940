"""Hidden biology of phantom patients, and what it does to a nodule."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_radiogen.phantom.nodule import Morphology

FloatArray = npt.NDArray[np.float64]

LATENT_COUNT = 10
#: Latents from here on change nothing in the image: nulls for discoveries.
FIRST_NULL_LATENT = 6
LATENT_NAMES = tuple(f"b{i + 1}" for i in range(LATENT_COUNT))
#: What each of the first six latents drives.
EFFECTS = {
    "b1": "radius_mm",
    "b2": "ground_glass",
    "b3": "spiculation",
    "b4": "lobulation",
    "b5": "cavity",
    "b6": "pleural_tag",
}
#: Correlations between latents; all others are 0.
_CORRELATED = ((0, 2, 0.30), (0, 4, 0.25), (1, 2, -0.20), (2, 5, 0.20))
RADIUS_MM = (4.0, 18.0)
TYPICAL_RADIUS_MM = 9.0


def latent_covariance() -> FloatArray:
    """Return C (10, 10), the covariance of the latents."""
    matrix = np.eye(LATENT_COUNT)
    for i, j, r in _CORRELATED:
        matrix[i, j] = matrix[j, i] = r
    return matrix


def draw_latents(rng: np.random.Generator, patients: int) -> FloatArray:
    """Draw latents b (patients, 10) from N(0, C)."""
    return rng.multivariate_normal(
        np.zeros(LATENT_COUNT), latent_covariance(), size=patients, method="cholesky"
    )


def morphology_of(latents: npt.ArrayLike) -> Morphology:
    """Return the nodule that one patient's latents (10,) make."""
    b = np.asarray(latents, dtype=float)
    radius = float(np.clip(TYPICAL_RADIUS_MM * np.exp(0.35 * b[0]), *RADIUS_MM))
    return Morphology(
        radius_mm=radius,
        ground_glass=_sigmoid(1.6 * b[1] - 1.0),
        spiculation=_sigmoid(1.5 * b[2] - 0.3),
        lobulation=_sigmoid(b[3]),
        cavity=_sigmoid(2.0 * (b[4] - 1.1)),
        pleural_tag=_sigmoid(1.2 * b[5] - 0.5),
    )


def draw_clinical(rng: np.random.Generator, latents: npt.ArrayLike) -> dict[str, str]:
    """Draw labels of one patient under the names of the real collection's table."""
    b = np.asarray(latents, dtype=float)
    egfr = rng.random() < _sigmoid(1.2 * b[1] - 1.3)
    kras = not egfr and rng.random() < _sigmoid(1.0 * b[2] - 0.9)
    squamous = rng.random() < _sigmoid(1.1 * b[4] - 1.6)
    return {
        "Age at Histological Diagnosis": str(int(np.clip(rng.normal(68, 9), 35, 90))),
        "Gender": "Male" if rng.random() < 0.6 else "Female",
        "Smoking status": "Nonsmoker" if egfr and rng.random() < 0.5 else "Former",
        "Histology": "Squamous cell carcinoma" if squamous else "Adenocarcinoma",
        "EGFR mutation status": "Mutant" if egfr else "Wildtype",
        "KRAS mutation status": "Mutant" if kras else "Wildtype",
    }


def _sigmoid(value: Any) -> float:
    return float(1 / (1 + np.exp(-value)))
