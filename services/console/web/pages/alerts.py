"""Alerts: what was told to people, who takes care of it, and who is told what."""

from __future__ import annotations

from finops.notification.v1 import notification_pb2 as pb
from nicegui import ui

from services.common.auth import Access
from services.console.domain import figures
from services.console.domain.enums import word
from services.console.handlers import listing
from services.console.web.components import notices
from services.console.web.components.live import Live
from services.console.web.components.table import Column, DataTable, Row
from services.console.web.components.text import box, card, text
from services.console.web.pages import alert_forms as forms
from services.console.web.shell import Page
from services.console.web.visit import Visit

_STATES = {
    pb.Notification.STATE_FIRING: ("Firing", "bad"),
    pb.Notification.STATE_ACKNOWLEDGED: ("Acknowledged", "accent"),
    pb.Notification.STATE_SNOOZED: ("Snoozed", "quiet"),
    pb.Notification.STATE_RESOLVED: ("Resolved", "good"),
}
_SEVERITIES = {pb.SEVERITY_CRITICAL: "bad", pb.SEVERITY_WARNING: "warn"}


async def build(visit: Visit) -> None:
    """The page."""
    view = _View(visit)
    await view.build()


class _View:
    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._acts = visit.may(Access.EDIT)
        self._edits_routes = visit.may(Access.ADMINISTER)
        self._alerts_by_name: dict[str, pb.Notification] = {}
        self._routes_by_name: dict[str, pb.Route] = {}

    async def build(self) -> None:
        visit = self._visit
        self._live = Live(visit, self._refresh)
        if self._edits_routes:
            with box("page-actions"):
                ui.button("New route", icon="add", on_click=lambda: forms.create(visit, self._live.refresh)).props(
                    "unelevated no-caps"
                ).classes("button button-main")
        with card("Alerts", "newest first", classes="card-flush"):
            self._alerts = DataTable(
                [
                    Column("title", "Alert", "title"),
                    Column("severity", "Severity", "badge"),
                    Column("state", "State", "badge"),
                    Column("who", "By", minor=True),
                    Column("when", "Since", minor=True),
                    *([Column("actions", "", "actions")] if self._acts else []),
                ],
                "Alerts",
                on_act=self._act,
                page_size=25,
            )
            self._no_alerts = notices.empty(
                "o_notifications",
                "No alerts yet",
                "Budget thresholds, anomalies and governance events show here as soon as one happens.",
            )
            self._no_alerts.set_visibility(False)
        with card("Routes", "the first that fits decides", classes="card-flush"):
            self._routes = DataTable(
                [
                    Column("route", "Route", "title"),
                    Column("match", "Which alerts"),
                    Column("receivers", "To whom"),
                    Column("when", "When", minor=True),
                    *([Column("actions", "", "actions")] if self._edits_routes else []),
                ],
                "Routes",
                on_act=self._act_on_route,
            )
            self._no_routes = text(
                "No routes: alerts go to the destinations of the notifier's settings, if there are any.",
                "card-quiet",
                tag="p",
            )
        await self._live.first()

    async def _refresh(self) -> None:
        visit = self._visit
        alerts = await listing.alerts(visit.peers, visit.caller)
        routes = await listing.routes(visit.peers, visit.caller)
        self._alerts_by_name = {alert.name: alert for alert in alerts}
        self._routes_by_name = {route.name: route for route in routes}
        self._alerts.show([self._alert_row(alert) for alert in alerts])
        self._alerts.set_visibility(bool(alerts))
        self._no_alerts.set_visibility(not alerts)
        self._routes.show([self._route_row(route) for route in routes])
        self._routes.set_visibility(bool(routes))
        self._no_routes.set_visibility(not routes)

    async def _act(self, action: str, name: str) -> None:
        alert = self._alerts_by_name.get(name)
        if alert is not None:
            forms.ACTS[action](self._visit, alert, self._live.refresh)

    async def _act_on_route(self, action: str, name: str) -> None:
        route = self._routes_by_name.get(name)
        if route is not None:
            forms.ROUTE_ACTS[action](self._visit, route, self._live.refresh)

    def _alert_row(self, alert: pb.Notification) -> Row:
        state, tone = _STATES.get(alert.state, ("Unknown", "quiet"))
        row: Row = {
            "id": alert.name,
            "title": {"t": alert.title, "t2": alert.body.partition("\n")[0]},
            "severity": {
                "t": word(pb.Severity, alert.severity).capitalize(),
                "tone": _SEVERITIES.get(alert.severity, "quiet"),
            },
            "state": {"t": state, "tone": tone},
            "who": {"t": alert.actor or "–"},
            "when": {
                "t": figures.ago(alert.create_unix_micros, self._visit.now()),
                "s": float(alert.create_unix_micros),
                "x": figures.moment(alert.create_unix_micros, self._visit.time_zone),
            },
        }
        if self._acts:
            over = alert.state == pb.Notification.STATE_RESOLVED
            row["actions"] = {
                "actions": []
                if over
                else [
                    {"id": "acknowledge", "text": "Acknowledge", "label": f"Acknowledge {alert.title}"},
                    {"id": "snooze", "text": "Snooze", "label": f"Snooze {alert.title}"},
                    {"id": "resolve", "text": "Resolve", "label": f"Resolve {alert.title}", "tone": "good"},
                ]
            }
        return row

    def _route_row(self, route: pb.Route) -> Row:
        title = route.display_name or route.name.removeprefix("alertRoutes/")
        row: Row = {
            "id": route.name,
            "route": {"t": title, "t2": "disabled" if route.disabled else f"position {route.position}"},
            "match": {"t": _matched(route.match), "tone": "wrap"},
            "receivers": {"t": "; ".join(receiver.summary for receiver in route.receivers), "tone": "wrap"},
            "when": {"t": _timing(route)},
        }
        if self._edits_routes:
            row["actions"] = {
                "actions": [
                    {"id": "test", "text": "Test", "label": f"Test {title}"},
                    {"id": "delete", "text": "Delete", "label": f"Delete {title}", "tone": "bad"},
                ]
            }
        return row


def _matched(match: pb.Match) -> str:
    """What a route lets pass, in words."""
    parts = [
        ", ".join(match.kinds),
        f"from {word(pb.Severity, match.min_severity)} on" if match.min_severity else "",
        f"of {', '.join(match.teams)}" if match.teams else "",
        ", ".join(f"{name} = {value}" for name, value in sorted(match.labels.items())),
    ]
    return "; ".join(filter(None, parts)) or "all"


def _timing(route: pb.Route) -> str:
    """When a route's messages are sent, in words."""
    parts = [
        f"{word(pb.Digest.Cadence, route.digest.cadence)} digest" if route.HasField("digest") else "",
        f"grouped for {route.grouping.window_seconds} s" if route.HasField("grouping") else "",
        *(f"quiet {hours.start} to {hours.end}" for hours in route.quiet_hours),
    ]
    return "; ".join(filter(None, parts)) or "at once"


PAGE = Page("/alerts", "Alerts", build, "o_notifications", "What was told, and to whom")
