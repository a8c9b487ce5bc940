"""Real masks: every one reads as the copy that another program made of it."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from napari_radiogen.io.masks import read_mask
from napari_radiogen.io.read import read_ct

TWINS = {
    "liver.dcm": ["liver_seg.nrrd"],
    "partial_overlaps.dcm": [f"partial_overlaps-{i}.nrrd" for i in (1, 2, 3)],
    "sparse-labelmap-noppv.dcm": ["sparse_labelmap_noppv_seg.nrrd"],
    "sparse-labelmap-ppv5.dcm": ["sparse_labelmap_ppv5_seg.nrrd"],
    "24x38x3/seg/label.seg": ["24x38x3/nrrd/label.nrrd"],
    "23x38x3/seg/label.seg": ["23x38x3/nrrd/label.nrrd"],
}


@pytest.mark.parametrize(("seg", "twins"), TWINS.items(), ids=list(TWINS))
def test_seg_reads_as_its_twin(data_dir: Path, seg: str, twins: list[str]) -> None:
    folder = data_dir / "dicom" / "dcmqi_seg"
    found = read_mask(folder / seg)
    for layer, twin in zip(found.layers, twins, strict=True):
        image = sitk.ReadImage(str(folder / twin))
        np.testing.assert_array_equal(layer.labels, sitk.GetArrayFromImage(image))
        for corner in ((0, 0, 0), tuple(n - 1 for n in layer.labels.shape)):
            theirs = image.TransformIndexToPhysicalPoint(corner[::-1])
            np.testing.assert_allclose(layer.geometry.index_to_lps(corner), theirs, atol=0.01)


@pytest.mark.parametrize(
    ("name", "voxels"),
    [
        ("seg_image_ct_binary.dcm", [638]),
        ("seg_image_ct_binary_overlap.dcm", [64, 16]),
        ("seg_image_ct_binary_fractional.dcm", [638]),
        ("seg_image_ct_true_fractional.dcm", [638]),
        ("seg_image_ct_binary_single_frame.dcm", [1832]),
    ],
)
def test_seg_of_highdicom(data_dir: Path, name: str, voxels: list[int]) -> None:
    found = read_mask(data_dir / "dicom" / "highdicom_ct_seg" / name)
    assert [int(np.count_nonzero(layer.labels)) for layer in found.layers] == voxels


@pytest.mark.parametrize(
    "name",
    ["lidc_annotations.xml", "consensus_seg_highdicom.dcm", "consensus_ge2readers.nii.gz"],
)
def test_lidc_consensus(data_dir: Path, name: str) -> None:
    folder = data_dir / "dicom" / "LIDC-IDRI-0003"
    truth = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "consensus_ge2readers.nii.gz"))) > 0
    inside = read_mask(folder / name, read_ct(folder / "ct")).sole_layer.labels > 0
    dice = 2 * (inside & truth).sum() / (inside.sum() + truth.sum())
    assert dice >= 0.99
