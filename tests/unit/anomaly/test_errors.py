"""Requests that fail: found where many more do than usual, and where that is worth something."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, Label
from finops.cost.v1.cost_pb2 import Booked, CostRecord
from finops.usage.v1.usage_pb2 import OUTCOME_FAILED, UsageEvent

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.channels import value_of
from services.anomaly.domain.lessons import Said
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Reader, Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from services.common.clock import HOUR
from services.common.money import PICOS_PER_DOLLAR, from_proto
from services.common.postings import postings
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.series import closed, drain, hours_of, office, opened

WEEK, DAY = 168, 24
START = 3 * WEEK + DAY + 9
Share = Callable[[int], float]
TEAMS = {"search": "openai", "support": "openai", "legal": "mistral"}


def _watch(share: Share, days: int, *, seed: int = 1, dollars: float = 20.0, retries: float = 1.0) -> list[Transition]:
    """A team whose requests fail now and then: each that is answered costs the same, those that fail nothing.

    `retries`: so many requests in the place of one that fails.
    """
    usual, rng = office(seed, dollars=dollars), np.random.default_rng(seed)
    watch, told = TenantWatch("acme", Policy()), []
    for n in range(24 * days):
        spent, requests = usual(n)
        failed = int(rng.binomial(requests, min(1.0, share(n) * float(rng.lognormal(0, 0.1)))))
        picos = round(spent * PICOS_PER_DOLLAR * (1 - failed / requests)) if requests else 0
        more = round(failed * (retries - 1))
        if requests:
            totals = Totals(picos, requests + more, requests + more, failed=failed + more)
            watch.add(FIRST + n, (Series("team", "search"),), totals)
        told += drain(watch.close_through(FIRST + n))
    return told


def _now(of: float, since: int = START, hours: int = 6, usual: float = 0.02) -> Share:
    return lambda n: of if since <= n < since + hours else usual


@pytest.mark.parametrize(("seed", "share", "usual"), [(1, 0.6, 0.02), (2, 1.0, 0.02), (3, 0.5, 0.0), (4, 0.8, 0.3)])
def test_many_more_failures_than_usual_are_told(seed: int, share: float, usual: float) -> None:
    told = _watch(_now(share, usual=usual), 30, seed=seed)
    (found,) = closed(told)
    assert found.channel == Anomaly.CHANNEL_ERROR_SHARE
    assert hours_of(found) == (START, START + 6)
    assert told[0].hour - (FIRST + START) <= 3
    assert found.unit == "share"
    assert found.actual == pytest.approx(share, abs=0.12)
    assert found.expected == pytest.approx(usual, abs=0.06)
    # Six hours of $20, of which so much was not answered.
    missing = -from_proto(found.impact) / PICOS_PER_DOLLAR
    assert missing == pytest.approx((share - usual) * 120, rel=0.35)
    assert "of the requests of team search failed" in found.summary


@pytest.mark.parametrize(
    "share",
    [
        pytest.param(_now(0.02), id="as ever"),
        pytest.param(_now(0.4, usual=0.4), id="always many"),
        pytest.param(_now(0.07), id="a few more"),
        pytest.param(_now(0.0, hours=WEEK, usual=0.4), id="mended"),
        pytest.param(_now(0.6, hours=1), id="an hour"),
        pytest.param(lambda n: 0.7 if n % 24 == 10 else 0.02, id="the same hour of each day"),
    ],
)
def test_what_is_usual_or_small_is_no_news(share: Share) -> None:
    assert _watch(share, 42) == []


def test_fewer_failures_do_not_make_requests_dearer() -> None:
    """Of each ten requests that are answered, fifteen more fail, until they do not."""
    usual, watch, told = office(1), TenantWatch("acme", Policy()), []
    for n in range(24 * 42):
        spent, answered = usual(n)
        failed = 0 if n >= START else round(1.5 * answered)
        if answered:
            totals = Totals(round(spent * PICOS_PER_DOLLAR), answered + failed, answered + failed, failed=failed)
            watch.add(FIRST + n, (Series("team", "search"),), totals)
        told += drain(watch.close_through(FIRST + n))
    assert told == []


def test_failures_that_are_worth_little_are_no_news() -> None:
    assert _watch(_now(1.0), 30, dollars=0.5) == []


def test_retries_count_for_what_they_ask_for() -> None:
    (once,), (often,) = (closed(_watch(_now(0.6), 30, retries=retries)) for retries in (1.0, 5.0))
    assert from_proto(often.impact) < 2 * from_proto(once.impact) < 0
    assert once.channel == often.channel == Anomaly.CHANNEL_ERROR_SHARE


def test_expected_is_the_new_usual_and_a_new_outage_is_told_nevertheless() -> None:
    usual, watch, told = office(5), TenantWatch("acme", Policy()), []
    for n in range(24 * 38):
        spent, requests = usual(n)
        share = 0.5 if n >= START else 0.0
        share = 1.0 if START + WEEK + DAY <= n < START + WEEK + DAY + 6 else share
        if requests:
            failed = round(share * requests)
            picos = round(spent * PICOS_PER_DOLLAR * (1 - share))
            watch.add(FIRST + n, (Series("team", "search"),), Totals(picos, requests, requests, failed=failed))
        told += drain(watch.close_through(FIRST + n))
        if n == START + 5:
            (name,) = watch.open_anomalies()
            watch.hear(Said(name, Label.VERDICT_EXPECTED, FIRST + n + 1))
    first, second = opened(told)
    assert (hours_of(first)[0], hours_of(second)[0]) == (START, START + WEEK + DAY)


def test_one_incident_is_named_after_what_fails() -> None:
    """A provider is down: its two teams fail, and a third, with another provider, does not."""
    usual, told = {team: office(n) for n, team in enumerate(TEAMS)}, []
    watch = TenantWatch("acme", Policy())
    for n in range(24 * 26):
        for team, provider in TEAMS.items():
            spent, requests = usual[team](n)
            down = provider == "openai" and START <= n < START + 6
            series = (Series("tenant", "acme"), Series("team", team), Series("provider", provider))
            if requests:
                picos = 0 if down else round(spent * PICOS_PER_DOLLAR)
                watch.add(FIRST + n, series, Totals(picos, requests, requests, failed=requests if down else 0))
        told += drain(watch.close_through(FIRST + n))
    (found,) = opened(told)
    assert (found.channel, dict(found.series)) == (Anomaly.CHANNEL_ERROR_SHARE, {"provider": "openai"})


def test_records_say_what_failed() -> None:
    def record(outcome: int, requests: int) -> CostRecord:
        made = CostRecord(
            usage=UsageEvent(tenant_id="acme", time_unix_micros=FIRST * HOUR, team="search"), events_delta=1
        )
        made.usage.outcome = outcome  # type: ignore[assignment]
        made.usage.quantities.requests = made.quantity_delta.requests = requests
        return made

    moved = record(OUTCOME_FAILED, 3)
    moved.usage.team, moved.quantity_delta.requests = "support", 0
    moved.previous.CopyFrom(Booked(usage=record(0, 3).usage))
    failed = record(OUTCOME_FAILED, 3)
    sums = Reader(["team"]).tally([record(0, 5), failed, *postings(moved)])
    assert {cell.values[-1]: (t.requests, t.failed, t.answered) for cell, t in sums.items()} == {
        "search": (5, 0, 5), "support": (3, 3, 0),
    }  # fmt: skip
    hour = Totals(10 * PICOS_PER_DOLLAR, 8, 8, 40, failed=6)
    assert value_of(Anomaly.CHANNEL_ERROR_SHARE, hour) == 0.75
    assert value_of(Anomaly.CHANNEL_UNIT_COST, hour) == 5.0
    assert value_of(Anomaly.CHANNEL_SILENCE, hour) == 8.0


def test_what_is_left_once_requests_fail_is_no_dearer() -> None:
    """A team's cheap service fails: what its dear one costs is no more than it was."""
    watch, told, rng = TenantWatch("acme", Policy()), [], np.random.default_rng(7)
    for n in range(24 * 30):
        failing = START <= n < START + 6
        for service, dollars, requests in (("cheap", 12.0, 600), ("dear", 8.0, 60)):
            failed = requests - 20 if failing and service == "cheap" else 0
            spent = dollars * float(rng.lognormal(0, 0.1)) * (1 - failed / requests)
            totals = Totals(round(spent * PICOS_PER_DOLLAR), requests, requests, failed=failed)
            watch.add(FIRST + n, (Series("team", "search"), Series("project", service)), totals)
        told += drain(watch.close_through(FIRST + n))
    assert {found.channel for found in opened(told)} == {Anomaly.CHANNEL_ERROR_SHARE}
