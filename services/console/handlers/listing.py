"""Lists that come in pages, read whole up to a limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from finops.anomaly.v1.anomaly_pb2 import (
    Anomaly,
    ListAnomaliesRequest,
    ListPlannedWindowsRequest,
    PlannedWindow,
)
from finops.budget.v1.budget_pb2 import Budget, BudgetStatus, GetBudgetStatusRequest, ListBudgetsRequest
from finops.cost.v1.cost_pb2 import CostRecord
from finops.governance.v1.governance_pb2 import (
    Approval,
    ApprovalState,
    ListApprovalsRequest,
    ListToolsRequest,
    Tool,
)
from finops.ledger.v1.ledger_pb2 import ListCostEntriesRequest, ListUnpricedRequest, UnpricedUse
from finops.notification.v1.notification_pb2 import (
    ListNotificationsRequest,
    ListRoutesRequest,
    Notification,
    Route,
)
from finops.recommendation.v1.recommendation_pb2 import ListRecommendationsRequest, Recommendation

from services.common.clock import Micros
from services.common.errors import NotFoundError
from services.common.money import from_proto
from services.console.handlers.peers import (
    Anomalies,
    Budgets,
    Caller,
    Governance,
    Ledger,
    Notifications,
    Recommendations,
)

PAGE_SIZE = 500
MAX_ITEMS = 2_000
"""More than this the UI does not show; REST gives every page."""
_CONCURRENT = 16

Item = TypeVar("Item")


async def unpriced(peer: Ledger, caller: Caller) -> list[UnpricedUse]:
    """The tenant's use without a price, the dearest at the shadow price first."""

    async def page(token: str) -> tuple[Sequence[UnpricedUse], str]:
        answer = await peer.list_unpriced(caller, ListUnpricedRequest(page_size=PAGE_SIZE, page_token=token))
        return answer.groups, answer.next_page_token

    found = await _gather(page)
    return sorted(found, key=lambda use: (-from_proto(use.shadow_cost), use.provider, use.model, use.service_tier))


async def alerts(peer: Notifications, caller: Caller) -> list[Notification]:
    """The tenant's alerts, newest first."""

    async def page(token: str) -> tuple[Sequence[Notification], str]:
        request = ListNotificationsRequest(page_size=PAGE_SIZE, page_token=token)
        answer = await peer.list_notifications(caller, request)
        return answer.notifications, answer.next_page_token

    return await _gather(page)


async def routes(peer: Notifications, caller: Caller) -> list[Route]:
    """The tenant's routes, in the order in which they are tried."""

    async def page(token: str) -> tuple[Sequence[Route], str]:
        answer = await peer.list_routes(caller, ListRoutesRequest(page_size=PAGE_SIZE, page_token=token))
        return answer.routes, answer.next_page_token

    return await _gather(page)


async def revisions(peer: Ledger, caller: Caller, event_key: str, at: Micros) -> list[CostRecord]:
    """Every revision of an event, the first first. Its time never changes, so they all lie at the same microsecond.

    Args:
        peer: the ledger.
        caller: who asks.
        event_key: in hexadecimal.
        at: the event's time.
    """

    async def page(token: str) -> tuple[Sequence[CostRecord], str]:
        request = ListCostEntriesRequest(
            start_unix_micros=at, end_unix_micros=at + 1, page_size=PAGE_SIZE, page_token=token
        )
        answer = await peer.list_cost_entries(caller, request)
        return answer.entries, answer.next_page_token

    found = [record for record in await _gather(page) if record.usage.event_key.hex() == event_key]
    return sorted(found, key=lambda record: record.revision)


async def budgets(peer: Budgets, caller: Caller) -> list[Budget]:
    """The tenant's budgets."""

    async def page(token: str) -> tuple[Sequence[Budget], str]:
        answer = await peer.list_budgets(caller, ListBudgetsRequest(page_size=PAGE_SIZE, page_token=token))
        return answer.budgets, answer.next_page_token

    return await _gather(page)


async def budget_statuses(peer: Budgets, caller: Caller) -> list[BudgetStatus]:
    """The status of every budget, the most used first."""
    gate = asyncio.Semaphore(_CONCURRENT)

    async def status(name: str) -> BudgetStatus | None:
        async with gate:
            try:
                return (await peer.get_budget_status(caller, GetBudgetStatusRequest(name=name))).status
            except NotFoundError:
                return None  # deleted since the list was read

    found = await asyncio.gather(*(status(budget.name) for budget in await budgets(peer, caller)))
    statuses = [status for status in found if status is not None]
    return sorted(statuses, key=lambda status: (-status.used_ratio, status.budget.name))


async def anomalies(peer: Anomalies, caller: Caller, state: Anomaly.State) -> list[Anomaly]:
    """Anomalies in a state (unspecified: any), newest first."""

    async def page(token: str) -> tuple[Sequence[Anomaly], str]:
        request = ListAnomaliesRequest(state=state, page_size=PAGE_SIZE, page_token=token)
        answer = await peer.list_anomalies(caller, request)
        return answer.anomalies, answer.next_page_token

    return await _gather(page)


async def planned_windows(peer: Anomalies, caller: Caller) -> list[PlannedWindow]:
    """Windows announced in advance, the latest first."""

    async def page(token: str) -> tuple[Sequence[PlannedWindow], str]:
        request = ListPlannedWindowsRequest(page_size=PAGE_SIZE, page_token=token)
        answer = await peer.list_planned_windows(caller, request)
        return answer.windows, answer.next_page_token

    return await _gather(page)


async def recommendations(peer: Recommendations, caller: Caller, state: Recommendation.State) -> list[Recommendation]:
    """Recommendations in a state (unspecified: any), as the optimizer ranks them."""

    async def page(token: str) -> tuple[Sequence[Recommendation], str]:
        request = ListRecommendationsRequest(state=state, page_size=PAGE_SIZE, page_token=token)
        answer = await peer.list_recommendations(caller, request)
        return answer.recommendations, answer.next_page_token

    return await _gather(page)


async def tools(peer: Governance, caller: Caller) -> list[Tool]:
    """Every tool in the registry or found in usage."""

    async def page(token: str) -> tuple[Sequence[Tool], str]:
        answer = await peer.list_tools(caller, ListToolsRequest(page_size=PAGE_SIZE, page_token=token))
        return answer.tools, answer.next_page_token

    return await _gather(page)


async def approvals(peer: Governance, caller: Caller, state: ApprovalState) -> list[Approval]:
    """Approvals in a state (unspecified: any), newest first."""

    async def page(token: str) -> tuple[Sequence[Approval], str]:
        request = ListApprovalsRequest(state=state, page_size=PAGE_SIZE, page_token=token)
        answer = await peer.list_approvals(caller, request)
        return answer.approvals, answer.next_page_token

    return await _gather(page)


async def _gather(page: Callable[[str], Awaitable[tuple[Sequence[Item], str]]]) -> list[Item]:
    found: list[Item] = []
    async for items in _pages(page):
        found += items
        if len(found) >= MAX_ITEMS:
            break
    return found[:MAX_ITEMS]


async def _pages(page: Callable[[str], Awaitable[tuple[Sequence[Item], str]]]) -> AsyncIterator[Sequence[Item]]:
    token = ""
    while True:
        items, token = await page(token)
        yield items
        if not token:
            return
