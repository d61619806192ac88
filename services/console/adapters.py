"""The other services over gRPC."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from finops.anomaly.v1 import anomaly_pb2 as anomaly
from finops.anomaly.v1.anomaly_pb2_grpc import AnomalyServiceStub
from finops.budget.v1 import budget_pb2 as budget
from finops.budget.v1.budget_pb2_grpc import BudgetServiceStub
from finops.governance.v1 import governance_pb2 as governance
from finops.governance.v1.governance_pb2_grpc import GovernanceServiceStub
from finops.ledger.v1 import ledger_pb2 as ledger
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub
from finops.notification.v1 import notification_pb2 as notification
from finops.notification.v1.notification_pb2_grpc import NotificationServiceStub
from finops.pricing.v1 import pricing_pb2 as pricing
from finops.pricing.v1.pricing_pb2_grpc import PricingServiceStub
from finops.recommendation.v1 import recommendation_pb2 as recommendation
from finops.recommendation.v1.recommendation_pb2_grpc import RecommendationServiceStub

from services.common.grpc.client import Channel, call
from services.common.settings import PeerSettings
from services.console.handlers.peers import Caller

Answer = TypeVar("Answer")

TIMEOUT_SECONDS = 15.0


class GrpcPeers:
    """Implements `Peers` over one channel a service. Each call carries the caller's own key."""

    def __init__(self, peers: PeerSettings, max_message_bytes: int, service_key: str) -> None:
        def channel(target: str) -> Channel:
            return Channel(target, max_message_bytes=max_message_bytes)

        self._ledger = channel(peers.ledger)
        self._pricing = channel(peers.pricing)
        self._budget = channel(peers.budget)
        self._anomaly = channel(peers.anomaly)
        self._optimizer = channel(peers.optimizer)
        self._governance = channel(peers.governance)
        self._notifier = channel(peers.notifier)
        self._service_key = service_key

    @property
    def channels(self) -> Sequence[Channel]:
        """The components to start and stop."""
        return (
            self._ledger, self._pricing, self._budget, self._anomaly, self._optimizer, self._governance, self._notifier,
        )  # fmt: skip

    async def query_costs(self, caller: Caller, request: ledger.QueryCostsRequest) -> ledger.QueryCostsResponse:
        return await _ask(LedgerServiceStub(self._ledger.channel()).QueryCosts, caller, request)

    async def list_cost_entries(
        self, caller: Caller, request: ledger.ListCostEntriesRequest
    ) -> ledger.ListCostEntriesResponse:
        return await _ask(LedgerServiceStub(self._ledger.channel()).ListCostEntries, caller, request)

    async def list_unpriced(self, caller: Caller, request: ledger.ListUnpricedRequest) -> ledger.ListUnpricedResponse:
        return await _ask(LedgerServiceStub(self._ledger.channel()).ListUnpriced, caller, request)

    async def reconcile_bill(
        self, caller: Caller, request: ledger.ReconcileBillRequest
    ) -> ledger.ReconcileBillResponse:
        return await _ask(LedgerServiceStub(self._ledger.channel()).ReconcileBill, caller, request)

    async def list_contracts(
        self, caller: Caller, request: pricing.ListContractsRequest
    ) -> pricing.ListContractsResponse:
        return await _ask(PricingServiceStub(self._pricing.channel()).ListContracts, caller, request)

    async def put_contract(self, caller: Caller, request: pricing.PutContractRequest) -> pricing.PutContractResponse:
        return await _ask(PricingServiceStub(self._pricing.channel()).PutContract, caller, request)

    async def remove_contract(
        self, caller: Caller, request: pricing.RemoveContractRequest
    ) -> pricing.RemoveContractResponse:
        return await _ask(PricingServiceStub(self._pricing.channel()).RemoveContract, caller, request)

    async def list_fx_rates(self, caller: Caller, request: pricing.ListFxRatesRequest) -> pricing.ListFxRatesResponse:
        return await _ask(PricingServiceStub(self._pricing.channel()).ListFxRates, caller, request)

    async def put_fx_rates(self, caller: Caller, request: pricing.PutFxRatesRequest) -> pricing.PutFxRatesResponse:
        return await _ask(PricingServiceStub(self._pricing.channel()).PutFxRates, caller, request)

    async def create_budget(self, caller: Caller, request: budget.CreateBudgetRequest) -> budget.CreateBudgetResponse:
        return await _ask(BudgetServiceStub(self._budget.channel()).CreateBudget, caller, request)

    async def get_budget(self, caller: Caller, request: budget.GetBudgetRequest) -> budget.GetBudgetResponse:
        return await _ask(BudgetServiceStub(self._budget.channel()).GetBudget, caller, request)

    async def list_budgets(self, caller: Caller, request: budget.ListBudgetsRequest) -> budget.ListBudgetsResponse:
        return await _ask(BudgetServiceStub(self._budget.channel()).ListBudgets, caller, request)

    async def update_budget(self, caller: Caller, request: budget.UpdateBudgetRequest) -> budget.UpdateBudgetResponse:
        return await _ask(BudgetServiceStub(self._budget.channel()).UpdateBudget, caller, request)

    async def delete_budget(self, caller: Caller, request: budget.DeleteBudgetRequest) -> budget.DeleteBudgetResponse:
        return await _ask(BudgetServiceStub(self._budget.channel()).DeleteBudget, caller, request)

    async def get_budget_status(
        self, caller: Caller, request: budget.GetBudgetStatusRequest
    ) -> budget.GetBudgetStatusResponse:
        return await _ask(BudgetServiceStub(self._budget.channel()).GetBudgetStatus, caller, request)

    async def list_member_statuses(
        self, caller: Caller, request: budget.ListMemberStatusesRequest
    ) -> budget.ListMemberStatusesResponse:
        return await _ask(BudgetServiceStub(self._budget.channel()).ListMemberStatuses, caller, request)

    async def list_holds(self, caller: Caller, request: budget.ListHoldsRequest) -> budget.ListHoldsResponse:
        return await _ask(BudgetServiceStub(self._budget.channel()).ListHolds, caller, request)

    async def rebuild_budgets(
        self, caller: Caller, request: budget.RebuildBudgetsRequest
    ) -> budget.RebuildBudgetsResponse:
        return await _ask(BudgetServiceStub(self._budget.channel()).RebuildBudgets, caller, request)

    async def reconcile_budgets(
        self, caller: Caller, request: budget.ReconcileBudgetsRequest
    ) -> budget.ReconcileBudgetsResponse:
        return await _ask(BudgetServiceStub(self._budget.channel()).ReconcileBudgets, caller, request)

    async def forecast_spend(
        self, caller: Caller, request: budget.ForecastSpendRequest
    ) -> budget.ForecastSpendResponse:
        return await _ask(BudgetServiceStub(self._budget.channel()).ForecastSpend, caller, request)

    async def list_anomalies(
        self, caller: Caller, request: anomaly.ListAnomaliesRequest
    ) -> anomaly.ListAnomaliesResponse:
        return await _ask(AnomalyServiceStub(self._anomaly.channel()).ListAnomalies, caller, request)

    async def get_anomaly(self, caller: Caller, request: anomaly.GetAnomalyRequest) -> anomaly.GetAnomalyResponse:
        return await _ask(AnomalyServiceStub(self._anomaly.channel()).GetAnomaly, caller, request)

    async def forecast_series(
        self, caller: Caller, request: anomaly.ForecastSeriesRequest
    ) -> anomaly.ForecastSeriesResponse:
        return await _ask(AnomalyServiceStub(self._anomaly.channel()).ForecastSeries, caller, request)

    async def get_expected_band(
        self, caller: Caller, request: anomaly.GetExpectedBandRequest
    ) -> anomaly.GetExpectedBandResponse:
        return await _ask(AnomalyServiceStub(self._anomaly.channel()).GetExpectedBand, caller, request)

    async def label_anomaly(self, caller: Caller, request: anomaly.LabelAnomalyRequest) -> anomaly.LabelAnomalyResponse:
        return await _ask(AnomalyServiceStub(self._anomaly.channel()).LabelAnomaly, caller, request)

    async def get_precision(self, caller: Caller, request: anomaly.GetPrecisionRequest) -> anomaly.GetPrecisionResponse:
        return await _ask(AnomalyServiceStub(self._anomaly.channel()).GetPrecision, caller, request)

    async def list_planned_windows(
        self, caller: Caller, request: anomaly.ListPlannedWindowsRequest
    ) -> anomaly.ListPlannedWindowsResponse:
        return await _ask(AnomalyServiceStub(self._anomaly.channel()).ListPlannedWindows, caller, request)

    async def create_planned_window(
        self, caller: Caller, request: anomaly.CreatePlannedWindowRequest
    ) -> anomaly.CreatePlannedWindowResponse:
        return await _ask(AnomalyServiceStub(self._anomaly.channel()).CreatePlannedWindow, caller, request)

    async def delete_planned_window(
        self, caller: Caller, request: anomaly.DeletePlannedWindowRequest
    ) -> anomaly.DeletePlannedWindowResponse:
        return await _ask(AnomalyServiceStub(self._anomaly.channel()).DeletePlannedWindow, caller, request)

    async def list_recommendations(
        self, caller: Caller, request: recommendation.ListRecommendationsRequest
    ) -> recommendation.ListRecommendationsResponse:
        return await _ask(RecommendationServiceStub(self._optimizer.channel()).ListRecommendations, caller, request)

    async def get_recommendation(
        self, caller: Caller, request: recommendation.GetRecommendationRequest
    ) -> recommendation.GetRecommendationResponse:
        return await _ask(RecommendationServiceStub(self._optimizer.channel()).GetRecommendation, caller, request)

    async def register_tool(
        self, caller: Caller, request: governance.RegisterToolRequest
    ) -> governance.RegisterToolResponse:
        return await _ask(GovernanceServiceStub(self._governance.channel()).RegisterTool, caller, request)

    async def list_tools(self, caller: Caller, request: governance.ListToolsRequest) -> governance.ListToolsResponse:
        return await _ask(GovernanceServiceStub(self._governance.channel()).ListTools, caller, request)

    async def request_approval(
        self, caller: Caller, request: governance.RequestApprovalRequest
    ) -> governance.RequestApprovalResponse:
        return await _ask(GovernanceServiceStub(self._governance.channel()).RequestApproval, caller, request)

    async def decide(self, caller: Caller, request: governance.DecideRequest) -> governance.DecideResponse:
        return await _ask(GovernanceServiceStub(self._governance.channel()).Decide, caller, request)

    async def list_approvals(
        self, caller: Caller, request: governance.ListApprovalsRequest
    ) -> governance.ListApprovalsResponse:
        return await _ask(GovernanceServiceStub(self._governance.channel()).ListApprovals, caller, request)

    async def list_audit_entries(
        self, caller: Caller, request: governance.ListAuditEntriesRequest
    ) -> governance.ListAuditEntriesResponse:
        return await _ask(GovernanceServiceStub(self._governance.channel()).ListAuditEntries, caller, request)

    async def create_route(
        self, caller: Caller, request: notification.CreateRouteRequest
    ) -> notification.CreateRouteResponse:
        return await _ask(NotificationServiceStub(self._notifier.channel()).CreateRoute, caller, request)

    async def get_route(self, caller: Caller, request: notification.GetRouteRequest) -> notification.GetRouteResponse:
        return await _ask(NotificationServiceStub(self._notifier.channel()).GetRoute, caller, request)

    async def list_routes(
        self, caller: Caller, request: notification.ListRoutesRequest
    ) -> notification.ListRoutesResponse:
        return await _ask(NotificationServiceStub(self._notifier.channel()).ListRoutes, caller, request)

    async def update_route(
        self, caller: Caller, request: notification.UpdateRouteRequest
    ) -> notification.UpdateRouteResponse:
        return await _ask(NotificationServiceStub(self._notifier.channel()).UpdateRoute, caller, request)

    async def delete_route(
        self, caller: Caller, request: notification.DeleteRouteRequest
    ) -> notification.DeleteRouteResponse:
        return await _ask(NotificationServiceStub(self._notifier.channel()).DeleteRoute, caller, request)

    async def test_route(
        self, caller: Caller, request: notification.TestRouteRequest
    ) -> notification.TestRouteResponse:
        return await _ask(NotificationServiceStub(self._notifier.channel()).TestRoute, caller, request)

    async def list_notifications(
        self, caller: Caller, request: notification.ListNotificationsRequest
    ) -> notification.ListNotificationsResponse:
        return await _ask(NotificationServiceStub(self._notifier.channel()).ListNotifications, caller, request)

    async def get_notification(
        self, caller: Caller, request: notification.GetNotificationRequest
    ) -> notification.GetNotificationResponse:
        return await _ask(NotificationServiceStub(self._notifier.channel()).GetNotification, caller, request)

    async def acknowledge_notification(
        self, caller: Caller, request: notification.AcknowledgeNotificationRequest
    ) -> notification.AcknowledgeNotificationResponse:
        return await _ask(NotificationServiceStub(self._notifier.channel()).AcknowledgeNotification, caller, request)

    async def snooze_notification(
        self, caller: Caller, request: notification.SnoozeNotificationRequest
    ) -> notification.SnoozeNotificationResponse:
        return await _ask(NotificationServiceStub(self._notifier.channel()).SnoozeNotification, caller, request)

    async def resolve_notification(
        self, caller: Caller, request: notification.ResolveNotificationRequest
    ) -> notification.ResolveNotificationResponse:
        return await _ask(NotificationServiceStub(self._notifier.channel()).ResolveNotification, caller, request)

    async def describe_link(self, token: str) -> notification.Notification:
        stub: Any = NotificationServiceStub(self._notifier.channel())
        request = notification.DescribeLinkRequest(token=token)
        answer = await call(stub.DescribeLink, request, key=self._service_key, timeout_seconds=TIMEOUT_SECONDS)
        shown: notification.Notification = answer.notification
        return shown

    async def act_on_link(self, request: notification.ActOnLinkRequest) -> notification.Notification:
        stub: Any = NotificationServiceStub(self._notifier.channel())
        answer = await call(stub.ActOnLink, request, key=self._service_key, timeout_seconds=TIMEOUT_SECONDS)
        shown: notification.Notification = answer.notification
        return shown


async def _ask(method: Callable[..., Awaitable[Answer]], caller: Caller, request: Any) -> Answer:
    return await call(method, request, key=caller.key, tenant_id=caller.acting_for, timeout_seconds=TIMEOUT_SECONDS)
