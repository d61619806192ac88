"""The explorer's address."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from services.common.clock import parse_rfc3339
from services.common.errors import InvalidArgumentError
from services.console.domain.periods import zone
from services.console.web.pages.cost_choices import Choices

NOW = parse_rfc3339("2026-11-23T15:30:00Z")


def test_an_address_tells_all_of_it() -> None:
    chosen = Choices("custom", "2026-11-01", "2026-11-09", ("model", "tag:x"), "hour", 'team = "a b"', compare=False)
    assert Choices.of(dict(parse_qsl(chosen.query_string()))) == chosen


def test_what_an_address_says_wrong_is_the_default() -> None:
    assert Choices.of({"range": "century", "step": "blink"}) == Choices()


@pytest.mark.parametrize(
    ("range_", "step"), [("today", "hour"), ("7d", "day"), ("30d", "day"), ("90d", "day"), ("last_month", "day")]
)
def test_the_step_suits_the_range(range_: str, step: str) -> None:
    assert Choices(range=range_).query(NOW, zone("UTC")).granularity == step


def test_a_long_range_gets_a_coarse_step() -> None:
    query = Choices("custom", "2025-01-01", "2026-11-01").query(NOW, zone("UTC"))
    assert query.granularity == "month"


def test_a_wrong_filter_is_refused() -> None:
    with pytest.raises(InvalidArgumentError):
        Choices(filter="team ==").query(NOW, zone("UTC"))
