"""Records and partitions, without a client library in sight."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from google.protobuf.message import DecodeError, Message

MessageT = TypeVar("MessageT", bound=Message)


class Partition(NamedTuple):
    """One partition of a topic."""

    topic: str
    partition: int


class Record(Protocol):
    """One record of a log; aiokafka's ConsumerRecord is one."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """Milliseconds since the epoch."""
        ...

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Outgoing(NamedTuple):
    """A record to produce, to a topic named without the cluster's prefix.

    `partition` None: chosen by the key's murmur2 hash, as every Kafka client does.
    """

    topic: str
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None


@dataclass(frozen=True)
class Rejection:
    """A record that can never be processed, and why. `reason` is a metric label: a few words, no values."""

    record: Record
    reason: str
    detail: str


@dataclass
class Batch:
    """Records in the order of their partitions' offsets; partitions are mixed."""

    records: Sequence[Record]
    rejections: list[Rejection] = field(default_factory=list)
    send: Callable[[Sequence[Rejection]], Awaitable[None]] | None = None
    _sent: int = 0

    def reject(self, record: Record, reason: str, detail: str) -> None:
        """Marks a record as poison: it goes to finops.dead-letter.v1 and the partition moves on."""
        self.rejections.append(Rejection(record, reason, detail))

    def decode(self, record: Record, message: type[MessageT]) -> MessageT | None:
        """The message a record holds; None where it holds something else, and then it is rejected."""
        try:
            return message.FromString(record.value or b"")
        except DecodeError as error:
            self.reject(record, "undecodable", f"not a {message.DESCRIPTOR.full_name}: {error}")
            return None

    async def send_rejections(self) -> None:
        """Makes the rejections so far durable. Whoever stores a position with its results calls this before, so that
        a crash in between sends a dead letter again instead of losing it."""
        unsent = self.rejections[self._sent :]
        if unsent and self.send is not None:
            await self.send(unsent)
        self._sent = len(self.rejections)


class Log(Protocol):
    """What a processor may ask about the partitions it was given."""

    @property
    def incarnation(self) -> str:
        """Names this life of the log; offsets of different incarnations do not compare."""
        ...

    async def beginning_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]: ...

    async def end_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]: ...

    async def committed_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int | None]: ...


class BatchProcessor(Protocol):
    """What a service does with a batch.

    Crash-only: after any exception the consumer forgets what it had buffered, calls `assigned` again and reads on from
    where that says; so a processor keeps no half-applied batch.
    """

    async def assigned(self, partitions: Sequence[Partition], log: Log) -> Mapping[Partition, int]:
        """Loads the state of these partitions.

        Returns:
            The offset to read each from; one that is absent is read from the group's committed offset, or from the
            beginning.
        """
        ...

    async def process(self, batch: Batch) -> None:
        """Returns once everything in the batch is durable; offsets are committed after that."""
        ...

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        """Forgets the state of these partitions. Buffered records were processed before."""
        ...
