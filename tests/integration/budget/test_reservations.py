"""A thousand at once, two replicas, a killed owner: no limit is passed, no hold is lost, none leaks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from zlib import crc32

from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import CostRecord, LogPosition
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common import money
from services.common.clock import SystemClock
from services.common.errors import UnavailableError
from services.common.kafka.record import Outgoing, Partition
from services.common.kafka.tail import read
from services.common.kafka.topics import BUDGET_STATE, COSTS
from services.common.money import PICOS_PER_DOLLAR
from tests.integration.budget.harness import Platform, Running, running
from tests.integration.budget.steps import create, eventually, exact, yearly


async def reserve(one: Running, request: str, team: str, tenant: str = "acme") -> pb.ReserveResponse:
    intent = pb.SpendIntent(dimensions={"team": team}, estimate=money.to_proto(PICOS_PER_DOLLAR))
    answer: pb.ReserveResponse = await one.ask(
        "Reserve", pb.ReserveRequest(request_id=request, intent=intent, ttl_seconds=3_600), tenant
    )
    return answer


async def insist(replicas: Sequence[Running], request: str, team: str, tenant: str = "acme") -> bool:
    """Asks one replica after the other until one answers; whether it was allowed."""
    for attempt in range(600):
        one = replicas[(attempt + hash_of(request)) % len(replicas)]
        if one.process.returncode is None:
            try:
                return (await reserve(one, request, team, tenant)).decision.allowed
            except UnavailableError:
                pass
        await asyncio.sleep(0.1)
    raise AssertionError(f"{request} was never answered")


def hash_of(request: str) -> int:
    return crc32(request.encode())


async def held(one: Running, budget_id: str, tenant: str = "acme") -> set[str]:
    found: set[str] = set()
    token = ""
    while True:
        request = pb.ListHoldsRequest(name=f"budgets/{budget_id}", page_size=1_000, page_token=token)
        page = await one.ask("ListHolds", request, tenant)
        found |= {hold.request_id for hold in page.holds}
        token = page.next_page_token
        if not token:
            return found


async def owner_of(platform: Platform, tenant: str) -> str:
    key = f"owner/{crc32(tenant.encode()) % platform.kafka.partitions}".encode()
    address = ""
    async for batch in read(platform.kafka, [Partition(platform.kafka.topic(BUDGET_STATE), 0)]):
        for record in batch:
            if record.key == key:
                address = pb.PartitionOwner.FromString(record.value or b"").address
    return address


def hard(dollars: str, team: str) -> pb.Budget:
    budget = yearly(dollars, f'team = "{team}"')
    budget.enforcement = pb.ENFORCEMENT_BLOCK
    return budget


async def spend(platform: Platform, requests: Sequence[str], team: str, tenant: str = "acme") -> None:
    """The usage events of some requests, half of what each had reserved."""
    position = LogPosition(incarnation=platform.life, partition=0)
    outgoing: list[Outgoing] = []
    for request in requests:
        platform.usage_offsets[0] += 1
        position.offset = platform.usage_offsets[0]
        usage = UsageEvent(tenant_id=tenant, team=team, source_event_id=request, time_unix_micros=SystemClock().now())
        record = CostRecord(usage=usage, revision=1, cost_delta_picos=PICOS_PER_DOLLAR // 2, usage_position=position)
        platform.sent.append(record)
        outgoing.append(Outgoing(COSTS, b"key", record.SerializeToString(), partition=0))
    written = platform.ledger.written[platform.life][0]
    positions = await platform.producer.produce(outgoing)
    written += [(offset, r) for (_, offset), r in zip(positions, platform.sent[-len(requests) :], strict=True)]


async def test_a_thousand_at_once_through_two_replicas_and_the_owner_is_killed(platform: Platform) -> None:
    async with running(platform) as one, running(platform) as two:
        await create(one, "first", hard("600", "search"))
        await create(one, "second", hard("700", "ads"))
        for replica in (one, two):
            await exact(platform, replica, "first", scope_filter='team = "search"')
            await exact(platform, replica, "second", scope_filter='team = "ads"')
        await eventually(lambda: reserve(two, "warm", "ops"))

        answers = await asyncio.gather(*(insist([one, two], f"r{n}", "search") for n in range(1_000)))
        assert sum(answers) == 600
        allowed = {f"r{n}" for n, answer in enumerate(answers) if answer}
        assert await insist([two], "r0", "search") == answers[0], "the same answer at another replica"

        asking = asyncio.gather(*(insist([one, two], f"s{n}", "ads") for n in range(1_000)))
        await asyncio.sleep(0.3)
        owner = await owner_of(platform, "acme")
        killed, left = (one, two) if owner == one.address else (two, one)
        assert owner == killed.address
        # Not Running.kill, which also cancels what is being asked.
        killed.process.kill()
        await killed.process.wait()
        answers = await asking
        assert sum(answers) == 700

        async def nothing_lost_and_nothing_leaked() -> None:
            assert await held(left, "first") == allowed
            assert await held(left, "second") == {f"s{n}" for n, answer in enumerate(answers) if answer}

        await nothing_lost_and_nothing_leaked()
        settled = sorted(allowed)[:300]
        half = money.to_proto(PICOS_PER_DOLLAR // 2)
        states = await asyncio.gather(
            *(left.ask("Settle", pb.SettleRequest(request_id=request, actual=half)) for request in settled)
        )
        assert {answer.state for answer in states} == {pb.SettleResponse.STATE_SETTLED}
        await spend(platform, sorted(allowed)[:400], "search")

        async def counted_once() -> None:
            status = await left.status("first")
            figures = [money.from_proto(m) / PICOS_PER_DOLLAR for m in (status.actual, status.held, status.settled)]
            assert figures == [200, 200, 0]

        await eventually(counted_once)
        again = await left.ask("Settle", pb.SettleRequest(request_id=settled[0], actual=half))
        assert again.state == pb.SettleResponse.STATE_COUNTED


async def test_two_tenants_use_the_same_names_and_ids_and_all_replicas_are_killed(platform: Platform) -> None:
    """What one of them reserves, settles, releases or uses is nothing to the other, before and after the log is read
    back."""
    allowances = {"acme": 60, "globex": 40}
    requests = [f"r{n}" for n in range(100)]
    allowed: dict[str, list[str]] = {}
    async with running(platform) as one, running(platform) as two:
        for tenant, dollars in allowances.items():
            await create(one, "limit", hard(str(dollars), "search"), tenant)
            for replica in (one, two):
                await exact(platform, replica, "limit", tenant)
            await eventually(lambda tenant=tenant: reserve(two, "warm", "ops", tenant))
        answers = await asyncio.gather(
            *(insist([one, two], request, "search", tenant) for request in requests for tenant in allowances)
        )
        for place, (tenant, dollars) in enumerate(allowances.items()):
            allowed[tenant] = [
                r for r, answer in zip(requests, answers[place :: len(allowances)], strict=True) if answer
            ]
            assert len(allowed[tenant]) == dollars
        both = sorted(set(allowed["acme"]) & set(allowed["globex"]))
        assert len(both) >= 3, "some ids are held by both"
        await one.ask("Release", pb.ReleaseRequest(request_id=both[0]), "globex")
        half = money.to_proto(PICOS_PER_DOLLAR // 2)
        settled = await two.ask("Settle", pb.SettleRequest(request_id=both[1], actual=half), "acme")
        assert settled.state == pb.SettleResponse.STATE_SETTLED
        await spend(platform, [both[2]], "search", "globex")
        for replica in (one, two):
            replica.process.kill()
            await replica.process.wait()

    async with running(platform) as one, running(platform) as two:

        async def each_has_its_own() -> None:
            for replica in (one, two):
                assert await held(replica, "limit", "acme") == set(allowed["acme"])
                assert await held(replica, "limit", "globex") == set(allowed["globex"]) - {both[0], both[2]}
                assert await figures(replica, "acme") == (0, 59, 0.5)
                assert await figures(replica, "globex") == (0.5, 38, 0)

        await eventually(each_has_its_own)
        # What was given back may be had again, once; by the other tenant's id nothing is.
        assert await insist([one, two], "again", "search", "globex")
        assert not await insist([one, two], "acme again", "search", "acme")


async def figures(one: Running, tenant: str) -> tuple[float, float, float]:
    """Dollars spent, held and settled."""
    status = await one.status("limit", tenant)
    spent, open_holds, settled = (
        money.from_proto(m) / PICOS_PER_DOLLAR for m in (status.actual, status.held, status.settled)
    )
    return spent, open_holds, settled
