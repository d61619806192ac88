"""What people read."""

from __future__ import annotations

import pytest

from services.anomaly.domain.describe import between, severity, subject
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Series
from services.anomaly.domain.words import dollars
from services.common.clock import HOUR, parse_rfc3339
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.series import closed, watch_hours


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0.00"),
        (0.0031, "$0.0031"),
        (0.00000412, "$4.1e-06"),
        (0.25, "$0.25"),
        (4.2, "$4.20"),
        (31.4, "$31"),
        (1204.4, "$1,204"),
    ],
)  # fmt: skip
def test_dollars_as_people_read_them(amount: float, text: str) -> None:
    assert dollars(amount) == text


def test_a_period_names_the_day_once_if_it_can() -> None:
    start = parse_rfc3339("2026-11-13T14:00:00Z") // HOUR
    assert between(start * HOUR, (start + 5) * HOUR) == "between 14:00 and 19:00 UTC on 13 Nov"
    assert between(start * HOUR, (start + 12) * HOUR) == "between 14:00 on 13 Nov and 02:00 UTC on 14 Nov"


def test_subjects() -> None:
    assert subject(Series("team", "search")) == "Team search"
    assert subject(Series("service_tier", "flex")) == "Service tier flex"
    assert subject(Series.of({"team": "search", "model": "gpt-4o"})) == "Team search on model gpt-4o"
    assert subject(Series("tenant", "acme")) == "The whole organisation"


def test_severity_goes_by_dollars_lost_or_missing() -> None:
    names = [severity(sign * usd * PICOS_PER_DOLLAR, Policy()) for sign in (1, -1) for usd in (99, 100, 1_000)]
    assert names == [1, 2, 3, 1, 2, 3]


def test_a_whole_sentence() -> None:
    (found,) = closed(watch_hours(lambda n: (48.0, 480) if 710 <= n < 715 else (4.0, 40), 31))
    assert found.summary == (
        "Team search spent $240 between 14:00 and 19:00 UTC on 23 Sep, "
        "about $220 more than the $18-$22 expected for those hours."
    )
