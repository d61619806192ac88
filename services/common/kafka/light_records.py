"""Makes aiokafka hand records over with no more than what is asked of them, which takes half the time.

Its own record is a frozen dataclass of eleven fields; the sizes, the checksum and the kind of timestamp nobody reads.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from aiokafka.consumer.fetcher import PartitionRecords


class FetchedRecord(NamedTuple):
    """A `services.common.kafka.record.Record`."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def for_consumers() -> None:
    """For every consumer of this process. May be called again."""
    PartitionRecords._consumer_record = _fetched


def _fetched(_records: PartitionRecords, partition: Any, record: Any) -> FetchedRecord:
    topic, number = partition
    return FetchedRecord(topic, number, record.offset, record.timestamp, record.key, record.value, record.headers)
