"""LZ4's fast level."""

from __future__ import annotations

from aiokafka import codec
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from services.common.kafka import lz4

VALUES = [f"usage of user-{n % 17}@example.com, request {n * n * 7919}".encode() for n in range(500)]

_HEADER = 61
"""Bytes of a batch before its records, by Kafka's format."""


def _built() -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=0x03, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=1 << 20,
    )  # fmt: skip
    for offset, value in enumerate(VALUES):
        builder.append(offset, timestamp=0, key=None, value=value, headers=[])
    return bytes(builder.build())


def test_batches_are_compressed_at_the_fast_level_and_read_the_same() -> None:
    lz4.at_its_fast_level()
    fast = _built()
    assert len(fast) < sum(map(len, VALUES))
    compressed = fast[_HEADER:]
    plain = codec.lz4_decode(compressed)
    assert compressed == codec.lz4_encode(plain, level=1) != codec.lz4_encode(plain)
    assert [record.value for record in MemoryRecords(fast).next_batch()] == VALUES
