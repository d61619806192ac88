"""Every sum is exact: the service is killed, doubled, moved to another life of the log, fed poison."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing
from services.common.kafka.topics import COSTS, DEAD_LETTER, create_topics
from services.common.money import PICOS_PER_DOLLAR
from tests.integration.budget.harness import Platform, running
from tests.integration.budget.steps import alerts, create, eventually, exact, load, yearly


@pytest.mark.slow
async def test_killed_under_load_again_and_again_every_sum_is_exact(platform: Platform) -> None:
    await platform.spend(300, seed=0)
    one = await platform.start()
    await create(one, "all", yearly("1"))
    await create(one, "search", yearly("1", 'team = "search"'))
    await create(one, "all", yearly("1000"), "globex")
    chance = random.Random(7)
    for life in range(3):
        sending = asyncio.create_task(load(platform, seed=10 * life + 1))
        await asyncio.sleep(chance.uniform(0.5, 2.5))
        await one.kill()
        one = await platform.start()
        if life == 1:
            await create(one, "late", yearly("1", 'model = "gpt-4o" AND NOT team = "ops"'))
        await sending
    try:
        await exact(platform, one, "all")
        await exact(platform, one, "search", scope_filter='team = "search"')
        await exact(platform, one, "late", scope_filter='model = "gpt-4o" AND NOT team = "ops"')
        await exact(platform, one, "all", "globex")
        assert sum(platform.spent("acme")) > PICOS_PER_DOLLAR, "the load must pass the thresholds"

        async def all_fired() -> None:
            fired = await alerts(platform)
            acme = {(a.budget.name, a.threshold_percent) for a in fired if a.tenant_id == "acme"}
            assert {("budgets/all", percent) for percent in (50, 80, 100)} <= acme

        await eventually(all_fired)
        assert all(count == 1 for count in Counter(alert.alert_id for alert in await alerts(platform)).values())
        before = await one.status("all")
        assert await one.stop() == 0
        async with running(platform) as again:
            await exact(platform, again, "all")
            after = await again.status("all")
            assert [t.crossed_unix_micros for t in after.thresholds] == [
                t.crossed_unix_micros for t in before.thresholds
            ]
            assert len({a.alert_id for a in await alerts(platform)}) == len(await alerts(platform))
    finally:
        if one.process.returncode is None:
            await one.kill()


@pytest.mark.slow
async def test_two_replicas_share_the_work_and_one_takes_over(platform: Platform) -> None:
    async with running(platform) as one, running(platform) as two:
        await create(one, "all", yearly("1"))
        await platform.spend(500, seed=1)
        await exact(platform, one, "all")
        await exact(platform, two, "all")
        sending = asyncio.create_task(load(platform, seed=2))
        await asyncio.sleep(1)
        await one.kill()
        await sending
        await exact(platform, two, "all")
        assert max(Counter(alert.alert_id for alert in await alerts(platform)).values(), default=0) <= 1


@pytest.mark.slow
async def test_another_life_of_the_log_counts_what_the_ledger_kept(platform: Platform) -> None:
    async with running(platform) as one:
        await create(one, "all", yearly("1000"))
        await platform.spend(200, seed=1)
        await exact(platform, one, "all")
    # The log begins anew, empty: other topics, another incarnation, usage offsets from zero.
    platform.kafka = platform.kafka.model_copy(update={"topic_prefix": platform.kafka.topic_prefix + "second."})
    platform.life, platform.usage_offsets = "second life", Counter()
    await create_topics(platform.kafka)
    await platform.producer.stop()
    platform.producer = Producer(platform.kafka, client_id="test")
    await platform.producer.start()
    async with running(platform) as one:
        await exact(platform, one, "all")
        await platform.spend(200, seed=2)
        await exact(platform, one, "all")


async def test_poison_does_not_stop_the_sums(platform: Platform) -> None:
    async with running(platform) as one:
        await create(one, "all", yearly("10"))
        await platform.spend(50, seed=1)
        await exact(platform, one, "all")
        await platform.producer.produce([Outgoing(COSTS, b"k", b"\xff\xff\xff", partition=0)])
        await platform.spend(50, seed=2)
        await exact(platform, one, "all")

        async def set_aside() -> None:
            assert await platform.logged(DEAD_LETTER) == [b"\xff\xff\xff"]

        await eventually(set_aside)
