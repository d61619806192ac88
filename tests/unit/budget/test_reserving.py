"""Checking and holding: nobody passes a blocking budget, and no hold leaks or is lost."""

from __future__ import annotations

import asyncio

import pytest
from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import Money

from services.budget.handlers.reserving import Reservation
from services.common import money
from services.common.clock import SECOND
from services.common.errors import AlreadyExistsError, InvalidArgumentError, UnavailableError
from tests.unit.budget.process import Process
from tests.unit.budget.world import World, monthly, use

DOLLAR = 10**12
SETTLED, COUNTED, UNKNOWN = (
    pb.SettleResponse.STATE_SETTLED,
    pb.SettleResponse.STATE_COUNTED,
    pb.SettleResponse.STATE_UNKNOWN,
)


def intent(dollars: int, **dimensions: str) -> pb.SpendIntent:
    return pb.SpendIntent(dimensions=dimensions, estimate=money.to_proto(dollars * DOLLAR))


async def blocking(world: World, dollars: str = "10", **fields: object) -> Process:
    process = Process(world)
    await process.create("b", monthly(dollars, 'team = "search"', enforcement=pb.ENFORCEMENT_BLOCK, **fields))
    await process.create("seen", monthly("1"))
    await process.assign()
    await process.settle_down()
    return process


async def reserve(process: Process, request: str, dollars: int, ttl: int = 0, tenant: str = "acme") -> Reservation:
    return await process.reserving.reserve(process.share(tenant), tenant, request, intent(dollars, team="search"), ttl)


async def settle(process: Process, request: str, dollars: int, event: str = "") -> int:
    return int(await process.reserving.settle(process.share(), "acme", request, dollars * DOLLAR, event))


async def release(process: Process, request: str) -> None:
    await process.reserving.release(process.share(), "acme", request)


def figures(process: Process, budget_id: str = "b") -> tuple[int, int, int]:
    """(held, settled, actual) in dollars."""
    budget = ("acme", budget_id)
    actual = money.from_proto(process.status(budget_id).actual)
    book = process.books.of("acme")
    return book.held(*budget) // DOLLAR, book.settled(*budget) // DOLLAR, actual // DOLLAR


async def spent(process: Process, event_id: str, dollars: int) -> None:
    """The usage event comes, and everybody has heard."""
    process.hold_log.caught_up()
    process.world.spend(1, use(source_event_id=event_id), dollars * DOLLAR)
    await process.consume_all()
    await process.hear()


async def test_holds_fill_a_budget_to_the_last_dollar_and_not_beyond() -> None:
    process = await blocking(World())
    answers = await asyncio.gather(*(reserve(process, f"r{n}", 3) for n in range(5)))
    assert [answer.decision.allowed for answer in answers] == [True, True, True, False, False]
    assert [answer.expires > 0 for answer in answers] == [True, True, True, False, False]
    assert figures(process) == (9, 0, 0)
    assert (await reserve(process, "last", 1)).decision.allowed
    assert money.from_proto(process.status("b").remaining) == 0
    assert process.meters.decisions == ["allowed"] * 3 + ["denied"] * 2 + ["allowed"]


async def test_only_blocking_budgets_deny_and_only_matching_ones_count() -> None:
    process = await blocking(World())
    decision = process.deciding.check("acme", intent(11, team="ads"))
    assert (decision.allowed, decision.reason, decision.deciding_budget) == (True, "", "")
    assert [(b.name, b.would_exceed) for b in decision.budgets] == [("budgets/seen", True)]
    decision = process.deciding.check("acme", intent(11, team="search"))
    assert not decision.allowed
    assert [b.name for b in decision.budgets] == ["budgets/b", "budgets/seen"]
    assert process.deciding.check("globex", intent(11, team="search")) == pb.Decision(allowed=True)


async def test_a_denial_says_which_budget_why_and_until_when() -> None:
    process = await blocking(World(), display_name="Search", time_zone="Europe/Berlin")
    await reserve(process, "r", 4)
    decision = process.deciding.check("acme", intent(7, team="search"))
    assert decision.deciding_budget == "budgets/b"
    assert decision.reason == (
        "Budget Search (budgets/b) allows $10.00 this month; $0.00 is spent and $4.00 reserved, so that $7.00 more "
        "does not fit. It resets on 2026-12-01 00:00 (Europe/Berlin)."
    )
    assert decision.retry_unix_micros == process.status("b").period_end_unix_micros
    assert process.deciding.check("acme", intent(11, team="search")).retry_unix_micros == 0, "it never fits"


async def test_a_warning_allows_and_says_why() -> None:
    process = Process(World())
    await process.create("w", monthly("1", enforcement=pb.ENFORCEMENT_WARN))
    await process.assign()
    await process.settle_down()
    decision = process.deciding.check("acme", intent(2))
    assert (decision.allowed, decision.deciding_budget) == (True, "budgets/w")
    assert "does not fit" in decision.reason


