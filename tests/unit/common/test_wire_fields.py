"""Fields read off many messages at once are what the Protocol Buffers library reads off each."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import Correction, Quantities, Seat, UsageEvent
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from services.common.dimensions import BUCKETS
from services.common.wire_fields import Buffer, Fields, scan, scan_entries

_INT64 = st.integers(-(2**63), 2**63 - 1) | st.integers(-1, 1) | st.sampled_from([2**k - 1 for k in range(7, 64, 7)])
_TEXT = st.text(max_size=5) | st.just("x" * 127) | st.just("ü" * 64)
_TEXTS = ("tenant_id", "source", "model", "key", "environment", "session", "region")

_EVENTS = st.builds(
    UsageEvent,
    event_key=st.binary(max_size=20),
    time_unix_micros=_INT64,
    batch=st.booleans(),
    outcome=st.integers(0, 2),
    tags=st.dictionaries(_TEXT, _TEXT, max_size=4),
    quantities=st.none() | st.builds(Quantities, input_tokens=_INT64, gpu_milliseconds=_INT64),
    **dict.fromkeys(_TEXTS, _TEXT),
)


def _scanned(values: Sequence[bytes]) -> tuple[Buffer, Fields]:
    buffer = Buffer(values)
    names = [*_TEXTS, "event_key", "time_unix_micros", "batch", "outcome", "tags", "quantities"]
    return buffer, scan(UsageEvent, buffer, buffer.messages, names)


@given(st.lists(_EVENTS, max_size=8))
def test_every_field_of_every_message(events: Sequence[UsageEvent]) -> None:
    buffer, fields = _scanned([event.SerializeToString() for event in events])
    assert not fields.irregular.any()
    for name in _TEXTS:
        assert [text.decode() for text in buffer.texts(fields.spans(name))] == [getattr(e, name) for e in events]
    assert buffer.texts(fields.spans("event_key")) == [event.event_key for event in events]
    for name in ("time_unix_micros", "batch", "outcome"):
        assert fields.numbers(name).tolist() == [getattr(event, name) for event in events]
    assert fields.present("quantities").tolist() == [event.HasField("quantities") for event in events]
    amounts = scan(Quantities, buffer, fields.spans("quantities"), BUCKETS)
    for bucket in BUCKETS:
        assert amounts.numbers(bucket).tolist() == [getattr(event.quantities, bucket) for event in events]


@given(st.lists(_EVENTS, max_size=8))
def test_every_entry_of_every_map(events: Sequence[UsageEvent]) -> None:
    buffer, fields = _scanned([event.SerializeToString() for event in events])
    rows, spans = fields.occurrences("tags")
    entries = scan_entries(UsageEvent, buffer, spans, "tags")
    found: list[dict[str, str]] = [{} for _ in events]
    keys, values = (buffer.texts(entries.spans(part)) for part in ("key", "value"))
    for row, key, value in zip(rows.tolist(), keys, values, strict=True):
        found[row][key.decode()] = value.decode()
    assert found == [dict(event.tags) for event in events]


@given(st.lists(_EVENTS, min_size=1, max_size=8))
def test_strings_with_their_lengths_and_runs_of_fields(events: Sequence[UsageEvent]) -> None:
    buffer, fields = _scanned([event.SerializeToString() for event in events])
    for name in ("source", "session"):
        told = buffer.texts(fields.with_lengths(name))
        assert buffer.joined(fields.with_lengths(name)) == b"".join(told)
        assert [
            text[-len(getattr(event, name).encode()) or len(text) :] for text, event in zip(told, events, strict=True)
        ] == [getattr(event, name).encode() for event in events]
        assert all(text == b"\0" for text, event in zip(told, events, strict=True) if not getattr(event, name))
    runs = buffer.texts(fields.span_of_all(["model", "key"]))
    pairs = [(event.model, event.key) for event in events]
    assert all(pairs[i] == pairs[j] for i in range(len(runs)) for j in range(i) if runs[i] == runs[j])


@pytest.mark.parametrize("change", [-(2**31), -1, 0, 1, 2**31 - 1])
def test_numbers_of_32_bits(change: int) -> None:
    record = CostRecord(revision=2**32 - 1, unpriced_events_delta=change)
    record.usage_position.partition = change
    buffer = Buffer([record.SerializeToString()])
    fields = scan(CostRecord, buffer, buffer.messages, ["revision", "unpriced_events_delta", "usage_position"])
    position = scan(type(record.usage_position), buffer, fields.spans("usage_position"), ["partition"])
    assert fields.numbers("revision").tolist() == [2**32 - 1]
    assert fields.numbers("unpriced_events_delta").tolist() == [change]
    assert position.numbers("partition").tolist() == [change]


def test_unknown_fields_are_passed_over_and_what_cannot_be_told_is_irregular() -> None:
    plain = UsageEvent(tenant_id="acme", model="m").SerializeToString()
    fixed = b"\x09" + bytes(8) + b"\x0d" + bytes(4) + b"\xa1\x06" + bytes(8) + b"\xa5\x06" + bytes(4)
    group = b"\xfb\x06\xfc\x06"
    far = b"\x80\x80\x08\x05"
    overlong = b"\x9a\x00\x01x"
    values = [plain, fixed + plain, plain + plain, group + plain, far + plain, plain + overlong, plain + b"\x1a\x7f"]
    buffer, fields = _scanned(values)
    assert fields.irregular.tolist() == [False, False, True, True, True, True, True]
    assert buffer.texts(fields.spans("model")) == [b"m", b"m", *[b""] * 5]


@given(st.lists(st.binary(max_size=40) | _EVENTS.map(lambda event: event.SerializeToString()[3:]), max_size=8))
def test_any_bytes_are_read_as_the_library_does_or_called_irregular(values: Sequence[bytes]) -> None:
    buffer, fields = _scanned(values)
    models = buffer.texts(fields.spans("model"))
    for value, irregular, model, moment in zip(
        values, fields.irregular.tolist(), models, fields.numbers("time_unix_micros").tolist(), strict=True
    ):
        try:
            event = UsageEvent.FromString(value)
        except DecodeError:
            continue
        if not irregular:
            assert (model.decode(), moment) == (event.model, event.time_unix_micros)


def test_no_messages_at_all() -> None:
    buffer, fields = _scanned([])
    assert buffer.texts(fields.spans("model")) == []
    assert scan(Correction, buffer, fields.spans("quantities"), ["kind"]).numbers("kind").tolist() == []


def test_a_field_of_floats_or_texts_is_no_number() -> None:
    buffer = Buffer([Seat().SerializeToString()])
    fields = scan(UsageEvent, buffer, buffer.messages, ["model"])
    with pytest.raises(ValueError, match="no number"):
        fields.numbers("model")
