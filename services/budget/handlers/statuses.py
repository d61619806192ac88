"""A budget's status, from memory alone, and the stream of its changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from typing import NamedTuple

from finops.budget.v1.budget_pb2 import BudgetStatus

from services.budget.domain.thresholds import burn_measure
from services.budget.domain.tracking import Tracked
from services.budget.handlers.alerting import Alerting
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes, Subject
from services.budget.handlers.definitions import Definitions
from services.budget.handlers.forecasting import DAY_HOURS, Forecasting
from services.budget.handlers.remembering import Remembered
from services.budget.handlers.standing import Standing, Standings
from services.common import money
from services.common.clock import SECOND, Clock, Micros
from services.common.errors import InvalidArgumentError
from services.common.money import Picos
from services.common.paging import Listing, page_size

FORECAST_HOLDS: Micros = 20 * SECOND
"""What is expected of the rest of a period moves by its share of it, a few millionths of a month."""
MOST_TOLD = 20_000
"""Statuses remembered, of a thousand bytes and more each."""


class MemberCursor(NamedTuple):
    """Where a page of members ends."""

    unused: float
    """The used share of the limit, negated."""
    member: str


class _Members(NamedTuple):
    """What the whole of a budget tells of its members."""

    spending: int
    over: int
    used_ratio: float
    """Of the one that used most of its limit."""
    remaining: Picos | None
    """Of the one that has least; None: there are no members."""


class Statuses:
    """Answers how much of a budget is used."""

    def __init__(
        self,
        definitions: Definitions,
        catalog: Catalog,
        standings: Standings,
        forecasting: Forecasting,
        alerting: Alerting,
        changes: Changes,
        clock: Clock,
        *,
        coalesce_seconds: float,
    ) -> None:
        self._definitions = definitions
        self._catalog = catalog
        self._standings = standings
        self._forecasting = forecasting
        self._alerting = alerting
        self._changes = changes
        self._clock = clock
        self._coalesce_seconds = coalesce_seconds
        self._members: Remembered[_Members] = Remembered(changes)
        self._told: Remembered[BudgetStatus] = Remembered(changes, MOST_TOLD)

    def status(self, tracked: Tracked, member: str | None = None) -> BudgetStatus:
        """The current period of a budget, or of one member of it. Not to be changed. It is told again as it was until
        a figure changes; only what is forecast may be `FORECAST_HOLDS` old."""
        now, key = self._clock.now(), tracked.budget.key
        basis = self._standings.basis(tracked.budget.tenant_id)
        status = self._told.get(key, member, basis, now)
        if status is None:
            status = self.anew(tracked, member)
            until = min(self._standings.until(tracked, now), now + FORECAST_HOLDS)
            self._told.put(key, member, status, basis=basis, since=now, until=until)
        return status

    def anew(self, tracked: Tracked, member: str | None = None) -> BudgetStatus:
        """The same, of this moment."""
        now = self._clock.now()
        status = self._status(tracked, self._standings.of(tracked, now, member), now, member)
        if member is None and tracked.budget.terms.per:
            _tell_of(status, self._summed_up(tracked, now))
        return status

    def _summed_up(self, tracked: Tracked, now: Micros) -> _Members:
        """Remembered, since there may be thousands of members. A change of one is told as a change of the whole too."""
        budget = tracked.budget
        basis = self._standings.basis(budget.tenant_id)
        found = self._members.get(budget.key, None, basis, now)
        if found is None:
            found = _sum_up(self._standings.members(tracked, now).values())
            until = self._standings.until(tracked, now)
            self._members.put(budget.key, None, found, basis=basis, since=now, until=until)
        return found

    def _status(self, tracked: Tracked, standing: Standing, now: Micros, member: str | None) -> BudgetStatus:
        budget, window = tracked.budget, standing.window
        prospect = self._forecasting.of(tracked, standing, now, member)
        status = BudgetStatus(
            period_start_unix_micros=window.start,
            period_end_unix_micros=window.end,
            used_ratio=standing.used_ratio,
            exhaust_unix_micros=prospect.exhausted or 0,
            rebuilding=not standing.complete,
            update_unix_micros=self._changes.time_of(budget.tenant_id, budget.budget_id) or budget.updated,
            member=member,
        )
        status.budget.CopyFrom(tracked.message)
        status.thresholds.extend(self._alerting.thresholds(tracked, window, member))
        # Written where they belong, which takes half the time of messages that are handed over.
        money.put(status.limit, standing.limit)
        money.put(status.carried_over, standing.carried_over)
        money.put(status.increased, standing.increased)
        money.put(status.actual, standing.actual)
        money.put(status.shadow, standing.shadow)
        money.put(status.held, standing.held)
        money.put(status.settled, standing.settled)
        money.put(status.committed, standing.committed)
        money.put(status.remaining, standing.remaining)
        money.put(status.forecast, prospect.forecast.expected)
        prospect.tell(status.forecast_detail)
        burned = self._forecasting.burned(tracked, standing, now, member)
        if burned is not None:
            money.put(status.burn_per_day, burned)
            status.burn_ratio = burn_measure(burned, DAY_HOURS, standing.limit, window).ratio
        return status

    def get(self, tenant_id: str, name: str, member: str | None = None) -> BudgetStatus:
        """Raises InvalidArgumentError, NotFoundError, UnavailableError."""
        tracked = self._definitions.tracked(tenant_id, name)
        if member is not None and not tracked.budget.terms.per:
            raise InvalidArgumentError.of("member", f"{tracked.budget.name} has no members: it does not set `per`")
        return self.status(tracked, member)

    def page(
        self, tenant_id: str, name: str, requested_size: int, page_token: str, *, only_over: bool
    ) -> tuple[Sequence[BudgetStatus], str]:
        """The members of a budget, those that used most of their limit first, and the next page's token. Members may
        change places between two pages.

        Raises:
            InvalidArgumentError, NotFoundError, UnavailableError
        """
        size = page_size(requested_size)
        tracked, now = self._definitions.tracked(tenant_id, name), self._clock.now()
        listing = Listing(MemberCursor, "members", tenant_id, name, only_over)
        after = listing.after(page_token)
        places = {
            MemberCursor(-standing.used_ratio, member): standing
            for member, standing in self._standings.members(tracked, now).items()
            if not only_over or standing.over
        }
        found, token = listing.page(sorted(place for place in places if after is None or place > after), size, _itself)
        return [self._status(tracked, places[place], now, place.member) for place in found], token

    async def watch(
        self, tenant_id: str, names: Collection[str], *, include_members: bool = False
    ) -> AsyncIterator[BudgetStatus]:
        """The status of these budgets, or all of the tenant's, now and after each change; changes in quick succession
        come as one. Of members, only those that change. Ends when the process stops; a budget that is deleted falls
        silent.

        Raises:
            InvalidArgumentError, NotFoundError, UnavailableError
        """
        self._catalog.require_loaded()
        named = {self._definitions.tracked(tenant_id, name).budget.budget_id for name in names}
        with self._changes.watching(tenant_id) as watcher:
            sent: dict[Subject, BudgetStatus] = {}
            chosen = named or {tracked.budget.budget_id for tracked in self._catalog.of_tenant(tenant_id)}
            pending: set[Subject] = {(budget_id, None) for budget_id in chosen}
            while not watcher.closed:
                for subject in sorted(pending, key=_order):
                    tracked = self._catalog.get(tenant_id, subject[0])
                    status = self.status(tracked, subject[1]) if tracked is not None else None
                    if status is not None and not _same(status, sent.get(subject)):
                        sent[subject] = status
                        yield status
                changed = await watcher.take()
                await asyncio.sleep(self._coalesce_seconds)
                pending = {
                    subject
                    for subject in changed
                    if (not named or subject[0] in named) and (include_members or subject[1] is None)
                }


def _sum_up(members: Collection[Standing]) -> _Members:
    return _Members(
        spending=sum(1 for standing in members if standing.spend),
        over=sum(1 for standing in members if standing.over),
        used_ratio=max((standing.used_ratio for standing in members), default=0.0),
        remaining=min((standing.remaining for standing in members), default=None),
    )


def _tell_of(status: BudgetStatus, members: _Members) -> None:
    """The limit of such a budget holds for each of its members, not for the whole."""
    for field in ("burn_ratio", "exhaust_unix_micros"):
        status.ClearField(field)
    status.members, status.members_over = members.spending, members.over
    status.used_ratio = members.used_ratio
    status.remaining.CopyFrom(status.limit if members.remaining is None else money.to_proto(members.remaining))


def _itself(place: MemberCursor) -> MemberCursor:
    return place


def _order(subject: Subject) -> tuple[str, bool, str]:
    budget_id, member = subject
    return budget_id, member is not None, member or ""


_MOVES_WITH_TIME = ("forecast", "forecast_detail", "burn_per_day", "burn_ratio", "exhaust_unix_micros")


def _same(new: BudgetStatus, old: BudgetStatus | None) -> bool:
    """Whether nothing but the time went on: the forecast falls with every moment that brings no spend."""
    return old is not None and still(new) == still(old)


def still(status: BudgetStatus) -> BudgetStatus:
    """A status without what moves though nothing was spent."""
    found = BudgetStatus()
    found.CopyFrom(status)
    for field in ("update_unix_micros", *_MOVES_WITH_TIME):
        found.ClearField(field)
    return found
