"""REST, `/api/v1`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.common.errors import ApiError, FieldViolation, InvalidArgumentError, NotFoundError
from services.common.http.problems import json_response, on_api_error, on_unexpected_error, problem, problem_response
from services.console.api import (
    alerts,
    anomaly_causes,
    anomaly_feedback,
    budgets,
    costs,
    entries,
    findings,
    forecasts,
    governance,
    keys,
    overview,
    reconciliation,
    unpriced,
)
from services.console.api.limits import BodyLimit
from services.console.console import Console

PREFIX = "/api/v1"

_DESCRIPTION = """Spend on AI, computed from the events that came in: costs, budgets, anomalies, savings, governance.

Every call carries `Authorization: Bearer <api key>`; the key decides tenant and role. Money is always a decimal string
of US dollars with 12 decimals. Lists come in pages: pass `next_page_token` as `page_token` until it is empty.
Errors read `{"error": {"code", "message", "details": [{"field", "description"}]}}`."""

_TAGS = [
    {"name": "overview", "description": "Everything at a glance"},
    {"name": "costs", "description": "Sums and the entries behind them"},
    {"name": "budgets", "description": "Amounts for scopes and periods, and where they stand"},
    {"name": "anomalies", "description": "Series that left their range"},
    {"name": "recommendations", "description": "Ways to save, with their evidence"},
    {"name": "alerts", "description": "What was told to people, and who is told what"},
    {"name": "governance", "description": "Tools, approvals, audit"},
    {"name": "keys", "description": "API keys of the tenant; admins only"},
]


def application(console: Callable[[], Console]) -> FastAPI:
    """The API, to be mounted at PREFIX. `console` gives the console to serve, at each request."""
    app = FastAPI(
        title="AI FinOps",
        version="1",
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        exception_handlers={
            ApiError: on_api_error,
            RequestValidationError: _on_invalid,
            HTTPException: _on_http,
            Exception: on_unexpected_error,
        },
    )
    app.state.console = console
    for router in (
        overview.router,
        costs.router,
        entries.router,
        unpriced.router,
        reconciliation.router,
        budgets.router,
        anomaly_feedback.router,
        findings.anomalies_router,
        anomaly_causes.router,
        forecasts.router,
        findings.recommendations_router,
        alerts.router,
        governance.router,
        keys.router,
    ):
        app.include_router(router)
    app.add_middleware(BodyLimit)
    _document_no_422(app)
    return app


def _document_no_422(app: FastAPI) -> None:
    """FastAPI documents its own answer to invalid input; ours is 400."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        document: dict[str, Any] = described()
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document, without a running console; also at `/api/v1/openapi.json`."""

    def none() -> Console:
        raise AssertionError("documents only")

    document: dict[str, Any] = application(none).openapi()
    return document


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    violations = [FieldViolation(_path(problem["loc"]), problem["msg"]) for problem in error.errors()]
    told = "; ".join(f"{violation.field}: {violation.description}" for violation in violations)
    return problem_response(InvalidArgumentError(told, violations=violations))


def _path(location: tuple[int | str, ...]) -> str:
    """("body", "evidence", 0, "statement") is evidence[0].statement; the body as a whole is `body`."""
    path = ""
    for part in location[1:] or location[:1]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return problem_response(NotFoundError(f"no {request.method} {request.url.path}"))
    shown = InvalidArgumentError(str(error.detail))
    return json_response(problem(shown), error.status_code, dict(error.headers or {}))
