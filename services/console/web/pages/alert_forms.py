"""Taking care of an alert; making, trying and deleting a route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from finops.notification.v1 import notification_pb2 as pb
from nicegui import ui

from services.common.clock import HOUR
from services.common.errors import InvalidArgumentError
from services.console.web.components import dialogs
from services.console.web.components.text import text
from services.console.web.visit import Visit

Refresh = Callable[[], Awaitable[None]]

_SNOOZES = {1: "1 hour", 8: "8 hours", 24: "1 day", 168: "1 week"}
_KINDS = {"": "All alerts", "budget": "Budgets", "anomaly": "Anomalies", "governance": "Governance"}
_SEVERITIES = {
    pb.SEVERITY_INFO: "Everything",
    pb.SEVERITY_WARNING: "Warnings and worse",
    pb.SEVERITY_CRITICAL: "Critical only",
}
_RECEIVERS: Mapping[str, tuple[str, str, Callable[[str], pb.Receiver]]] = {
    "slack": ("Slack", "Webhook URL", lambda to: pb.Receiver(slack=pb.Slack(webhook_url=to))),
    "teams": ("Microsoft Teams", "Workflow URL", lambda to: pb.Receiver(teams=pb.Teams(webhook_url=to))),
    "email": ("E-mail", "Addresses, with commas", lambda to: pb.Receiver(email=pb.Email(addresses=_listed(to)))),
    "pagerduty": ("PagerDuty", "Integration key", lambda to: pb.Receiver(pagerduty=pb.PagerDuty(routing_key=to))),
    "opsgenie": ("Opsgenie", "API key", lambda to: pb.Receiver(opsgenie=pb.Opsgenie(api_key=to))),
    "webhook": ("Webhook", "URL", lambda to: pb.Receiver(webhook=pb.Webhook(url=to))),
    "apprise": ("Any other service", "Apprise URL", lambda to: pb.Receiver(apprise=pb.Apprise(url=to))),
}
"""Of each kind of receiver: its name, what it needs, and how it is made from that."""


def acknowledge(visit: Visit, alert: pb.Notification, refresh: Refresh) -> None:
    """Somebody takes care of it."""
    dialog, body = dialogs.ask(f"Acknowledge {alert.title}")
    with body:
        text("No more is sent of it, unless it grows worse.", "dialog-text", tag="p")
        comment = _comment()

        async def send() -> bool:
            request = pb.AcknowledgeNotificationRequest(name=alert.name, comment=comment())
            await visit.peers.acknowledge_notification(visit.caller, request)
            await refresh()
            return True

        dialogs.buttons(dialog, "Acknowledge", send)
    dialog.open()


def snooze(visit: Visit, alert: pb.Notification, refresh: Refresh) -> None:
    """Quiet for a while."""
    dialog, body = dialogs.ask(f"Snooze {alert.title}")
    with body:
        text("If it still goes on then, it is told again.", "dialog-text", tag="p")
        hours = ui.select(_SNOOZES, label="For", value=8).props("outlined dense").classes("field")
        comment = _comment()

        async def send() -> bool:
            until = visit.now() + hours.value * HOUR
            request = pb.SnoozeNotificationRequest(name=alert.name, until_unix_micros=until, comment=comment())
            await visit.peers.snooze_notification(visit.caller, request)
            await refresh()
            return True

        dialogs.buttons(dialog, "Snooze", send)
    dialog.open()


def resolve(visit: Visit, alert: pb.Notification, refresh: Refresh) -> None:
    """It is over."""
    dialog, body = dialogs.ask(f"Resolve {alert.title}")
    with body:
        comment = _comment()

        async def send() -> bool:
            request = pb.ResolveNotificationRequest(name=alert.name, comment=comment())
            await visit.peers.resolve_notification(visit.caller, request)
            await refresh()
            return True

        dialogs.buttons(dialog, "Resolve", send)
    dialog.open()


def create(visit: Visit, refresh: Refresh) -> None:
    """A route with one receiver; REST and gRPC make those with more, and with quiet hours, digests and templates."""
    dialog, body = dialogs.ask("New route")
    with body:
        name = ui.input("Name", placeholder="On call").props("outlined dense autofocus").classes("field")
        kind = ui.select(_KINDS, label="Which alerts", value="").props("outlined dense").classes("field")
        severity = ui.select(_SEVERITIES, label="How bad", value=pb.SEVERITY_INFO)
        severity.props("outlined dense").classes("field")
        targets = {key: title for key, (title, _, _) in _RECEIVERS.items()}
        target = ui.select(targets, label="To whom", value="slack").props("outlined dense").classes("field")
        where = ui.input(_RECEIVERS["slack"][1]).props('outlined dense autocomplete="off"').classes("field")
        target.on_value_change(lambda event: where.props(f'label="{_RECEIVERS[event.value][1]}"'))

        async def send() -> bool:
            entered = (where.value or "").strip()
            if not entered:
                raise InvalidArgumentError(f"Give the receiver's {_RECEIVERS[target.value][1]}.")
            route = pb.Route(
                display_name=(name.value or "").strip(),
                match=pb.Match(kinds=[kind.value] if kind.value else [], min_severity=severity.value),
                continue_matching=True,
                receivers=[_RECEIVERS[target.value][2](entered)],
            )
            await visit.peers.create_route(visit.caller, pb.CreateRouteRequest(route=route))
            await refresh()
            return True

        dialogs.buttons(dialog, "Create route", send)
    dialog.open()


def test(visit: Visit, route: pb.Route, refresh: Refresh) -> None:
    """A real message to each of its receivers."""
    dialog, body = dialogs.ask(f"Test {_title(route)}")
    with body:
        text("A real message is sent to each of its receivers, now.", "dialog-text", tag="p")
        answers = text("", "dialog-text", tag="p").props('role="status"')

        async def send() -> bool:
            found = await visit.peers.test_route(visit.caller, pb.TestRouteRequest(name=route.name))
            answers.show("; ".join(map(_told, found.results)))
            return False

        dialogs.buttons(dialog, "Send", send)
    dialog.open()


def delete(visit: Visit, route: pb.Route, refresh: Refresh) -> None:
    """Asks first."""

    async def done() -> None:
        await visit.peers.delete_route(visit.caller, pb.DeleteRouteRequest(name=route.name, etag=route.etag))
        await refresh()

    consequence = "Its receivers are told nothing more; what waits for them is given up."
    dialogs.confirm(f"Delete {_title(route)}", consequence, "Delete", done)


ACTS = {"acknowledge": acknowledge, "snooze": snooze, "resolve": resolve}
ROUTE_ACTS = {"test": test, "delete": delete}


def _comment() -> Callable[[], str]:
    field = ui.textarea("Comment").props("outlined dense autogrow autofocus").classes("field")

    def written() -> str:
        return (field.value or "").strip()

    return written


def _listed(text_: str) -> list[str]:
    return [part.strip() for part in text_.split(",") if part.strip()]


def _title(route: pb.Route) -> str:
    return route.display_name or route.name.removeprefix("alertRoutes/")


def _told(result: pb.TestResult) -> str:
    outcome = "delivered" if result.delivered else "not delivered"
    return f"{result.receiver_id}: {outcome} ({result.answer or 'no answer'})"
