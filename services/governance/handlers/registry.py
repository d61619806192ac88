"""The registry's calls: register, list, evaluate."""

from __future__ import annotations

import asyncio

from finops.governance.v1.governance_pb2 import (
    EvaluatePolicyRequest,
    EvaluatePolicyResponse,
    ListAuditEntriesRequest,
    ListAuditEntriesResponse,
    ListToolsRequest,
    ListToolsResponse,
    RegisterToolRequest,
    Tool,
)

from services.common.clock import Clock
from services.common.paging import Listing, page_size
from services.governance.domain import audit, tools
from services.governance.domain.ids import TOOLS, last_part
from services.governance.domain.usage import ToolKey
from services.governance.handlers.ports import AuditTrail, Cursor, Tools


class Registry:
    """Which tools there are, and whether one may be used."""

    def __init__(self, registry: Tools, trail: AuditTrail, clock: Clock, deciding: asyncio.Lock) -> None:
        """`deciding` is held while people's decisions are read, checked and written, one at a time."""
        self._tools = registry
        self._trail = trail
        self._clock = clock
        self._deciding = deciding

    async def register(self, tenant_id: str, actor: str, request: RegisterToolRequest) -> Tool:
        """The tool, approved.

        Raises:
            InvalidArgumentError, AlreadyExistsError, FailedPreconditionError: see `tools.register`.
        """
        async with self._deciding:
            key = ToolKey(tenant_id, request.tool_id)
            existing = (await self._tools.fetch([key])).get(key)
            tool = tools.register(request.tool_id, request.tool, existing, actor, self._clock.now())
            # The trail first: what cannot be audited does not happen.
            await self._trail.append(tenant_id, [audit.of_registration(tenant_id, tool, actor)])
            await self._tools.put(tenant_id, [tool])
            return tool

    async def list_tools(self, tenant_id: str, request: ListToolsRequest) -> ListToolsResponse:
        """A page, ordered by id.

        Raises:
            InvalidArgumentError: page size or token.
        """
        size = page_size(request.page_size)
        listing = Listing(Cursor, "tools", tenant_id, request.status)
        found = await self._tools.page(tenant_id, request.status, listing.after(request.page_token), size + 1)
        shown, token = listing.page(found, size, lambda tool: Cursor(0, last_part(tool.name, TOOLS)))
        return ListToolsResponse(tools=shown, next_page_token=token)

    async def evaluate(self, tenant_id: str, request: EvaluatePolicyRequest) -> EvaluatePolicyResponse:
        """May the tool named in the dimensions be used?"""
        tool_id = request.dimensions.get("tool", "")
        key = ToolKey(tenant_id, tool_id)
        tool = self._tools.cached(key)
        if tool is None and tool_id:
            tool = (await self._tools.fetch([key])).get(key)
        allowed, reason = tools.evaluate(tool_id, tool)
        return EvaluatePolicyResponse(allowed=allowed, reason=reason)

    async def list_audit(self, tenant_id: str, request: ListAuditEntriesRequest) -> ListAuditEntriesResponse:
        """A page, newest first.

        Raises:
            InvalidArgumentError: page size or token.
        """
        size = page_size(request.page_size)
        listing = Listing(Cursor, "audit", tenant_id)
        found = await self._trail.page(tenant_id, listing.after(request.page_token), size + 1)
        shown, token = listing.page(found, size, lambda entry: Cursor(entry.time_unix_micros, entry.id))
        return ListAuditEntriesResponse(entries=shown, next_page_token=token)
