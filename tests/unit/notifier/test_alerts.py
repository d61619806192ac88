"""Alerts from their beginning to their end: who hears what, once, and what people do about them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from finops.anomaly.v1.anomaly_pb2 import AnomalyEvent
from finops.budget.v1.budget_pb2 import BudgetAlert

from services.common.clock import DAY, HOUR
from services.common.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError, UnauthenticatedError
from services.notifier.domain import anomalies, budgets
from services.notifier.domain.alert import AlertState
from services.notifier.domain.delivery import Attempt, Outcome
from services.notifier.domain.links import Grant
from services.notifier.domain.message import Message, Transition
from services.notifier.domain.routing import Receiver, Route, Target
from services.notifier.handlers.alerts import NAME_PREFIX, Act
from tests.unit.notifier.samples import NOW, anomaly_event, budget_alert
from tests.unit.notifier.world import Process, World

CHAT, PAGER, HOOK = (
    Receiver("chat", Target.SLACK), Receiver("pager", Target.PAGERDUTY), Receiver("hook", Target.WEBHOOK)
)  # fmt: skip
EVERYBODY = Route((CHAT, PAGER, HOOK))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    process = Process(world, EVERYBODY)
    await process.lead()
    yield process
    await process.stop()


def crossed(event_id: str = "alert-1", percent: int = 80) -> Message:
    message = budgets.message(budget_alert(event_id, percent))
    assert message is not None
    return message


def back_below() -> Message:
    alert = budget_alert("alert-2", 80, kind=BudgetAlert.KIND_BACK_BELOW)
    alert.resolved_alert_id = "alert-1"
    message = budgets.message(alert)
    assert message is not None
    return message


async def test_each_receiver_hears_of_an_event_once_however_often_it_comes(world: World, process: Process) -> None:
    for _ in range(3):
        await process.take(crossed(), crossed())
    await process.until(lambda: set(world.states().values()) == {"sent"})
    assert [len(world.places[name].got) for name in ("chat", "pager", "hook")] == [1, 1, 1]


async def test_the_end_is_told_to_those_who_heard_of_the_beginning(world: World, process: Process) -> None:
    await process.take(crossed())
    await process.take(back_below())
    await process.until(lambda: len(world.places["chat"].got) == 2)
    assert world.places["chat"].got[1].thread == world.places["chat"].got[0].thread
    alert = (await process.alerts.page("acme", None, 0, ""))[0][0]
    assert alert.state is AlertState.RESOLVED


async def test_of_an_anomaly_that_goes_on_only_machines_hear(world: World, process: Process) -> None:
    for kind in (AnomalyEvent.TYPE_OPENED, AnomalyEvent.TYPE_UPDATED, AnomalyEvent.TYPE_CLOSED):
        await process.take(anomalies.message(anomaly_event(kind)))
        await process.quiet()
    assert [len(world.places[name].got) for name in ("chat", "pager", "hook")] == [2, 3, 2]


async def test_a_new_period_ends_the_incidents_of_the_last_one_and_people_hear_of_the_period(
    world: World, process: Process
) -> None:
    await process.take(crossed())
    reset = budget_alert("reset-1", kind=BudgetAlert.KIND_PERIOD_RESET)
    reset.period_start_unix_micros = NOW
    await process.quiet()
    await process.take(budgets.message(reset))
    await process.until(lambda: len(world.places["pager"].got) == 2)
    assert world.places["pager"].got[1].message.transition is Transition.RESOLVED
    await process.quiet()
    assert world.places["chat"].titles == ["Budget Search: 80% used", "Budget Search: a new period began"]


async def test_a_restart_repeats_nothing_and_sends_what_waited(world: World) -> None:
    first = Process(world, EVERYBODY)
    await first.take(crossed())  # It does not lead: recorded, not sent.
    assert set(world.states().values()) == {"pending"}
    second = Process(world, EVERYBODY)
    await second.lead()
    await second.take(crossed())
    await second.until(lambda: set(world.states().values()) == {"sent"})
    await second.stop()
    assert len(world.places["chat"].got) == 1


async def test_what_was_being_sent_at_a_crash_is_sent_again_only_where_that_does_no_harm(world: World) -> None:
    for name in ("chat", "pager", "hook"):
        world.places[name].gate = asyncio.Event()
    first = Process(world, EVERYBODY)
    await first.lead()
    await first.take(crossed())
    await first.until(lambda: all(len(world.places[name].got) == 1 for name in ("chat", "pager", "hook")))
    for name in ("chat", "pager", "hook"):
        world.places[name].gate = None
    second = Process(world, EVERYBODY)
    await second.lead()
    await second.until(lambda: "sending" not in world.states().values() and "pending" not in world.states().values())
    assert world.states() == {
        ("alert-1", "chat"): "uncertain",
        ("alert-1", "pager"): "sent",
        ("alert-1", "hook"): "sent",
    }
    keys = {letter.key for letter in world.places["hook"].got}
    assert (len(world.places["hook"].got), len(keys), len(world.places["chat"].got)) == (2, 1, 1)
    await second.stop()
    await first.stop()


async def test_a_refusing_receiver_is_asked_again_and_given_up_in_the_end(world: World, process: Process) -> None:
    refused = Attempt(Outcome.REFUSED, "HTTP 503")
    world.places["chat"].outcomes = [refused, refused, refused]
    await process.take(crossed())
    for _ in range(2):
        await process.quiet()
        world.clock.advance(120 * 10**6)
    await process.until(lambda: bool(world.buried))
    assert world.states()["alert-1", "chat"] == "failed"
    assert world.states()["alert-1", "hook"] == "sent"
    assert {letter.key for letter in world.places["chat"].got} == {world.places["chat"].got[0].key}


async def test_history_is_recorded_and_not_sent(world: World, process: Process) -> None:
    await process.take(budgets.message(budget_alert(at=NOW - 2 * DAY)))
    await process.quiet()
    assert set(world.states().values()) == {"stale"}


# --- people ---------------------------------------------------------------------------------------------------------


async def test_acknowledging_tells_machines_and_silences_until_it_grows_worse(world: World, process: Process) -> None:
    opened = anomalies.message(anomaly_event(AnomalyEvent.TYPE_OPENED))
    assert opened is not None
    name = NAME_PREFIX + opened.alert_id
    await process.take(opened)
    await process.quiet()
    alert = await process.alerts.act("acme", name, Act(Transition.ACKNOWLEDGED, "ann", "on it"))
    assert (alert.state, alert.actor) == (AlertState.ACKNOWLEDGED, "ann")
    await process.quiet()
    assert [len(world.places[place].got) for place in ("chat", "pager", "hook")] == [1, 2, 2]
    await process.take(anomalies.message(anomaly_event(AnomalyEvent.TYPE_UPDATED)))
    await process.quiet()
    assert len(world.places["pager"].got) == 2
    detail = await process.alerts.get("acme", name)
    assert [change.transition for change in detail.changes] == ["fired", "acknowledged", "updated"]


async def test_a_snooze_that_runs_out_reminds_once(world: World, process: Process) -> None:
    message = crossed()
    await process.take(message)
    await process.alerts.act("acme", NAME_PREFIX + message.alert_id, Act(Transition.SNOOZED, "ann", until=NOW + HOUR))
    await process.alerts.remind()
    world.clock.advance(HOUR)
    for _ in range(2):
        await process.alerts.remind()
    await process.quiet()
    assert world.places["chat"].titles == [message.title, f"Still going on: {message.title}"]


async def test_what_is_over_cannot_be_acknowledged_and_nonsense_is_refused(process: Process) -> None:
    message = crossed()
    name = NAME_PREFIX + message.alert_id
    await process.take(message)
    resolved = Act(Transition.RESOLVED, "ann")
    assert (await process.alerts.act("acme", name, resolved)).state is AlertState.RESOLVED
    assert (await process.alerts.act("acme", name, resolved)).state is AlertState.RESOLVED
    with pytest.raises(FailedPreconditionError):
        await process.alerts.act("acme", name, Act(Transition.ACKNOWLEDGED, "ann"))
    for until in (NOW, NOW + 31 * DAY):
        with pytest.raises(InvalidArgumentError):
            await process.alerts.act("acme", name, Act(Transition.SNOOZED, "ann", until=until))
    with pytest.raises(NotFoundError):
        await process.alerts.act("globex", name, resolved)


async def test_a_link_acts_on_its_own_alert_until_it_expires(world: World, process: Process) -> None:
    message = crossed()
    await process.take(message)
    token = process.links.token(Grant("acme", message.alert_id, "chat", NOW + HOUR))
    assert (await process.alerts.linked(token)).message.title == message.title
    alert = await process.alerts.act_by_link(token, Transition.RESOLVED, 0)
    assert (alert.state, alert.actor) == (AlertState.RESOLVED, "link to chat")
    for broken in ("", "k.x.y", token[:-1], token.replace("k.", "j.", 1), token + "a"):
        with pytest.raises(UnauthenticatedError):
            await process.alerts.linked(broken)
    world.clock.advance(HOUR)
    with pytest.raises(UnauthenticatedError, match="expired"):
        await process.alerts.linked(token)


async def test_alerts_come_in_pages_by_state(world: World, process: Process) -> None:
    for number in range(5):
        await process.take(crossed(f"a{number}", percent=50 + number))
        world.clock.advance(1)
    await process.alerts.act("acme", NAME_PREFIX + crossed("a3").alert_id, Act(Transition.RESOLVED, "ann"))
    first, token = await process.alerts.page("acme", AlertState.FIRING, 3, "")
    rest, end = await process.alerts.page("acme", AlertState.FIRING, 3, token)
    assert [alert.message.event_id for alert in (*first, *rest)] == ["a4", "a2", "a1", "a0"]
    assert end == ""
    assert not (await process.alerts.page("globex", None, 3, ""))[0]


async def test_a_sender_that_breaks_is_asked_again_only_where_that_does_no_harm(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(letter: object) -> None:
        raise RuntimeError("https://secret.example.com")

    for name in ("chat", "hook"):
        monkeypatch.setattr(world.places[name], "send", breaks)
    await process.take(crossed())
    await process.until(lambda: world.states()["alert-1", "chat"] == "uncertain")
    assert world.states()["alert-1", "hook"] == "pending"
    assert {made.detail for made in world.deliveries.values()} == {"", "RuntimeError"}
