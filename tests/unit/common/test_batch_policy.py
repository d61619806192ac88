"""When a consumer's batch waits no longer."""

from __future__ import annotations

import pytest

from services.common.kafka.consumer import BatchPolicy

LONG_AGO = -1_000.0


def test_without_quiet_a_batch_waits_its_linger_whatever_comes() -> None:
    policy = BatchPolicy(linger_seconds=2)
    assert policy.due(begun=10, grown=10, last=LONG_AGO) == policy.due(begun=10, grown=11.9, last=LONG_AGO) == 12


def test_a_batch_that_stopped_growing_waits_no_longer() -> None:
    policy = BatchPolicy(linger_seconds=2, quiet_seconds=0.5)
    assert policy.due(begun=10, grown=10, last=LONG_AGO) == 10.5
    assert policy.due(begun=10, grown=10.4, last=LONG_AGO) == 10.9


def test_a_steady_stream_waits_no_longer_than_the_linger() -> None:
    policy = BatchPolicy(linger_seconds=2, quiet_seconds=0.5)
    assert policy.due(begun=10, grown=11.8, last=LONG_AGO) == 12


def test_batches_of_a_trickle_are_half_a_linger_apart() -> None:
    policy = BatchPolicy(linger_seconds=2, quiet_seconds=0.5)
    assert policy.due(begun=10, grown=10, last=9.9) == 10.9


@pytest.mark.parametrize(("quiet", "expected"), [(0.4, 0.1), (60, 0.5)])
def test_records_gather_for_a_quarter_of_what_they_may_wait(quiet: float, expected: float) -> None:
    assert BatchPolicy(linger_seconds=2, quiet_seconds=quiet).gathering_seconds == pytest.approx(expected)
