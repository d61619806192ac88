"""How fast a budget is used."""

from __future__ import annotations

from services.budget.domain.periods import Window
from services.common.clock import HOUR
from services.common.money import Picos


def burn_ratio(spend: Picos, hours: int, limit: Picos, window: Window) -> float:
    """Spend of the last `hours` against what would use up the limit exactly at the period's end, evenly: 1 is that
    rate. Infinite where there is no limit to use."""
    if limit <= 0:
        return float("inf") if spend > 0 else 0.0
    return spend * (window.end - window.start) / (limit * hours * HOUR)
