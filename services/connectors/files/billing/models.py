"""What a model is called, from what a bill calls it."""

from __future__ import annotations

import re

_FAMILY = re.compile(r"opus|sonnet|haiku|instant", re.IGNORECASE)
_VERSION = re.compile(r"(?<![v\d.])(\d+(?:[.-]\d)?)(?!\d)", re.IGNORECASE)
_FOUNDATION = re.compile(r"foundation-model/([\w.:-]+)$|inference-profile/(?:[a-z]{2,6}\.)?(\w+\.[\w.:-]+)$")
_BEDROCK_EDITION = " (amazon bedrock edition)"


def canonical(name: str) -> str:
    """Claude models as Anthropic names them, of which each cloud's bill has its own spelling: `Claude4.6Sonnet` and
    `Claude Sonnet 4.6` are claude-sonnet-4-6, `Claude 3.5 Sonnet` is claude-3-5-sonnet. Others as they are."""
    if "claude" not in name.lower():
        return name
    family, version = _FAMILY.search(name), _VERSION.search(name)
    if family is None or version is None:
        return name
    number = version[1].replace(".", "-")
    if int(number.partition("-")[0]) >= 4:
        return f"claude-{family[0].lower()}-{number}"
    return f"claude-{number}-{family[0].lower()}"


def of_bedrock(billed: str, product: str, resource: str) -> str:
    """The model of a Bedrock row: by its resource, else its product, else its usage type.

    Args:
        billed: in the usage type: `Claude3Sonnet`, `openai.gpt-oss-120b`, or nothing for a Marketplace product.
        product: `Claude 3.5 Sonnet (Amazon Bedrock Edition)`.
        resource: an ARN that ends in `foundation-model/anthropic.claude-3-5-sonnet-20240620-v1:0`.
    """
    found = _FOUNDATION.search(resource)
    if found:
        return found[1] or found[2]
    if product.lower().endswith(_BEDROCK_EDITION):
        return canonical(product[: -len(_BEDROCK_EDITION)])
    return canonical(billed)
