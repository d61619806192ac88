"""How Anthropic streams: `message_start` has the message and its input, `message_delta` the cumulative counts."""

from __future__ import annotations

from services.ingest.domain.streams import Part, StreamFormat, keep_new

_TYPES = frozenset(
    {
        "message_start", "message_delta", "message_stop", "content_block_start", "content_block_delta",
        "content_block_stop", "ping",
    }
)  # fmt: skip


def _key(part: Part) -> str | None:
    if part["type"] == "message_start":
        message = part.get("message")
        name = message.get("id") if type(message) is dict else None
        return name if type(name) is str else ""
    return "" if part["type"] == "message_delta" else None


def _merge(total: Part, part: Part) -> None:
    source = part if part["type"] == "message_delta" else part.get("message")
    if type(source) is not dict:
        return
    if part["type"] == "message_start":
        keep_new(total, source, leave=frozenset({"content", "usage"}))
    elif type(part.get("delta")) is dict:
        keep_new(total, {"stop_reason": part["delta"].get("stop_reason")})
    usage = source.get("usage")
    if type(usage) is dict:
        # A new object: the one of message_start belongs to the sender's.
        total["usage"] = {
            **total.get("usage", {}),
            **{name: value for name, value in usage.items() if value is not None},
        }


EVENTS = StreamFormat(
    is_part=lambda part: type(part.get("type")) is str and part["type"] in _TYPES,
    key=_key,
    merge=_merge,
    is_last=lambda part: part["type"] == "message_delta",
)

STREAMS = (EVENTS,)
