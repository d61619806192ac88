"""Seats that are paid and not used."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.common.clock import DAY, HOUR, parse_rfc3339
from services.common.money import PICOS_PER_DOLLAR
from services.optimizer.domain.rules import idle_seats
from services.optimizer.domain.rules.idle_seats import Policy, Seat

NOW = parse_rfc3339("2026-11-20T12:00:00Z")
POLICY = Policy(idle_for=30 * DAY, min_saving=5 * PICOS_PER_DOLLAR)
IDLE = Seat(
    tenant_id="acme", tool="copilot", provider="github", plan="copilot-business", user="ann",
    assigned=NOW - 200 * DAY, last_active=NOW - 60 * DAY, pending=False, seen=NOW,
    daily_cost=19 * PICOS_PER_DOLLAR // 30, priced=True,
)  # fmt: skip
BUSY = replace(IDLE, user="bob", last_active=NOW - HOUR)


def test_idle_seats_of_a_plan_are_one_recommendation_that_names_them() -> None:
    seats = [BUSY, *(replace(IDLE, user=f"user-{n:02}") for n in range(20))]
    [draft] = idle_seats.drafts(seats, NOW, POLICY)
    assert draft.title == "Return 20 idle copilot-business seats of copilot"
    assert "user-00, user-01" in draft.action
    assert "bob" not in draft.action
    assert draft.subject == {"tool": "copilot", "provider": "github", "plan": "copilot-business"}
    monthly = 20 * 19 * PICOS_PER_DOLLAR
    # Idle for 60 days: half of the users are expected to stay away for 60 more, so most of the month is saved.
    assert 0.6 * monthly < draft.saving.low < draft.saving.median < draft.saving.high <= monthly
    assert draft.saving.likely == 1.0
    assert all(fact.present for fact in draft.evidence)
    assert draft.evidence[0].statement.startswith("last use known for each: 20 of 21 seats")


def test_the_longer_idle_the_surer() -> None:
    [month] = idle_seats.drafts([replace(IDLE, last_active=NOW - 30 * DAY)], NOW, POLICY)
    [year] = idle_seats.drafts([replace(IDLE, last_active=NOW - 365 * DAY, assigned=1)], NOW, POLICY)
    assert month.saving.low < year.saving.low


@pytest.mark.parametrize(
    "seat",
    [
        replace(IDLE, last_active=NOW - 29 * DAY),
        replace(IDLE, last_active=0),
        replace(IDLE, assigned=NOW - 10 * DAY),
        replace(IDLE, assigned=0),
        replace(IDLE, pending=True),
        replace(IDLE, priced=False),
        replace(IDLE, seen=NOW - 4 * DAY),
    ],
    ids=["used lately", "no telemetry", "new", "assignment unknown", "being cancelled", "unpriced", "given back"],
)
def test_seats_that_are_left_alone(seat: Seat) -> None:
    assert idle_seats.drafts([BUSY, seat], NOW, POLICY) == []
    assert idle_seats.drafts([BUSY, replace(IDLE, user="control")], NOW, POLICY)


def test_idleness_is_counted_to_the_newest_report_not_to_today() -> None:
    reported = NOW - 5 * DAY
    seat = replace(IDLE, seen=reported, last_active=reported - 27 * DAY)
    assert idle_seats.drafts([seat], NOW, POLICY) == []
    old = replace(IDLE, seen=NOW - 8 * DAY)
    assert idle_seats.drafts([old], NOW, POLICY) == []


def test_plans_and_tools_are_separate() -> None:
    seats = [
        IDLE,
        replace(IDLE, plan="copilot-enterprise"),
        replace(IDLE, tool="cursor", provider="cursor", plan="pro"),
    ]
    assert len(idle_seats.drafts(seats, NOW, POLICY)) == 3


def test_the_monthly_price_is_the_days_share_times_the_days_of_its_month() -> None:
    november = replace(IDLE, daily_cost=PICOS_PER_DOLLAR)
    february = replace(november, seen=parse_rfc3339("2026-02-10T00:00:00Z"))
    assert november.monthly_price == 30 * PICOS_PER_DOLLAR
    assert february.monthly_price == 28 * PICOS_PER_DOLLAR
