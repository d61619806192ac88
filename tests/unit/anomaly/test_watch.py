"""The processor: however records are read, and whatever happens in between, the same anomalies are told once."""

from __future__ import annotations

from copy import deepcopy
from random import Random

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import Measurement

from services.anomaly.domain.series import Cell, Totals
from services.anomaly.handlers.watch import BackfillError, WatchOptions
from services.common.clock import HOUR, MINUTE, SECOND, ManualClock, Micros
from services.common.errors import UnavailableError
from services.common.kafka.record import Batch
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.organisation import FIRST, TENANT
from tests.unit.anomaly.stream import Bench, CostLog, StoredRecord, cost_of

DAYS = 24
NOW: Micros = (FIRST + 24 * DAYS) * HOUR
SPIKE = 24 * 20 + 9
_OPENED, _UPDATED, _CLOSED = AnomalyEvent.TYPE_OPENED, AnomalyEvent.TYPE_UPDATED, AnomalyEvent.TYPE_CLOSED


def cell(hour: int, team: str) -> Cell:
    return Cell(TENANT, FIRST + hour, (TENANT, team, f"{team}-p", f"{team}-k", "api", "openai", "gpt-4o", "api"))


def usual(hours: range, seed: int = 1) -> list[CostRecord]:
    """Two teams, a spike of one of them, a few records an hour."""
    rng = Random(seed)
    costs: list[CostRecord] = []
    for hour in hours:
        for team, dollars in (("search", 6.0), ("support", 9.0)):
            times = 9 if team == "search" and SPIKE <= hour < SPIKE + 5 else 1
            for part in range(4):
                totals = Totals(int(times * dollars / 4 * rng.lognormvariate(0, 0.2) * PICOS_PER_DOLLAR), 15 * times, 1)
                costs.append(cost_of(cell(hour, team), totals, part + 10 * len(team), minute=part * 14))
    return costs


def history(log: CostLog, costs: list[CostRecord], start: Micros = NOW, seconds: float = 60.0) -> None:
    """Appends costs in the order of time, all within so many seconds."""
    costs = sorted(costs, key=lambda cost: cost.usage.time_unix_micros)
    for place, cost in enumerate(costs):
        log.append(cost, start + round(place / len(costs) * seconds * SECOND))


async def bench_with_history() -> Bench:
    bench = Bench(CostLog(), ManualClock(NOW))
    await bench.start()
    history(bench.log, usual(range(24 * DAYS)))
    bench.clock.advance(60 * SECOND)
    return bench


_told: list[Bench] = []


async def told_of_history() -> Bench:
    """A bench of one's own, as it stands when the history was read; that is read once, and copied."""
    if not _told:
        bench = await bench_with_history()
        await bench.read_all()
        await bench.idle()
        _told.append(bench)
    return deepcopy(_told[0])


