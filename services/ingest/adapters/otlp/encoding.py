"""OTLP's two encodings: binary protobuf, and JSON, which writes trace and span ids in hexadecimal."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

import orjson
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from services.common.errors import InvalidArgumentError, UnsupportedMediaTypeError

PROTOBUF = "application/x-protobuf"
JSON = "application/json"

AnyMessage = TypeVar("AnyMessage", bound=Message)

_PATHS = (
    ("resourceSpans", "resource_spans", "scopeSpans", "scope_spans", "spans", "spans"),
    ("resourceLogs", "resource_logs", "scopeLogs", "scope_logs", "logRecords", "log_records"),
)
_IDS = ("traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id")
_NESTED = ("links", "events", "exemplars")
_DEPTH = 100


class Encoding(Protocol):
    """How a request came, and its answer goes."""

    media_type: str

    def read(self, body: bytes, kind: type[AnyMessage]) -> AnyMessage:
        """The message.

        Raises:
            InvalidArgumentError: it cannot be read.
        """
        ...

    def write(self, message: Message) -> bytes: ...


class _Protobuf:
    media_type = PROTOBUF

    def read(self, body: bytes, kind: type[AnyMessage]) -> AnyMessage:
        try:
            return kind.FromString(body)
        except DecodeError as error:
            raise InvalidArgumentError(f"the body is no {kind.DESCRIPTOR.name}: {error}") from None

    def write(self, message: Message) -> bytes:
        return message.SerializeToString()


class _Json:
    media_type = JSON

    def read(self, body: bytes, kind: type[AnyMessage]) -> AnyMessage:
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise InvalidArgumentError(
                f"malformed JSON at line {error.lineno} column {error.colno}: {error.msg}"
            ) from None
        if not isinstance(value, dict):
            raise InvalidArgumentError(f"the body is no {kind.DESCRIPTOR.name}: send a JSON object")
        message = kind()
        try:
            for record in _records(value):
                _ids_to_base64(record)
            json_format.ParseDict(value, message, ignore_unknown_fields=True, max_recursion_depth=_DEPTH)
        except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidArgumentError(f"the body is no {kind.DESCRIPTOR.name}: {error!s:.300}") from None
        return message

    def write(self, message: Message) -> bytes:
        return orjson.dumps(json_format.MessageToDict(message))


PROTOBUF_ENCODING: Encoding = _Protobuf()
JSON_ENCODING: Encoding = _Json()


def of(content_type: str) -> Encoding:
    """The encoding a Content-Type names.

    Raises:
        UnsupportedMediaTypeError: neither.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in (PROTOBUF, "application/protobuf"):
        return PROTOBUF_ENCODING
    if media_type == JSON:
        return JSON_ENCODING
    raise UnsupportedMediaTypeError(f"Content-Type {media_type!r:.80} is not read here: send {PROTOBUF} or {JSON}")


def _records(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The spans and log records of a request."""
    for resources, resources_snake, scopes, scopes_snake, items, items_snake in _PATHS:
        for resource in _objects(request, resources, resources_snake):
            for scope in _objects(resource, scopes, scopes_snake):
                yield from _objects(scope, items, items_snake)


def _objects(parent: dict[str, Any], *names: str) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys(names):
        children = parent.get(name)
        if isinstance(children, list):
            yield from (child for child in children if isinstance(child, dict))


def _ids_to_base64(record: dict[str, Any]) -> None:
    for name in _IDS:
        value = record.get(name)
        if isinstance(value, str):
            try:
                record[name] = base64.b64encode(bytes.fromhex(value)).decode()
            except (ValueError, binascii.Error):
                raise ValueError(f"{name} is {value!r:.40}: must be hexadecimal") from None
    # Nobody reads them, and they hold ids of their own.
    for name in _NESTED:
        record.pop(name, None)
