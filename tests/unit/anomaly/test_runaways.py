"""Runaway loops: found in minutes, told once, and nothing told of what only looks like one."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent
from finops.cost.v1.cost_pb2 import CostRecord

from services.anomaly.domain.minutes.tally import MinuteTally
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour
from services.common.clock import DAY, HOUR, MINUTE, SECOND, Micros
from tests.unit.anomaly.minutes import LIVE, PATIENCE, Life, a_day, live, spend

_OPENED, _UPDATED, _CLOSED = AnomalyEvent.TYPE_OPENED, AnomalyEvent.TYPE_UPDATED, AnomalyEvent.TYPE_CLOSED
NOON: Micros = (LIVE + 12) * HOUR
LOOP: Micros = NOON + 20 * MINUTE


def loop(
    start: Micros, minutes: int, dollars: Callable[[int], float] = lambda n: 1.5, session: str = "loop",
    user: str = "ann", team: str = "web",
) -> list[CostRecord]:  # fmt: skip
    """A session that calls ten times a minute; its context grows by 500 tokens a minute."""
    return [
        spend(start + n * MINUTE + 30 * SECOND, dollars(n), user=user, key=f"{user}-key", team=team, session=session,
              requests=10, tokens=2_000 + 500 * n)
        for n in range(minutes)
    ]  # fmt: skip


def told(life: Life) -> list[Anomaly]:
    """Of runaways."""
    return [t.anomaly for t in life.told if t.anomaly.channel == Anomaly.CHANNEL_RUNAWAY]


def test_a_loop_is_told_while_its_hour_is_open_and_closes_when_it_ends() -> None:
    life = Life().has(a_day).lives(live(16) + loop(LOOP, 45), NOON + 3 * HOUR)
    kinds = [transition.type for transition in life.told]
    assert kinds[0] == _OPENED and kinds[-1] == _CLOSED and set(kinds[1:-1]) == {_UPDATED}
    found, last = told(life)[0], told(life)[-1]
    assert dict(found.series) == {"session": "loop", "user": "ann", "key": "ann-key"}
    assert found.channel == Anomaly.CHANNEL_RUNAWAY and found.unit == "USD/minute"
    assert found.start_unix_micros == LOOP
    assert life.told[0].hour * MINUTE - LOOP <= 5 * MINUTE, "the minute that brought it about"
    assert found.severity >= Anomaly.SEVERITY_MEDIUM, "another hour would cost $90"
    assert found.summary.startswith("Session loop of user ann with key ann-key is spending $1.50 a minute, ")
    assert "its owner's busiest hour in eight weeks came to $2" in found.summary
    assert last.name == found.name and last.state == Anomaly.STATE_CLOSED
    assert last.end_unix_micros == LOOP + 45 * MINUTE
    assert 65 <= last.impact.units <= 67.5
    assert "requests grew from 2,000 to 24,000 input tokens each" in last.summary
    assert not life.watch.open_anomalies()


@pytest.mark.parametrize("dollars", [lambda n: 0.6, lambda n: 0.08 * (n + 1), lambda n: 5.0])
def test_it_takes_ten_minutes_at_most(dollars: Callable[[int], float]) -> None:
    life = Life().has(a_day).lives(live(13) + loop(LOOP, 20, dollars), LOOP + 12 * MINUTE)
    (first, *_) = life.told
    assert first.anomaly.series["session"] == "loop"
    assert (first.hour + 1) * MINUTE - LOOP <= 10 * MINUTE


def test_growth_is_told_below_the_cap() -> None:
    growing = loop(LOOP, 9, lambda n: 0.08 * (n + 1))
    assert told(Life().has(a_day).lives(growing, LOOP + 12 * MINUTE))
    level = loop(LOOP, 9, lambda n: 0.4)
    assert not told(Life().has(a_day).lives(level, LOOP + 12 * MINUTE))


def weekly(hour: Hour) -> list[CostRecord]:
    """A batch of $120 in the first half of Monday's third hour, besides what there is."""
    batch = [spend(hour * HOUR + n * MINUTE, 4.0, key="batch", user="etl", requests=200) for n in range(30)]
    return a_day(hour) + (batch if (hour - LIVE) % 168 == 3 else [])


