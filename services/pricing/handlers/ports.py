"""What the handlers need of the world."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from finops.cost.v1.cost_pb2 import CostRecord, Rating
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.kafka.record import Partition, Record
from services.pricing.domain.overrides import Override
from services.pricing.domain.revisions import Known


class Refused(NamedTuple):
    """An event that pricing cannot hold, and why."""

    reason: str


class Rated(NamedTuple):
    """A cost record to write: where, and with the trace of the usage it came from."""

    partition: int
    record: CostRecord
    traceparent: bytes


@dataclass
class RatedBatch:
    """What became of a batch."""

    records: Sequence[CostRecord] = ()
    duplicates: int = 0
    superseded: int = 0
    seconds: float = 0.0


class Pricing(Protocol):
    """The pricing service."""

    async def rate(self, events: Sequence[UsageEvent]) -> Sequence[Rating | Refused]:
        """A rating, or why there is none, for each event.

        Raises:
            UnavailableError: it is away.
        """
        ...


class Written(NamedTuple):
    """What the ledger holds of a log."""

    offsets: Mapping[int, int]
    """Highest offset of the cost log, by partition."""
    sole: bool
    """Nothing was ever written from another incarnation of the log."""


class Ledger(Protocol):
    """The ledger service."""

    async def known(self, keys: Sequence[bytes], *, attributed: bool) -> Mapping[bytes, Known]:
        """The last revision of those of the events that it holds; `attributed`: and under which dimensions.

        Raises:
            UnavailableError: it is away.
        """
        ...

    async def written(self, incarnation: str) -> Written:
        """How much of the cost log it has written.

        Raises:
            UnavailableError: it is away.
        """
        ...


class CostLog(Protocol):
    """finops.costs.v1."""

    def partition(self, number: int) -> Partition: ...

    def tail(self, number: int, last: int) -> AsyncIterator[Sequence[Record]]:
        """The last records of a partition.

        Raises:
            UnavailableError: Kafka is away.
        """
        ...

    async def append(self, rated: Sequence[Rated]) -> Sequence[int]:
        """Writes them durably; the offset of each.

        Raises:
            UnavailableError: not all were acknowledged; some may have been written.
        """
        ...


class Leader(Protocol):
    """Whether this process does what one of several does."""

    @property
    def held(self) -> bool: ...


class Meter(Protocol):
    """Counts what the rater did."""

    def rated(self, batch: RatedBatch) -> None: ...


class OverrideStore(Protocol):
    """Where contract prices are kept."""

    async def put(self, override: Override, recorded_by: str) -> None:
        """Returns once it is durable and in force in this process.

        Raises:
            UnavailableError: the store is away.
        """
        ...

    def ensure_loaded(self) -> None:
        """Raises:
        UnavailableError: contract prices were not read yet, so that a rating might be wrong.
        """
        ...
