"""Errors as JSON: `{"error": {"code", "message", "details": [{"field", "description"}]}}`, never a traceback."""

from __future__ import annotations

import math
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from services.common.auth import TENANT_METADATA, Access, Principal
from services.common.errors import ApiError
from services.common.keyring import KeyRing
from services.common.log import get_logger

log = get_logger(__name__)


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(content), status, headers, "application/json")


def problem_response(error: ApiError) -> Response:
    """The answer that tells this error."""
    headers: dict[str, str] = {}
    if error.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after_seconds is not None or error.http_status in (429, 503):
        headers["Retry-After"] = str(math.ceil(error.retry_after_seconds or 1))
    return json_response(problem(error), error.http_status, headers)


def problem(error: ApiError) -> dict[str, Any]:
    """The body that tells this error."""
    details = [{"field": v.field, "description": v.description} for v in error.violations]
    return {"error": {"code": error.code, "message": error.message, "details": details}}


async def on_api_error(_request: Request, error: Exception) -> Response:
    """Starlette exception handler for ApiError."""
    assert isinstance(error, ApiError)
    return problem_response(error)


async def on_unexpected_error(request: Request, error: Exception) -> Response:
    """Starlette exception handler for everything else: logged whole, told briefly."""
    log.error("request failed", method=request.method, path=request.url.path, exc_info=error)
    return problem_response(ApiError("internal error; the server's log has the details"))


async def authenticate(request: Request, keyring: KeyRing, access: Access) -> Principal:
    """The caller of a request, who must have `access`.

    Raises:
        UnauthenticatedError, PermissionDeniedError
    """
    headers = request.headers
    principal = await keyring.authenticate(headers.get("authorization"), headers.get(TENANT_METADATA, ""))
    principal.require(access)
    return principal
