"""Arbitrary bytes and events never break a decoder, and backoff is monotone."""

from __future__ import annotations

import pytest
from finops.budget.v1.budget_pb2 import BudgetAlert
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from services.common import money
from services.common.kafka.topics import ANOMALIES, BUDGET_ALERTS, GOVERNANCE
from services.notifier.adapters.consumer import _READERS
from services.notifier.adapters.message_json import dump, load
from services.notifier.adapters.senders import opsgenie, pagerduty, slack, teams, webhook
from services.notifier.adapters.senders.http import outcome
from services.notifier.adapters.senders.webhook import signature
from services.notifier.domain.delivery import Outcome, Retry
from services.notifier.domain.message import dollars
from tests.unit.notifier.samples import letter_of


@pytest.mark.parametrize("topic", [BUDGET_ALERTS, ANOMALIES, GOVERNANCE])
@given(value=st.binary(max_size=200))
def test_arbitrary_bytes_are_a_message_nothing_or_refused(topic: str, value: bytes) -> None:
    try:
        message = _READERS[topic](value)
    except (DecodeError, ValueError):
        return
    if message is not None:
        assert load(dump(message)) == message
        assert letter_of(message).text()


@given(st.integers(-(10**24), 10**24), st.integers(0, 10**24), st.integers(0, 1_000), st.integers(0, 2**52))
def test_any_alert_can_be_told(spend: int, amount: int, percent: int, at: int) -> None:
    alert = BudgetAlert(
        alert_id="a", tenant_id="acme", kind=BudgetAlert.KIND_THRESHOLD_CROSSED, threshold_percent=percent,
        spend=money.to_proto(spend), time_unix_micros=at,
    )  # fmt: skip
    alert.budget.amount.CopyFrom(money.to_proto(amount))
    message = _READERS[BUDGET_ALERTS](alert.SerializeToString())
    assert message is not None
    letter = letter_of(message)
    assert all((webhook.payload(letter), slack.payload(letter), teams.payload(letter), pagerduty.payload(letter, "k")))
    assert opsgenie.payload(letter)["alias"] == letter.thread


@given(st.integers(-(10**26), 10**26))
def test_dollars_are_right_to_half_a_cent(picos: int) -> None:
    shown = int(dollars(picos).replace("$", "").replace(",", "").replace(".", "")) * (
        10**10 if abs(picos) >= 10**12 else 10**8
    )
    assert abs(shown - picos) <= 5 * 10**9


@given(st.integers(1, 100), st.integers(1, 10**9), st.integers(1, 10**12), st.integers(1, 10**6))
def test_backoff_never_falls_and_never_passes_its_most(most: int, first: int, limit: int, attempts: int) -> None:
    retry = Retry(most, first, limit)
    assert 0 < retry.backoff(attempts) <= retry.backoff(attempts + 1) <= limit


@given(st.integers(100, 599))
def test_every_status_has_an_outcome_and_only_success_is_delivered(status: int) -> None:
    assert (outcome(status) is Outcome.DELIVERED) == (200 <= status < 300)


@given(st.binary(), st.integers(0, 2**40), st.binary(), st.binary())
def test_signatures_tell_bodies_and_times_apart(secret: bytes, at: int, one: bytes, other: bytes) -> None:
    assert (signature(secret, at, one) == signature(secret, at, other)) == (one == other)
    assert signature(secret, at, one) != signature(secret, at + 1, one)
