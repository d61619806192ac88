"""xAI: OpenAI's shape, except that a chat completion's reasoning stands beside its completion tokens, not inside.

docs.x.ai: `total_tokens` is then prompt + completion + reasoning, which is how the two are told apart; responses count
reasoning inside the output. `cost_in_usd_ticks` is what xAI charged, 10^10 ticks to a dollar.
"""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.money import PICOS_PER_DOLLAR
from services.ingest.domain import fields
from services.ingest.domain.context import Context
from services.ingest.domain.sources import openai
from services.ingest.domain.sources.openai import Usage

NAME = "xai"

_PICOS_PER_TICK = PICOS_PER_DOLLAR // 10**10
_MAX_TICKS = fields.MAX_DOLLARS * 10**10
_SEARCHES = ("web_search_calls", "x_search_calls")


def decode(item: object, context: Context) -> UsageEvent:
    """The event an xAI object stands for.

    Raises:
        Rejected
    """
    event, usage, path = openai.read(item, context, NAME, _in_openai_words)
    ticks = usage.get("cost_in_usd_ticks")
    if ticks is not None:
        event.source_cost_picos = fields.count(ticks, f"{path}cost_in_usd_ticks", _MAX_TICKS) * _PICOS_PER_TICK
    where = f"{path}server_side_tool_usage_details"
    calls = fields.mapping(usage.get("server_side_tool_usage_details"), where)
    if calls:
        event.quantities.web_searches = sum(fields.count(calls.get(name), f"{where}.{name}") for name in _SEARCHES)
    return event


def _in_openai_words(usage: Usage, path: str) -> Usage:
    where = f"{path}completion_tokens_details"
    details = fields.mapping(usage.get("completion_tokens_details"), where)
    reasoning = fields.count(details.get("reasoning_tokens"), f"{where}.reasoning_tokens")
    prompt, completion, total = (
        fields.count(usage.get(name), path + name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    beside = reasoning and (total == prompt + completion + reasoning or reasoning > completion)
    return {**usage, "completion_tokens": completion + reasoning} if beside else usage
