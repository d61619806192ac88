"""Drawn events as the rater writes them, and the sums of every series in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import OUTCOME_FAILED, UsageEvent

from bench.anomaly.clockwork import FIRST
from bench.anomaly.draw import Drawn
from bench.anomaly.plan import Plan
from bench.anomaly.world import Floats, Labels
from services.anomaly.domain.series import Reader, Series
from services.common.clock import HOUR, SECOND, Micros

Numbers = npt.NDArray[Any]

TENANT = "acme"
TOPIC = "finops.costs.v1"
LIFE = "bench"
PARTITIONS = 2
START: Micros = FIRST * HOUR
UNDER_WAY = 5 * SECOND
"""From the use to the cost log."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """As a consumer gets it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass(frozen=True)
class Named:
    """Under which names each use goes, and since when."""

    plan: Plan

    def variants(self) -> list[list[tuple[int, Labels]]]:
        """By use: hours since which it has these labels."""
        found: list[list[tuple[int, Labels]]] = [[(0, use.labels)] for use in self.plan.uses]
        for renamed in sorted(self.plan.renamed, key=lambda r: r.since):
            found[renamed.use].append((renamed.since, found[renamed.use][-1][1] | renamed.labels))
        return found


def records(plan: Plan, drawn: Drawn) -> Iterator[StoredRecord]:
    """In the order of time."""
    variants = Named(plan).variants()
    names = [[(since, _attribution(labels)) for since, labels in known] for known in variants]

    def name_of(use: int, time: Micros) -> bytes:
        known = names[use]
        return known[0][1] if len(known) == 1 else _at(known, time // HOUR)

    numbers = (drawn.time, drawn.use, drawn.requests, drawn.sent, drawn.read, drawn.answered, drawn.picos, drawn.failed)
    return as_stored(numbers, name_of)


def as_stored(numbers: Sequence[Numbers], name_of: Callable[[int, Micros], bytes]) -> Iterator[StoredRecord]:
    """Events as the log holds them. A message is its names and its own numbers, one serialised behind the other.

    Args:
        numbers: of the events, in the order of time: microseconds since `START`, whose they are, requests, input
            tokens, those of them that were read from a cache, output tokens, picodollars, and whether they failed.
        name_of: serialised, of whose they are at that time.
    """
    offsets = [0] * PARTITIONS
    # Lists of a slice at a time: plain integers are faster than numpy's.
    for begin in range(0, len(numbers[0]), 50_000):
        rows = zip(*(column[begin : begin + 50_000].tolist() for column in numbers), strict=True)
        for number, (time, whose, requests, sent, read, answered, picos, failed) in enumerate(rows, begin):
            partition = number % PARTITIONS
            cost = CostRecord(revision=1, events_delta=1, cost_delta_picos=picos)
            usage, more, position = cost.usage, cost.quantity_delta, cost.usage_position
            usage.source_event_id, usage.time_unix_micros = f"e{number}", START + time
            more.requests, more.input_tokens, more.cache_read_tokens = requests, sent - read, read
            more.output_tokens = answered
            usage.quantities.CopyFrom(more)
            if failed:
                usage.outcome = OUTCOME_FAILED
            position.incarnation, position.partition, position.offset = LIFE, partition, offsets[partition]
            at, value = (START + time + UNDER_WAY) // 1_000, name_of(whose, time) + cost.SerializeToString()
            yield StoredRecord(TOPIC, partition, offsets[partition], at, b"k", value)
            offsets[partition] += 1


def _attribution(labels: Labels) -> bytes:
    usage = UsageEvent(tenant_id=TENANT, **labels)  # type: ignore[arg-type]
    return CostRecord(usage=usage).SerializeToString()


def _at(known: Sequence[tuple[int, bytes]], hour: int) -> bytes:
    return next(name for since, name in reversed(known) if hour >= since)


@dataclass(frozen=True)
class Share:
    """Dollars in the hours of an incident, (hours, series)."""

    first: int
    """Its first hour."""
    excess: Floats
    """Spent because of it; negative: not spent."""
    spent: Floats
    """By whatever touches the series."""


@dataclass(frozen=True)
class Sums:
    """What each series did by hour: (hours, series)."""

    series: list[Series]
    dollars: Floats
    requests: Floats
    shares: list[Share]
    """Of each incident."""


def sums(plan: Plan, drawn: Drawn, reader: Reader, incidents: int) -> Sums:
    """The same sums as the service makes, for whoever watches hours."""
    shape = plan.volume.shape
    dollars, requests = np.zeros(shape), np.zeros(shape)
    hour = drawn.time // HOUR
    np.add.at(dollars, (hour, drawn.use), drawn.picos / 1e12)
    np.add.at(requests, (hour, drawn.use), drawn.requests)
    index: dict[Series, int] = {}
    belongs: list[tuple[int, int, int, list[int]]] = []
    for use, known in enumerate(Named(plan).variants()):
        ends = [since for since, _ in known[1:]] + [plan.hours]
        for (since, labels), end in zip(known, ends, strict=True):
            event = UsageEvent(tenant_id=TENANT, time_unix_micros=START, **labels)  # type: ignore[arg-type]
            places = [index.setdefault(series, len(index)) for series in reader.series(reader.cell(event))]
            belongs.append((use, since, end, places))
    tables = [np.zeros((shape[0], len(index))) for _ in range(2)]
    touched = [np.flatnonzero((plan.owner == number).any(axis=1)) for number in range(incidents)]
    excess: list[Floats] = [np.zeros((len(hours), len(index))) for hours in touched]
    for use, since, end, places in belongs:
        for table, source in zip(tables, (dollars, requests), strict=True):
            table[since:end, places] += source[since:end, use, None]
        owner = plan.owner[since:end, use]
        for number in set(owner[owner >= 0].tolist()):
            mine = since + np.flatnonzero(owner == number)
            rows = np.searchsorted(touched[number], mine)
            excess[number][rows[:, None], places] += drawn.excess[mine, use][:, None]
    shares = [Share(int(h[0]) if len(h) else 0, more, tables[0][h]) for h, more in zip(touched, excess, strict=True)]
    return Sums(list(index), tables[0], tables[1], shares)
