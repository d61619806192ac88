"""How fast the anomaly service adds events up and judges hours, and how much memory a series takes.

    python -m bench.detection [--series 1000] [--hours 400] [--events 200000]

Adding up is the consumer's own, from records as Kafka has them to sums by hour and minute, in batches of 10,000 and in
ones so small that they are read as objects. It is set beside reading the records as objects and nothing else, which is
what a consumer in Python does first. A batch holds 1,200 pairs of users and models, and 1,000 sessions. Judging is set
beside a rolling z-score of cost, kept in plain Python for each series.
"""

from __future__ import annotations

import argparse
import math
import os
import time
import tracemalloc
from collections import deque
from collections.abc import Sequence

import numpy as np
from finops.cost.v1.cost_pb2 import CostRecord
from rich.console import Console
from rich.table import Table

from services.anomaly.domain.novelty.sightings import SIGHTED
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Reader, Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.domain.watermark import LogClock, Patience, Watermark
from services.anomaly.handlers.counting import FEW, Counting
from services.anomaly.handlers.desk import Desk
from services.anomaly.settings import AnomalyOptions
from services.common.clock import HOUR, SECOND, ManualClock
from services.common.host import collect_seldom
from services.common.kafka.record import Batch
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.stream import LIFE, TOPIC, CostLog, Counts, StoredRecord

FIRST: Hour = 487_800
BATCH = AnomalyOptions().batch_records
WINDOW = 168


def main() -> None:
    """Prints both tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--series", type=int, default=1_000)
    arguments.add_argument("--hours", type=int, default=400)
    arguments.add_argument("--events", type=int, default=200_000)
    given = arguments.parse_args()
    collect_seldom()
    console, load = Console(), os.getloadavg()
    console.print(f"load average {', '.join(f'{one:.1f}' for one in load)} on {os.cpu_count()} cores")
    for alike, title in (
        (True, "events a second, one core"),
        (False, "the same, each event with a user, key and session of its own"),
    ):
        console.print(_table(title, adding(given.events, alike=alike)))
    hours = costs(given.series, given.hours)
    rates = {
        "rolling z-score of cost": zscores(hours),
        "seven calibrated channels, silence, drift, users, incidents": judging(hours),
    }
    console.print(_table("series-hours a second, one core", rates))
    console.print(f"{memory(given.series) / 1024:.0f} KiB of memory a series")


def adding(events: int, *, alike: bool) -> dict[str, float]:
    """Events a second: read only, and through the consumer's own counting, which reads them, too."""
    kept = records(events, alike=alike)
    started = time.process_time()
    for at in range(0, events, BATCH):
        [CostRecord.FromString(record.value or b"") for record in kept[at : at + BATCH]]
    return {
        "reading the records": events / (time.process_time() - started),
        "reading and adding up": events / counted(kept, BATCH),
        "the same as objects": events / counted(kept, FEW - 1),
    }


def counted(kept: Sequence[StoredRecord], batch: int) -> float:
    """Seconds of counting all records, from nothing."""
    options, log, patience = AnomalyOptions(), CostLog(1), Patience()
    watch = TenantWatch("acme", Policy())
    desk = Desk(log, log.topic_partitions, LogClock([0]), {0: 0}, {}, {}, FIRST * HOUR, {"acme": watch}, {})
    desk.watermarks["acme"] = Watermark([0], patience, FIRST * HOUR)
    clock, reader = ManualClock((FIRST + 1) * HOUR), Reader(options.dimensions, SIGHTED)
    counting = Counting(clock, Counts(), reader, patience, options.history_days)
    started = time.process_time()
    for at in range(0, len(kept), batch):
        counting.count(desk, Batch(kept[at : at + batch]), lambda at, tenant: at.watches[tenant])
    return time.process_time() - started


