"""What a series learns from what people say of its anomaly: the same weeks with and without a label."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent, Label

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.graph import dump, load
from services.anomaly.domain.lessons import Said
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Series, Totals
from services.anomaly.domain.tenant import TenantWatch
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.series import TEAM, Hourly, closed, drain, hours_of, opened

CONFIRMED, EXPECTED, FALSE = Label.VERDICT_CONFIRMED, Label.VERDICT_EXPECTED, Label.VERDICT_FALSE
DAY, WEEK = 24, 168
SHIFT = 2 * WEEK + 9
"""Monday, when the office opens."""


BEGIN = 2 * WEEK


@lru_cache
def begun(series: tuple[Series, ...], hours: tuple[tuple[float, int], ...]) -> bytes:
    """A watch that has seen these hours, as a checkpoint keeps it: tests share what they have in common."""
    watch = TenantWatch("acme", Policy())
    for n, (dollars, requests) in enumerate(hours):
        watch.add(FIRST + n, series, Totals(round(dollars * PICOS_PER_DOLLAR), requests, requests))
        assert not drain(watch.close_through(FIRST + n))
    return b"".join(dump(watch))


class Weeks:
    """One stream of hours, judged; labels come in between."""

    def __init__(self, hourly: Hourly, series: Sequence[Series] = (TEAM,), begin: int = BEGIN) -> None:
        """Before `begin` nothing happens."""
        self.watch: TenantWatch = load(begun(tuple(series), tuple(map(hourly, range(begin)))))
        self.told: list[Transition] = []
        self._hourly, self._series, self._next = hourly, series, begin

    def run(self, until: int) -> Weeks:
        """Closes the hours before that one."""
        for n in range(self._next, until):
            dollars, requests = self._hourly(n)
            if dollars or requests:
                self.watch.add(FIRST + n, self._series, Totals(round(dollars * PICOS_PER_DOLLAR), requests, requests))
            self.told += drain(self.watch.close_through(FIRST + n))
        self._next = until
        return self

    def say(self, verdict: Label.Verdict, anomaly: Anomaly) -> list[Transition]:
        """In the hour under way."""
        self.watch.hear(Said(anomaly.name, verdict, FIRST + self._next))
        heard = self.watch.listen()
        self.told += heard
        return heard

    def opened(self, since: int = 0) -> list[Anomaly]:
        return [anomaly for anomaly in opened(self.told) if hours_of(anomaly)[0] >= since]


def office() -> Hourly:
    """Busy by day, half as busy at night, a tenth of noise."""
    rng = np.random.default_rng(7)
    rate = np.array([0.5] * 8 + [1.0] * 10 + [0.5] * 6)
    noise = rng.lognormal(0, 0.1, WEEK)

    def hourly(n: int) -> tuple[float, int]:
        requests = round(200 * rate[n % DAY] * noise[n * 31 % 167])
        return requests * 0.1 * noise[n * 17 % 163], requests

    return hourly


def times(hourly: Hourly, factor: float, hours: range | set[int]) -> Hourly:
    """The same, with so many times the requests in some hours."""

    def more(n: int) -> tuple[float, int]:
        dollars, requests = hourly(n)
        return (dollars * factor, round(requests * factor)) if n in hours else (dollars, requests)

    return more


def risen(begin: int = SHIFT) -> Hourly:
    return times(office(), 6, range(begin, 10**6))


def test_what_is_expected_closes_and_is_the_new_usual() -> None:
    weeks = Weeks(risen()).run(SHIFT + 4)
    (found,) = weeks.opened()
    (transition,) = weeks.say(EXPECTED, found)
    assert (transition.type, transition.anomaly.name) == (AnomalyEvent.TYPE_CLOSED, found.name)
    assert transition.anomaly.state == Anomaly.STATE_CLOSED
    weeks.run(SHIFT + WEEK)
    assert weeks.opened() == [found]
    assert not weeks.watch.open_anomalies()


def test_without_a_label_the_same_weeks_keep_it_open_for_a_week() -> None:
    weeks = Weeks(risen()).run(SHIFT + 4)
    assert weeks.watch.open_anomalies()
    weeks.run(SHIFT + DAY + 4)
    assert weeks.watch.open_anomalies()


@pytest.mark.parametrize("begin", [SHIFT, 2 * WEEK + 3, 2 * WEEK + 5 * DAY + 12])
def test_what_comes_on_top_of_what_is_expected_is_told(begin: int) -> None:
    """Begun by day, by night or at the weekend, and expected a few hours later."""
    spike = begin + WEEK
    spike += (11 - spike % DAY) % DAY + DAY * (7 - spike // DAY % 7) % (7 * DAY)
    weeks = Weeks(times(risen(begin), 5, range(spike, spike + 4))).run(begin + 12)
    if weeks.opened():
        weeks.say(EXPECTED, weeks.opened()[-1])
    weeks.run(spike + 8)
    assert [hours_of(found)[0] for found in weeks.opened(spike - 1)] == [spike]


NIGHTLY = {2 * WEEK + n * DAY + 3 for n in range(6)}


def nightly(extra: float = 60.0) -> Hourly:
    usual = office()

    def hourly(n: int) -> tuple[float, int]:
        dollars, requests = usual(n)
        return (dollars + extra, requests + 600) if n in NIGHTLY else (dollars, requests)

    return hourly


def test_a_new_nightly_batch_that_is_expected_is_told_once() -> None:
    first = min(NIGHTLY)
    weeks = Weeks(nightly()).run(first + 8)
    (found,) = weeks.opened()
    assert not weeks.say(EXPECTED, found), "it had closed"
    assert weeks.run(3 * WEEK).opened() == [found]
    unlabelled = Weeks(nightly()).run(3 * WEEK)
    assert len(unlabelled.opened()) > 1


def test_a_false_alarm_closes_and_the_rest_of_it_is_not_told() -> None:
    weeks = Weeks(times(office(), 3, range(SHIFT, SHIFT + 40))).run(SHIFT + 3)
    (found,) = weeks.opened()
    weeks.say(FALSE, found)
    assert [anomaly.name for anomaly in closed(weeks.told)] == [found.name]
    weeks.run(SHIFT + 3 * DAY)
    assert weeks.opened() == [found]


def test_a_false_alarm_that_grows_much_worse_is_told() -> None:
    worse = SHIFT + 5
    hourly = times(times(office(), 3, range(SHIFT, SHIFT + 10)), 8, range(worse, worse + 3))
    weeks = Weeks(hourly).run(SHIFT + 3)
    weeks.say(FALSE, weeks.opened()[0])
    weeks.run(SHIFT + DAY)
    assert [hours_of(found)[0] for found in weeks.opened()[1:]] == [worse]


def test_hours_of_a_false_alarm_are_learned_and_those_of_an_anomaly_are_not() -> None:
    def baseline(verdict: Label.Verdict) -> int:
        weeks = Weeks(times(office(), 6, range(SHIFT, SHIFT + 4))).run(SHIFT + DAY)
        weeks.say(verdict, weeks.opened()[0])
        panel = weeks.watch.panel
        return len(panel.cost.baseline.values(panel.index[TEAM]))

    assert baseline(FALSE) == baseline(Label.VERDICT_UNSPECIFIED) + 4
    assert baseline(CONFIRMED) == baseline(Label.VERDICT_UNSPECIFIED)


def test_after_false_alarms_a_series_needs_more_evidence() -> None:
    def proof_needed(false_alarms: int) -> list[int]:
        spikes = [SHIFT + n * (3 * DAY + 1) for n in range(4)]
        faint = spikes[-1]
        hourly = office()
        for spike in spikes[:-1]:
            hourly = times(hourly, 6, range(spike, spike + 3))
        weeks = Weeks(times(hourly, FAINT, range(faint, faint + 2)))
        for n, spike in enumerate(spikes[:-1]):
            weeks.run(spike + 8)
            if n < false_alarms:
                weeks.say(FALSE, weeks.opened()[-1])
        return [hours_of(found)[0] for found in weeks.run(faint + 8).opened(faint)]

    assert proof_needed(0)
    assert not proof_needed(3)


FAINT = 2.0


def test_doubts_pass_with_memory() -> None:
    weeks = Weeks(times(office(), 6, range(SHIFT, SHIFT + 4))).run(SHIFT + DAY)
    weeks.say(FALSE, weeks.opened()[0])
    panel = weeks.watch.panel
    row = panel.index[TEAM]
    assert panel.under_way.doubts.of("cost", row, panel.hour + 8 * WEEK - 1) == 1
    assert panel.under_way.doubts.of("cost", row, panel.hour + 8 * WEEK) == 0


def test_what_is_confirmed_never_becomes_the_new_normal() -> None:
    unlabelled = Weeks(risen()).run(SHIFT + 9 * DAY)
    assert not unlabelled.watch.open_anomalies(), "after a week it is"
    weeks = Weeks(risen()).run(SHIFT + 4)
    (found,) = weeks.opened()
    assert not weeks.say(CONFIRMED, found)
    weeks.run(SHIFT + 9 * DAY)
    assert weeks.watch.open_anomalies() == [found.name]
    # Once it is mended, the old level is still the usual one.
    panel = weeks.watch.panel
    before = panel.cost.usual_month(panel.index[TEAM])
    assert before == pytest.approx(Weeks(office()).watch.panel.cost.usual_month(0), rel=0.15)


def test_what_is_confirmed_twice_makes_no_habit() -> None:
    hours = {SHIFT + week * WEEK + n for week in range(3) for n in range(4)}

    def told(verdict: Label.Verdict) -> int:
        weeks = Weeks(times(office(), 6, hours))
        for week in range(3):
            weeks.run(SHIFT + week * WEEK + DAY)
            weeks.say(verdict, weeks.opened()[-1])
        return len(weeks.opened())

    assert told(CONFIRMED) == 3
    assert told(Label.VERDICT_UNSPECIFIED) == 2, "what came twice is a habit"


def test_the_other_series_in_which_it_showed_learn_too() -> None:
    series = (Series("tenant", "acme"), TEAM, Series("model", "gpt-4o"))
    weeks = Weeks(risen(), series).run(SHIFT + 4)
    (found,) = weeks.opened()
    weeks.say(EXPECTED, found)
    assert weeks.run(SHIFT + WEEK).opened() == [found]


def test_silence_that_is_expected_has_ended() -> None:
    series = (Series("tool", "cursor"),)
    quiet = range(SHIFT + 1, SHIFT + 30)
    weeks = Weeks(times(lambda n: (5.0, 50), 0, quiet), series).run(SHIFT + 6)
    (found,) = weeks.opened()
    assert found.channel == Anomaly.CHANNEL_SILENCE
    weeks.say(EXPECTED, found)
    assert not weeks.watch.open_anomalies()
    assert weeks.run(SHIFT + 60).opened() == [found]


def test_silence_called_false_takes_longer_to_be_told_again() -> None:
    series = (Series("tool", "cursor"),)
    quiet = {*range(SHIFT, SHIFT + 5), *range(SHIFT + 36, SHIFT + 41)}
    weeks = Weeks(times(lambda n: (5.0, 50), 0, quiet), series).run(SHIFT + 8)
    weeks.say(FALSE, weeks.opened()[0])
    assert len(weeks.run(SHIFT + 60).opened()) == 1
    assert len(Weeks(times(lambda n: (5.0, 50), 0, quiet), series).run(SHIFT + 60).opened()) == 2


def test_a_label_counts_from_its_hour_on_however_late_the_hours_close() -> None:
    """A restart hears all labels first, and comes to the same."""
    live = Weeks(risen()).run(SHIFT + 4)
    name = live.opened()[0].name
    live.say(EXPECTED, live.opened()[0])
    live.run(SHIFT + 3 * DAY)
    again = Weeks(risen())
    again.watch.hear(Said(name, EXPECTED, FIRST + SHIFT + 4))
    again.run(SHIFT + 3 * DAY)
    assert again.told == live.told


def test_a_label_of_what_is_unknown_changes_nothing() -> None:
    weeks = Weeks(office()).run(SHIFT)
    assert not weeks.say(EXPECTED, Anomaly(name="anomalies/unknown"))
