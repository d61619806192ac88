"""What users of other tools complain about (pains.md 19 to 25), each as a test of budgets; and tenants alike in all but
their key.

On running processes: 19 and 20 in tests/integration/budget/test_reservations.py (a thousand at once, the owner killed),
19 and 21 in tests/e2e/test_litellm_proxy.py and tests/integration/budget/test_envoy.py (live gateways), 23 in
tests/integration/test_notifier.py. Every zone's days, for 22: tests/property/test_budget_periods.py.
"""

from __future__ import annotations

import asyncio

import pytest
from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import Booked

from services.common import money
from services.common.clock import HOUR, SECOND, parse_rfc3339
from tests.unit.budget.process import Process
from tests.unit.budget.world import World, monthly, use

DOLLAR = 10**12
BLOCK = pb.ENFORCEMENT_BLOCK

SCOPES = {
    "": "", "team": 'team = "search"', "user": 'user = "ann"', "project": 'project = "ranker"', "key": 'key = "k-1"',
    "tool": 'tool = "openai-api"', "provider": 'provider = "openai"', "model": 'model = "gpt*"',
    "environment": 'environment = "prod"', "tag:feature": 'tag:feature = "answers"',
    "any of": 'NOT (team = "ads" OR environment = "test") AND (user = "ann" OR key = "k-9")',
}  # fmt: skip
WHOSE = {
    "team": "search", "user": "ann", "project": "ranker", "key": "k-1", "tool": "openai-api", "provider": "openai",
    "model": "gpt-4o", "environment": "prod", "tag:feature": "answers",
}  # fmt: skip


def intent(dollars: int = 1) -> pb.SpendIntent:
    return pb.SpendIntent(dimensions=WHOSE, estimate=money.to_proto(dollars * DOLLAR))


async def allowed(process: Process, request: str, tenant: str = "acme", ttl: int = 0) -> bool:
    share = process.share(tenant)
    return (await process.reserving.reserve(share, tenant, request, intent(), ttl)).decision.allowed


async def ready(world: World, *budgets: tuple[str, pb.Budget], tenant: str = "acme") -> Process:
    process = Process(world)
    for budget_id, budget in budgets:
        await process.create(budget_id, budget, tenant)
    await process.assign()
    await process.settle_down()
    return process


@pytest.mark.parametrize("per", ["", "user"])
@pytest.mark.parametrize("scope", SCOPES)
async def test_19_and_21_concurrent_requests_never_pass_a_limit_whatever_its_scope(scope: str, per: str) -> None:
    process = await ready(World(), ("b", monthly("10", SCOPES[scope], enforcement=BLOCK, per=per)))
    assert sum(await asyncio.gather(*(allowed(process, f"r{n}") for n in range(40)))) == 10


async def test_20_a_hold_nobody_ends_is_free_again_and_what_a_killed_process_held_is_not_lost() -> None:
    world = World()
    process = await ready(world, ("b", monthly("2", enforcement=BLOCK)))
    assert await allowed(process, "short", ttl=30)
    assert await allowed(process, "long", ttl=3_600)
    heir = Process(world)
    await heir.assign()
    await heir.settle_down()
    await heir.hear()
    assert not await allowed(heir, "more"), "the heir holds both"
    world.clock.advance(31 * SECOND)
    await heir.hear()
    assert await allowed(heir, "more")
    assert not await allowed(heir, "too much")


@pytest.mark.parametrize(
    ("zone", "last", "first"),
    [
        ("America/Los_Angeles", "2026-11-01T06:59:59Z", "2026-11-01T07:00:00Z"),  # a day of 25 hours begins
        ("America/Los_Angeles", "2026-12-01T07:59:59Z", "2026-12-01T08:00:00Z"),
        ("Asia/Kolkata", "2026-11-30T18:29:59Z", "2026-11-30T18:30:00Z"),
        ("Pacific/Kiritimati", "2026-11-30T09:59:59Z", "2026-11-30T10:00:00Z"),
    ],
)
async def test_22_a_month_ends_at_midnight_there_and_not_by_the_offset_later(zone: str, last: str, first: str) -> None:
    world = World()
    world.clock.set(parse_rfc3339(last))
    process = await ready(world, ("b", monthly("1", enforcement=BLOCK, time_zone=zone)))
    world.spend(0, use(time=world.clock.now()), DOLLAR)
    await process.settle_down()
    assert not await allowed(process, "before")
    world.clock.set(parse_rfc3339(first))
    await process.settle_down()
    assert await allowed(process, "after")


