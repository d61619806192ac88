"""A batch counted as arrays, and as objects: the same hours, minutes, watermarks and rejections."""

from __future__ import annotations

from random import Random

import pytest
from finops.cost.v1.cost_pb2 import Booked, CostRecord
from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED, OUTCOME_FAILED, Quantities, UsageEvent

from services.anomaly.domain.cost_columns import CostColumns
from services.anomaly.domain.novelty.sightings import SIGHTED
from services.anomaly.domain.plan import Window
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Reader
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.domain.watermark import LogClock, Patience, Watermark
from services.anomaly.handlers import counting
from services.anomaly.handlers.counting import Counting
from services.anomaly.handlers.desk import Desk
from services.common.clock import DAY, HOUR, MINUTE, SECOND, ManualClock, Micros
from services.common.dimensions import ADJUSTMENTS
from services.common.kafka.record import Batch
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.stream import LIFE, TOPIC, CostLog, Counts, StoredRecord

NOW: Micros = FIRST * HOUR + 5 * DAY
READER = Reader(["team", "user", "key", "model", "source", "team+model"], SIGHTED)


def _record(rng: Random, n: int) -> CostRecord:
    """Some use of one of three tenants, now and then in a form that is rare."""
    cost = CostRecord(revision=1, events_delta=1, cost_delta_picos=rng.randrange(10**11))
    usage, more = cost.usage, cost.quantity_delta
    usage.event_key, usage.source_event_id = rng.randbytes(16), f"e{n}"
    usage.tenant_id, usage.source = (
        rng.choice(["acme", "globex", "umbrella"]),
        rng.choice(["gateway", "api", ADJUSTMENTS]),
    )
    for name in ("team", "user", "project", "key", "provider", "model", "session", "environment", "region"):
        if rng.random() < 0.7:
            setattr(usage, name, f"{name}-{rng.randrange(3)}é")
    for tag in rng.sample(["client_network", "feature", "run"], rng.randrange(4)):
        usage.tags[tag] = f"{tag}{rng.randrange(3)}"
    usage.time_unix_micros = NOW - rng.choice([0, MINUTE, HOUR, 3 * HOUR, 300 * DAY]) - rng.randrange(SECOND)
    usage.received_unix_micros = NOW
    for name in ("input_tokens", "cache_read_tokens", "cache_write_1h_tokens", "output_tokens", "requests"):
        setattr(more, name, rng.randrange(3_000))
    usage.quantities.CopyFrom(more)
    cost.usage_position.incarnation = LIFE if rng.random() < 0.9 else "life-0"
    cost.usage_position.offset = n - rng.choice([0, 0, 0, 5])
    return cost


def _rare(rng: Random, cost: CostRecord) -> bytes:
    kind = rng.randrange(13)
    usage = cost.usage
    if kind == 0:
        usage.outcome = OUTCOME_FAILED
    elif kind == 1:
        usage.measurement = MEASUREMENT_REPORTED
    elif kind == 2:
        usage.quantities.CopyFrom(Quantities(seats=1))
    elif kind == 3:
        cost.previous.CopyFrom(Booked(usage=usage, cost_picos=5))
        usage.team, cost.events_delta, cost.revision = "moved", 0, 2
    elif kind == 4:
        cost.cost_delta_picos = -(10**18)
    elif kind == 5:
        usage.tenant_id = ""
    elif kind == 6:
        return b"\xff\xff"
    elif kind == 7:
        return b""
    elif kind == 8:
        # A writer that puts the fields in another order.
        late = CostRecord(usage=UsageEvent(team="behind"))
        return cost.SerializeToString() + late.SerializeToString()
    elif kind == 9:
        rest = UsageEvent(team=usage.team)
        usage.ClearField("team")
        body = usage.SerializeToString() + rest.SerializeToString()
        cost.ClearField("usage")
        return cost.SerializeToString() + b"\x0a" + _varint(len(body)) + body
    elif kind == 10:
        usage.ClearField("quantities")
    elif kind == 11:
        cost.cost_delta_picos, cost.events_delta, cost.revision = -5, 0, 3
    return cost.SerializeToString()


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + _varint(number >> 7)


