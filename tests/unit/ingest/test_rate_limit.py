"""The token bucket."""

from __future__ import annotations

from services.common.clock import SECOND
from services.ingest.domain.rate_limit import RateLimit


def test_a_key_may_burst_and_then_keeps_its_rate() -> None:
    limit = RateLimit(per_second=10, burst=20)
    assert limit.wait("k", 20, 0) == 0
    wait = limit.wait("k", 1, 0)
    assert 0 < wait <= 0.1
    assert limit.wait("k", 1, round(wait * SECOND)) == 0


def test_a_batch_above_the_burst_is_slowed_down_not_refused() -> None:
    limit = RateLimit(per_second=10, burst=20)
    assert limit.wait("k", 100, 0) == 0
    assert limit.wait("k", 1, 7 * SECOND) > 0
    assert limit.wait("k", 1, 9 * SECOND) == 0


def test_keys_do_not_share() -> None:
    limit = RateLimit(per_second=1, burst=1)
    assert limit.wait("a", 5, 0) == 0
    assert limit.wait("b", 5, 0) == 0
    assert limit.wait("a", 1, 0) > 0


def test_over_a_long_time_the_rate_holds() -> None:
    limit = RateLimit(per_second=100, burst=50)
    passed = sum(1 for step in range(1_000) if limit.wait("k", 10, step * SECOND // 100) == 0)
    assert 1_000 <= passed * 10 <= 1_060
