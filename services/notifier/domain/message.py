"""A message to people, and the words every message shares."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
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


class Transition(StrEnum):
    """What a message, or a person, does to an alert."""

    FIRED = "fired"
    UPDATED = "updated"
    """It goes on, with other figures."""
    NOTED = "noted"
    """Told once; there is nothing to end."""
    REMINDED = "reminded"
    """A snooze ran out while it went on."""
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Fact:
    """One line beneath a message: what it is called, and its value in words."""

    name: str
    value: str


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
    event: str = ""
    """The kind of event within `kind`, such as `threshold_crossed`."""
    transition: Transition = Transition.FIRED
    thread: str = ""
    """What begins, is updated and ends as one alert; empty: the event by itself."""
    subject: str = ""
    """The budget, series or tool it is about."""
    team: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    """What the body does not say."""
    figures: Mapping[str, str] = field(default_factory=dict)
    """Single values, by the names of the templates' fields."""
    advice: str = ""
    """What to do."""
    period_start: Micros = 0
    ends_earlier: bool = False
    """Ends the subject's alerts of periods that started before `period_start`."""

    @property
    def name(self) -> str:
        """Kind and event, as routes and the API write them."""
        return f"{self.kind}.{self.event}" if self.event else self.kind.value

    @property
    def alert_id(self) -> str:
        """Of the alert it belongs to."""
        identity = "\0".join((self.tenant_id, self.kind, self.thread or self.event_id))
        return hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()


def dollars(picos: Picos) -> str:
    """For people: $1,234.56; below a dollar with four decimals."""
    amount = to_decimal(picos)
    places = Decimal("0.01") if abs(amount) >= 1 else Decimal("0.0001")
    rounded = amount.quantize(places, rounding=ROUND_HALF_EVEN)
    return f"{'-' if rounded < 0 else ''}${abs(rounded):,}"


def named(dimensions: Mapping[str, str]) -> str:
    """Dimension values for people: `team search, model gpt-4o`."""
    return ", ".join(f"{name} {value or '(none)'}" for name, value in sorted(dimensions.items())) or "all spend"
