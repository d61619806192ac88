"""Who was seen with what, and when last: users, models and networks of each key, models of each user."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from services.anomaly.domain.series import Hour, Series

NETWORK = "tag:client_network"
KEY_USER, KEY_MODEL, KEY_NETWORK, USER_MODEL = "key+user", "key+model", f"key+{NETWORK}", "user+model"
SIGHTED = (KEY_USER, KEY_MODEL, KEY_NETWORK, USER_MODEL)
"""Pairs of dimensions; the first is the owner."""
MOST_VALUES = 256
"""Of an owner. What has more has no habits: nothing of it is new."""
MOST_OWNERS = 10_000
"""Of a tenant and pair of dimensions; further ones are not watched."""
SWEEP_HOURS = 24


class Sight(NamedTuple):
    """A pair of values, apart."""

    dimension: str
    owner: str
    value: str

    @classmethod
    def of(cls, series: Series) -> Sight:
        owner, value = series.labels.values()
        return cls(series.dimension, owner, value)


@dataclass(slots=True)
class _Owner:
    first: Hour
    last_by_value: dict[str, Hour] = field(default_factory=dict)
    full: bool = False


class Sightings:
    """Of one tenant, in the order of hours."""

    def __init__(self, memory_hours: int) -> None:
        self._memory = memory_hours
        self._owners: dict[str, dict[str, _Owner]] = {dimension: {} for dimension in SIGHTED}
        self._since: dict[str, Hour] = {}
        self._swept: Hour = 0

    def __len__(self) -> int:
        return sum(len(owner.last_by_value) for owners in self._owners.values() for owner in owners.values())

    def is_new(self, sight: Sight, hour: Hour) -> bool:
        """False also where nothing can be told, since too much was seen already."""
        owners = self._owners[sight.dimension]
        owner = owners.get(sight.owner)
        if owner is None:
            return len(owners) < MOST_OWNERS
        last = owner.last_by_value.get(sight.value)
        return not owner.full and (last is None or hour - last > self._memory)

    def hours_known(self, dimension: str, hour: Hour, owner: str | None = None) -> int:
        """How long ago the first such pair was seen, of this owner or of anybody."""
        if owner is None:
            return hour - self._since.get(dimension, hour)
        found = self._owners[dimension].get(owner)
        return 0 if found is None else hour - found.first

    def note(self, sights: Iterable[Sight], hour: Hour) -> None:
        """These were seen."""
        for dimension, name, value in sights:
            self._since.setdefault(dimension, hour)
            owners = self._owners[dimension]
            owner = owners.get(name)
            if owner is None:
                if len(owners) >= MOST_OWNERS:
                    continue
                owner = owners[name] = _Owner(hour)
            last = owner.last_by_value.get(value)
            if last is None and len(owner.last_by_value) >= MOST_VALUES:
                owner.full = True
                continue
            owner.last_by_value[value] = hour if last is None else max(last, hour)
        if hour - self._swept >= SWEEP_HOURS:
            self._sweep(hour)

    def _sweep(self, hour: Hour) -> None:
        self._swept = hour
        for owners in self._owners.values():
            for name, owner in list(owners.items()):
                kept = {value: last for value, last in owner.last_by_value.items() if hour - last <= self._memory}
                owner.last_by_value, owner.full = kept, owner.full and len(kept) >= MOST_VALUES
                if not kept:
                    del owners[name]
