"""The OpenAPI 3.1 document of ingest. Written by hand: its endpoints read bytes, not models."""

from __future__ import annotations

import sys
from typing import Any

from services.ingest.adapters.http.payload import CLOUDEVENT, CLOUDEVENTS_BATCH, EVENT_STREAM
from services.ingest.adapters.http.routes import UNKNOWN_PROVIDER
from services.ingest.domain import fields
from services.ingest.domain.attribution import HEADERS
from services.ingest.domain.rejection import Reason
from services.ingest.domain.sources import (
    ADJUSTMENTS,
    CLOUDEVENTS,
    COMPATIBLE,
    NATIVE,
    SEATS,
    SOURCES,
    Source,
    adjustments,
    native,
    seats,
)

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "maxLength": fields.MAX_TEXT}
_TIME: Schema = {"type": "string", "format": "date-time"}
_TAGS: Schema = {
    "type": "object",
    "maxProperties": fields.MAX_TAGS,
    "propertyNames": {"minLength": 1, "maxLength": fields.MAX_TAG_NAME},
    "additionalProperties": _TEXT,
}
_DOLLARS: Schema = {
    "type": "string",
    "maxLength": fields.MAX_DOLLARS_TEXT,
    "pattern": f"^{fields.AMOUNT}$",
    "description": "Dollars, at most 12 decimals. Negative, a credit, only where `measurement` is `reported`",
}
_SEAT: Schema = {
    "last_active_at": _TIME | {"description": "Absent: unknown, which is not idleness"},
    "pending_cancellation": {"type": "boolean"},
    "price_per_month": {
        "type": "string",
        "pattern": r"^\d{1,6}(\.\d{1,12})?$",
        "description": "Dollars, at most 100,000; comes before the plan's list price",
    },
}


def document() -> Schema:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AI FinOps ingest",
            "version": "1",
            "description": "Takes in uses of AI. Metadata only: messages, prompts and completions are dropped unread. "
            "Bodies may be gzip (`Content-Encoding: gzip`).",
        },
        "paths": {source.path: {"post": _operation(source)} for source in SOURCES if source is not CLOUDEVENTS}
        | {UNKNOWN_PROVIDER: {"post": _unknown_provider()}},
        "components": {
            "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer", "description": "afk_..."}},
            "schemas": {
                "Event": _event(),
                "CloudEvent": _cloud_event(),
                "RosterSeat": _roster_seat(),
                "Adjustment": _adjustment(),
                "ProviderObject": {
                    "type": "object",
                    "description": "What the provider answered, whole, or its usage object",
                },
                "Receipt": _receipt(),
                "Problem": _problem(),
                "NothingAccepted": {"allOf": [_ref("Receipt"), _ref("Problem")]},
            },
            "headers": {"RetryAfter": {"schema": {"type": "integer"}, "description": "Seconds"}},
        },
        "security": [{"apiKey": []}],
    }


def _operation(source: Source) -> Schema:
    operation: Schema = {
        "operationId": f"post_{source.name.replace('-', '_')}",
        "summary": source.title,
        "description": sys.modules[source.decode.__module__].__doc__ or source.title,
        "requestBody": {"required": True, "content": _content(source)},
        "responses": _responses(),
    }
    if source.attributed:
        operation["parameters"] = [_header(name, f"The event's {field}") for name, field in HEADERS.items()] + [
            _header("x-tags", "k=v,k=v"),
            _header("x-id", "The id of an object that has none; for one object alone"),
            _header("x-model", "The model of an object that names none"),
            _header("x-time", "RFC 3339 time of an object that tells none; without it, its arrival"),
            _header("x-estimated", "`true`: a partial, which the final record of the same id supersedes"),
            *([_header("x-provider", "Who served it", required=True)] if source is COMPATIBLE else []),
        ]
    return operation


