"""What an hour has cost too much is told before the hour is over, once, and under the name it keeps."""

from __future__ import annotations

from collections.abc import Generator, Iterable

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent, Label
from finops.cost.v1.cost_pb2 import CostRecord

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.lessons import Said
from services.anomaly.domain.minutes.tally import Minute
from services.anomaly.domain.plan import Window
from services.common.clock import HOUR, MINUTE
from tests.unit.anomaly.minutes import LIVE, Life, a_day, live, spend

_OPENED, _UPDATED, _CLOSED = AnomalyEvent.TYPE_OPENED, AnomalyEvent.TYPE_UPDATED, AnomalyEvent.TYPE_CLOSED
BEGIN = LIVE + 10
"""The hour in which something goes wrong."""


def more(hours: int, dollars: float = 2.5, first: int = 5, requests: int = 100) -> list[CostRecord]:
    """So many dollars a minute on top of the service's fifty cents, from the fifth minute on."""
    minutes = range(BEGIN * 60 + first, (BEGIN + hours) * 60)
    return [spend(minute * MINUTE + 1, dollars, key="prod", requests=requests) for minute in minutes]


def lived(extra: Iterable[CostRecord], hours: int = 20, life: Life | None = None) -> Life:
    return (life or Life().has(a_day)).lives([*live(hours), *extra], (LIVE + hours) * HOUR)


def _never(last: Minute) -> Generator[None, None, list[Transition]]:
    yield from ()
    return []


def known_at(life: Life) -> list[tuple[AnomalyEvent.Type, int]]:
    """What was told, and the moment up to which it says what happened, in minutes since it began."""
    return [(t.type, t.anomaly.end_unix_micros // MINUTE - BEGIN * 60) for t in life.told]


def test_a_spike_is_told_while_its_hour_is_under_way_and_goes_on_under_that_name() -> None:
    life = lived(more(3))
    assert [kind for kind, _ in known_at(life)] == [_OPENED, _UPDATED, _UPDATED, _UPDATED, _CLOSED]
    assert [end for _, end in known_at(life)][1:] == [60, 120, 180, 180]
    first = life.told[0].anomaly
    assert 20 <= known_at(life)[0][1] < 60
    assert dict(first.series) == {"team": "web"} and first.channel == Anomaly.CHANNEL_COST
    # No more is said than what was spent until then.
    assert first.impact.units <= 2.5 * (known_at(life)[0][1] - 5)
    assert f"between 10:00 and 10:{known_at(life)[0][1]:02} UTC" in first.summary
    assert {t.anomaly.name for t in life.told} == {first.name}


def test_whole_hours_alone_come_to_the_same_anomaly() -> None:
    early, late = lived(more(3)), Life().has(a_day)
    late.watch.look_ahead = _never  # type: ignore[method-assign]
    lived(more(3), life=late)
    assert known_at(late)[0] == (_OPENED, 60)
    assert late.told[-1].anomaly == early.told[-1].anomaly


@pytest.mark.parametrize("hours", [24, 100])
def test_usual_hours_tell_nothing(hours: int) -> None:
    assert lived([], hours).told == []


def test_dearer_requests_wait_for_the_whole_hour() -> None:
    """Why they are dearer only the hour tells."""
    life = Life().has(a_day)
    dear = [
        spend(r.usage.time_unix_micros, 4 * 0.5, key="prod", requests=20) for r in live(20) if r.usage.key == "prod"
    ]
    usual = [r for r in live(20) if r.usage.key != "prod" or r.usage.time_unix_micros < BEGIN * HOUR]
    life.lives([*usual, *(r for r in dear if r.usage.time_unix_micros >= BEGIN * HOUR)], (LIVE + 20) * HOUR)
    assert life.told[0].anomaly.channel == Anomaly.CHANNEL_UNIT_COST
    assert known_at(life)[0][1] % 60 == 0


def test_what_the_hour_takes_back_is_closed_when_it_ends() -> None:
    refund = spend((BEGIN + 1) * HOUR - 2, -140.0, key="prod", requests=0)
    refund.quantity_delta.requests = -100 * 55
    life = lived([*more(1), refund])
    assert [kind for kind, _ in known_at(life)] == [_OPENED, _CLOSED]
    assert not life.watch.open_anomalies()


def test_what_is_planned_is_not_told() -> None:
    life = Life().has(a_day)
    life.watch.plan.put(Window("plannedWindows/w", {"key": "prod"}, BEGIN, BEGIN + 4))
    assert lived(more(3), life=life).told == []


def test_what_is_said_of_it_counts_once_its_hour_is_judged() -> None:
    life = Life().has(a_day)
    told = _until(life, more(3), BEGIN * 60 + 55)
    (first,) = (t.anomaly for t in told)
    life.watch.hear(Said(first.name, Label.VERDICT_EXPECTED, BEGIN))
    assert life.watch.listen() == []
    life.told.clear()
    _until(life, [], (BEGIN + 6) * 60, since=BEGIN * 60 + 55, rest=more(3))
    assert [t.type for t in life.told] == [_UPDATED, _CLOSED]
    assert {t.anomaly.name for t in life.told} == {first.name}


def _until(
    life: Life, extra: list[CostRecord], minute: int, since: int = LIVE * 60, rest: Iterable[CostRecord] = ()
) -> list[Transition]:
    """Lets the life go on up to that minute."""
    records = [r for r in [*live(20), *extra, *rest] if since <= r.usage.time_unix_micros // MINUTE < minute]
    waiting = sorted(records, key=lambda r: r.usage.time_unix_micros)
    for at in range(since, minute):
        while waiting and waiting[0].usage.time_unix_micros // MINUTE <= at:
            life.comes(waiting[0], waiting[0].usage.time_unix_micros)
            waiting.pop(0)
        life.passes((at + 1) * MINUTE)
    return life.told
