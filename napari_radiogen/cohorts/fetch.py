"""Download of a public collection: from the Imaging Data Commons, or a mirror of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_radiogen.errors import InputError, RadiogenError, Stop, check_stop
from napari_radiogen.io.cohort_work import make_work_folder
from napari_radiogen.io.mirror import (
    MANIFEST,
    MirrorFile,
    bytes_left,
    describe,
    fetch_file,
    format_manifest,
    is_there,
    place_of,
    read_manifest,
)
from napari_radiogen.io.save import save_text

Progress = Callable[[float, str], None]

#: Our names of collections, and those of the Imaging Data Commons.
COLLECTIONS = {
    "nsclc-radiogenomics": "nsclc_radiogenomics",
    "nsclc-radiomics-genomics": "nsclc_radiomics_genomics",
}
#: What a cohort is built from.
MODALITIES = ("CT", "SEG", "RTSTRUCT")
#: Left free on the disk, bytes.
SPARE_BYTES = 2 * 1024**3
#: Folder of a series below the one asked for, in idc-index's terms.
FOLDERS = "%PatientID/%Modality_%SeriesInstanceUID"


@dataclass(frozen=True)
class Fetched:
    """What was fetched, and where it lies."""

    path: Path
    files: int
    new: int
    series: int
    size: int

    def to_json(self) -> dict[str, Any]:
        """Return the form that ``radiogen cohort fetch --json`` prints."""
        return {**vars(self), "path": str(self.path)}


def fetch_collection(
    collection: str,
    out: Path,
    *,
    mirror: str | None = None,
    progress: Progress | None = None,
    cancelled: Stop | None = None,
) -> Fetched:
    """Download the CT and masks of a collection; run again, it continues.

    Parameters
    ----------
    collection
        One of `COLLECTIONS`.
    out
        Folder to fill. ``manifest.csv`` is written last.
    mirror
        Folder or address with a manifest; the Imaging Data Commons by default.

    Raises
    ------
    RadiogenError
        When the collection is unknown, the network or the disk does not do,
        or a file is not what the manifest promised.
    Cancelled
        When the person asked to stop; what came is kept.
    """
    if collection not in COLLECTIONS:
        raise InputError(f"unknown collection; known are {', '.join(COLLECTIONS)}", collection)
    tell = progress or (lambda fraction, message: None)
    make_work_folder(out)
    if mirror is not None:
        return _from_mirror(mirror, out, tell, cancelled)
    return _from_commons(COLLECTIONS[collection], out, tell, cancelled)


def check_room(folder: Path, wanted: int) -> None:
    """Check that a disk has room for so many bytes.

    Raises
    ------
    RadiogenError
        When it has not.
    """
    free = shutil.disk_usage(folder).free
    if wanted and free < wanted + SPARE_BYTES:
        raise RadiogenError(
            f"{wanted / 1e9:.1f} GB have to come, and {free / 1e9:.1f} GB are free; "
            f"{SPARE_BYTES / 1e9:.1f} GB stay spare",
            folder,
        )


def _from_mirror(mirror: str, out: Path, tell: Progress, stop: Stop | None) -> Fetched:
    files = read_manifest(mirror)
    places = [place_of(file.file, out) for file in files]
    wanted = []
    for file, place in zip(files, places, strict=True):
        check_stop(stop)
        if not is_there(file, place):
            wanted.append((file, place))
    check_room(out, sum(bytes_left(f, p) for f, p in wanted))
    for done, (file, place) in enumerate(wanted):
        tell(done / len(wanted), f"file {done + 1} of {len(wanted)}")
        fetch_file(mirror, file, place, stop)
    return _sealed(files, out, len(wanted), tell)


def _from_commons(collection: str, out: Path, tell: Progress, stop: Stop | None) -> Fetched:
    try:
        from idc_index import index
    except ImportError as error:
        reason = "a download needs an extra: pip install 'napari-radiogen[fetch]'"
        raise RadiogenError(reason) from error
    client = index.IDCClient()
    table = client.index
    # What others derived from the collection is left aside: its own masks are the reference.
    own = (table["collection_id"] == collection) & table["analysis_result_id"].isna()
    chosen = table[own & table["Modality"].isin(MODALITIES)]
    series = sorted(chosen.to_dict("records"), key=lambda s: (s["PatientID"], s["Modality"]))
    if not series:
        raise RadiogenError("the Imaging Data Commons lists no such collection", collection)
    wanted = [s for s in series if len(_files_of(s, out)) != int(s["instanceCount"])]
    check_room(out, int(sum(float(s["series_size_MB"]) for s in wanted) * 1e6))
    for done, one in enumerate(wanted):
        check_stop(stop)
        tell(done / len(wanted), f"series {done + 1} of {len(wanted)}")
        client.download_from_selection(
            downloadDir=str(out),
            seriesInstanceUID=[one["SeriesInstanceUID"]],
            dirTemplate=FOLDERS,
            quiet=True,
            show_progress_bar=False,
            use_s5cmd_sync=True,
        )
        if len(_files_of(one, out)) != int(one["instanceCount"]):
            raise RadiogenError("a series did not arrive whole; run again to continue", out)
    files = [
        describe(
            place,
            out,
            patient_id=str(one["PatientID"]),
            series_uid=str(one["SeriesInstanceUID"]),
            modality=str(one["Modality"]),
        )
        for one in series
        for place in _files_of(one, out)
    ]
    return _sealed(files, out, len(wanted), tell)


def _files_of(series: dict[str, Any], out: Path) -> list[Path]:
    """Return the files of a series that lie at its place, inside of the folder."""
    name = f"{series['PatientID']}/{series['Modality']}_{series['SeriesInstanceUID']}"
    folder = place_of(name, out)
    return sorted(p for p in folder.glob("*.dcm") if p.is_file()) if folder.is_dir() else []


def _sealed(files: list[MirrorFile], out: Path, new: int, tell: Progress) -> Fetched:
    save_text(out / MANIFEST, format_manifest(files))
    tell(1.0, "done")
    series = len({f.series_uid for f in files if f.series_uid})
    return Fetched(out, len(files), new, series, sum(f.size for f in files))
