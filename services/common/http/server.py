"""The HTTP server of a process: its services' routes, health, readiness and metrics."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import uvicorn
from opentelemetry import propagate
from opentelemetry.trace import SpanKind
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from services.common.component import Health
from services.common.errors import ApiError, MethodNotAllowedError
from services.common.http.problems import json_response, on_api_error, on_unexpected_error, problem_response
from services.common.listening import listen
from services.common.metrics import HTTP_SECONDS
from services.common.settings import HttpSettings
from services.common.tracing import tracer


class HttpServer:
    """Serves routes on one port. A component, whose start raises PortTakenError."""

    def __init__(
        self,
        settings: HttpSettings,
        routes: Sequence[BaseRoute],
        web: Starlette | None,
        checks: Callable[[], Mapping[str, Health]],
    ) -> None:
        self.name = "http server"
        self._settings = settings
        self._app = application(routes, web, checks)
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.port = settings.port

    async def start(self) -> None:
        mend = "set AIFINOPS_HTTP__PORT to a free port, or end what listens there"
        listener = listen(self._settings.host, self._settings.port, mend)
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=30,
        )
        self._server = _EmbeddedServer(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started and not self._serving.done():
            await asyncio.sleep(0.01)
        if self._serving.done():
            self._serving.result()

    async def stop(self) -> None:
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
            self._server = None

    def health(self) -> Health:
        return Health(ready=self._server is not None)


class _EmbeddedServer(uvicorn.Server):
    """The host handles signals, not uvicorn."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def application(
    routes: Sequence[BaseRoute], web: Starlette | None, checks: Callable[[], Mapping[str, Health]]
) -> Starlette:
    """The routes, `/healthz` (restart me unless 200), `/readyz` (send me traffic only at 200) and `/metrics`."""

    async def healthz(_request: Request) -> Response:
        return _report(checks(), lambda health: health.alive)

    async def readyz(_request: Request) -> Response:
        return _report(checks(), lambda health: health.ready and health.alive)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    all_routes = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        *routes,
        *_other_verbs(routes),
        *([Mount("/", web)] if web is not None else []),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            if web is not None:
                await stack.enter_async_context(web.router.lifespan_context(web))
            yield

    app = Starlette(
        routes=all_routes,
        lifespan=lifespan,
        exception_handlers={ApiError: on_api_error, Exception: on_unexpected_error},
    )
    app.add_middleware(_Observed)
    return app


_VERBS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


def _other_verbs(routes: Sequence[BaseRoute]) -> list[Route]:
    """What else may be asked of the routes' paths: 405, instead of the web pages' 404."""
    allowed: dict[str, set[str]] = {}
    for route in routes:
        if isinstance(route, Route):
            allowed.setdefault(route.path, set()).update(route.methods or ())
    return [
        Route(path, _refusal(sorted(verbs)), methods=sorted(_VERBS - verbs), include_in_schema=False)
        for path, verbs in allowed.items()
    ]


def _refusal(verbs: Sequence[str]) -> Callable[[Request], Awaitable[Response]]:
    async def refuse(request: Request) -> Response:
        response = problem_response(
            MethodNotAllowedError(f"{request.method} is not known here: use {', '.join(verbs)}")
        )
        response.headers["Allow"] = ", ".join(verbs)
        return response

    return refuse


def _report(checks: Mapping[str, Health], passes: Callable[[Health], bool]) -> Response:
    failing = {name: health.detail for name, health in checks.items() if not passes(health)}
    notes = {name: health.detail for name, health in checks.items() if passes(health) and health.detail}
    status = "failing" if failing else "ok"
    return json_response({"status": status, "failing": failing, "notes": notes}, 503 if failing else 200)


class _Observed:
    """A span and a timing around each request."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
                   if name in (b"traceparent", b"tracestate")}  # fmt: skip

        async def observed_send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with tracer.start_as_current_span("http request", context=propagate.extract(carrier), kind=SpanKind.SERVER):
            try:
                await self._app(scope, receive, observed_send)
            finally:
                route = getattr(scope.get("route"), "path", "other")
                HTTP_SECONDS.labels(scope["method"], route, str(status)).observe(time.perf_counter() - started)
