"""JPEG lossless (ISO 10918-1, process 14) written by hand: no library here writes it."""

from __future__ import annotations

import struct

import numpy as np

#: All 17 categories of differences get codes of 5 bits.
CODE_BITS, CATEGORIES = 5, 17


def encode(pixels: np.ndarray, bits: int, predictor: int = 1) -> bytes:
    """Encode unsigned (Y, X) of so many bits with predictor 1 to 7."""
    rows, columns = pixels.shape
    counts = [CATEGORIES if n == CODE_BITS else 0 for n in range(1, 17)]
    table = bytes([0, *counts, *range(CATEGORIES)])
    return (
        b"\xff\xd8"
        + _segment(0xC3, struct.pack(">BHHB", bits, rows, columns, 1) + b"\x01\x11\x00")
        + _segment(0xC4, table)
        + _segment(0xDA, bytes([1, 1, 0, predictor, 0, 0]))
        + _scan(pixels.astype(int), bits, predictor)
        + b"\xff\xd9"
    )


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def _predict(p: np.ndarray, y: int, x: int, bits: int, predictor: int) -> int:
    if y == 0:
        return int(p[0, x - 1]) if x else 1 << (bits - 1)
    above = int(p[y - 1, x])
    if x == 0:
        return above
    left, corner = int(p[y, x - 1]), int(p[y - 1, x - 1])
    return (
        left,
        above,
        corner,
        left + above - corner,
        left + ((above - corner) >> 1),
        above + ((left - corner) >> 1),
        (left + above) >> 1,
    )[predictor - 1]


def _scan(pixels: np.ndarray, bits: int, predictor: int) -> bytes:
    text = []
    for y, x in np.ndindex(*pixels.shape):
        difference = int(pixels[y, x]) - _predict(pixels, y, x, bits, predictor)
        difference = (difference + 32768) % 65536 - 32768
        size = abs(difference).bit_length()
        text.append(f"{size:0{CODE_BITS}b}")
        if 0 < size < 16:
            low = difference if difference > 0 else difference + (1 << size) - 1
            text.append(f"{low:0{size}b}")
    stream = "".join(text)
    stream += "1" * (-len(stream) % 8)
    raw = int(stream, 2).to_bytes(len(stream) // 8, "big")
    return raw.replace(b"\xff", b"\xff\x00")
