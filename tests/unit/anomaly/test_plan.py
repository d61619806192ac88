"""Windows announced in advance: nothing is told in them, nothing learned, in whichever series their spend shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.buckets import OpenHours
from services.anomaly.domain.plan import Plan, Window, filter_of
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from services.anomaly.domain.users import is_of_one_user
from services.common.distinct_values import hashed
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.series import closed, drain, hours_of, opened

WEEK = 168
LOAD = 2 * WEEK + 30
"""When a load begins that spends nine times as much for six hours."""
SIX = range(LOAD, LOAD + 6)
Load = Mapping[str, tuple[range, float]]
SEARCH: Load = {"search": (SIX, 9.0)}


def of(team: str) -> tuple[Series, ...]:
    """Both teams use the same model of the same provider."""
    return (
        Series("tenant", "acme"), Series("team", team), Series("user", f"{team}-bot"), Series("model", "gpt-4o"),
        Series("provider", "openai"), Series("team+model", f"{team}\x1fgpt-4o"),
    )  # fmt: skip


class Weeks:
    """Two teams around the clock; windows may come in between."""

    def __init__(self, loads: Load, *windows: Window, restored: bool = False) -> None:
        self.watch = TenantWatch("acme", Policy())
        for window in windows:
            self.watch.plan.put(window)
        self.told: list[Transition] = []
        self._loads, self._restored, self._next = loads, restored, 0

    def run(self, until: int) -> Weeks:
        noise = np.random.default_rng(3).lognormal(0, 0.1, (WEEK, 2))
        for n in range(self._next, until):
            for place, team in enumerate(("search", "support")):
                hours, times = self._loads.get(team, (range(0), 1.0))
                self._add(n, team, 20 * noise[n * 31 % 167, place] * (times if n in hours else 1.0))
            self.told += drain(self.watch.close_through(FIRST + n))
        self._next = until
        return self

    def _add(self, n: int, team: str, dollars: float) -> None:
        totals = Totals(round(dollars * PICOS_PER_DOLLAR), round(10 * dollars), round(10 * dollars))
        if not dollars:
            return
        if not self._restored:
            self.watch.add(FIRST + n, of(team), totals)
            return
        # As the ledger tells it: each series by itself, and what lies in windows beside it.
        windows = self.watch.plan.at(FIRST + n)
        own = {name: value for series in of(team) for name, value in series.labels.items()}
        for series in of(team):
            self.watch.add(FIRST + n, (series,), totals)
            if not is_of_one_user(series):
                self.watch.add_users(FIRST + n, series, frozenset({hashed(f"{team}-bot")}))
            if any(window.items() <= own.items() for window in windows):
                self.watch.hours.add_planned(FIRST + n, series, totals)

    def baseline(self, series: Series) -> list[float]:
        panel = self.watch.panel
        return [float(value) for value in panel.cost.baseline.values(panel.index[series])]


def window(first: int = LOAD, end: int = LOAD + 6, **labels: str) -> Window:
    return Window("plannedWindows/w", labels, FIRST + first, FIRST + end)


def test_without_a_window_the_load_is_an_anomaly() -> None:
    (found,) = opened(Weeks(SEARCH).run(LOAD + 12).told)
    assert dict(found.series).get("team") == "search"


@pytest.mark.parametrize("restored", [False, True])
@pytest.mark.parametrize(
    "labels",
    [{"team": "search"}, {"team": "search", "model": "gpt-4o"}, {"user": "search-bot"}, {"provider": "openai"}, {}],
)
def test_a_planned_load_is_not_told_of_any_series_it_shows_in(labels: dict[str, str], restored: bool) -> None:
    weeks = Weeks(SEARCH, window(**labels), restored=restored).run(LOAD + 60)
    assert not weeks.told


def test_what_is_planned_teaches_nothing() -> None:
    quiet, weeks = Weeks({}).run(LOAD), Weeks(SEARCH, window(team="search")).run(LOAD)
    before = {series: quiet.baseline(series) for series in of("search")}
    weeks.run(LOAD + 6)
    assert {series: weeks.baseline(series) for series in of("search")} == before
    assert len(weeks.baseline(Series("team", "support"))) == LOAD + 6, "who has no part in it learns on"


def test_after_the_window_the_same_load_is_told() -> None:
    weeks = Weeks({"search": (range(LOAD, LOAD + 20), 9.0)}, window(team="search")).run(LOAD + 14)
    assert [hours_of(found)[0] for found in opened(weeks.told)] == [LOAD + 6]


def test_a_window_of_one_team_hides_no_other() -> None:
    weeks = Weeks({**SEARCH, "support": (range(LOAD + 1, LOAD + 4), 9.0)}, window(team="search")).run(LOAD + 12)
    (found,) = opened(weeks.told)
    assert dict(found.series).get("team") == "support"


def test_an_anomaly_that_turns_out_planned_is_closed() -> None:
    weeks = Weeks(SEARCH).run(LOAD + 2)
    (found,) = opened(weeks.told)
    weeks.watch.plan.put(window(LOAD + 2, team="search"))
    weeks.run(LOAD + 30)
    assert [anomaly.name for anomaly in closed(weeks.told)] == [found.name]
    assert len(opened(weeks.told)) == 1


def test_a_window_that_was_deleted_leaves_the_hours_after_it_to_be_judged() -> None:
    weeks = Weeks(SEARCH, window(team="search")).run(LOAD + 2)
    weeks.watch.plan.put(window(end=LOAD + 2, team="search"))
    weeks.run(LOAD + 4)
    assert [hours_of(found)[0] for found in opened(weeks.told)] == [LOAD + 2]


@pytest.mark.parametrize("labels", [{"team": "search"}, {"user": "search-bot"}])
def test_a_long_window_leaves_the_baseline_of_before(labels: dict[str, str]) -> None:
    """Longer than the memory of two weeks in which tails are kept."""
    end = LOAD + 24 * 17
    weeks = Weeks({"search": (range(LOAD, end), 9.0)}, window(LOAD, end, **labels)).run(end + 30)
    assert not weeks.told
    assert len(weeks.baseline(Series("team", "search"))) == LOAD + 30


def test_a_planned_shutdown_is_no_silence_of_what_it_used() -> None:
    off = range(LOAD, LOAD + 6)
    both: Load = {"search": (off, 0.0), "support": (off, 0.0)}
    told = opened(Weeks(both).run(LOAD + 10).told)
    assert {anomaly.channel for anomaly in told} == {Anomaly.CHANNEL_SILENCE}
    assert not Weeks(both, window(), restored=True).run(LOAD + 10).told
    assert not Weeks({"search": (off, 0.0)}, window(team="search")).run(LOAD + 10).told


def test_a_key_that_is_new_in_a_window_begins_after_it() -> None:
    watch = Weeks(SEARCH, window(team="search"))
    watch.run(LOAD)
    for n in range(LOAD, LOAD + 6):
        watch.watch.add(FIRST + n, (Series("team", "search"), Series("key", "load")), Totals(10**14, 9, 9))
        watch.run(n + 1)
    panel = watch.watch.panel
    row = panel.index[Series("key", "load")]
    assert panel.lives.first[row] == FIRST + LOAD + 6
    assert not panel.cost.baseline.observations[row]


def test_late_records_of_a_planned_hour_correct_nothing() -> None:
    weeks = Weeks(SEARCH, window(team="search")).run(LOAD + 8)
    before = weeks.baseline(Series("team", "search"))
    assert not weeks.watch.add(FIRST + LOAD + 1, of("search"), Totals(10**15, 5, 5))
    assert weeks.baseline(Series("team", "search")) == before


def test_stretches_are_cut_where_the_plan_changes() -> None:
    plan = Plan()
    plan.put(Window("a", {"team": "x"}, 10, 20))
    plan.put(Window("b", {"model": "y"}, 15, 30))
    found = list(plan.stretches(0, 25))
    assert [(first, end, len(labels)) for first, end, labels in found] == [(10, 15, 1), (15, 20, 2), (20, 25, 1)]
    assert not list(plan.stretches(25, 25))
    assert not list(plan.stretches(26, 25))
    plan.forget_before(21)
    assert plan.get("a") is None
    assert plan.get("b") is not None


def test_filters_of_windows() -> None:
    assert filter_of([{"team": 'a"b', "model": "m"}, {"user": "u"}]) == (
        '(model = "m" AND team = "a\\"b") OR (user = "u")'
    )
    assert not filter_of([{"team": "a"}, {}]), "everything"


def test_planned_sums_of_open_hours() -> None:
    hours = OpenHours()
    hours.add(5, of("search"), Totals(7, 1, 1))
    hours.add(5, of("support"), Totals(9, 1, 1))
    hours.add(5, (Series("team", "search"),), Totals(11, 1, 1))
    hours.add_planned(5, Series("team", "search"), Totals(11, 1, 1))
    planned = hours.planned(5, [{"team": "search"}])
    assert planned[Series("team", "search")].cost == 18
    assert planned[Series("tenant", "acme")].cost == 7
    assert Series("team", "support") not in planned
    hours.forget_planned(5)
    assert hours.planned(5, [{"team": "search"}])[Series("team", "search")].cost == 7


def names(told: Sequence[Transition]) -> list[str]:
    return [transition.anomaly.name for transition in told]


def test_history_read_again_comes_to_the_same() -> None:
    loads = {**SEARCH, "support": (range(LOAD + 1, LOAD + 4), 9.0)}
    live = Weeks(loads, window(team="search")).run(LOAD + 40)
    again = Weeks(loads, window(team="search"), restored=True).run(LOAD + 40)
    assert names(live.told)
    assert live.told == again.told
    assert live.baseline(Series("model", "gpt-4o")) == again.baseline(Series("model", "gpt-4o"))
