"""Volumes and tables that a command wrote, read by hand, and everything it left, unpacked."""

from __future__ import annotations

import csv
import gzip
import struct
import zlib
from pathlib import Path

import h5py
import numpy as np

NRRD_TYPES = {"short": "i2", "int16": "i2", "float": "f4", "unsigned char": "u1", "ushort": "u2",
              "unsigned short": "u2", "double": "f8", "int": "i4"}  # fmt: skip
NIFTI_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 512: "u2"}


def read_output(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return voxels (Z, Y, X) and the 4x4 from index (z, y, x) to LPS (x, y, z)."""
    return _nrrd(path) if path.suffix == ".nrrd" else _nifti(path)


def _nrrd(path: Path) -> tuple[np.ndarray, np.ndarray]:
    head, _, body = path.read_bytes().partition(b"\n\n")
    fields = dict(
        line.split(": ", 1)
        for line in head.decode().splitlines()
        if ": " in line and line[0] != "#"
    )
    if fields["encoding"] in ("gzip", "gz"):
        body = gzip.decompress(body)
    sizes = [int(n) for n in fields["sizes"].split()]
    order = ">" if fields.get("endian") == "big" else "<"
    flat = np.frombuffer(body, order + NRRD_TYPES[fields["type"]], int(np.prod(sizes)))
    assert fields["space"] == "left-posterior-superior"
    vectors = fields["space directions"].replace("(", "").replace(")", "").split()
    steps = np.array([[float(v) for v in vector.split(",")] for vector in vectors])
    affine = np.eye(4)
    affine[:3, :3] = steps[::-1].T
    affine[:3, 3] = [float(v) for v in fields["space origin"].strip("()").split(",")]
    return flat.reshape(sizes[::-1]), affine


def _nifti(path: Path) -> tuple[np.ndarray, np.ndarray]:
    raw = gzip.decompress(path.read_bytes())
    sizes = struct.unpack_from("<3h", raw, 42)
    kind = NIFTI_TYPES[struct.unpack_from("<h", raw, 70)[0]]
    start = int(struct.unpack_from("<f", raw, 108)[0])
    slope, intercept = struct.unpack_from("<2f", raw, 112)
    flat = np.frombuffer(raw, "<" + kind, int(np.prod(sizes)), start).astype(float)
    if slope == slope and slope:
        flat = flat * slope + intercept
    qform, sform = struct.unpack_from("<2h", raw, 252)
    ras = np.eye(4)
    if sform:
        ras[:3] = np.array(struct.unpack_from("<12f", raw, 280)).reshape(3, 4)
    else:
        assert qform
        ras = _quaternion(struct.unpack_from("<8f", raw, 76), struct.unpack_from("<6f", raw, 256))
    affine = np.diag([-1.0, -1, 1, 1]) @ ras
    affine[:, :3] = affine[:, 2::-1]
    return flat.reshape(sizes[::-1]), affine


def _quaternion(pixdim: tuple[float, ...], q: tuple[float, ...]) -> np.ndarray:
    b, c, d = q[:3]
    a = max(0.0, 1 - b * b - c * c - d * d) ** 0.5
    rows = [
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ]
    ras = np.eye(4)
    ras[:3, :3] = np.array(rows) * [pixdim[1], pixdim[2], pixdim[3] * (-1 if pixdim[0] < 0 else 1)]
    ras[:3, 3] = q[3:]
    return ras


def read_table(path: Path) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """Return values (patients, genes) float32, patients and genes."""
    if path.suffix == ".h5ad":
        with h5py.File(path) as f:
            names = [
                tuple(n.decode() for n in f[axis][f[axis].attrs["_index"]][:])
                for axis in ("obs", "var")
            ]
            return f["X"][:], *names
    with path.open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    values = [[np.nan if cell == "NA" else float(cell) for cell in row[1:]] for row in rows]
    patients = tuple(_plain(row[0]) for row in rows)
    return np.array(values, np.float32), patients, tuple(map(_plain, header[1:]))


def _plain(cell: str) -> str:
    """Take off the apostrophe in front of what a spreadsheet would run."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in tuple("=+-@\t\r") else cell


def everything_in(folder: Path) -> bytes:
    """Return names and contents of all files, also unpacked."""
    parts = []
    for path in sorted(folder.rglob("*")):
        parts.append(path.name.encode())
        if path.is_file():
            raw = path.read_bytes()
            parts.append(raw)
            for start in (0, raw.find(b"\n\n") + 2):
                try:
                    parts.append(zlib.decompressobj(47).decompress(raw[start:]))
                except zlib.error:
                    continue
    return b"\n".join(parts)
