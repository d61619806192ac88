"""Ids, page tokens and folds under arbitrary input."""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import UsageEvent
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import InvalidArgumentError
from services.governance.domain import paging
from services.governance.domain.ids import digest
from services.governance.domain.usage import Sightings, Span, UserKey

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
def test_digests_agree_only_for_equal_parts(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


@given(texts, st.integers(0, 2**63 - 1), texts)
def test_page_tokens_come_back(scope: str, number: int, identifier: str) -> None:
    assert paging.decode(scope, paging.encode(scope, (number, identifier))) == (number, identifier)


@given(texts, texts)
def test_arbitrary_tokens_are_refused_or_first_pages(scope: str, token: str) -> None:
    try:
        assert paging.decode(scope, token) is None
        assert token == ""
    except InvalidArgumentError as error:
        assert error.violations[0].field == "page_token"


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
