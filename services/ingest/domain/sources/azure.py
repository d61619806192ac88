"""Azure OpenAI: OpenAI's objects, served and billed by Azure."""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain.context import Context
from services.ingest.domain.sources import openai

NAME = "azure"


def decode(item: object, context: Context) -> UsageEvent:
    """The event an Azure OpenAI object stands for.

    Raises:
        Rejected
    """
    return openai.read(item, context, NAME).event
