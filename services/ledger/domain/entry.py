"""Cost records, decoded and checked."""

from __future__ import annotations

from typing import NamedTuple

from finops.cost.v1.cost_pb2 import CostRecord, RatingStatus
from finops.usage.v1.usage_pb2 import CorrectionKind, Measurement, Outcome, UsageEvent
from google.protobuf.message import DecodeError

from services.common.clock import SECOND, Micros

KEY_BYTES = 16
"""Length of event keys and content hashes (BLAKE2b-128)."""

LATEST_TIME: Micros = (2**32 - 1) * SECOND
"""The last moment an hourly rollup can name: ClickHouse's DateTime ends in 2106."""


# A number that the table has no name for would stop all that comes after it.
_STATUSES = frozenset(RatingStatus.values())
_OUTCOMES = frozenset(Outcome.values())
_MEASUREMENTS = frozenset(Measurement.values())
_CORRECTIONS = frozenset(CorrectionKind.values())


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
    _check(usage)
    if len(usage.content_hash) != KEY_BYTES:
        raise UnreadableRecordError("bad key", f"content_hash has {len(usage.content_hash)} bytes, not {KEY_BYTES}")
    if record.HasField("previous"):
        _check(record.previous.usage)
    if record.rating.status not in _STATUSES:
        raise UnreadableRecordError("unknown status", f"rating.status {record.rating.status} is none of this version")
    if abs(record.events_delta) > 1 or abs(record.unpriced_events_delta) > 1:
        found = f"{record.events_delta} and {record.unpriced_events_delta}"
        raise UnreadableRecordError("bad delta", f"events_delta and unpriced_events_delta of one event are {found}")
    if not record.revision:
        raise UnreadableRecordError("no revision", "revision is 0: revisions count from 1")
    if not record.HasField("usage_position"):
        raise UnreadableRecordError("no usage position", "usage_position is missing: which usage record is this of?")
    position = record.usage_position
    return Entry(offset, value, UsageMark(position.incarnation, position.offset), usage.received_unix_micros)


def _check(usage: UsageEvent) -> None:
    if len(usage.event_key) != KEY_BYTES:
        raise UnreadableRecordError("bad key", f"event_key has {len(usage.event_key)} bytes, not {KEY_BYTES}")
    if not usage.tenant_id:
        raise UnreadableRecordError("no tenant", "usage.tenant_id is empty")
    if not 0 <= usage.time_unix_micros <= LATEST_TIME:
        raise UnreadableRecordError("bad time", f"time_unix_micros {usage.time_unix_micros} is outside 1970 to 2106")
    kinds = (usage.outcome, usage.measurement, usage.correction.kind)
    if any(kinds) and not (kinds[0] in _OUTCOMES and kinds[1] in _MEASUREMENTS and kinds[2] in _CORRECTIONS):
        found = ", ".join(map(str, kinds))
        raise UnreadableRecordError("unknown kind", f"outcome, measurement, correction {found}: none of this version")
