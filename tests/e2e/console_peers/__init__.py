"""The services behind the console as real gRPC servers over data in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from finops.anomaly.v1.anomaly_pb2_grpc import add_AnomalyServiceServicer_to_server
from finops.budget.v1.budget_pb2_grpc import add_BudgetServiceServicer_to_server
from finops.governance.v1.governance_pb2_grpc import add_GovernanceServiceServicer_to_server
from finops.ledger.v1.ledger_pb2_grpc import add_LedgerServiceServicer_to_server
from finops.notification.v1.notification_pb2_grpc import add_NotificationServiceServicer_to_server
from finops.pricing.v1.pricing_pb2_grpc import add_PricingServiceServicer_to_server
from finops.recommendation.v1.recommendation_pb2_grpc import add_RecommendationServiceServicer_to_server

from services.common.component import GrpcService, Service
from tests.e2e.console_peers.budgets import Budgets
from tests.e2e.console_peers.findings import Anomalies, Recommendations
from tests.e2e.console_peers.governance import Governance
from tests.e2e.console_peers.ledger import Ledger
from tests.e2e.console_peers.notifier import servicer_of
from tests.e2e.console_peers.pricing import Pricing
from tests.e2e.console_peers.world import World

__all__ = ["World", "peers"]


def peers(world: World) -> Service:
    """The services the console asks, as one. They answer the calls that it makes, not all there are."""
    ledger, budgets = Ledger(world), Budgets(world)  # type: ignore[abstract]
    governance = Governance(world)  # type: ignore[abstract]
    pricing = Pricing(world)  # type: ignore[abstract]
    served: list[tuple[str, Any, Callable[[Any, Any], None]]] = [
        ("ledger.v1.LedgerService", ledger, add_LedgerServiceServicer_to_server),
        ("pricing.v1.PricingService", pricing, add_PricingServiceServicer_to_server),
        ("budget.v1.BudgetService", budgets, add_BudgetServiceServicer_to_server),
        ("anomaly.v1.AnomalyService", Anomalies(world), add_AnomalyServiceServicer_to_server),
        (
            "recommendation.v1.RecommendationService",
            Recommendations(world),
            add_RecommendationServiceServicer_to_server,
        ),
        ("governance.v1.GovernanceService", governance, add_GovernanceServiceServicer_to_server),
        ("notification.v1.NotificationService", servicer_of(world.notifier), add_NotificationServiceServicer_to_server),
    ]
    return Service("peers", grpc=[GrpcService(f"finops.{name}", servicer, add) for name, servicer, add in served])