async def test_23_one_alert_a_threshold_and_period_not_one_a_request_or_replica() -> None:
    world = World()
    one = await ready(world, ("b", monthly("10")))
    await one.revoke([1])
    two = Process(world)
    await two.catalog.refresh()
    await two.assign([1])
    for number in range(30):
        world.spend(number % 2, use(), DOLLAR)
        for process in (one, two):
            await process.consume_all()
            await process.settle_down()
    assert sorted(alert.threshold_percent for alert in world.alerts) == [50, 80, 100]


async def test_24_no_answer_asks_the_ledger_however_much_was_spent() -> None:
    world = World()
    process = await ready(world, ("b", monthly("1000", enforcement=BLOCK)), ("p", monthly("1000", per="user")))
    asked = world.ledger_queries
    for number in range(500):
        world.spend(number % 2, use(user=f"user-{number % 50}"), DOLLAR)
    await process.settle_down()
    for budget_id in ("b", "p"):
        assert money.from_proto(process.status(budget_id).actual) == 500 * DOLLAR
        assert process.deciding.check("acme", intent()).allowed
    assert await allowed(process, "r")
    assert len(process.statuses.page("acme", "budgets/p", 100, "", only_over=False)[0]) == 50
    assert world.ledger_queries == asked


async def test_25_a_rotated_key_keeps_its_team_and_a_person_who_moved_takes_only_what_comes_after() -> None:
    world = World()
    process = await ready(
        world, ("search", monthly("3", 'team = "search"', enforcement=BLOCK)), ("ads", monthly("9", 'team = "ads"'))
    )
    world.spend(0, use(user="ann", key="old"), DOLLAR)
    world.spend(1, use(user="ann", key="new"), DOLLAR)
    world.spend(0, use("ads", user="ann", key="new"), DOLLAR)
    await process.settle_down()

    def spent() -> list[int]:
        return [money.from_proto(process.status(budget_id).actual) // DOLLAR for budget_id in ("search", "ads")]

    assert spent() == [2, 1]
    moved = world.spend(1, use("ads", user="ann", key="new"), 0)
    moved.revision = 2
    moved.previous.CopyFrom(Booked(usage=use(user="ann", key="new"), cost_picos=DOLLAR))
    await process.settle_down()
    assert spent() == [1, 2], "a re-attribution takes it back where it was counted, to the picodollar"


async def test_tenants_whose_ids_are_all_the_same_share_nothing() -> None:
    world = World()
    process = await ready(world, ("b", monthly("2", enforcement=BLOCK)))
    await process.create("b", monthly("5", enforcement=BLOCK), "globex")
    await process.settle_down()
    taken = {
        tenant: [await allowed(process, f"r{n}", tenant) for n in range(6)].count(True) for tenant in ("acme", "globex")
    }
    assert taken == {"acme": 2, "globex": 5}
    await process.reserving.release(process.share("acme"), "acme", "r0")
    process.hold_log.caught_up()
    world.spend(0, use(source_event_id="r1", tenant_id="globex"), DOLLAR)
    await process.consume_all()
    await process.hear()
    held = {tenant: process.books.of(tenant).held(tenant, "b") // DOLLAR for tenant in taken}
    assert held == {"acme": 1, "globex": 4}, "an event ends the hold of its own tenant"
    assert [money.from_proto(process.status("b", tenant).actual) // DOLLAR for tenant in taken] == [0, 1]


async def test_a_member_over_its_limit_is_told_of_after_a_rebuild_and_by_whoever_takes_over() -> None:
    world = World()
    process = await ready(world, ("b", monthly("1", per="user", threshold_percents=[100])))
    world.earlier_lives.append(world.spend(0, use(user="ann"), DOLLAR))
    world.costs[0].clear()
    await process.rebuilder.restart([process.tracked("b")])
    await process.settle_down()
    assert [alert.member for alert in world.alerts] == ["ann"], "without a minute's wait, and without new spend"
    world.alerts.clear()
    world.archived.clear()
    heir = Process(world)
    await heir.assign()
    await heir.settle_down()
    assert [alert.member for alert in world.alerts] == ["ann"]
    world.clock.advance(HOUR)
    await heir.alerting.run()
    assert len(world.alerts) == 1
