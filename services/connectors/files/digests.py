"""How often each of very many digests was seen, at a few bytes each."""

from __future__ import annotations

from array import array

_LOAD = 0.6


class Occurrences:
    """Counts digests by their first 64 bits, in a table of open addressing: 8 bytes a slot, where a set of Python
    objects takes a hundred. Two digests that share 64 bits count as one, which makes an ordinal larger and no id equal.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._used = 0
        self._repeated: dict[int, int] = {}

    def count(self, digest: bytes) -> int:
        """How often it was seen before; this is one more time."""
        value = int.from_bytes(digest[:8]) or 1
        if not self._add(value):
            before = self._repeated.get(value, 1)
            self._repeated[value] = before + 1
            return before
        return 0

    def _add(self, value: int) -> bool:
        slots, mask = self._slots, len(self._slots) - 1
        at = value & mask
        while slots[at]:
            if slots[at] == value:
                return False
            at = (at + 1) & mask
        slots[at] = value
        self._used += 1
        if self._used > _LOAD * len(slots):
            self._grow()
        return True

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(16 * len(old)))
        mask = len(self._slots) - 1
        for value in old:
            if value:
                at = value & mask
                while self._slots[at]:
                    at = (at + 1) & mask
                self._slots[at] = value
