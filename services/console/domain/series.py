"""Cost rows as the UI draws them: by bucket of time, by group, against the period before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from finops.ledger.v1.ledger_pb2 import CostRow

from services.common import money
from services.common.clock import Micros
from services.common.money import Picos

OTHER = "Other"
NONE = "(none)"

Group = tuple[str, ...]


@dataclass(frozen=True)
class Stack:
    """Amounts by time and group: `amounts[group][i]` belongs to `times[i]`."""

    times: Sequence[Micros]
    amounts: Mapping[str, Sequence[Picos]]


@dataclass(frozen=True)
class Change:
    """One group in two periods."""

    group: Group
    now: Picos
    before: Picos

    @property
    def difference(self) -> Picos:
        return self.now - self.before

    @property
    def ratio(self) -> float | None:
        """0.25 for a quarter more; None where there was nothing before."""
        return self.difference / self.before if self.before else None


def label(group: Iterable[str]) -> str:
    """A group's name on a chart or in a table."""
    return " · ".join(part or NONE for part in group) or "Total"


def cost(row: CostRow) -> Picos:
    """The row's priced spend."""
    return money.from_proto(row.cost)


def stack(rows: Iterable[CostRow], times: Sequence[Micros], keep: int) -> Stack:
    """Rows by time and group, zeros where a group had nothing; beyond the `keep` largest groups, the rest as OTHER.

    A row's time that is not in `times` (a query's first bucket may start before its range) counts at the nearest before
    it, or at the first.
    """
    rows = list(rows)
    totals: dict[str, Picos] = {}
    for row in rows:
        name = label(row.group)
        totals[name] = totals.get(name, 0) + cost(row)
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    kept = ranked if len(ranked) <= keep else ranked[: keep - 1]
    amounts: dict[str, list[Picos]] = {name: [0] * len(times) for name in kept}
    if len(kept) < len(ranked):
        amounts[OTHER] = [0] * len(times)
    index = {moment: i for i, moment in enumerate(times)}
    for row in rows:
        name = label(row.group)
        series = amounts[name] if name in amounts else amounts[OTHER]
        at = index.get(row.time_unix_micros)
        if at is None:
            at = max((i for i, moment in enumerate(times) if moment <= row.time_unix_micros), default=0)
        series[at] += cost(row)
    return Stack(times, amounts)


def changes(now: Iterable[CostRow], before: Iterable[CostRow]) -> list[Change]:
    """Every group of either period, largest spend now first."""
    current, former = _by_group(now), _by_group(before)
    found = [Change(group, current.get(group, 0), former.get(group, 0)) for group in current.keys() | former.keys()]
    return sorted(found, key=lambda change: (-change.now, -change.before, change.group))


def movers(now: Iterable[CostRow], before: Iterable[CostRow], count: int) -> list[Change]:
    """The groups whose spend changed by the most dollars, up or down."""
    found = [change for change in changes(now, before) if change.difference]
    return sorted(found, key=lambda change: (-abs(change.difference), change.group))[:count]


def _by_group(rows: Iterable[CostRow]) -> dict[Group, Picos]:
    sums: dict[Group, Picos] = {}
    for row in rows:
        sums[tuple(row.group)] = sums.get(tuple(row.group), 0) + cost(row)
    return sums
