"""DICOM masks opened in one way: deflate bombs refused, every failure one line."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
from pydicom.dataset import FileDataset

from napari_radiogen.errors import InputError, RadiogenError
from napari_radiogen.io.dicom_headers import check_inflates


@contextmanager
def opened(path: Path, what: str, *, only: tuple[str, ...] = ()) -> Iterator[FileDataset]:
    """Read a DICOM file; whatever fails in the body is a fault of the file.

    Parameters
    ----------
    path
        The file.
    what
        Name of the format for the message.
    only
        Keywords to read, without pixels; everything when empty.

    Yields
    ------
    FileDataset
        Header and pixels.

    Raises
    ------
    InputError
        When reading or the body fails. The text of the failure is left out,
        since it may quote the header.
    """
    try:
        with python_warnings.catch_warnings(), path.open("rb") as stream:
            # They are about the form of values; the values we use are checked.
            python_warnings.filterwarnings("ignore", module="pydicom")
            check_inflates(stream)
            yield pydicom.dcmread(
                stream, stop_before_pixels=bool(only), specific_tags=list(only) or None, force=True
            )
    except RadiogenError as error:
        raise InputError(error.reason, path) from error
    except Exception as error:
        raise InputError(f"damaged {what} ({type(error).__name__})", path) from error
