"""What a client is told whose request would pass a budget."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from finops.budget.v1.budget_pb2 import ENFORCEMENT_BLOCK, BudgetHeadroom, Decision
from finops.cost.v1.cost_pb2 import Money

from aifinops_litellm.settings import PICOS_PER_DOLLAR


def body(decision: Decision, estimate_picos: int, hint: str = "") -> dict[str, Any]:
    """The error, in the shape OpenAI's clients read: which budget, its limit, what remains, when it resets."""
    denying = [each for each in decision.budgets if each.would_exceed and each.enforcement == ENFORCEMENT_BLOCK]
    message = _sentence(denying[0], estimate_picos) if denying else decision.reason or "A budget does not allow this."
    return {
        "error": {
            "message": f"{message} {hint}".strip(),
            "type": "budget_exceeded",
            "code": "budget_exceeded",
            "estimate": dollars(estimate_picos),
            "budgets": [_told(each) for each in denying],
        }
    }


def _sentence(budget: BudgetHeadroom, estimate_picos: int) -> str:
    whose = f" for {budget.member or 'nobody'}" if budget.HasField("member") else ""
    resets = _time(budget.period_end_unix_micros)
    return (
        f"Budget {budget.display_name or budget.name}{whose}: ${dollars(_picos(budget.remaining))} of "
        f"${dollars(_picos(budget.limit))} remain, and this request may cost ${dollars(estimate_picos)}."
        + (f" It resets at {resets}." if resets else "")
    )


def headers(decision: Decision, now: float) -> dict[str, str]:
    """`now` is in seconds since the epoch. The OpenAI and Anthropic clients try a 429 again at once unless they are
    told not to."""
    told = {"x-should-retry": "false"}
    if decision.retry_unix_micros:
        told["retry-after"] = str(max(1, math.ceil(decision.retry_unix_micros / 1e6 - now)))
    return told


def headroom(decision: Decision) -> dict[str, str]:
    """Headers for the answer to a request that was let through: what remains of the strictest budget."""
    if not decision.budgets:
        return {}
    strictest = decision.budgets[0]
    told = {"x-budget-name": strictest.name, "x-budget-remaining": dollars(_picos(strictest.remaining))}
    if decision.reason:
        told["x-budget-warning"] = decision.reason.encode("ascii", "replace").decode()
    return told


def dollars(picos: int) -> str:
    """Decimal dollars, without zeros that say nothing: "0.0125"."""
    exact = Decimal(picos).scaleb(-12).normalize()
    return f"{exact.quantize(Decimal('0.01')) if exact == exact.quantize(Decimal('0.01')) else exact:f}"


def _told(budget: BudgetHeadroom) -> dict[str, str]:
    told = {
        "name": budget.name,
        "display_name": budget.display_name,
        "limit": dollars(_picos(budget.limit)),
        "remaining": dollars(_picos(budget.remaining)),
        "resets_at": _time(budget.period_end_unix_micros),
    }
    if budget.HasField("member"):
        told["member"] = budget.member
    return {name: value for name, value in told.items() if value or name == "member"}


def _time(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if micros else ""


def _picos(money: Money) -> int:
    return money.units * PICOS_PER_DOLLAR + money.picos
