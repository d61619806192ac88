"""Labels as people give them: kept, shown, heard by the running watch, and heard again after a restart."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from finops.anomaly.v1.anomaly_pb2 import (
    Anomaly,
    AnomalyEvent,
    ChannelPrecision,
    GetPrecisionRequest,
    Label,
    LabelAnomalyRequest,
    ListAnomaliesRequest,
)

from services.anomaly.handlers.label import Labelling
from services.anomaly.handlers.ports import Announced, Labelled
from services.anomaly.handlers.read import list_anomalies
from services.anomaly.handlers.watch import BackfillError, WatchOptions
from services.common.clock import DAY, HOUR, MINUTE, ManualClock
from services.common.errors import InvalidArgumentError, NotFoundError
from tests.unit.anomaly.labels import MemoryLabels
from tests.unit.anomaly.organisation import FIRST
from tests.unit.anomaly.stream import Bench, MemoryArchive
from tests.unit.anomaly.test_watch import DAYS, live, told_of_history

CONFIRMED, EXPECTED, FALSE = Label.VERDICT_CONFIRMED, Label.VERDICT_EXPECTED, Label.VERDICT_FALSE
NAME = "anomalies/a"


@dataclass
class Ears:
    """Implements `Listener`."""

    heard: list[Labelled] = field(default_factory=list)

    async def hear(self, labelled: Labelled) -> None:
        self.heard.append(labelled)

    async def announce(self, announced: Announced) -> None:
        raise AssertionError("no window")


@dataclass
class Office:
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    labels: MemoryLabels = field(default_factory=MemoryLabels)
    ears: Ears = field(default_factory=Ears)
    clock: ManualClock = field(default_factory=lambda: ManualClock(100 * DAY))

    def __post_init__(self) -> None:
        for tenant, name in (("acme", NAME), ("globex", "anomalies/g")):
            self.archive.anomalies[name] = Anomaly(name=name, tenant_id=tenant, start_unix_micros=DAY)
        self.labelling = Labelling(self.archive, self.labels, self.ears, self.clock)

    async def say(self, verdict: Label.Verdict, note: str = "", name: str = NAME, tenant: str = "acme") -> Anomaly:
        self.clock.advance(MINUTE)
        request = LabelAnomalyRequest(name=name, verdict=verdict, note=note)
        return await self.labelling.label(tenant, "ann", request)


async def test_a_label_is_shown_and_heard_and_taken_back() -> None:
    office = Office()
    said = await office.say(EXPECTED, "new service")
    first = office.clock.now()
    assert said.label == Label(verdict=EXPECTED, author="ann", note="new service", label_unix_micros=first)
    page = await list_anomalies(office.archive, office.labels, "acme", ListAnomaliesRequest())
    assert [a.label for a in page.anomalies] == [said.label]
    back = await office.say(Label.VERDICT_UNSPECIFIED)
    assert not back.HasField("label")
    assert [heard.label.verdict for heard in office.ears.heard] == [EXPECTED, Label.VERDICT_UNSPECIFIED]


async def test_another_note_keeps_the_moment_from_which_the_series_learned() -> None:
    office = Office()
    await office.say(FALSE)
    first = office.clock.now()
    again = await office.say(FALSE, "a demo for a customer")
    assert (again.label.note, again.label.label_unix_micros) == ("a demo for a customer", first)
    assert (await office.say(CONFIRMED)).label.label_unix_micros == office.clock.now()


async def test_taking_back_what_nobody_said_says_nothing() -> None:
    office = Office()
    await office.say(Label.VERDICT_UNSPECIFIED)
    assert not office.ears.heard
    assert not office.labels.said


async def test_what_makes_no_sense_is_refused_and_teaches_nothing() -> None:
    office = Office()
    with pytest.raises(InvalidArgumentError) as refused:
        await office.say(9)  # type: ignore[arg-type]
    assert [violation.field for violation in refused.value.violations] == ["verdict"]
    with pytest.raises(InvalidArgumentError) as refused:
        await office.say(FALSE, "x" * 1_001)
    assert [violation.field for violation in refused.value.violations] == ["note"]
    with pytest.raises(InvalidArgumentError):
        await office.say(FALSE, name="a")
    with pytest.raises(NotFoundError):
        await office.say(FALSE, name="anomalies/none")
    with pytest.raises(NotFoundError):
        await office.say(FALSE, name="anomalies/g")
    assert not office.ears.heard
    assert not office.labels.said


async def test_precision_is_of_what_was_labelled() -> None:
    office = Office()
    office.labels.counts = [
        ChannelPrecision(channel=Anomaly.CHANNEL_COST, told=9, confirmed=2, expected=1, false_alarms=1),
        ChannelPrecision(channel=Anomaly.CHANNEL_SILENCE, told=3),
    ]
    answer = await office.labelling.precision("acme", GetPrecisionRequest())
    assert office.labels.asked == ("acme", 10 * DAY, 100 * DAY)
    assert answer.channels[0].precision == 0.75
    assert not answer.channels[1].HasField("precision")
    await office.labelling.precision("acme", GetPrecisionRequest(start_unix_micros=5, end_unix_micros=9))
    assert office.labels.asked == ("acme", 5, 9)
    for start, end in ((9, 5), (-1, 5), (101 * DAY, 0)):
        with pytest.raises(InvalidArgumentError):
            await office.labelling.precision("acme", GetPrecisionRequest(start_unix_micros=start, end_unix_micros=end))


# --- the watch ------------------------------------------------------------------------------------------------------

NOW = 24 * DAYS


async def spiking(hours: int = 2) -> tuple[Bench, Anomaly]:
    """An open anomaly, so many hours long."""
    bench = await told_of_history()
    bench.archive.events.clear()
    await live(bench, range(NOW, NOW + 2))
    await live(bench, range(NOW + 2, NOW + 2 + hours), times=9)
    (found,) = {event.anomaly.name: event.anomaly for event in bench.archive.events}.values()
    return bench, found


async def say(bench: Bench, name: str, verdict: Label.Verdict, tenant: str = "acme") -> Anomaly:
    request = LabelAnomalyRequest(name=name, verdict=verdict)
    return await Labelling(bench.archive, bench.labels, bench.watch, bench.clock).label(tenant, "ann", request)


def kinds(bench: Bench) -> list[int]:
    return [event.type for event in bench.archive.events]


async def test_live_expected_closes_at_once_and_a_restart_comes_to_the_same() -> None:
    bench, found = await spiking()
    bench.clock.set((FIRST + NOW + 4) * HOUR + 20 * MINUTE)
    await bench.watch.tick()
    said = await say(bench, found.name, EXPECTED)
    assert (said.state, said.label.verdict) == (Anomaly.STATE_CLOSED, EXPECTED)
    assert kinds(bench)[-1] == AnomalyEvent.TYPE_CLOSED
    told = bench.story()
    await live(bench, range(NOW + 4, NOW + 12), times=9)
    bench.ledger.take_in_everything()
    await bench.restart()
    await live(bench, range(NOW + 12, NOW + 20), times=9)
    assert bench.story() == told


async def test_without_the_label_it_goes_on() -> None:
    bench, _ = await spiking()
    await live(bench, range(NOW + 4, NOW + 8), times=9)
    assert kinds(bench)[-1] == AnomalyEvent.TYPE_UPDATED


async def test_a_label_while_history_is_read_is_heard_afterwards() -> None:
    bench, found = await spiking()
    bench.ledger.take_in_everything()
    await bench.watch.revoked(bench.log.topic_partitions)
    await say(bench, found.name, EXPECTED)
    await bench.start()
    await live(bench, range(NOW + 4, NOW + 8), times=9)
    assert bench.archive.anomalies[found.name].state == Anomaly.STATE_CLOSED
    assert len(bench.archive.anomalies) == 2


@pytest.mark.parametrize("verdict", [Label.VERDICT_UNSPECIFIED, CONFIRMED])
async def test_a_label_that_no_longer_stands_asks_for_history_without_it(verdict: Label.Verdict) -> None:
    bench, found = await spiking()
    bench.watch._options = WatchOptions(rebuild_every=0)
    await say(bench, found.name, EXPECTED)
    await say(bench, found.name, EXPECTED)
    await live(bench, range(NOW + 4, NOW + 5))
    await say(bench, found.name, verdict)
    with pytest.raises(BackfillError):
        await live(bench, range(NOW + 5, NOW + 6))
    bench.ledger.take_in_everything()
    await bench.start()
    await live(bench, range(NOW + 7, NOW + 8))


async def test_another_tenants_label_teaches_only_its_own() -> None:
    bench, found = await spiking()
    theirs = Anomaly(name="anomalies/theirs", tenant_id="globex", series=found.series, channel=found.channel)
    await bench.archive.save([theirs])
    await say(bench, "anomalies/theirs", EXPECTED, "globex")
    with pytest.raises(NotFoundError):
        await say(bench, found.name, EXPECTED, "globex")
    await live(bench, range(NOW + 4, NOW + 6), times=9)
    assert kinds(bench)[-1] == AnomalyEvent.TYPE_UPDATED
