"""Causes are looked up beside the watch: nothing told is lost or late because of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent, CauseEvent

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.cause.compared import Slice
from services.anomaly.domain.cause.weeks import Span
from services.anomaly.domain.series import Totals
from services.anomaly.handlers.causes import Causes
from services.anomaly.handlers.explainer import Explainer
from services.anomaly.handlers.outbox import Outbox
from services.anomaly.handlers.ports import ReadThrough
from services.common.clock import DAY, HOUR, SECOND, ManualClock, Micros
from services.common.errors import InvalidArgumentError, UnavailableError
from services.common.money import PICOS_PER_DOLLAR, to_proto
from tests.unit.anomaly.stream import CostLog, MemoryArchive, MemoryLedger

START = 2_000 * 7 * DAY + 10 * HOUR
NOW: Micros = START + 2 * HOUR
_OPENED, _UPDATED, _CLOSED = AnomalyEvent.TYPE_OPENED, AnomalyEvent.TYPE_UPDATED, AnomalyEvent.TYPE_CLOSED


@dataclass
class Ledger:
    """Ten dollars in any hours of the past, a hundred in those of the anomaly."""

    away: bool = False
    refuses: bool = False
    first: Micros | None = START - 30 * DAY
    asked: list[Span] = field(default_factory=list)

    async def first_day(self, tenant: str, series: Mapping[str, str], span: Span) -> Micros | None:
        if self.away:
            raise UnavailableError("the ledger is away")
        if self.refuses:
            raise InvalidArgumentError.of("filter", "makes no sense")
        return self.first

    async def slices(
        self, tenant: str, series: Mapping[str, str], dimensions: Sequence[str], span: Span, most: int
    ) -> Sequence[Slice]:
        self.asked.append(span)
        times = 10 if span.start >= START // HOUR * HOUR else 1
        values = tuple("gpt-5" if name == "model" else "x" for name in dimensions)
        return [Slice(values, Totals(times * 10 * PICOS_PER_DOLLAR, times * 100, 1, times * 1_000, 0, 0))]

    async def first_events(self, tenant: str, series: Mapping[str, str], span: Span, most: int) -> Sequence[CauseEvent]:
        return [CauseEvent(source="s", source_event_id="1", time_unix_micros=span.start)]


class Scene:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.log, self.clock, self.archive = ledger, CostLog(), ManualClock(NOW), MemoryArchive()
        self.history = MemoryLedger(self.log)
        self.outbox = Outbox(self.archive, self.archive, self.clock, patience=30 * SECOND)
        self.explainer = Explainer(Causes(ledger), self.history, self.outbox)

    def put(
        self, kind: AnomalyEvent.Type, dollars: int = 90, hours: int = 1, offset: int = 0,
        series: Mapping[str, str] = {"team": "search"},
    ) -> None:  # fmt: skip
        anomaly = Anomaly(
            name="anomalies/a", tenant_id="acme", series=series, channel=Anomaly.CHANNEL_COST,
            state=Anomaly.STATE_CLOSED if kind == _CLOSED else Anomaly.STATE_OPEN, start_unix_micros=START,
            end_unix_micros=START + hours * HOUR, impact=to_proto(dollars * PICOS_PER_DOLLAR), hours_between=200_000,
            summary="Team search spent $100.",
        )  # fmt: skip
        through = ReadThrough(self.log.incarnation, {0: offset})
        self.outbox.put([Transition(kind, START // HOUR + hours, anomaly)], through)

    @property
    def told(self) -> list[tuple[int, str]]:
        return [(event.type, event.anomaly.summary) for event in self.archive.events]


WHY = "Nearly all of it because of more requests (1,000 requests, where 100 are usual)."
RARE = "So far out once in about 200,000 hours."
WITHOUT, WITH = f"Team search spent $100. {RARE}", f"Team search spent $100. {WHY} {RARE}"


async def test_it_is_told_with_its_cause() -> None:
    scene = Scene(Ledger())
    scene.put(_OPENED)
    await scene.outbox.flush()
    assert not scene.told, "it waits for its cause"
    await scene.explainer.work()
    assert scene.told == [(_OPENED, WITH)]
    (stored,) = scene.archive.anomalies.values()
    assert stored.cause.compared_weeks == 4
    assert [event.source_event_id for event in stored.cause.first_events] == ["1"]


async def test_small_news_brings_no_new_look_and_keeps_the_cause() -> None:
    scene = Scene(Ledger())
    scene.put(_OPENED)
    await scene.explainer.work()
    asked = len(scene.ledger.asked)
    scene.put(_UPDATED, dollars=100, hours=2)
    await scene.explainer.work()
    scene.put(_CLOSED, dollars=100, hours=2)
    await scene.explainer.work()
    assert scene.told == [(_OPENED, WITH), (_UPDATED, WITH), (_CLOSED, WITH)]
    assert len(scene.ledger.asked) == asked
    scene = Scene(scene.ledger)
    scene.put(_OPENED)
    await scene.explainer.work()
    scene.put(_UPDATED, dollars=180, hours=2)
    await scene.explainer.work()
    assert len(scene.ledger.asked) == 3 * asked, "twice the money: looked at anew"


async def test_without_the_ledger_it_is_told_in_time_and_explained_later() -> None:
    scene = Scene(Ledger(away=True))
    scene.put(_OPENED)
    with pytest.raises(UnavailableError):
        await scene.explainer.work()
    assert not scene.told
    scene.clock.advance(30 * SECOND)
    await scene.outbox.flush()
    assert scene.told == [(_OPENED, WITHOUT)]
    scene.ledger.away = False
    scene.clock.advance(SECOND)
    await scene.explainer.work()
    (stored,) = scene.archive.anomalies.values()
    assert stored.summary == WITH and stored.HasField("cause")
    assert stored.update_unix_micros == scene.clock.now()
    scene.put(_CLOSED)
    await scene.explainer.work()
    assert scene.told == [(_OPENED, WITHOUT), (_CLOSED, WITH)]


async def test_it_waits_until_the_ledger_has_what_was_read() -> None:
    scene = Scene(Ledger())
    scene.put(_OPENED, offset=5)
    await scene.explainer.work()
    assert not scene.told
    scene.history.through = {0: 4}
    await scene.explainer.work()
    assert scene.told == [(_OPENED, WITH)]


@pytest.mark.parametrize("ledger", [Ledger(refuses=True), Ledger(first=None), Ledger(first=START - DAY)])
async def test_what_cannot_be_explained_is_told_at_once_and_not_asked_again(ledger: Ledger) -> None:
    scene = Scene(ledger)
    scene.put(_OPENED)
    await scene.explainer.work()
    assert scene.told == [(_OPENED, WITHOUT)]
    assert not scene.outbox.unexplained


async def test_of_a_session_of_nobody_the_ledger_knows_nothing() -> None:
    scene = Scene(Ledger())
    scene.put(_OPENED, series={"session": "s-1"})
    await scene.explainer.work()
    assert scene.told == [(_OPENED, WITHOUT)]
    assert not scene.ledger.asked


async def test_weeks_within_another_anomaly_are_passed_over() -> None:
    scene = Scene(Ledger(first=START - 60 * DAY))
    week = 7 * DAY
    scene.outbox.remember(
        [
            Anomaly(
                name=f"anomalies/{team}", tenant_id="acme", series={"team": team}, state=Anomaly.STATE_CLOSED,
                start_unix_micros=START - weeks * week - HOUR, end_unix_micros=START - weeks * week + HOUR,
            )
            for team, weeks in (("search", 1), ("support", 2))
        ]
    )  # fmt: skip
    scene.put(_OPENED)
    await scene.explainer.work()
    compared = [round((START - span.start) / week) for span in scene.ledger.asked[1:5]]
    assert compared == [2, 3, 4, 5]
