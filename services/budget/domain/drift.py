"""Where sums and the ledger differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.budget.domain.budget import Budget
from services.budget.domain.periods import Window
from services.budget.domain.sums import Amounts
from services.common.money import Picos


@dataclass(frozen=True)
class Drift:
    """A sum that is not what the ledger says."""

    budget: Budget
    window: Window
    """The accounting window: the period, or an hour or day of a rolling window."""
    member: str | None
    counted: Picos
    """Shadow price included."""
    ledger: Picos


Parts = Mapping[int, Mapping[str | None, Amounts]]
"""By partition, then by member; the whole under None. What is missing is nothing."""

_NOTHING: Amounts = (0, 0)


def drifts_of(budget: Budget, window: Window, counted: Parts, ledger: Parts) -> Iterable[Drift]:
    """The members, and the whole, of whom any partition's part differs, over all partitions; the whole first."""
    numbers = counted.keys() | ledger.keys()
    differing: set[str | None] = set()
    for number in numbers:
        ours, theirs = counted.get(number, {}), ledger.get(number, {})
        differing |= {m for m in ours.keys() | theirs.keys() if ours.get(m, _NOTHING) != theirs.get(m, _NOTHING)}
    for member in sorted(differing, key=lambda member: (member is not None, member or "")):
        yield Drift(budget, window, member, _sum(counted, member), _sum(ledger, member))


def _sum(parts: Parts, member: str | None) -> Picos:
    return sum(sum(amounts.get(member, _NOTHING)) for amounts in parts.values())
