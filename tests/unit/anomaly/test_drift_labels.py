"""What people say of a drift, and what days in planned windows are to one."""

from __future__ import annotations

import numpy as np
import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, Label

from services.anomaly.domain.detectors.drift import DAYS, LONGEST_DAYS, DriftDetector
from services.anomaly.domain.plan import Window
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.series import TEAM, Hourly, closed, office
from tests.unit.anomaly.test_labels import CONFIRMED, DAY, EXPECTED, FALSE, WEEK, Weeks, times

BEGIN = 6 * WEEK
TOLD = BEGIN + 18 * DAY
MENDED = BEGIN + 42 * DAY


def creeping(end: int = 10**6) -> Hourly:
    """An office that is 4 % dearer every day for a fortnight, and stays so dear until the end."""
    usual = office()

    def hourly(n: int) -> tuple[float, int]:
        dollars, requests = usual(n)
        more = 1.04 ** (min(max(n - BEGIN, 0) / DAY, 14)) if n < end else 1.0
        return dollars * more, round(requests * more)

    return hourly


def drifts(weeks: Weeks) -> list[Anomaly]:
    return [anomaly for anomaly in weeks.opened() if anomaly.channel == Anomaly.CHANNEL_DRIFT]


def told(verdict: Label.Verdict | None, hourly: Hourly | None = None) -> Weeks:
    """A drift of which this was said; None: nothing was."""
    weeks = Weeks(hourly or creeping(), begin=BEGIN).run(TOLD)
    (found,) = weeks.opened()
    assert found.channel == Anomaly.CHANNEL_DRIFT
    assert weeks.watch.open_anomalies() == [found.name]
    if verdict is not None:
        weeks.say(verdict, found)
    return weeks


@pytest.mark.parametrize("verdict", [EXPECTED, FALSE])
def test_a_drift_that_is_expected_or_none_closes_and_is_told_no_more(verdict: Label.Verdict) -> None:
    weeks = told(verdict)
    assert [anomaly.name for anomaly in closed(weeks.told)] == [drifts(weeks)[0].name]
    weeks.run(TOLD + 5 * WEEK)
    assert len(weeks.opened()) == 1


def test_without_a_label_it_goes_on() -> None:
    weeks = told(None).run(TOLD + 3 * DAY)
    assert weeks.watch.open_anomalies()


def test_a_false_drift_needs_more_the_next_time_and_begins_from_nothing() -> None:
    panel = told(FALSE).watch.panel
    row = panel.index[TEAM]
    assert panel.under_way.doubts.of("drift", row, panel.hour) == 1
    assert panel.drift.verdict(panel.hour, row).surprise == 0.0
    assert told(CONFIRMED).watch.panel.drift.verdict(panel.hour, row).surprise > 0.0


def test_a_confirmed_drift_stays_one_until_it_is_mended() -> None:
    weeks = told(CONFIRMED, creeping(MENDED)).run(MENDED)
    assert MENDED - BEGIN > (LONGEST_DAYS + 7) * DAY
    assert weeks.watch.open_anomalies() == [drifts(weeks)[0].name]
    weeks.run(MENDED + 6 * DAY)
    assert not weeks.watch.open_anomalies()
    assert not told(None).run(MENDED).watch.open_anomalies(), "else it becomes the usual"


def test_a_rise_that_is_expected_is_no_drift_afterwards() -> None:
    weeks = Weeks(times(office(), 3, range(BEGIN + 9, 10**6)), begin=BEGIN).run(BEGIN + 14)
    (found,) = weeks.opened()
    weeks.say(EXPECTED, found)
    assert weeks.run(BEGIN + 5 * WEEK).opened() == [found]


def test_days_of_which_hours_are_planned_are_as_if_they_had_not_been() -> None:
    detector = DriftDetector()
    detector.grow(1)
    nobody, it = np.zeros(1, np.bool_), np.ones(1, np.bool_)

    def day(number: int, dollars: float, kept: np.ndarray) -> bool:
        for hour in range(DAY):
            # One planned hour is enough.
            now = kept if hour == 5 else nobody
            detector.count(np.array([round(dollars / DAY * PICOS_PER_DOLLAR)]), np.ones(1, np.int64), nobody, now)
        drifting = detector.end_day(number * DAY + DAY - 1, it, nobody)
        detector.begin_day()
        return bool(drifting[0])

    for number in range(DAYS):
        day(number, 100.0 + number % 7, nobody)
    before = detector._days.copy()
    for number in range(DAYS, DAYS + 20):
        assert not day(number, 900.0, it)
    assert np.array_equal(detector._days, before)
    assert day(DAYS + 20, 900.0, nobody)


def test_a_window_hides_no_drift_that_goes_on_after_it() -> None:
    first, end = BEGIN + 2 * DAY, BEGIN + 9 * DAY
    weeks = Weeks(creeping(), begin=BEGIN)
    weeks.watch.plan.put(Window("plannedWindows/w", {"team": "search"}, FIRST + first, FIRST + end))
    weeks.run(end)
    assert not weeks.told
    assert len(drifts(weeks.run(end + 21 * DAY))) == 1


def test_a_window_over_all_of_it_leaves_nothing_to_tell() -> None:
    weeks = Weeks(creeping(TOLD), begin=BEGIN)
    weeks.watch.plan.put(Window("plannedWindows/w", {}, FIRST + BEGIN, FIRST + TOLD))
    assert not weeks.run(TOLD + 2 * WEEK).told
