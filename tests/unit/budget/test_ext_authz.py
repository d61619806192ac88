"""External authorization: intents from headers and routes, and answers that an Envoy understands."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from finops.budget.v1 import budget_pb2 as pb
from finops.envoy.v3.external_auth_pb2 import AttributeContext, CheckRequest, CheckResponse
from google.rpc import code_pb2

from services.budget.adapters.ext_authz.intent import fingerprint, intent_of
from services.budget.adapters.ext_authz.servicer import ExtAuthzServicer
from services.budget.settings import ExtAuthzOptions
from services.common import money
from services.common.clock import SECOND, ManualClock
from services.common.errors import AlreadyExistsError, ApiError, InvalidArgumentError, UnavailableError

NOW = 1_796_083_200_000_000 - 90 * SECOND
RESETS = 1_796_083_200_000_000


def attributes(headers: dict[str, str], principal: str = "", **route: str) -> AttributeContext:
    found = AttributeContext(context_extensions={name.replace("__", ":"): value for name, value in route.items()})
    found.source.principal = principal
    found.request.http.headers.update(headers)
    return found


@pytest.mark.parametrize(
    ("asked", "options", "expected"),
    [
        (attributes({"x-team": " search ", "x-model": "", "host": "h"}), {}, {"team": "search"}),
        (attributes({"x-team": "forged"}, team="search"), {}, {"team": "search"}),
        (attributes({"x-tags": "a=b, c = d=e"}), {}, {"tag:a": "b", "tag:c": "d=e"}),
        (attributes({}, tag__a="b"), {}, {"tag:a": "b"}),
        (attributes({"x-user": "forged"}, "spiffe://ann"), {"principal": "user"}, {"user": "spiffe://ann"}),
        (attributes({"x-user": "ann"}, "spiffe://ann"), {}, {"user": "ann"}),
        (attributes({"x-group": "g"}), {"headers": {"X-Group": "tag:group"}}, {"tag:group": "g"}),
        (attributes({"authorization": "Bearer sk-1"}), {}, {}),
        (attributes({"authorization": "Bearer sk-1"}), {"credential_header": "authorization"},
         {"key": hashlib.sha256(b"sk-1").hexdigest()}),
    ],
)  # fmt: skip
def test_an_intent_has_the_dimensions_that_were_told(
    asked: AttributeContext, options: dict[str, Any], expected: dict[str, str]
) -> None:
    assert dict(intent_of(asked, ExtAuthzOptions(**options)).dimensions) == expected


@pytest.mark.parametrize(
    ("headers", "route", "dollars"),
    [
        ({}, {}, "0.01"),
        ({}, {"estimate": "0.5"}, "0.5"),
        ({"x-estimated-cost": "2"}, {"estimate": "0.5"}, "2"),
        ({"x-estimated-cost": "0"}, {"estimate": "0.5"}, "0.5"),
        ({"x-estimated-cost": "-3"}, {}, "0.01"),
    ],
)
def test_a_client_may_raise_its_estimate_and_not_lower_it(
    headers: dict[str, str], route: dict[str, str], dollars: str
) -> None:
    estimate = intent_of(attributes(headers, **route), ExtAuthzOptions()).estimate
    assert money.from_proto(estimate) == money.parse_dollars(dollars)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (attributes({"x-estimated-cost": "much"}), "header x-estimated-cost"),
        (attributes({"x-tags": "novalue"}), "header x-tags"),
        (attributes({}, estimate="x"), "context_extensions\\[estimate\\]"),
        (attributes({}, colour="red"), "context_extensions\\[colour\\]"),
        (attributes({}, tenant="globex"), "context_extensions\\[tenant\\]"),
    ],
)
def test_what_cannot_be_read_is_named(asked: AttributeContext, named: str) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        intent_of(asked, ExtAuthzOptions())


@pytest.mark.parametrize("secret", ["sk-1", "Bearer sk-1", "bearer  sk-1", " ApiKey sk-1 "])
def test_a_credential_is_named_without_being_told(secret: str) -> None:
    assert fingerprint(secret) == hashlib.sha256(b"sk-1").hexdigest()


class Decisions:
    """Answers with a decision, or an error, and keeps what was asked."""

    def __init__(self, answer: pb.Decision | ApiError) -> None:
        self._answer = answer
        self.asked: list[Any] = []

    async def Check(self, request: pb.CheckRequest, context: Any) -> pb.CheckResponse:
        return pb.CheckResponse(decision=self._decide(request))

    async def Reserve(self, request: pb.ReserveRequest, context: Any) -> pb.ReserveResponse:
        return pb.ReserveResponse(decision=self._decide(request))

    def _decide(self, request: Any) -> pb.Decision:
        self.asked.append(request)
        if isinstance(self._answer, ApiError):
            raise self._answer
        return self._answer


async def check(decisions: Decisions, asked: AttributeContext | None = None, **options: Any) -> CheckResponse:
    servicer = ExtAuthzServicer(decisions, ExtAuthzOptions(**options), ManualClock(NOW))
    return await servicer.Check(CheckRequest(attributes=asked or attributes({"x-request-id": "r-1"})), None)


def headers(told: Any) -> dict[str, str]:
    return {each.header.key: each.header.value for each in told}


SEARCH = pb.BudgetHeadroom(
    name="budgets/search", display_name="Search", remaining=money.to_proto(money.parse_dollars("0.0025")),
    limit=money.to_proto(money.parse_dollars("10")), period_end_unix_micros=RESETS, would_exceed=True,
    enforcement=pb.ENFORCEMENT_BLOCK,
)  # fmt: skip


async def test_an_allowed_request_carries_its_reservation_on() -> None:
    decisions = Decisions(pb.Decision(allowed=True, budgets=[SEARCH], reason="near its límit"))
    answer = await check(decisions, lease_seconds=60)
    assert answer.status.code == code_pb2.OK
    assert headers(answer.ok_response.headers) == {"x-budget-reservation": "r-1"}
    assert headers(answer.ok_response.response_headers_to_add) == {
        "x-budget-reservation": "r-1",
        "x-budget-name": "budgets/search",
        "x-budget-remaining": "0.0025",
        "x-budget-warning": "near its l?mit",
    }
    [asked] = decisions.asked
    assert (asked.request_id, asked.ttl_seconds) == ("r-1", 60)


async def test_a_denied_request_is_told_budget_limit_remainder_and_reset() -> None:
    answer = await check(Decisions(pb.Decision(budgets=[SEARCH], retry_unix_micros=RESETS)))
    assert answer.status.code == code_pb2.PERMISSION_DENIED
    assert answer.denied_response.status.code == 429
    assert headers(answer.denied_response.headers) == {
        "content-type": "application/json", "x-should-retry": "false", "retry-after": "90",
    }  # fmt: skip
    error = json.loads(answer.denied_response.body)["error"]
    assert error["message"] == (
        "Budget Search: $0.0025 of $10.00 remain, and this request may cost $0.01. It resets at 2026-12-01T00:00:00Z."
    )
    assert error["budgets"] == [
        {"name": "budgets/search", "display_name": "Search", "limit": "10.00", "remaining": "0.0025",
         "resets_at": "2026-12-01T00:00:00Z"}
    ]  # fmt: skip


async def test_a_member_of_a_budget_is_named() -> None:
    mine = pb.BudgetHeadroom()
    mine.CopyFrom(SEARCH)
    mine.member = "ann"
    answer = await check(Decisions(pb.Decision(budgets=[mine])), denied_status=402)
    assert answer.denied_response.status.code == 402
    assert json.loads(answer.denied_response.body)["error"]["message"].startswith("Budget Search for ann: $0.0025")


async def test_checking_holds_nothing() -> None:
    decisions = Decisions(pb.Decision(allowed=True))
    answer = await check(decisions, attributes({}, mode="check"))
    assert isinstance(decisions.asked[0], pb.CheckRequest)
    assert headers(answer.ok_response.headers) == {}


@pytest.mark.parametrize(
    ("asked", "answer", "status", "code"),
    [
        (attributes({}), pb.Decision(allowed=True), 400, "invalid_request"),
        (attributes({"x-request-id": "r"}, mode="maybe"), pb.Decision(allowed=True), 400, "invalid_request"),
        (attributes({"x-request-id": "r"}), AlreadyExistsError("used"), 409, "request_id_used"),
    ],
)
async def test_a_request_that_cannot_be_asked_about_is_refused(
    asked: AttributeContext, answer: pb.Decision | ApiError, status: int, code: str
) -> None:
    refused = await check(Decisions(answer), asked)
    assert (refused.denied_response.status.code, json.loads(refused.denied_response.body)["error"]["code"]) == (
        status,
        code,
    )


async def test_no_decision_is_left_to_the_envoy() -> None:
    with pytest.raises(UnavailableError):
        await check(Decisions(UnavailableError("the sums are not loaded", retry_after_seconds=1)))
