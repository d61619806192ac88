"""Leaked keys and new pairs: told where two things are new at once, silent on all that is new alone."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from random import Random

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent, Label
from finops.cost.v1.cost_pb2 import CostRecord

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.lessons import Said
from services.anomaly.domain.novelty.sightings import KEY_MODEL, MOST_VALUES, SIGHTED, Sight, Sightings
from services.anomaly.domain.plan import Window
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour, Reader
from services.anomaly.domain.tenant import TenantWatch
from services.common.clock import DAY, HOUR, MINUTE
from tests.unit.anomaly.minutes import LIVE, spend

READER = Reader(("team", "user", "key", "model"), SIGHTED)
HOME, ABROAD = "203.0.113.0/24", "198.51.100.0/24"
_OPENED, _UPDATED, _CLOSED = AnomalyEvent.TYPE_OPENED, AnomalyEvent.TYPE_UPDATED, AnomalyEvent.TYPE_CLOSED


def use(
    hour: Hour, dollars: float = 10.0, *, key: str = "prod", user: str = "svc", model: str = "gpt-4o",
    network: str = HOME, minute: int = 5, team: str = "web",
) -> CostRecord:  # fmt: skip
    record = spend(hour * HOUR + minute * MINUTE, dollars, user=user, key=key, team=team, requests=20)
    record.usage.model = model
    if network:
        record.usage.tags["client_network"] = network
    return record


def days(hours: range, **changes: str) -> list[CostRecord]:
    """From nine to six, every day."""
    return [use(hour, minute=n * 20, dollars=4.0, **changes) for hour in hours if 9 <= hour % 24 < 18 for n in range(3)]


HISTORY = days(range(LIVE - 12 * 24, LIVE))


def told(records: Iterable[CostRecord], until: Hour = LIVE + 72, known: Iterable[Anomaly] = ()) -> list[Transition]:
    """All of it through a watch, hour by hour."""
    return fed(TenantWatch("acme", Policy(), known), records, until)


def fed(watch: TenantWatch, records: Iterable[CostRecord], until: Hour) -> list[Transition]:
    transitions = []
    by_hour: dict[Hour, list[CostRecord]] = {}
    for record in records:
        by_hour.setdefault(record.usage.time_unix_micros // HOUR, []).append(record)
    for hour in range(min(by_hour), until):
        for cell, totals in READER.tally(by_hour.get(hour, [])).items():
            watch.add(cell.hour, READER.series(cell), totals)
        transitions += _returned(watch.close_through(hour))
    return transitions


def _returned(work: Generator[None, None, list[Transition]]) -> list[Transition]:
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: list[Transition] = done.value
            return result


def test_a_key_of_which_something_was_said_is_closed() -> None:
    """Also by a restart that hears of it before it reads the hours."""
    theft = [use(LIVE + n, 60.0, model="gpt-5", network=ABROAD) for n in range(2, 9)]
    name = of_keys(told(HISTORY + theft))[0].anomaly.name
    watch = TenantWatch("acme", Policy())
    watch.hear(Said(name, Label.VERDICT_FALSE, LIVE + 5))
    found = of_keys(fed(watch, HISTORY + theft, LIVE + 40))
    assert [t.type for t in found] == [_OPENED, _UPDATED, _UPDATED, _CLOSED]
    assert found[-1].hour == LIVE + 4
    assert not watch.open_anomalies()


def test_what_a_key_does_in_a_window_is_not_new_and_what_it_does_after_it_is() -> None:
    theft = [use(LIVE + n, 60.0, model="gpt-5", network=ABROAD, user="eve") for n in range(2, 9)]
    records = HISTORY + days(range(LIVE, LIVE + 24)) + theft
    watch = TenantWatch("acme", Policy())
    watch.plan.put(Window("plannedWindows/w", {"user": "eve"}, LIVE, LIVE + 24))
    found = fed(watch, records, LIVE + 48)
    assert not of_keys(found)
    assert not digests(found)
    watch = TenantWatch("acme", Policy())
    watch.plan.put(Window("plannedWindows/w", {"user": "eve"}, LIVE, LIVE + 5))
    assert next(t.hour for t in of_keys(fed(watch, records, LIVE + 48))) == LIVE + 5


def test_a_leaked_key_is_told_while_its_hour_is_under_way() -> None:
    theft = [use(LIVE + 2, 6.0, model="gpt-5", network=ABROAD, minute=minute) for minute in (5, 12, 20, 30, 50)]
    watch = TenantWatch("acme", Policy())
    fed(watch, HISTORY, LIVE + 2)
    found = []
    for record in theft:
        for cell, totals in READER.tally([record]).items():
            watch.add(cell.hour, READER.series(cell), totals)
        found += _returned(watch.look_ahead(record.usage.time_unix_micros // MINUTE))
    (early,) = found
    # Ten dollars of each of two new things were spent with the second.
    assert early.type == _OPENED and early.anomaly.impact.units == 12
    assert early.anomaly.end_unix_micros == (LIVE + 2) * HOUR + 13 * MINUTE
    later = of_keys(fed(watch, [use(LIVE + 3, 60.0, model="gpt-5", network=ABROAD)], LIVE + 12))
    assert {t.anomaly.name for t in later} == {early.anomaly.name}
    assert [t.type for t in later] == [_OPENED, _UPDATED, _CLOSED], "the outbox tells an opening once"
    assert not [t for t in later if t.anomaly.channel == Anomaly.CHANNEL_COST]


def of_keys(transitions: Iterable[Transition]) -> list[Transition]:
    return [t for t in transitions if t.anomaly.channel == Anomaly.CHANNEL_KEY_NOVELTY]


def digests(transitions: Iterable[Transition]) -> list[Anomaly]:
    return [t.anomaly for t in transitions if t.anomaly.channel == Anomaly.CHANNEL_NEW_PAIRS]


def test_a_leaked_key_is_told_with_what_is_new_and_what_it_costs() -> None:
    theft = [use(LIVE + n, 60.0, model="gpt-5", network=ABROAD) for n in range(2, 5)]
    found = of_keys(told(HISTORY + days(range(LIVE, LIVE + 72)) + theft))
    assert [t.type for t in found] == [_OPENED, _UPDATED, _UPDATED, _CLOSED]
    first, last = found[0].anomaly, found[-1].anomaly
    assert dict(first.series) == {"key": "prod"} and first.start_unix_micros == (LIVE + 2) * HOUR
    assert {tuple(sorted(one.values)) for one in first.novelties} == {
        ("client_network", "key"), ("key", "model"), ("hour", "key"),
    }  # fmt: skip
    assert f"from {ABROAD} and for gpt-5 and at 02:00" in first.summary
    assert last.state == Anomaly.STATE_CLOSED and last.impact.units == 180
    assert last.end_unix_micros == (LIVE + 5) * HOUR
    assert first.severity >= Anomaly.SEVERITY_MEDIUM


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "gpt-5"}, {"network": ABROAD}, {"user": "bo"}, {"hour": "3"},
    ],
)  # fmt: skip
def test_one_new_thing_alone_is_none(changes: Mapping[str, str]) -> None:
    given = {name: value for name, value in changes.items() if name != "hour"}
    new = [use(LIVE + int(changes.get("hour", "10")), 60.0, **given)]
    assert not of_keys(told(HISTORY + new))


def test_small_change_is_none() -> None:
    assert not of_keys(told([*HISTORY, use(LIVE + 2, 5.0, model="gpt-5", network=ABROAD)]))


def test_what_is_new_adds_up_over_hours_until_it_is_worth_telling() -> None:
    """Five dollars an hour; the hours at which the key was never used end at eight."""
    theft = [use(LIVE + n, 5.0, model="gpt-5", network=ABROAD, minute=50) for n in range(9, 14)]
    found = of_keys(told(HISTORY + days(range(LIVE, LIVE + 72)) + theft))
    assert [t.type for t in found] == [_OPENED, _UPDATED, _UPDATED, _UPDATED, _CLOSED]
    assert (found[0].hour, found[0].anomaly.start_unix_micros) == (LIVE + 10, (LIVE + 9) * HOUR)
    assert found[-1].anomaly.impact.units == 25


def test_a_name_on_a_key_that_nobody_was_known_to_use_is_new_while_its_use_goes_on() -> None:
    nameless = days(range(LIVE - 12 * 24, LIVE + 72), user="", key="ci")
    theft = [use(LIVE + 10, 60.0, key="ci", user="eve", model="gpt-5")]
    (found, *_) = of_keys(told(HISTORY + nameless + theft))
    assert dict(found.anomaly.series) == {"key": "ci"} and "for gpt-5 and by eve" in found.anomaly.summary


def test_names_that_are_sent_from_some_hour_on_are_not_new() -> None:
    nameless = days(range(LIVE - 12 * 24, LIVE), user="", key="ci")
    named = [use(LIVE + n, 12.0, key="ci", user="eve", model="gpt-5") for n in range(9, 18)]
    assert not of_keys(told(HISTORY + nameless + named))


def test_the_first_week_of_a_key_is_not_new_nor_is_a_rotated_one() -> None:
    rotated = [*days(range(LIVE, LIVE + 72), key="prod-2"), use(LIVE + 30, 80.0, key="prod-2", network=ABROAD)]
    assert not of_keys(told(HISTORY + rotated))
    young = [*days(range(LIVE - 5 * 24, LIVE)), use(LIVE + 2, 80.0, model="gpt-5", network=ABROAD)]
    assert not of_keys(told(young))


def test_networks_that_are_sent_from_some_day_on_are_not_new() -> None:
    without = days(range(LIVE - 12 * 24, LIVE), network="")
    assert not of_keys(told([*without, use(LIVE + 10, 60.0, model="gpt-5", network=ABROAD)]))


def test_an_hour_says_nothing_of_what_is_told_of_the_key() -> None:
    theft = [use(LIVE + n, 400.0, model="gpt-5", network=ABROAD) for n in range(10, 13)]
    found = told(HISTORY + days(range(LIVE, LIVE + 72)) + theft)
    assert {t.anomaly.channel for t in found} == {Anomaly.CHANNEL_KEY_NOVELTY, Anomaly.CHANNEL_NEW_PAIRS}


def test_what_another_team_spends_in_those_hours_is_told_all_the_same() -> None:
    mail = {"key": "", "user": "", "team": "mail"}
    theft = [use(LIVE + n, 400.0, model="gpt-5", network=ABROAD) for n in range(10, 13)]
    spike = [use(LIVE + n, 300.0, minute=7, **mail) for n in range(10, 13)]
    found = told(HISTORY + days(range(LIVE - 12 * 24, LIVE), **mail) + theft + spike)
    assert {"team": "mail"} in [dict(t.anomaly.series) for t in found if t.type == _OPENED]


def test_the_order_of_records_changes_nothing() -> None:
    theft = [use(LIVE + 2, 60.0, model="gpt-5", network=ABROAD), use(LIVE + 2, 40.0, key="k2")]
    records = HISTORY + theft
    shuffled = records.copy()
    Random(3).shuffle(shuffled)
    assert told(records) == told(shuffled)


def test_what_was_left_open_is_carried_on_or_closed() -> None:
    theft = [use(LIVE + 2, 60.0, model="gpt-5", network=ABROAD)]
    opened = of_keys(told(HISTORY + theft, LIVE + 3))[0].anomaly
    again = of_keys(told(HISTORY + theft, known=[opened]))
    assert {t.anomaly.name for t in again} == {opened.name}, "history comes to the same name"
    assert [t.type for t in again] == [_OPENED, _CLOSED]
    (closed,) = of_keys(told(HISTORY, known=[opened]))
    assert closed.type == _CLOSED and closed.anomaly.name == opened.name, "history no longer bears it out"


def test_a_day_of_new_pairs_is_one_digest() -> None:
    new = [
        use(LIVE + 9, 4.0, user="ann", model="gpt-5"), use(LIVE + 15, 4.0, user="ann", model="gpt-5"),
        use(LIVE + 20, 30.0, user="bo", model="o3"), use(LIVE + 20, 1.0, user="cy", model="o3"),
    ]  # fmt: skip
    (digest,) = digests(told(HISTORY + new))
    assert [(one.values["user"], one.values["model"], one.cost.units) for one in digest.novelties] == [
        ("bo", "o3", 30), ("ann", "gpt-5", 8),
    ]  # fmt: skip
    assert digest.state == Anomaly.STATE_CLOSED and digest.severity == Anomaly.SEVERITY_LOW
    assert (digest.start_unix_micros, digest.end_unix_micros) == (LIVE * HOUR, LIVE * HOUR + DAY)
    assert digest.summary == "2 people used models new to them on 15 Sep, for $38: bo o3 ($30), ann gpt-5 ($8.00)."


def test_no_digest_of_known_pairs_nor_of_a_first_week() -> None:
    assert not digests(told(HISTORY + days(range(LIVE, LIVE + 72))))
    assert not digests(told([*days(range(LIVE - 72, LIVE)), use(LIVE + 9, 40.0, user="ann")]))


def test_memory_is_bounded_and_aged() -> None:
    sightings = Sightings(memory_hours=100)
    sightings.note([Sight(KEY_MODEL, "k", f"m{n}") for n in range(MOST_VALUES + 50)], 10)
    assert len(sightings) == MOST_VALUES
    assert not sightings.is_new(Sight(KEY_MODEL, "k", "other"), 11), "what has more has no habits"
    assert sightings.is_new(Sight(KEY_MODEL, "k2", "m1"), 11)
    sightings.note([Sight(KEY_MODEL, "k2", "m1")], 111)
    assert len(sightings) == 1
