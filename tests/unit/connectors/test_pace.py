"""How fast sources are asked, and when pollers are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.connectors.domain.links import next_url, same_host
from services.connectors.domain.rate_limit import TokenBucket, told_to_wait
from services.connectors.domain.schedule import after_failure, share_of, until_due

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_few_requests_go_at_once_and_then_one_each_interval() -> None:
    bucket = TokenBucket(per_minute=60, burst=3)
    assert [bucket.wait(100.0) for _ in range(6)] == [0, 0, 0, 1, 2, 3]
    assert bucket.wait(200.0) == 0


@given(st.integers(1, 600), st.lists(st.floats(0, 30), max_size=200))
def test_no_minute_sees_more_requests_than_allowed_and_the_burst(per_minute: int, gaps: list[float]) -> None:
    bucket, now, sent = TokenBucket(per_minute), 0.0, []
    for gap in gaps:
        now += gap
        now += bucket.wait(now)
        sent.append(now)
    for begin in sent:
        assert sum(begin <= moment < begin + 60 for moment in sent) <= per_minute + 5 + 1


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after": "7"}, 7),
        (503, {"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30),
        (429, {"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, 0),
        (429, {"retry-after": "soon"}, 0),
        (429, {}, 0),
        (403, {"retry-after": "60"}, 60),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 90)}, 90),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "never"}, 0),
        (403, {"x-ratelimit-remaining": "12"}, None),
        (403, {}, None),
        (500, {"retry-after": "7"}, None),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, None),
    ],
)
def test_an_answer_may_tell_how_long_to_stay_away(status: int, headers: dict[str, str], seconds: float | None) -> None:
    assert told_to_wait(status, headers, NOW) == seconds


@given(st.integers(100, 599), st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-reset"]), st.text()))
def test_no_header_breaks_it(status: int, headers: dict[str, str]) -> None:
    wait = told_to_wait(status, headers | {"x-ratelimit-remaining": "0"}, NOW)
    assert wait is None or wait >= 0


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ('<https://x/a?page=2>; rel="next", <https://x/a?page=9>; rel="last"', "https://x/a?page=2"),
        ('<https://x/a?page=9>; rel="last", <https://x/a?page=2>; rel="next"', "https://x/a?page=2"),
        ('<https://x/a?ids=1,2;3>; title="a, b"; rel=next', "https://x/a?ids=1,2;3"),
        ('<https://x/a>; rel="prev next"', "https://x/a"),
        ('<https://x/a>; rel="last"', ""),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_the_next_page_of_a_link_header(header: str, url: str) -> None:
    assert next_url(header) == url


def test_only_the_same_host_gets_the_secret() -> None:
    assert same_host("https://api.example.com/x?y", "https://api.example.com:443/v1")
    assert not same_host("http://api.example.com/x", "https://api.example.com/v1")
    assert not same_host("https://api.example.com.evil.org/x", "https://api.example.com/v1")
    assert not same_host("https://api.example.com@evil.org/x", "https://api.example.com/v1")
    assert not same_host("https://api.example.com:8443/x", "https://api.example.com/v1")


def test_a_poller_is_due_an_interval_after_its_last_poll() -> None:
    assert until_due(None, NOW, HOUR) == timedelta(0)
    assert until_due(NOW - timedelta(minutes=20), NOW, HOUR) == timedelta(minutes=40)
    assert until_due(NOW - 2 * HOUR, NOW, HOUR) == timedelta(0)
    assert until_due(NOW + 2 * HOUR, NOW, HOUR) == timedelta(0), "a clock that was set back must not silence it"


def test_pauses_after_failures_grow_and_end_at_the_interval() -> None:
    pauses = [after_failure(n, HOUR, lambda: 1.0).total_seconds() for n in (1, 2, 3, 8, 9, 1_000)]
    assert pauses == [5, 10, 20, 600, 600, 600]
    assert after_failure(1_000, timedelta(seconds=30), lambda: 1.0) == timedelta(seconds=30)
    assert after_failure(1, HOUR, lambda: 0.0).total_seconds() == 3.75


def test_each_poller_has_one_share_and_they_spread() -> None:
    shares = [share_of(f"poller-{n}", 6) for n in range(600)]
    assert shares == [share_of(f"poller-{n}", 6) for n in range(600)]
    assert all(60 <= shares.count(share) <= 140 for share in range(6))
