"""As much of the platform's HTTP API as the demo uses, on a real port, keeping what it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.common.clock import to_micros
from services.common.http.server import HttpServer
from services.common.settings import HttpSettings
from services.ingest.domain.attribution import HeaderMap
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Rejected
from services.ingest.domain.sources import anthropic, litellm, native, openai
from services.ingest.domain.times import TimeWindow

KEY = "afk_abcdefghijkl_" + "x" * 43


class Platform:
    """Decodes with ingest's own decoders; keeps events by source and id, resources by id."""

    def __init__(self, budget_made: datetime | None = None) -> None:
        self.budget_made = budget_made
        self.events: dict[tuple[str, str], bytes] = {}
        self.resent = 0
        self.changed: list[tuple[str, str]] = []
        self.resources: dict[str, dict[str, Any]] = {}
        self.denied: list[str] = []
        self.busy = 0
        """Answers that many requests with 503 first."""
        decoders = {"/v1/events": native, "/v1/usage/openai": openai, "/v1/usage/anthropic": anthropic,
                    "/v1/litellm": litellm}  # fmt: skip
        routes = [Route(path, self._ingest(module.decode), methods=["POST"]) for path, module in decoders.items()]
        routes += [Route(f"/api/v1/{kind}", self._create(kind), methods=["POST"])
                   for kind in ("budgets", "tools", "approvals")]  # fmt: skip
        routes += [
            Route("/api/v1/budgets/{id}", self._budget),
            Route("/api/v1/approvals/{id}:deny", self._deny, methods=["POST"]),
        ]
        self._server = HttpServer(HttpSettings(host="127.0.0.1", port=0), routes, None, dict)

    async def __aenter__(self) -> Platform:
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    def _ingest(self, decode: Callable[[object, Context], Any]) -> Callable[..., Any]:
        async def endpoint(request: Request) -> Response:
            body = orjson.loads(await request.body())
            if (refused := self._refused(request)) is not None:
                return refused
            now = to_micros(datetime.now(UTC))
            window = TimeWindow.at(now, max_age_days=400, max_ahead_seconds=5)
            context = Context("acme", now, window, HeaderMap().read(request.headers))
            items = body if isinstance(body, list) else [body]
            rejected = []
            for index, item in enumerate(items):
                try:
                    self._keep(decode(item, context))
                except Rejected as why:
                    rejected.append({"index": index, "code": "INVALID", "message": str(why)})
            return JSONResponse({"accepted": len(items) - len(rejected), "rejected": rejected}, 202)

        return endpoint

    def _keep(self, event: Any) -> None:
        key, content = (event.source, event.source_event_id), event.SerializeToString(deterministic=True)
        if key in self.events:
            self.resent += 1
            if self.events[key] != content:
                self.changed.append(key)
        self.events[key] = content

    def _create(self, kind: str) -> Callable[..., Any]:
        async def endpoint(request: Request) -> Response:
            if (refused := self._refused(request)) is not None:
                return refused
            body = orjson.loads(await request.body())
            name = f"{kind}/{body.get('id') or body.get('tool')}"
            if name in self.resources:
                return JSONResponse({"error": {"code": "ALREADY_EXISTS", "message": name, "details": []}}, 409)
            made = self.budget_made or datetime.now(UTC)
            self.resources[name] = {
                "id": name.split("/")[1],
                "create_time": made.isoformat(),
                "state": "requested",
            } | body
            return JSONResponse(self.resources[name], 201)

        return endpoint

    async def _budget(self, request: Request) -> Response:
        return JSONResponse(self.resources[f"budgets/{request.path_params['id']}"])

    async def _deny(self, request: Request) -> Response:
        self.denied.append(request.path_params["id"])
        return JSONResponse({})

    def _refused(self, request: Request) -> Response | None:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            error = {"code": "UNAUTHENTICATED", "message": "unknown API key", "details": []}
            return JSONResponse({"error": error}, 401)
        if self.busy:
            self.busy -= 1
            return Response(status_code=503, headers={"Retry-After": "0"})
        return None
