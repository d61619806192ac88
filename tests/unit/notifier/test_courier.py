"""Intake and delivery around a record in memory: once for each destination, whatever comes again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from services.common.clock import DAY, SECOND, SystemClock
from services.common.errors import UnavailableError
from services.notifier.domain import budgets
from services.notifier.domain.delivery import Attempt, Key, Notification, Origin, Outcome, Retry, State
from services.notifier.domain.message import Kind, Message, Severity
from services.notifier.domain.routing import Route
from services.notifier.handlers.courier import Courier
from services.notifier.handlers.intake import Intake
from services.notifier.handlers.ports import Source
from tests.unit.notifier.samples import ORIGIN, budget_alert

SOURCE = (ORIGIN.topic, ORIGIN.partition)


class MemoryRecord:
    """The last row of each notification, as the table gives it."""

    def __init__(self) -> None:
        self.rows: dict[Key, Notification] = {}
        self.away = 0

    async def known(self, event_ids: Collection[str]) -> set[Key]:
        return {key for key in self.rows if key.event_id in event_ids}

    async def put(self, notifications: Sequence[Notification]) -> None:
        if self.away:
            self.away -= 1
            raise UnavailableError("told to be away")
        for notification in notifications:
            stored = self.rows.get(notification.key)
            if stored is None or notification.updated > stored.updated:
                self.rows[notification.key] = notification

    async def open(self, sources: Collection[Source]) -> Sequence[Notification]:
        return [
            n for n in self.rows.values()
            if n.state in (State.PENDING, State.SENDING) and (n.origin.topic, n.origin.partition) in sources
        ]  # fmt: skip

    def states(self) -> list[State]:
        return [n.state for n in self.rows.values()]


class Receiver:
    """A destination that does what it is told, then takes everything."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.received: list[str] = []
        self.attempts = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, notification: Notification) -> Attempt:
        self.attempts += 1
        await self.gate.wait()
        outcome = self.outcomes.pop(0) if self.outcomes else Outcome.DELIVERED
        if outcome is Outcome.DELIVERED:
            self.received.append(notification.message.event_id)
        return Attempt(outcome, "told so")


class Books:
    """Graveyard and watcher."""

    def __init__(self) -> None:
        self.buried: list[Notification] = []
        self.ends: list[State] = []

    async def bury(self, notification: Notification) -> None:
        self.buried.append(notification)

    def settled(self, notification: Notification) -> None:
        self.ends.append(notification.state)


