"""The LiteLLM callback with LiteLLM's own router and classes, asking over real gRPC."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from types import ModuleType, SimpleNamespace
from typing import Any

import litellm
import pytest
from aifinops_litellm.callback import MARK, BudgetCallback
from aifinops_litellm.settings import Settings
from fastapi import HTTPException
from finops.usage.v1.usage_pb2 import Quantities

from services.allinone.engines.ports import free_port
from services.common import money
from tests.unit.integrations.platform import PICOS_PER_TOKEN, platform

MODELS = {"small": ["openai/gpt-4o-mini"], "any": ["openai/gpt-4o-mini", "openai/gpt-4o"], "hidden": ["openai/secret"]}
CENT = 10**10


@pytest.fixture(autouse=True)
def router(monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteLLM's own router, where the proxy keeps it; the proxy itself is no part of the project's environment."""
    module: Any = ModuleType("litellm.proxy.proxy_server")
    module.llm_router = litellm.Router(
        model_list=[
            {"model_name": name, "litellm_params": {"model": model, "api_key": "none"}}
            for name, served in MODELS.items()
            for model in served
        ]
    )
    monkeypatch.setitem(sys.modules, "litellm.proxy.proxy_server", module)


def settings(target: str, **changed: Any) -> Settings:
    return Settings(target=target, key="afk_x", **({"timeout_seconds": 5.0} | changed))


def request(model: str = "small", max_tokens: int | None = 1_000, **more: Any) -> dict[str, Any]:
    limit = {} if max_tokens is None else {"max_tokens": max_tokens}
    return {"model": model, "messages": [{"role": "user", "content": "x" * 285}], **limit, **more}


WHO = SimpleNamespace(team_id="t-1", team_alias="search", user_id="ann", key_alias="prod", api_key="hash")


async def ask(callback: BudgetCallback, data: dict[str, Any]) -> str:
    """Asks as the proxy does; the id of the hold."""
    await callback.async_pre_call_hook(WHO, None, data, "acompletion")
    return str(data["metadata"][MARK])


def ended(data: dict[str, Any], **payload: Any) -> dict[str, Any]:
    """What LiteLLM hands to its logging hooks."""
    told = {"id": "chatcmpl-1", "custom_llm_provider": "openai", "model": "gpt-4o-mini", **payload}
    return {"litellm_params": {"metadata": data["metadata"]}, "standard_logging_object": told}


async def test_the_estimate_is_held_under_what_the_event_will_say_and_settled_once() -> None:
    async with platform(CENT) as (book, target):
        callback = BudgetCallback(settings(target))
        data = request(metadata={"tags": ["feature:answers"]})
        hold = await ask(callback, data)
        [intent] = book.intents
        assert dict(intent.dimensions) == {
            "team": "search", "user": "ann", "key": "prod", "tag:feature": "answers",
            "provider": "openai", "model": "gpt-4o-mini",
        }  # fmt: skip
        # 300 bytes with the names of the fields are 100 tokens at three bytes each.
        assert money.from_proto(intent.estimate) == 1_100 * PICOS_PER_TOKEN
        headers = await callback.async_post_call_response_headers_hook(data, WHO, None)
        assert headers == {"x-budget-name": "budgets/search", "x-budget-remaining": "0.0089"}

        kwargs = ended(data, prompt_tokens=90, completion_tokens=10)
        await callback.async_log_success_event(kwargs, None, None, None)
        await callback.async_log_success_event(kwargs, None, None, None)
        [settled] = book.settled
        assert (settled.request_id, settled.event_id) == (hold, "chatcmpl-1")
        assert money.from_proto(settled.actual) == 100 * PICOS_PER_TOKEN


async def test_the_dearest_model_that_may_serve_a_request_counts() -> None:
    async with platform(10 * CENT) as (book, target):
        await ask(BudgetCallback(settings(target)), request("any"))
        [intent] = book.intents
        assert (intent.dimensions["model"], money.from_proto(intent.estimate)) == ("gpt-4o", 11_000 * PICOS_PER_TOKEN)


async def test_a_model_without_a_price_holds_what_was_configured() -> None:
    async with platform(10 * CENT) as (book, target):
        await ask(BudgetCallback(settings(target, unknown_estimate_picos=2 * CENT)), request("hidden"))
        assert money.from_proto(book.intents[0].estimate) == 2 * CENT


async def test_a_denial_says_budget_limit_remainder_and_reset() -> None:
    async with platform(CENT) as (book, target):
        callback = BudgetCallback(settings(target))
        with pytest.raises(HTTPException) as denied:
            await ask(callback, request(max_tokens=None))
        error: Any = denied.value.detail
        assert denied.value.status_code == 429
        # gpt-4o-mini answers 16,384 tokens at most.
        assert error["error"]["message"] == (
            "Budget Search: $0.01 of $0.01 remain, and this request may cost $0.016484. It resets at "
            "2026-12-01T00:00:00Z. Set max_tokens: without it the longest possible answer counts."
        )
        assert error["error"]["budgets"] == [
            {"name": "budgets/search", "display_name": "Search", "limit": "0.01", "remaining": "0.01",
             "resets_at": "2026-12-01T00:00:00Z"}
        ]  # fmt: skip
        assert denied.value.headers is not None and denied.value.headers["x-should-retry"] == "false"
        assert book.amounts == {}


