"""The matching engine in process: which sums an event counts towards, and adding it there."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import UsageEvent

from bench.budget_world import COST, Company, definitions, stored
from services.budget.domain.attribution import Attribution
from services.budget.domain.sums import CostDelta, PartitionSums, Position, Posting
from services.budget.domain.tracking import ScopeKey, Tracked
from services.common import dimensions
from services.common.clock import Micros, SystemClock
from services.common.filters import parse, predicate

BATCH = 2_000
"""Records in a batch, as the service takes them by default."""
EVERY_FILTER = 50
"""The baseline tries every filter on one event in so many: it takes that much longer."""

Scopes = Callable[[UsageEvent], Sequence[ScopeKey]]


@dataclass(frozen=True)
class Matched:
    """Seconds an event takes, by way of doing it, and what kind of events they were."""

    seconds: dict[str, float]
    budgets: int
    per_event: float
    """Sums that an event counts towards, on average."""
    distinct: float
    """Share of the events whose values no other one had before."""


def measure(budgets: int, users: int, events: int, rounds: int) -> Matched:
    """CPU seconds; of each way the fastest round counts, the one least disturbed by others on the machine.

    Raises:
        RuntimeError: the engine and the baseline disagree on an event.
    """
    now = SystemClock().now()
    tracked = [Tracked(budget, now) for budget in stored(definitions(budgets, users), now)]
    usages = [CostRecord(usage=usage).usage for usage in Company(users).usages(events, 7, now)]
    fewer = usages[::EVERY_FILTER]
    every = every_filter(tracked)
    warm = Attribution(tracked)
    for usage in fewer:
        if Counter(warm.scopes_of(usage)) != Counter(every(usage)):
            raise RuntimeError("the engine and the filters disagree")
    for usage in usages:
        warm.scopes_of(usage)
    ways: dict[str, Callable[[], float]] = {
        "matching and adding, values seen before": lambda: _add(warm.scopes_of, tracked, usages),
        "matching and adding, from nothing known": lambda: _add(Attribution(tracked).scopes_of, tracked, usages),
        "matching alone, values seen before": lambda: _match(warm.scopes_of, usages),
        "matching alone, from nothing known": lambda: _match(Attribution(tracked).scopes_of, usages),
        "every filter on every event, and adding": lambda: _add(every, tracked, fewer),
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            gc.disable()
            best[name] = min(best[name], way())
            gc.enable()
    found = [len(warm.scopes_of(usage)) for usage in usages]
    values = {(u.user, u.project, u.model, u.environment, u.tags["feature"]) for u in usages}
    return Matched(best, budgets, sum(found) / len(found), len(values) / len(usages))


def every_filter(tracked: Sequence[Tracked]) -> Scopes:
    """The baseline: each budget's filter as a predicate, tried on each event."""
    tried = [(predicate(parse(one.filter), dimensions.reader), one, _per(one)) for one in tracked]

    def scopes_of(usage: UsageEvent) -> Sequence[ScopeKey]:
        found: list[ScopeKey] = []
        for passes, one, member_of in tried:
            if passes(usage):
                scope = one.span_at(usage.time_unix_micros).scope
                if scope is not None:
                    found.append(scope)
                    if member_of is not None:
                        found.append(ScopeKey(scope.family, member_of(usage)))
        return found

    return scopes_of


def _per(one: Tracked) -> Callable[[UsageEvent], str] | None:
    return dimensions.reader(one.budget.terms.per) if one.budget.terms.per else None


def _match(scopes_of: Scopes, usages: Sequence[UsageEvent]) -> float:
    started = time.process_time()
    for usage in usages:
        scopes_of(usage)
    return (time.process_time() - started) / len(usages)


def _add(scopes_of: Scopes, tracked: Sequence[Tracked], usages: Sequence[UsageEvent]) -> float:
    sums = _empty(tracked, usages[0].time_unix_micros)
    started = time.process_time()
    for first in range(0, len(usages), BATCH):
        batch = usages[first : first + BATCH]
        sums.adopt(sums.stage(_deltas(scopes_of, batch, first), first + len(batch) - 1))
    return (time.process_time() - started) / len(usages)


def _deltas(scopes_of: Scopes, usages: Sequence[UsageEvent], first: int) -> Iterator[CostDelta]:
    for offset, usage in enumerate(usages, first):
        yield CostDelta(offset, offset, (Posting(scopes_of(usage), COST, 0),))


def _empty(tracked: Sequence[Tracked], now: Micros) -> PartitionSums:
    """A partition whose sums are all there."""
    sums = PartitionSums(Position())
    for family in {one.key(window) for one in tracked for window in one.windows}:
        sums.begin_rebuild(family)
        sums.finish_rebuild(family, Position(), {})
    return sums
