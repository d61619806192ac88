"""Descriptions of Google Cloud's SKUs: `Gemini 2.5 Flash GA Text Input - Predictions`, `Gemini 3 Flash Text Input
Caching`, `Gemini 2.5 Flash Input Text Caching Storage` (hours, no tokens), `Claude Sonnet 4.5 Cache Write Input
Tokens`.
"""

from __future__ import annotations

import re

from services.connectors.files.billing import models
from services.connectors.files.billing.meters.meter import Meter, directed

_MODES = ("text", "audio", "image", "video")
_AFTER_MODEL = frozenset({
    "ga", "global", "regional", "text", "audio", "image", "video", "input", "output", "thinking", "batch", "cached",
    "caching", "cache", "priority", "flex", "token", "tokens", "count", "predictions", "short", "long", "context",
})  # fmt: skip
_WORDS = re.compile(r"[\s()\-]+")


def read(description: str) -> Meter:
    """The meter of a SKU's description."""
    words = [word for word in _WORDS.split(description) if word]
    lowered = [word.lower() for word in words]
    said = frozenset(lowered)
    length = next((at for at, word in enumerate(lowered) if word in _AFTER_MODEL), len(words))
    name = " ".join(words[:length])
    model = models.canonical(name) if "claude" in name.lower() else name.lower().replace(" ", "-")
    tokens = said & {"input", "output", "caching"} and not said & {"storage", "characters", "character", "tuning"}
    if not tokens:
        return Meter(model)
    if said & {"cached", "caching", "cache"}:
        bucket = "cache_write_tokens" if said & {"write", "writes"} else "cache_read_tokens"
    else:
        mode = next((mode for mode in _MODES if mode in said), "")
        bucket = directed("output" if "output" in said else "input", mode)
    return Meter(
        model,
        bucket,
        next((tier for tier in ("flex", "priority") if tier in said), ""),
        "batch" in said,
    )
