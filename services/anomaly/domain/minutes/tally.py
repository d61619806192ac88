"""Cost records added up by minute and by who spent.

A record counts in the minute of its use if it was appended soon after, and otherwise in the first minute that was still
open when it was appended: which one that is depends on the record alone. What is older than live is not counted at all:
a back-fill is judged by its hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import UsageEvent

from services.anomaly.domain.series import Series
from services.anomaly.domain.watermark import Patience
from services.common.clock import MINUTE, Micros
from services.common.money import Picos
from services.common.wire_fields import Bools
from services.common.wire_words import Ints

Minute = int
"""Whole minutes since the epoch, UTC. Named by its start."""

MINUTES_AN_HOUR = 60

Spender = tuple[str, str, str, str]
"""Session, user, key and team; "" where there is none."""


class Sums(NamedTuple):
    """What somebody did in a minute."""

    cost: Picos
    requests: int
    input_tokens: int

    def plus(self, other: Sums) -> Sums:
        return Sums(self.cost + other.cost, self.requests + other.requests, self.input_tokens + other.input_tokens)


NOBODY = Sums(0, 0, 0)


def last_minute_before(moment: Micros) -> Minute:
    """The last minute that has ended by then."""
    return moment // MINUTE - 1


def spender_of(usage: UsageEvent) -> Spender:
    """Whose minute an event counts in."""
    return usage.session, usage.user, usage.key, usage.team


def minutes_of(time: Ints, appended: Ints, patience: Patience) -> tuple[Bools, Ints]:
    """Which of these events are live, and the minute that each counts in, given when it was appended."""
    first_open = (appended - patience.minute_grace) // MINUTE
    live: Bools = time >= appended - patience.live_within
    return live, np.maximum(np.minimum(time, appended) // MINUTE, first_open)


class MinuteTally:
    """Adds up what is live, by tenant, minute and spender."""

    def __init__(self, patience: Patience) -> None:
        self._grace = patience.minute_grace
        self._live_within = patience.live_within
        self._sums: dict[tuple[str, Minute, Spender], list[int]] = {}

    def add(self, records: Iterable[CostRecord], appended: Micros) -> None:
        """Counts records that were appended at this moment."""
        sums, first_open, oldest = self._sums, (appended - self._grace) // MINUTE, appended - self._live_within
        for record in records:
            usage, more = record.usage, record.quantity_delta
            time = usage.time_unix_micros
            if time < oldest:
                continue
            minute = min(time, appended) // MINUTE
            key = (usage.tenant_id, minute if minute > first_open else first_open, spender_of(usage))
            entry = sums.get(key)
            if entry is None:
                entry = sums[key] = [0, 0, 0]
            entry[0] += record.cost_delta_picos + record.shadow_cost_delta_picos
            entry[1] += more.requests
            written = more.cache_write_tokens + more.cache_write_1h_tokens
            entry[2] += more.input_tokens + more.cache_read_tokens + written

    def take(self) -> Mapping[tuple[str, Minute, Spender], Sums]:
        """The sums since the last call."""
        sums, self._sums = self._sums, {}
        return {key: Sums(*entry) for key, entry in sums.items()}


@lru_cache(maxsize=65_536)
def series_of(spender: Spender) -> tuple[Series, ...]:
    """The series a spender counts in, the narrowest first."""
    session, user, key, team = spender
    found = []
    if session:
        whose = {name: value for name, value in (("user", user), ("key", key)) if value}
        found.append(Series.of({"session": session, **whose}))
    found += [Series(name, value) for name, value in (("user", user), ("key", key), ("team", team)) if value]
    return tuple(found)
