"""The holds of all tenants, as this process knows them: those of shares it decides from its own books, the others as
the log tells them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from services.budget.domain.awaiting import Awaited, EventId
from services.budget.domain.holds import Change, Gone, Hold, Holds
from services.budget.domain.mirror import Counted
from services.budget.handlers.changes import Changes


class HoldLog(Protocol):
    """Where holds are durable."""

    async def claim(self, share: int) -> HoldWriter:
        """Makes this process the only one that writes holds of a share of the tenants, and returns once the view has
        all that was written of them.

        Raises:
            UnavailableError: it is away.
        """
        ...


class HoldWriter(Protocol):
    """Writes the holds of one share."""

    async def write(self, changes: list[Change]) -> None:
        """Returns once they are durable, in order, and all that was submitted before them.

        Raises:
            UnavailableError: another process has the share, or the log is away. Nothing is written after that.
        """
        ...

    async def close(self) -> None: ...


class HoldsView:
    """What the log of holds says, whoever wrote it."""

    def __init__(self, awaited: Awaited, changes: Changes) -> None:
        self.holds = Holds()
        self._awaited = awaited
        self._changes = changes

    def apply(self, change: Change) -> None:
        """Takes in one record of the log."""
        before = self.holds.apply(change)
        after = None if isinstance(change, Gone) else change
        # First the new, so that an event that both await is not forgotten in between.
        if after is not None and after.counts:
            self._awaited.await_event(after.event)
        if before is not None and before.counts:
            self._awaited.forget(before.event)
        for hold in (before, after):
            if hold is not None:
                touch(self._changes, hold)

    def clear(self) -> None:
        """The log begins anew."""
        for tenant_id in self.holds.tenants():
            for hold in self.holds.of_tenant(tenant_id):
                self.apply(Gone(hold.key))


class Books:
    """Figures from the book of whoever decides for a tenant: this process's own, or the view of the log."""

    def __init__(self, view: HoldsView) -> None:
        self._view = view
        self.own: Callable[[str], Holds | None] = lambda _tenant: None
        """The book of a tenant this process decides for."""

    def of(self, tenant_id: str) -> Holds:
        """The tenant's book."""
        own = self.own(tenant_id)
        return self._view.holds if own is None else own


class CountedEvents:
    """Awaited usage events that were told to be in the sums; known for a while, since whoever decides may change."""

    def __init__(self, position_of: Callable[[int], int | None], remembered: int) -> None:
        """`position_of` tells how far the sums go that this process keeps of a partition; None: it keeps none."""
        self._position_of = position_of
        self._remembered = remembered
        self._known: OrderedDict[EventId, tuple[int, int]] = OrderedDict()

    def learn(self, counted: Counted) -> list[EventId]:
        """Takes in an announcement. Returns its events."""
        events = [(counted.tenant_id, event_id) for event_id in counted.event_ids]
        for event in events:
            self._known[event] = (counted.partition, counted.offset)
            self._known.move_to_end(event)
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)
        return events

    def shown(self, event: EventId) -> bool:
        """Whether the event is in the sums that this process shows: a partition's owner shows its own, which may take
        a moment longer than the log to have it."""
        at = self._known.get(event)
        if at is None:
            return False
        position = self._position_of(at[0])
        return position is None or position >= at[1]


def touch(changes: Changes, hold: Hold) -> None:
    """The figures of the hold's budgets changed."""
    for budget_id in {scope.budget_id for scope in hold.scopes}:
        changes.touch(hold.tenant_id, budget_id)
    for budget_id, member in hold.scopes:
        if member is not None:
            changes.touch(hold.tenant_id, budget_id, member)