def test_a_weekly_batch_is_known_from_history() -> None:
    week = [record for hour in range(LIVE, LIVE + 8) for record in weekly(hour)]
    assert not Life().has(weekly).lives(week, (LIVE + 8) * HOUR).told


def test_traffic_that_steps_up_after_a_deploy_is_left_to_the_hours() -> None:
    after = [spend(LOOP + n * 30 * SECOND, 0.9, key="prod", requests=40) for n in range(400)]
    life = Life().has(a_day).lives(live(12) + after, NOON + 3 * HOUR)
    assert not told(life)


def bursts(hours: range, seed: int) -> list[CostRecord]:
    """A person who works in bursts of some minutes, of very different sizes."""
    rng, records = Random(seed), []
    for hour in hours:
        if rng.random() < 0.4:
            start = hour * HOUR + rng.randrange(50) * MINUTE
            total, minutes = min(rng.lognormvariate(0.3, 0.9), 8.0), rng.randrange(3, 12)
            for n in range(minutes):
                records.append(spend(start + n * MINUTE, total / minutes, user="bo", session=f"s{hour}", requests=4))
    return records


@pytest.mark.parametrize("seed", range(4))
def test_people_come_in_bursts(seed: int) -> None:
    life = Life().has(lambda hour: bursts(range(hour, hour + 1), 1_000_000 * seed + hour))
    assert not told(life.lives(bursts(range(LIVE, LIVE + 48), seed), (LIVE + 48) * HOUR))


def test_the_end_of_a_month_is_busier() -> None:
    busy = [spend(LIVE * HOUR + n * MINUTE, 1.2, key="prod", requests=50) for n in range(600)]
    life = Life().has(a_day).lives(busy, (LIVE + 10) * HOUR)
    assert not told(life)


def test_a_back_fill_is_no_runaway_and_a_loop_beside_it_is() -> None:
    life = Life().has(a_day)
    for record in loop(NOON - 2 * DAY, 60, lambda n: 20.0, session="old", user="cy"):
        life.comes(record, NOON)
    life.lives(live(13) + loop(LOOP, 20), LOOP + 15 * MINUTE)
    assert {one.series["session"] for one in told(life)} == {"loop"}


def test_what_has_no_history_is_held_against_the_absolute_cap_alone() -> None:
    little = loop(LOOP, 30, lambda n: 4.0, user="new")
    assert not told(Life().has(a_day).lives(little, NOON + HOUR))
    much = loop(LOOP, 30, lambda n: 7.0, user="new")
    (first, *_) = told(Life().has(a_day).lives(much, NOON + HOUR))
    assert first.series["user"] == "new" and "nothing is known of its usual spend" in first.summary
    service = [spend(LIVE * HOUR + n * MINUTE, 9.0, key="prod", requests=50) for n in range(60)]
    assert not told(Life().lives(service, (LIVE + 1) * HOUR)), "nor is a tenant's first day news"


def test_an_hour_says_nothing_of_what_its_minutes_told() -> None:
    life = Life().has(a_day).lives(live(24) + loop(LOOP, 100, lambda n: 3.0), (LIVE + 24) * HOUR)
    assert {t.anomaly.channel for t in life.told} == {Anomaly.CHANNEL_RUNAWAY}
    assert len({one.name for one in told(life)}) == 1, "neither do the user, the key and the team that it is part of"


def test_another_incident_in_the_same_hours_is_told() -> None:
    other = [spend(LOOP + n * MINUTE, 10.0, key="prod", requests=20) for n in range(180)]
    life = Life().has(a_day).lives(live(24) + loop(LOOP, 30) + other, (LIVE + 24) * HOUR)
    assert {"loop", "prod"} <= {value for t in life.told for value in t.anomaly.series.values()}


