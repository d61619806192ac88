"""What the peers know of every tenant."""

from __future__ import annotations

from typing import Any

from services.common import auth
from services.common.auth import Access
from services.common.clock import SystemClock
from services.common.errors import InvalidArgumentError, UnavailableError
from tests.e2e.console_data import Tenant, organisation
from tests.e2e.console_peers.notifier import notifier
from tests.unit.notifier.world import Process


class World:
    """Every tenant's data. `away` names services that answer UNAVAILABLE."""

    def __init__(self) -> None:
        now = SystemClock().now()
        self.tenants = {"acme": organisation(now), "globex": organisation(now, 0.1)}
        for name in ("anomalies", "recommendations"):
            setattr(self.tenants["globex"], name, [])
        self.away: set[str] = set()
        self.notifier: Process = notifier()

    def of(self, service: str, access: Access = Access.READ) -> Tenant:
        """The caller's tenant."""
        principal = auth.current(access)
        if service in self.away:
            raise UnavailableError(f"{service} is away")
        return self.tenants.setdefault(principal.tenant_id, Tenant())


def page_of(items: list[Any], size: int, token: str) -> tuple[list[Any], str]:
    """The page that begins at the token, a place in the list, and the next page's token."""
    if token and not token.isdigit():
        raise InvalidArgumentError.of("page_token", "not one of ours")
    start = int(token or 0)
    end = start + (size or 100)
    return items[start:end], str(end) if end < len(items) else ""
