"""What this process wrote to a topic it follows: read back, it need not be decoded, and is no news."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.budget.domain.mirror import Entry
from services.common.kafka.record import Outgoing, Record

MOST = 100_000
"""Records not read back yet; where there are more, nobody reads them, and they are decoded like all others."""


class _Written(NamedTuple):
    key: bytes
    value: bytes | None
    entry: Entry


class OwnRecords:
    """By offset, until they are read back."""

    def __init__(self) -> None:
        self._written: dict[int, _Written] = {}
        self._last_read = -1

    def wrote(self, entries: Sequence[Entry], records: Sequence[Outgoing], offsets: Sequence[int]) -> None:
        """Keeps those that have not been read back yet."""
        if len(self._written) + len(entries) > MOST:
            self._written.clear()
        for entry, record, offset in zip(entries, records, offsets, strict=True):
            if offset > self._last_read:
                self._written[offset] = _Written(record.key, record.value, entry)

    def take(self, record: Record) -> Entry | None:
        """What the next record says, if this process wrote it; it is forgotten. To be asked of every record."""
        self._last_read = record.offset
        written = self._written.pop(record.offset, None)
        # The log may have begun anew: another record has the offset then.
        same = written is not None and (written.key, written.value) == (record.key, record.value)
        return written.entry if same and written is not None else None
