"""Bodies in a file, one after the other, each behind its length and CRC-32 (both uint32, little-endian), so that a
reader knows where a write was cut off."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

_FRAME = struct.Struct("<II")
MAX_BODY_BYTES = 16 * 1024 * 1024
"""A longer length is damage."""


class Unframed(NamedTuple):
    """Frames found in a piece of a file."""

    bodies: list[bytes]
    used: int
    """Bytes of whole, sound frames from the start of the piece."""
    damaged: bool
    """What follows is not merely cut off: a checksum or length is wrong."""


def frame(body: bytes) -> bytes:
    """A body with its length and checksum before it."""
    return _FRAME.pack(len(body), zlib.crc32(body)) + body


def unframe(piece: bytes, *, shortest: int = 1) -> Unframed:
    """The whole frames at the start of a piece, of bodies not below `shortest`. An incomplete last one is left; a
    wrong one ends the reading."""
    found: list[bytes] = []
    at, end = 0, len(piece)
    while end - at >= _FRAME.size:
        length, checksum = _FRAME.unpack_from(piece, at)
        if not shortest <= length <= MAX_BODY_BYTES:
            return Unframed(found, at, damaged=True)
        start = at + _FRAME.size
        if end - start < length:
            break
        body = piece[start : start + length]
        if zlib.crc32(body) != checksum:
            return Unframed(found, at, damaged=True)
        found.append(body)
        at = start + length
    return Unframed(found, at, damaged=False)
