"""Cohere: `billed_units` is what it bills; `tokens` counts more, and stands in where nothing is billed by it.

docs.cohere.com, "How Does Cohere's Pricing Work?". Answers do not name the model: send it in X-Model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain import buckets, fields
from services.ingest.domain.buckets import Buckets
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason, Rejected, not_an_object
from services.ingest.domain.sources import provider
from services.ingest.domain.streams import Part, StreamFormat, keep_new

NAME = "cohere"

_OTHER_UNITS = {"search_units": "search", "classifications": "classification", "images": "image"}


def decode(item: object, context: Context) -> UsageEvent:
    """The event a Cohere object stands for.

    Raises:
        Rejected
    """
    if type(item) is not dict:
        raise not_an_object(item)
    usage, path = _usage_of(item)
    source_id = item.get("id") or item.get("response_id") or item.get("generation_id")
    event = provider.start_event(NAME, item if path else {}, context, None, source_id=source_id)
    return provider.finish(event, buckets_of(usage, path), service_tier="")


def _usage_of(item: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """`usage` of version 2 of the API, `meta` of version 1, or the object itself."""
    for name in ("usage", "meta"):
        if item.get(name) is not None:
            return fields.mapping(item[name], name), f"{name}."
    if "billed_units" in item or "tokens" in item:
        return item, ""
    raise Rejected(
        Reason.MISSING, "usage", "is missing: send the whole response, or its usage object (billed_units, ...)"
    )


def buckets_of(usage: Mapping[str, Any], path: str) -> Buckets:
    """Disjoint buckets of a usage object in Cohere's convention. `path` stands before field names in messages.

    Raises:
        Rejected: wrong types, units without a bucket, or no token count at all.
    """
    billed = fields.mapping(usage.get("billed_units"), f"{path}billed_units")
    for name, unit in _OTHER_UNITS.items():
        provider.refuse_unmetered(billed.get(name), f"{path}billed_units.{name}", unit)
    if billed.get("input_tokens") is not None or billed.get("output_tokens") is not None:
        read, written = _counts(billed, f"{path}billed_units")
        return {"input_tokens": read, "output_tokens": written}
    tokens = fields.mapping(usage.get("tokens"), f"{path}tokens")
    if tokens.get("input_tokens") is None:
        raise Rejected(Reason.MISSING, f"{path}billed_units", "is missing: send the usage as Cohere gave it")
    read, written = _counts(tokens, f"{path}tokens")
    cached = fields.count(usage.get("cached_tokens"), f"{path}cached_tokens")
    buckets.part_of(read, {"cached_tokens": cached}, f"{path}cached_tokens", f"{path}tokens.input_tokens")
    return {"input_tokens": read - cached, "cache_read_tokens": cached, "output_tokens": written}


def _counts(counts: Mapping[str, Any], where: str) -> tuple[int, int]:
    read, written = (fields.count(counts.get(name), f"{where}.{name}") for name in ("input_tokens", "output_tokens"))
    return read, written


_PREFIXES = ("message-", "content-", "tool-", "citation-")


def _key(part: Part) -> str | None:
    return "" if part["type"] in ("message-start", "message-end") else None


def _merge(total: Part, part: Part) -> None:
    keep_new(total, {"id": part.get("id")})
    delta = part.get("delta")
    if part["type"] == "message-end" and type(delta) is dict:
        keep_new(total, {"usage": delta.get("usage")})


_EVENTS = StreamFormat(
    is_part=lambda part: type(part.get("type")) is str and part["type"].startswith(_PREFIXES),
    key=_key,
    merge=_merge,
    is_last=lambda part: part["type"] == "message-end",
)

STREAMS = (_EVENTS,)
