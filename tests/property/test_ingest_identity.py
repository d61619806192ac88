"""Keys, hashes and frames."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from finops.usage.v1.usage_pb2 import UsageEvent
from hypothesis import given
from hypothesis import strategies as st

from services.common.event_key import event_key
from services.ingest.adapters.journal import frames
from services.ingest.adapters.journal.frames import Stored
from services.ingest.domain.identity import seal
from services.ingest.domain.sources.native import decode
from tests.unit.ingest.building import NOW, context, native, sealed

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)


@given(st.tuples(NAMES, NAMES, NAMES), st.tuples(NAMES, NAMES, NAMES))
def test_two_keys_are_equal_only_for_equal_names(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert (event_key(*one) == event_key(*other)) == (one == other)


@given(st.dictionaries(NAMES, NAMES, max_size=8), st.randoms(), st.integers(0, 10**6))
def test_the_order_of_fields_and_the_arrival_do_not_matter(tags: dict[str, str], random: Random, later: int) -> None:
    event = native(tags=tags, team="search", usage={"input_tokens": 5, "output_tokens": 6, "web_searches": 1})
    shuffled = {
        name: dict(_shuffled(value.items(), random)) if isinstance(value, dict) else value
        for name, value in _shuffled(event.items(), random)
    }
    first, again = seal(decode(event, context()), NOW), seal(decode(shuffled, context()), NOW + later)
    assert (first.key, first.content_hash) == (again.key, again.content_hash)
    assert dict(UsageEvent.FromString(again.value).tags) == tags


def _shuffled(items: Iterable[tuple[str, Any]], random: Random) -> list[tuple[str, Any]]:
    found = list(items)
    random.shuffle(found)
    return found


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_no_events(data: bytes) -> None:
    found = frames.decode(data)
    assert found.used <= len(data)


@given(st.integers(0, 5), st.binary(max_size=60), st.text(max_size=300))
def test_sound_frames_before_garbage_are_all_read(count: int, garbage: bytes, trace: str) -> None:
    events = [sealed(number) for number in range(count)]
    whole = frames.encode(events, trace)
    kept = trace.encode("ascii", "ignore")[:255].decode()
    found = frames.decode(whole + garbage)
    assert found.frames[:count] == [Stored(event, kept) for event in events]
    assert found.used >= len(whole)
