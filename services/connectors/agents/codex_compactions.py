"""Codex's compactions on the server's side: requests that summarise a session, and that its totals may leave out.

A `token_usage_record` names a response and what it used; a `compacted` line names the response that compacted. Where a
`token_count` between them told the same use, it is counted already.
"""

from __future__ import annotations

from typing import Any

Vector = tuple[int, int, int, int, int]
"""input, of it cached, of it written to the cache, output, of it reasoning."""

_KEPT = 8
"""Records that wait for their compaction, the latest ones; most are of requests that are no compaction."""


class Compactions:
    """Matches records with compactions. `waiting` is JSON, kept between two readings of a log."""

    def __init__(self, waiting: dict[str, Any]) -> None:
        self.waiting = waiting

    def recorded(self, response: str, used: Vector, total: Vector | None, time: str) -> None:
        """A response and what it used; `total`: the session's with it."""
        self.waiting[response] = {"used": used, "total": total, "time": time}
        for old in list(self.waiting)[:-_KEPT]:
            del self.waiting[old]

    def counted(self, used: Vector, total: Vector | None) -> None:
        """A total was told: the response it includes is counted by it."""
        if not self.waiting:
            return
        response, record = list(self.waiting.items())[-1]
        same_total = total is not None and record["total"] is not None and tuple(record["total"]) == total
        if tuple(record["used"]) == used or same_total:
            del self.waiting[response]

    def compacted(self, response: str) -> tuple[Vector, str] | None:
        """What the response that compacted used, and when, unless it is counted."""
        record = self.waiting.pop(response, None)
        if record is None:
            return None
        prompt, cached, written, output, reasoning = record["used"]
        return (prompt, cached, written, output, reasoning), record["time"]
