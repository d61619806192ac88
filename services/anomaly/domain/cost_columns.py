"""What is counted of many serialized cost records, as arrays, one row a record; objects would take much longer.

Only what is counted is looked into: bytes of other fields are not checked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from finops.cost.v1.cost_pb2 import CostRecord, LogPosition
from finops.usage.v1.usage_pb2 import OUTCOME_FAILED, Measurement, Quantities, UsageEvent

from services.common.wire_fields import Bools, Buffer, Spans, scan
from services.common.wire_words import Ints

_RECORD = (
    "usage", "cost_delta_picos", "shadow_cost_delta_picos", "quantity_delta", "usage_position", "previous",
    "events_delta",
)  # fmt: skip
_BEFORE = ("tenant_id", "source", "source_event_id", "time_unix_micros", "time_inferred", "received_unix_micros")
_NAMES = (
    "provider", "model", "tool", "team", "user", "project", "key", "environment", "tags", "session", "service_tier",
    "batch", "region",
)  # fmt: skip
"""Fields that lie together in a message, in the order of their numbers: after those before, up to `quantities`."""
_USAGE = (*_BEFORE, *_NAMES, "quantities", "measurement", "outcome")
_DELTA = (
    "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens",
    "reasoning_tokens", "requests",
)  # fmt: skip
_LARGEST = 2**60


class CostColumns:
    """One batch."""

    def __init__(self, values: Sequence[bytes]) -> None:
        self._buffer = Buffer(values)
        buffer, count = self._buffer, len(values)
        record = scan(CostRecord, buffer, buffer.messages, _RECORD)
        within = record.spans("usage")
        self._usage = usage = scan(UsageEvent, buffer, within, _USAGE)
        delta = scan(Quantities, buffer, record.spans("quantity_delta"), _DELTA)
        held = scan(Quantities, buffer, usage.spans("quantities"), ("requests", "seats"))
        position = scan(LogPosition, buffer, record.spans("usage_position"), ("incarnation", "offset"))
        self.time: Ints = usage.numbers("time_unix_micros")
        tenants = usage.spans("tenant_id")
        self.complete: Bools = (tenants.end > tenants.begin) & (self.time > 0)
        """Rows that say whose they are, and of when."""
        self.offset: Ints = position.numbers("offset")
        """In the usage log."""
        self._incarnations = position.spans("incarnation")
        self._names = self._between(within)
        requests = delta.numbers("requests")
        read = delta.numbers("cache_read_tokens")
        parts = [record.numbers("cost_delta_picos"), record.numbers("shadow_cost_delta_picos")]
        parts += [delta.numbers(name) for name in _DELTA]
        largest = _LARGEST // max(1, count)
        large = np.logical_or.reduce([(part > largest) | (part < -largest) for part in parts])
        failed = usage.numbers("outcome") == OUTCOME_FAILED
        written = delta.numbers("cache_write_tokens") + delta.numbers("cache_write_1h_tokens")
        self.totals: Ints = np.stack([
            parts[0] + parts[1],
            requests,
            record.numbers("events_delta"),
            delta.numbers("input_tokens") + read + written,
            read,
            delta.numbers("output_tokens") + delta.numbers("reasoning_tokens"),
            np.where(failed, requests, 0),
        ])  # fmt: skip
        """As `series.Totals`: (fields, rows)."""
        fee = (held.numbers("seats") != 0) & (held.numbers("requests") == 0)
        self.used: Bools = (usage.numbers("measurement") != Measurement.MEASUREMENT_REPORTED) & ~fee
        """Rows that are watched, if their source is; see `series.is_watched`."""
        irregular = [fields.irregular for fields in (record, usage, delta, held, position)]
        self.apart: Bools = np.logical_or.reduce([*irregular, record.present("previous"), large, self._scattered()])
        """Rows that cannot be told like this, or that are more than one change: objects must tell them."""

    def incarnations(self) -> list[bytes]:
        """Of the usage log that the offsets are of."""
        return self._buffer.texts(self._incarnations)

    def names(self, rows: Ints) -> list[bytes]:
        """A UsageEvent that has only tenant, source and all that names who used what, but the session, of each of these
        rows: equal bytes for equal names, as a rule."""
        tenants = self._usage.span_of_all(("tenant_id", "source")).of(rows)
        names, session = self._names.of(rows), self._usage.span_of_all(("session",)).of(rows)
        inside = session.end > 0
        front = Spans(names.begin, np.where(inside, session.begin, names.end))
        behind = Spans(np.where(inside, session.end, names.end), names.end)
        texts = self._buffer.texts
        return [a + b + c for a, b, c in zip(texts(tenants), texts(front), texts(behind), strict=True)]

    def sessions(self, rows: Ints) -> list[bytes]:
        """Of each of these rows; empty where it has none."""
        return self._buffer.texts(self._usage.spans("session").of(rows))

    def _between(self, within: Spans) -> Spans:
        """Where the names lie: behind the fields before them, in front of `quantities` or at the message's end."""
        quantities = self._usage.span_of_all(("quantities",))
        begin = np.maximum(within.begin, self._usage.span_of_all(_BEFORE).end)
        return Spans(begin, np.where(quantities.end > 0, quantities.begin, within.end))

    def _scattered(self) -> Bools:
        """Rows whose names do not lie together in that place, as those of an unusual writer."""
        singular = [name for name in _NAMES if name != "tags"]
        named = self._usage.span_of_all(singular)
        anything = named.end > 0
        found: Bools = anything & ((named.begin < self._names.begin) | (named.end > self._names.end))
        rows, tags = self._usage.occurrences("tags")
        found[rows[(tags.begin < self._names.begin[rows]) | (tags.end > self._names.end[rows])]] = True
        return found