async def test_where_the_sums_are_not_whole_the_failure_mode_decides() -> None:
    world = World()
    process = Process(world)
    for budget_id, mode in (("closed", pb.FAILURE_MODE_CLOSED), ("open", pb.FAILURE_MODE_OPEN)):
        await process.create(
            budget_id,
            monthly("10", f'team = "{budget_id}"', enforcement=pb.ENFORCEMENT_BLOCK, failure_mode=mode),
        )
    await process.assign()
    denied = process.deciding.check("acme", intent(1, team="closed"))
    assert (denied.allowed, denied.deciding_budget, denied.budgets[0].rebuilding) == (False, "budgets/closed", True)
    allowed = process.deciding.check("acme", intent(1, team="open"))
    assert allowed.allowed
    assert "being rebuilt" in allowed.reason
    assert not process.deciding.check("acme", intent(11, team="open")).allowed, "what is known is spent already"


async def test_spend_counts_beside_holds() -> None:
    world = World()
    process = await blocking(world)
    world.spend(0, use(), 4 * DOLLAR, shadow=2 * DOLLAR)
    await process.consume_all()
    assert not process.deciding.check("acme", intent(5, team="search")).allowed
    assert process.deciding.check("acme", intent(4, team="search")).allowed


async def test_the_same_request_again_holds_once() -> None:
    process = await blocking(World())
    first = await reserve(process, "r", 6, 60)
    assert await reserve(process, "r", 6, 60) == first
    assert figures(process)[0] == 6
    with pytest.raises(AlreadyExistsError):
        await reserve(process, "r", 7, 60)
    assert await settle(process, "r", 5) == SETTLED
    assert (await reserve(process, "r", 6, 60)).decision == first.decision
    assert figures(process) == (0, 5, 0), "a settled request repeated holds nothing again"
    assert (await reserve(process, "r", 7, 60, "globex")).decision.allowed


async def test_a_settled_amount_counts_until_its_event_does() -> None:
    process = await blocking(World())
    await reserve(process, "r", 6)
    assert await settle(process, "r", 5) == SETTLED
    assert figures(process) == (0, 5, 0)
    await spent(process, "r", 5)
    assert figures(process) == (0, 0, 5)
    assert await settle(process, "r", 5) == COUNTED


async def test_an_event_that_comes_before_settle_takes_the_place_of_the_hold() -> None:
    process = await blocking(World())
    await reserve(process, "r", 6)
    await spent(process, "r", 5)
    assert figures(process) == (0, 0, 5)
    assert await settle(process, "r", 5) == COUNTED


async def test_an_event_under_another_id_is_the_one_that_settle_names() -> None:
    process = await blocking(World())
    await reserve(process, "before", 2)
    await reserve(process, "after", 2)
    await spent(process, "chatcmpl-1", 1)
    assert await settle(process, "before", 1, "chatcmpl-1") == SETTLED
    await process.hear()
    assert figures(process) == (2, 0, 1), "the event was there before anybody awaited it"
    assert await settle(process, "after", 1, "chatcmpl-2") == SETTLED
    await spent(process, "chatcmpl-2", 1)
    assert figures(process) == (0, 0, 2)


async def test_an_event_that_comes_before_reserve_ends_the_hold() -> None:
    process = await blocking(World())
    await reserve(process, "other", 1)
    await process.hear()
    await spent(process, "early", 3)
    await reserve(process, "early", 3)
    await process.hear()
    assert figures(process) == (1, 0, 3)


async def test_an_event_that_never_comes_counts_for_a_day() -> None:
    world = World()
    process = await blocking(world)
    await reserve(process, "r", 6)
    await settle(process, "r", 5)
    world.clock.advance(86_399 * SECOND)
    await process.ownership.run()
    assert figures(process)[1] == 5
    world.clock.advance(SECOND)
    await process.ownership.run()
    assert figures(process)[1] == 0
    assert process.meters.ended == ["never counted"]


async def test_settle_and_release_give_back_once() -> None:
    process = await blocking(World())
    await reserve(process, "one", 4)
    await reserve(process, "two", 4)
    for _ in range(2):
        assert await settle(process, "one", 1) == SETTLED
        await release(process, "two")
        await release(process, "unknown")
        await release(process, "one")
    assert figures(process) == (0, 1, 0)
    assert await settle(process, "two", 1) == UNKNOWN
    assert await settle(process, "never", 1) == UNKNOWN
    with pytest.raises(AlreadyExistsError):
        await settle(process, "one", 2)


