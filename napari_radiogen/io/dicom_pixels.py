"""Stored DICOM pixels to HU."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import UID, ImplicitVRLittleEndian, RLELossless

from napari_radiogen.errors import InputError
from napari_radiogen.io.dicom_frames import Frame
from napari_radiogen.io.dicom_headers import plain_text

#: Files decoded at the same time; more only adds memory.
DECODING_THREADS = 4
INT16 = np.iinfo(np.int16)
#: Marker at the end of every JPEG, JPEG-LS and JPEG 2000 stream.
END_OF_IMAGE = b"\xff\xd9"
#: Modules whose warnings mean that pixels may be wrong.
DECODER_MODULES = r"(pydicom\.pixels|pydicom\.encaps|pylibjpeg|libjpeg|openjpeg|rle|jpeg_ls)"


def read_voxels(frames: Sequence[Frame], shape: tuple[int, int, int]) -> npt.NDArray[Any]:
    """Decode slices into HU (Z, Y, X), z in the order given.

    int16 when that holds every value exactly, else float32.

    Raises
    ------
    InputError
        When a slice cannot be decoded or its decoder warns.
    """
    voxels: npt.NDArray[Any] = np.empty(shape, dtype=np.int16)
    if not _fill(voxels, frames):
        voxels = np.empty(shape, dtype=np.float32)
        _fill(voxels, frames)
    return voxels


def to_hu(stored: npt.NDArray[Any], slope: float, intercept: float) -> npt.NDArray[Any]:
    """Apply the rescale: int16 when exact, else float32."""
    if slope.is_integer() and intercept.is_integer():
        whole = stored.astype(np.int64) * int(slope) + int(intercept)
        if INT16.min <= whole.min() and whole.max() <= INT16.max:
            return whole.astype(np.int16)
    return (stored.astype(np.float64) * slope + intercept).astype(np.float32)


def _fill(voxels: npt.NDArray[Any], frames: Sequence[Frame]) -> bool:
    """Decode into the voxels; False when their type cannot hold a slice."""
    places: dict[Path, list[tuple[int, Frame]]] = defaultdict(list)
    for z, frame in enumerate(frames):
        places[frame.path].append((z, frame))

    def fill_file(path: Path) -> bool:
        stored = _decode(path, voxels.shape[1:])
        for z, frame in places[path]:
            hu = to_hu(stored[frame.index], frame.slope, frame.intercept)
            if not np.can_cast(hu.dtype, voxels.dtype):
                return False
            voxels[z] = hu
        return True

    # The filter is global to the process, so it is set once around all threads.
    # Other modules of pydicom warn about header values, which are checked elsewhere.
    with warnings.catch_warnings(), ThreadPoolExecutor(DECODING_THREADS) as pool:
        warnings.filterwarnings("ignore", module="pydicom")
        warnings.filterwarnings("error", module=DECODER_MODULES)
        return all(pool.map(fill_file, places))


def _decode(path: Path, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return stored values (frames, Y, X)."""
    try:
        dataset = pydicom.dcmread(path, force=True)
        _check_layout(dataset)
        syntax = UID(dataset.file_meta.get("TransferSyntaxUID", ImplicitVRLittleEndian))
        if syntax.is_encapsulated:
            _check_stream_ends(dataset, syntax)
            dataset.pixel_array_options(decoding_plugin=_decoder(syntax))
        stored = np.asarray(dataset.pixel_array)
        stored = stored.reshape(-1, *stored.shape[-2:])
        _check_stored_bits(stored, int(dataset.BitsStored))
    except InputError as error:
        raise InputError(error.reason, path) from error
    except Exception as error:
        reason = plain_text(" ".join(str(error).split()))
        raise InputError(f"pixel data cannot be decoded: {reason}", path) from error
    if stored.shape[1:] != shape:
        raise InputError(f"pixel data have shape {stored.shape}, header says {shape}", path)
    return stored


def _decoder(syntax: UID) -> str:
    """Name the one decoder for a syntax, so that no lenient one steps in."""
    return "pydicom" if syntax == RLELossless else "pylibjpeg"


def _check_stream_ends(dataset: Dataset, syntax: UID) -> None:
    """Refuse a JPEG stream without its end marker: decoders fill in what lacks."""
    if syntax == RLELossless:
        return
    count = int(dataset.get("NumberOfFrames") or 1)
    for frame in generate_frames(dataset.PixelData, number_of_frames=count):
        if not frame.rstrip(b"\0").endswith(END_OF_IMAGE):
            raise InputError(f"truncated: the {syntax.name} stream has no end")


def _check_layout(dataset: Dataset) -> None:
    if "PixelData" not in dataset:
        raise InputError("no pixel data: the file is cut short or a header alone")
    if dataset.get("SamplesPerPixel", 1) != 1:
        raise InputError("colour image, not a CT")
    stored, allocated = int(dataset.BitsStored), int(dataset.BitsAllocated)
    if not 1 < stored <= allocated or int(dataset.get("HighBit", stored - 1)) != stored - 1:
        raise InputError(f"{stored} bits stored in {allocated} do not start at the lowest bit")


def _check_stored_bits(stored: npt.NDArray[Any], bits: int) -> None:
    """Refuse a compressed stream that is deeper than the header says.

    In uncompressed data pydicom has cleared what lies above the stored bits.
    """
    low = -(1 << bits - 1) if stored.dtype.kind == "i" else 0
    if stored.min() < low or stored.max() >= low + (1 << bits):
        raise InputError(f"compressed values do not fit {bits} stored bits")
