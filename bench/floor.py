"""The floor: the same bytes through bare aiokafka and one columnar insert a batch, with no thought in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from finops.usage.v1.usage_pb2 import UsageEvent

from services.allinone.engines.embedded import BROKER_PARTITIONS, EmbeddedBroker, EmbeddedClickHouse
from services.common.clickhouse import ClickHouse, migrate
from services.common.clock import to_micros
from services.common.kafka.topics import USAGE, create_topics
from services.common.settings import ClickHouseSettings, KafkaSettings

PRODUCED_AT_ONCE = 500
FETCHED_AT_ONCE = 10_000

_TABLE = """
CREATE TABLE floor (tenant LowCardinality(String), team LowCardinality(String), model LowCardinality(String),
                    user String, time Int64, input Int64, output Int64, id String)
ENGINE = MergeTree ORDER BY (tenant, time)
"""
_COLUMNS = ["tenant", "team", "model", "user", "time", "input", "output", "id"]
_TYPES = [*["LowCardinality(String)"] * 3, "String", "Int64", "Int64", "Int64", "String"]


async def measure(folder: Path, events: Sequence[dict[str, Any]]) -> float:
    """Seconds from the first record produced to the last row inserted."""
    broker = EmbeddedBroker(folder / "broker", folder / "logs")
    engine = EmbeddedClickHouse(folder / "clickhouse", folder / "logs")
    await asyncio.gather(broker.start(), engine.start())
    try:
        settings = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, partitions=BROKER_PARTITIONS)
        await create_topics(settings)
        await migrate(ClickHouseSettings(url=engine.url), [])
        clickhouse = ClickHouse(ClickHouseSettings(url=engine.url))
        await clickhouse.command(_TABLE)
        elapsed = await _move([usage_of(e).SerializeToString() for e in events], broker.bootstrap_servers, clickhouse)
        await clickhouse.stop()
        return elapsed
    finally:
        await asyncio.gather(broker.stop(), engine.stop())


async def _move(values: Sequence[bytes], servers: str, clickhouse: ClickHouse) -> float:
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True, linger_ms=2)
    consumer = AIOKafkaConsumer(
        USAGE, bootstrap_servers=servers, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await producer.start()
    await consumer.start()
    started = time.perf_counter()
    await asyncio.gather(_produce(producer, values), _insert(consumer, clickhouse, len(values)))
    elapsed = time.perf_counter() - started
    await consumer.stop()
    await producer.stop()
    return elapsed


async def _produce(producer: AIOKafkaProducer, values: Sequence[bytes]) -> None:
    for start in range(0, len(values), PRODUCED_AT_ONCE):
        chunk = values[start : start + PRODUCED_AT_ONCE]
        await asyncio.gather(*[await producer.send(USAGE, value, key=value[:18]) for value in chunk])


async def _insert(consumer: AIOKafkaConsumer, clickhouse: ClickHouse, count: int) -> None:
    while count > 0:
        fetched = await consumer.getmany(timeout_ms=100, max_records=FETCHED_AT_ONCE)
        usages = [UsageEvent.FromString(record.value) for records in fetched.values() for record in records]
        if usages:
            await clickhouse.insert("floor", _COLUMNS, _columns(usages), column_types=_TYPES)
            count -= len(usages)


def _columns(usages: Sequence[UsageEvent]) -> list[list[Any]]:
    return [
        [u.tenant_id for u in usages],
        [u.team for u in usages],
        [u.model for u in usages],
        [u.user for u in usages],
        [u.time_unix_micros for u in usages],
        [u.quantities.input_tokens for u in usages],
        [u.quantities.output_tokens for u in usages],
        [u.source_event_id for u in usages],
    ]


def usage_of(event: dict[str, Any]) -> UsageEvent:
    """The message ingest would make of a native event, as far as its size matters."""
    identity = event["id"].encode().ljust(16)[-16:]
    usage = UsageEvent(
        event_key=identity,
        content_hash=identity,
        tenant_id="default",
        source_event_id=event["id"],
        time_unix_micros=to_micros(datetime.fromisoformat(event["time"])),
        tags=event["tags"],
        **{name: event[name] for name in ("source", "provider", "model", "tool", "team", "user", "project", "key")},
        environment=event["environment"],
    )
    for bucket, quantity in event["usage"].items():
        setattr(usage.quantities, bucket, quantity)
    return usage
