"""Which usage events holds wait for, and which of them are in the sums.

A partition's owner tells of an awaited event as soon as the sums that hold its cost are durable. An event may also
come before anybody awaits it (before Reserve, or before the Settle that names it); so those of tenants that reserve
are remembered for a while.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice

from services.budget.domain.mirror import Counted

EventId = tuple[str, str]
"""(tenant, the source's own id of a usage event)."""

SLOTS = 1_024
"""Announcements of a partition that outlive compaction: those of the last minute, at least."""


class Awaited:
    """What this process knows of awaited events, from every hold it has read of."""

    def __init__(self, remembered: int = 200_000) -> None:
        """`remembered`: so many of the last events are known, of tenants that reserve."""
        self._remembered = remembered
        self._tenants: set[str] = set()
        self._awaited: Counter[EventId] = Counter()
        self._recent: dict[EventId, tuple[int, int]] = {}
        self._met: dict[EventId, tuple[int, int]] = {}
        """Awaited and counted: their holds are about to end."""
        self._announcements: Counter[int] = Counter()
        self.on_late: Callable[[], None] = lambda: None
        """Called when there is something late to tell."""

    def await_event(self, event: EventId) -> None:
        """A hold waits for this event."""
        self._tenants.add(event[0])
        self._awaited[event] += 1
        if event in self._recent:
            self._met[event] = self._recent[event]
            self.on_late()

    def forget(self, event: EventId) -> None:
        """A hold that waited for this event has ended."""
        self._awaited[event] -= 1
        if self._awaited[event] <= 0:
            del self._awaited[event]
            self._met.pop(event, None)

    def concerns(self, tenant_id: str) -> bool:
        """Whether any event of this tenant may be awaited, now or soon."""
        return tenant_id in self._tenants

    def counted(self, incarnation: str, partition: int, offset: int, events: Collection[EventId]) -> Sequence[Counted]:
        """What to write of events whose cost is in durable sums of a partition up to an offset, before its position."""
        awaited = (event for event in events if event in self._awaited)
        return self._announce(incarnation, dict.fromkeys(awaited, (partition, offset)))

    def remember(self, partition: int, offset: int, events: Collection[EventId]) -> None:
        """The same events, once the sums are this process's state: one of them may be awaited only later."""
        at = (partition, offset)
        for event in events:
            self._recent[event] = at
            if event in self._awaited:
                self._met[event] = at
        for oldest in list(islice(self._recent, max(0, len(self._recent) - self._remembered))):
            del self._recent[oldest]

    def late(self, incarnation: str) -> Sequence[Counted]:
        """What to write of counted events whose holds have not ended: they were awaited only after they came, or
        nobody has heard yet."""
        return self._announce(incarnation, self._met)

    def _announce(self, incarnation: str, events: Mapping[EventId, tuple[int, int]]) -> Sequence[Counted]:
        grouped: defaultdict[tuple[str, int, int], list[str]] = defaultdict(list)
        for (tenant_id, event_id), (partition, offset) in events.items():
            grouped[tenant_id, partition, offset].append(event_id)
        return [
            Counted(incarnation, partition, offset, tenant_id, tuple(ids), self._slot(partition))
            for (tenant_id, partition, offset), ids in grouped.items()
        ]

    def _slot(self, partition: int) -> int:
        self._announcements[partition] += 1
        return self._announcements[partition] % SLOTS
