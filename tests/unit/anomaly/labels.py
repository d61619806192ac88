"""Labels and planned windows in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from finops.anomaly.v1.anomaly_pb2 import ChannelPrecision, Label, PlannedWindow

from services.anomaly.handlers.ports import Announced, Cursor, Labelled
from services.common.clock import Micros


@dataclass
class MemoryLabels:
    """Implements `Labels`."""

    said: dict[tuple[str, str], Label] = field(default_factory=dict)
    counts: Sequence[ChannelPrecision] = ()
    asked: tuple[str, Micros, Micros] = ("", 0, 0)

    async def since(self, moment: Micros) -> Sequence[Labelled]:
        standing = [Labelled(*key, label) for key, label in self.said.items() if label.verdict]
        return [labelled for labelled in standing if labelled.label.label_unix_micros >= moment]

    async def of(self, tenant: str, names: Sequence[str]) -> Mapping[str, Label]:
        found = {name: self.said.get((tenant, name), Label()) for name in names}
        return {name: label for name, label in found.items() if label.verdict}

    async def save(self, labelled: Labelled, now: Micros) -> None:
        self.said[labelled.tenant, labelled.name] = labelled.label

    async def precision(self, tenant: str, start: Micros, end: Micros) -> Sequence[ChannelPrecision]:
        self.asked = (tenant, start, end)
        return self.counts


@dataclass
class MemoryWindows:
    """Implements `Windows`."""

    kept: dict[tuple[str, str], Announced] = field(default_factory=dict)

    async def since(self, moment: Micros) -> Sequence[Announced]:
        return [announced for announced in self.kept.values() if announced.window.end_unix_micros >= moment]

    async def overlapping(self, tenant: str, start: Micros, end: Micros) -> Sequence[PlannedWindow]:
        return [
            window
            for window in await self.page(tenant, None, 10_000)
            if window.start_unix_micros < end and window.end_unix_micros > start
        ]

    async def page(self, tenant: str, before: Cursor | None, limit: int) -> Sequence[PlannedWindow]:
        found = [kept.window for kept in self.kept.values() if kept.tenant == tenant and not kept.deleted]
        found.sort(key=lambda w: (w.start_unix_micros, w.name), reverse=True)
        return [w for w in found if before is None or (w.start_unix_micros, w.name) < before][:limit]

    async def get(self, tenant: str, name: str) -> PlannedWindow | None:
        announced = self.kept.get((tenant, name))
        return announced.window if announced is not None and not announced.deleted else None

    async def save(self, announced: Announced, now: Micros) -> None:
        self.kept[announced.tenant, announced.window.name] = announced
