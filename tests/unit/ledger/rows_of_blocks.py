"""Rows of the entries, read in two ways: off a block of columns, and off the records one by one. Strings are bytes,
and quantities messages: the bytes of a map have no order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from clickhouse_connect.driver.buffer import ResponseBuffer
from clickhouse_connect.driver.query import QueryContext
from clickhouse_connect.driver.transform import NativeTransform
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import Quantities

from services.common.clock import to_datetime
from services.common.dimensions import BUCKETS, DIMENSIONS
from services.common.native_block import Column, block
from services.common.postings import billed_delta, contracted_delta, list_delta, postings
from services.ledger.domain.blocks import Block

Row = dict[str, Any]


def read_back(columns: Sequence[Column]) -> list[Row]:
    """The rows as the client library reads such a block."""
    result = parsed(columns, {"*String": "bytes"})
    rows = [dict(zip(result.column_names, row, strict=True)) for row in result.result_set]
    return [{**row, "quantities": Quantities.FromString(row["quantities"])} for row in rows]


def parsed(columns: Sequence[Column], formats: dict[str, str]) -> Any:
    """The block as the client library reads it, with these formats by type."""
    source: Any = ResponseBuffer(SimpleNamespace(gen=iter([block(columns)]), close=lambda: None))  # type: ignore[no-untyped-call]
    return NativeTransform.parse_response(source, QueryContext(query_formats=formats))


def one_by_one(incarnation: str, told: Block) -> list[Row]:
    """The rows as the messages' own attributes tell them."""
    return [{name: _in_bytes(value) for name, value in row.items()} for row in _rows(incarnation, told)]


def _in_bytes(value: Any) -> Any:
    match value:
        case str():
            return value.encode()
        case list():
            return [_in_bytes(each) for each in value]
        case dict():
            return {_in_bytes(key): _in_bytes(each) for key, each in value.items()}
    return value


def _rows(incarnation: str, told: Block) -> Iterator[Row]:
    for entry in told.entries:
        parts = postings(CostRecord.FromString(entry.raw))
        for part in parts:
            yield {
                **_columns(part),
                "reversal": len(parts) > 1 and part is parts[0],
                "log_incarnation": incarnation,
                "log_partition": told.partition,
                "log_offset": entry.offset,
                "block_start": told.span.first,
                "record": entry.raw,
            }


def _columns(record: CostRecord) -> Row:
    usage, rating, delta = record.usage, record.rating, record.quantity_delta
    cost = rating.cost_picos
    return {
        "tenant_id": usage.tenant_id,
        **{name: getattr(usage, name) for name in DIMENSIONS if name != "tenant"},
        **{name: getattr(usage, name) for name in ("region", "session", "source_event_id")},
        **{name: getattr(usage, name) for name in ("event_key", "content_hash", "batch", "outcome", "measurement")},
        "time": to_datetime(usage.time_unix_micros).replace(tzinfo=None),
        "received": to_datetime(usage.received_unix_micros).replace(tzinfo=None),
        "tags": dict(usage.tags),
        "quantities": usage.quantities,
        "revision": record.revision,
        "cost_picos_delta": record.cost_delta_picos,
        "shadow_cost_picos_delta": record.shadow_cost_delta_picos,
        "list_cost_picos_delta": list_delta(record),
        "contracted_cost_picos_delta": contracted_delta(record),
        "billed_cost_picos_delta": billed_delta(record),
        "unpriced_events_delta": record.unpriced_events_delta,
        "events_delta": record.events_delta,
        **{f"{bucket}_delta": getattr(delta, bucket) for bucket in BUCKETS},
        "metrics_delta": dict(delta.business_metrics),
        "cost_picos": cost,
        "shadow_cost_picos": rating.shadow_cost_picos,
        "list_cost_picos": rating.list_cost_picos if rating.HasField("list_cost_picos") else cost,
        "contracted_cost_picos": rating.contracted_cost_picos if rating.HasField("contracted_cost_picos") else cost,
        "billed_cost_picos": rating.billed_cost_picos if rating.HasField("billed_cost_picos") else cost,
        "status": rating.status,
        "price_id": rating.price_id,
        "price_book_version": rating.price_book_version,
        "unpriced_buckets": list(rating.unpriced_buckets),
        "correction": usage.correction.kind,
        "usage_incarnation": record.usage_position.incarnation,
        "usage_partition": record.usage_position.partition,
        "usage_offset": record.usage_position.offset,
    }
