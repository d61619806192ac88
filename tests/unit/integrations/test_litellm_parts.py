"""Whose request it is, how much it can be, and what the callback is told by its environment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aifinops_litellm.attribution import dimensions
from aifinops_litellm.estimate import Tokens, tokens
from aifinops_litellm.open_requests import OpenRequest, OpenRequests
from aifinops_litellm.settings import Settings


@pytest.mark.parametrize(
    ("auth", "data", "expected"),
    [
        ({}, {}, {}),
        ({"team_id": "t", "team_alias": "search"}, {}, {"team": "search"}),
        ({"user_id": "u", "user_email": "ann@example.com"}, {}, {"user": "ann@example.com"}),
        ({}, {"user": "customer-1"}, {"user": "customer-1", "tag:end_user": "customer-1"}),
        ({"api_key": "hash"}, {}, {"key": "hash"}),
        ({}, {"metadata": {"tags": ["a:b", "c=d:e", "bare"]}}, {"tag:a": "b", "tag:c": "d:e", "tag:bare": "true"}),
        ({}, {"litellm_metadata": {"tags": ["a:b", 7]}}, {"tag:a": "b"}),
        ({"team_alias": " se\narch "}, {}, {"team": "se arch"}),
        ({"team_alias": "x" * 300}, {}, {"team": "x" * 256}),
    ],
)
def test_a_request_is_whose_its_key_says(auth: dict[str, str], data: dict[str, Any], expected: dict[str, str]) -> None:
    assert dimensions(SimpleNamespace(**auth), data) == expected


@pytest.mark.parametrize(
    ("data", "call_type", "expected"),
    [
        ({"messages": [{"content": "x" * 8}], "max_tokens": 5}, "acompletion", Tokens(5, 5, False)),
        ({"prompt": "éé"}, "atext_completion", Tokens(2, 100, True)),
        ({"prompt": [1, 2, 3]}, "atext_completion", Tokens(4, 100, True)),
        ({"prompt": "xxx", "n": 3, "max_tokens": 5}, "acompletion", Tokens(1, 15, False)),
        ({"prompt": "xxx", "max_completion_tokens": 7, "max_tokens": 5}, "acompletion", Tokens(1, 7, False)),
        ({"prompt": "xxx", "max_tokens": 0}, "acompletion", Tokens(1, 100, True)),
        ({"prompt": "xxx", "max_tokens": True}, "acompletion", Tokens(1, 100, True)),
        ({"contents": "xxx", "generationConfig": {"maxOutputTokens": 9}}, "agenerate_content", Tokens(1, 9, False)),
        ({"input": "xxx"}, "aembedding", Tokens(1, 0, False)),
        ({"messages": [{"content": [{"image_url": {"url": "data:" + "x" * 999}}]}]}, "acompletion",
         Tokens(1003, 100, True)),
    ],
)  # fmt: skip
def test_a_request_is_counted_at_its_largest(data: dict[str, Any], call_type: str, expected: Tokens) -> None:
    assert tokens(data, call_type, bytes_per_token=3, media_tokens=1_000, output_without_limit=100) == expected


NEEDED = {"AIFINOPS_GATEWAY_TARGET": "host:1", "AIFINOPS_GATEWAY_KEY": "afk"}


def test_settings_come_from_the_environment() -> None:
    told = NEEDED | {
        "AIFINOPS_GATEWAY_TIMEOUT_MS": "250",
        "AIFINOPS_GATEWAY_ON_FAILURE": "closed",
        "AIFINOPS_GATEWAY_DENIED_STATUS": "402",
        "AIFINOPS_GATEWAY_UNKNOWN_ESTIMATE": "0.25",
    }
    read = Settings.from_environment(told)
    assert (read.timeout_seconds, read.fail_open, read.denied_status) == (0.25, False, 402)
    assert read.unknown_estimate_picos == 25 * 10**10
    assert Settings.from_environment(NEEDED) == Settings(target="host:1", key="afk")


@pytest.mark.parametrize(
    ("name", "value"),
    [("TARGET", ""), ("KEY", " "), ("TIMEOUT_MS", "0"), ("TIMEOUT_MS", "inf"), ("ON_FAILURE", "maybe"),
     ("DENIED_STATUS", "500"), ("LEASE_SECONDS", "86401"), ("MEDIA_TOKENS", "-1"), ("UNKNOWN_ESTIMATE", "NaN"),
     ("UNKNOWN_ESTIMATE", "a lot")],
)  # fmt: skip
def test_a_variable_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"AIFINOPS_GATEWAY_{name}"):
        Settings.from_environment(NEEDED | {f"AIFINOPS_GATEWAY_{name}": value})


def test_an_open_request_is_taken_once_and_forgotten_with_its_lease() -> None:
    waiting = OpenRequests()
    waiting.add(OpenRequest("old", 1, expires=10), now=0)
    waiting.add(OpenRequest("new", 2, expires=20), now=5)
    assert waiting.take("new") is not None
    assert waiting.take("new") is None
    waiting.add(OpenRequest("newest", 3, expires=30), now=10)
    assert waiting.get("old") is None
    assert len(waiting) == 1
