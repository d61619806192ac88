"""Windows announced in advance, within the caller's tenant."""

from __future__ import annotations

import secrets

from finops.anomaly.v1.anomaly_pb2 import (
    CreatePlannedWindowRequest,
    ListPlannedWindowsRequest,
    ListPlannedWindowsResponse,
    PlannedWindow,
)

from services.anomaly.domain.plan import filter_of
from services.anomaly.domain.series import PAIR, TENANT, Reader
from services.anomaly.handlers.ports import Announced, Cursor, Listener, Windows
from services.common.clock import DAY, Clock
from services.common.errors import FailedPreconditionError, FieldViolation, InvalidArgumentError, NotFoundError
from services.common.paging import Listing, page_size

LONGEST_DAYS = 92
LONGEST_REASON = 500
LONGEST_VALUE = 300
LONGEST_FILTER = 3_500
"""Of the windows of one time together: the ledger is asked for what lies in them."""


class Planning:
    """Creates, lists and deletes windows."""

    def __init__(self, windows: Windows, listener: Listener, reader: Reader, clock: Clock) -> None:
        self._windows = windows
        self._listener = listener
        self._clock = clock
        parts = [part for name in reader.dimensions for part in name.split(PAIR)]
        self._dimensions = [name for name in dict.fromkeys(parts) if name != TENANT]

    async def create(self, tenant: str, author: str, request: CreatePlannedWindowRequest) -> PlannedWindow:
        """Announces a window. It counts for the hours that it touches and that were not closed before.

        Raises:
            InvalidArgumentError: names every field that is wrong.
            FailedPreconditionError: there are too many windows at that time.
            UnavailableError: ClickHouse is away.
        """
        now, asked = self._clock.now(), request.window
        wrong = self._violations(asked)
        if not wrong and asked.end_unix_micros <= now:
            wrong = [FieldViolation("window.end_unix_micros", "lies in the past: a window is announced in advance")]
        if wrong:
            told = "; ".join(f"{violation.field}: {violation.description}" for violation in wrong)
            raise InvalidArgumentError(told, violations=wrong)
        window = PlannedWindow(
            name=f"plannedWindows/{secrets.token_hex(10)}", series=asked.series, author=author,
            start_unix_micros=asked.start_unix_micros, end_unix_micros=asked.end_unix_micros,
            reason=asked.reason.strip(), create_unix_micros=now,
        )  # fmt: skip
        others = await self._windows.overlapping(tenant, window.start_unix_micros, window.end_unix_micros)
        if len(filter_of(dict(each.series) for each in [*others, window] if each.series)) > LONGEST_FILTER:
            raise FailedPreconditionError(
                f"{len(others)} windows overlap this one, more than can be told apart: delete some, or announce one "
                "over fewer dimensions"
            )
        announced = Announced(tenant, window, 0)
        await self._windows.save(announced, now)
        await self._listener.announce(announced)
        return window

    async def listed(self, tenant: str, request: ListPlannedWindowsRequest) -> ListPlannedWindowsResponse:
        """A page, latest start first.

        Raises:
            InvalidArgumentError: page size or page token make no sense.
            UnavailableError: ClickHouse is away.
        """
        size = page_size(request.page_size)
        listing = Listing(Cursor, "plannedWindows", tenant)
        found = await self._windows.page(tenant, listing.after(request.page_token), size + 1)
        shown, token = listing.page(found, size, lambda window: Cursor(window.start_unix_micros, window.name))
        return ListPlannedWindowsResponse(windows=shown, next_page_token=token)

    async def delete(self, tenant: str, name: str) -> None:
        """Takes a window back: hours that are not closed yet are judged as any; those that are stay as they are.

        Raises:
            InvalidArgumentError: not a window's name.
            NotFoundError: the tenant has no such window.
            UnavailableError: ClickHouse is away.
        """
        if not name.startswith("plannedWindows/"):
            raise InvalidArgumentError.of("name", "reads plannedWindows/{window}")
        window = await self._windows.get(tenant, name)
        if window is None:
            raise NotFoundError(f"there is no {name!r}")
        now = self._clock.now()
        announced = Announced(tenant, window, now)
        await self._windows.save(announced, now)
        await self._listener.announce(announced)

    def _violations(self, asked: PlannedWindow) -> list[FieldViolation]:
        wrong: list[FieldViolation] = []
        start, end, reason = asked.start_unix_micros, asked.end_unix_micros, asked.reason.strip()
        if start <= 0:
            wrong.append(FieldViolation("window.start_unix_micros", "is required"))
        if end <= start:
            wrong.append(FieldViolation("window.end_unix_micros", "must lie after start_unix_micros"))
        elif end - start > LONGEST_DAYS * DAY:
            wrong.append(FieldViolation("window.end_unix_micros", f"at most {LONGEST_DAYS} days after the start"))
        if not reason:
            wrong.append(FieldViolation("window.reason", "is required: people ask later why nothing was told"))
        elif len(reason) > LONGEST_REASON:
            wrong.append(FieldViolation("window.reason", f"at most {LONGEST_REASON} characters"))
        for name, value in sorted(asked.series.items()):
            field = f"window.series.{name}"
            if name not in self._dimensions:
                wrong.append(FieldViolation(field, f"is not watched: choose from {', '.join(self._dimensions)}"))
            elif not value or len(value) > LONGEST_VALUE or value.endswith("*"):
                wrong.append(
                    FieldViolation(field, f"one value of 1 to {LONGEST_VALUE} characters, without * at its end")
                )
        return wrong
