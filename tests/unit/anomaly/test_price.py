"""What a token costs tells a price that rose by a handful of requests, however much their lengths differ."""

from __future__ import annotations

import numpy as np
import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, Label

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.amounts import Amounts
from services.anomaly.domain.detectors.price import TokenPriceDetector
from services.anomaly.domain.lessons import Said
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.series import drain, hours_of, opened

WEEK = 168
START = 3 * WEEK + 33
NONE = np.array([False])


def _told(
    seed: int, hours: int, *, a_token: float = 3.0, dearer: float = 1.0, dear_days: float = 0.0,
    verdict: Label.Verdict | None = None,
) -> list[Transition]:  # fmt: skip
    """Of a service that sends six requests an hour, whose lengths differ a hundredfold.

    Args:
        seed: of its lengths.
        hours: how long it is watched.
        a_token: dollars for a million tokens of input.
        dearer: times the price from the start on.
        dear_days: share of its days on which it asks a model of five times the price.
        verdict: what somebody says of the first anomaly, two hours after it was told.
    """
    rng, watch, told = np.random.default_rng(seed), TenantWatch("acme", Policy()), []
    days = np.random.default_rng(seed + 1).random(hours // 24 + 1) < dear_days
    for n in range(hours):
        late = n >= START
        requests = int(rng.poisson(6))
        lengths = rng.lognormal(0, 1.2, requests)
        sent, read, answered = (round(each * lengths.sum()) for each in (40_000, 24_000, 2_000))
        price = a_token * 1e6 * (dearer if late else 1.0) * (5.0 if days[n // 24] else 1.0)
        picos = round(price * (sent - read + 0.1 * read + 4.5 * answered))
        if requests:
            watch.add(FIRST + n, (Series("team", "search"),), Totals(picos, requests, requests, sent, read, answered))
        told += drain(watch.close_through(FIRST + n))
        if verdict is not None and told and n == told[0].hour - FIRST + 2:
            watch.hear(Said(told[0].anomaly.name, verdict, FIRST + n + 1))
            told += watch.listen()
    return told


@pytest.mark.parametrize("seed", range(3))
def test_a_price_that_rises_is_told_after_a_few_requests(seed: int) -> None:
    (found,) = opened(_told(seed, START + 12, dearer=3.0))
    assert found.channel == Anomaly.CHANNEL_UNIT_COST
    begin, end = hours_of(found)
    assert abs(begin - START) <= 1
    assert end - START <= 4
    assert 2.5 < found.actual / found.expected < 3.5
    assert found.unit == "USD/request"
    assert "times the usual" in found.summary


@pytest.mark.parametrize("seed", range(3))
def test_lengths_that_differ_are_no_dearer_tokens(seed: int) -> None:
    assert opened(_told(seed, 6 * WEEK)) == []


@pytest.mark.parametrize("seed", range(2))
def test_who_asks_a_dear_model_on_some_days_pays_no_new_price(seed: int) -> None:
    """But for the first days of it."""
    found = opened(_told(seed, 8 * WEEK, dear_days=0.3))
    assert len(found) <= 2
    assert all(hours_of(each)[0] < 2 * WEEK for each in found)


@pytest.mark.parametrize("verdict", [Label.VERDICT_EXPECTED, Label.VERDICT_FALSE])
def test_a_price_of_which_something_was_said_is_told_on_no_other_channel(verdict: Label.Verdict) -> None:
    """What a request costs, and what the hour does, are certain days later."""
    (found,) = opened(_told(2, START + 3 * WEEK, dearer=3.0, verdict=verdict))
    assert hours_of(found)[0] < START + 2


def test_a_few_cents_are_not_worth_a_word() -> None:
    assert opened(_told(0, START + 24, a_token=0.03, dearer=3.0)) == []


def test_longer_requests_at_the_same_price_are_not_put_down_to_the_price() -> None:
    detector = TokenPriceDetector(Policy())
    detector.grow(1)
    for hour, times in enumerate((1, 1, 3)):
        totals = Totals(times * 9_000_000, 9, 9, times * 1_000, times * 500, times * 100)
        detector.judge_hour(hour, Amounts(np.array([totals], np.int64)), NONE)
        if hour:
            assert detector.score[0] == pytest.approx(0.0, abs=0.2)
        detector.learn(hour, ~NONE, NONE)


def test_what_has_no_tokens_has_no_price_of_them() -> None:
    detector = TokenPriceDetector(Policy())
    detector.grow(1)
    detector.judge_hour(0, Amounts(np.array([Totals(5_000_000, 40, 40)], np.int64)), NONE)
    assert not detector.judged()[0]
