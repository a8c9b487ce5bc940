"""The measuring U-Net: an independent judge of what a slice shows.

Trained on training patients with a seed of its own and used in no loss, so
that no generator has ever been rewarded for pleasing it (METHODS 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch.nn import functional as F

from napari_radiogen.constants import PIXEL_MM
from napari_radiogen.inference.slice_reader import SliceReader, load_reader
from napari_radiogen.models.unet import STRIDE

BoolArray = npt.NDArray[np.bool_]

#: Pixels this much larger or smaller than the network's are resampled (ratio).
PIXEL_TOLERANCE = 0.01
#: The symmetries of a square; evaluation averages over all of them.
ALL_TURNS = 8
#: Probability at which a pixel belongs to the nodule: of 0.1 to 0.6 the one whose
#: diameters of real validation nodules are right on average (0.5 is 0.3 mm short).
THRESHOLD = 0.3


@dataclass(frozen=True, eq=False)
class MeasuringUNet:
    """A U-Net that outlines the nodule in the middle of a slice.

    Parameters
    ----------
    turns
        Over how many of a square's eight symmetries probabilities are averaged.
    """

    reader: SliceReader
    turns: int = 1

    @property
    def name(self) -> str:
        """Of the network."""
        return self.reader.name

    @property
    def digest(self) -> str:
        """sha256 of the network's weights."""
        return self.reader.digest

    @property
    def patients(self) -> frozenset[str]:
        """Whose slices it was trained or chosen on."""
        return self.reader.patients

    def masks(self, images_hu: npt.NDArray[Any], pixel_mm: float = PIXEL_MM) -> BoolArray:
        """Return the part nearest to the centre of each slice (B, H, W) in HU.

        Parameters
        ----------
        images_hu
            Axial slices.
        pixel_mm
            Side of a pixel; the network reads 0.75 mm.

        Raises
        ------
        ValueError
            When the images are not a stack or the pixel is not positive.
        """
        probability = self.probability(images_hu, pixel_mm)
        return np.stack([central_part(p > THRESHOLD) for p in probability])

    def probability(
        self, images_hu: npt.NDArray[Any], pixel_mm: float = PIXEL_MM
    ) -> npt.NDArray[np.float32]:
        """Return the probability of nodule (B, H, W); parameters as for :meth:`masks`.

        Raises
        ------
        ValueError
            When the images are not a stack or the pixel is not positive.
        """
        if images_hu.ndim != 3 or not pixel_mm > 0:
            raise ValueError(f"expected (B, H, W) and pixel_mm > 0, got {images_hu.shape}")
        size = images_hu.shape[1:]
        scale = pixel_mm / PIXEL_MM
        if abs(scale - 1) > PIXEL_TOLERANCE:
            images_hu = _resized(images_hu, (round(size[0] * scale), round(size[1] * scale)))
        probability = self._padded_probability(images_hu)
        if probability.shape[1:] != size:
            probability = _resized(probability, size)
        return probability

    def _padded_probability(self, images_hu: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        height, width = images_hu.shape[1:]
        pad = ((0, 0), (0, -height % STRIDE), (0, -width % STRIDE))
        padded = np.pad(images_hu, pad, mode="edge")
        total = np.zeros(padded.shape, dtype=np.float32)
        for turn in range(self.turns):
            told = self.reader.probability(np.ascontiguousarray(_turned(padded, turn)))
            total += _turned_back(told, turn)
        return np.asarray(total[:, :height, :width] / self.turns, dtype=np.float32)


def load_measuring_unet(name: str = "unet-measuring", *, turns: int = 1) -> MeasuringUNet:
    """Load the measuring U-Net.

    Evaluation asks for all eight turns; one is enough for a live read-out.

    Raises
    ------
    ModelError
        When there is no such model, or it is not a U-Net.
    """
    return MeasuringUNet(load_reader(name), turns)


def central_part(mask: npt.NDArray[Any]) -> BoolArray:
    """Keep the connected part (8 neighbours) of a mask (H, W) nearest to its centre."""
    labels, count = ndimage.label(mask, np.ones((3, 3), dtype=bool))
    if count == 0:
        return np.zeros(mask.shape, dtype=bool)
    centre = (np.array(mask.shape) - 1) / 2
    inside = np.argwhere(labels > 0)
    nearest = inside[np.argmin(((inside - centre) ** 2).sum(axis=1))]
    return np.asarray(labels == labels[tuple(nearest)])


def _turned(images: npt.NDArray[Any], turn: int) -> npt.NDArray[Any]:
    turned = np.rot90(images, turn % 4, (1, 2))
    return turned[:, :, ::-1] if turn >= 4 else turned


def _turned_back(images: npt.NDArray[Any], turn: int) -> npt.NDArray[Any]:
    mirrored = images[:, :, ::-1] if turn >= 4 else images
    return np.rot90(mirrored, -turn % 4, (1, 2))


def _resized(images: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    tensor = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32))[:, None]
    out = F.interpolate(tensor, size=size, mode="bilinear", align_corners=False)
    return np.asarray(out[:, 0].numpy())
