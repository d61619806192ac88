"""What a Check remembers gives way to time and to every change."""

from __future__ import annotations

from finops.budget.v1 import budget_pb2 as pb

from services.budget.handlers import remembering
from services.budget.handlers.changes import Changes
from services.budget.handlers.remembering import LONGEST, Remembered
from services.common import money
from services.common.clock import HOUR, SECOND, ManualClock
from tests.unit.budget.process import Process
from tests.unit.budget.test_standing_limits import DOLLAR, TEN, begun
from tests.unit.budget.world import NOW, World, monthly

BUDGET = ("acme", "b")


def remaining(process: Process) -> int:
    decision = process.deciding.check("acme", pb.SpendIntent())
    return money.from_proto(decision.budgets[0].remaining) // DOLLAR


async def test_an_increase_begins_and_ends_to_the_microsecond() -> None:
    world = World()
    start, end = NOW + SECOND, NOW + 2 * SECOND
    granted = pb.TemporaryIncrease(amount=TEN, start_unix_micros=start, expire_unix_micros=end, reason="launch")
    process = await begun(world, monthly("100", increases=[granted]))
    found = []
    for moment in (start - 1, start, end - 1, end):
        world.clock.advance(moment - world.clock.now())
        found.append(remaining(process))
    assert found == [100, 110, 110, 100]


async def test_an_amount_changes_on_its_day() -> None:
    world = World()
    later = pb.AmountChange(amount=TEN, effective_unix_micros=NOW + HOUR)
    process = await begun(world, monthly("100", amount_changes=[later]))
    assert remaining(process) == 100
    world.clock.advance(HOUR)
    assert remaining(process) == 10


def known() -> tuple[Remembered[str], Changes]:
    changes = Changes(ManualClock(NOW))
    remembered: Remembered[str] = Remembered(changes)
    for member in (None, "ada", "bob"):
        remembered.put(BUDGET, member, f"of {member}", basis=1, since=NOW, until=NOW + 60 * SECOND)
    return remembered, changes


def test_a_change_of_a_member_is_its_own_and_one_of_the_whole_is_everybodys() -> None:
    remembered, changes = known()
    changes.touch(*BUDGET, "ada")
    assert [remembered.get(BUDGET, m, 1, NOW) for m in (None, "ada", "bob")] == ["of None", None, "of bob"]
    changes.touch(*BUDGET)
    assert [remembered.get(BUDGET, m, 1, NOW) for m in (None, "ada", "bob")] == [None, None, None]


def test_nothing_is_remembered_on_another_basis_or_before_or_for_long() -> None:
    remembered, _ = known()
    assert remembered.get(BUDGET, None, 2, NOW) is None
    assert remembered.get(BUDGET, None, 1, NOW - 1) is None, "a clock that was set back"
    assert remembered.get(BUDGET, None, 1, NOW + LONGEST - 1) == "of None"
    assert remembered.get(BUDGET, None, 1, NOW + LONGEST) is None


def test_memory_is_bounded() -> None:
    remembered, _ = known()
    for number in range(remembering.MOST):
        remembered.put(BUDGET, str(number), "x", basis=1, since=NOW, until=NOW + SECOND)
    assert remembered.get(BUDGET, None, 1, NOW) is None
    assert remembered.get(BUDGET, str(remembering.MOST - 1), 1, NOW) == "x"
