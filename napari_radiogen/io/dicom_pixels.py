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
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from napari_radiogen.errors import InputError
from napari_radiogen.io.dicom_frames import Frame
from napari_radiogen.io.dicom_streams import check_streams
from napari_radiogen.io.hounsfield import to_hu

#: Files decoded at the same time; more only adds memory.
DECODING_THREADS = 4
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


def _fill(voxels: npt.NDArray[Any], frames: Sequence[Frame]) -> bool:
    """Decode into the voxels; False when their type cannot hold a slice."""
    places: dict[Path, list[tuple[int, Frame]]] = defaultdict(list)
    for z, frame in enumerate(frames):
        places[frame.path].append((z, frame))

    def fill_file(path: Path) -> bool:
        stored = _decode(path, voxels.shape[1:])
        for z, frame in places[path]:
            try:
                hu = to_hu(stored[frame.index], frame.slope, frame.intercept)
            except InputError as error:
                raise InputError(error.reason, path) from error
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
        bits, shift = _check_layout(dataset)
        stored = np.asarray(dataset.pixel_array)
        stored = stored.reshape(-1, *stored.shape[-2:])
        stored = stored >> shift if shift else _in_stored_bits(stored, bits)
    except InputError as error:
        raise InputError(error.reason, path) from error
    except EOFError as error:
        raise InputError("pixel data are cut short", path) from error
    except Exception as error:
        # The text of a foreign error may quote the header.
        reason = f"pixel data are damaged or cut short ({type(error).__name__})"
        raise InputError(reason, path) from error
    frames = int(dataset.get("NumberOfFrames") or 1)
    if stored.shape != (frames, *shape):
        raise InputError(f"pixel data have shape {stored.shape}, header says {shape}", path)
    return stored


def _check_layout(dataset: Dataset) -> tuple[int, int]:
    """Check how pixels are stored; return their bits and the unused ones below."""
    if "PixelData" not in dataset:
        raise InputError("no pixel data: the file is cut short or a header alone")
    if dataset.get("SamplesPerPixel", 1) != 1:
        raise InputError("colour image, not a CT")
    stored, allocated = int(dataset.BitsStored), int(dataset.BitsAllocated)
    high = int(dataset.get("HighBit", stored - 1))
    shift = high + 1 - stored
    if not 1 < stored <= high + 1 <= allocated:
        raise InputError(f"{stored} bits stored up to bit {high} do not fit {allocated}")
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit = dataset.original_encoding[0]
        dataset.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        )
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    if syntax.is_encapsulated:
        if shift:
            raise InputError("compressed pixels do not start at the lowest bit")
        high = max(high, check_streams(dataset, syntax) - 1)
        decoder = "pydicom" if syntax == RLELossless else "pylibjpeg"
        # The one decoder for a syntax, so that no lenient one steps in.
        dataset.pixel_array_options(decoding_plugin=decoder)
    # pydicom clears what lies above the stored bits and keeps what lies below.
    dataset.BitsStored, dataset.HighBit = high + 1, high
    return stored, shift


def _in_stored_bits(stored: npt.NDArray[Any], bits: int) -> npt.NDArray[Any]:
    """Give negative values their sign; refuse a stream deeper than the header says.

    A compressed stream of fewer bits than its words may leave out the sign.
    In uncompressed data pydicom has cleared what lies above the stored bits.
    """
    signed = stored.dtype.kind == "i"
    above = stored >> bits
    if above.min() < (-1 if signed else 0) or above.max() > 0:
        raise InputError(f"compressed values do not fit {bits} stored bits")
    room = 8 * stored.dtype.itemsize - bits
    return (stored << room) >> room if signed and room else stored
