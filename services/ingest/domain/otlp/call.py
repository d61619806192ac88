"""One call of a model, as a span or an event record describes it, turned into an event.

Its id is the provider's response id, so that a call told by two instrumentations, by a span and by an event, or read
twice, is one event; without one, its trace and span. Ids shorter than 16 characters are no identity: Ollama numbers its
responses chatcmpl-0 to chatcmpl-998.
"""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import OUTCOME_FAILED, OUTCOME_UNSPECIFIED, UsageEvent

from services.common.clock import Micros
from services.ingest.domain import buckets
from services.ingest.domain.context import Context
from services.ingest.domain.otlp import usage
from services.ingest.domain.otlp.attributes import Attributes, picos, word
from services.ingest.domain.otlp.attribution import AttributeMap
from services.ingest.domain.rejection import Reason, Rejected

SOURCE = "opentelemetry"
"""One source for all services: a response seen by an application and by its gateway is counted once."""

RESPONSE_ID = ("gen_ai.response.id", "ai.response.id")
MODEL = (
    "gen_ai.response.model", "ai.response.model", "gen_ai.request.model", "llm.model_name", "embedding.model_name",
    "ai.model.id", "llm.request.model",
)  # fmt: skip
PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider")
TIER = ("openai.response.service_tier", "gen_ai.openai.response.service_tier")
COST = ("gen_ai.usage.cost", "gen_ai.cost.total_cost", "llm.cost.total")
"""What OpenRouter, LiteLLM and OpenInference believe a call cost."""
NAMES = frozenset({*RESPONSE_ID, *MODEL, *PROVIDER, *TIER, *COST})

_SHORTEST_ID = 16

_PROVIDERS = {
    "gcp": "google", "vertex_ai": "google", "vertexai": "google", "gemini": "google", "google_genai": "google",
    "google_vertexai": "google", "bedrock": "aws", "aws_bedrock": "aws", "amazon-bedrock": "aws",
    "bedrock_converse": "aws", "az": "azure", "azure-openai": "azure", "azure_openai": "azure", "mistral_ai": "mistral",
    "mistralai": "mistral", "x_ai": "x-ai", "xai": "x-ai", "moonshot_ai": "moonshotai", "ibm": "watsonx",
}  # fmt: skip
"""First parts of the values of gen_ai.provider.name and its like, and how other sources name the same providers."""


def provider_name(name: str) -> str:
    """One word for one provider: azure.ai.openai, gcp.vertex_ai, the Vercel AI SDK's openai.chat."""
    first = name.lower().partition(".")[0]
    return _PROVIDERS.get(first, first)


def event_of(
    attributes: Attributes,
    resource: Attributes,
    context: Context,
    names: AttributeMap,
    *,
    time: Micros,
    fallback_id: str,
    failed: bool,
) -> UsageEvent:
    """The event of one call.

    Args:
        fallback_id: where there is no response id.
        failed: the call ended in an error; without token counts it then costs nothing.

    Raises:
        Rejected: no model; no token counts although the call succeeded; counts that contradict each other.
    """
    model = word(attributes, MODEL)
    if not model:
        raise Rejected(Reason.MISSING, "gen_ai.request.model", "is missing: a call of no model has no price")
    counted = usage.is_there(attributes)
    if not counted and not failed:
        raise Rejected(
            Reason.MISSING,
            usage.INPUT[0],
            "is missing: for streams let the instrumentation ask for usage (stream_options.include_usage)",
        )
    response_id = word(attributes, RESPONSE_ID)
    event = UsageEvent(
        tenant_id=context.tenant_id,
        source=SOURCE,
        source_event_id=response_id if len(response_id) >= _SHORTEST_ID else fallback_id,
        time_unix_micros=time,
        provider=provider_name(word(attributes, PROVIDER)),
        model=model,
        service_tier=buckets.tier(word(attributes, TIER)),
        measurement=names.measurement(attributes, resource),
        outcome=OUTCOME_UNSPECIFIED if counted else OUTCOME_FAILED,
        quantities={"requests": 1, **(usage.buckets_of(attributes) if counted else {})},
        **names.dimensions(attributes, resource, context),  # type: ignore[arg-type]
    )
    cost = picos(attributes, COST)
    if cost is not None:
        event.source_cost_picos = cost
    tags = names.tags(attributes, resource, context)
    if tags:
        event.tags.update(tags)
    return event
