"""OpenRouter: OpenAI's shape, and Anthropic's from its messages endpoint; every answer says what it cost.

`usage.cost` is what OpenRouter charged, in dollars; where the request used the caller's own key at a provider
(`is_byok`) that is the fee alone, and `cost_details.upstream_inference_cost` what the provider charges (openrouter.ai,
"Usage Accounting").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.money import MAX_INT64
from services.ingest.domain import fields
from services.ingest.domain.context import Context
from services.ingest.domain.sources import anthropic, openai, openai_streams
from services.ingest.domain.sources.anthropic_streams import EVENTS

NAME = "openrouter"


def decode(item: object, context: Context) -> UsageEvent:
    """The event an OpenRouter object stands for.

    Raises:
        Rejected
    """
    if anthropic.is_shaped_so(item):
        return anthropic.read(item, context, NAME)
    event, usage, path = openai.read(item, context, NAME)
    where = f"{path}server_tool_use"
    tools = fields.mapping(usage.get("server_tool_use"), where)
    if tools.get("web_search_requests") is not None:
        event.quantities.web_searches = fields.count(tools["web_search_requests"], f"{where}.web_search_requests")
    _set_cost(event, usage, path)
    return event


def _set_cost(event: UsageEvent, usage: Mapping[str, Any], path: str) -> None:
    cost = fields.clean_dollars(usage.get("cost"))
    if cost is None:
        return
    if usage.get("is_byok") is True:
        details = fields.mapping(usage.get("cost_details"), f"{path}cost_details")
        cost += fields.clean_dollars(details.get("upstream_inference_cost")) or 0
    event.source_cost_picos = min(cost, MAX_INT64)


STREAMS = (EVENTS, *openai_streams.STREAMS)
