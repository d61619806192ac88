"""REST keeps to its OpenAPI document, also where a request does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.console.api import openapi_document
from tests.e2e.console_backend import Running
from tests.integration.console.client import API, As, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_odd_requests_are_refused_in_the_same_shape(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http, role="editor")
    problem(await call("GET", "/nothing"), 404, "NOT_FOUND")
    problem(await call("PUT", "/budgets", json={}), 405, "INVALID_ARGUMENT")
    problem(await call("POST", "/budgets", content=b"{", headers={"Content-Type": "application/json"}), 400,
            "INVALID_ARGUMENT")  # fmt: skip
    big = b'{"display_name": "' + b"x" * 70_000 + b'"}'
    problem(await call("POST", "/budgets", content=big), 413, "INVALID_ARGUMENT")

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(80):
            yield b"x" * 1_024

    problem(await call("POST", "/budgets", content=unannounced()), 413, "INVALID_ARGUMENT")


async def test_answers_are_what_the_document_says(running: Running, http: httpx.AsyncClient) -> None:
    served = (await http.get(f"{API}/openapi.json")).json()
    assert served == openapi_document()
    assert "422" not in str(served)
    call = As(running, http, role="admin")
    alert = (await call.get("/alerts"))["alerts"][0]["id"]
    examples = {
        "{budget_id}": "all", "{anomaly_id}": "a1", "{recommendation_id}": "r1", "{alert_id}": alert,
        "{route_id}": "on-call",
    }  # fmt: skip
    for template, operations in served["paths"].items():
        if "get" not in operations:
            continue
        path = template
        for placeholder, example in examples.items():
            path = path.replace(placeholder, example)
        operation = operations["get"]
        assert operation["summary"]
        assert {"400", "401", "403", "503"} <= operation["responses"].keys()
        model = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        _conforms(await call.get(path), served["components"]["schemas"], model)


def _conforms(answer: Any, schemas: dict[str, Any], model: str) -> None:
    schema = schemas[model]
    assert set(schema["required"]) <= answer.keys(), model
    if not schema.get("additionalProperties"):
        assert answer.keys() <= schema["properties"].keys(), model
    for name, described in schema["properties"].items():
        items = described.get("items", {})
        if "$ref" in items:
            for item in answer[name][:20]:
                _conforms(item, schemas, items["$ref"].rpartition("/")[2])
