"""Who used what: each combination of names that events come with, looked into once.

Most events have the names of many others. What follows from names (the series they count in, whose minutes they are)
is worked out when they are seen first, and looked up by their bytes after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from finops.usage.v1.usage_pb2 import UsageEvent

from services.anomaly.domain.buckets import Belongs
from services.anomaly.domain.series import Cell, Reader
from services.common.dimensions import BOOKED_SOURCES

MOST = 65_536
"""Combinations held at once; then all are forgotten."""


class Combination(NamedTuple):
    """One of them."""

    tenant: str
    names: UsageEvent
    """Without its session, time and quantities."""
    booked: bool
    """Nothing is used under its source."""
    series: Belongs
    place: int
    """The same number for the same series of a tenant."""
    owners: tuple[str, str, str, str]
    """Tenant, user, key and team."""


class Combinations:
    """Of all tenants."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._found: dict[bytes, Combination] = {}
        self._places: dict[tuple[str, tuple[str, ...]], int] = {}

    def of(self, names: Sequence[bytes]) -> list[Combination]:
        """Those of serialized UsageEvents, as `CostColumns.names` gives them.

        Raises:
            DecodeError: one of them is none.
        """
        if len(self._found) + len(names) > MOST:
            self._found, self._places = {}, {}
        known = list(map(self._found.get, names))
        return [
            self._meet(name) if combination is None else combination
            for name, combination in zip(names, known, strict=True)
        ]

    def _meet(self, name: bytes) -> Combination:
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._read(UsageEvent.FromString(name))
        return found

    def _read(self, usage: UsageEvent) -> Combination:
        tenant, cell = usage.tenant_id, self._reader.cell(usage)
        place = self._places.setdefault((tenant, cell.values), len(self._places))
        series = self._reader.series(Cell(tenant, 0, cell.values))
        booked = usage.source in BOOKED_SOURCES
        return Combination(tenant, usage, booked, series, place, (tenant, usage.user, usage.key, usage.team))
