"""What the scanner adds: blur, slice thickness, correlated noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft2, next_fast_len, rfft2, rfftfreq
from scipy.ndimage import gaussian_filter1d

from napari_radiogen.phantom.fields import Array

FWHM_OVER_SIGMA = 2.3548
HU_LIMITS = (-1024, 3071)


@dataclass(frozen=True)
class Scanner:
    """Parameters of an acquisition.

    Parameters
    ----------
    sigma_mm
        In-plane blur.
    slice_fwhm_mm
        Width of the slice profile.
    noise_hu
        Standard deviation of noise in soft tissue.
    noise_peak_per_mm
        Frequency where noise power bends down: .40-.45 soft kernels, .6 sharp.
    """

    sigma_mm: float = 0.62
    slice_fwhm_mm: float = 1.5
    noise_hu: float = 18.0
    noise_peak_per_mm: float = 0.42

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Scanner:
        """Draw an acquisition within clinical habits."""
        sharp = bool(rng.random() < 0.3)
        return cls(
            slice_fwhm_mm=float(rng.uniform(1.0, 2.5)),
            noise_hu=float(rng.uniform(16, 22)),
            noise_peak_per_mm=0.6 if sharp else float(rng.uniform(0.40, 0.45)),
        )


def blur(hu: Array, spacing_mm: npt.NDArray[np.float64], scanner: Scanner) -> Array:
    """Blur (Z, Y, X) by the scanner, less what the grid has done already.

    A voxel of width h averages like a Gaussian of sigma h / sqrt(12).
    """
    wanted = np.array([scanner.slice_fwhm_mm / FWHM_OVER_SIGMA, *[scanner.sigma_mm] * 2])
    own = spacing_mm / np.sqrt(12)
    sigmas = np.sqrt(np.maximum(wanted**2 - own**2, 0)) / spacing_mm
    for axis, sigma in enumerate(sigmas):
        if sigma > 0.2:
            hu = gaussian_filter1d(hu, sigma, axis=axis, mode="nearest", truncate=3.0)
    return hu


def add_noise(
    hu: Array,
    spacing_mm: npt.NDArray[np.float64],
    scanner: Scanner,
    rng: np.random.Generator,
    *,
    slice_hu: float | None = None,
) -> Array:
    """Add noise with power ``f exp(-(f / f_p)^2)``, stronger behind more tissue.

    Parameters
    ----------
    hu
        (Z, Y, X), changed in place.
    spacing_mm
        Along (z, y, x).
    scanner
        Level and colour of the noise.
    rng
        Source of the noise.
    slice_hu
        Mean HU of the whole slices that the grid is a part of; where None, the
        grid is the whole slice.
    """
    depth, height, width = hu.shape
    ny, nx = next_fast_len(height, real=True), next_fast_len(width, real=True)
    fy = np.fft.fftfreq(ny, spacing_mm[1])[:, None]
    frequency = np.hypot(fy, rfftfreq(nx, spacing_mm[2])[None, :])
    gain = np.sqrt(frequency * np.exp(-((frequency / scanner.noise_peak_per_mm) ** 2)))
    gain = gain.astype(np.float32)
    for k in range(depth):
        white = rng.standard_normal((ny, nx), dtype=np.float32)
        noise = irfft2(rfft2(white) * gain, s=(ny, nx))[:height, :width]
        mean = float(hu[k].mean()) if slice_hu is None else slice_hu
        tissue = float(np.clip((mean + 1000) / 550, 0.3, 1.6))
        hu[k] += noise * (scanner.noise_hu * np.sqrt(tissue) / noise.std())
    return hu


def quantise(hu: Array) -> npt.NDArray[np.int16]:
    """Round to whole HU within what twelve bits hold."""
    return np.rint(np.clip(hu, *HU_LIMITS)).astype(np.int16)
