"""Charges of many events added up to rows, in memory that does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from services.ledger.domain.focus.charges import Amounts, Charge, charges, is_reported
from services.ledger.domain.focus.periods import Month, Revision, bookings

_NOTHING = Amounts()


class Group(NamedTuple):
    """What one row of a day is about."""

    month: Month
    correction: str
    charge: Charge


class Sums:
    """Adds events of one tenant and day up.

    Full, it gives its rows away and starts again: then two rows are about the same, and add up as one would. Their
    number is bounded by that of the events.
    """

    def __init__(self, *, reported: bool, closing_days: int, most_groups: int = 50_000) -> None:
        """
        Args:
            reported: add up what providers reported, and nothing that was metered; else the other way round.
            closing_days: see `periods.bookings`.
            most_groups: rows held at a time.
        """
        self._reported = reported
        self._closing_days = closing_days
        self._most = most_groups
        self._sums: dict[Group, Amounts] = {}

    @property
    def full(self) -> bool:
        return len(self._sums) >= self._most

    def add(self, revisions: Sequence[Revision]) -> None:
        """One event: all its revisions, oldest first."""
        for booking in bookings(revisions, self._closing_days):
            if is_reported(booking.record) is not self._reported:
                continue
            for charge, amounts in charges(booking.record):
                group = Group(booking.month, booking.correction, charge)
                before = self._sums.get(group, _NOTHING)
                self._sums[group] = before.minus(amounts) if booking.taken else before.plus(amounts)

    def take(self) -> Iterator[tuple[Group, Amounts]]:
        """What was added up, ordered; what a correction took and gave back alike is not told. Then nothing is left."""
        sums, self._sums = self._sums, {}
        for group in sorted(sums):
            if any(sums[group]):
                yield group, sums[group]
