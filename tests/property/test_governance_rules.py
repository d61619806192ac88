"""Ids and folds under arbitrary input."""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import UsageEvent
from hypothesis import given
from hypothesis import strategies as st

from services.governance.domain.ids import digest
from services.governance.domain.usage import Sightings, Span, UserKey

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
def test_digests_agree_only_for_equal_parts(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


events = st.builds(
    UsageEvent,
    tenant_id=st.sampled_from(["acme", "globex"]),
    tool=st.sampled_from(["", "cursor", "chat"]),
    user=st.sampled_from(["", "ann", "bob"]),
    time_unix_micros=st.integers(0, 2**50),
)


@given(st.lists(events, max_size=40), st.integers(0, 40))
def test_folding_in_parts_loses_and_invents_nothing(all_events: list[UsageEvent], cut: int) -> None:
    whole = Sightings(all_events).users()
    merged: dict[UserKey, Span] = {}
    for part in (all_events[:cut], all_events[cut:]):
        for key, span in Sightings(part).users().items():
            merged[key] = merged[key].joined(span) if key in merged else span
    assert merged == whole
    assert all(key.tool_id for key in whole)
