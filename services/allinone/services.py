"""The services by name: how each is built, and whose tables are migrated."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from services.common.component import Service
from services.common.keyring import KeyRing
from services.common.settings import ServiceSettings, load

COMMON_MIGRATIONS = "services.common.migrations"

_LATER = 19
"""What others leave: at most a hundredth of a processor while the machine is full, all of it otherwise."""


@dataclass(frozen=True)
class Entry:
    """One service of the house."""

    name: str
    settings_class: str
    has_tables: bool = True
    grpc_services: tuple[str, ...] = ()
    wanted_by: str = ""
    """A setting without which `aifinops up` has no use for it."""
    niceness: int = 0
    """How far it steps back on a full machine: what spend and budgets do not wait for can be a little later."""

    def wanted(self) -> bool:
        """Whether `aifinops up` starts it."""
        return not self.wanted_by or os.environ.get(self.wanted_by, "").strip() not in ("", "[]")

    def load_settings(self) -> ServiceSettings:
        """Its settings from the environment; ends the process where they are wrong."""
        module = import_module(f"services.{self.name}.settings")
        settings: ServiceSettings = load(getattr(module, self.settings_class))
        return settings

    def build(self, settings: ServiceSettings, keyring: KeyRing) -> Service:
        """The service, wired."""
        builder: Callable[[ServiceSettings, KeyRing], Service] = import_module(f"services.{self.name}.app").build
        return builder(settings, keyring)


SERVICES: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("ingest", "IngestSettings", has_tables=False),
        Entry("pricing", "PricingSettings", grpc_services=("finops.pricing.v1.PricingService",)),
        Entry("ledger", "LedgerSettings", grpc_services=("finops.ledger.v1.LedgerService",)),
        Entry(
            "budget",
            "BudgetSettings",
            grpc_services=("finops.budget.v1.BudgetService", "envoy.service.auth.v3.Authorization"),
        ),
        Entry("anomaly", "AnomalySettings", grpc_services=("finops.anomaly.v1.AnomalyService",), niceness=_LATER),
        Entry(
            "optimizer",
            "OptimizerSettings",
            grpc_services=("finops.recommendation.v1.RecommendationService",),
            niceness=_LATER,
        ),
        Entry(
            "governance",
            "GovernanceSettings",
            grpc_services=("finops.governance.v1.GovernanceService",),
            niceness=_LATER,
        ),
        Entry("notifier", "NotifierSettings", grpc_services=("finops.notification.v1.NotificationService",)),
        Entry("console", "ConsoleSettings", has_tables=False),
        Entry("connectors", "ConnectorsSettings", wanted_by="AIFINOPS_CONNECTORS__POLLERS"),
    )
}

MIGRATIONS: tuple[str, ...] = (
    COMMON_MIGRATIONS,
    *(f"services.{entry.name}.migrations" for entry in SERVICES.values() if entry.has_tables),
)