async def test_history_in_a_minute_finds_the_incident_in_it() -> None:
    bench = await told_of_history()
    (found,) = bench.archive.anomalies.values()
    assert dict(found.series) == {"team": "search"}
    assert found.state == Anomaly.STATE_CLOSED
    assert (found.start_unix_micros // HOUR - FIRST, found.end_unix_micros // HOUR - FIRST) == (SPIKE, SPIKE + 5)
    assert [event.type for event in bench.archive.events] == [_OPENED, _CLOSED]
    assert len({event.event_id for event in bench.archive.events}) == 2
    assert found.create_unix_micros == found.update_unix_micros == bench.clock.now()
    assert bench.counts.late == 0


@pytest.mark.parametrize("seed", range(6))
async def test_batches_and_interleaving_change_nothing(seed: int) -> None:
    expected = await told_of_history()
    bench, rng = await bench_with_history(), Random(seed)
    # One partition may be read to its end before another is begun, in batches of any size, with ticks in between.
    greed = rng.choice([0.2, 0.9, 0.995])
    partition = rng.randrange(3)
    while any(bench.position[p] < len(bench.log.records[p]) for p in range(3)):
        if rng.random() > greed or bench.position[partition] >= len(bench.log.records[partition]):
            partition = rng.randrange(3)
        await bench.read(partition, rng.randrange(1, 700))
        if rng.random() < 0.3:
            await bench.watch.tick()
    await bench.idle()
    assert bench.anomalies() == expected.anomalies()
    assert bench.counts.late == 0


async def test_history_appended_unevenly_to_partitions() -> None:
    """The rater may fill one partition with weeks before it comes to the next."""
    bench = Bench(CostLog(), ManualClock(NOW))
    await bench.start()
    costs = usual(range(24 * DAYS))
    for partition in range(3):
        for place, cost in enumerate(costs[partition::3]):
            at = NOW + partition * 20 * SECOND + place * 20 * SECOND // len(costs)
            bench.log.append(cost, at, partition)
        bench.clock.set(NOW + (partition + 1) * 20 * SECOND)
        await bench.read_all()
        await bench.watch.tick()
    await bench.idle()
    assert bench.counts.late == 0
    expected = await told_of_history()
    assert bench.anomalies() == expected.anomalies()


@pytest.mark.parametrize("at", [0.0, 0.3, 0.85, 1.0])
async def test_a_restart_anywhere_tells_nothing_twice(at: float) -> None:
    expected = await told_of_history()
    bench = await bench_with_history()
    for partition, records in bench.log.records.items():
        await bench.read(partition, round(at * len(records)))
        bench.ledger.through[partition] = round(at * 0.7 * len(records)) - 1
    await bench.restart()
    await bench.read_all()
    await bench.idle()
    assert bench.anomalies() == expected.anomalies()
    assert [event.type for event in bench.archive.events] == [_OPENED, _CLOSED]


async def test_a_restart_after_everything_was_told_is_quiet() -> None:
    bench = await told_of_history()
    bench.ledger.take_in_everything()
    before = bench.story()
    for _ in range(2):
        await bench.restart()
        await bench.idle()
    assert bench.story() == before


async def live(bench: Bench, hours: range, *, silent: range = range(0), times: int = 1) -> None:
    """Live traffic: records are read as they come, and the clock ticks in between."""
    for hour in hours:
        for minute in range(0, 60, 5):
            bench.clock.set((FIRST + hour) * HOUR + minute * MINUTE + 10 * SECOND)
            if hour not in silent:
                for team, dollars in (("search", 6.0), ("support", 9.0)):
                    more = times if team == "search" else 1
                    totals = Totals(round(more * dollars / 12 * PICOS_PER_DOLLAR), 5 * more, 1)
                    bench.log.append(cost_of(cell(hour, team), totals, minute + len(team), minute), bench.clock.now())
            await bench.read_all()
            await bench.watch.tick()
            bench.clock.advance(70 * SECOND)
            await bench.watch.tick()


async def test_live_an_anomaly_opens_while_its_hour_is_under_way_is_updated_each_hour_and_closes() -> None:
    bench = await told_of_history()
    bench.archive.events.clear()
    now = 24 * DAYS
    await live(bench, range(now, now + 3))
    await live(bench, range(now + 3, now + 7), times=9)
    await live(bench, range(now + 7, now + 13))
    kinds = [event.type for event in bench.archive.events]
    assert kinds == [_OPENED, _UPDATED, _UPDATED, _UPDATED, _UPDATED, _CLOSED]
    first, last = bench.archive.events[0].anomaly, bench.archive.events[-1].anomaly
    assert dict(first.series) == {"team": "search"}
    delay = first.create_unix_micros - (FIRST + now + 3) * HOUR
    assert 15 * MINUTE <= delay <= 40 * MINUTE
    assert last.create_unix_micros == first.create_unix_micros
    assert last.end_unix_micros == (FIRST + now + 7) * HOUR
    assert len({event.event_id for event in bench.archive.events}) == 6


async def test_live_silence_is_noticed_though_nothing_comes() -> None:
    bench = await told_of_history()
    bench.archive.events.clear()
    now = 24 * DAYS
    await live(bench, range(now, now + 3))
    await live(bench, range(now + 3, now + 8), silent=range(now + 3, now + 8))
    assert [event.type for event in bench.archive.events][:1] == [_OPENED]
    found = bench.archive.events[0].anomaly
    assert found.channel == Anomaly.CHANNEL_SILENCE
    assert dict(found.series) == {"tenant": TENANT}
    await live(bench, range(now + 8, now + 10))
    assert bench.archive.events[-1].type == _CLOSED


async def test_an_open_anomaly_goes_on_after_a_restart_under_its_name() -> None:
    bench = await told_of_history()
    bench.archive.events.clear()
    now = 24 * DAYS
    await live(bench, range(now, now + 2))
    await live(bench, range(now + 2, now + 5), times=9)
    bench.ledger.take_in_everything()
    await bench.restart()
    await live(bench, range(now + 5, now + 7), times=9)
    await live(bench, range(now + 7, now + 13))
    assert len({event.anomaly.name for event in bench.archive.events}) == 1
    assert [event.type for event in bench.archive.events].count(_OPENED) == 1
    assert bench.archive.events[-1].type == _CLOSED
    assert bench.archive.events[-1].anomaly.end_unix_micros == (FIRST + now + 7) * HOUR


async def test_an_open_anomaly_that_history_does_not_bear_out_is_closed() -> None:
    bench = await told_of_history()
    ghost = Anomaly(
        name="anomalies/ghost", tenant_id=TENANT, series={"team": "search"}, channel=Anomaly.CHANNEL_COST,
        state=Anomaly.STATE_OPEN, start_unix_micros=(FIRST + 300) * HOUR, end_unix_micros=(FIRST + 302) * HOUR,
        create_unix_micros=5,
    )  # fmt: skip
    await bench.archive.save([ghost])
    bench.ledger.take_in_everything()
    await bench.restart()
    await bench.idle()
    closed = bench.archive.anomalies["anomalies/ghost"]
    assert closed.state == Anomaly.STATE_CLOSED
    assert closed.create_unix_micros == 5


async def test_late_records_are_counted_and_correct_history_without_an_alarm() -> None:
    bench = await told_of_history()
    before = bench.story()
    for hour in range(24 * 10, 24 * 10 + 5):
        bench.log.append(cost_of(cell(hour, "support"), Totals(500 * PICOS_PER_DOLLAR, 900, 1), 77), bench.clock.now())
    await bench.read_all()
    await bench.idle()
    assert bench.counts.late == 5 * 900
    assert bench.story() == before


async def test_history_imported_after_live_use_began_is_judged_too() -> None:
    bench = Bench(CostLog(), ManualClock(NOW - 3 * HOUR), options=WatchOptions(rebuild_every=0))
    await bench.start()
    bench.log.append(cost_of(cell(24 * DAYS - 4, "search"), Totals(PICOS_PER_DOLLAR, 10, 1), 1), NOW - 3 * HOUR)
    await bench.read_all()
    bench.clock.set(NOW)
    await bench.idle()
    history(bench.log, usual(range(24 * DAYS - 4)), bench.clock.now())
    bench.clock.advance(60 * SECOND)
    await bench.read_all()
    assert bench.counts.late > 0
    await bench.idle()
    bench.ledger.take_in_everything()
    bench.log.append(cost_of(cell(24 * DAYS, "search"), Totals(PICOS_PER_DOLLAR, 10, 1), 2), bench.clock.now())
    with pytest.raises(BackfillError):
        await bench.read_all()
    await bench.start()
    await bench.read_all()
    await bench.idle()
    spikes = [e for e in bench.archive.events if e.anomaly.channel == Anomaly.CHANNEL_COST]
    assert [(dict(e.anomaly.series), e.type) for e in spikes] == [
        ({"team": "search"}, _OPENED),
        ({"team": "search"}, _CLOSED),
    ]


async def test_what_cannot_be_told_waits() -> None:
    bench = await bench_with_history()
    bench.archive.away = True
    await bench.read_all()
    await bench.idle()
    assert not bench.archive.anomalies
    bench.archive.away = False
    await bench.watch.tick()
    assert [event.type for event in bench.archive.events] == [_OPENED, _CLOSED]


async def test_without_the_ledger_nothing_starts() -> None:
    bench = Bench(CostLog(), ManualClock(NOW))
    bench.ledger.away = True
    with pytest.raises(UnavailableError):
        await bench.start()
    await bench.watch.tick()


async def test_what_does_not_rise_is_dropped() -> None:
    bench = Bench(CostLog(), ManualClock(NOW))
    await bench.start()
    record = bench.log.append(cost_of(cell(0, "search"), Totals(1, 1, 1), 1), NOW)
    again = StoredRecord(record.topic, record.partition, record.offset + 1, record.timestamp, record.key, record.value)
    await bench.watch.process(Batch([record, again]))
    assert (bench.counts.watched, bench.counts.repeated) == (1, 1)


async def test_reported_figures_seats_and_ancient_events_are_not_watched() -> None:
    bench = Bench(CostLog(), ManualClock(NOW))
    await bench.start()
    reported, seat = cost_of(cell(0, "a"), Totals(1, 1, 1), 1), cost_of(cell(0, "a"), Totals(1, 0, 1), 2)
    reported.usage.measurement = Measurement.MEASUREMENT_REPORTED
    seat.usage.quantities.seats = 1
    ancient = cost_of(cell(-24 * 60, "a"), Totals(1, 1, 1), 3)
    for cost in (reported, seat, ancient):
        bench.log.append(cost, NOW, 0)
    await bench.read_all()
    assert (bench.counts.watched, bench.counts.too_old) == (0, 1)


async def test_poison_is_rejected_and_the_rest_counts() -> None:
    bench = Bench(CostLog(), ManualClock(NOW))
    await bench.start()
    good = bench.log.append(cost_of(cell(0, "search"), Totals(1, 1, 1), 1), NOW, 0)
    bad = StoredRecord(good.topic, 0, 1, good.timestamp, b"k", b"\xff\xff\xff")
    empty = StoredRecord(good.topic, 0, 2, good.timestamp, b"k", b"")
    batch = Batch([good, bad, empty])
    await bench.watch.process(batch)
    assert [(r.record.offset, r.reason) for r in batch.rejections] == [(1, "undecodable"), (2, "incomplete")]
    assert bench.counts.watched == 1


async def test_tenants_are_watched_apart() -> None:
    bench = await bench_with_history()
    other = usual(range(24 * DAYS), seed=2)
    for cost in other:
        cost.usage.tenant_id = "globex"
    history(bench.log, other, bench.clock.now(), 10)
    bench.clock.advance(10 * SECOND)
    await bench.read_all()
    await bench.idle()
    tenants = [a.tenant_id for a in bench.archive.anomalies.values()]
    assert sorted(tenants) == [TENANT, "globex"]
    assert bench.counts.late == 0
