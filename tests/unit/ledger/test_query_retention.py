"""From when on a table has all its rows, and which settings are refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.common.clock import DAY
from services.ledger.domain.retention import Told, complete_from
from services.ledger.settings import RetentionOptions

NOW = 1_000 * DAY


@pytest.mark.parametrize(
    ("history", "complete"),
    [
        ([], 0),
        ([Told(0, 0)], 0),
        ([Told(30, 900 * DAY)], 970 * DAY),
        ([Told(30, 900 * DAY), Told(90, 950 * DAY)], 920 * DAY),
        ([Told(90, 950 * DAY), Told(30, 900 * DAY)], 920 * DAY),
        ([Told(30, 900 * DAY), Told(0, 950 * DAY)], 920 * DAY),
        ([Told(90, 900 * DAY), Told(30, 950 * DAY)], 970 * DAY),
    ],
)
def test_what_expired_once_is_gone(history: list[Told], complete: int) -> None:
    assert complete_from(history, NOW) == complete


@pytest.mark.parametrize("days", [(0, 0, 0), (30, 0, 0), (30, 90, 0), (30, 30, 30)])
def test_sums_may_be_kept_longer(days: tuple[int, int, int]) -> None:
    entries, hourly, daily = days
    assert RetentionOptions(entries_days=entries, hourly_days=hourly, daily_days=daily).hourly_days == hourly


@pytest.mark.parametrize("days", [(0, 30, 0), (0, 0, 30), (90, 30, 0), (30, 90, 60)])
def test_sums_are_not_dropped_before_what_they_sum_up(days: tuple[int, int, int]) -> None:
    entries, hourly, daily = days
    with pytest.raises(ValidationError, match="entries_days <= hourly_days <= daily_days"):
        RetentionOptions(entries_days=entries, hourly_days=hourly, daily_days=daily)
