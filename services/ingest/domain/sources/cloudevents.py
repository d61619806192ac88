"""CloudEvents 1.0 around a native event: the envelope's id, source and time are the event's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import format_rfc3339
from services.ingest.domain import fields
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason, Rejected, not_an_object, shown
from services.ingest.domain.sources import native

NAME = "cloudevents"

HEADER_PREFIX = "ce-"


def decode(item: object, context: Context) -> UsageEvent:
    """The event a CloudEvent in the JSON format stands for.

    `time` is optional in the specification: where neither the envelope nor the data has one, the arrival's is taken and
    marked as inferred.

    Raises:
        Rejected
    """
    if type(item) is not dict:
        raise not_an_object(item)
    if item.get("specversion") != "1.0":
        raise Rejected(Reason.INVALID, "specversion", f'must be "1.0", not {shown(item.get("specversion"))}')
    for name in ("id", "source", "type"):
        fields.required_text(item.get(name), name, "CloudEvents 1.0 requires it")
    data = _data(item)
    native_event = {**data, "id": item["id"], "source": item["source"]}
    time = item.get("time") if data.get("time") is None else data["time"]
    native_event["time"] = format_rfc3339(context.now) if time is None else time
    try:
        event = native.decode(native_event, context)
    except Rejected as rejected:
        raise _under_data(rejected, data) from None
    event.time_inferred = time is None
    return event


def from_headers(headers: Mapping[str, str], data: object) -> dict[str, Any]:
    """A binary-mode event in the JSON format's shape: `ce-` headers are its attributes, percent-encoded.

    Args:
        headers: by lower-case name.
        data: the body, parsed.
    """
    found: dict[str, Any] = {
        name.removeprefix(HEADER_PREFIX): unquote(value, errors="replace")
        for name, value in headers.items()
        if name.startswith(HEADER_PREFIX)
    }
    found["data"] = data
    return found


def _data(item: Mapping[str, Any]) -> Mapping[str, Any]:
    if "data_base64" in item:
        raise Rejected(Reason.INVALID, "data_base64", "binary data is not read: send the event as JSON in `data`")
    content_type = item.get("datacontenttype")
    if content_type is not None and not _is_json(fields.text(content_type, "datacontenttype")):
        raise Rejected(Reason.INVALID, "datacontenttype", f"must be application/json, not {shown(content_type)}")
    data = item.get("data")
    if type(data) is not dict:
        raise Rejected(Reason.MISSING, "data", f"must be the event's JSON object, not {shown(data)}")
    return data


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type in ("application/json", "text/json") or media_type.endswith("+json")


def _under_data(rejected: Rejected, data: Mapping[str, Any]) -> Rejected:
    """The same rejection with the field's path in the CloudEvent."""
    field = rejected.field
    top = field.partition(".")[0]
    in_envelope = not field or top in ("id", "source") or (top == "time" and data.get("time") is None)
    path = field if in_envelope else f"data.{field}"
    return Rejected(rejected.reason, path, str(rejected).removeprefix(f"{field}: "))
