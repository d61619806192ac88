"""Partial sums: what one partition of the cost log adds to each budget's windows, and how far it has been added.

A pure state machine. Offsets make it exact: a record is added to a sum once, whatever is delivered again after a crash.

The sums of one window are a family: the whole, and one for each member seen. Where the whole is there, a member
without a sum has spent nothing, so that members begin at sight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from services.budget.domain.tracking import BudgetKey, FamilyKey, ScopeKey
from services.common.money import Picos

OTHER_INCARNATIONS = -1
"""Stands where a partition's number would: spend of earlier lives of the log, which no longer changes."""

NOTHING = -1
"""The offset before the first."""

Amounts = tuple[Picos, Picos]
"""Actual and shadow."""


class Position(NamedTuple):
    """How far a partition has been applied."""

    offset: int = NOTHING
    """Last offset read."""
    usage_offset: int = NOTHING
    """Usage offset of the last record that counted. One that does not rise above it was counted before, or comes from a
    rater that had already lost the partition."""


class PartSum(NamedTuple):
    """One partition's part of a sum."""

    through: int
    """Last offset it is known to cover; it covers the partition's position too."""
    actual: Picos = 0
    shadow: Picos = 0


Family = dict[str | None, PartSum]
"""The sums of one window in one partition, by member; the whole under None."""

NONE: Family = {}
"""Nothing is known of a family; never added to."""


class Posting(NamedTuple):
    """What a cost record changes by the same amounts. No scope is in two postings of a record."""

    scopes: Sequence[ScopeKey]
    actual: Picos
    shadow: Picos


class CostDelta(NamedTuple):
    """What one cost record changes."""

    offset: int
    usage_offset: int
    postings: Sequence[Posting]


@dataclass(frozen=True)
class Staged:
    """The outcome of a batch, before it is durable: where the partition will be, and the sums that changed."""

    position: Position
    sums: Mapping[ScopeKey, PartSum]


class FamilyIndex:
    """Families by their budget."""

    def __init__(self, families: Iterable[FamilyKey] = ()) -> None:
        self._by_budget: defaultdict[BudgetKey, set[FamilyKey]] = defaultdict(set)
        for family in families:
            self.add(family)

    def add(self, family: FamilyKey) -> None:
        self._by_budget[family.budget].add(family)

    def discard(self, family: FamilyKey) -> None:
        left = self._by_budget.get(family.budget)
        if left is not None:
            left.discard(family)
            if not left:
                del self._by_budget[family.budget]

    def of(self, budget: BudgetKey) -> Set[FamilyKey]:
        return self._by_budget.get(budget, frozenset())


