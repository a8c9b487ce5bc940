"""Numbers that others printed, each with its source."""

from __future__ import annotations

from napari_radiogen.evaluation.tables.table import Published

#: Where others stand with Dice: model cards name their repository on Hugging Face.
SEGMENTATION_DICE = (
    Published(0.716, "nnU-Net v2, MSD lung, 13 scans of fold 0: card of CLN-Segmenter-MSD-fold0"),
    Published(0.78, "nnU-Net, 899 patients, SD 0.12: J Clin Med 2022;11(24):7334"),
    Published(
        0.652, "U-Net, LIDC full slices, SD 0.057 of 3 splits: card of Luna-CT_scanes-weights"
    ),
    Published(0.699, "U-Net++, the same, SD 0.041"),
)
