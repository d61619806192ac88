"""The approval workflow: request, decide, list, and telling of it.

A step is written first, then what follows from it (the tool, the audit entry, the event). Whatever a crash leaves
undone is done by `settle`, which repeats every part of a step without changing its result.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable

from finops.governance.v1.governance_pb2 import (
    Approval,
    DecideRequest,
    ListApprovalsRequest,
    ListApprovalsResponse,
    RequestApprovalRequest,
    Tool,
)

from services.common.clock import Clock
from services.common.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError
from services.common.paging import Listing, page_size
from services.governance.domain import approvals, audit
from services.governance.domain.ids import APPROVALS, last_part
from services.governance.domain.usage import ToolKey
from services.governance.handlers.ports import (
    APPLIED,
    PUBLISHED,
    RECORDED,
    Approvals,
    AuditTrail,
    Cursor,
    Events,
    Tools,
)

_MAX_REQUEST_ID = 128


class ApprovalDesk:
    """Requests and decisions."""

    def __init__(
        self,
        store: Approvals,
        registry: Tools,
        trail: AuditTrail,
        events: Events,
        clock: Clock,
        deciding: asyncio.Lock,
        on_step: Callable[[], None],
    ) -> None:
        """`on_step` is called after each step, so that its event is published soon."""
        self._store = store
        self._tools = registry
        self._trail = trail
        self._events = events
        self._clock = clock
        self._deciding = deciding
        self._on_step = on_step

    async def request(self, tenant_id: str, actor: str, asked: RequestApprovalRequest) -> Approval:
        """The approval this request made, now or when it was sent before.

        Raises:
            InvalidArgumentError, FailedPreconditionError: see `approvals.request`.
            AlreadyExistsError: somebody else's request for this tool is waiting.
        """
        if len(asked.request_id) > _MAX_REQUEST_ID:
            raise InvalidArgumentError.of("request_id", f"at most {_MAX_REQUEST_ID} characters")
        async with self._deciding:
            approval_id = uuid.uuid4().hex
            if asked.request_id:
                approval_id = approvals.approval_id_for(tenant_id, asked.request_id)
                earlier = await self._store.get(tenant_id, approval_id)
                if earlier is not None:
                    return earlier
            existing = await self._tool(tenant_id, asked.tool_id)
            approval = approvals.request(asked, approval_id, existing, actor, self._clock.now())
            waiting = await self._store.waiting_for(tenant_id, asked.tool_id)
            if waiting is not None:
                raise AlreadyExistsError(
                    f"{waiting.name} for this tool waits already, asked for by {waiting.requester}"
                )
            await self._take(tenant_id, approval)
            return approval

    async def decide(self, tenant_id: str, actor: str, asked: DecideRequest) -> Approval:
        """The approval as decided.

        Raises:
            NotFoundError: the tenant has no such approval.
            InvalidArgumentError, FailedPreconditionError: see `approvals.decide`.
        """
        approval_id = last_part(asked.name, APPROVALS)
        async with self._deciding:
            approval = await self._store.get(tenant_id, approval_id)
            if approval is None:
                raise NotFoundError(f"no {asked.name}")
            existing = await self._tool(tenant_id, approvals.tool_id_of(approval))
            decided = approvals.decide(approval, asked, existing, actor, self._clock.now())
            await self._take(tenant_id, decided)
            return decided

    async def list_approvals(self, tenant_id: str, request: ListApprovalsRequest) -> ListApprovalsResponse:
        """A page, newest first.

        Raises:
            InvalidArgumentError: page size or token.
        """
        size = page_size(request.page_size)
        listing = Listing(Cursor, "approvals", tenant_id, request.state)
        found = await self._store.page(tenant_id, request.state, listing.after(request.page_token), size + 1)
        shown, token = listing.page(found, size, _position)
        return ListApprovalsResponse(approvals=shown, next_page_token=token)

    async def settle(self) -> int:
        """Finishes every step that is not finished. Returns how many there were.

        Raises:
            UnavailableError: ClickHouse or Kafka is away.
        """
        async with self._deciding:
            unfinished = await self._store.unpublished()
            for tenant_id, approval, stage in unfinished:
                if stage == RECORDED:
                    await self._apply(tenant_id, approval)
        # Outside the lock: people need not wait for Kafka. A decision taken meanwhile has a higher version and wins.
        for tenant_id, approval, _ in unfinished:
            # A decision may come before its request was told; what was told already is not told again.
            await self._events.publish(approvals.events(tenant_id, approval))
            await self._store.put(tenant_id, approval, PUBLISHED)
        return len(unfinished)

    async def _take(self, tenant_id: str, approval: Approval) -> None:
        await self._store.put(tenant_id, approval, RECORDED)
        await self._apply(tenant_id, approval)
        await self._store.put(tenant_id, approval, APPLIED)
        self._on_step()

    async def _apply(self, tenant_id: str, approval: Approval) -> None:
        await self._trail.append(tenant_id, [audit.of_approval(tenant_id, approval)])
        existing = await self._tool(tenant_id, approvals.tool_id_of(approval))
        tool = approvals.tool_after(approval, existing)
        if tool is not None:
            await self._tools.put(tenant_id, [tool])

    async def _tool(self, tenant_id: str, tool_id: str) -> Tool | None:
        key = ToolKey(tenant_id, tool_id)
        return (await self._tools.fetch([key])).get(key)


def _position(approval: Approval) -> Cursor:
    return Cursor(approval.create_unix_micros, last_part(approval.name, APPROVALS))
