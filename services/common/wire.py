"""Pieces of serialized messages (Protocol Buffers encoding guide), for what is serialized already."""

from __future__ import annotations

from functools import lru_cache

from google.protobuf.message import Message

_LENGTH_DELIMITED = 2


@lru_cache(maxsize=65_536)
def encode_varint(value: int) -> bytes:
    """A number that is not negative, seven bits a byte, the lowest first."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def tag_of(message: type[Message], field: str) -> bytes:
    """What stands before the length of a field that is a message, bytes or a string."""
    return encode_varint(message.DESCRIPTOR.fields_by_name[field].number << 3 | _LENGTH_DELIMITED)
