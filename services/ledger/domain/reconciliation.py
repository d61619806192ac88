"""What `reconcile` finds: where rollups and index differ from the entries, which are the truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from services.common.money import Picos


class Group(NamedTuple):
    """What a rollup's row is about."""

    seconds: int
    """Start of its hour or day, seconds since the epoch."""
    tenant_id: str
    measurement: int
    dimensions: tuple[str, ...]
    """In the order of DIMENSIONS, without the tenant."""


class Sums(NamedTuple):
    """What a rollup adds up; here, the entries' sum minus the rollup's."""

    quantities: tuple[int, ...]
    """In the order of BUCKETS."""
    cost_picos: Picos
    shadow_cost_picos: Picos
    list_cost_picos: Picos
    contracted_cost_picos: Picos
    billed_cost_picos: Picos
    events: int
    unpriced_events: int
    metrics: Mapping[str, int]
    """By name; where all are zero they are the same."""


Differences = Mapping[Group, Sums]
"""The groups whose sums differ."""


@dataclass(frozen=True)
class Discrepancy:
    """One tenant's day in one rollup. Amounts are the entries' minus the rollup's."""

    rollup: str
    tenant_id: str
    day: date
    groups: int
    cost_picos: Picos
    events: int


@dataclass(frozen=True)
class Report:
    """The outcome of a reconciliation.

    `repeated_entries` counts rows that say the same revision of the same event again. Every read of the entries counts
    them once; that they exist says that usage was rated twice (the broker was lost and a rater did not ask the ledger).
    """

    days: int
    discrepancies: tuple[Discrepancy, ...]
    missing_from_index: int
    repeated_entries: int
    repaired: bool

    @property
    def clean(self) -> bool:
        """Rollups and index say what the entries say."""
        return not self.discrepancies and not self.missing_from_index


def lasting(first: Differences, second: Differences) -> Differences:
    """The differences seen unchanged at both looks. A block that is just being written differs at one look only."""
    return {group: sums for group, sums in second.items() if first.get(group) == sums}


def discrepancies(rollup: str, day: date, differences: Differences) -> Iterable[Discrepancy]:
    """One for each tenant."""
    of_tenant: dict[str, list[Sums]] = defaultdict(list)
    for group, sums in differences.items():
        of_tenant[group.tenant_id].append(sums)
    for tenant_id, found in sorted(of_tenant.items()):
        yield Discrepancy(
            rollup, tenant_id, day, len(found), sum(s.cost_picos for s in found), sum(s.events for s in found)
        )
