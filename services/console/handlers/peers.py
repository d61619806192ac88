"""What the console asks of the other services, always as its caller: they see the caller's own key, tenant and role."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from finops.anomaly.v1 import anomaly_pb2 as anomaly
from finops.budget.v1 import budget_pb2 as budget
from finops.governance.v1 import governance_pb2 as governance
from finops.ledger.v1 import ledger_pb2 as ledger
from finops.notification.v1 import notification_pb2 as notification
from finops.pricing.v1 import pricing_pb2 as pricing
from finops.recommendation.v1 import recommendation_pb2 as recommendation

from services.common.auth import Principal, Role


@dataclass(frozen=True)
class Caller:
    """Who asks, and the API key they came with."""

    key: str = field(repr=False)
    principal: Principal

    @property
    def acting_for(self) -> str:
        """The tenant to name beside the key: only a service key acts for one that is not its own."""
        return self.principal.tenant_id if self.principal.role is Role.SERVICE else ""


class Ledger(Protocol):
    async def query_costs(self, caller: Caller, request: ledger.QueryCostsRequest) -> ledger.QueryCostsResponse: ...

    async def list_cost_entries(
        self, caller: Caller, request: ledger.ListCostEntriesRequest
    ) -> ledger.ListCostEntriesResponse: ...

    async def list_unpriced(
        self, caller: Caller, request: ledger.ListUnpricedRequest
    ) -> ledger.ListUnpricedResponse: ...

    async def reconcile_bill(
        self, caller: Caller, request: ledger.ReconcileBillRequest
    ) -> ledger.ReconcileBillResponse: ...


class Pricing(Protocol):
    async def list_contracts(
        self, caller: Caller, request: pricing.ListContractsRequest
    ) -> pricing.ListContractsResponse: ...

    async def put_contract(
        self, caller: Caller, request: pricing.PutContractRequest
    ) -> pricing.PutContractResponse: ...

    async def remove_contract(
        self, caller: Caller, request: pricing.RemoveContractRequest
    ) -> pricing.RemoveContractResponse: ...

    async def list_fx_rates(
        self, caller: Caller, request: pricing.ListFxRatesRequest
    ) -> pricing.ListFxRatesResponse: ...

    async def put_fx_rates(self, caller: Caller, request: pricing.PutFxRatesRequest) -> pricing.PutFxRatesResponse: ...


class Budgets(Protocol):
    async def create_budget(
        self, caller: Caller, request: budget.CreateBudgetRequest
    ) -> budget.CreateBudgetResponse: ...

    async def get_budget(self, caller: Caller, request: budget.GetBudgetRequest) -> budget.GetBudgetResponse: ...

    async def list_budgets(self, caller: Caller, request: budget.ListBudgetsRequest) -> budget.ListBudgetsResponse: ...

    async def update_budget(
        self, caller: Caller, request: budget.UpdateBudgetRequest
    ) -> budget.UpdateBudgetResponse: ...

    async def delete_budget(
        self, caller: Caller, request: budget.DeleteBudgetRequest
    ) -> budget.DeleteBudgetResponse: ...

    async def get_budget_status(
        self, caller: Caller, request: budget.GetBudgetStatusRequest
    ) -> budget.GetBudgetStatusResponse: ...

    async def list_member_statuses(
        self, caller: Caller, request: budget.ListMemberStatusesRequest
    ) -> budget.ListMemberStatusesResponse: ...

    async def list_holds(self, caller: Caller, request: budget.ListHoldsRequest) -> budget.ListHoldsResponse: ...

    async def rebuild_budgets(
        self, caller: Caller, request: budget.RebuildBudgetsRequest
    ) -> budget.RebuildBudgetsResponse: ...

    async def reconcile_budgets(
        self, caller: Caller, request: budget.ReconcileBudgetsRequest
    ) -> budget.ReconcileBudgetsResponse: ...

    async def forecast_spend(
        self, caller: Caller, request: budget.ForecastSpendRequest
    ) -> budget.ForecastSpendResponse: ...


class Anomalies(Protocol):
    async def list_anomalies(
        self, caller: Caller, request: anomaly.ListAnomaliesRequest
    ) -> anomaly.ListAnomaliesResponse: ...

    async def get_anomaly(self, caller: Caller, request: anomaly.GetAnomalyRequest) -> anomaly.GetAnomalyResponse: ...

    async def forecast_series(
        self, caller: Caller, request: anomaly.ForecastSeriesRequest
    ) -> anomaly.ForecastSeriesResponse: ...

    async def get_expected_band(
        self, caller: Caller, request: anomaly.GetExpectedBandRequest
    ) -> anomaly.GetExpectedBandResponse: ...

    async def label_anomaly(
        self, caller: Caller, request: anomaly.LabelAnomalyRequest
    ) -> anomaly.LabelAnomalyResponse: ...

    async def get_precision(
        self, caller: Caller, request: anomaly.GetPrecisionRequest
    ) -> anomaly.GetPrecisionResponse: ...

    async def list_planned_windows(
        self, caller: Caller, request: anomaly.ListPlannedWindowsRequest
    ) -> anomaly.ListPlannedWindowsResponse: ...

    async def create_planned_window(
        self, caller: Caller, request: anomaly.CreatePlannedWindowRequest
    ) -> anomaly.CreatePlannedWindowResponse: ...

    async def delete_planned_window(
        self, caller: Caller, request: anomaly.DeletePlannedWindowRequest
    ) -> anomaly.DeletePlannedWindowResponse: ...


class Recommendations(Protocol):
    async def list_recommendations(
        self, caller: Caller, request: recommendation.ListRecommendationsRequest
    ) -> recommendation.ListRecommendationsResponse: ...

    async def get_recommendation(
        self, caller: Caller, request: recommendation.GetRecommendationRequest
    ) -> recommendation.GetRecommendationResponse: ...


class Governance(Protocol):
    async def register_tool(
        self, caller: Caller, request: governance.RegisterToolRequest
    ) -> governance.RegisterToolResponse: ...

    async def list_tools(
        self, caller: Caller, request: governance.ListToolsRequest
    ) -> governance.ListToolsResponse: ...

    async def request_approval(
        self, caller: Caller, request: governance.RequestApprovalRequest
    ) -> governance.RequestApprovalResponse: ...

    async def decide(self, caller: Caller, request: governance.DecideRequest) -> governance.DecideResponse: ...

    async def list_approvals(
        self, caller: Caller, request: governance.ListApprovalsRequest
    ) -> governance.ListApprovalsResponse: ...

    async def list_audit_entries(
        self, caller: Caller, request: governance.ListAuditEntriesRequest
    ) -> governance.ListAuditEntriesResponse: ...


class Notifications(Protocol):
    async def create_route(
        self, caller: Caller, request: notification.CreateRouteRequest
    ) -> notification.CreateRouteResponse: ...

    async def get_route(
        self, caller: Caller, request: notification.GetRouteRequest
    ) -> notification.GetRouteResponse: ...

    async def list_routes(
        self, caller: Caller, request: notification.ListRoutesRequest
    ) -> notification.ListRoutesResponse: ...

    async def update_route(
        self, caller: Caller, request: notification.UpdateRouteRequest
    ) -> notification.UpdateRouteResponse: ...

    async def delete_route(
        self, caller: Caller, request: notification.DeleteRouteRequest
    ) -> notification.DeleteRouteResponse: ...

    async def test_route(
        self, caller: Caller, request: notification.TestRouteRequest
    ) -> notification.TestRouteResponse: ...

    async def list_notifications(
        self, caller: Caller, request: notification.ListNotificationsRequest
    ) -> notification.ListNotificationsResponse: ...

    async def get_notification(
        self, caller: Caller, request: notification.GetNotificationRequest
    ) -> notification.GetNotificationResponse: ...

    async def acknowledge_notification(
        self, caller: Caller, request: notification.AcknowledgeNotificationRequest
    ) -> notification.AcknowledgeNotificationResponse: ...

    async def snooze_notification(
        self, caller: Caller, request: notification.SnoozeNotificationRequest
    ) -> notification.SnoozeNotificationResponse: ...

    async def resolve_notification(
        self, caller: Caller, request: notification.ResolveNotificationRequest
    ) -> notification.ResolveNotificationResponse: ...


class SignedLinks(Protocol):
    """Asked with the console's own key: the link is the credential."""

    async def describe_link(self, token: str) -> notification.Notification: ...

    async def act_on_link(self, request: notification.ActOnLinkRequest) -> notification.Notification: ...


class Peers(Ledger, Pricing, Budgets, Anomalies, Recommendations, Governance, Notifications, SignedLinks, Protocol):
    """All of them. Every method raises UnavailableError where the peer is away, or the ApiError it answered."""
