"""What a consumer hands over of records that a producer's batch holds."""

from __future__ import annotations

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from services.common.kafka import light_records
from services.common.kafka.light_records import FetchedRecord

LZ4 = 3
READ_UNCOMMITTED = 0


def test_every_field_of_a_record_is_that_of_the_log() -> None:
    builder = DefaultRecordBatchBuilder(2, LZ4, 0, -1, -1, 0, 64 * 1024)
    builder.append(0, 1_700_000_000_123, b"key", b"value", [("traceparent", b"00-ab-cd-01"), ("ce_id", b"\xff")])
    builder.append(1, 1_700_000_000_124, None, None, [])
    log = MemoryRecords(bytes(builder.build()))
    light_records.for_consumers()
    read = list(PartitionRecords(TopicPartition("usage", 3), log, [], 0, None, None, True, READ_UNCOMMITTED))
    assert read == [
        FetchedRecord(
            "usage", 3, 0, 1_700_000_000_123, b"key", b"value", [("traceparent", b"00-ab-cd-01"), ("ce_id", b"\xff")]
        ),
        FetchedRecord("usage", 3, 1, 1_700_000_000_124, None, None, []),
    ]
