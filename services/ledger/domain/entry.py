"""Cost records, decoded and checked."""

from __future__ import annotations

from typing import NamedTuple

from finops.cost.v1.cost_pb2 import CostRecord
from google.protobuf.message import DecodeError

from services.common.clock import SECOND, Micros

KEY_BYTES = 16
"""Length of event keys and content hashes (BLAKE2b-128)."""

LATEST_TIME: Micros = (2**32 - 1) * SECOND
"""The last moment an hourly rollup can name: ClickHouse's DateTime ends in 2106."""


class UnreadableRecordError(ValueError):
    """Not a storable cost record, however often it is read. `reason` is a few words, the message what was found."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class UsageMark(NamedTuple):
    """How far a partition of the usage log has been turned into entries."""

    incarnation: str = ""
    offset: int = -1


class Entry(NamedTuple):
    """A cost record: where it sits in its log partition, the bytes it came in, the usage record it rates, and when
    ingest received that. The record itself is not kept: thousands of objects take longer to keep than to make."""

    offset: int
    raw: bytes
    usage: UsageMark
    received: Micros


def decode(offset: int, value: bytes | None) -> Entry:
    """Reads one record of finops.costs.v1.

    Raises:
        UnreadableRecordError: not a CostRecord, or one without what every entry needs.
    """
    if not value:
        raise UnreadableRecordError("empty", "the record has no value")
    try:
        record = CostRecord.FromString(value)
    except DecodeError as error:
        raise UnreadableRecordError("not a CostRecord", str(error)) from None
    usage = record.usage
    if len(usage.event_key) != KEY_BYTES or len(usage.content_hash) != KEY_BYTES:
        found = f"{len(usage.event_key)} and {len(usage.content_hash)}"
        raise UnreadableRecordError("bad key", f"event_key and content_hash have {found} bytes, not {KEY_BYTES} each")
    if not usage.tenant_id:
        raise UnreadableRecordError("no tenant", "usage.tenant_id is empty")
    if not 0 <= usage.time_unix_micros <= LATEST_TIME:
        raise UnreadableRecordError("bad time", f"time_unix_micros {usage.time_unix_micros} is outside 1970 to 2106")
    if not record.revision:
        raise UnreadableRecordError("no revision", "revision is 0: revisions count from 1")
    if not record.HasField("usage_position"):
        raise UnreadableRecordError("no usage position", "usage_position is missing: which usage record is this of?")
    position = record.usage_position
    return Entry(offset, value, UsageMark(position.incarnation, position.offset), usage.received_unix_micros)