def _unknown_provider() -> Schema:
    return {
        "operationId": "post_unknown_provider",
        "summary": "Any other provider is not known here",
        "description": "The names that are known have the paths of their own above, and their answers.",
        "parameters": [{"name": "provider", "in": "path", "required": True, "schema": {"type": "string"}}],
        "responses": _responses() | {"404": _answer("The message lists the known providers", "Problem")},
    }


def _content(source: Source) -> Schema:
    schema = _ref({NATIVE: "Event", SEATS: "RosterSeat", ADJUSTMENTS: "Adjustment"}.get(source, "ProviderObject"))
    content: Schema = {
        "application/json": {"schema": {"oneOf": [schema, {"type": "array", "items": schema}]}},
        "application/x-ndjson": {"schema": {"type": "string", "description": "One JSON object a line"}},
    }
    if source.streams:
        content[EVENT_STREAM] = {"schema": {"type": "string", "description": "A stream, whole, as it was sent"}}
    if source.path == CLOUDEVENTS.path:
        content[CLOUDEVENT] = {"schema": _ref("CloudEvent")}
        content[CLOUDEVENTS_BATCH] = {"schema": {"type": "array", "items": _ref("CloudEvent")}}
    return content


def _header(name: str, description: str, *, required: bool = False) -> Schema:
    header = {"name": name.title(), "in": "header", "description": description, "schema": {"type": "string"}}
    return header | ({"required": True} if required else {})


def _responses() -> Schema:
    retry = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    return {
        "202": _answer("The accepted events are durable; `rejected` tells of the others", "Receipt"),
        "400": _answer("The body or a header cannot be read; the message says where", "Problem"),
        "401": _answer("No API key, or an unknown one", "Problem"),
        "403": _answer("The key's role may not do this", "Problem"),
        "413": _answer("Too many bytes or events: send fewer at a time", "Problem"),
        "415": _answer("A Content-Type or Content-Encoding that is not read here", "Problem"),
        "422": _answer("Nothing in the body can be accepted", "NothingAccepted"),
        "429": _answer("The key is over its rate", "Problem") | {"headers": retry},
        "503": _answer("The events cannot be made durable now: send all of them again", "Problem") | {"headers": retry},
    }


def _answer(description: str, schema: str) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": _ref(schema)}}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _event() -> Schema:
    usage: Schema = {name: _count(fields.MAX_COUNT) for name in native.USAGE_FIELDS}
    usage["seats"] = _count(fields.MAX_SEATS) | {"description": "Seats held during the event's UTC day"}
    usage["credits"] = {"type": ["string", "number"], "description": "The tool's own credits, up to 6 decimals"}
    usage["audio_seconds"] = {"type": ["string", "number"], "description": "Audio billed by duration, up to 3 decimals"}
    usage["gpu_seconds"] = {"type": ["string", "number"], "description": "GPUs times seconds held, up to 3 decimals"}
    return {
        "type": "object",
        "required": ["id", "time"],
        "description": "The buckets of `usage` are disjoint: no token is counted in two of them. Fields not named here "
        "are dropped.",
        "properties": {
            "id": _TEXT | {"minLength": 1, "description": "The source's own id; the same on every resend"},
            "time": _TIME | {"description": "When the use happened"},
            **dict.fromkeys(native.TEXT_FIELDS, _TEXT),
            "tags": _TAGS,
            "batch": {"type": "boolean"},
            "estimated": {"type": "boolean", "description": "A partial that a final event of the same id supersedes"},
            "outcome": {"enum": list(native.OUTCOMES)},
            "measurement": {"enum": list(native.MEASUREMENTS)},
            "source_cost": _DOLLARS
            | {"description": "What the source itself believes it cost, kept beside our price and never added to it"},
            "billed_cost": _DOLLARS
            | {
                "description": "What the vendor bills for this very event: its cost, whatever price lists say. Send it "
                "instead of `source_cost`"
            },
            "usage": {
                "type": "object",
                "additionalProperties": False,
                "properties": usage,
            },
            "seat": {"type": "object", "additionalProperties": False, "properties": {"assigned_at": _TIME, **_SEAT}},
            "metrics": {
                "type": "object",
                "maxProperties": fields.MAX_METRICS,
                "propertyNames": {"pattern": f"^{fields.METRIC_NAME}$"},
                "additionalProperties": _count(fields.MAX_METRIC),
                "description": "What the use stands for in your own business, such as orders; costs are divided by it",
            },
        },
        "anyOf": [
            {"required": ["usage"], "properties": {"usage": {"minProperties": 1}}},
            {"required": ["metrics"], "properties": {"metrics": {"minProperties": 1}}},
            {"required": ["usage", "outcome"], "properties": {"outcome": {"enum": list(native.OUTCOMES)[1:]}}},
            {"required": ["usage", "billed_cost"], "properties": {"billed_cost": {"type": "string"}}},
            {
                "required": ["usage", "measurement", "source_cost"],
                "properties": {"measurement": {"const": "reported"}, "source_cost": {"type": "string"}},
            },
        ],
    }


