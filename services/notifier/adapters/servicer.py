"""finops.notification.v1.NotificationService over gRPC."""

# ruff: noqa: N802 - methods are named as in the contract

from __future__ import annotations

from typing import Any

from finops.notification.v1 import notification_pb2 as pb
from finops.notification.v1.notification_pb2_grpc import NotificationServiceServicer

from services.common.auth import Access, Principal, current
from services.common.errors import InvalidArgumentError
from services.notifier.adapters.shown import act_state, detailed, notification, result
from services.notifier.domain.message import Transition
from services.notifier.handlers.alerts import Act, Alerts
from services.notifier.handlers.definitions import Definitions
from services.notifier.handlers.trial import Trial

FULL_NAME = "finops.notification.v1.NotificationService"

_ACTIONS = {
    pb.ActOnLinkRequest.ACTION_ACKNOWLEDGE: Transition.ACKNOWLEDGED,
    pb.ActOnLinkRequest.ACTION_SNOOZE: Transition.SNOOZED,
    pb.ActOnLinkRequest.ACTION_RESOLVE: Transition.RESOLVED,
}


class NotificationServicer(NotificationServiceServicer):
    """Who may call what, and messages in and out. The tenant is the caller's, or the link's."""

    def __init__(self, definitions: Definitions, alerts: Alerts, trial: Trial) -> None:
        self._definitions = definitions
        self._alerts = alerts
        self._trial = trial

    # --- routes -----------------------------------------------------------------------------------------------------

    async def CreateRoute(self, request: pb.CreateRouteRequest, context: Any) -> pb.CreateRouteResponse:
        tenant = current(Access.ADMINISTER).tenant_id
        return pb.CreateRouteResponse(route=await self._definitions.create(tenant, request.route, request.route_id))

    async def GetRoute(self, request: pb.GetRouteRequest, context: Any) -> pb.GetRouteResponse:
        tenant = current(Access.READ).tenant_id
        return pb.GetRouteResponse(route=await self._definitions.get(tenant, request.name))

    async def ListRoutes(self, request: pb.ListRoutesRequest, context: Any) -> pb.ListRoutesResponse:
        tenant = current(Access.READ).tenant_id
        routes, token = await self._definitions.page(tenant, request.page_size, request.page_token)
        return pb.ListRoutesResponse(routes=routes, next_page_token=token)

    async def UpdateRoute(self, request: pb.UpdateRouteRequest, context: Any) -> pb.UpdateRouteResponse:
        tenant = current(Access.ADMINISTER).tenant_id
        route = await self._definitions.update(tenant, request.route, request.update_mask.paths)
        return pb.UpdateRouteResponse(route=route)

    async def DeleteRoute(self, request: pb.DeleteRouteRequest, context: Any) -> pb.DeleteRouteResponse:
        tenant = current(Access.ADMINISTER).tenant_id
        await self._definitions.delete(tenant, request.name, request.etag)
        return pb.DeleteRouteResponse()

    async def TestRoute(self, request: pb.TestRouteRequest, context: Any) -> pb.TestRouteResponse:
        caller = current(Access.ADMINISTER)
        results = await self._trial.test(caller.tenant_id, request.name, request.receiver_id, _name_of(caller))
        return pb.TestRouteResponse(results=map(result, results))

    # --- alerts -----------------------------------------------------------------------------------------------------

    async def ListNotifications(
        self, request: pb.ListNotificationsRequest, context: Any
    ) -> pb.ListNotificationsResponse:
        tenant = current(Access.READ).tenant_id
        alerts, token = await self._alerts.page(tenant, act_state(request.state), request.page_size, request.page_token)
        return pb.ListNotificationsResponse(notifications=map(notification, alerts), next_page_token=token)

    async def GetNotification(self, request: pb.GetNotificationRequest, context: Any) -> pb.GetNotificationResponse:
        tenant = current(Access.READ).tenant_id
        return pb.GetNotificationResponse(notification=detailed(await self._alerts.get(tenant, request.name)))

    async def AcknowledgeNotification(
        self, request: pb.AcknowledgeNotificationRequest, context: Any
    ) -> pb.AcknowledgeNotificationResponse:
        shown = await self._act(request.name, Transition.ACKNOWLEDGED, request.comment)
        return pb.AcknowledgeNotificationResponse(notification=shown)

    async def SnoozeNotification(
        self, request: pb.SnoozeNotificationRequest, context: Any
    ) -> pb.SnoozeNotificationResponse:
        shown = await self._act(request.name, Transition.SNOOZED, request.comment, request.until_unix_micros)
        return pb.SnoozeNotificationResponse(notification=shown)

    async def ResolveNotification(
        self, request: pb.ResolveNotificationRequest, context: Any
    ) -> pb.ResolveNotificationResponse:
        shown = await self._act(request.name, Transition.RESOLVED, request.comment)
        return pb.ResolveNotificationResponse(notification=shown)

    async def _act(self, name: str, transition: Transition, comment: str, until: int = 0) -> pb.Notification:
        caller = current(Access.EDIT)
        act = Act(transition, _name_of(caller), comment, until)
        return notification(await self._alerts.act(caller.tenant_id, name, act))

    # --- links ------------------------------------------------------------------------------------------------------

    async def DescribeLink(self, request: pb.DescribeLinkRequest, context: Any) -> pb.DescribeLinkResponse:
        current(Access.INTERNAL)
        return pb.DescribeLinkResponse(notification=notification(await self._alerts.linked(request.token)))

    async def ActOnLink(self, request: pb.ActOnLinkRequest, context: Any) -> pb.ActOnLinkResponse:
        current(Access.INTERNAL)
        if request.action not in _ACTIONS:
            raise InvalidArgumentError.of("action", "one of ACTION_ACKNOWLEDGE, ACTION_SNOOZE, ACTION_RESOLVE")
        alert = await self._alerts.act_by_link(
            request.token, _ACTIONS[request.action], request.snooze_until_unix_micros
        )
        return pb.ActOnLinkResponse(notification=notification(alert))


def _name_of(caller: Principal) -> str:
    return caller.key_name or caller.key_id
