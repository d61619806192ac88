"""What finops.budget-state.v1 says, record by record: the latest sums and positions of every partition, whoever owns
it.

A sum that covers more of the log wins over a later record that covers less: each is a true sum of what it covers, and
the later one is a straggler of a process that had already lost the partition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass

from services.budget.domain.sums import PartSum, Position
from services.budget.domain.tracking import ScopeKey


@dataclass(frozen=True)
class SavedSum:
    """A partial sum as it is written."""

    scope: ScopeKey
    incarnation: str
    partition: int
    part: PartSum
    usage_offset: int


@dataclass(frozen=True)
class SavedPosition:
    """A partition's progress as it is written."""

    incarnation: str
    partition: int
    position: Position


@dataclass(frozen=True)
class Tombstone:
    """A sum that is no longer kept."""

    scope: ScopeKey
    partition: int


@dataclass(frozen=True)
class Owner:
    """Who decides the reservations of one share of the tenants."""

    partition: int
    address: str
    """host:port of its gRPC server."""
    epoch: int
    """A later owner has a greater one."""


@dataclass(frozen=True)
class Counted:
    """Usage events of one tenant that holds await, and that are in the sums of a partition up to an offset."""

    incarnation: str
    partition: int
    offset: int
    tenant_id: str
    event_ids: tuple[str, ...]
    slot: int
    """Which of the partition's last announcements it takes the place of, once the topic is compacted."""


Entry = SavedSum | SavedPosition | Tombstone | Owner | Counted


class Mirror:
    """The state topic in memory, for one incarnation of the cost log."""

    def __init__(self, incarnation: str = "") -> None:
        self.incarnation = incarnation
        self._sums: defaultdict[int, dict[ScopeKey, PartSum]] = defaultdict(dict)
        self._positions: dict[int, Position] = {}
        self._overtaken: defaultdict[int, set[ScopeKey]] = defaultdict(set)
        self._foreign: defaultdict[int, set[ScopeKey]] = defaultdict(set)
        self._owners: dict[int, Owner] = {}

    def apply(self, entry: Entry) -> ScopeKey | None:
        """Takes in one record of the topic, in order. Returns the scope whose spend changed by it."""
        match entry:
            case SavedPosition(incarnation, partition, position):
                if incarnation == self.incarnation:
                    self._positions[partition] = max(position, self._positions.get(partition, position))
                return None
            case Owner(partition, _, epoch):
                known = self._owners.get(partition)
                if known is None or epoch > known.epoch:
                    self._owners[partition] = entry
                return None
            case Counted():
                return None
            case Tombstone(scope, partition):
                self._forget(scope, partition)
                return scope
            case SavedSum(scope, incarnation, partition, part, _):
                if incarnation != self.incarnation:
                    if scope not in self._sums[partition]:
                        self._foreign[partition].add(scope)
                    return None
                self._foreign[partition].discard(scope)
                held = self._sums[partition].get(scope)
                if held is not None and held.through > part.through:
                    self._overtaken[partition].add(scope)
                    return None
                self._sums[partition][scope] = part
                self._overtaken[partition].discard(scope)
                return scope

    def sums(self, partition: int) -> Mapping[ScopeKey, PartSum]:
        return self._sums[partition]

    def position(self, partition: int) -> Position | None:
        return self._positions.get(partition)

    def owner(self, partition: int) -> Owner | None:
        """Who said last that it decides for this partition's tenants."""
        return self._owners.get(partition)

    def part(self, scope: ScopeKey, partition: int) -> PartSum | None:
        return self._sums[partition].get(scope)

    def scopes(self, partition: int) -> Set[ScopeKey]:
        """Every scope the topic holds a record of, this incarnation's or an earlier one's."""
        return self._sums[partition].keys() | self._foreign[partition]

    def overtaken(self, partition: int) -> Set[ScopeKey]:
        """Scopes whose last record covers less than an earlier one: compaction would keep the wrong one, so the
        partition's owner writes the sum again."""
        return self._overtaken[partition]

    def _forget(self, scope: ScopeKey, partition: int) -> None:
        self._sums[partition].pop(scope, None)
        self._overtaken[partition].discard(scope)
        self._foreign[partition].discard(scope)
