"""Meter names of Azure's price list: `gpt 4o 0806 cached Inp glbl Tokens`, `gpt 4o mini0718 BatchOutp DataZone Tokens`,
`5.1 codex mini opt Gl 1M Tokens`, `5.6 luna ShortCo Cd Wr Std DZ 1M Tokens`.
"""

from __future__ import annotations

import re

from services.connectors.files.billing import models
from services.connectors.files.billing.meters.meter import Meter, directed

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_INPUT = frozenset({"inp", "inpt", "input"})
_OUTPUT = frozenset({"outp", "outpt", "opt", "output", "out"})
_CACHED = frozenset({"cached", "cchd", "cd", "cache"})
_WRITTEN = frozenset({"wr", "write"})
_TIERS = {"pp": "priority", "priority": "priority", "flex": "flex"}
_NOT_MODEL = frozenset({
    "glbl", "gl", "global", "dz", "dzone", "data", "zone", "regnl", "rgnl", "regional", "tokens", "token", "1m", "1k",
    "std", "standard", "short", "long", "co", "txt", "text", "aud", "audio", "img", "image", "batch", "preview",
})  # fmt: skip
_DATE = re.compile(r"(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_WORDS = re.compile(r"[\s_-]+")
_GLUED_DATE = re.compile(r"(?<=[a-z])(?=\d{4}\b)")


def read(meter: str, family: str = "") -> Meter:
    """The meter of a meter name; `family`: its subcategory, such as `Azure OpenAI GPT5`."""
    words = [word for word in _WORDS.split(_GLUED_DATE.sub(" ", _CAMEL.sub(" ", meter)).lower()) if word]
    said = frozenset(words)
    embedding = "embedding" in said or "ada" in said
    if not said & (_INPUT | _OUTPUT | _CACHED) and not (embedding and "tokens" in said):
        return Meter()
    if said & _CACHED:
        bucket = "cache_write_tokens" if said & _WRITTEN else "cache_read_tokens"
    else:
        mode = "audio" if said & {"aud", "audio"} else "image" if said & {"img", "image"} else ""
        bucket = directed("output" if said & _OUTPUT else "input", mode)
    dropped = _NOT_MODEL | _INPUT | _OUTPUT | _CACHED | _WRITTEN | _TIERS.keys()
    if embedding:
        dropped -= {"text"}
    model = "-".join(word for word in words if word not in dropped and not _DATE.fullmatch(word))
    if model[:1].isdigit() and "openai" in (family or "openai").lower():
        model = f"gpt-{model}"
    return Meter(
        models.canonical(model),
        bucket,
        next((_TIERS[word] for word in words if word in _TIERS), ""),
        "batch" in said,
    )
