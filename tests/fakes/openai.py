"""OpenAI's organization API: usage and costs in time buckets, which may be revised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.server import FakeServer, Handler, Reply, Seen

KINDS = ("completions", "embeddings", "moderations", "images", "audio_speeches", "audio_transcriptions",
         "vector_stores", "code_interpreter_sessions")  # fmt: skip
_GROUPS = ("project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "size", "source", "line_item")
_SECONDS = {"1m": 60, "1h": 3_600, "1d": 86_400}
_MOST = {"1m": 1_440, "1h": 168, "1d": 31}


@dataclass
class FakeOpenAI:
    """Rows by report and time; a row is added up into whatever buckets and groups are asked for."""

    page_buckets: int = 1_000
    """Buckets in a page, however many were asked for."""
    rows: dict[str, list[tuple[datetime, dict[str, Any]]]] = field(default_factory=dict)

    def use(self, kind: str, when: datetime, **row: Any) -> None:
        """More of something; `kind` "costs" for money (`value`)."""
        self.rows.setdefault(kind, []).append((when, row))

    def revise(self, kind: str, when: datetime, **row: Any) -> None:
        """The only row of a kind at a time says something else now."""
        kept = [(moment, old) for moment, old in self.rows.get(kind, []) if moment != when]
        self.rows[kind] = [*kept, (when, row)]

    def total(self, kind: str, name: str) -> Any:
        """Of a field over all rows."""
        return sum((row.get(name, 0) for _, row in self.rows.get(kind, [])), start=0)

    def routes(self) -> Mapping[str, Handler]:
        """Below any base URL that ends with /v1."""
        found: dict[str, Handler] = {f"GET /v1/organization/usage/{kind}": self._report(kind) for kind in KINDS}
        return found | {"GET /v1/organization/costs": self._report("costs")}

    def _report(self, kind: str) -> Handler:
        return lambda seen: self._page(kind, seen)

    def _page(self, kind: str, seen: Seen) -> Any:
        width = seen.one("bucket_width", "1d")
        limit = int(seen.one("limit", "7"))
        most = 180 if kind == "costs" else _MOST[width]
        if kind == "costs" and width != "1d":
            return _wrong("bucket_width", "only 1d is supported")
        if not 1 <= limit <= most:
            return _wrong("limit", f"must lie between 1 and {most}")
        start = int(seen.one("page") or seen.one("start_time"))
        end = int(seen.one("end_time"))
        step = _SECONDS[width]
        starts = range(start, end, step)
        shown = starts[: min(limit, self.page_buckets)]
        more = len(shown) < len(starts)
        groups = seen.all("group_by")
        return {
            "object": "page",
            "data": [
                {
                    "object": "bucket",
                    "start_time": begin,
                    "end_time": begin + step,
                    "results": list(self._results(kind, begin, begin + step, groups)),
                }
                for begin in shown
            ],
            "has_more": more,
            "next_page": str(starts[len(shown)]) if more else None,
        }

    def _results(self, kind: str, begin: int, end: int, groups: list[str]) -> Iterable[dict[str, Any]]:
        sums: dict[tuple[Any, ...], dict[str, Any]] = {}
        for moment, row in self.rows.get(kind, []):
            if begin <= moment.timestamp() < end:
                into = sums.setdefault(tuple(row.get(name) for name in groups), {})
                for name, value in row.items():
                    if name not in _GROUPS:
                        into[name] = into.get(name, 0) + value
        for key, counts in sums.items():
            told = dict.fromkeys(_GROUPS) | dict(zip(groups, key, strict=True))
            if kind == "costs":
                amount = {"value": counts.pop("value"), "currency": "usd"}
                yield {"object": "organization.costs.result", "amount": amount, **told}
            else:
                yield {"object": f"organization.usage.{kind}.result", **counts, **told}


def hours_ago(server: FakeServer, hours: int) -> datetime:
    """The start of an hour by the server's clock."""
    return server.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)


def days_ago(server: FakeServer, days: int) -> datetime:
    """The start of a UTC day by the server's clock."""
    now = server.now()
    return datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=days)


def _wrong(name: str, why: str) -> Reply:
    return Reply({"error": {"message": f"Invalid {name}: {why}", "type": "invalid_request_error"}}, 400)
