"""The connectors: one file each, registered here. To add one, write its decoder and add its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain.context import Context
from services.ingest.domain.sources import anthropic, cloudevents, litellm, native, openai

Decoder = Callable[[object, Context], UsageEvent]
"""Turns one JSON value into an event, or raises Rejected; it never raises anything else."""


@dataclass(frozen=True)
class Source:
    """One shape of objects, and where it is posted."""

    name: str
    """Also the metric label."""
    path: str
    decode: Decoder
    title: str
    attributed: bool = False
    """Takes X-Team and its like."""


NATIVE = Source("native", "/v1/events", native.decode, "Events in the platform's own shape")
CLOUDEVENTS = Source(cloudevents.NAME, "/v1/events", cloudevents.decode, "The same inside CloudEvents 1.0")
OPENAI = Source(openai.NAME, "/v1/usage/openai", openai.decode, "OpenAI response or usage objects", attributed=True)
ANTHROPIC = Source(
    anthropic.NAME, "/v1/usage/anthropic", anthropic.decode, "Anthropic messages or usage objects", attributed=True
)
LITELLM = Source(litellm.NAME, "/v1/litellm", litellm.decode, "LiteLLM's generic API callback")

SOURCES: tuple[Source, ...] = (NATIVE, CLOUDEVENTS, OPENAI, ANTHROPIC, LITELLM)
