"""Event keys and content hashes."""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import HOUR
from services.common.event_key import event_key
from services.ingest.domain.identity import seal
from services.ingest.domain.sources.native import decode
from tests.unit.ingest.building import NOW, context, native


def test_a_key_is_this_for_ever() -> None:
    # Stored keys and the keys of resends must agree across releases.
    assert event_key("acme", "openai", "chatcmpl-1").hex() == "96174e5af8039a3d66066d487fa4b3f9"


def test_tenants_sources_and_ids_do_not_run_into_each_other() -> None:
    keys = {event_key("a", "bc", "d"), event_key("ab", "c", "d"), event_key("a", "b", "cd"), event_key("", "abc", "d")}
    assert len(keys) == 4


def test_a_sealed_event_reads_as_one_message() -> None:
    event = seal(decode(native(tags={"b": "2", "a": "1"}), context()), NOW)
    message = UsageEvent.FromString(event.value)
    assert (message.event_key, message.content_hash) == (event.key, event.content_hash)
    assert message.received_unix_micros == NOW
    assert message.quantities.input_tokens == 900
    assert dict(message.tags) == {"a": "1", "b": "2"}


def test_a_resend_hashes_the_same_and_a_revision_differently() -> None:
    first = seal(decode(native(tags={"b": "2", "a": "1"}), context()), NOW)
    again = seal(decode(native(tags={"a": "1", "b": "2"}), context()), NOW + HOUR)
    grown = seal(decode(native(usage={"input_tokens": 901, "output_tokens": 50}), context()), NOW)
    assert (first.key, first.content_hash) == (again.key, again.content_hash)
    assert grown.key == first.key
    assert grown.content_hash != first.content_hash


def test_an_inferred_time_is_not_part_of_the_content() -> None:
    def arrived(at: int) -> UsageEvent:
        return UsageEvent(
            tenant_id="acme", source="openai", source_event_id="x", time_unix_micros=at, time_inferred=True
        )

    first, later = seal(arrived(NOW), NOW), seal(arrived(NOW + HOUR), NOW + HOUR)
    assert first.content_hash == later.content_hash
    assert UsageEvent.FromString(later.value).time_unix_micros == NOW + HOUR
    told = arrived(NOW)
    told.time_inferred = False
    assert seal(told, NOW).content_hash != first.content_hash