async def test_a_hold_that_is_never_settled_expires() -> None:
    world = World()
    process = await blocking(world)
    assert (await reserve(process, "r", 10, 30)).expires == world.clock.now() + 30 * SECOND
    world.clock.advance(29 * SECOND)
    assert not (await reserve(process, "other", 1)).decision.allowed
    world.clock.advance(SECOND)
    assert (await reserve(process, "other", 10)).decision.allowed
    assert await settle(process, "r", 1) == UNKNOWN
    assert process.meters.ended == ["expired"]


async def test_a_denied_request_may_try_again() -> None:
    process = await blocking(World())
    await reserve(process, "first", 10)
    assert not (await reserve(process, "second", 1)).decision.allowed
    await release(process, "first")
    assert (await reserve(process, "second", 1)).decision.allowed


async def test_another_process_takes_over_with_every_hold_and_answer() -> None:
    world = World()
    one = await blocking(world)
    first = await reserve(one, "open", 3)
    await reserve(one, "settled", 3)
    await settle(one, "settled", 2)
    await reserve(one, "released", 3)
    await release(one, "released")
    await reserve(one, "counted", 1)
    await spent(one, "counted", 1)
    two = Process(world)
    await two.assign()
    await two.settle_down()
    assert figures(two) == (3, 2, 1)
    assert await reserve(two, "open", 3) == first
    assert await settle(two, "counted", 1) == COUNTED
    assert await settle(two, "released", 1) == UNKNOWN
    with pytest.raises(UnavailableError):
        await reserve(one, "late", 1)
    await one.journal.caught_up()
    assert one.ownership.share_of("acme") is None, "it was shut out"
    assert one.ownership.owner_of("acme") == two.ownership.address


@pytest.mark.parametrize("skew", [-20, 20])
async def test_a_lease_runs_by_the_clock_of_whoever_decides(skew: int) -> None:
    world = World()
    one = await blocking(world)
    expires = (await reserve(one, "r", 6, 60)).expires
    world.clock.advance(skew * SECOND)
    two = Process(world)
    await two.assign()
    await two.settle_down()
    assert figures(two)[0] == 6
    world.clock.set(expires - 1)
    assert figures(two)[0] == 6
    assert not (await reserve(two, "other", 6)).decision.allowed
    world.clock.set(expires)
    assert (await reserve(two, "other", 6)).decision.allowed


async def test_a_replica_that_does_not_decide_shows_what_the_log_says() -> None:
    world = World()
    one = await blocking(world)
    two = Process(world)
    await two.catalog.refresh()
    await two.journal.caught_up()
    await reserve(one, "r", 6)
    assert two.books.of("acme").held("acme", "b") == 0
    two.hold_log.caught_up()
    assert two.books.of("acme").held("acme", "b") == 6 * DOLLAR
    assert not two.deciding.check("acme", intent(5, team="search")).allowed
    assert two.ownership.share_of("acme") is None
    assert two.ownership.owner_of("acme") == one.ownership.address


async def test_a_member_of_a_rule_for_everybody_has_its_own_room() -> None:
    process = Process(World())
    await process.create("each", monthly("10", enforcement=pb.ENFORCEMENT_BLOCK, per="user"))
    await process.assign()
    await process.settle_down()

    async def ask(request: str, user: str) -> pb.Decision:
        asked = pb.SpendIntent(dimensions={"user": user}, estimate=money.to_proto(6 * DOLLAR))
        return (await process.reserving.reserve(process.share(), "acme", request, asked, 0)).decision

    assert (await ask("1", "ann")).allowed
    assert (await ask("2", "bob")).allowed
    denied = await ask("3", "ann")
    assert (denied.allowed, denied.budgets[0].member) == (False, "ann")
    assert "for user 'ann'" in denied.reason
    assert process.books.of("acme").held("acme", "each") == 12 * DOLLAR
    assert process.books.of("acme").held("acme", "each", "ann") == 6 * DOLLAR


async def test_what_is_refused() -> None:
    process = await blocking(World())
    for wrong in (
        pb.SpendIntent(dimensions={"nonsense": "x"}),
        pb.SpendIntent(dimensions={"tenant": "globex"}),
        pb.SpendIntent(estimate=Money(currency_code="EUR", units=1)),
        pb.SpendIntent(estimate=Money(units=-1)),
        pb.SpendIntent(estimate=Money(units=2**62)),
    ):
        with pytest.raises(InvalidArgumentError):
            process.deciding.check("acme", wrong)
    for request_id, ttl in (("", 0), ("x" * 201, 0), ("r", -1), ("r", 86_401)):
        with pytest.raises(InvalidArgumentError):
            await reserve(process, request_id, 1, ttl)
    with pytest.raises(InvalidArgumentError):
        await settle(process, "r", -1)
