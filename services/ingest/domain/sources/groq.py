"""Groq: OpenAI's shape; the last chunk of a stream has its usage under `x_groq` (console.groq.com, API reference)."""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain import fields
from services.ingest.domain.context import Context
from services.ingest.domain.sources import openai

NAME = "groq"


def decode(item: object, context: Context) -> UsageEvent:
    """The event a Groq object stands for.

    Raises:
        Rejected
    """
    if type(item) is dict and item.get("usage") is None:
        usage = fields.mapping(item.get("x_groq"), "x_groq").get("usage")
        if usage is not None:
            item = {**item, "usage": usage}
    return openai.read(item, context, NAME).event
