"""The recent events of one partition: bounded memory that knows from which moment on it is complete."""

from __future__ import annotations

from services.common.clock import Micros
from services.pricing.domain.revisions import Known

_Held = tuple[bytes, bytes | None]
"""A packed `Known`, and its attribution."""


class Window:
    """Events by key, in two generations: a full young one becomes the old one, and the old one is forgotten.

    So it holds between half of its capacity and all of it, and forgets without keeping an order of its keys.
    """

    def __init__(self, capacity: int, start: Micros, low_offset: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: dict[bytes, _Held] = {}
        self._old: dict[bytes, _Held] = {}
        self._attributions: dict[bytes, bytes] = {}
        """Each one once: most events share theirs with many others."""
        self.start = start
        """Everything rated since this moment is here."""
        self.low_offset = low_offset
        """Everything from this offset of the cost log on is here."""
        self._young_start, self._young_low = start, low_offset

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: bytes) -> Known | None:
        """The last revision of an event, where it is here."""
        held = self._young.get(key) or self._old.get(key)
        return None if held is None else Known.unpack(*held)

    def put(self, key: bytes, known: Known, offset: int, recorded: Micros) -> None:
        """Takes the revision that was written at an offset of the cost log at a moment."""
        if len(self._young) >= self._half and key not in self._young:
            self._old, self._young, self._attributions = self._young, {}, {}
            self.start, self.low_offset = self._young_start, self._young_low
            self._young_start, self._young_low = recorded, offset
        attribution = known.attribution
        if attribution is not None:
            attribution = self._attributions.setdefault(attribution, attribution)
        self._young[key] = (known.pack(), attribution)
