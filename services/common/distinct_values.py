"""How many different values there are, of parts that are added up later: a sketch that merges and stays small.

Of the values' hashes the smallest are kept (k minimum values, Bar-Yossef et al. 2002). Where there are fewer than
`MOST` they are all of them, so that the count is exact; beyond, how close together they lie tells how many there are,
with a standard error of 1 / sqrt(MOST - 2), a sixteenth. The same values give the same sketch, in any order and any
number of parts, and in any process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from heapq import nsmallest

MOST = 256
_SPACE = 1 << 64


@lru_cache(maxsize=65_536)
def hashed(value: str) -> int:
    """64 bits for a value: the first eight bytes of its MD5, little-endian. Databases can compute it, too."""
    return int.from_bytes(hashlib.md5(value.encode(), usedforsecurity=False).digest()[:8], "little")


def smallest(hashes: Iterable[int]) -> frozenset[int]:
    """The sketch of values with these hashes, or of the sketches they come from."""
    found = frozenset(hashes)
    return found if len(found) <= MOST else frozenset(nsmallest(MOST, found))


def count(sketch: frozenset[int] | set[int]) -> int:
    """How many different values a sketch stands for.

    >>> count(smallest(hashed(f"user {n}") for n in range(200)))
    200
    >>> count(smallest(hashed(f"user {n}") for n in range(5_000)))
    5434
    """
    if len(sketch) < MOST:
        return len(sketch)
    return max(MOST, round((MOST - 1) * _SPACE / max(1, *sketch)))
