"""Seats: daily, some idle for more than a month."""

from __future__ import annotations

from datetime import timedelta

from services.demo.seats import PLANS, Seats
from tests.unit.demo.history import ANCHOR, SEED

SEATS = Seats(SEED, ANCHOR)


def test_the_plans_are_those_of_the_price_book() -> None:
    assert {plan.plan for plan in PLANS} == {"copilot-business", "cursor-teams", "chatgpt-team"}


def test_one_event_for_each_seat_and_day() -> None:
    day = ANCHOR.date() - timedelta(days=4)
    report = SEATS.on(day)
    assert len(report) == len(SEATS.holdings) == len({seat.id for seat in report})
    assert 100 < len(report) < 250
    assert {seat.time.date() for seat in report} == {day}
    assert report == Seats(SEED, ANCHOR).on(day)
    assert {seat.id for seat in report}.isdisjoint(seat.id for seat in SEATS.on(day + timedelta(days=1)))


def test_some_seats_are_idle_for_more_than_thirty_days_and_most_are_used() -> None:
    today = SEATS.on(ANCHOR.date())
    for plan in PLANS:
        held = [seat for seat in today if seat.holding.plan is plan]
        idle = [seat for seat in held if seat.time - seat.last_active > timedelta(days=30)]
        assert 0 < len(idle) < len(held) / 3
        assert all(seat.time - seat.last_active < timedelta(days=4) for seat in held if seat not in idle)


def test_idleness_begins_within_the_history() -> None:
    long_ago = SEATS.on(ANCHOR.date() - timedelta(days=59))
    today = SEATS.on(ANCHOR.date())
    assert all(old.last_active < old.time for old in long_ago)
    assert all(old.last_active <= new.last_active for old, new in zip(long_ago, today, strict=True))
    went_idle = sum(
        old.time - old.last_active < timedelta(days=4) and new.time - new.last_active > timedelta(days=30)
        for old, new in zip(long_ago, today, strict=True)
    )
    assert went_idle >= 5
