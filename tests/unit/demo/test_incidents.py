"""What goes wrong there is in the events."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.demo.incidents import Incident, incidents
from services.demo.traffic import Use
from tests.unit.demo.history import ANCHOR, dollars, history

RUNAWAY, RELEASE = incidents(ANCHOR)
WEEK = timedelta(days=7)


def uses(team: str, start: datetime, end: datetime) -> list[Use]:
    return [use for use in history() if use.workload.team == team and start <= use.time < end]


def spend(team: str, start: datetime, end: datetime) -> float:
    return sum(dollars(use) for use in uses(team, start, end))


def unit_cost(team: str, start: datetime, end: datetime) -> float:
    found = uses(team, start, end)
    return sum(map(dollars, found)) / sum(use.requests for use in found)


def test_ten_days_ago_a_batch_ran_away_for_five_hours() -> None:
    assert timedelta(days=9) < ANCHOR - RUNAWAY.end < timedelta(days=11)
    assert RUNAWAY.end - RUNAWAY.start == timedelta(hours=5)
    during = spend("data-platform", RUNAWAY.start, RUNAWAY.end)
    usual = spend("data-platform", RUNAWAY.start - WEEK, RUNAWAY.end - WEEK)
    assert 7 < during / usual < 12
    assert during - usual > 100
    assert unit_cost("data-platform", RUNAWAY.start, RUNAWAY.end) == pytest.approx(
        unit_cost("data-platform", RUNAWAY.start - WEEK, RUNAWAY.end - WEEK), rel=0.1
    )


def test_two_days_ago_a_team_paid_three_times_as_much_for_each_request() -> None:
    assert timedelta(hours=6) <= ANCHOR - RELEASE.end
    assert timedelta(days=1) < ANCHOR - RELEASE.start < timedelta(days=2)
    assert RELEASE.end - RELEASE.start == timedelta(hours=12)
    during = unit_cost("support", RELEASE.start, RELEASE.end)
    before = unit_cost("support", RELEASE.start - WEEK, RELEASE.start)
    assert 2.5 < during / before < 3.5


@pytest.mark.parametrize("incident", [RUNAWAY, RELEASE], ids=["runaway", "release"])
def test_nothing_else_changes(incident: Incident) -> None:
    team = incident.workload.split("/")[0]
    span = incident.end - incident.start
    after = unit_cost(team, incident.end + span, incident.end + 2 * span)
    week_before = unit_cost(team, incident.end + span - WEEK, incident.end + 2 * span - WEEK)
    assert after == pytest.approx(week_before, rel=0.4)
    for other in ("web", "search"):
        during = spend(other, incident.start, incident.end)
        usual = spend(other, incident.start - WEEK, incident.end - WEEK)
        assert during == pytest.approx(usual, rel=0.5)