@dataclass
class PartitionSums:
    """The sums of one owned partition."""

    position: Position
    families: dict[FamilyKey, Family] = field(default_factory=dict)
    rebuilding: dict[FamilyKey, Position] = field(default_factory=dict)
    """Families that hold only what came after this position; the part up to it is being asked of the ledger."""
    unsaved: set[ScopeKey] = field(default_factory=set)
    """Complete sums that must be written before the position is written again."""
    position_saved: bool = False
    index: FamilyIndex = field(init=False)

    def __post_init__(self) -> None:
        self.index = FamilyIndex(self.families)

    def part(self, scope: ScopeKey) -> PartSum | None:
        """None: nothing is known of that family here. A member that was not seen has spent nothing."""
        family = self.families.get(scope.family)
        return None if family is None else family.get(scope.member) or PartSum(self.position.offset)

    def at_position(self, family: FamilyKey) -> bool:
        """Whether its sums are complete and cover exactly what the position does: after a crash some cover more."""
        sums = self.families.get(family, NONE)
        return (
            None in sums
            and family not in self.rebuilding
            and all(part.through <= self.position.offset for part in sums.values())
        )

    def amounts(self, family: FamilyKey) -> Mapping[str | None, Amounts]:
        """A family's sums as they are now."""
        return {member: (part.actual, part.shadow) for member, part in self.families[family].items()}

    def stage(self, deltas: Iterable[CostDelta], last_offset: int) -> Staged:
        """Adds a batch, whose last record has offset `last_offset`, without changing this state."""
        applied, usage_offset = self.position
        changed: dict[ScopeKey, list[int]] = {}
        for offset, usage, postings in deltas:
            if usage <= usage_offset or offset <= applied:
                continue
            usage_offset = usage
            for scopes, actual, shadow in postings:
                for scope in scopes:
                    held = changed.get(scope)
                    if held is None:
                        part = self.part(scope)
                        if part is None:
                            continue
                        held = changed[scope] = list(part)
                    if offset > held[0]:
                        held[0] = offset
                        held[1] += actual
                        held[2] += shadow
        sums = {scope: PartSum(*held) for scope, held in changed.items()}
        return Staged(Position(max(last_offset, applied), usage_offset), sums)

    def adopt(self, staged: Staged) -> None:
        """Makes a staged batch the state, once it is durable. Families forgotten meanwhile stay forgotten."""
        self.position = staged.position
        self.position_saved = True
        for scope, part in staged.sums.items():
            family = self.families.get(scope.family)
            if family is not None:
                family[scope.member] = part

    def begin_rebuild(self, family: FamilyKey) -> None:
        """Starts a family at the present position; the ledger will tell what lies before."""
        self.families[family] = {None: PartSum(self.position.offset)}
        self.index.add(family)
        self.rebuilding[family] = self.position

    def finish_rebuild(self, family: FamilyKey, asked: Position, parts: Mapping[str | None, Amounts]) -> bool:
        """Adds what the ledger holds up to `asked`: of the whole, and of each member. False: that rebuild is no longer
        the one under way."""
        if self.rebuilding.get(family) != asked:
            return False
        del self.rebuilding[family]
        sums = self.families[family]
        for member, (actual, shadow) in parts.items():
            side = sums.get(member) or PartSum(asked.offset)
            sums[member] = PartSum(side.through, side.actual + actual, side.shadow + shadow)
        self.unsaved.update(ScopeKey(family, member) for member in sums)
        return True

    def rewrite(self, scopes: Iterable[ScopeKey]) -> None:
        """Has these sums written again, where they are complete."""
        for scope in scopes:
            if scope.member in self.families.get(scope.family, NONE) and scope.family not in self.rebuilding:
                self.unsaved.add(scope)

    def forget(self, family: FamilyKey) -> Set[str | None]:
        """Drops a family. Returns whose sums it had."""
        members = self.families.pop(family, NONE).keys()
        self.index.discard(family)
        self.rebuilding.pop(family, None)
        self.unsaved.difference_update([ScopeKey(family, member) for member in members])
        return members

    def writable(self, staged: Staged) -> Iterator[tuple[ScopeKey, PartSum]]:
        """What must be written before the staged position is: members before their whole, whose being there says that
        they all are."""
        changed = {scope: self.families[scope.family][scope.member] for scope in self.unsaved} | dict(staged.sums)
        complete = [entry for entry in changed.items() if entry[0].family not in self.rebuilding]
        yield from (entry for entry in complete if entry[0].member is not None)
        yield from (entry for entry in complete if entry[0].member is None)


def usable(position: Position | None, first_offset: int) -> bool:
    """Whether sums saved up to `position` can be continued on a log that now begins at `first_offset`. Where no
    position was saved, or the log was cut beyond it, they have a hole and are worthless."""
    return position is not None and position.offset + 1 >= first_offset


def restored(position: Position, saved: Mapping[FamilyKey, Family]) -> PartitionSums:
    """The state of a partition from what was saved of it: each sum covers at least what the position covers, because
    sums are saved before it. A family whose whole is missing was never written completely."""
    whole = {family: dict(sums) for family, sums in saved.items() if None in sums}
    return PartitionSums(position, whole, position_saved=True)


def started(ledger: Position, first_offset: int) -> PartitionSums:
    """The state of a partition nothing usable was saved of: it goes on where the ledger's writing ends, so that the
    ledger knows all that came before. What the log lost before the ledger wrote it is lost for everybody."""
    return PartitionSums(Position(max(ledger.offset, first_offset - 1), ledger.usage_offset))
