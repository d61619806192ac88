"""What usage tells about tools: who used which, first and last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import DAY, Micros


class ToolKey(NamedTuple):
    """A tool of a tenant."""

    tenant_id: str
    tool_id: str


class UserKey(NamedTuple):
    """A user of a tool; the user is "" where usage names none."""

    tenant_id: str
    tool_id: str
    user: str


class Span(NamedTuple):
    """First and last use, by the time of the events."""

    first: Micros
    last: Micros

    def joined(self, other: Span) -> Span:
        """The span that covers both."""
        return Span(min(self.first, other.first), max(self.last, other.last))


class Sightings:
    """A batch of usage, folded: per tool, UTC day and user."""

    def __init__(self, events: Iterable[UsageEvent]) -> None:
        self._days: dict[ToolKey, dict[int, dict[str, Span]]] = {}
        for event in events:
            if not event.tool:
                continue
            moment = event.time_unix_micros
            users = self._days.setdefault(ToolKey(event.tenant_id, event.tool), {}).setdefault(moment // DAY, {})
            known = users.get(event.user)
            span = Span(moment, moment)
            users[event.user] = span if known is None else known.joined(span)

    def tools(self) -> list[ToolKey]:
        """Every tool named."""
        return list(self._days)

    def days(self, tool: ToolKey) -> dict[int, dict[str, Span]]:
        """Who used it, by days since the epoch."""
        return self._days[tool]

    def users(self) -> dict[UserKey, Span]:
        """One span for each tool and user."""
        spans: dict[UserKey, Span] = {}
        for (tenant_id, tool_id), days in self._days.items():
            for users in days.values():
                for user, span in users.items():
                    key = UserKey(tenant_id, tool_id, user)
                    known = spans.get(key)
                    spans[key] = span if known is None else known.joined(span)
        return spans


class WrittenSpans:
    """Which spans were written, as far as remembered. What was forgotten is written again, which changes nothing."""

    def __init__(self, capacity: int, resolution: Micros) -> None:
        self._capacity = capacity
        self._resolution = resolution
        self._spans: OrderedDict[UserKey, Span] = OrderedDict()

    def worth_writing(self, key: UserKey, span: Span) -> bool:
        """True for a new user, an earlier first use, or a last use that moved by more than the resolution."""
        known = self._spans.get(key)
        return known is None or span.first < known.first or span.last > known.last + self._resolution

    def remember(self, key: UserKey, span: Span) -> None:
        """Notes a written span; the least recently written ones are forgotten beyond the capacity."""
        known = self._spans.pop(key, None)
        self._spans[key] = span if known is None else known.joined(span)
        while len(self._spans) > self._capacity:
            self._spans.popitem(last=False)
