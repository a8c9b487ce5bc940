"""Ways to damage a file."""

from __future__ import annotations

import gzip
import random
import struct

NUMBERS = (0, 1, -1, 127, 128, 255, 256, 32767, 32768, 65535, 2**31 - 1, 2**31, 2**32 - 1)
WORDS = (b"NaN", b"inf", b"-1", b"1e308", b"99999999999", b"", b"\0", b"../../x", b"{}", b"[]",
         b"null", b"\xff\xfe", b"\xff\xff\xff\xff", b"\n\n", b",", b"\t", b'"')  # fmt: skip
GZIP = b"\x1f\x8b"


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Return a damaged copy; of gzip the content as often as the wrapping."""
    if data.startswith(GZIP) and dice.random() < 0.7:
        return gzip.compress(mutate(gzip.decompress(data), dice), 1)
    damaged = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        dice.choice(WAYS)(damaged, dice)
    return bytes(damaged)


def _place(data: bytearray, dice: random.Random) -> int:
    """A place, more often near the start, where headers are."""
    length = max(1, len(data))
    return dice.randrange(min(length, 400) if dice.random() < 0.4 else length)


def _flip(data: bytearray, dice: random.Random) -> None:
    if data:
        data[_place(data, dice)] ^= 1 << dice.randrange(8)


def _byte(data: bytearray, dice: random.Random) -> None:
    if data:
        data[_place(data, dice)] = dice.choice((0, 255, 127, 128, dice.randrange(256)))


def _number(data: bytearray, dice: random.Random) -> None:
    size, layout = dice.choice(((2, "H"), (4, "I"), (8, "Q")))
    value = dice.choice(NUMBERS) & ((1 << 8 * size) - 1)
    at = _place(data, dice)
    data[at : at + size] = struct.pack(dice.choice("<>") + layout, value)


def _float(data: bytearray, dice: random.Random) -> None:
    at = _place(data, dice)
    value = dice.choice((float("nan"), float("inf"), -1.0, 0.0, 1e30, 1e-30))
    data[at : at + 4] = struct.pack("<f", value)


def _cut(data: bytearray, dice: random.Random) -> None:
    del data[_place(data, dice) :]


def _remove(data: bytearray, dice: random.Random) -> None:
    at = _place(data, dice)
    del data[at : at + dice.choice((1, 2, 4, 16, 200))]


def _repeat(data: bytearray, dice: random.Random) -> None:
    at = _place(data, dice)
    data[at:at] = data[at : at + dice.choice((1, 2, 8, 100))] * dice.choice((1, 2, 20))


def _word(data: bytearray, dice: random.Random) -> None:
    at = _place(data, dice)
    word = dice.choice(WORDS)
    data[at : at + dice.choice((0, len(word)))] = word


def _move(data: bytearray, dice: random.Random) -> None:
    at, to, size = _place(data, dice), _place(data, dice), dice.choice((2, 8, 64))
    data[to : to + size] = data[at : at + size]


WAYS = (_flip, _byte, _number, _float, _cut, _remove, _repeat, _word, _move)