def with_mail(hour: Hour) -> list[CostRecord]:
    return [*a_day(hour), spend(hour * HOUR, 4.0, team="mail", requests=20)]


def test_a_smaller_incident_of_another_team_in_the_same_hours_is_told() -> None:
    spike = [spend(NOON + n * MINUTE, 0.4, team="mail", requests=5) for n in range(60)]
    life = Life().has(with_mail).lives(loop(NOON, 60, lambda n: 3.0) + spike, NOON + 3 * HOUR)
    assert {"loop", "mail"} <= {value for t in life.told for value in t.anomaly.series.values()}


def with_bo(hour: Hour) -> list[CostRecord]:
    return [*a_day(hour), spend(hour * HOUR, 1.0, user="bo", key="bo-key")]


def test_two_loops_are_two_runaways() -> None:
    bo = loop(LOOP + 5 * MINUTE, 30, session="second", user="bo")
    life = Life().has(with_bo).lives(loop(LOOP, 30) + bo, NOON + 2 * HOUR)
    assert {one.series["session"] for one in told(life)} == {"loop", "second"}


def test_many_sessions_of_one_user_are_the_users() -> None:
    fan = [spend(LOOP + n * 10 * SECOND, 0.3, user="ann", key="ann-key", session=f"f{n}") for n in range(120)]
    (first, *_) = told(Life().has(a_day).lives(fan, NOON + HOUR))
    assert dict(first.series) == {"user": "ann"}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_records_and_the_pace_of_reading_change_nothing(seed: int) -> None:
    """Records of a minute come in any order, and minutes are closed one by one or many at once."""
    records = live(15) + loop(LOOP, 40) + loop(LOOP + 50 * MINUTE, 30, session="again")
    expected = Life().has(a_day).lives(records, (LIVE + 15) * HOUR)
    life, rng = Life().has(a_day), Random(seed)
    waiting = sorted(records, key=lambda cost: cost.usage.time_unix_micros)
    now = LIVE * HOUR
    while now < (LIVE + 15) * HOUR:
        now += rng.choice([1, 1, 2, 30, 90]) * MINUTE
        now = min(now, (LIVE + 15) * HOUR)
        batch = [cost for cost in waiting if cost.usage.time_unix_micros + 5 * SECOND < now]
        waiting = waiting[len(batch) :]
        rng.shuffle(batch)
        for record in batch:
            life.comes(record, record.usage.time_unix_micros + 5 * SECOND)
        life.passes(now)
    assert life.stories() == expected.stories()
    assert told(life) == told(expected)