def _batches(seed: int) -> list[Batch]:
    rng, batches, n = Random(seed), [], 0
    for _ in range(4):
        records = []
        for _ in range(rng.choice([1, 60, 300])):
            n += 1
            value = _rare(rng, _record(rng, n)) if rng.random() < 0.3 else _record(rng, n).SerializeToString()
            at = (NOW + n * rng.choice([SECOND, SECOND, 90 * SECOND])) // 1_000 if rng.random() < 0.95 else 0
            records.append(StoredRecord(TOPIC, rng.randrange(3), n, at, b"k", value))
        batches.append(Batch(records))
    return batches


def _counted(seed: int, few: int, monkeypatch: pytest.MonkeyPatch, **windows: str) -> tuple[object, ...]:
    """Everything that is different after the batches."""
    monkeypatch.setattr(counting, "FEW", few)
    log, counts, patience = CostLog(), Counts(), Patience()
    clock, starts = ManualClock(NOW + HOUR), dict.fromkeys(range(3), 0)
    desk = Desk(log, log.topic_partitions, LogClock(starts), starts, {}, {}, NOW, {}, {})

    def watch_of(desk: Desk, tenant: str) -> TenantWatch:
        if tenant not in desk.watches:
            watch = desk.watches[tenant] = TenantWatch(tenant, Policy())
            watch.hours.skip_to(NOW // HOUR - 2)
            if windows:
                watch.plan.put(Window("w", windows, 0, 10**7))
            desk.watermarks[tenant] = Watermark(range(3), patience, NOW)
        return desk.watches[tenant]

    adding = Counting(clock, counts, READER, patience, 70)
    batches = _batches(seed)
    for batch in batches:
        adding.count(desk, batch, watch_of)
    return (
        {tenant: watch.hours._hours for tenant, watch in desk.watches.items()},
        {tenant: watch.minutes._open for tenant, watch in desk.watches.items()},
        {tenant: (watch.late.hours, watch.late.requests) for tenant, watch in desk.watches.items()},
        {tenant: vars(mark) for tenant, mark in desk.watermarks.items()},
        vars(desk.log_clock), desk.next_offset, desk.usage_offset, desk.late_seen, counts,
        [[(r.record.offset, r.reason) for r in batch.rejections] for batch in batches],
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("windows", [{}, {"team": "team-1é"}])
def test_arrays_and_objects_come_to_the_same(
    seed: int, windows: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays, objects = (_counted(seed, few, monkeypatch, **windows) for few in (0, 10**9))
    assert arrays == objects
    assert arrays[0]


def test_the_usual_record_is_told_by_arrays() -> None:
    """Or the test above would compare objects with themselves."""
    rng = Random(1)
    usual = [_record(rng, n) for n in range(200)]
    columns = CostColumns([cost.SerializeToString() for cost in usual])
    assert not columns.apart.any()
    assert columns.complete.all()


def test_sums_that_no_array_holds_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "FEW", 0)
    totals = []
    for few in (0, 10**9):
        monkeypatch.setattr(counting, "FEW", few)
        log = CostLog(1)
        desk = Desk(
            log, log.topic_partitions, LogClock([0]), {0: 0}, {}, {}, NOW, {"acme": TenantWatch("acme", Policy())}, {}
        )
        desk.watermarks["acme"] = Watermark([0], Patience(), NOW)
        records = []
        for n in range(100):
            cost = CostRecord(events_delta=1, cost_delta_picos=2**63 - 1 - n, shadow_cost_delta_picos=2**62)
            cost.usage.tenant_id, cost.usage.time_unix_micros = "acme", NOW
            cost.quantity_delta.requests = 2**61 if n % 2 else 1
            records.append(StoredRecord(TOPIC, 0, n, NOW // 1_000, b"k", cost.SerializeToString()))
        Counting(ManualClock(NOW), Counts(), READER, Patience(), 70).count(
            desk, Batch(records), lambda d, t: d.watches[t]
        )
        ((sums,),) = (cells.values() for cells in desk.watches["acme"].hours._hours.values())
        totals.append(sums)
    assert totals[0] == totals[1]
    assert totals[0].cost == sum(2**63 - 1 - n + 2**62 for n in range(100))
