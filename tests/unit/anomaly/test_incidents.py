"""One incident, one alarm; and no more alarms than people can bear."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.series import closed, drain, hours_of, opened, watch_hours

WEEK = 168
Cells = Callable[[int], Sequence[tuple[tuple[Series, ...], float, int]]]


def watch_cells(cells: Cells, hours: int, policy: Policy | None = None) -> list[Transition]:
    watch = TenantWatch("acme", policy or Policy())
    told: list[Transition] = []
    for n in range(hours):
        for series, dollars, requests in cells(n):
            watch.add(FIRST + n, series, Totals(round(dollars * PICOS_PER_DOLLAR), requests, requests))
        told += drain(watch.close_through(FIRST + n))
    return told


def team(name: str, key: str, model: str) -> tuple[Series, ...]:
    return (Series("tenant", "acme"), Series("team", name), Series("key", key), Series("model", model))


def test_one_incident_in_many_series_is_one_anomaly_of_the_team() -> None:
    def cells(n: int) -> Sequence[tuple[tuple[Series, ...], float, int]]:
        times = 9 if 700 <= n < 705 else 1
        return [(team("a", "ka", "m"), 5.0 * times, 50 * times), (team("b", "kb", "m"), 6.0, 50)]

    (found,) = opened(watch_cells(cells, 760))
    assert dict(found.series) == {"team": "a"}


def test_one_key_of_a_team_is_named_when_it_alone_went_wrong() -> None:
    def cells(n: int) -> Sequence[tuple[tuple[Series, ...], float, int]]:
        times = 9 if 700 <= n < 705 else 1
        return [(team("a", "k1", "m"), 5.0 * times, 50 * times), (team("a", "k2", "m"), 30.0, 50)]

    (found,) = opened(watch_cells(cells, 760))
    assert dict(found.series) == {"key": "k1"}


def test_a_service_is_named_at_night_too_when_nobody_else_of_its_team_is_there() -> None:
    def cells(n: int) -> Sequence[tuple[tuple[Series, ...], float, int]]:
        times, day = (9 if 698 <= n < 703 else 1), 8 <= n % 24 < 20
        others = [(team("a", "k2", "m"), 30.0, 50)] if day else []
        return [(team("a", "k1", "m"), 5.0 * times, 50 * times), *others]

    assert 698 % 24 < 8
    (found,) = opened(watch_cells(cells, 760))
    assert dict(found.series) == {"key": "k1"}


def test_a_dearer_model_is_named_rather_than_the_teams_that_use_it() -> None:
    def cells(n: int) -> Sequence[tuple[tuple[Series, ...], float, int]]:
        times = 4 if 700 <= n < 712 else 1
        return [
            (team("a", "ka", "m"), 5.0 * times, 50), (team("b", "kb", "m"), 6.0 * times, 50),
            (team("a", "ka", "other"), 9.0, 50), (team("b", "kb", "other"), 9.0, 50),
        ]  # fmt: skip

    (found,) = opened(watch_cells(cells, 760))
    assert dict(found.series) == {"model": "m"}
    assert found.channel == Anomaly.CHANNEL_UNIT_COST


def test_two_teams_at_once_are_two_incidents() -> None:
    def cells(n: int) -> Sequence[tuple[tuple[Series, ...], float, int]]:
        a, b = (9 if 700 <= n < 705 else 1), (9 if 701 <= n < 705 else 1)
        return [((Series("team", "a"),), 5.0 * a, 50 * a), ((Series("team", "b"),), 6.0 * b, 50 * b)]

    assert {dict(anomaly.series)["team"] for anomaly in opened(watch_cells(cells, 760))} == {"a", "b"}


def test_a_larger_incident_is_told_while_a_small_one_is_open() -> None:
    def cells(n: int) -> Sequence[tuple[tuple[Series, ...], float, int]]:
        small, large = (5 if 700 <= n < 712 else 1), (9 if 704 <= n < 710 else 1)
        return [((Series("key", "k"),), 4.0 * small, 50 * small), ((Series("model", "m"),), 90.0 * large, 50 * large)]

    assert [dict(a.series) for a in opened(watch_cells(cells, 760))] == [{"key": "k"}, {"model": "m"}]


def test_everything_silent_is_one_anomaly_of_the_organisation() -> None:
    def cells(n: int) -> Sequence[tuple[tuple[Series, ...], float, int]]:
        if 700 <= n < 710:
            return []
        return [((Series("tenant", "acme"), Series("source", s), Series("team", s)), 5.0, 50) for s in "abcdef"]

    (found,) = opened(watch_cells(cells, 760))
    assert dict(found.series) == {"tenant": "acme"}
    assert found.summary.startswith("The whole organisation sent no usage")


def test_the_same_series_is_not_told_again_within_the_cooldown() -> None:
    def hourly(n: int) -> tuple[float, int]:
        return (50.0, 500) if n in (700, 701, 706, 707) else (5.0, 50)

    told = watch_hours(hourly, 32)
    assert [hours_of(a) for a in closed(told)] == [(700, 702)]


def test_a_series_has_three_alarms_a_week_and_a_worse_one_is_told_all_the_same() -> None:
    spikes = {700: 60.0, 725: 60.0, 750: 60.0, 775: 60.0, 800: 60.0, 825: 300.0}
    found = opened(watch_hours(lambda n: (spikes.get(n, 5.0), 50), 40))
    assert [hours_of(a)[0] for a in found] == [700, 725, 750, 825]


def test_a_tenant_has_so_many_alarms_a_day_and_the_dearest_are_told() -> None:
    policy = Policy(alarms_per_tenant_day=3)

    def cells(n: int) -> Sequence[tuple[tuple[Series, ...], float, int]]:
        return [((Series("team", f"t{i}"),), 50.0 + i if n == 700 else 5.0, 50) for i in range(8)]

    found = opened(watch_cells(cells, 720, policy))
    assert [dict(a.series)["team"] for a in found] == ["t7", "t6", "t5"]


def test_a_dimension_has_so_many_series_whatever_the_order_of_records() -> None:
    watch = TenantWatch("acme", Policy(series_per_dimension=3))
    for i in reversed(range(10)):
        watch.add(FIRST, (Series("key", f"k{i}"), Series("team", "a")), Totals(1, 1, 1))
    drain(watch.close_through(FIRST))
    assert watch.series_count == 4
    assert watch.unwatched == {Series("key", f"k{i}") for i in range(3, 10)}


def test_series_without_use_are_forgotten_and_empty_time_is_skipped() -> None:
    watch = TenantWatch("acme", Policy(forget_after_hours=48))
    watch.add(FIRST, (Series("key", "k"),), Totals(1, 1, 1))
    drain(watch.close_through(FIRST + 47))
    assert watch.series_count == 1
    drain(watch.close_through(FIRST + 48))
    assert watch.series_count == 0
    watch.add(FIRST + 10_000_000, (Series("key", "k"),), Totals(1, 1, 1))
    drain(watch.close_through(FIRST + 10_000_000))
    assert watch.series_count == 1
