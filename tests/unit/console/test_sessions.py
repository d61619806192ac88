"""Sessions, origins and where a sign-in leads."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from services.common.clock import HOUR, ManualClock
from services.console.web.headers import same_origin
from services.console.web.login import _safe
from services.console.web.sessions import MAX_SESSIONS, Sessions


def sessions(clock: ManualClock) -> Sessions:
    return Sessions("a secret of tests", 2, clock)


def test_a_cookie_leads_to_its_key_until_signed_out() -> None:
    held = sessions(ManualClock(0))
    first, second = held.open("key-1"), held.open("key-2")
    assert (held.key_of(first), held.key_of(second)) == ("key-1", "key-2")
    held.close(first)
    assert (held.key_of(first), held.key_of(second)) == (None, "key-2")
    assert "key-1" not in first


def test_an_unused_session_ends_and_a_used_one_goes_on() -> None:
    clock = ManualClock(0)
    held = sessions(clock)
    used, unused = held.open("used"), held.open("unused")
    clock.advance(HOUR + HOUR // 2)
    assert held.key_of(used) == "used"
    clock.advance(HOUR)
    assert held.key_of(used) == "used"
    assert held.key_of(unused) is None


@pytest.mark.parametrize(
    "forge", [lambda c: c[:-1], lambda c: "x" + c, lambda c: c.split(".")[0], lambda c: "", lambda c: "é.ü"]
)
def test_a_forged_cookie_opens_nothing(forge: object) -> None:
    held = sessions(ManualClock(0))
    cookie = held.open("key")
    assert callable(forge)
    assert held.key_of(forge(cookie)) is None


def test_another_secret_opens_nothing() -> None:
    cookie = sessions(ManualClock(0)).open("key")
    assert Sessions("another secret!!", 2, ManualClock(0)).key_of(cookie) is None


def test_the_oldest_gives_way_when_there_are_too_many() -> None:
    held = sessions(ManualClock(0))
    first = held.open("first")
    second = held.open("second")
    assert held.key_of(first) == "first", "used again, so the second is now the oldest"
    for n in range(MAX_SESSIONS - 1):
        held.open(str(n))
    assert held.key_of(second) is None
    assert held.key_of(first) == "first"


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({"host": "console:8080"}, True),
        ({"host": "console:8080", "origin": "http://console:8080"}, True),
        ({"host": "inner:80", "x-forwarded-host": "finops.example.com", "origin": "https://finops.example.com"}, True),
        ({"host": "console:8080", "origin": "http://console:9090"}, False),
        ({"host": "console:8080", "origin": "https://evil.example"}, False),
        ({"host": "console:8080", "origin": "null"}, False),
    ],
)
def test_only_pages_of_this_host_may_write(headers: dict[str, str], same: bool) -> None:
    assert same_origin(Headers(headers)) is same


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/costs?range=7d", "/costs?range=7d"),
        ("", "/"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("costs", "/"),
    ],
)
def test_signing_in_leads_only_to_this_site(target: str, leads_to: str) -> None:
    assert _safe(target) == leads_to
