"""The most tokens a request can use, from its size and its own limits. The text is measured, never kept or sent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_PROMPT_FIELDS = (
    "messages", "prompt", "input", "system", "instructions", "tools", "functions", "contents", "systemInstruction",
    "response_format", "documents", "query",
)  # fmt: skip
_MEDIA_FIELDS = frozenset({"image_url", "input_audio", "file", "inline_data", "inlineData", "source", "b64_json"})
_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "maxOutputTokens")
_NO_TEXT_OUT = frozenset({"aembedding", "embedding", "arerank", "rerank", "amoderation", "moderation"})


@dataclass(frozen=True)
class Tokens:
    """An upper estimate."""

    input: int
    output: int
    assumed_output: bool
    """The request itself does not limit its answer."""


def tokens(
    data: Mapping[str, Any], call_type: str, *, bytes_per_token: float, media_tokens: int, output_without_limit: int
) -> Tokens:
    """The tokens of a request at most.

    Args:
        data: the request's body.
        call_type: what kind of call LiteLLM makes of it.
        bytes_per_token: UTF-8 bytes that count as a token.
        media_tokens: tokens of an image, a file or a piece of audio.
        output_without_limit: of an answer that the request does not limit.
    """
    size, media = _measure(data.get(name) for name in _PROMPT_FIELDS)
    read = math.ceil(size / bytes_per_token) + media * media_tokens
    if call_type in _NO_TEXT_OUT:
        return Tokens(read, 0, False)
    limit = _limit(data)
    answers = max(_whole(data.get("n")) or 1, _whole(data.get("best_of")) or 1)
    return Tokens(read, answers * (limit if limit is not None else output_without_limit), limit is None)


def _measure(values: Iterable[object]) -> tuple[int, int]:
    """Bytes of text, and how many pieces of media."""
    size = media = 0
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            size += len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
        elif isinstance(value, Mapping):
            for name, inner in value.items():
                if name in _MEDIA_FIELDS:
                    media += 1
                else:
                    size += len(str(name))
                    waiting.append(inner)
        elif isinstance(value, list | tuple):
            # A prompt may be given as tokens already.
            size += sum(4 for inner in value if isinstance(inner, int))
            waiting.extend(inner for inner in value if not isinstance(inner, int))
    return size, media


def _limit(data: Mapping[str, Any]) -> int | None:
    config = data.get("generationConfig")
    for place in (data, config if isinstance(config, Mapping) else {}):
        for name in _LIMITS:
            limit = _whole(place.get(name))
            if limit is not None:
                return limit
    return None


def _whole(value: object) -> int | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**9:
        return math.ceil(value)
    return None
