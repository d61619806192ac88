"""What the handlers need from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent, ChannelPrecision, Label, PlannedWindow

from services.anomaly.domain.series import Hour, Totals
from services.common.clock import Micros


@dataclass(frozen=True)
class Positions:
    """How far the ledger has come, by partition."""

    costs: Mapping[int, int]
    usage: Mapping[int, int]


@dataclass(frozen=True)
class Scope:
    """The part of the ledger that a watch begins with: everything through `positions` of this life of the log."""

    incarnation: str = ""
    """Empty: all there is, whatever the log holds."""
    positions: Mapping[int, int] = field(default_factory=dict)
    tenant: str = ""
    """Only this one's; empty: everybody's."""
    filter: str = ""
    """Only usage that passes it; empty: all."""


@dataclass(frozen=True)
class ReadThrough:
    """How far the cost log was read: the next offset of each partition."""

    incarnation: str
    offsets: Mapping[int, int]


class HourlySum(NamedTuple):
    """One hour of one value of one dimension, or of one of each of two."""

    tenant: str
    labels: Mapping[str, str]
    """Values by dimension; empty for the tenant as a whole."""
    hour: Hour
    totals: Totals
    users: frozenset[int] = frozenset()
    """Who made requests, as `distinct_values` has it."""


class History(Protocol):
    """The ledger. Every method raises UnavailableError if it is away."""

    async def positions(self, incarnation: str) -> Positions: ...

    async def busy_days(self, scope: Scope, start: Micros, end: Micros) -> Mapping[str, Sequence[Micros]]:
        """The days on which each tenant spent anything, in order."""
        ...

    async def hourly(self, scope: Scope, dimension: str, start: Micros, end: Micros) -> Sequence[HourlySum]:
        """Watched usage in [start, end), as `domain.series.is_watched` has it."""
        ...


class Cursor(NamedTuple):
    """Where a page of anomalies ends."""

    start: Micros
    name: str


class Archive(Protocol):
    """Our own table of anomalies."""

    async def told(self, since: Micros) -> Sequence[Anomaly]:
        """Those of all tenants that ended after this moment, or are open."""
        ...

    async def save(self, anomalies: Sequence[Anomaly]) -> None: ...

    async def page(self, tenant: str, state: Anomaly.State, before: Cursor | None, limit: int) -> Sequence[Anomaly]:
        """Of one tenant, newest start first, those after `before` in that order."""
        ...

    async def get(self, tenant: str, name: str) -> Anomaly | None: ...


class Labelled(NamedTuple):
    """What somebody said of an anomaly; VERDICT_UNSPECIFIED: it was taken back."""

    tenant: str
    name: str
    label: Label


class Labels(Protocol):
    """Our own table of labels. Every method raises UnavailableError if ClickHouse is away."""

    async def since(self, moment: Micros) -> Sequence[Labelled]:
        """Those of all tenants that stand and were said at or after this moment, in that order."""
        ...

    async def of(self, tenant: str, names: Sequence[str]) -> Mapping[str, Label]:
        """Those that stand, by the anomaly's name."""
        ...

    async def save(self, labelled: Labelled, now: Micros) -> None: ...

    async def precision(self, tenant: str, start: Micros, end: Micros) -> Sequence[ChannelPrecision]:
        """Counts of the anomalies that started in [start, end), by channel; without the precision itself."""
        ...


class Announced(NamedTuple):
    """A planned window, and when it was deleted; 0: it stands."""

    tenant: str
    window: PlannedWindow
    deleted: Micros


class Windows(Protocol):
    """Our own table of planned windows. Every method raises UnavailableError if ClickHouse is away."""

    async def since(self, moment: Micros) -> Sequence[Announced]:
        """Those of all tenants that end at or after this moment, deleted ones too."""
        ...

    async def overlapping(self, tenant: str, start: Micros, end: Micros) -> Sequence[PlannedWindow]: ...

    async def page(self, tenant: str, before: Cursor | None, limit: int) -> Sequence[PlannedWindow]:
        """Of one tenant, latest start first, those after `before` in that order."""
        ...

    async def get(self, tenant: str, name: str) -> PlannedWindow | None: ...

    async def save(self, announced: Announced, now: Micros) -> None: ...


class Listener(Protocol):
    """The watch."""

    async def announce(self, announced: Announced) -> None:
        """Reckons with a window that was created or deleted."""
        ...

    async def hear(self, labelled: Labelled) -> None:
        """Learns from a label that was kept."""
        ...


class Outlet(Protocol):
    """finops.anomalies.v1."""

    async def publish(self, events: Sequence[AnomalyEvent]) -> None: ...


class Meter(Protocol):
    """What operators see."""

    def records(self, watched: int, late: int, too_old: int, repeated: int) -> None: ...

    def checkpoint(self, size: int, at: Micros) -> None: ...

    def state(self, series: int, unwatched: int, withheld: int, open_anomalies: int) -> None: ...
