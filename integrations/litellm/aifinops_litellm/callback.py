"""The hooks a LiteLLM proxy calls: hold before a request goes out, settle or release once its end is known.

What is held is replaced by the usage event that `usage.py` sends, whose id is the answer's and so is known only
afterwards: settling names it. A request that nothing tells the end of (the worker was killed) is
held until its lease is over.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
import uuid
from collections.abc import AsyncGenerator, Coroutine, Mapping
from typing import Any

import grpc
from fastapi import HTTPException
from finops.usage.v1.usage_pb2 import Quantities
from litellm.integrations.custom_logger import CustomLogger

from aifinops_litellm import denial
from aifinops_litellm.attribution import dimensions
from aifinops_litellm.budgets import Budgets
from aifinops_litellm.deployments import Deployment, deployments
from aifinops_litellm.estimate import Tokens, tokens
from aifinops_litellm.open_requests import OpenRequest, OpenRequests
from aifinops_litellm.settings import Settings

log = logging.getLogger("aifinops")

MARK = "aifinops_reservation"
"""In a request's metadata, which LiteLLM hands to every later hook: the id of its hold."""

_BACKGROUND_SECONDS = 5.0
_ATTEMPTS = 3


class BudgetCallback(CustomLogger):
    """Enforces the platform's budgets."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._budgets = Budgets(settings)
        self._open = OpenRequests()
        self._tasks: set[asyncio.Task[None]] = set()

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any] | None:
        """Holds the estimate. Raises HTTPException: a budget would be passed, or nobody can tell and that denies."""
        _forget(data)
        model = data.get("model")
        if not isinstance(model, str) or not model:
            # Lists, retrievals and the like; what spends names its model.
            return None
        served = deployments(model, getattr(user_api_key_dict, "team_id", None))
        wanted = self._tokens(data, call_type, served)
        dearest, estimate = await self._estimate(served, wanted)
        labels = dimensions(user_api_key_dict, data) | {"provider": dearest.provider, "model": dearest.model}
        request_id = str(uuid.uuid4())
        headers = await self._reserve(request_id, labels, estimate, wanted)
        now = time.monotonic()
        self._open.add(OpenRequest(request_id, estimate, now + self._settings.lease_seconds, headers), now)
        _metadata(data)[MARK] = request_id
        return None

    async def async_post_call_response_headers_hook(
        self,
        data: dict[str, Any],
        user_api_key_dict: Any,
        response: object,
        request_headers: dict[str, str] | None = None,
        litellm_call_info: dict[str, object] | None = None,
    ) -> dict[str, str] | None:
        """What remains of the strictest budget."""
        request = self._open.get(_mark(data))
        return dict(request.headers) if request is not None else None

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """The answer is complete, or as much of it as came before the client went away."""
        await self._end(kwargs)

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """One attempt failed. Another may follow, so the hold stays, unless what came until then is billed."""
        if _payload(kwargs).get("response_cost"):
            await self._end(kwargs)

    async def async_post_call_failure_hook(
        self, request_data: dict[str, Any], original_exception: Exception, user_api_key_dict: Any, *_: Any, **__: Any
    ) -> None:
        """No attempt is left."""
        self._release(request_data)

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """Passes the stream on. A client that leaves before anything came owes nothing, and LiteLLM tells nobody; one
        that leaves later is told of as a success with what came."""
        begun = False
        try:
            async for chunk in response:
                begun = True
                yield chunk
        except (GeneratorExit, asyncio.CancelledError):
            if not begun:
                self._release(request_data)
            raise

    def _tokens(self, data: Mapping[str, Any], call_type: str, served: list[Deployment]) -> Tokens:
        settings = self._settings
        return tokens(
            data,
            call_type,
            bytes_per_token=settings.bytes_per_token,
            media_tokens=settings.media_tokens,
            output_without_limit=settings.output_tokens or max(each.max_output_tokens for each in served),
        )

    async def _estimate(self, served: list[Deployment], wanted: Tokens) -> tuple[Deployment, int]:
        """The dearest of the models that may serve it, and its cost in picodollars."""
        quoted = await self._quote(
            [(each.provider, each.model) for each in served],
            wanted.input,
            wanted.output,
            self._settings.timeout_seconds,
        )
        if quoted is None:
            return served[0], self._settings.unknown_estimate_picos
        provider, model, cost = quoted
        return next(each for each in served if (each.provider, each.model) == (provider, model)), cost

    async def _quote(
        self, models: list[tuple[str, str]], read: int, written: int, timeout_seconds: float
    ) -> tuple[str, str, int] | None:
        quantities = Quantities(input_tokens=read, output_tokens=written, requests=1)
        try:
            return await self._budgets.dearest(models, quantities, timeout_seconds)
        except grpc.aio.AioRpcError as error:
            log.warning("no price for %s: %s %s", models, error.code().name, error.details())
            return None

    async def _reserve(
        self, request_id: str, labels: Mapping[str, str], estimate: int, wanted: Tokens
    ) -> Mapping[str, str]:
        try:
            decision = await self._budgets.reserve(request_id, labels, estimate, self._settings.timeout_seconds)
        except grpc.aio.AioRpcError as error:
            return self._undecided(request_id, error)
        if not decision.allowed:
            hint = "Set max_tokens: without it the longest possible answer counts." if wanted.assumed_output else ""
            raise HTTPException(
                status_code=self._settings.denied_status,
                detail=denial.body(decision, estimate, hint),
                headers=denial.headers(decision, time.time()),
            )
        return denial.headroom(decision)

    def _undecided(self, request_id: str, error: grpc.aio.AioRpcError) -> Mapping[str, str]:
        log.error("no decision on a budget: %s %s", error.code().name, error.details())
        if self._settings.fail_open:
            # It may be held all the same, so its end is told.
            return {}
        self._soon(self._budgets.release(request_id, _BACKGROUND_SECONDS))
        message = "The budget service does not answer, and this gateway lets nothing through without it."
        raise HTTPException(
            status_code=503,
            detail={"error": {"message": message, "type": "budget_unavailable", "code": "budget_unavailable"}},
            headers={"retry-after": "1"},
        )

    async def _end(self, kwargs: Mapping[str, Any]) -> None:
        request = self._open.take(_mark(_parameters(kwargs)))
        if request is None:
            return
        payload = _payload(kwargs)
        event_id = str(payload.get("id") or "")
        spent = 0 if payload.get("cache_hit") is True else await self._actual(payload, request.estimate_picos)
        if spent and event_id:
            await self._surely(lambda: self._budgets.settle(request.request_id, spent, event_id, _BACKGROUND_SECONDS))
        else:
            await self._surely(lambda: self._budgets.release(request.request_id, _BACKGROUND_SECONDS))

    async def _actual(self, payload: Mapping[str, Any], estimate: int) -> int:
        """What was spent at most, in picodollars, until the usage event tells it exactly: cached tokens count as if
        they were not. LiteLLM's own figure, and then the estimate, where the platform knows no price."""
        provider, model = str(payload.get("custom_llm_provider") or ""), str(payload.get("model") or "")
        read, written = _count(payload.get("prompt_tokens")), _count(payload.get("completion_tokens"))
        if read or written:
            served = [(provider, model.removeprefix(f"{provider}/"))]
            quoted = await self._quote(served, read, written, _BACKGROUND_SECONDS)
            if quoted is not None:
                return quoted[2]
        cost = payload.get("response_cost")
        return round(cost * 10**12) if isinstance(cost, int | float) and cost > 0 else estimate

    def _release(self, data: Mapping[str, Any]) -> None:
        request = self._open.take(_mark(data))
        if request is not None:
            request_id = request.request_id
            self._soon(self._surely(lambda: self._budgets.release(request_id, _BACKGROUND_SECONDS)))

    async def _surely(self, call: Any) -> None:
        """Calls again after a failure; after the last one the hold ends with its lease."""
        for attempt in range(_ATTEMPTS):
            try:
                await call()
                return
            except grpc.aio.AioRpcError as error:
                log.warning("could not end a hold: %s %s", error.code().name, error.details())
                await asyncio.sleep(2.0**attempt)

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        async def quietly() -> None:
            try:
                await work
            except grpc.aio.AioRpcError as error:
                log.warning("could not end a hold: %s %s", error.code().name, error.details())

        task = asyncio.create_task(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _metadata(data: dict[str, Any]) -> dict[str, Any]:
    """Where LiteLLM keeps what it knows of a request: under one of two names, depending on the route."""
    for name in ("litellm_metadata", "metadata"):
        place = data.get(name)
        if isinstance(place, dict) and "user_api_key" in place:
            return place
    place = data.setdefault("metadata", {})
    return place if isinstance(place, dict) else data.setdefault("litellm_metadata", {})


def _forget(data: Mapping[str, Any]) -> None:
    """What a client wrote there itself."""
    for name in ("litellm_metadata", "metadata"):
        place = data.get(name)
        if isinstance(place, dict):
            place.pop(MARK, None)


def _mark(data: Mapping[str, Any]) -> str:
    for name in ("litellm_metadata", "metadata"):
        place = data.get(name)
        if isinstance(place, Mapping) and isinstance(place.get(MARK), str):
            return str(place[MARK])
    return ""


def _parameters(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    found = kwargs.get("litellm_params")
    return found if isinstance(found, Mapping) else {}


def _payload(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    found = kwargs.get("standard_logging_object")
    return found if isinstance(found, Mapping) else {}


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def __getattr__(name: str) -> BudgetCallback:
    """`budgets` is what a proxy's configuration names; it is made when it is asked for, from the environment."""
    if name != "budgets":
        raise AttributeError(name)
    made = BudgetCallback(Settings.from_environment(os.environ))
    globals()[name] = made
    return made
