"""Who asks: counted alike live and from history, and said where it explains what something costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import OUTCOME_FAILED

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.graph import dump, load
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Reader, Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.handlers.ports import Scope
from services.anomaly.handlers.restore import restore
from services.common.clock import DAY, HOUR
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.series import drain, office, opened
from tests.unit.anomaly.stream import LIFE, CostLog, MemoryLedger

WEEK = 168
START = 4 * WEEK + 34
TEAM, WHOLE = Series("team", "search"), Series("tenant", "acme")
READER = Reader(["team", "user", "team+user", "model"])
HISTORY_DAYS = 70


def _team(days: int, spike: int, times: float = 9.0) -> list[Transition]:
    """Twelve people in a team by day, two by night; in six hours so many others as well, at so many times the cost."""
    usual, watch, told = office(1), TenantWatch("acme", Policy()), []
    for n in range(24 * days):
        dollars, requests = usual(n)
        now = START <= n < START + 6
        asking = [f"u{number}" for number in range(12 if requests > 60 else 2)]
        asking += [f"x{number}" for number in range(spike)] if now else []
        each, more = divmod(round(requests * (times if now else 1.0)), len(asking))
        for number, user in enumerate(asking):
            asked = each + (number < more)
            picos = round(asked * dollars / max(1, requests) * PICOS_PER_DOLLAR)
            watch.add(FIRST + n, (WHOLE, TEAM, Series("user", user)), Totals(picos, asked, asked))
        told += drain(watch.close_through(FIRST + n))
    return told


def test_a_spike_of_many_users_says_so() -> None:
    (found,) = opened(_team(31, 60))
    assert (found.channel, dict(found.series)) == (Anomaly.CHANNEL_COST, {"team": "search"})
    assert (found.users.actual, found.users.usual) == (72, pytest.approx(12, abs=0.1))
    assert "by 72 users in the last of them, where 12 are usual" in found.summary


def test_a_spike_of_the_usual_users_does_not() -> None:
    told = [found for found in opened(_team(31, 0)) if "user" not in found.series]
    assert [(found.users.actual, "users" in found.summary) for found in told] == [(12, False)]


def test_many_users_who_cost_no_more_are_no_news() -> None:
    assert opened(_team(31, 60, times=1.0)) == []


def test_a_day_counts_each_user_once_and_knows_its_weekday() -> None:
    watch = TenantWatch("acme", Policy())
    for n in range(24 * 29):
        crowd = 30 if n // 24 % 7 == 2 else 5
        for number in range(crowd):
            watch.add(FIRST + n, (TEAM, Series("user", f"u{number}")), Totals(10**9, 1, 1))
        drain(watch.close_through(FIRST + n))
        if n == 24 * 23 + 20:
            watch = load(b"".join(dump(watch)))
            row = watch.panel.index[TEAM]
            assert watch.panel.users.in_day(FIRST + n, row) == (30, 30)
            assert watch.panel.users.in_hour(FIRST + n, row)[0] == 30
    assert watch.panel.users.in_day(FIRST + 24 * 29 - 1, watch.panel.index[TEAM]) == (0, 5)
    assert watch.panel.users.in_day(FIRST + 24 * 29 - 1, watch.panel.index[Series("user", "u1")])[0] == 0


def _records(days: int) -> Iterator[CostRecord]:
    """Two teams, three models, users who come and go, and requests that fail."""
    rng = np.random.default_rng(4)
    for n in range(24 * days):
        for number in np.flatnonzero(rng.random(40) < 0.2).tolist():
            cost = CostRecord(revision=1, events_delta=1, cost_delta_picos=int(rng.integers(10**10)))
            usage = cost.usage
            usage.tenant_id, usage.source_event_id = "acme", f"{n}-{number}"
            usage.time_unix_micros = (FIRST + n) * HOUR + number
            usage.team, usage.model = f"team-{number % 2}", f"model-{rng.integers(3)}"
            usage.user = f"u{number}" if number % 7 else ""
            usage.quantities.requests = cost.quantity_delta.requests = int(rng.integers(20))
            if rng.random() < 0.2:
                usage.outcome, cost.cost_delta_picos = OUTCOME_FAILED, 0
            yield cost


def _count(watch: TenantWatch, records: Sequence[CostRecord]) -> None:
    for cell, totals in READER.tally(records).items():
        watch.add(cell.hour, READER.series(cell), totals)


def _known(watch: TenantWatch) -> dict[Series, tuple[object, ...]]:
    panel = watch.panel
    return {
        series: (
            panel.users.in_day(panel.hour, row), panel.users.in_hour(panel.hour, row),
            panel.errors.band(row), panel.ratios.unit_cost.band(row),
        )
        for series, row in panel.index.items()
    }  # fmt: skip


@pytest.mark.parametrize("read", [0.0, 0.5, 0.999])
async def test_history_tells_the_same_as_the_log(read: float) -> None:
    """Also where the ledger ends within an hour, of which the log tells the rest."""
    last = FIRST + 24 * 12 - 6
    records = [record for record in _records(12) if record.usage.time_unix_micros // HOUR <= last]
    live = TenantWatch("acme", Policy())
    for hour in range(FIRST, last + 1):
        _count(live, [record for record in records if record.usage.time_unix_micros // HOUR == hour])
        drain(live.close_through(hour))
    log = CostLog(1)
    for record in records:
        log.append(record, 0)
    cut = round(read * len(records))
    ledger, again = MemoryLedger(log, {0: cut - 1}), TenantWatch("acme", Policy())
    scope = Scope(LIFE, {0: cut - 1})
    now = (last + 1) * HOUR
    through: Hour = 0
    async for watch, through in restore(ledger, scope, READER, lambda _: again, now, HISTORY_DAYS, DAY):
        drain(watch.close_through(min(through, records[cut - 1].usage.time_unix_micros // HOUR - 1)))
    _count(again, records[cut:])
    drain(again.close_through(last))
    assert _known(again) == _known(live)
    assert any(crowd[0] for crowd, *_ in _known(live).values())
