"""How a use is written for each endpoint it may be sent to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.demo.seats import SeatDay
from services.demo.traffic import Use

Json = dict[str, Any]

SOURCE = "demo"
"""`source` of every native event of the demo."""


def native(use: Use) -> Json:
    """For /v1/events."""
    workload = use.workload
    usage = {
        "input_tokens": use.input_tokens,
        "cache_read_tokens": use.cache_read_tokens,
        "cache_write_tokens": use.cache_write_tokens,
        "output_tokens": use.output_tokens,
        "reasoning_tokens": use.reasoning_tokens,
        "requests": use.requests,
    }
    return {
        "id": use.id,
        "time": rfc3339(use.time),
        "source": SOURCE,
        "provider": workload.provider,
        "model": workload.model,
        "tool": workload.tool,
        "team": workload.team,
        "user": use.user,
        "project": workload.project,
        "key": workload.key,
        "environment": workload.environment,
        "tags": {"simulated": "true"},
        "batch": workload.batch,
        "usage": {bucket: count for bucket, count in usage.items() if count},
    }


def native_seat(seat: SeatDay) -> Json:
    """For /v1/events."""
    holding = seat.holding
    return {
        "id": seat.id,
        "time": rfc3339(seat.time),
        "source": SOURCE,
        "provider": holding.plan.provider,
        "model": holding.plan.plan,
        "tool": holding.plan.tool,
        "team": holding.holder.team,
        "user": holding.holder.email,
        "tags": {"simulated": "true"},
        "usage": {"seats": 1},
        "seat": {"assigned_at": rfc3339(holding.assigned), "last_active_at": rfc3339(seat.last_active)},
    }


def openai(use: Use) -> Json:
    """A chat completion, for /v1/usage/openai: cached is inside prompt, reasoning inside completion."""
    prompt = use.input_tokens + use.cache_read_tokens + use.cache_write_tokens
    completion = use.output_tokens + use.reasoning_tokens
    return {
        "id": f"chatcmpl-{use.id}",
        "object": "chat.completion",
        "created": int(use.time.timestamp()),
        "model": use.workload.model,
        "service_tier": "default",
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": use.cache_read_tokens, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": use.reasoning_tokens, "audio_tokens": 0},
        },
    }


def anthropic(use: Use) -> Json:
    """A message, for /v1/usage/anthropic: cache counts are beside input, not inside."""
    return {
        "id": f"msg_{use.id}",
        "type": "message",
        "model": use.workload.model,
        "usage": {
            "input_tokens": use.input_tokens,
            "cache_read_input_tokens": use.cache_read_tokens,
            "cache_creation_input_tokens": use.cache_write_tokens,
            "output_tokens": use.output_tokens + use.reasoning_tokens,
            "service_tier": "standard",
        },
    }


def litellm(use: Use) -> Json:
    """A record of LiteLLM's generic API callback, for /v1/litellm."""
    workload = use.workload
    prompt = use.input_tokens + use.cache_read_tokens + use.cache_write_tokens
    completion = use.output_tokens + use.reasoning_tokens
    return {
        "id": use.id,
        "call_type": "acompletion",
        "status": "success",
        "custom_llm_provider": workload.provider,
        "model": workload.model,
        "model_group": workload.model,
        "startTime": use.time.timestamp(),
        "endTime": use.time.timestamp(),
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "cache_hit": False,
        "request_tags": ["simulated:true"],
        "metadata": {
            "user_api_key_alias": workload.key,
            "user_api_key_team_alias": workload.team,
            "user_api_key_team_id": workload.team,
            "user_api_key_project_id": workload.project,
            "user_api_key_user_id": use.user,
            "user_api_key_user_email": use.user,
            "usage_object": {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
                "prompt_tokens_details": {"cached_tokens": use.cache_read_tokens},
                "completion_tokens_details": {"reasoning_tokens": use.reasoning_tokens},
            },
        },
    }


def attribution(use: Use) -> Mapping[str, str]:
    """Headers that say whose a provider's own response is, and when it was, since it does not."""
    workload = use.workload
    headers = {
        "X-Team": workload.team,
        "X-Project": workload.project,
        "X-Key": workload.key,
        "X-Tool": workload.tool,
        "X-Environment": workload.environment,
        "X-Tags": "simulated=true",
        "X-Time": rfc3339(use.time),
    }
    return headers | {"X-User": use.user} if use.user else headers


def rfc3339(moment: datetime) -> str:
    """2026-11-23T12:00:00.250Z"""
    return moment.isoformat().replace("+00:00", "Z")
