"""Servers that speak OpenAI's language: vLLM, and any other under a name given in the header X-Provider."""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain import fields
from services.ingest.domain.context import Context
from services.ingest.domain.sources import openai

NAME = "openai-compatible"
VLLM = "vllm"


def decode(item: object, context: Context) -> UsageEvent:
    """The event of an object in OpenAI's shape; its provider and source are what X-Provider says.

    Raises:
        Rejected
    """
    name = fields.required_text(
        context.attribution.provider, "X-Provider", "name who served it in this header, such as `X-Provider: fireworks`"
    )
    return openai.read(item, context, name).event


def decode_vllm(item: object, context: Context) -> UsageEvent:
    """The event of an object that a vLLM server answered.

    Raises:
        Rejected
    """
    return openai.read(item, context, VLLM).event