async def test_a_raised_budget_lets_the_next_request_through() -> None:
    async with platform(0) as (book, target):
        callback = BudgetCallback(settings(target))
        with pytest.raises(HTTPException):
            await ask(callback, request())
        book.limit = CENT
        assert await ask(callback, request()) in book.amounts


async def test_concurrent_requests_never_hold_more_than_the_limit() -> None:
    async with platform(CENT) as (book, target):
        callback = BudgetCallback(settings(target))
        answers = await asyncio.gather(*(ask(callback, request()) for _ in range(50)), return_exceptions=True)
        # 0.0011 dollars each: nine fit a cent.
        assert sum(isinstance(answer, str) for answer in answers) == 9
        assert sum(book.amounts.values()) <= book.limit
        assert {answer.status_code for answer in answers if isinstance(answer, HTTPException)} == {429}


async def test_without_an_answer_a_closed_gateway_lets_nothing_through() -> None:
    callback = BudgetCallback(settings(f"127.0.0.1:{free_port()}", fail_open=False))
    with pytest.raises(HTTPException) as refused:
        await ask(callback, request())
    assert refused.value.status_code == 503
    assert refused.value.headers == {"retry-after": "1"}


async def test_without_an_answer_an_open_gateway_lets_pass() -> None:
    assert await ask(BudgetCallback(settings(f"127.0.0.1:{free_port()}")), request())


async def test_an_answer_that_came_too_late_leaves_no_hold() -> None:
    async with platform(CENT) as (book, target):
        callback = BudgetCallback(settings(target, fail_open=False, timeout_seconds=1))
        await callback._budgets.dearest([], Quantities(), 5)  # connected, so that only the answer is late
        book.delay = 2
        with pytest.raises(HTTPException):
            await ask(callback, request())
        await book.until_ended(1)
        assert len(book.released) == 1


async def test_a_failed_attempt_keeps_the_hold_and_the_last_one_releases_it_once() -> None:
    async with platform(CENT) as (book, target):
        callback = BudgetCallback(settings(target))
        data = request()
        hold = await ask(callback, data)
        await callback.async_log_failure_event(ended(data, response_cost=0), None, None, None)
        assert hold in book.amounts
        for _ in range(2):
            await callback.async_post_call_failure_hook(data, RuntimeError("upstream"), WHO)
        await book.until_ended(1)
        await callback.async_log_success_event(ended(data, prompt_tokens=1), None, None, None)
        assert (book.released, book.settled, book.amounts) == ([hold], [], {})


async def test_a_cache_hit_costs_nothing() -> None:
    async with platform(CENT) as (book, target):
        callback = BudgetCallback(settings(target))
        data = request()
        hold = await ask(callback, data)
        await callback.async_log_success_event(ended(data, cache_hit=True, prompt_tokens=9), None, None, None)
        assert (book.released, book.settled) == ([hold], [])


@pytest.mark.parametrize(("chunks_read", "released"), [(0, True), (1, False)])
async def test_a_client_that_leaves_a_stream_owes_what_came(chunks_read: int, released: bool) -> None:
    async with platform(CENT) as (book, target):
        callback = BudgetCallback(settings(target))
        data = request(stream=True)
        hold = await ask(callback, data)
        came = asyncio.Event()
        if chunks_read:
            came.set()
        passed = callback.async_post_call_streaming_iterator_hook(WHO, _chunks(came), data)
        reading = asyncio.create_task(_read(passed))
        await asyncio.sleep(0)
        if chunks_read:
            # Told of as a success, with what came.
            await reading
            await callback.async_log_success_event(ended(data, completion_tokens=1), None, None, None)
        else:
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        await book.until_ended(1)
        assert (hold in book.released, [each.request_id for each in book.settled]) == (
            released,
            [] if released else [hold],
        )


async def test_a_hold_that_a_client_names_is_not_ended() -> None:
    async with platform(CENT) as (book, target):
        callback = BudgetCallback(settings(target))
        first = await ask(callback, request())
        theirs = request(metadata={}, litellm_metadata={MARK: first})
        second = await ask(callback, theirs)
        both = {"metadata": theirs["metadata"], "litellm_metadata": theirs["litellm_metadata"]}
        await callback.async_post_call_failure_hook({**theirs, **both}, RuntimeError("upstream"), WHO)
        await book.until_ended(1)
        assert (book.released, list(book.amounts)) == ([second], [first])


async def _chunks(came: asyncio.Event) -> AsyncIterator[str]:
    await came.wait()
    yield "hi"
    yield "there"


async def _read(passed: AsyncIterator[Any]) -> None:
    async for _ in passed:
        break
