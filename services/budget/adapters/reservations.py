"""Check, Reserve, Settle, Release and ListHolds: messages in and out, here or at the replica that decides."""

from __future__ import annotations

from typing import Any

from finops.budget.v1 import budget_pb2 as pb

from services.budget.adapters.forwarding import Peers
from services.budget.adapters.holds_codec import to_proto
from services.budget.handlers.deciding import Deciding
from services.budget.handlers.listing import HoldListing
from services.budget.handlers.ownership import Ownership
from services.budget.handlers.reserving import Reserving
from services.common import money
from services.common.errors import InvalidArgumentError


class Reservations:
    """The part of BudgetService that concerns spend which has not happened yet."""

    def __init__(
        self, deciding: Deciding, reserving: Reserving, listing: HoldListing, ownership: Ownership, peers: Peers
    ) -> None:
        self._deciding = deciding
        self._reserving = reserving
        self._listing = listing
        self._ownership = ownership
        self._peers = peers

    def check(self, tenant_id: str, request: pb.CheckRequest) -> pb.CheckResponse:
        """Any replica tells, from memory."""
        response = pb.CheckResponse()
        self._deciding.check(tenant_id, request.intent, response.decision)
        return response

    async def reserve(self, tenant_id: str, request: pb.ReserveRequest, context: Any) -> pb.ReserveResponse:
        share = self._ownership.share_of(tenant_id)
        if share is None:
            answer: pb.ReserveResponse = await self._at_owner("Reserve", tenant_id, request, context)
            return answer
        reserved = await self._reserving.reserve(
            share, tenant_id, request.request_id, request.intent, request.ttl_seconds
        )
        return pb.ReserveResponse(decision=reserved.decision, expire_unix_micros=reserved.expires)

    async def settle(self, tenant_id: str, request: pb.SettleRequest, context: Any) -> pb.SettleResponse:
        share = self._ownership.share_of(tenant_id)
        if share is None:
            answer: pb.SettleResponse = await self._at_owner("Settle", tenant_id, request, context)
            return answer
        try:
            actual = money.from_proto(request.actual)
        except ValueError as error:
            raise InvalidArgumentError.of("actual", str(error)) from None
        state = await self._reserving.settle(share, tenant_id, request.request_id, actual, request.event_id)
        return pb.SettleResponse(state=state)

    async def release(self, tenant_id: str, request: pb.ReleaseRequest, context: Any) -> pb.ReleaseResponse:
        share = self._ownership.share_of(tenant_id)
        if share is None:
            answer: pb.ReleaseResponse = await self._at_owner("Release", tenant_id, request, context)
            return answer
        await self._reserving.release(share, tenant_id, request.request_id)
        return pb.ReleaseResponse()

    def list(self, tenant_id: str, request: pb.ListHoldsRequest) -> pb.ListHoldsResponse:
        """Any replica tells, from memory."""
        holds, token = self._listing.page(tenant_id, request.name, request.page_size, request.page_token)
        return pb.ListHoldsResponse(holds=map(to_proto, holds), next_page_token=token)

    async def _at_owner(self, method: str, tenant_id: str, request: Any, context: Any) -> Any:
        return await self._peers.ask(self._ownership.owner_of(tenant_id), method, request, tenant_id, context)
