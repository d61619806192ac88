"""What the watch works on while it holds the partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from finops.anomaly.v1.anomaly_pb2 import Label

from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.domain.watermark import LogClock, Watermark
from services.anomaly.handlers.ports import Scope
from services.common.clock import Micros
from services.common.kafka.record import Log, Partition

_NOT_KEPT = frozenset({"log", "partitions", "watches", "whole"})
_DESK, _WATCH = "desk", "watch:"


@dataclass
class Desk:
    """State of one assignment: rebuilt, never repaired."""

    log: Log
    partitions: Sequence[Partition]
    log_clock: LogClock
    next_offset: dict[int, int]
    usage_offset: dict[int, int]
    restored: dict[int, int]
    """The last offset of each partition that history read from the ledger holds."""
    since: Micros
    watches: dict[str, TenantWatch]
    watermarks: dict[str, Watermark]
    late_seen: Micros = 0
    heard: dict[tuple[str, str], Label] = field(default_factory=dict)
    """What was said, by tenant and anomaly."""
    replanned: set[str] = field(default_factory=set)
    """Tenants whose windows changed since hours were noted by them."""
    misled: bool = False
    """Something was learned from a label that no longer stands."""
    whole: bool = True
    """False while a batch is half counted, and for good where that failed."""

    def told_by_ledger(self) -> Scope:
        """What history holds, and the log does not tell again."""
        return Scope(self.log.incarnation, self.restored)

    def sections(self) -> dict[str, object]:
        """What a checkpoint keeps."""
        kept = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in _NOT_KEPT}
        return {_DESK: kept} | {f"{_WATCH}{tenant}": watch for tenant, watch in self.watches.items()}

    @classmethod
    def of(cls, log: Log, partitions: Sequence[Partition], sections: Mapping[str, Any]) -> Desk:
        """As it was when the checkpoint was made."""
        watches = {name.removeprefix(_WATCH): watch for name, watch in sections.items() if name != _DESK}
        return cls(log=log, partitions=partitions, watches=watches, **sections[_DESK])
