"""A message to people, and the words every message shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import IntEnum, StrEnum

from services.common.clock import Micros
from services.common.money import Picos, to_decimal


class Kind(StrEnum):
    """What a message is about."""

    BUDGET = "budget"
    ANOMALY = "anomaly"
    GOVERNANCE = "governance"


class Severity(IntEnum):
    """How much it matters."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3

    @property
    def label(self) -> str:
        """As settings and payloads write it."""
        return self.name.lower()


@dataclass(frozen=True)
class Message:
    """What is told of one event."""

    tenant_id: str
    event_id: str
    """The same event always has the same."""
    kind: Kind
    severity: Severity
    title: str
    body: str
    event_time: Micros
    """When what happened happened, not when it was noticed."""
    page: str
    """The console's page about it."""


def dollars(picos: Picos) -> str:
    """For people: $1,234.56; below a dollar with four decimals."""
    amount = to_decimal(picos)
    places = Decimal("0.01") if abs(amount) >= 1 else Decimal("0.0001")
    rounded = amount.quantize(places, rounding=ROUND_HALF_EVEN)
    return f"{'-' if rounded < 0 else ''}${abs(rounded):,}"


def named(dimensions: Mapping[str, str]) -> str:
    """Dimension values for people: `team search, model gpt-4o`."""
    return ", ".join(f"{name} {value or '(none)'}" for name, value in sorted(dimensions.items())) or "all spend"
