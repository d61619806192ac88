"""What is held or settled on a budget and not yet in its sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.budget.domain.holds import Hold
from services.budget.handlers.definitions import Definitions
from services.budget.handlers.holding import Books
from services.common.clock import Micros
from services.common.paging import Listing, page_size


class Cursor(NamedTuple):
    """Where a page of holds ends."""

    created: Micros
    request_id: str


class HoldListing:
    """Lists holds, from any replica."""

    def __init__(self, definitions: Definitions, books: Books) -> None:
        self._definitions = definitions
        self._books = books

    def page(self, tenant_id: str, name: str, requested_size: int, page_token: str) -> tuple[Sequence[Hold], str]:
        """Holds that count on a budget, the oldest first, and the next page's token.

        Raises:
            InvalidArgumentError, NotFoundError, UnavailableError
        """
        budget_id = self._definitions.get(tenant_id, name).budget_id
        listing = Listing(Cursor, "holds", f"{tenant_id}/{budget_id}")
        after = listing.after(page_token)
        counting = [
            hold
            for hold in self._books.of(tenant_id).of_tenant(tenant_id)
            if hold.counts and any(scope.budget_id == budget_id for scope in hold.scopes)
        ]
        ordered = sorted(counting, key=_place)
        rest = [hold for hold in ordered if after is None or _place(hold) > after]
        return listing.page(rest, page_size(requested_size), _place)


def _place(hold: Hold) -> Cursor:
    return Cursor(hold.created, hold.request_id)
