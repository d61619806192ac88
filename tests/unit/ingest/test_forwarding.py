"""From the journal to Kafka and out of the journal: order, outages, retirement. Kafka and the ledger are in memory;
the integration tests have real ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

import pytest

from services.common.clock import ManualClock
from services.common.component import Health
from services.common.errors import UnavailableError
from services.ingest.adapters.delivery import JournalFirst, KafkaFirst
from services.ingest.adapters.journal.forwarder import Forwarder
from services.ingest.adapters.journal.frames import Stored
from services.ingest.adapters.journal.journal import Journal
from services.ingest.adapters.journal.retirement import Retirement
from services.ingest.domain.identity import Event
from tests.unit.ingest.building import NOW, sealed
from tests.unit.ingest.test_journal import journal_in


class Broker:
    """Keeps what it acknowledges; can be away."""

    name = "broker"

    def __init__(self) -> None:
        self.log: list[Event] = []
        self.away = False
        self.batches = 0

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def health(self) -> Health:
        return Health(ready=not self.away, detail="Kafka: away" if self.away else "")

    async def send(self, stored: Sequence[Stored], *, timeout_seconds: float) -> Mapping[int, int]:
        """A log of one partition."""
        await asyncio.sleep(0)
        if self.away:
            raise UnavailableError("away")
        self.batches += 1
        self.log += [one.event for one in stored]
        return {0: len(self.log) - 1}


class Ledger:
    """Holds the latest revision of what it is given."""

    def __init__(self) -> None:
        self.held: dict[bytes, bytes] = {}
        self.last_offset = -1
        self.away = False

    def hold(self, *events: Event) -> None:
        self.held |= {event.key: event.content_hash for event in events}

    async def known(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        if self.away:
            raise UnavailableError("away")
        return {key: self.held[key] for key in keys if key in self.held}

    async def rated(self) -> Mapping[int, int]:
        return {0: self.last_offset}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
async def kafka_first(tmp_path: Path, broker: Broker) -> AsyncIterator[tuple[KafkaFirst, Journal]]:
    journal = journal_in(tmp_path)
    forwarder = Forwarder(journal, broker, ManualClock(NOW), discard_when_sent=True)
    log = KafkaFirst(journal, forwarder, broker, broker, timeout_seconds=0.2)
    await log.start()
    yield log, journal
    await log.stop()


async def test_while_kafka_is_there_nothing_is_journaled(
    kafka_first: tuple[KafkaFirst, Journal], broker: Broker, tmp_path: Path
) -> None:
    log, journal = kafka_first
    await log.append([sealed(1), sealed(2)])
    assert broker.log == [sealed(1), sealed(2)]
    assert broker.batches == 1
    assert journal.is_empty
    assert not list((tmp_path / "journal").glob("*.journal"))
    assert log.health() == Health(ready=True)


async def test_an_outage_fills_the_journal_which_drains_in_order(
    kafka_first: tuple[KafkaFirst, Journal], broker: Broker, tmp_path: Path
) -> None:
    log, journal = kafka_first
    broker.away = True
    for number in range(20):
        await log.append([sealed(number)])
    health = log.health()
    assert health.ready
    assert "Kafka: away" in health.detail
    assert "wait in the journal" in health.detail
    broker.away = False
    # It comes behind those that wait.
    await log.append([sealed(20)])
    await until(lambda: journal.is_empty)
    assert broker.log == [sealed(number) for number in range(21)]
    assert not list((tmp_path / "journal").glob("*.journal"))
    await log.append([sealed(21)])
    assert broker.log[-1] == sealed(21)


async def test_under_steady_load_it_returns_to_kafka(kafka_first: tuple[KafkaFirst, Journal], broker: Broker) -> None:
    log, journal = kafka_first
    broker.away = True
    await log.append([sealed(0)])
    broker.away = False
    done = False

    async def load(lane: int) -> None:
        number = lane
        while not done:
            number += 4
            await log.append([sealed(number)])

    lanes = [asyncio.create_task(load(lane)) for lane in range(1, 5)]
    # Direct batches of one event appear only once the journal is out of the way.
    await until(lambda: journal.is_empty and broker.batches > 100)
    done = True
    await asyncio.gather(*lanes)
    await until(lambda: journal.is_empty)


async def test_a_full_journal_and_no_kafka_is_not_ready(tmp_path: Path, broker: Broker) -> None:
    journal = journal_in(tmp_path, max_bytes=1_000, segment_bytes=1_000)
    log = KafkaFirst(
        journal,
        Forwarder(journal, broker, ManualClock(NOW), discard_when_sent=True),
        broker,
        broker,
        timeout_seconds=0.05,
    )
    await log.start()
    broker.away = True
    with pytest.raises(UnavailableError, match="full"):
        for number in range(100):
            await log.append([sealed(number)])
    broker.away = False
    await until(lambda: journal.is_empty)
    await log.append([sealed(1)])
    assert log.health().ready
    await log.stop()
    with pytest.raises(UnavailableError, match="stopping"):
        await log.append([sealed(1)])
    assert not log.health().ready


class Embedded:
    """The journal-first log with its parts."""

    def __init__(self, folder: Path, broker: Broker, ledger: Ledger, *, resend_after: float = 60.0) -> None:
        self.journal = journal_in(folder)
        self.forwarder = Forwarder(self.journal, broker, ManualClock(NOW), discard_when_sent=False)
        self.retirement = Retirement(
            self.journal,
            self.forwarder,
            ledger,
            poll_seconds=60,
            seal_after_seconds=0,
            resend_after_seconds=resend_after,
        )
        self.log = JournalFirst(self.journal, self.forwarder, broker, self.retirement)


async def test_the_journal_answers_and_kafka_follows(tmp_path: Path, broker: Broker) -> None:
    embedded = Embedded(tmp_path, broker, Ledger())
    await embedded.log.start()
    broker.away = True
    await embedded.log.append([sealed(1)])
    assert embedded.log.health().ready
    broker.away = False
    await embedded.log.append([sealed(2)])
    await until(lambda: len(broker.log) == 2)
    assert broker.log == [sealed(1), sealed(2)]
    await embedded.log.stop()


async def test_a_segment_goes_only_when_the_ledger_holds_all_of_it(tmp_path: Path, broker: Broker) -> None:
    ledger = Ledger()
    embedded = Embedded(tmp_path, broker, ledger)
    await embedded.log.start()
    await embedded.log.append([sealed(1), sealed(2)])
    await until(lambda: len(broker.log) == 2)
    await embedded.retirement.look()
    ledger.hold(sealed(2))
    await embedded.retirement.look()
    assert len(embedded.journal.segments) == 1
    ledger.away = True
    with pytest.raises(UnavailableError):
        await embedded.retirement.look()
    ledger.away = False
    ledger.hold(sealed(1))
    await embedded.retirement.look()
    assert embedded.journal.is_empty
    await embedded.log.stop()


async def test_an_older_revision_in_the_ledger_is_not_this_event(tmp_path: Path, broker: Broker) -> None:
    ledger = Ledger()
    ledger.hold(sealed(1, tokens=1))
    embedded = Embedded(tmp_path, broker, ledger)
    await embedded.log.start()
    await embedded.log.append([sealed(1, tokens=2)])
    await until(lambda: len(broker.log) == 1)
    await embedded.retirement.look()
    assert len(embedded.journal.segments) == 1
    ledger.hold(sealed(1, tokens=2))
    await embedded.retirement.look()
    assert embedded.journal.is_empty
    await embedded.log.stop()


async def test_a_revision_is_held_where_a_later_one_of_the_journal_is(tmp_path: Path, broker: Broker) -> None:
    ledger = Ledger()
    embedded = Embedded(tmp_path, broker, ledger)
    await embedded.log.start()
    await embedded.log.append([sealed(1, tokens=1), sealed(2)])
    await embedded.journal.roll()
    await embedded.log.append([sealed(1, tokens=2)])
    await until(lambda: len(broker.log) == 3)
    ledger.hold(sealed(1, tokens=2), sealed(2))
    await embedded.retirement.look()
    assert embedded.journal.is_empty
    await embedded.log.stop()


async def test_what_the_ledger_dropped_on_purpose_does_not_hold_the_journal_up(tmp_path: Path, broker: Broker) -> None:
    ledger = Ledger()
    embedded = Embedded(tmp_path, broker, ledger)
    await embedded.log.start()
    # The final record came before, and this estimate of the same event after it: nothing is written for it.
    ledger.hold(sealed(1, tokens=1))
    await embedded.log.append([sealed(1, tokens=2), sealed(2)])
    await until(lambda: len(broker.log) == 2)
    ledger.hold(sealed(2))
    for offset in (-1, 0, 1):
        ledger.last_offset = offset
        await embedded.retirement.look()
        assert len(embedded.journal.segments) == 1, "it may still come"
    ledger.last_offset = 2
    await embedded.retirement.look()
    assert embedded.journal.is_empty
    assert not list((tmp_path / "journal").glob("*.refused"))
    await embedded.log.stop()


async def test_an_event_that_was_never_rated_is_kept_aside(tmp_path: Path, broker: Broker) -> None:
    ledger = Ledger()
    embedded = Embedded(tmp_path, broker, ledger)
    await embedded.log.start()
    await embedded.log.append([sealed(number) for number in range(4)])
    await until(lambda: len(broker.log) == 4)
    ledger.hold(sealed(0), sealed(3))
    ledger.last_offset = 3
    await embedded.retirement.look()
    assert len(embedded.journal.segments) == 1
    ledger.last_offset = 4
    await embedded.retirement.look()
    assert embedded.journal.is_empty
    await embedded.log.stop()
    (aside,) = (tmp_path / "journal").glob("*.refused")
    # Under its old name it is a segment again.
    aside.rename(aside.with_suffix(".journal"))
    again = Embedded(tmp_path, Broker(), ledger)
    await again.journal.open()
    (segment,) = again.journal.segments
    stored, _ = await again.journal.read(segment, 0)
    assert [one.event for one in stored] == [sealed(1), sealed(2)]
    await again.journal.close()


async def test_a_resend_is_waited_for_anew(tmp_path: Path, broker: Broker) -> None:
    ledger = Ledger()
    embedded = Embedded(tmp_path, broker, ledger, resend_after=0.01)
    await embedded.log.start()
    await embedded.log.append([sealed(1)])
    await until(lambda: len(broker.log) == 1)
    await embedded.retirement.look()
    await asyncio.sleep(0.02)
    await embedded.retirement.look()
    await until(lambda: len(broker.log) == 2)
    ledger.last_offset = 1
    await embedded.retirement.look()
    assert len(embedded.journal.segments) == 1
    await embedded.log.stop()


async def test_what_comes_after_a_long_silence_is_not_sent_twice(tmp_path: Path, broker: Broker) -> None:
    embedded = Embedded(tmp_path, broker, Ledger(), resend_after=0.05)
    await embedded.log.start()
    await asyncio.sleep(0.1)
    await embedded.log.append([sealed(1)])
    await until(lambda: len(broker.log) == 1)
    await embedded.retirement.look()
    await embedded.retirement.look()
    await asyncio.sleep(0)
    assert len(broker.log) == 1
    await embedded.log.stop()


async def test_segments_go_in_order(tmp_path: Path, broker: Broker) -> None:
    ledger = Ledger()
    embedded = Embedded(tmp_path, broker, ledger)
    await embedded.log.start()
    await embedded.log.append([sealed(1)])
    await embedded.journal.roll()
    await embedded.log.append([sealed(2)])
    await until(lambda: len(broker.log) == 2)
    ledger.hold(sealed(2))
    await embedded.retirement.look()
    assert len(embedded.journal.segments) == 2
    await embedded.log.stop()


async def test_a_start_sends_what_is_left_again(tmp_path: Path, broker: Broker) -> None:
    first = Embedded(tmp_path, broker, Ledger())
    await first.log.start()
    await first.log.append([sealed(1), sealed(2)])
    await until(lambda: len(broker.log) == 2)
    await first.log.stop()
    empty = Broker()
    second = Embedded(tmp_path, empty, Ledger())
    await second.log.start()
    await until(lambda: empty.log == [sealed(1), sealed(2)])
    await second.log.stop()


async def test_a_broker_that_lost_everything_is_filled_again(tmp_path: Path, broker: Broker) -> None:
    embedded = Embedded(tmp_path, broker, Ledger(), resend_after=0.01)
    await embedded.log.start()
    await embedded.log.append([sealed(1), sealed(2)])
    await until(lambda: len(broker.log) == 2)
    broker.log.clear()
    await embedded.retirement.look()
    await asyncio.sleep(0.02)
    await embedded.retirement.look()
    await until(lambda: broker.log == [sealed(1), sealed(2)])
    await embedded.log.stop()
