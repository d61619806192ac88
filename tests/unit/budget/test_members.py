"""Budgets whose amount holds for each value of a dimension, and budgets under others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from finops.budget.v1 import budget_pb2 as pb

from services.common import money
from services.common.errors import InvalidArgumentError
from tests.unit.budget.process import Process
from tests.unit.budget.test_reserving import intent
from tests.unit.budget.world import Crashed, World, monthly, use

DOLLAR = 10**12
ODD = ("", "a/b", "ada", "Zoë ☂", "x" * 500)


async def begun(world: World, *budgets: tuple[str, pb.Budget]) -> Process:
    process = Process(world)
    for budget_id, message in budgets:
        await process.create(budget_id, message)
    await process.assign()
    await process.settle_down()
    return process


async def people(world: World, **fields: object) -> Process:
    return await begun(world, ("people", monthly("100", per="user", **fields)))


def spend(world: World, user: str, dollars: int, **fields: str) -> None:
    world.spend(len(user) % 2, use(user=user, **fields), dollars * DOLLAR)


def actual(process: Process, member: str | None = None, budget_id: str = "people") -> int:
    return money.from_proto(process.status(budget_id, member=member).actual) // DOLLAR


async def test_each_member_has_its_own_sum_whatever_it_is_called_and_after_a_crash() -> None:
    world = World()
    process = await people(world)
    for number, user in enumerate(ODD, start=1):
        spend(world, user, number)
    await process.consume_all()
    for each in (process, await begun(world)):
        assert [actual(each, user) for user in ODD] == [1, 2, 3, 4, 5]
        assert actual(each) == 15
        assert actual(each, "nobody") == 0


@pytest.mark.parametrize("writes", range(6))
async def test_a_crash_amid_forgetting_sums_leaves_no_member_without_its_own(writes: int) -> None:
    world = World()
    process = await people(world)
    for number, user in enumerate(ODD, start=1):
        spend(world, user, number)
    await process.settle_down()
    world.writes_until_crash = writes
    with pytest.raises(Crashed):
        await process.rebuilder.restart(process.catalog.of_tenant("acme"))
    world.writes_until_crash = None
    process = Process(world)
    await process.assign()
    assert process.status("people").rebuilding or [actual(process, user) for user in ODD] == [1, 2, 3, 4, 5]
    await process.settle_down()
    assert [actual(process, user) for user in ODD] == [1, 2, 3, 4, 5]


async def test_the_whole_tells_of_its_members() -> None:
    world = World()
    process = await people(world, member_amounts=[pb.MemberAmount(member="ada", amount=money.to_proto(500 * DOLLAR))])
    spend(world, "ada", 300)
    spend(world, "bob", 100)
    spend(world, "eve", 130)
    await process.settle_down()
    whole = process.status("people")
    assert (whole.members, whole.members_over) == (3, 2)
    assert (whole.used_ratio, money.from_proto(whole.remaining)) == (1.3, -30 * DOLLAR)
    assert money.from_proto(process.status("people", member="ada").limit) == 500 * DOLLAR

    ranked, token = process.statuses.page("acme", "budgets/people", 2, "", only_over=False)
    rest, end = process.statuses.page("acme", "budgets/people", 2, token, only_over=False)
    assert [status.member for status in (*ranked, *rest)] == ["eve", "bob", "ada"]
    assert end == ""
    over, _ = process.statuses.page("acme", "budgets/people", 0, "", only_over=True)
    assert [status.member for status in over] == ["eve", "bob"]


async def test_a_budget_without_members_has_none() -> None:
    process = await begun(World(), ("all", monthly()))
    with pytest.raises(InvalidArgumentError):
        process.statuses.get("acme", "budgets/all", "ada")
    assert process.statuses.page("acme", "budgets/all", 0, "", only_over=False) == ([], "")


async def test_thresholds_fire_once_for_each_member_and_not_for_the_whole() -> None:
    world = World()
    process = await people(world)
    for user in ("ada", "bob"):
        spend(world, user, 60)
    for _ in range(2):
        await process.settle_down()
    process = await begun(world)
    told = sorted((alert.member, alert.threshold_percent) for alert in world.alerts)
    assert told == [("ada", 50), ("bob", 50)]
    assert all(alert.HasField("member") for alert in world.alerts)


async def test_one_member_at_its_limit_denies_no_other() -> None:
    world = World()
    process = await people(world, enforcement=pb.ENFORCEMENT_BLOCK)
    spend(world, "ada", 95)
    await process.consume_all()
    assert not process.deciding.check("acme", intent(6, user="ada")).allowed
    assert process.deciding.check("acme", intent(6, user="bob")).allowed
    held = await process.reserving.reserve(process.share(), "acme", "r1", intent(99, user="bob"), 60)
    assert held.decision.allowed
    denied = await process.reserving.reserve(process.share(), "acme", "r2", intent(2, user="bob"), 60)
    assert "for user 'bob'" in denied.decision.reason
    assert denied.decision.budgets[0].member == "bob"


async def following(stream: AsyncIterator[pb.BudgetStatus]) -> pb.BudgetStatus:
    async with asyncio.timeout(60):
        return await anext(stream)


async def test_a_watch_of_members_sends_those_that_change() -> None:
    world = World()
    process = await people(world)
    spend(world, "ada", 1)
    await process.consume_all()
    stream = process.statuses.watch("acme", [], include_members=True)
    assert not (await following(stream)).HasField("member")
    waiting = asyncio.ensure_future(following(stream))
    await asyncio.sleep(0)
    spend(world, "bob", 2)
    await process.consume_all()
    sent = [await waiting, await following(stream)]
    assert [(status.member, money.from_proto(status.actual) // DOLLAR) for status in sent] == [("", 3), ("bob", 2)]
    assert [status.HasField("member") for status in sent] == [False, True]
    process.changes.close()


# --- budgets under others -------------------------------------------------------------------------------------------


async def test_a_child_counts_only_what_its_parent_counts_as_that_changes() -> None:
    world = World()
    parent = monthly("100", 'team = "search" OR team = "ads"')
    child = monthly("50", 'model = "gpt-4o"', parent="budgets/parent")
    process = await begun(world, ("parent", parent), ("child", child))
    for team, dollars in (("search", 1), ("ads", 2), ("law", 4)):
        world.spend(0, use(team, model="gpt-4o"), dollars * DOLLAR)
        world.spend(1, use(team, model="other"), 100 * DOLLAR)
    await process.settle_down()
    assert actual(process, budget_id="child") == 3
    changed = monthly(scope_filter='team = "law"', name="budgets/parent")
    await process.definitions.update("acme", changed, ["filter"])
    assert process.status("child").rebuilding
    await process.settle_down()
    assert actual(process, budget_id="child") == 4
    assert actual(await begun(world), budget_id="child") == 4


async def test_the_strictest_level_decides() -> None:
    block = pb.ENFORCEMENT_BLOCK
    process = await begun(
        World(),
        ("org", monthly("10", enforcement=block)),
        ("team", monthly("100", 'team = "search"', parent="budgets/org", enforcement=block)),
    )
    decision = process.deciding.check("acme", intent(11, team="search"))
    assert (decision.allowed, decision.deciding_budget) == (False, "budgets/org")
    held = await process.reserving.reserve(process.share(), "acme", "r", intent(9, team="search"), 60)
    assert held.decision.allowed
    assert process.books.of("acme").held("acme", "org") == process.books.of("acme").held("acme", "team") == 9 * DOLLAR
