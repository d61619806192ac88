"""What OpenAI's usage and costs APIs have in common: an Admin API key, and pages of time buckets of rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from services.connectors.domain.connector import Api, SourceRefusedError, Unreadable, Window
from services.connectors.domain.event import Event, row_id
from services.connectors.domain.row import Row, document, listed, read

BASE_URL = "https://api.openai.com/v1"
REQUESTS_PER_MINUTE = 60
"""OpenAI documents no limit for these; its 429 answers are heeded."""

SOURCE = "OpenAI"


def headers(secret: str) -> Mapping[str, str]:
    """Of an Admin API key; the keys of projects may not read these."""
    return {"Authorization": f"Bearer {secret}"}


async def buckets(
    api: Api,
    path: str,
    window: Window,
    width: str,
    group_by: Sequence[str],
    make: Callable[[Row, datetime], Event],
) -> AsyncIterator[Sequence[Event | Unreadable]]:
    """The rows of a report, a bucket at a time.

    Args:
        api: of OpenAI.
        path: of the report.
        window: to read.
        width: of a bucket, 1h or 1d.
        group_by: what splits a bucket into rows.
        make: an event of a row and its bucket's start; ValueError where it cannot.

    Raises:
        SourceRefusedError: the answer is not of this API, or its pages go round in a circle.
    """
    seconds = {"1h": 3_600, "1d": 86_400}[width]
    start, end = int(window.start.timestamp()), int(window.end.timestamp())
    params: dict[str, str | int | Sequence[str]] = {
        "start_time": start,
        "end_time": end,
        "bucket_width": width,
        "group_by": group_by,
        "limit": (end - start) // seconds,
    }
    seen: set[str] = set()
    while True:
        answer = document((await api.get(path, params)).body, SOURCE)
        for bucket in listed(answer, "data", SOURCE):
            yield _rows(bucket, path, make)
        page = answer.text("next_page") if answer.flag("has_more") else ""
        if not page:
            return
        if page in seen:
            raise SourceRefusedError(f"OpenAI's pages of {path} go round in a circle: page {page!r} came twice")
        seen.add(page)
        params["page"] = page


def _rows(value: object, path: str, make: Callable[[Row, datetime], Event]) -> list[Event | Unreadable]:
    bucket = document(value, SOURCE)
    began = bucket.count("start_time")
    try:
        start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=began)
    except OverflowError:
        raise SourceRefusedError(f"OpenAI answered {path} with a bucket that starts at {began}") from None
    return [
        read(item, lambda row: make(row, start), row_id(path, began, index))
        for index, item in enumerate(listed(bucket, "results", SOURCE))
    ]
