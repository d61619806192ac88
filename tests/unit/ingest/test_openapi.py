"""The OpenAPI document says what the endpoints do."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from services.ingest.openapi import document
from tests.unit.ingest.building import native
from tests.unit.ingest.serving import serve
from tests.unit.ingest.test_native import DESIGN_EXAMPLE

DOCUMENT = document()


def _schema(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]})


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        return {node["$ref"]} if "$ref" in node else set().union(*map(_references, node.values()), set())
    return set().union(*map(_references, node), set()) if isinstance(node, list) else set()


def test_every_route_is_described_and_every_description_has_a_route() -> None:
    routes = {(route.path, method.lower()) for route in serve().routes for method in route.methods or ()}
    described = {(path, method) for path, operations in DOCUMENT["paths"].items() for method in operations}
    assert routes == described


def test_it_is_json_and_its_references_lead_somewhere() -> None:
    assert orjson.loads(orjson.dumps(DOCUMENT)) == DOCUMENT
    for reference in _references(DOCUMENT):
        node = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    for name in DOCUMENT["components"]["schemas"]:
        Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_the_event_schema_agrees_with_the_decoder() -> None:
    event = _schema("Event")
    assert event.is_valid(DESIGN_EXAMPLE)
    assert event.is_valid(native(usage={"seats": 1, "credits": "1.5"}))
    assert event.is_valid(native(usage={}, outcome="failed"))
    assert event.is_valid(native(usage={}, measurement="reported", source_cost="-1E-7"))
    assert not event.is_valid(native(usage={}, measurement="reported"))
    assert not event.is_valid(native(source_cost="1,5"))
    for wrong in (native(id=None), native(usage={}), native(usage={"tokens": 1}), native(outcome="x"), native(team=1)):
        assert not event.is_valid(wrong)


@pytest.mark.parametrize(
    ("content", "status", "schema"),
    [(native(), "202", "Receipt"), ([native(id=None)], "422", "NothingAccepted"), ([native()] * 51, "413", "Problem")],
)
async def test_answers_have_the_shape_described(content: Any, status: str, schema: str) -> None:
    response = await serve().client.post("/v1/events", json=content)
    assert str(response.status_code) == status
    answers = DOCUMENT["paths"]["/v1/events"]["post"]["responses"]
    assert answers[status]["content"]["application/json"]["schema"] == {"$ref": f"#/components/schemas/{schema}"}
    _schema(schema).validate(response.json())