def test_a_record_counts_in_the_first_minute_that_was_open_when_it_came() -> None:
    tally = MinuteTally(PATIENCE)
    for delay, dollars in ((30 * SECOND, 1.0), (5 * MINUTE, 2.0), (20 * MINUTE, 4.0), (-HOUR, 8.0)):
        tally.add([spend(NOON, dollars)], NOON + delay)
    found = {minute - NOON // MINUTE: sums.cost // 10**12 for (_, minute, _), sums in tally.take().items()}
    assert found == {0: 1, 4: 2, -60: 8}, "late, too late, and ahead of its time"
    assert not tally.take()


def test_after_a_restart_it_is_neither_told_again_nor_lost() -> None:
    records = live(16) + loop(LOOP, 60)
    whole = Life().has(a_day).lives(records, NOON + 3 * HOUR)
    before = Life().has(a_day).lives(records, LOOP + 30 * MINUTE)
    after = Life(known=[told(before)[-1]]).has(a_day)
    assert [name.startswith("anomalies/") for name in after.watch.open_anomalies()] == [True]
    later = [cost for cost in records if cost.usage.time_unix_micros >= LOOP + 30 * MINUTE]
    for record in later:
        after.comes(record, record.usage.time_unix_micros + 5 * SECOND)
    for minute in range((LOOP + 31 * MINUTE) // MINUTE, (NOON + 3 * HOUR) // MINUTE):
        after.passes(minute * MINUTE)
    assert {one.name for one in told(after)} == {one.name for one in told(whole)}
    kinds = [t.type for t in after.told if t.anomaly.channel == Anomaly.CHANNEL_RUNAWAY]
    assert kinds[-1] == _CLOSED and _OPENED not in kinds
    assert told(after)[-1].end_unix_micros == told(whole)[-1].end_unix_micros
    assert abs(told(after)[-1].impact.units - told(whole)[-1].impact.units) <= 8, "what it cost since it was told last"


def test_a_loop_that_ended_while_nobody_looked_is_closed() -> None:
    before = Life().has(a_day).lives(live(13) + loop(LOOP, 20), LOOP + 20 * MINUTE)
    after = Life(known=[told(before)[-1]]).has(a_day)
    for minute in range(20):
        after.passes(LOOP + HOUR + minute * MINUTE)
    (closed,) = told(after)
    assert closed.state == Anomaly.STATE_CLOSED and closed.name == told(before)[0].name


def test_memory_is_bounded_and_forgets_what_is_quiet() -> None:
    life = Life(Policy(minute_series=50))
    crowd = [spend(LIVE * HOUR + n * SECOND, 0.01 * n, user=f"u{n}", session=f"s{n}") for n in range(600)]
    life.lives(crowd, LIVE * HOUR + 20 * MINUTE)
    assert life.watch.minutes.series_count == 50
    life.lives([spend(LIVE * HOUR + 70 * MINUTE, 1.0, user="late")], LIVE * HOUR + 75 * MINUTE)
    assert life.watch.minutes.series_count == 2, "the user and the team of the last minute"


def test_no_more_is_told_than_people_bear() -> None:
    many = [
        record for n in range(6) for record in loop(LOOP + n * MINUTE, 20, lambda n: 9.0, f"s{n}", f"u{n}", f"t{n}")
    ]
    life = Life(Policy(alarms_per_tenant_day=3)).has(a_day).lives(many, NOON + HOUR)
    assert len({one.name for one in told(life)}) == 3
    assert life.watch.withheld >= 3


@pytest.mark.parametrize("minutes", [1, 2])
def test_a_large_request_or_two_are_no_loop(minutes: int) -> None:
    """The hour tells of them if they are worth it."""
    large = loop(LOOP, minutes, lambda n: 9.0)
    assert not told(Life().has(a_day).lives(live(14) + large, NOON + 2 * HOUR))
    assert told(Life().has(a_day).lives(live(14) + loop(LOOP, 3, lambda n: 9.0), NOON + 2 * HOUR))


@pytest.mark.parametrize(("key", "news"), [("prod-2", False), ("stolen", True)])
def test_a_key_without_history_must_spend_new_money(key: str, news: bool) -> None:
    """A rotated key spends what its team always did, however much that is."""

    def busy(hour: Hour) -> list[CostRecord]:
        minutes = range(hour * 60, hour * 60 + 60)
        return [spend(at * MINUTE, 8.0, key="prod", requests=20) for at in minutes]

    life = Life().has(busy, days=14)
    rotated = LIVE + 5
    records = [spend(r.usage.time_unix_micros, 8.0, key="prod", requests=20) for h in range(20) for r in busy(LIVE + h)]
    for record in records:
        if key == "prod-2" and record.usage.time_unix_micros >= rotated * HOUR:
            record.usage.key = key
    if key == "stolen":
        records += [spend(rotated * HOUR + n * MINUTE, 8.0, key=key) for n in range(40)]
    life.lives(records, (LIVE + 8) * HOUR)
    assert bool(told(life)) == news
