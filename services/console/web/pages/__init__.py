"""The pages, in the order of the navigation."""

from __future__ import annotations

from collections.abc import Sequence

from services.console.web.pages import (
    alerts,
    anomalies,
    anomaly,
    budget,
    budgets,
    contract,
    contracts,
    costs,
    event,
    governance,
    keys,
    overview,
    recommendations,
    reconciliation,
    unpriced,
)
from services.console.web.shell import Page

PAGES: Sequence[Page] = (
    overview.PAGE,
    costs.PAGE,
    event.PAGE,
    unpriced.PAGE,
    reconciliation.PAGE,
    contracts.PAGE,
    contract.PAGE,
    budgets.PAGE,
    budget.PAGE,
    anomalies.PAGE,
    anomaly.PAGE,
    alerts.PAGE,
    recommendations.PAGE,
    governance.PAGE,
    keys.PAGE,
)
