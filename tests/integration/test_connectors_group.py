"""Who polls what, decided by a consumer group on a real Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from services.common.kafka.topics import create_topics
from services.common.settings import KafkaSettings
from services.connectors.adapters.group import PollerGroup
from services.connectors.handlers.poll_ports import Lease, LeaseLostError


@dataclass
class Holder:
    """Remembers what it was given; `log` is shared, so that the order of several shows."""

    name: str
    log: list[tuple[str, str, frozenset[int]]]
    mine: frozenset[int] = frozenset()
    shares: int = 0
    lease: Lease | None = None
    slow_to_release: float = 0.0
    others: list[Holder] = field(default_factory=list)
    overlaps: list[frozenset[int]] = field(default_factory=list)

    async def take(self, mine: frozenset[int], shares: int, lease: Lease) -> None:
        lease.check()
        self.overlaps += [both for other in self.others if (both := mine & other.mine)]
        self.mine, self.shares, self.lease = mine, shares, lease
        self.log.append((self.name, "take", mine))

    async def release(self) -> None:
        await asyncio.sleep(self.slow_to_release)
        self.log.append((self.name, "release", self.mine))
        self.mine = frozenset()


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def member(kafka: KafkaSettings, holder: Holder) -> AsyncIterator[PollerGroup]:
    group = PollerGroup(kafka, holder)
    await group.start()
    try:
        yield group
    finally:
        await group.stop()


async def test_a_member_waits_for_the_topic_and_says_so(kafka_settings: KafkaSettings) -> None:
    holder = Holder("a", [])
    async with member(kafka_settings, holder) as group:
        await until(lambda: "aifinops topics" in group.health().detail)
        assert not group.health().ready and group.health().alive
        await create_topics(kafka_settings)
        await until(lambda: holder.mine == {0, 1, 2})
        assert holder.shares == 3 and group.health().ready
    assert holder.mine == frozenset()


@pytest.mark.slow
async def test_members_come_and_go_and_no_share_is_ever_two_members(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    log: list[tuple[str, str, frozenset[int]]] = []
    a, b, c = (Holder(name, log, slow_to_release=0.3) for name in "abc")
    for holder in (a, b, c):
        holder.others = [other for other in (a, b, c) if other is not holder]
    async with member(kafka_settings, a):
        await until(lambda: a.mine == {0, 1, 2})
        async with member(kafka_settings, b):
            await until(lambda: bool(a.mine) and bool(b.mine) and a.mine | b.mine == {0, 1, 2})
            async with member(kafka_settings, c):
                await until(lambda: all(len(holder.mine) == 1 for holder in (a, b, c)))
            await until(lambda: a.mine | b.mine == {0, 1, 2})
        await until(lambda: a.mine == {0, 1, 2})
        assert a.lease is not None
        await asyncio.sleep(kafka_settings.session_timeout_ms / 1_000 * 1.2)
        a.lease.check()
    assert [holder.overlaps for holder in (a, b, c)] == [[], [], []]
    with pytest.raises(LeaseLostError):
        a.lease.check()
