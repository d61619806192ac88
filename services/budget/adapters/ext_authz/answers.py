"""What an Envoy is answered: go on, with headers that say what remains, or a response for the client."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from finops.budget.v1.budget_pb2 import ENFORCEMENT_BLOCK, BudgetHeadroom, Decision
from finops.envoy.v3.base_pb2 import HeaderValue, HeaderValueOption
from finops.envoy.v3.external_auth_pb2 import CheckResponse, DeniedHttpResponse, OkHttpResponse, Status
from finops.envoy.v3.http_status_pb2 import HttpStatus, StatusCode
from google.rpc import code_pb2

from services.common import money
from services.common.clock import SECOND, Micros, format_rfc3339
from services.common.money import Picos

RESERVATION = "x-budget-reservation"


def allowed(decision: Decision, reservation: str) -> CheckResponse:
    """Lets the request go on. Upstream learns the reservation's id, the client what remains of the strictest budget."""
    told: dict[str, str] = {}
    if decision.budgets:
        told["x-budget-name"] = decision.budgets[0].name
        told["x-budget-remaining"] = _shown(money.from_proto(decision.budgets[0].remaining))
    if decision.reason:
        told["x-budget-warning"] = decision.reason.encode("ascii", "replace").decode()
    held = {RESERVATION: reservation} if reservation else {}
    return CheckResponse(
        status=Status(code=code_pb2.OK),
        ok_response=OkHttpResponse(headers=_headers(held), response_headers_to_add=_headers(held | told)),
    )


def denied(decision: Decision, estimate: Picos, status: int, now: Micros) -> CheckResponse:
    """Answers the client itself: which budget, its limit, what remains and when it resets."""
    blocking = [each for each in decision.budgets if each.would_exceed and each.enforcement == ENFORCEMENT_BLOCK]
    error = {
        "message": _sentence(blocking[0], estimate) if blocking else decision.reason or "a budget does not allow this",
        "type": "budget_exceeded",
        "code": "budget_exceeded",
        "estimate": _shown(estimate),
        "budgets": [_told(each) for each in blocking],
    }
    # The OpenAI and Anthropic clients would try a 429 again at once.
    headers = {"x-should-retry": "false"}
    if decision.retry_unix_micros:
        headers["retry-after"] = str(max(1, math.ceil((decision.retry_unix_micros - now) / SECOND)))
    return _refusal(status, error, headers, code_pb2.PERMISSION_DENIED)


def refused(status: int, kind: str, message: str) -> CheckResponse:
    """Answers the client that its request cannot be read."""
    return _refusal(status, {"message": message, "type": kind, "code": kind}, {}, code_pb2.INVALID_ARGUMENT)


def _refusal(status: int, error: Mapping[str, Any], headers: Mapping[str, str], code: int) -> CheckResponse:
    return CheckResponse(
        status=Status(code=code, message=error["message"]),
        denied_response=DeniedHttpResponse(
            status=HttpStatus(code=StatusCode.Name(status)),
            headers=_headers({"content-type": "application/json", **headers}),
            body=json.dumps({"error": error}),
        ),
    )


def _sentence(budget: BudgetHeadroom, estimate: Picos) -> str:
    whose = f" for {budget.member or 'nobody'}" if budget.HasField("member") else ""
    remaining, limit = (_shown(money.from_proto(amount)) for amount in (budget.remaining, budget.limit))
    resets = f" It resets at {_time(budget)}." if budget.period_end_unix_micros else ""
    return (
        f"Budget {budget.display_name or budget.name}{whose}: ${remaining} of ${limit} remain, and this request may "
        f"cost ${_shown(estimate)}.{resets}"
    )


def _told(budget: BudgetHeadroom) -> dict[str, str]:
    told = {
        "name": budget.name,
        "display_name": budget.display_name,
        "limit": _shown(money.from_proto(budget.limit)),
        "remaining": _shown(money.from_proto(budget.remaining)),
        "resets_at": _time(budget),
    }
    if budget.HasField("member"):
        told["member"] = budget.member
    return {name: value for name, value in told.items() if value or name == "member"}


def _headers(told: Mapping[str, str]) -> list[HeaderValueOption]:
    return [
        HeaderValueOption(
            header=HeaderValue(key=name, value=value),
            append_action=HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
        )
        for name, value in told.items()
    ]


def _time(budget: BudgetHeadroom) -> str:
    return format_rfc3339(budget.period_end_unix_micros) if budget.period_end_unix_micros else ""


def _shown(picos: Picos) -> str:
    """Dollars with two decimals, or as many more as say something: "0.0125"."""
    whole, _, decimals = money.format_dollars(picos).partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
