"""Partial sums: what one partition of the cost log adds to each budget's period, and how far it has been added.

A pure state machine. Offsets make it exact: a record is added to a sum once, whatever is delivered again after a crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.budget.domain.tracking import ScopeKey
from services.common.money import Picos

OTHER_INCARNATIONS = -1
"""Stands where a partition's number would: spend of earlier lives of the log, which no longer changes."""

NOTHING = -1
"""The offset before the first."""


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
    """Last offset it covers."""
    actual: Picos = 0
    shadow: Picos = 0

    def covering(self, position: Position) -> PartSum:
        """The same sum, known to cover everything that was read."""
        return self if self.through >= position.offset else self._replace(through=position.offset)


class CostDelta(NamedTuple):
    """What one cost record changes."""

    offset: int
    usage_offset: int
    changes: Sequence[tuple[ScopeKey, Picos, Picos]]
    """Every budget's period it counts towards, each once, with the change of its actual and its shadow spend."""


@dataclass(frozen=True)
class Staged:
    """The outcome of a batch, before it is durable: where the partition will be, and the sums that changed."""

    position: Position
    sums: Mapping[ScopeKey, PartSum]


@dataclass
class PartitionSums:
    """The sums of one owned partition."""

    position: Position
    sums: dict[ScopeKey, PartSum] = field(default_factory=dict)
    rebuilding: dict[ScopeKey, Position] = field(default_factory=dict)
    """Sums that hold only what came after this position; the part up to it is being asked of the ledger."""
    unsaved: set[ScopeKey] = field(default_factory=set)
    """Complete sums that must be written before the position is written again."""
    position_saved: bool = False

    def stage(self, deltas: Iterable[CostDelta], last_offset: int) -> Staged:
        """Adds a batch, whose last record has offset `last_offset`, without changing this state."""
        usage_offset = self.position.usage_offset
        changed: dict[ScopeKey, PartSum] = {}
        for delta in deltas:
            if delta.usage_offset <= usage_offset:
                continue
            usage_offset = delta.usage_offset
            for scope, actual, shadow in delta.changes:
                held = changed.get(scope) or self.sums.get(scope)
                if held is not None and delta.offset > held.through:
                    changed[scope] = PartSum(delta.offset, held.actual + actual, held.shadow + shadow)
        return Staged(Position(max(last_offset, self.position.offset), usage_offset), changed)

    def adopt(self, staged: Staged) -> None:
        """Makes a staged batch the state, once it is durable. Sums forgotten meanwhile stay forgotten."""
        self.position = staged.position
        self.position_saved = True
        for scope, part in staged.sums.items():
            if scope in self.sums:
                self.sums[scope] = part

    def begin_rebuild(self, scope: ScopeKey) -> None:
        """Starts a sum at the present position; the ledger will tell what lies before."""
        self.sums[scope] = PartSum(self.position.offset)
        self.rebuilding[scope] = self.position

    def finish_rebuild(self, scope: ScopeKey, asked: Position, actual: Picos, shadow: Picos) -> bool:
        """Adds what the ledger holds up to `asked`. False: that rebuild is no longer the one under way."""
        if self.rebuilding.get(scope) != asked:
            return False
        del self.rebuilding[scope]
        side = self.sums[scope]
        self.sums[scope] = PartSum(side.through, side.actual + actual, side.shadow + shadow)
        self.unsaved.add(scope)
        return True

    def forget(self, scope: ScopeKey) -> None:
        """Drops a sum nobody asks for any more."""
        self.sums.pop(scope, None)
        self.rebuilding.pop(scope, None)
        self.unsaved.discard(scope)


def usable(position: Position | None, first_offset: int) -> bool:
    """Whether sums saved up to `position` can be continued on a log that now begins at `first_offset`. Where no
    position was saved, or the log was cut beyond it, they have a hole and are worthless."""
    return position is not None and position.offset + 1 >= first_offset


def restored(position: Position, saved: Mapping[ScopeKey, PartSum]) -> PartitionSums:
    """The state of a partition from what was saved of it: each sum covers at least what the position covers, because
    sums are saved before it."""
    return PartitionSums(
        position, {scope: part.covering(position) for scope, part in saved.items()}, position_saved=True
    )


def started(ledger: Position, first_offset: int) -> PartitionSums:
    """The state of a partition nothing usable was saved of: it goes on where the ledger's writing ends, so that the
    ledger knows all that came before. What the log lost before the ledger wrote it is lost for everybody."""
    return PartitionSums(Position(max(ledger.offset, first_offset - 1), ledger.usage_offset))