class Desk:
    def __init__(self, record: MemoryRecord, books: Books, receivers: dict[str, Receiver]) -> None:
        clock = SystemClock()
        self.courier = Courier(receivers, record, books, books, Retry(3, SECOND // 100, SECOND), clock, drain_seconds=5)
        routes = [Route(name, frozenset(Kind), frozenset(), Severity.INFO) for name in receivers]
        self.intake = Intake(routes, record, self.courier, books, clock, DAY)


@asynccontextmanager
async def desk(record: MemoryRecord, books: Books, **receivers: Receiver) -> AsyncIterator[Desk]:
    opened = Desk(record, books, receivers)
    await opened.courier.start()
    await opened.courier.resume({SOURCE})
    try:
        yield opened
    finally:
        await opened.courier.stop()


def event(name: str) -> tuple[Message, Origin]:
    now = SystemClock().now()
    alert = budget_alert(name, at=now)
    alert.period_end_unix_micros = now + DAY
    message = budgets.message(alert)
    assert message is not None
    return message, ORIGIN


async def settled(books: Books, count: int) -> None:
    async with asyncio.timeout(5):
        while len(books.ends) < count:
            await asyncio.sleep(0.005)


async def test_each_destination_gets_each_event_once_however_often_it_comes() -> None:
    record, books, ops, mail = MemoryRecord(), Books(), Receiver(), Receiver()
    async with desk(record, books, ops=ops, mail=mail) as opened:
        await opened.intake.take([event("a"), event("b"), event("a")])
        await opened.intake.take([event("a")])
        await settled(books, 4)
    async with desk(record, books, ops=ops, mail=mail) as opened:
        await opened.intake.take([event("b"), event("a")])
        await asyncio.sleep(0.05)
    assert sorted(ops.received) == sorted(mail.received) == ["a", "b"]
    assert record.states() == [State.SENT] * 4


async def test_a_refusing_destination_is_asked_again_and_others_do_not_wait() -> None:
    record, books = MemoryRecord(), Books()
    slow, quick = Receiver(Outcome.REFUSED, Outcome.REFUSED), Receiver()
    async with desk(record, books, slow=slow, quick=quick) as opened:
        slow.gate.clear()
        await opened.intake.take([event("a"), event("b")])
        await settled(books, 2)
        assert quick.received == ["a", "b"]
        slow.gate.set()
        await settled(books, 4)
    assert sorted(slow.received) == ["a", "b"]
    assert slow.attempts == 4
    assert not books.buried


async def test_what_is_refused_too_often_is_given_up_and_buried() -> None:
    record, books, ops = MemoryRecord(), Books(), Receiver(*[Outcome.REFUSED] * 3)
    async with desk(record, books, ops=ops) as opened:
        await opened.intake.take([event("a")])
        await settled(books, 1)
    assert [(n.state, n.attempts) for n in books.buried] == [(State.FAILED, 3)]
    assert record.states() == books.ends == [State.FAILED]


async def test_an_uncertain_attempt_is_not_repeated() -> None:
    record, books, ops = MemoryRecord(), Books(), Receiver(Outcome.UNCERTAIN)
    async with desk(record, books, ops=ops) as opened:
        await opened.intake.take([event("a")])
        await settled(books, 1)
    async with desk(record, books, ops=ops):
        await asyncio.sleep(0.05)
    assert (ops.attempts, record.states()) == (1, [State.UNCERTAIN])


async def test_what_a_crash_left_in_sending_is_uncertain_and_what_it_left_pending_is_sent() -> None:
    record, books, ops = MemoryRecord(), Books(), Receiver()
    async with desk(record, books) as opened:
        unrouted = Intake(
            [Route("ops", frozenset(Kind), frozenset(), Severity.INFO)],
            record, Courier({"ops": ops}, record, books, books, Retry(3, 1, 1), SystemClock(), 1), books,
            SystemClock(), DAY,
        )  # fmt: skip
        await unrouted.take([event("cut"), event("waiting")])
        assert opened is not None
    cut = next(n for n in record.rows.values() if n.message.event_id == "cut")
    await record.put([cut.claimed(SystemClock().now())])
    async with desk(record, books, ops=ops):
        await settled(books, 2)
    assert ops.received == ["waiting"]
    assert sorted(record.states()) == [State.SENT, State.UNCERTAIN]


async def test_a_message_for_a_destination_that_is_gone_fails() -> None:
    record, books = MemoryRecord(), Books()
    closed = Receiver()
    closed.gate.clear()
    opened = Desk(record, books, {"old": closed})
    await opened.intake.take([event("a")])
    async with desk(record, books, new=Receiver()):
        assert record.states() == [State.FAILED]


async def test_nothing_is_sent_that_cannot_be_claimed() -> None:
    record, books, ops = MemoryRecord(), Books(), Receiver()
    async with desk(record, books, ops=ops) as opened:
        await opened.intake.take([event("a")])
        record.away = 1
        await asyncio.sleep(0.05)
        assert ops.attempts == 0
        await settled(books, 1)
    assert ops.received == ["a"]


async def test_a_released_partition_waits_for_what_is_under_way_and_its_retry_is_left_to_others() -> None:
    record, books, ops = MemoryRecord(), Books(), Receiver(Outcome.REFUSED)
    async with desk(record, books, ops=ops) as opened:
        ops.gate.clear()
        await opened.intake.take([event("a"), event("b")])
        while not ops.attempts:
            await asyncio.sleep(0.005)
        releasing = asyncio.create_task(opened.courier.release({SOURCE}))
        await asyncio.sleep(0.02)
        assert not releasing.done()
        ops.gate.set()
        await releasing
        await asyncio.sleep(0.1)
        assert ops.attempts == 1
        assert record.states() == [State.PENDING, State.PENDING]
        await opened.courier.resume({SOURCE})
        await settled(books, 2)
    assert sorted(ops.received) == ["a", "b"]


async def test_old_events_are_recorded_and_not_sent() -> None:
    record, books, ops = MemoryRecord(), Books(), Receiver()
    old = budgets.message(budget_alert("old"))
    assert old is not None
    async with desk(record, books, ops=ops) as opened:
        await opened.intake.take([(old, ORIGIN)])
    assert record.states() == books.ends == [State.STALE]
    assert ops.attempts == 0
