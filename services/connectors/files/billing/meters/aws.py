"""Usage types of Amazon Bedrock, as its user guide explains them (Understanding your Amazon Bedrock Cost and Usage
Report data) and the price list has them: `USE1-Claude4.6Sonnet-cache-read-input-token-count-cross-region-global`,
`USE1-openai.gpt-oss-120b-mantle-input-tokens-standard`, `USE1-MP:USE1_InputTokenCount_Global_Batch-Units`,
`USE1-MP:USE1_cache_write_tokens_1h_global_standard-Units`.
"""

from __future__ import annotations

import re

from services.connectors.files.billing import models
from services.connectors.files.billing.meters.meter import Meter, directed

_REGION = re.compile(r"^[A-Z]{2,4}\d*-")
_MARKETPLACE = re.compile(r"^MP:(?:[A-Z]{2,4}\d*_)?(.*?)(?:-Units)?$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TOKENS = re.compile(
    r"(?:^|-)(?:mantle-)?(?P<kind>cache-read|cache-write|input|output)(?:-input)?(?:-(?P<mode>text|image|audio|speech|video))?"
    r"-token(?:s|-count)(?P<rest>-.*)?$",
    re.IGNORECASE,
)
_BUCKETS = {"cache-read": "cache_read_tokens", "cache-write": "cache_write_tokens"}


def read(usage_type: str, product: str = "", resource: str = "") -> Meter:
    """The meter of a Bedrock usage type."""
    body = _REGION.sub("", usage_type)
    marketplace = _MARKETPLACE.match(body)
    if marketplace:
        body = _CAMEL.sub("-", marketplace[1]).replace("_", "-")
    found = _TOKENS.search(body)
    if found is None:
        return Meter(models.of_bedrock("", product, resource))
    kind, rest = found["kind"].lower(), (found["rest"] or "").lower().split("-")
    bucket = _BUCKETS.get(kind) or directed(kind, found["mode"] or "")
    if bucket == "cache_write_tokens" and "1h" in rest:
        bucket = "cache_write_1h_tokens"
    return Meter(
        models.of_bedrock(body[: found.start()], product, resource),
        bucket,
        next((tier for tier in ("flex", "priority") if tier in rest), ""),
        "batch" in rest,
    )
