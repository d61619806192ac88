"""Checkpoints: a restart goes on from where the last one ends, and everything that follows is as if there was none."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent, Label, PlannedWindow

from services.anomaly.domain.series import Totals
from services.anomaly.handlers import checkpoint as module
from services.anomaly.handlers import watch
from services.anomaly.handlers.ports import Announced, Labelled
from services.anomaly.handlers.watch import BackfillError, WatchOptions
from services.common.clock import HOUR, MINUTE, SECOND, ManualClock
from services.common.errors import UnavailableError
from services.common.money import PICOS_PER_DOLLAR
from tests.unit.anomaly.organisation import FIRST, TENANT
from tests.unit.anomaly.stream import Bench, CostLog, cost_of
from tests.unit.anomaly.test_watch import cell

DAYS = 16
LIVE = 24 * DAYS
_OPENED, _CLOSED = AnomalyEvent.TYPE_OPENED, AnomalyEvent.TYPE_CLOSED


def costs(hours: range) -> list[Any]:
    """A team whose spend jumps twice, with a change of price in between, and one that falls silent."""
    found = []
    for hour in hours:
        rng = Random(hour)
        for team, dollars in (("search", 6.0), ("support", 9.0)):
            jumps = team == "search" and (LIVE + 2 <= hour < LIVE + 6 or LIVE + 30 <= hour < LIVE + 33)
            dearer = team == "support" and LIVE + 14 <= hour < LIVE + 20
            if team == "support" and hour >= LIVE + 26:
                continue
            for part in range(6):
                requests = 30 if jumps else 6
                picos = dollars / 6 * requests / 6 * (4 if dearer else 1) * rng.lognormvariate(0, 0.1)
                totals = Totals(int(picos * PICOS_PER_DOLLAR), requests, 1)
                found.append(cost_of(cell(hour, team), totals, part + 10 * len(team), minute=part * 9))
    return found


async def begun() -> Bench:
    """History is in the ledger, and judged."""
    bench = Bench(CostLog(), ManualClock((FIRST + LIVE) * HOUR))
    for cost in costs(range(LIVE)):
        bench.log.append(cost, bench.clock.now())
    bench.ledger.take_in_everything()
    await bench.start()
    return bench


async def hours_pass(bench: Bench, hours: range, each: Callable[[int], Any] | None = None) -> None:
    for hour in hours:
        for cost in sorted(costs(range(hour, hour + 1)), key=lambda cost: cost.usage.time_unix_micros):
            at = cost.usage.time_unix_micros + 10 * SECOND
            bench.clock.set(at)
            bench.log.append(cost, at)
            await bench.read_all()
            await bench.watch.tick()
        if each is not None:
            await each(hour)
    bench.clock.set((FIRST + hours.stop) * HOUR + 11 * MINUTE)
    await bench.idle(70 * SECOND)


def told(bench: Bench) -> list[object]:
    """Every anomaly to the last figure, apart from when it was written; and each event once."""
    shown: list[object] = []
    for anomaly in bench.archive.anomalies.values():
        plain = Anomaly()
        plain.CopyFrom(anomaly)
        plain.create_unix_micros = plain.update_unix_micros = 0
        shown.append(str(plain))
    events = {(event.anomaly.name, event.type) for event in bench.archive.events}
    return sorted([*shown, *events], key=str)


async def uninterrupted() -> list[object]:
    bench = await begun()
    await hours_pass(bench, range(LIVE, LIVE + 40))
    channels = {anomaly.channel for anomaly in bench.archive.anomalies.values()}
    assert {Anomaly.CHANNEL_COST, Anomaly.CHANNEL_UNIT_COST, Anomaly.CHANNEL_SILENCE} <= channels
    return told(bench)


async def test_killed_between_checkpoints_it_tells_what_it_would_have_told() -> None:
    bench = await begun()
    asked, kills = bench.ledger.asked, 0

    async def at_times(hour: int) -> None:
        nonlocal kills
        if hour % 3 == 0:
            await bench.watch.keep()
        if hour % 7 == 4 or hour % 7 == 5:
            await bench.restart()
            kills += 1

    await bench.watch.keep()
    await hours_pass(bench, range(LIVE, LIVE + 40), at_times)
    assert kills == 10
    assert bench.ledger.asked == asked, "history is not read again"
    assert told(bench) == await uninterrupted()


async def test_stopped_in_order_it_goes_on_from_the_last_record() -> None:
    bench = await begun()
    await hours_pass(bench, range(LIVE, LIVE + 4))
    before, events = bench.position.copy(), len(bench.archive.events)
    await bench.watch.revoked(bench.log.topic_partitions)
    asked = bench.ledger.asked
    await bench.restart()
    assert (bench.position, bench.ledger.asked) == (before, asked)
    await bench.idle()
    assert len(bench.archive.events) == events
    assert bench.counts.open_anomalies == 1


async def spoilt(bench: Bench) -> list[tuple[str, Callable[[], Any]]]:
    def head(**changes: object) -> Callable[[], None]:
        def change() -> None:
            assert bench.store.head is not None
            bench.store.head = (bench.store.head[0], json.dumps(json.loads(bench.store.head[1]) | changes))

        return change

    def flip() -> None:
        (kept,) = bench.store.kept.values()
        name = max(kept)
        kept[name] = kept[name][:-20] + bytes(20)

    def lose() -> None:
        (kept,) = bench.store.kept.values()
        kept.pop(max(kept))

    def forget() -> None:
        bench.store.head = None

    def garble() -> None:
        bench.store.head = (bench.store.head or (0, ""))[0], "{"

    return [
        ("there is none", forget),
        ("it is damaged", garble),
        ("it is damaged", flip),
        ("it is damaged", lose),
        ("it is another version's", head(version="2")),
        ("it was made with other settings", head(settings="2")),
        ("it covers another life of the log", head(incarnation="life-0")),
        ("it covers other partitions", head(next_offset={"0": 1})),
        ("the log does not reach back", head(next_offset={"0": -1, "1": 1, "2": 1})),
        ("the log does not reach back", head(next_offset={"0": 1, "1": 1, "2": 1_000_000})),
    ]


async def test_one_that_does_not_fit_is_left_alone_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = await begun()
    await bench.watch.keep()
    kept, head = {number: dict(pieces) for number, pieces in bench.store.kept.items()}, bench.store.head
    reasons: list[str] = []
    monkeypatch.setattr(module.log, "info", lambda _, reason: reasons.append(reason))
    for reason, spoil in await spoilt(bench):
        bench.store.kept, bench.store.head = {number: dict(pieces) for number, pieces in kept.items()}, head
        spoil()
        reasons.clear()
        assert await bench.checkpoints.take_up(bench.log.topic_partitions, bench.log) is None
        assert [told.startswith(reason) for told in reasons] == [True], (reason, reasons)
    asked = bench.ledger.asked
    await bench.restart()
    assert bench.ledger.asked > asked, "history was read"
    bench.store.kept, bench.store.head = kept, head
    assert await bench.checkpoints.take_up(bench.log.topic_partitions, bench.log)


def of_cost(bench: Bench) -> Anomaly:
    (found,) = [a for a in bench.archive.anomalies.values() if a.channel == Anomaly.CHANNEL_COST]
    return found


async def test_what_people_said_is_kept_and_not_learned_twice() -> None:
    """Killed after each word, it tells what it tells if nothing happens."""

    async def told_with(restart: Callable[[Bench], Any] | None) -> list[object]:
        bench = await begun()

        async def people(hour: int) -> None:
            now = bench.clock.now()
            if hour == LIVE + 4:
                found = of_cost(bench)
                said = Labelled(TENANT, found.name, Label(verdict=Label.VERDICT_FALSE, label_unix_micros=now))
                await bench.labels.save(said, now)
                await bench.watch.hear(said)
                window = PlannedWindow(
                    name="plannedWindows/w", series={"team": "search"}, start_unix_micros=(hour + FIRST + 20) * HOUR,
                    end_unix_micros=(hour + FIRST + 30) * HOUR, create_unix_micros=now,
                )  # fmt: skip
                await bench.windows.save(Announced(TENANT, window, 0), now)
                await bench.watch.announce(Announced(TENANT, window, 0))
            if restart is not None and hour >= LIVE + 4:
                await restart(bench)

        await hours_pass(bench, range(LIVE, LIVE + 40), people)
        return told(bench)

    async def goes_on(bench: Bench) -> None:
        asked = bench.ledger.asked
        await bench.watch.keep()
        await bench.restart()
        assert bench.ledger.asked == asked, "history is not read again"

    plain = await told_with(None)
    assert plain != await uninterrupted()
    assert await told_with(goes_on) == plain


@pytest.mark.parametrize("change", ["label", "withdrawal", "window"])
async def test_one_made_before_people_said_otherwise_is_left_alone(
    change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await begun()
    await hours_pass(bench, range(LIVE, LIVE + 4))
    found, now = of_cost(bench), bench.clock.now()
    said = Labelled(TENANT, found.name, Label(verdict=Label.VERDICT_CONFIRMED, label_unix_micros=now))
    if change == "withdrawal":
        await bench.labels.save(said, now)
        await bench.watch.hear(said)
        said = Labelled(TENANT, found.name, Label(label_unix_micros=now))
    await bench.watch.keep()
    if change == "window":
        window = PlannedWindow(
            name="plannedWindows/w", start_unix_micros=now, end_unix_micros=now + HOUR, create_unix_micros=now
        )
        await bench.windows.save(Announced(TENANT, window, 0), now)
    else:
        await bench.labels.save(said, now)
    reasons: list[str] = []
    monkeypatch.setattr(watch.log, "info", lambda _, reason: reasons.append(reason))
    asked = bench.ledger.asked
    await bench.restart()
    assert reasons == ["labels or planned windows changed since it was made"]
    assert bench.ledger.asked > asked, "history was read"
    reasons.clear()
    await bench.watch.keep()
    await bench.restart()
    assert not reasons, "the next one fits"


async def test_after_a_fault_history_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = await begun()
    await bench.watch.keep()
    with monkeypatch.context() as patched:
        patched.setattr(bench.watch, "_close_hours", _fails)
        with pytest.raises(RuntimeError):
            await hours_pass(bench, range(LIVE, LIVE + 1))
    first = bench.store.head
    await bench.watch.revoked(bench.log.topic_partitions)
    assert bench.store.head == first, "half a batch is not kept"
    asked = bench.ledger.asked
    await bench.start()
    assert bench.ledger.asked > asked


async def _fails(desk: object) -> None:
    raise RuntimeError("a fault of ours")


async def test_a_back_fill_is_read_from_the_ledger_not_from_a_checkpoint() -> None:
    bench = await begun()
    bench.watch._options = WatchOptions(rebuild_every=0, rebuild_after_late_hours=5)
    for hour in range(10, 20):
        bench.log.append(cost_of(cell(hour, "support"), Totals(PICOS_PER_DOLLAR, 9, 1), 77), bench.clock.now())
    await bench.read_all()
    await bench.idle()
    await bench.watch.keep()
    bench.log.append(cost_of(cell(LIVE, "search"), Totals(PICOS_PER_DOLLAR, 9, 1), 78), bench.clock.now())
    with pytest.raises(BackfillError):
        await bench.read_all()
    asked = bench.ledger.asked
    await bench.watch.revoked(bench.log.topic_partitions)
    await bench.start()
    assert bench.ledger.asked > asked


async def test_nothing_is_kept_while_something_waits_to_be_told() -> None:
    bench = await begun()
    await hours_pass(bench, range(LIVE, LIVE + 2))
    bench.archive.away = True
    await hours_pass(bench, range(LIVE + 2, LIVE + 4))
    await bench.watch.keep()
    assert bench.store.head is None
    bench.archive.away = False
    await bench.watch.tick()
    await bench.watch.keep()
    assert bench.store.head is not None
    assert bench.counts.checkpoint_bytes == sum(map(len, next(iter(bench.store.kept.values())).values()))


async def test_without_clickhouse_partitions_still_go() -> None:
    bench = await begun()
    bench.store.away = True
    with pytest.raises(UnavailableError):
        await bench.watch.keep()
    await bench.watch.revoked(bench.log.topic_partitions)
    await bench.watch.keep()


async def test_what_was_told_after_the_checkpoint_and_is_not_borne_out_is_closed() -> None:
    bench = await begun()
    await bench.watch.keep()
    ghost = Anomaly(
        name="anomalies/ghost", tenant_id=TENANT, series={"team": "search"}, channel=Anomaly.CHANNEL_COST,
        state=Anomaly.STATE_OPEN, start_unix_micros=(FIRST + LIVE - 30) * HOUR,
        end_unix_micros=(FIRST + LIVE - 28) * HOUR,
    )  # fmt: skip
    key = Anomaly()
    key.CopyFrom(ghost)
    key.name, key.channel = "anomalies/key", Anomaly.CHANNEL_KEY_NOVELTY
    await bench.archive.save([ghost, key])
    await bench.restart()
    await hours_pass(bench, range(LIVE, LIVE + 1))
    assert bench.archive.anomalies["anomalies/ghost"].state == Anomaly.STATE_CLOSED
    assert bench.archive.anomalies["anomalies/key"].state == Anomaly.STATE_OPEN, "hours say nothing of it"


def test_pieces_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE_BYTES", 1_000)
    section = {"values": [Random(n).random() for n in range(500)]}
    pieces: Sequence[bytes] = list(module._packed(section))
    assert len(pieces) > 3
    assert max(map(len, pieces)) == 1_000


def test_the_fingerprint_knows_code_and_settings() -> None:
    first, other = module.Fingerprint.of(1, "a"), module.Fingerprint.of(1, "b")
    assert first == module.Fingerprint.of(1, "a")
    assert first.version == other.version
    assert first.settings != other.settings
    names = [name for name, _ in module._sources()]
    assert {"panel.py", "cost.py", "mixture.py"} <= set(names), "packages within the package count too"
