"""Who is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.notifier.domain.message import Kind, Message, Severity


@dataclass(frozen=True)
class Route:
    """What a destination wants to hear."""

    destination: str
    kinds: frozenset[Kind]
    tenants: frozenset[str]
    """Empty: every tenant."""
    min_severity: Severity

    def wants(self, message: Message) -> bool:
        """True where kind, tenant and severity all fit."""
        return (
            message.kind in self.kinds
            and (not self.tenants or message.tenant_id in self.tenants)
            and message.severity >= self.min_severity
        )


def destinations(routes: Iterable[Route], message: Message) -> list[str]:
    """Names of the destinations that are told."""
    return [route.destination for route in routes if route.wants(message)]
