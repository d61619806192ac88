"""Requests made up from ingest's OpenAPI document, and near misses of them, against the running application."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.common.http.server import application
from services.ingest.adapters.http.routes import UNKNOWN_PROVIDER
from services.ingest.openapi import document
from tests.unit.ingest.serving import serve


async def _document(_request: Request) -> JSONResponse:
    return JSONResponse(document())


_served = serve()
_app = application([*_served.routes, Route("/openapi.json", _document)], None, dict)
# The endpoints of the other providers are described, and read bodies, by the same code as OpenAI's.
_DISTINCT = [
    "/v1/events",
    "/v1/seats",
    "/v1/litellm",
    "/v1/usage/openai",
    "/v1/usage/openai-compatible",
    UNKNOWN_PROVIDER,
]
_api = schemathesis.openapi.from_asgi("/openapi.json", _app).include(path=_DISTINCT)


# A schema cannot say all that makes an event sensible, such as a time in the window or parts that fit their total.
_TOO_MUCH = [check for check in CHECKS.get_all() if check.__name__ == "positive_data_acceptance"]
assert len(_TOO_MUCH) == 1


@_api.parametrize()
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_the_document_tells_what_happens(case: schemathesis.Case) -> None:
    case.call_and_validate(
        headers={"Authorization": _served.client.headers["Authorization"]}, excluded_checks=_TOO_MUCH
    )
