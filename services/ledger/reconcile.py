"""`aifinops reconcile`: compares the ledger's rollups and index with its entries."""

from __future__ import annotations

from services.common.clickhouse import ClickHouse
from services.ledger.adapters.audit import ClickHouseAudit
from services.ledger.domain.reconciliation import Discrepancy, Report
from services.ledger.handlers import reconcile as handler
from services.ledger.settings import LedgerSettings

__all__ = ["Discrepancy", "Report", "reconcile"]


async def reconcile(settings: LedgerSettings, repair: bool) -> Report:
    """Compares, and with `repair` mends, while the ledger goes on writing.

    Raises:
        UnavailableError: ClickHouse is away.
    """
    clickhouse = ClickHouse(settings.clickhouse)
    try:
        return await handler.reconcile(
            ClickHouseAudit(clickhouse), repair=repair, settle_seconds=settings.ledger.reconcile_settle_seconds
        )
    finally:
        await clickhouse.stop()
