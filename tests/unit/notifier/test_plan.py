"""Who is told, when, and together with what."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

import pytest

from services.common.clock import DAY, HOUR, MINUTE, SECOND, Micros, parse_rfc3339
from services.notifier.domain import budgets, delivery
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.hours import Cadence, Digest, QuietHours, quiet_until
from services.notifier.domain.letter import compose
from services.notifier.domain.message import Message, Severity
from services.notifier.domain.plan import Bundle, plan
from services.notifier.domain.routing import GroupBy, Grouping, Receiver, Route, Routes, Target
from services.notifier.domain.template import TemplateError, parse
from tests.unit.notifier.samples import ADDRESSES, NOW, ORIGIN, budget_alert, letter_of

BERLIN = ZoneInfo("Europe/Berlin")
CHAT, PAGER = Receiver("chat", Target.SLACK), Receiver("pager", Target.PAGERDUTY)


def message(event_id: str = "a", percent: int = 80, team: str = "") -> Message:
    alert = budget_alert(event_id, percent)
    if team:
        alert.labels["team"] = team
    found = budgets.message(alert)
    assert found is not None
    return found


def made(event_id: str, created: Micros, *, percent: int = 80, team: str = "", to: str = "chat") -> Delivery:
    fresh = delivery.fresh(message(event_id, percent, team), to, ORIGIN, created, 10 * DAY)
    return replace(fresh, created=created)


def planned(route: Route, *deliveries: Delivery, now: Micros = NOW) -> list[tuple[list[str], Micros]]:
    found = plan(deliveries, Routes([route]), now)
    return [([d.message.event_id for d in bundle.deliveries], bundle.due - NOW) for bundle in found.bundles]


def test_the_first_route_that_fits_decides_unless_it_lets_the_next_one_try() -> None:
    ads = Route((PAGER,), teams=frozenset({"ads"}), continues=True)
    critical = Route((CHAT,), min_severity=Severity.CRITICAL)
    rest = Route((Receiver("rest", Target.EMAIL),), kinds=frozenset({"budget.threshold_crossed"}))
    routes = Routes([ads, critical, rest])

    def told(each: Message) -> list[str]:
        return [receiver.destination for receiver in routes.receivers(each)]

    assert told(message()) == ["rest"]
    assert told(message(percent=100)) == ["chat"]
    assert told(message(percent=100, team="ads")) == ["pager", "chat"]
    assert told(message(team="ads")) == ["pager", "rest"]
    assert Route((CHAT,), labels={"budget": "search"}).wants(message())
    assert not Route((CHAT,), labels={"budget": "ads"}).wants(message())
    assert not Route((CHAT,), kinds=frozenset({"anomaly"})).wants(message())


def test_events_of_one_subject_within_a_window_become_one_message() -> None:
    route = Route((CHAT,), grouping=Grouping(GroupBy.TEAM, 10 * MINUTE))
    deliveries = [
        made("a", NOW, team="search"),
        made("b", NOW + MINUTE, team="ads"),
        made("c", NOW + 9 * MINUTE, team="search"),
        made("d", NOW + 10 * MINUTE, team="search"),
    ]
    assert planned(route, *deliveries) == [
        (["a", "c"], 10 * MINUTE), (["b"], 11 * MINUTE), (["d"], 20 * MINUTE),
    ]  # fmt: skip


def test_a_digest_gathers_and_what_is_critical_may_pass() -> None:
    at = parse_rfc3339("2024-10-04T09:00:00+02:00")
    route = Route((CHAT,), digest=Digest(Cadence.DAILY, time(9), BERLIN, critical_passes=True))
    deliveries = [made("a", NOW), made("b", NOW + HOUR), made("worst", NOW, percent=100)]
    assert planned(route, *deliveries) == [(["worst"], 0), (["a", "b"], at - NOW)]


def test_an_incident_wants_each_change_and_only_the_newest() -> None:
    route = Route((PAGER,), grouping=Grouping(GroupBy.ROUTE, HOUR))
    first, second = made("a", NOW - 2, to="pager"), made("b", NOW - 1, to="pager")
    same = replace(second, message=replace(second.message, thread="a"))
    found = plan([first, same], Routes([route]), NOW)
    assert [bundle.deliveries for bundle in found.bundles] == [(same,)]
    assert found.superseded == (first,)


def test_what_was_claimed_together_stays_together_and_nobody_is_homeless_unnoticed() -> None:
    route = Route((CHAT,))
    claimed = [replace(made(name, NOW), bundle="x", attempts=1) for name in ("a", "b")]
    assert planned(route, *claimed, made("c", NOW)) == [(["a", "b"], 0), (["c"], 0)]
    assert plan([made("a", NOW, to="gone")], Routes([route]), NOW).homeless


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-24T21:59:59+01:00", None),
        ("2026-11-24T22:00:00+01:00", "2026-11-25T07:00:00+01:00"),
        ("2026-11-25T06:59:59+01:00", "2026-11-25T07:00:00+01:00"),
        ("2026-11-25T07:00:00+01:00", None),
        # Clocks go back at 3:00: that night is an hour longer.
        ("2026-10-25T02:30:00+01:00", "2026-10-25T07:00:00+01:00"),
        # Clocks go forward at 2:00.
        ("2027-03-28T01:59:00+01:00", "2027-03-28T07:00:00+02:00"),
    ],
)
def test_quiet_hours_are_local_through_every_change_of_the_clocks(at: str, until: str | None) -> None:
    night = QuietHours(time(22), time(7), BERLIN)
    ends = night.end_after(parse_rfc3339(at))
    assert ends == (parse_rfc3339(until) if until else None)


def test_quiet_hours_hold_messages_back_together_and_critical_ones_may_pass() -> None:
    night = QuietHours(time(22), time(7), BERLIN, critical_passes=True)
    evening = parse_rfc3339("2024-10-03T23:00:00+02:00")
    deliveries = [made("a", evening), made("b", evening + HOUR), made("worst", evening, percent=100)]
    found = planned(Route((CHAT,), quiet_hours=(night,)), *deliveries)
    morning = parse_rfc3339("2024-10-04T07:00:00+02:00") - NOW
    assert found == [(["worst"], evening - NOW), (["a", "b"], morning)]


def test_stretches_without_a_gap_do_not_hold_a_message_for_ever() -> None:
    day, night = QuietHours(time(7), time(22), BERLIN), QuietHours(time(22), time(7), BERLIN)
    assert NOW < quiet_until((day, night), NOW, critical=False) < NOW + 40 * DAY


def test_digests_of_hours_days_and_weeks() -> None:
    friday = parse_rfc3339("2026-11-20T10:30:00+01:00")
    hourly = Digest(Cadence.HOURLY, time(0, 15), BERLIN)
    daily = Digest(Cadence.DAILY, time(9), BERLIN)
    weekly = Digest(Cadence.WEEKLY, time(9), BERLIN, weekday=0)
    assert hourly.due_after(friday) == friday + 45 * MINUTE
    assert daily.due_after(friday) == parse_rfc3339("2026-11-21T09:00:00+01:00")
    assert weekly.due_after(friday) == parse_rfc3339("2026-11-23T09:00:00+01:00")
    gap = Digest(Cadence.DAILY, time(2, 30), BERLIN)
    assert gap.due_after(parse_rfc3339("2027-03-28T00:00:00+01:00")) == parse_rfc3339("2027-03-28T03:00:00+02:00")


def test_templates_say_fields_and_leave_out_what_is_empty() -> None:
    template = parse("{{title}}{{#team}} for {{team}}{{/team}}{{^team}} for nobody{{/team}}: {{label:budget}}")
    route = Route((CHAT,), title=template)
    assert letter_of(message(team="ads"), route).title == "Budget Search: 80% used for ads: search"
    assert letter_of(message(), route).title == "Budget Search: 80% used for nobody: search"
    for wrong in ("{{nonsense}}", "{{#team}}", "{{/team}}", "{{title"):
        with pytest.raises(TemplateError):
            parse(wrong)


def test_several_events_in_one_message_are_listed_with_the_worst_in_front() -> None:
    bundle = Bundle((made("a", NOW), made("b", NOW + SECOND, percent=100)), NOW)
    letter = compose(bundle, Route((CHAT,)), ADDRESSES)
    assert letter.title == "2 messages. The most important: Budget Search: 100% used"
    assert letter.severity is Severity.CRITICAL
    assert letter.body.count("Budget Search") == 2
