"""What finops.budget-state.v1 says, record by record: the latest sums and positions of every partition, whoever owns
it.

A sum that covers more of the log wins over a later record that covers less: each is a true sum of what it covers, and
the later one is a straggler of a process that had already lost the partition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import NamedTuple

from services.budget.domain.sums import Family, FamilyIndex, PartSum, Position
from services.budget.domain.tracking import FamilyKey, ScopeKey


class SavedSum(NamedTuple):
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
        self.index = FamilyIndex()
        """Every family the topic holds a record of."""
        self._families: defaultdict[int, dict[FamilyKey, Family]] = defaultdict(dict)
        self._positions: dict[int, Position] = {}
        self._overtaken: defaultdict[int, set[ScopeKey]] = defaultdict(set)
        self._foreign: defaultdict[int, dict[FamilyKey, set[str | None]]] = defaultdict(dict)
        self._owners: dict[int, Owner] = {}
        self._news: set[FamilyKey] = set()

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
            case SavedSum():
                return self._take(entry)

    def families(self, partition: int) -> Mapping[FamilyKey, Family]:
        return self._families[partition]

    def position(self, partition: int) -> Position | None:
        return self._positions.get(partition)

    def owner(self, partition: int) -> Owner | None:
        """Who said last that it decides for this partition's tenants."""
        return self._owners.get(partition)

    def known(self, partition: int) -> Set[FamilyKey]:
        """Every family the topic holds a record of, this incarnation's or an earlier one's."""
        return self._families[partition].keys() | self._foreign[partition].keys()

    def members(self, key: FamilyKey, partition: int) -> Set[str | None]:
        """Of those records, whose they are; the whole's is under None."""
        return self._families[partition].get(key, {}).keys() | self._foreign[partition].get(key, set())

    def take_news(self) -> Set[FamilyKey]:
        """Families that turned up since this was last asked."""
        news, self._news = self._news, set()
        return news

    def overtaken(self, partition: int) -> Set[ScopeKey]:
        """Scopes whose last record covers less than an earlier one: compaction would keep the wrong one, so the
        partition's owner writes the sum again."""
        return self._overtaken[partition]

    def _take(self, saved: SavedSum) -> ScopeKey | None:
        (key, member), partition = saved.scope, saved.partition
        if key not in self._families[partition] and key not in self._foreign[partition]:
            self.index.add(key)
            self._news.add(key)
        sums = self._families[partition].get(key, {})
        if saved.incarnation != self.incarnation:
            if member not in sums:
                self._foreign[partition].setdefault(key, set()).add(member)
            return None
        _discard(self._foreign[partition], key, member)
        held = sums.get(member)
        if held is not None and held.through > saved.part.through:
            self._overtaken[partition].add(saved.scope)
            return None
        self._families[partition].setdefault(key, sums)[member] = saved.part
        self._overtaken[partition].discard(saved.scope)
        return saved.scope

    def _forget(self, scope: ScopeKey, partition: int) -> None:
        key, member = scope
        sums = self._families[partition].get(key)
        if sums is not None:
            sums.pop(member, None)
            if not sums:
                del self._families[partition][key]
        self._overtaken[partition].discard(scope)
        _discard(self._foreign[partition], key, member)
        if not (_among(self._families.values(), key) or _among(self._foreign.values(), key)):
            self.index.discard(key)


def _discard(sets: dict[FamilyKey, set[str | None]], key: FamilyKey, member: str | None) -> None:
    held = sets.get(key)
    if held is not None:
        held.discard(member)
        if not held:
            del sets[key]


def _among(held: Iterable[Container[FamilyKey]], key: FamilyKey) -> bool:
    return any(key in families for families in held)
