"""The next field of each of many serialized messages: a few operations on arrays of words of eight bytes.

See the Protocol Buffers encoding guide for what it reads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from google.protobuf.descriptor import FieldDescriptor

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_DELIMITED_TYPES = frozenset(
    {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_MESSAGE},
)
# A head: see heads_of.
_TAG_WIDTH, _HAS_LENGTH, _SLOT = 3, 4, 3

LONG_TAG = 16
"""The first field number whose tag has two bytes."""

_WORD = 8
"""Bytes of a word."""
_TWO_BYTES = np.uint64(0xFFFF)
_TOPS = np.uint64(0x8080_8080_8080_8080)
"""The bits that say that a varint goes on."""
_REST = ~_TOPS
_ROUNDS = (
    (1, np.uint64(0x007F_007F_007F_007F)),
    (2, np.uint64(0x0000_3FFF_0000_3FFF)),
    (4, np.uint64(0x0000_0000_0FFF_FFFF)),
)


def heads_of(described: Sequence[FieldDescriptor]) -> Ints:
    """What the first two bytes of a field tell, by these bytes as a number: of how many bytes the tag is, twice that 4
    if a length follows, and eight times the slot of the field; 0 where the tag is longer than it need be or than
    two bytes, or no varint follows.

    Args:
        described: the fields of slots 1, 2 and so on; all others are in slot 0.
    """
    heads = np.zeros(1 << 16, np.int64)
    first = np.arange(1 << 16)
    long = (first >> 7) & 1
    tag = np.where(long, first & 0x7F | (first & 0x7F00) >> 1, first & 0x7F)
    for kind, flags in ((_VARINT, 0), (_DELIMITED, _HAS_LENGTH)):
        np.copyto(heads, 1 + long + flags, where=(tag & 7) == kind)
    for slot, field in enumerate(described, 1):
        kind = _DELIMITED if field.type in _DELIMITED_TYPES else _VARINT
        heads[tag == (field.number << 3 | kind)] += slot << _SLOT
    heads[(first & 0x8080) == 0x8080] = heads[(long == 1) & (tag < LONG_TAG << 3)] = 0
    return heads


def next_fields(words: Words, at: Ints, heads: Ints) -> tuple[Ints, Words, Ints, Ints]:
    """Of the fields that start at these places: slot, number or length, where the content begins and where it ends.

    What this cannot read ends where it starts.
    """
    word = words[at]
    head = heads[(word & _TWO_BYTES).view(np.int64)]
    width = head & _TAG_WIDTH
    value, after = _varints(word >> (width << 3).view(np.uint64))
    after += width
    if after.max() > _WORD:
        beyond = np.flatnonzero(after > _WORD)
        value[beyond], after[beyond] = _long_varints(words, at[beyond] + width[beyond])
        after[beyond] += width[beyond]
    begin = at + after
    end = begin + value.view(np.int64) * (head >> 2 & 1)
    if not width.all():
        strange = np.flatnonzero(width == 0)
        end[strange] = at[strange] + _fixed_sizes(word[strange])
    return head >> _SLOT, value, begin, end


def _fixed_sizes(word: Words) -> Ints:
    """Of fields that begin with these words and hold no varint: how long they are; 0 for what is not known."""
    long = (word >> np.uint64(7)).view(np.int64) & 1
    kind = (word & np.uint64(7)).view(np.int64)
    size = np.select([kind == _FIXED64, kind == _FIXED32], [9 + long, 5 + long], 0)
    size[word & np.uint64(0x8080) == np.uint64(0x8080)] = 0
    return size


def _varints(word: Words) -> tuple[Words, Ints]:
    """The varint that begins each word, and of how many bytes it is; 8 where it does not end in the word."""
    stop = ~word & _TOPS
    # All bits before the top bit of its last byte.
    mask = (stop & -stop) - np.uint64(1)
    width = (np.bitwise_count(mask).astype(np.int64) + 1) >> 3
    value = word & mask & _REST
    longest = width.max()
    # Seven bits a byte become fourteen a pair, and so on, as far as there are any.
    for longer_than, low in _ROUNDS:
        if longest > longer_than:
            high = value & ~low
            value ^= high
            value |= high >> np.uint64(longer_than)
    return value, width


def _long_varints(words: Words, at: Ints) -> tuple[Words, Ints]:
    """Varints of up to ten bytes, as negative numbers are."""
    word = words[at]
    value, width = _varints(word)
    more = np.flatnonzero(word & _TOPS == _TOPS)
    if more.size:
        rest = words[at[more] + _WORD]
        ninth, tenth = rest & np.uint64(0x7F), rest >> np.uint64(8) & np.uint64(1)
        two = rest >> np.uint64(7) & np.uint64(1)
        value[more] |= ninth << np.uint64(56) | (tenth & two) << np.uint64(63)
        width[more] = 9 + two.view(np.int64)
    return value, width
