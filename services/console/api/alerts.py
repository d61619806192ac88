"""`/alerts` and `/alert-routes`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from finops.notification.v1 import notification_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from pydantic import Field

from services.common.clock import format_rfc3339, parse_rfc3339
from services.common.errors import InvalidArgumentError
from services.console.api.calls import Admin, Editor, PageSize, PeersOf, Reader, refusals
from services.console.api.models import Answer, Body, Time, last_part, time_or_none
from services.console.domain.enums import value, word, words

router = APIRouter(tags=["alerts"])

_STATE = pb.Notification.State
Definition = dict[str, Any]


class AlertChange(Answer):
    """Something that happened to an alert."""

    transition: str = Field(description="fired, updated, noted, acknowledged, snoozed, reminded, resolved")
    time: Time
    actor: str = Field(description="Name of an API key, or `link to <receiver>`; empty: an event")
    comment: str
    title: str


class AlertDelivery(Answer):
    """A message on its way to one receiver."""

    receiver: str
    state: str = Field(description="pending, sending, sent, failed, uncertain, stale, suppressed")
    transition: str
    attempts: int
    last_error: str
    create_time: Time
    update_time: Time
    next_attempt_time: Time | None


class Alert(Answer):
    """Something that began, may be acknowledged or snoozed, and ends."""

    id: str
    kind: str = Field(examples=["budget.threshold_crossed"])
    severity: str = Field(description=", ".join(words(pb.Severity)))
    state: str = Field(description=", ".join(words(_STATE)))
    title: str
    body: str
    team: str
    subject: str = Field(description="What it is about", examples=["budgets/search"])
    labels: dict[str, str]
    create_time: Time
    update_time: Time
    snooze_until: Time | None
    actor: str = Field(description="Who changed its state last; empty: an event did")


class AlertDetail(Alert):
    """An alert with all that happened to it."""

    changes: list[AlertChange]
    deliveries: list[AlertDelivery]


class Alerts(Answer):
    alerts: list[Alert]
    next_page_token: str


class Comment(Body):
    comment: str = Field("", max_length=1_000)


class Snooze(Comment):
    until: Time = Field(description="At most 30 days ahead")


class Routes(Answer):
    routes: list[Definition] = Field(description="finops.notification.v1.Route, without secrets")
    next_page_token: str


class Route(Answer):
    """Which alerts go where."""

    route: Definition = Field(description="finops.notification.v1.Route, without secrets")


class NewRoute(Body):
    id: str = Field("", description="Last part of the name; empty: chosen by the service", max_length=63)
    route: Definition = Field(
        description="finops.notification.v1.Route",
        examples=[{"match": {"kinds": ["budget"]}, "receivers": [{"slack": {"webhook_url": "https://..."}}]}],
    )


class ChangedRoute(Body):
    route: Definition = Field(description="The fields to change. Secrets that are left out stay")
    update_mask: list[str] = Field([], description="Empty: the fields that `route` names")


class TestResult(Answer):
    """What one receiver answered."""

    __test__ = False

    receiver: str
    delivered: bool
    answer: str
    seconds: float


class TestResults(Answer):
    __test__ = False

    results: list[TestResult]


@router.get("/alerts", summary="Alerts, newest first", responses=refusals())
async def list_alerts(
    caller: Reader,
    peers: PeersOf,
    state: Annotated[str, Query(description=", ".join(words(_STATE)) + "; empty: all")] = "",
    page_size: PageSize = 100,
    page_token: str = "",
) -> Alerts:
    wanted = value(_STATE, state, "state") if state else pb.Notification.STATE_UNSPECIFIED
    request = pb.ListNotificationsRequest(state=wanted, page_size=page_size, page_token=page_token)
    answer = await peers.list_notifications(caller, request)
    return Alerts(alerts=[shown(alert) for alert in answer.notifications], next_page_token=answer.next_page_token)


@router.get("/alerts/{alert_id}", summary="An alert and all that happened to it", responses=refusals(404))
async def get_alert(caller: Reader, peers: PeersOf, alert_id: str) -> AlertDetail:
    answer = await peers.get_notification(caller, pb.GetNotificationRequest(name=f"notifications/{alert_id}"))
    return detail_shown(answer.notification)


@router.post("/alerts/{alert_id}:acknowledge", summary="Somebody takes care of it", responses=refusals(404, 413))
async def acknowledge(caller: Editor, peers: PeersOf, alert_id: str, body: Comment | None = None) -> Alert:
    """No more is sent of it, unless it grows worse."""
    request = pb.AcknowledgeNotificationRequest(name=f"notifications/{alert_id}", comment=_comment(body))
    return shown((await peers.acknowledge_notification(caller, request)).notification)


@router.post("/alerts/{alert_id}:snooze", summary="Quiet until a moment", responses=refusals(404, 413))
async def snooze(caller: Editor, peers: PeersOf, alert_id: str, body: Snooze) -> Alert:
    """What still goes on then is told again."""
    try:
        until = parse_rfc3339(body.until)
    except ValueError as error:
        raise InvalidArgumentError.of("until", str(error)) from error
    request = pb.SnoozeNotificationRequest(
        name=f"notifications/{alert_id}", until_unix_micros=until, comment=body.comment
    )
    return shown((await peers.snooze_notification(caller, request)).notification)


@router.post("/alerts/{alert_id}:resolve", summary="It is over", responses=refusals(404, 413))
async def resolve(caller: Editor, peers: PeersOf, alert_id: str, body: Comment | None = None) -> Alert:
    request = pb.ResolveNotificationRequest(name=f"notifications/{alert_id}", comment=_comment(body))
    return shown((await peers.resolve_notification(caller, request)).notification)


@router.get("/alert-routes", summary="Routes, in the order in which they are tried", responses=refusals())
async def list_routes(caller: Reader, peers: PeersOf, page_size: PageSize = 100, page_token: str = "") -> Routes:
    request = pb.ListRoutesRequest(page_size=page_size, page_token=page_token)
    answer = await peers.list_routes(caller, request)
    return Routes(routes=[_definition(route) for route in answer.routes], next_page_token=answer.next_page_token)


@router.post("/alert-routes", summary="Create a route", status_code=201, responses=refusals(409, 413))
async def create_route(caller: Admin, peers: PeersOf, body: NewRoute) -> Route:
    request = pb.CreateRouteRequest(route=_route(body.route), route_id=body.id)
    return Route(route=_definition((await peers.create_route(caller, request)).route))


@router.get("/alert-routes/{route_id}", summary="A route", responses=refusals(404))
async def get_route(caller: Reader, peers: PeersOf, route_id: str) -> Route:
    answer = await peers.get_route(caller, pb.GetRouteRequest(name=f"alertRoutes/{route_id}"))
    return Route(route=_definition(answer.route))


@router.patch("/alert-routes/{route_id}", summary="Change a route", responses=refusals(404, 409, 413))
async def update_route(caller: Admin, peers: PeersOf, route_id: str, body: ChangedRoute) -> Route:
    route = _route(body.route)
    route.name = f"alertRoutes/{route_id}"
    mask = FieldMask(paths=body.update_mask or [field for field in body.route if field not in ("name", "etag")])
    answer = await peers.update_route(caller, pb.UpdateRouteRequest(route=route, update_mask=mask))
    return Route(route=_definition(answer.route))


@router.delete("/alert-routes/{route_id}", summary="Delete a route", status_code=204, responses=refusals(404, 409))
async def delete_route(caller: Admin, peers: PeersOf, route_id: str, etag: str = "") -> None:
    await peers.delete_route(caller, pb.DeleteRouteRequest(name=f"alertRoutes/{route_id}", etag=etag))


@router.post("/alert-routes/{route_id}:test", summary="Send a real message now", responses=refusals(404))
async def test_route(caller: Admin, peers: PeersOf, route_id: str, receiver: str = "") -> TestResults:
    request = pb.TestRouteRequest(name=f"alertRoutes/{route_id}", receiver_id=receiver)
    answer = await peers.test_route(caller, request)
    return TestResults(
        results=[
            TestResult(
                receiver=result.receiver_id,
                delivered=result.delivered,
                answer=result.answer,
                seconds=result.duration_micros / 10**6,
            )
            for result in answer.results
        ]
    )


def shown(alert: pb.Notification) -> Alert:
    """As REST writes it."""
    return Alert(**_fields(alert))


def detail_shown(alert: pb.Notification) -> AlertDetail:
    """As REST writes it, with all that happened."""
    changes = [
        AlertChange(
            transition=change.transition,
            time=format_rfc3339(change.time_unix_micros),
            actor=change.actor,
            comment=change.comment,
            title=change.title,
        )
        for change in alert.changes
    ]
    deliveries = [
        AlertDelivery(
            receiver=delivery.receiver,
            state=delivery.state,
            transition=delivery.transition,
            attempts=delivery.attempts,
            last_error=delivery.last_error,
            create_time=format_rfc3339(delivery.create_unix_micros),
            update_time=format_rfc3339(delivery.update_unix_micros),
            next_attempt_time=time_or_none(delivery.next_attempt_unix_micros),
        )
        for delivery in alert.deliveries
    ]
    return AlertDetail(**_fields(alert), changes=changes, deliveries=deliveries)


def _fields(alert: pb.Notification) -> dict[str, Any]:
    return {
        "id": last_part(alert.name),
        "kind": alert.kind,
        "severity": word(pb.Severity, alert.severity),
        "state": word(_STATE, alert.state),
        "title": alert.title,
        "body": alert.body,
        "team": alert.team,
        "subject": alert.subject,
        "labels": dict(alert.labels),
        "create_time": format_rfc3339(alert.create_unix_micros),
        "update_time": format_rfc3339(alert.update_unix_micros),
        "snooze_until": time_or_none(alert.snooze_until_unix_micros),
        "actor": alert.actor,
    }


def _comment(body: Comment | None) -> str:
    return body.comment if body is not None else ""


def _route(definition: Definition) -> pb.Route:
    try:
        return ParseDict(definition, pb.Route())
    except ParseError as error:
        raise InvalidArgumentError.of("route", str(error)) from error


def _definition(route: pb.Route) -> Definition:
    found: Definition = MessageToDict(route, preserving_proto_field_name=True)
    return found
