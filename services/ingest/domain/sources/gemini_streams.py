"""How Gemini streams: chunks that are each a response, with one id and cumulative counts."""

from __future__ import annotations

from services.ingest.domain.sources.gemini_fields import first, listed, name_of
from services.ingest.domain.streams import Part, StreamFormat, keep_new


def _key(part: Part) -> str:
    name = first(part, "responseId")
    return name if type(name) is str else ""


def _merge(total: Part, part: Part) -> None:
    usage_field = name_of(part, "usageMetadata")
    keep_new(total, part, leave=frozenset({"candidates", usage_field}))
    usage = part.get(usage_field)
    if type(usage) is dict:
        known = {name: value for name, value in usage.items() if value is not None}
        total[usage_field] = {**total.get(usage_field, {}), **known}
    for candidate in listed(part, "candidates"):
        grounding = first(candidate, "groundingMetadata")
        if type(grounding) is dict:
            total.setdefault("candidates", []).append({"groundingMetadata": grounding})


def _is_last(part: Part) -> bool:
    """It says why it finished, or its sender left the content out, where that stands."""
    if first(part, "candidates") is None:
        return True
    finished = any(first(candidate, "finishReason") for candidate in listed(part, "candidates"))
    return finished or first(part, "promptFeedback") is not None


CHUNKS = StreamFormat(
    is_part=lambda part: first(part, "responseId") is not None,
    key=_key,
    merge=_merge,
    is_last=_is_last,
    alone_is_whole=True,
)
