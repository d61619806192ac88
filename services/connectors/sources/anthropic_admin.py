"""What Anthropic's organisation reports have in common.

https://platform.claude.com/docs/en/api/admin-api/usage-cost/get-messages-usage-report
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from services.connectors.domain.connector import Api, Params, SourceRefusedError, Unreadable, Window
from services.connectors.domain.event import Event, rfc3339
from services.connectors.domain.row import Row, document, listed, read

BASE_URL = "https://api.anthropic.com"
REQUESTS_PER_MINUTE = 30
"""No limit is documented; the reports are meant to be asked once a minute for long, more often while catching up."""

_NOWHERE = frozenset({"", "global", "not_available"})


def headers(secret: str) -> Mapping[str, str]:
    """For an Admin API key (sk-ant-admin...)."""
    return {"x-api-key": secret, "anthropic-version": "2023-06-01"}


async def pages(api: Api, path: str, params: Params) -> AsyncIterator[list[Any]]:
    """The rows of each page of a report.

    Raises:
        SourceRefusedError: no report, or one whose pages go round in a circle.
    """
    asked: set[str] = set()
    while True:
        answer = document((await api.get(path, params)).body, "Anthropic")
        yield listed(answer, "data", "Anthropic")
        if answer.raw("has_more") is not True:
            return
        token = answer.raw("next_page")
        if type(token) is not str or not token or token in asked:
            raise SourceRefusedError("Anthropic says there are more pages, but not where: try again later")
        asked.add(token)
        params = {**params, "page": token}


async def buckets(
    api: Api, path: str, window: Window, asked: Params, make: Callable[[datetime, Row], Event]
) -> AsyncIterator[Sequence[Event | Unreadable]]:
    """The rows of a report in time buckets, a page at a time.

    Args:
        api: of Anthropic.
        path: of the report.
        window: to read.
        asked: width and number of buckets, and what splits them into rows.
        make: an event of its bucket's start and a row; ValueError where it cannot.

    Raises:
        SourceRefusedError: see `pages`.
    """
    params = {**asked, "starting_at": rfc3339(window.start), "ending_at": rfc3339(window.end)}
    async for page in pages(api, path, params):
        yield [event for bucket in page for event in _of_bucket(bucket, window, make)]


def _of_bucket(bucket: object, window: Window, make: Callable[[datetime, Row], Event]) -> Sequence[Event | Unreadable]:
    try:
        row = Row(bucket)
        start, results = row.moment("starting_at"), row.items("results")
    except ValueError as error:
        return [Unreadable("a bucket", str(error))]
    if not window.start <= start < window.end:
        return []
    return [read(result, partial(make, start), f"{rfc3339(start)} row {n}") for n, result in enumerate(results, 1)]


def tier(row: Row) -> tuple[str, bool]:
    """The service tier, and whether the work ran in the Batch API, which Anthropic counts among the tiers."""
    name = row.label("service_tier")
    return ("standard", True) if name == "batch" else (name, False)


def region(row: Row) -> str:
    """Where inference ran, if somewhere in particular."""
    geography = row.label("inference_geo")
    return "" if geography in _NOWHERE else geography


def workspace(row: Row) -> str:
    """Null is the organisation's default workspace, which has no id."""
    return row.text("workspace_id") or "default"
