"""The connectors: one file each, registered here. To add one, write its decoder and add its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain.context import Context
from services.ingest.domain.sources import (
    adjustments,
    anthropic,
    anthropic_streams,
    azure,
    bedrock,
    cloudevents,
    cohere,
    compatible,
    deepseek,
    gemini,
    groq,
    litellm,
    mistral,
    native,
    ollama,
    openai,
    openai_streams,
    openrouter,
    seats,
    xai,
)
from services.ingest.domain.streams import StreamFormat

Decoder = Callable[[object, Context], UsageEvent | None]
"""Turns one JSON value into an event (more of them in `Context.also`), or None where nothing was used; or raises
Rejected, and nothing else."""

USAGE_PATH = "/v1/usage/"


@dataclass(frozen=True)
class Source:
    """One shape of objects, and where it is posted."""

    name: str
    """Also the metric label."""
    path: str
    decode: Decoder
    title: str
    by_hand: bool = False
    """People book it: it needs a key that may edit, not one that may send."""
    attributed: bool = False
    """Takes X-Team and its like."""
    streams: tuple[StreamFormat, ...] = ()
    """How what it takes may be streamed: then a whole stream may be posted as one object."""


def _provider(
    name: str, decode: Decoder, whose: str, streams: tuple[StreamFormat, ...] = openai_streams.STREAMS
) -> Source:
    title = f"{whose} responses, streams or usage objects"
    return Source(name, f"{USAGE_PATH}{name}", decode, title, attributed=True, streams=streams)


NATIVE = Source("native", "/v1/events", native.decode, "Events in the platform's own shape")
CLOUDEVENTS = Source(cloudevents.NAME, "/v1/events", cloudevents.decode, "The same inside CloudEvents 1.0")
OPENAI = _provider("openai", openai.decode, "OpenAI")
ANTHROPIC = _provider("anthropic", anthropic.decode, "Anthropic", anthropic_streams.STREAMS)
GEMINI = _provider("gemini", gemini.decode, "Gemini API", gemini.STREAMS)
VERTEX = _provider("vertex", gemini.decode_vertex, "Vertex AI", gemini.STREAMS)
BEDROCK = _provider("bedrock", bedrock.decode, "Amazon Bedrock", bedrock.STREAMS)
AZURE = _provider("azure", azure.decode, "Azure OpenAI")
MISTRAL = _provider("mistral", mistral.decode, "Mistral")
COHERE = _provider("cohere", cohere.decode, "Cohere", cohere.STREAMS)
DEEPSEEK = _provider("deepseek", deepseek.decode, "DeepSeek")
XAI = _provider("xai", xai.decode, "xAI")
GROQ = _provider("groq", groq.decode, "Groq")
OPENROUTER = _provider("openrouter", openrouter.decode, "OpenRouter", openrouter.STREAMS)
OLLAMA = _provider("ollama", ollama.decode, "Ollama", ollama.STREAMS)
VLLM = _provider("vllm", compatible.decode_vllm, "vLLM")
COMPATIBLE = _provider(compatible.NAME, compatible.decode, "Any OpenAI-compatible server's")
SEATS = Source(seats.NAME, "/v1/seats", seats.decode, "A roster of seats, for tools whose vendor tells nothing")
ADJUSTMENTS = Source(adjustments.NAME, "/v1/adjustments", adjustments.decode, "Amounts booked by hand", by_hand=True)
LITELLM = Source(litellm.NAME, "/v1/litellm", litellm.decode, "LiteLLM's generic API callback")

PROVIDERS: tuple[Source, ...] = (
    OPENAI, ANTHROPIC, GEMINI, VERTEX, BEDROCK, AZURE, MISTRAL, COHERE, DEEPSEEK, XAI, GROQ, OPENROUTER, OLLAMA, VLLM,
    COMPATIBLE,
)  # fmt: skip
"""Those below /v1/usage/, whose own objects are taken."""

SOURCES: tuple[Source, ...] = (NATIVE, CLOUDEVENTS, SEATS, ADJUSTMENTS, *PROVIDERS, LITELLM)
