"""The kinds of events, as routes name them."""

from __future__ import annotations

from services.notifier.domain import anomalies, budgets, governance
from services.notifier.domain.message import Kind

KINDS = (
    *(kind.value for kind in Kind),
    *(f"{Kind.BUDGET}.{event}" for event in budgets.EVENTS),
    *(f"{Kind.ANOMALY}.{event}" for event in anomalies.EVENTS),
    *(f"{Kind.GOVERNANCE}.{event}" for event in governance.EVENTS),
)
"""`budget`, `budget.threshold_crossed`, ..."""
