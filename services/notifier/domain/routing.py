"""Who is told, how and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from services.common.clock import Micros
from services.notifier.domain.hours import Digest, QuietHours
from services.notifier.domain.message import Message, Severity
from services.notifier.domain.template import Template


class Target(StrEnum):
    """What kind of receiver it is; the names of the contract's fields."""

    SLACK = "slack"
    TEAMS = "teams"
    EMAIL = "email"
    PAGERDUTY = "pagerduty"
    OPSGENIE = "opsgenie"
    WEBHOOK = "webhook"
    APPRISE = "apprise"

    @property
    def threaded(self) -> bool:
        """Keeps an incident open for an alert: it wants every change, one by one, and no news without an end."""
        return self in (Target.PAGERDUTY, Target.OPSGENIE)

    @property
    def repeatable(self) -> bool:
        """Drops a message it got before: its messages carry a key for that."""
        return self.threaded or self is Target.WEBHOOK


@dataclass(frozen=True)
class Receiver:
    """A place messages go to. `destination` names it among those of its tenant."""

    destination: str
    target: Target


class GroupBy(StrEnum):
    """What belongs together."""

    SUBJECT = "subject"
    TEAM = "team"
    ROUTE = "route"


@dataclass(frozen=True)
class Grouping:
    """Events that go into one message: those of the same thing within a window that the first one opens."""

    by: GroupBy
    window: Micros

    def value(self, message: Message) -> str:
        """What the message is grouped under."""
        match self.by:
            case GroupBy.SUBJECT:
                return message.subject
            case GroupBy.TEAM:
                return message.team
            case GroupBy.ROUTE:
                return ""


@dataclass(frozen=True)
class Route:
    """Which messages go to which receivers, and when."""

    receivers: tuple[Receiver, ...]
    tenants: frozenset[str] = frozenset()
    """Empty: every tenant."""
    kinds: frozenset[str] = frozenset()
    """`budget` or `budget.burn_rate`; empty: every kind."""
    teams: frozenset[str] = frozenset()
    min_severity: Severity = Severity.INFO
    labels: Mapping[str, str] = field(default_factory=dict)
    continues: bool = False
    quiet_hours: tuple[QuietHours, ...] = ()
    digest: Digest | None = None
    grouping: Grouping | None = None
    title: Template | None = None
    body: Template | None = None

    def wants(self, message: Message) -> bool:
        """True where everything that is set fits."""
        return (
            (not self.tenants or message.tenant_id in self.tenants)
            and (not self.kinds or message.kind in self.kinds or message.name in self.kinds)
            and (not self.teams or message.team in self.teams)
            and message.severity >= self.min_severity
            and all(message.labels.get(name) == value for name, value in self.labels.items())
        )


class Routes:
    """Every route, in the order in which they are tried; those of the settings come last."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes

    def receivers(self, message: Message) -> list[Receiver]:
        """Who is told: the receivers of the first route that matches, and of the next ones where it continues."""
        return list(dict.fromkeys(self._receivers(message)))

    def find(self, tenant_id: str, destination: str) -> tuple[Route, Receiver] | None:
        """The receiver of that name and its route; None where they are gone."""
        for route in self._routes:
            if not route.tenants or tenant_id in route.tenants:
                for receiver in route.receivers:
                    if receiver.destination == destination:
                        return route, receiver
        return None

    def _receivers(self, message: Message) -> Iterator[Receiver]:
        for route in self._routes:
            if route.wants(message):
                yield from route.receivers
                if not route.continues:
                    return
