"""When hours are over."""

from __future__ import annotations

import pytest

from services.anomaly.domain.watermark import LogClock, Patience, Watermark, last_hour_before
from services.common.clock import DAY, HOUR, MINUTE, SECOND

T = 1_000 * DAY


def test_the_log_is_read_through_its_slowest_partition() -> None:
    clock = LogClock([0, 1])
    clock.read(0, T + 5)
    assert clock.now() is None
    clock.read(1, T)
    clock.read(0, T + 9)
    clock.read(0, T + 7)
    assert clock.now() == T
    clock.caught_up(1, T + 20)
    assert clock.now() == T + 9


def test_live_hours_are_over_ten_minutes_after_the_slowest_partition_passed_them() -> None:
    mark = Watermark([0, 1], Patience(), T - HOUR)
    mark.saw(0, T, T)
    mark.saw(1, T - 2 * MINUTE, T)
    assert mark.at(T + SECOND) == T - 12 * MINUTE


def test_history_is_given_days() -> None:
    mark = Watermark([0, 1], Patience(), T)
    mark.saw(0, T - 40 * DAY, T)
    mark.saw(1, T - 30 * DAY, T)
    assert mark.at(T + SECOND) == T - 47 * DAY


def test_a_partition_that_is_yet_to_show_a_record_holds_everything_for_a_minute() -> None:
    mark = Watermark([0, 1], Patience(), T - DAY)
    mark.saw(0, T, T)
    assert mark.at(T + 59 * SECOND) is None
    mark.saw(0, T + 60 * SECOND, T + 60 * SECOND)
    assert mark.at(T + 60 * SECOND) is None, "a new minute began with the record after the silence"
    for second in range(61, 121):
        mark.saw(0, T + second * SECOND, T + second * SECOND)
    assert mark.at(T + 120 * SECOND) == T + 120 * SECOND - 10 * MINUTE


def test_when_nothing_comes_the_log_clock_rules() -> None:
    mark = Watermark([0], Patience(), T)
    mark.saw(0, T - 5 * DAY, T)
    assert mark.at(T + 60 * SECOND) == T + 60 * SECOND - 10 * MINUTE


def test_an_event_of_tomorrow_is_taken_for_one_of_now() -> None:
    mark = Watermark([0], Patience(), T)
    mark.saw(0, T + DAY, T)
    assert mark.at(T) == T - 10 * MINUTE


def test_the_last_hour_that_has_ended() -> None:
    assert last_hour_before(5 * HOUR) == 4
    assert last_hour_before(5 * HOUR - 1) == 3


def test_patience_is_not_negative() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        Patience(grace=-1)