def _roster_seat() -> Schema:
    day: Schema = {
        "description": "RFC 3339, or a UTC day",
        "oneOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}],
    }
    name = _TEXT | {"minLength": 1}
    return {
        "type": "object",
        "required": ["user", "plan"],
        "additionalProperties": False,
        "description": "One event for every UTC day the seat was held, from `from` through `through`: today unless "
        "given. The day of assignment counts, the day of removal does not",
        "properties": {
            **dict.fromkeys(seats.FIELDS, _TEXT),
            "user": name,
            "plan": name | {"description": "What is paid for, such as chatgpt-business"},
            "tags": _TAGS,
            **_SEAT,
            **dict.fromkeys(("assigned_at", "removed_at", "from", "through"), day),
        },
    }


def _adjustment() -> Schema:
    name = _TEXT | {"minLength": 1}
    return {
        "type": "object",
        "required": ["id", "time", "amount", "reason"],
        "additionalProperties": False,
        "properties": {
            **dict.fromkeys(adjustments.FIELDS, _TEXT),
            "id": name | {"description": "Your own; the same on every resend"},
            "time": _TIME | {"description": "The moment whose costs it adjusts"},
            "amount": _DOLLARS | {"description": "Dollars, at most 12 decimals; negative lowers the cost"},
            "reason": name | {"description": "For whoever reads the ledger later"},
            "tags": _TAGS,
        },
    }


def _count(maximum: int) -> Schema:
    return {"type": "integer", "minimum": 0, "maximum": maximum}


def _cloud_event() -> Schema:
    text = {"type": "string", "minLength": 1, "maxLength": fields.MAX_TEXT}
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "description": "CloudEvents 1.0; also in binary mode, with `ce-` headers and the event as a JSON body. "
        "The envelope's id and source identify the event.",
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text,
            "source": text,
            "type": {"type": "string", "minLength": 1},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"type": "string"},
            "data": {"type": "object", "description": "An Event; its id and source may be left out"},
        },
    }


def _receipt() -> Schema:
    return {
        "type": "object",
        "required": ["accepted", "rejected"],
        "properties": {
            "accepted": {
                "type": "integer",
                "minimum": 0,
                "description": "Events: a stream is one, and an object that tells of several models is several",
            },
            "rejected": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["index", "code", "message"],
                    "properties": {
                        "index": {"type": "integer", "description": "Position in the request, from 0"},
                        "code": {"enum": [reason.value for reason in Reason]},
                        "message": {"type": "string", "description": "The field's path and how to mend it"},
                    },
                },
            },
        },
    }


def _problem() -> Schema:
    detail = {"type": "object", "properties": {"field": {"type": "string"}, "description": {"type": "string"}}}
    return {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "details"],
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "details": {"type": "array", "items": detail},
                },
            }
        },
    }
