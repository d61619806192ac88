"""From a body and its media type to items and the source that reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from services.common.errors import InvalidArgumentError, UnsupportedMediaTypeError
from services.ingest.domain.rejection import Reason, Rejected
from services.ingest.domain.sources import Source, cloudevents
from services.ingest.domain.streams import join

JSON = ("application/json", "text/json")
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
EVENT_STREAM = "text/event-stream"
CLOUDEVENT = "application/cloudevents+json"
CLOUDEVENTS_BATCH = "application/cloudevents-batch+json"


@dataclass(frozen=True)
class Payload:
    """A request's items."""

    source: Source
    items: Sequence[object]
    """JSON values, a stream's parts made one; a line that is no JSON is a Rejected."""


def parse(body: bytes, headers: Mapping[str, str], plain: Source, enveloped: Source | None) -> Payload:
    """Reads a body as its Content-Type says; without one, as JSON. Parts of a provider's stream become one item.

    Args:
        body: decompressed.
        headers: by lower-case name.
        plain: the source of this path.
        enveloped: the source of CloudEvents at this path, if it takes them.

    Raises:
        UnsupportedMediaTypeError, InvalidArgumentError
    """
    media_type, charset = _content_type(headers.get("content-type", ""))
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaTypeError(f"charset {charset!r:.40} is not read: send UTF-8")
    binary = enveloped is not None and f"{cloudevents.HEADER_PREFIX}specversion" in headers
    if not body.strip():
        raise InvalidArgumentError("the body is empty: send an event, an array of events, or one event a line")
    if enveloped is not None and media_type in (CLOUDEVENT, CLOUDEVENTS_BATCH):
        return Payload(enveloped, _cloud_events(body, batch=media_type == CLOUDEVENTS_BATCH))
    if media_type in NDJSON and not binary:
        return Payload(plain, _joined(plain, _lines(body)))
    if media_type in ("", *JSON):
        if binary and enveloped is not None:
            return Payload(enveloped, [cloudevents.from_headers(headers, _loads(body))])
        return Payload(plain, _joined(plain, _json(body)))
    if media_type == EVENT_STREAM and plain.streams:
        return Payload(plain, _joined(plain, _server_sent(body)))
    accepted = ["application/json", "application/x-ndjson"]
    accepted += [CLOUDEVENT, CLOUDEVENTS_BATCH] if enveloped else [EVENT_STREAM] if plain.streams else []
    raise UnsupportedMediaTypeError(f"Content-Type {media_type!r:.80} is not read here: send {' or '.join(accepted)}")


def _content_type(header: str) -> tuple[str, str]:
    media_type, _, parameters = header.lower().partition(";")
    charset = ""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            charset = value.strip().strip('"')
    return media_type.strip(), charset


def _joined(source: Source, items: Sequence[object]) -> Sequence[object]:
    return join(items, source.streams) if source.streams else items


def _json(body: bytes) -> Sequence[object]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # Some senders, LiteLLM's callback among them, post lines under the name of JSON.
        if _first_line_is_an_object(body):
            return _lines(body)
        raise _malformed(error) from None
    return value if isinstance(value, list) else [value]


def _first_line_is_an_object(body: bytes) -> bool:
    first, newline, rest = body.strip().partition(b"\n")
    if not newline or not rest.strip():
        return False
    try:
        return isinstance(orjson.loads(first), dict)
    except orjson.JSONDecodeError:
        return False


def _lines(body: bytes) -> Sequence[object]:
    items: list[object] = []
    for number, line in enumerate(body.split(b"\n"), 1):
        if line.strip():
            items.append(_parsed(line, number))
    if all(isinstance(item, Rejected) for item in items):
        raise InvalidArgumentError(f"malformed NDJSON: {items[0]}; send one JSON object a line")
    return items


def _server_sent(body: bytes) -> Sequence[object]:
    """The data of server-sent events, each JSON (WHATWG HTML, 9.2); other fields, comments and [DONE] are skipped."""
    items: list[object] = []
    data: list[bytes] = []
    for number, line in enumerate([*body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), b""], 1):
        if line.startswith(b"data:"):
            data.append(line.removeprefix(b"data:").removeprefix(b" "))
        elif not line and data:
            text = b"\n".join(data).strip()
            data.clear()
            if text and text != b"[DONE]":
                items.append(_parsed(text, number - 1))
    if all(isinstance(item, Rejected) for item in items):
        first = items[0] if items else "there is no `data:` line"
        raise InvalidArgumentError(f"malformed event stream: {first}; send the stream as the provider sent it")
    return items


def _parsed(text: bytes, number: int) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return Rejected(Reason.MALFORMED, f"line {number}", f"is no JSON: {error.msg} at column {error.colno}")


def _cloud_events(body: bytes, *, batch: bool) -> Sequence[object]:
    value = _loads(body)
    if batch != isinstance(value, list):
        expected, other = (CLOUDEVENTS_BATCH, CLOUDEVENT) if batch else (CLOUDEVENT, CLOUDEVENTS_BATCH)
        what = "an array" if batch else "one event"
        raise InvalidArgumentError(f"{expected} is {what}: for this body use {other}")
    return value if batch else [value]


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _malformed(error) from None


def _malformed(error: orjson.JSONDecodeError) -> InvalidArgumentError:
    where = f"line {error.lineno} column {error.colno} (character {error.pos})"
    return InvalidArgumentError(f"malformed JSON at {where}: {error.msg}")
