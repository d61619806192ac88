"""What reconciliation mends, and what it leaves to a writer that is not done yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from services.common.dimensions import BUCKETS, DIMENSIONS
from services.ledger.domain.query import ReadFrom
from services.ledger.domain.reconciliation import Differences, Discrepancy, Group, Sums
from services.ledger.handlers.reconcile import reconcile

DAY = date(2026, 3, 10)


def _group(tenant: str, second: int = 0) -> Group:
    return Group(second, tenant, 0, ("",) * (len(DIMENSIONS) - 1))


def _sums(cost: int) -> Sums:
    return Sums((0,) * len(BUCKETS), cost, 0, cost, cost, cost, 1, 0, {})


@dataclass
class Found:
    """Answers with one set of differences after the other."""

    looks: dict[ReadFrom, list[Differences]]
    missing: int = 0
    corrected: dict[ReadFrom, dict[Group, Sums]] = field(default_factory=lambda: defaultdict(dict))
    completed: list[date] = field(default_factory=list)

    async def days(self) -> Sequence[date]:
        return [DAY]

    async def differences(self, rollup: ReadFrom, day: date) -> Differences:
        looks = self.looks.get(rollup, [])
        return looks.pop(0) if looks else {}

    async def correct(self, rollup: ReadFrom, differences: Differences) -> None:
        self.corrected[rollup].update(differences)

    async def missing_from_index(self, day: date) -> int:
        return self.missing

    async def complete_index(self, day: date) -> None:
        self.completed.append(day)

    async def repeated_entries(self) -> int:
        return 3


async def test_a_difference_that_stays_is_added_to_the_rollup() -> None:
    lasting = {_group("acme"): _sums(5), _group("acme", 3600): _sums(-2), _group("rival"): _sums(1)}
    found = Found({ReadFrom.HOURLY: [lasting, lasting]}, missing=2)
    report = await reconcile(found, repair=True, settle_seconds=0)
    assert found.corrected == {ReadFrom.HOURLY: lasting}
    assert found.completed == [DAY]
    assert report.discrepancies == (
        Discrepancy("rollup_hourly", "acme", DAY, groups=2, cost_picos=3, events=2),
        Discrepancy("rollup_hourly", "rival", DAY, groups=1, cost_picos=1, events=1),
    )
    assert (report.days, report.missing_from_index, report.repeated_entries, report.repaired) == (1, 2, 3, True)
    assert not report.clean


async def test_a_block_that_is_just_being_written_is_no_difference() -> None:
    stays, goes, grows = _group("stays"), _group("goes"), _group("grows")
    found = Found(
        {
            ReadFrom.DAILY: [
                {stays: _sums(5), goes: _sums(6), grows: _sums(7)},
                {stays: _sums(5), grows: _sums(8), _group("new"): _sums(9)},
            ]
        }
    )
    report = await reconcile(found, repair=True, settle_seconds=0)
    assert found.corrected == {ReadFrom.DAILY: {stays: _sums(5)}}
    assert [d.tenant_id for d in report.discrepancies] == ["stays"]


async def test_without_repair_nothing_is_touched() -> None:
    lasting = {_group("acme"): _sums(5)}
    found = Found({ReadFrom.HOURLY: [lasting, lasting]}, missing=1)
    report = await reconcile(found, repair=False, settle_seconds=0)
    assert (report.repaired, len(report.discrepancies), report.missing_from_index) == (False, 1, 1)
    assert not found.corrected
    assert not found.completed


async def test_an_orderly_ledger_is_clean() -> None:
    assert (await reconcile(Found({}), repair=True, settle_seconds=0)).clean
