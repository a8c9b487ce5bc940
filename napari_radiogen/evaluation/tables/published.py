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

_LI = "Li 2018, section IV, 60,607 genes"
#: Which error of genes that sum to 1 each printed value fits.
GENE_ERRORS: dict[str, tuple[Published, ...]] = {
    "share_mae": (Published(4.112e-06, f"{_LI}: MAE, its scale not stated"),),
    "share_rmse": (Published(4.318e-06, f"{_LI}: printed as MSE, its scale not stated"),),
    "jensen_shannon": (Published(0.015, _LI),),
    "hellinger": (Published(0.121, _LI),),
    "bhattacharyya": (Published(0.015, _LI),),
}
GENE_ERRORS_TIMES_GENES: dict[str, tuple[Published, ...]] = {
    "share_mae": (Published(0.2492, f"{_LI}: MAE 4.112e-06 x 60,607"),),
    "share_rmse": (Published(0.2617, f"{_LI}: 'MSE' 4.318e-06 x 60,607"),),
}

#: The protocols of Xu 2019.
WHOLE, NEAR = "whole patch", "within 1.5 radii"
_XU = {
    ("inpainting", NEAR): (0.0121, 0.76, 20.94),
    ("mcgan-baseline", WHOLE): (0.0065, 0.74, 22.05),
    ("mcgan-paper", WHOLE): (0.0044, 0.88, 24.52),
    ("mcgan", WHOLE): (0.0044, 0.88, 24.52),
}
#: System, protocol and measure to what Xu 2019 printed.
IMAGE_QUALITY = {
    (system, protocol, measure): (Published(value, "Xu 2019, table 1"),)
    for (system, protocol), values in _XU.items()
    for measure, value in zip(("mse", "ssim", "psnr"), values, strict=True)
}
