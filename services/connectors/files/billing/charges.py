"""Rows of a bill that differ only in amounts, added up: each sum is one reported event.

A bill gives its rows no lasting name (AWS: the line item id is not consistent between reports), so what a row is about
is its name. A later delivery of the same bill then revises the same events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import NamedTuple

from services.connectors.domain.event import Event, dollars
from services.connectors.files.mapping import MappingError

_EXACT = Context(prec=60)


class About(NamedTuple):
    """What tells a charge apart: all but amounts. Texts may be empty."""

    billing_account: str
    billing_period: str
    time: str
    """Start of the hour or day, RFC 3339."""
    provider: str
    tool: str
    meter: str
    category: str
    """`Usage`, `Tax`, `Credit`, ..."""
    model: str
    bucket: str
    tier: str
    batch: bool
    region: str
    project: str
    team: str
    user: str
    key: str
    environment: str
    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Charge:
    """A row of a bill."""

    about: About
    cost: Decimal
    """Dollars."""
    tokens: int = 0


class _Sum:
    __slots__ = ("cost", "line", "tokens")

    def __init__(self, line: int) -> None:
        self.cost = Decimal(0)
        self.tokens = 0
        self.line = line


def cost_column(chosen: str, costs: Mapping[str, str], bill: str) -> str:
    """The column of a bill's chosen cost.

    Args:
        chosen: a word of `costs`.
        costs: columns by the words for them.
        bill: what kind it is, for the error.

    Raises:
        MappingError: no such cost.
    """
    if chosen not in costs:
        raise MappingError(f"--cost {chosen!r}: {bill} has {', '.join(costs)}")
    return costs[chosen]


class Charges:
    """Adds charges up. Memory grows with how many different ones there are, not with the rows."""

    def __init__(self) -> None:
        self._sums: dict[About, _Sum] = {}

    def __len__(self) -> int:
        return len(self._sums)

    def add(self, charge: Charge, line: int) -> None:
        """One more row, and where it stands."""
        total = self._sums.get(charge.about)
        if total is None:
            total = self._sums[charge.about] = _Sum(line)
        total.cost = _EXACT.add(total.cost, charge.cost)
        total.tokens += charge.tokens

    def events(self, source: str) -> Iterator[tuple[int, Event]]:
        """The line of its first row, and the event, for each that cost or counted anything."""
        for about, total in self._sums.items():
            if total.cost or total.tokens:
                yield total.line, _event(about, total, source)


def _event(about: About, total: _Sum, source: str) -> Event:
    texts = "\0".join(str(part) for part in about)
    event: Event = {
        "id": f"{about.time[:10]}:{hashlib.blake2b(texts.encode(), digest_size=16).hexdigest()}",
        "time": about.time,
        "source": source,
        "provider": about.provider,
        "measurement": "reported",
        "source_cost": dollars(total.cost),
        "usage": {about.bucket: total.tokens} if about.bucket and total.tokens > 0 else {},
    }
    optional = {
        "model": about.model, "tool": about.tool, "service_tier": about.tier, "batch": about.batch,
        "region": about.region, "project": about.project, "team": about.team, "user": about.user, "key": about.key,
        "environment": about.environment, "tags": dict(about.tags),
    }  # fmt: skip
    event.update({field: value for field, value in optional.items() if value})  # type: ignore[typeddict-item]
    return event
