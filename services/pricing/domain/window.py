"""The recent events of one partition: bounded memory that knows from which moment on it is complete."""

from __future__ import annotations

from services.common.clock import Micros
from services.pricing.domain.revisions import Known


class Window:
    """Events by key, in two generations: a full young one becomes the old one, and the old one is forgotten.

    So it holds between half of its capacity and all of it, and forgets without keeping an order of its keys.
    """

    def __init__(self, capacity: int, start: Micros, low_offset: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: dict[bytes, bytes] = {}
        self._old: dict[bytes, bytes] = {}
        self.start = start
        """Everything rated since this moment is here."""
        self.low_offset = low_offset
        """Everything from this offset of the cost log on is here."""
        self._young_start, self._young_low = start, low_offset

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: bytes) -> Known | None:
        """The last revision of an event, where it is here."""
        packed = self._young.get(key) or self._old.get(key)
        return None if packed is None else Known.unpack(packed)

    def put(self, key: bytes, known: Known, offset: int, recorded: Micros) -> None:
        """Takes the revision that was written at an offset of the cost log at a moment."""
        if len(self._young) >= self._half and key not in self._young:
            self._old, self._young = self._young, {}
            self.start, self.low_offset = self._young_start, self._young_low
            self._young_start, self._young_low = recorded, offset
        self._young[key] = known.pack()