def records(events: int, *, alike: bool) -> list[StoredRecord]:
    """Ten minutes of an organisation of 200 people in 12 teams. Unless `alike`, each event has a user, a key and a
    session of its own."""
    rng, found = np.random.default_rng(1), []
    people, models = rng.integers(200, size=events).tolist(), rng.integers(6, size=events).tolist()
    for n, (person, model) in enumerate(zip(people, models, strict=True)):
        cost = CostRecord(revision=1, events_delta=1, cost_delta_picos=10**9 + n)
        usage, more = cost.usage, cost.quantity_delta
        usage.event_key, usage.source_event_id = n.to_bytes(16, "big"), f"e{n}"
        usage.tenant_id, usage.team, usage.user = "acme", f"team-{person % 12}", f"person-{person}@example.com"
        usage.project, usage.key, usage.tool = f"project-{person % 36}", f"key-{person % 24}", "api"
        usage.provider, usage.model, usage.source = "openai", f"model-{model}", "gateway"
        usage.session, usage.tags["client_network"] = f"session-{person}-{n // 2_000}", f"10.0.{person % 8}.0/24"
        if not alike:
            usage.user, usage.key, usage.session = f"{n}@example.com", f"key-{n}", f"session-{n}"
        usage.time_unix_micros = FIRST * HOUR + n * 600 * SECOND // events
        usage.received_unix_micros = usage.time_unix_micros
        more.requests, more.input_tokens, more.cache_read_tokens, more.output_tokens = 1, 900, 100, 50
        usage.quantities.CopyFrom(more)
        cost.usage_position.incarnation, cost.usage_position.offset = LIFE, n
        at = (usage.time_unix_micros + SECOND) // 1_000
        found.append(StoredRecord(TOPIC, 0, n, at, b"k", cost.SerializeToString()))
    return found


def costs(series: int, hours: int) -> Sequence[np.ndarray]:
    """Requests of each series by hour, by day and by night."""
    rng = np.random.default_rng(2)
    rhythm = 1 + 0.8 * np.sin(np.arange(hours) * 2 * np.pi / 24)
    return [rng.poisson(50 * at * rng.lognormal(0, 0.2, series)) for at in rhythm]


def judging(hours: Sequence[np.ndarray]) -> float:
    """Series-hours a second through the service's own detectors, with sums by series given."""
    watch, series = TenantWatch("acme", Policy()), [Series("team", f"team-{n}") for n in range(len(hours[0]))]
    started = time.process_time()
    for n, requests in enumerate(hours):
        for one, count in zip(series, requests.tolist(), strict=True):
            spent = count * PICOS_PER_DOLLAR // 100
            watch.add(FIRST + n, (one,), Totals(spent, count, count, 1_000 * count, 500 * count, 100 * count))
        for _ in watch.close_through(FIRST + n):
            pass
    return len(hours) * len(series) / (time.process_time() - started)


def zscores(hours: Sequence[np.ndarray]) -> float:
    """Series-hours a second through a rolling mean and deviation in plain Python."""
    windows = [deque[float](maxlen=WINDOW) for _ in hours[0]]
    sums, squares = [0.0] * len(windows), [0.0] * len(windows)
    out, started = 0, time.process_time()
    for requests in hours:
        for row, count in enumerate(requests.tolist()):
            window, value = windows[row], count / 100
            if len(window) > 1:
                mean = sums[row] / len(window)
                deviation = math.sqrt(max(squares[row] / len(window) - mean * mean, 1e-12))
                out += (value - mean) / deviation > 4
            if len(window) == WINDOW:
                sums[row] -= window[0]
                squares[row] -= window[0] ** 2
            window.append(value)
            sums[row] += value
            squares[row] += value * value
    return len(hours) * len(windows) / (time.process_time() - started)


def memory(series: int) -> float:
    """Bytes a series, with all it will ever hold."""
    tracemalloc.start()
    watch = TenantWatch("acme", Policy())
    for n in range(series):
        watch.add(FIRST, (Series("team", f"team-{n}"),), Totals(10**10, 50, 50, 1, 1, 1))
    for _ in watch.close_through(FIRST):
        pass
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held / series


def _table(title: str, rates: dict[str, float]) -> Table:
    table = Table("", "a second", "times the first", title=f"bench/detection: {title}")
    first = next(iter(rates.values()))
    for name, rate in rates.items():
        table.add_row(name, f"{rate:,.0f}", f"{rate / first:.2f}")
    return table


if __name__ == "__main__":
    main()
