"""envoy.service.auth.v3.Authorization over gRPC.

An error that is not the request's own (no key, sums that are not loaded, no owner of the reservations) is answered as a
gRPC error: then Envoy's `failure_mode_allow` decides.
"""

# ruff: noqa: N802 - methods are named as in the contract

from __future__ import annotations

from typing import Any, Protocol

from finops.budget.v1 import budget_pb2 as pb
from finops.envoy.v3.external_auth_pb2 import AttributeContext, CheckRequest, CheckResponse
from finops.envoy.v3.external_auth_pb2_grpc import AuthorizationServicer

from services.budget.adapters.ext_authz import answers
from services.budget.adapters.ext_authz.intent import MODE, intent_of
from services.budget.settings import ExtAuthzOptions
from services.common import money
from services.common.clock import Clock
from services.common.errors import AlreadyExistsError, InvalidArgumentError

FULL_NAME = "envoy.service.auth.v3.Authorization"


class Decisions(Protocol):
    """The RPCs of BudgetService that decide; the caller's key needs what they need."""

    async def Check(self, request: pb.CheckRequest, context: Any) -> pb.CheckResponse: ...

    async def Reserve(self, request: pb.ReserveRequest, context: Any) -> pb.ReserveResponse: ...


class ExtAuthzServicer(AuthorizationServicer):
    """Another face of Check and Reserve, for gateways that speak Envoy's API."""

    def __init__(self, decisions: Decisions, options: ExtAuthzOptions, clock: Clock) -> None:
        self._decisions = decisions
        self._options = options
        self._clock = clock

    async def Check(self, request: CheckRequest, context: Any) -> CheckResponse:
        options, attributes = self._options, request.attributes
        try:
            intent = intent_of(attributes, options)
            reservation = self._reservation(attributes)
            decision = await self._decide(reservation, intent, context)
        except InvalidArgumentError as error:
            return answers.refused(400, "invalid_request", error.message)
        except AlreadyExistsError as error:
            return answers.refused(409, "request_id_used", error.message)
        if decision.allowed:
            return answers.allowed(decision, reservation)
        estimate = money.from_proto(intent.estimate)
        return answers.denied(decision, estimate, options.denied_status, self._clock.now())

    async def _decide(self, reservation: str, intent: pb.SpendIntent, context: Any) -> pb.Decision:
        if not reservation:
            return (await self._decisions.Check(pb.CheckRequest(intent=intent), context)).decision
        request = pb.ReserveRequest(request_id=reservation, intent=intent, ttl_seconds=self._options.lease_seconds)
        return (await self._decisions.Reserve(request, context)).decision

    def _reservation(self, attributes: AttributeContext) -> str:
        """The id to hold under; empty where nothing is to be held. Raises InvalidArgumentError."""
        mode = attributes.context_extensions.get(MODE) or self._options.mode
        if mode == "check":
            return ""
        if mode != "reserve":
            raise InvalidArgumentError.of(f"context_extensions[{MODE}]", "must be check or reserve")
        header = self._options.request_id_header
        request_id = attributes.request.http.headers.get(header, "")
        if not request_id:
            raise InvalidArgumentError.of(f"header {header}", "is missing: a reservation is known by it")
        return request_id
