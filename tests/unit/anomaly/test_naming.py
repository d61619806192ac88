"""Which of the series that show an incident gives it its name, and which channel."""

from __future__ import annotations

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.series import drain, opened

START = 698


def _watched(hours: int, *services: tuple[tuple[Series, ...], list[Totals]]) -> list[Anomaly]:
    watch = TenantWatch("acme", Policy())
    told = []
    for n in range(hours):
        for series, hourly in services:
            watch.add(FIRST + n, series, hourly[n])
        told += drain(watch.close_through(FIRST + n))
    return opened(told)


def _service(name: str, provider: str = "openai") -> tuple[Series, ...]:
    return (Series("tenant", "acme"), Series("team", name), Series("key", f"{name}-key"), Series("provider", provider))


def _spends(dollars: float, requests: int, times: float = 1.0, hours: int = 760) -> list[Totals]:
    """So much an hour, and so many times as much for as many requests from the start on."""
    rng = np.random.default_rng(round(dollars))
    by = [rng.lognormal(0, 0.02) * (times if n >= START else 1.0) for n in range(hours)]
    return [Totals(round(dollars * each * PICOS_PER_DOLLAR), requests, requests) for each in by]


def test_three_teams_that_pay_more_at_once_are_three_incidents() -> None:
    teams = [(_service(name), _spends(dollars, 500, 3.0)) for name, dollars in (("a", 9.0), ("b", 10.0), ("c", 11.0))]
    found = _watched(720, *teams, (_service("support"), _spends(90.0, 4_000)))
    assert [dict(a.series) for a in found] == [{"team": "c"}, {"team": "b"}, {"team": "a"}]


def test_more_requests_than_usual_in_the_same_hour_give_no_name_to_a_cache_that_fails() -> None:
    """Their number is not out of range, and the cost is hardly; the cache is beyond doubt."""
    rng, hourly = np.random.default_rng(5), []
    for n in range(720):
        requests = round(1_000 * (2.4 if n == START else rng.lognormal(0, 0.45)))
        sent, cached, answered = (
            requests * 2_000,
            (0.4 if n >= START else 0.8) * rng.lognormal(0, 0.02),
            requests * 100,
        )
        read = round(sent * min(1.0, cached))
        picos = (sent - read) * 3_000_000 + read * 300_000 + answered * 15_000_000
        hourly.append(Totals(picos, requests, requests, sent, read, answered))
    (found,) = _watched(720, (_service("search"), hourly))
    assert dict(found.series) == {"team": "search"}
    assert found.channel == Anomaly.CHANNEL_CACHE_HIT_SHARE


def test_a_handful_of_requests_no_more_than_usual_are_dearer_and_not_more() -> None:
    rng, hourly = np.random.default_rng(8), []
    for n in range(720):
        requests = int(rng.poisson(3.0 if n >= START else 4.0))
        dollars = 0.5 * (6.0 if n >= START else 1.0) * requests * rng.lognormal(0, 0.1)
        hourly.append(Totals(round(dollars * PICOS_PER_DOLLAR), requests, requests))
    found = _watched(720, (_service("search"), hourly))
    assert [(dict(a.series), a.channel) for a in found] == [({"team": "search"}, Anomaly.CHANNEL_UNIT_COST)]
    assert "times the usual" in found[0].summary


def test_failures_of_cheap_requests_are_their_teams_and_not_those_of_a_model_that_others_pay_more_for() -> None:
    """Worth more at the model's usual price of a request than at the team's; as many requests in both."""
    rng = np.random.default_rng(3)
    cheap, dear = ((*_service(name)[:3], Series("model", "m")) for name in ("search", "ads"))
    failing, paying = [], []
    for n in range(720):
        requests = 1_000
        failed = int(rng.binomial(requests, 0.55 if n >= START else 0.01))
        failing.append(Totals((requests - failed) * 2_000_000_000, requests, requests, failed=failed))
        paying.append(Totals(60 * 200_000_000_000, 60, 60, failed=int(rng.binomial(60, 0.01))))
    (found,) = _watched(720, (cheap, failing), (dear, paying))
    assert found.channel == Anomaly.CHANNEL_ERROR_SHARE
    assert dict(found.series) == {"team": "search"}
