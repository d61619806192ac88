"""Thresholds: which are crossed, and the id that makes an alert the same alert everywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from services.budget.domain.budget import Budget
from services.budget.domain.periods import Window
from services.common.money import Picos


def crossed(budget: Budget, spend: Picos) -> Sequence[int]:
    """Percents of the amount that `spend` (actual plus shadow) has reached."""
    amount = budget.terms.amount
    return [percent for percent in budget.terms.thresholds if spend * 100 >= amount * percent]


def alert_id(budget: Budget, window: Window, percent: int) -> str:
    """Same for the same budget, period and threshold, whatever the amount or the filter become; another for a budget
    created again under the same name."""
    terms = budget.terms
    identity = [budget.tenant_id, budget.budget_id, budget.created, terms.period.name, *window, percent]
    return hashlib.blake2b(json.dumps(identity).encode(), digest_size=16).hexdigest()
