"""What the handlers need from the outside. Each raises UnavailableError while its peer is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from finops.cost.v1.cost_pb2 import Rating
from finops.recommendation.v1.recommendation_pb2 import RecommendationEvent
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import Micros
from services.optimizer.domain.lifecycle import Stored
from services.optimizer.domain.rules.cheaper_model import Workload
from services.optimizer.domain.rules.idle_seats import Seat


class Ledger(Protocol):
    """What was spent."""

    async def newest_days(self, start: Micros, end: Micros) -> Mapping[str, Micros]:
        """The start of the newest UTC day with any cost entry, by tenant."""
        ...

    async def workloads(self, tenant_id: str, start: Micros, end: Micros) -> Sequence[Workload]: ...


class Pricing(Protocol):
    """What things cost."""

    async def price(self, tenant_id: str, events: Sequence[UsageEvent]) -> Sequence[Rating]:
        """One rating an event, in order; any number of events."""
        ...


class Seats(Protocol):
    """Every seat as last reported."""

    async def put(self, seats: Sequence[tuple[Seat, int]]) -> None:
        """Stores seats with the revision of their event; an older report never replaces a newer one."""
        ...

    async def of_tenant(self, tenant_id: str) -> Sequence[Seat]: ...


class Recommendations(Protocol):
    """Every recommendation as last told."""

    async def of_tenant(self, tenant_id: str) -> Mapping[str, Stored]: ...

    async def get(self, tenant_id: str, name: str) -> Stored | None: ...

    async def put(self, tenant_id: str, changed: Sequence[Stored]) -> None: ...


class Events(Protocol):
    """finops.recommendations.v1"""

    async def publish(self, events: Sequence[RecommendationEvent]) -> None: ...
