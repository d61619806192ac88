"""The pages, in the order of the navigation."""

from __future__ import annotations

from collections.abc import Sequence

from services.console.web.pages import anomalies, anomaly, budgets, costs, governance, keys, overview, recommendations
from services.console.web.shell import Page

PAGES: Sequence[Page] = (
    overview.PAGE,
    costs.PAGE,
    budgets.PAGE,
    anomalies.PAGE,
    anomaly.PAGE,
    recommendations.PAGE,
    governance.PAGE,
    keys.PAGE,
)
