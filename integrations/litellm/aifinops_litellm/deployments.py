"""Which models a name of the proxy stands for. Budgets know the provider's model, clients the proxy's name of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import litellm


@dataclass(frozen=True)
class Deployment:
    """A model as its usage event will name it."""

    provider: str
    model: str
    max_output_tokens: int
    """0: unknown."""


def deployments(name: str, team_id: str | None) -> list[Deployment]:
    """What may serve a request for `name`; at least one, in the router's order, each model once."""
    # Only a proxy has a router, and its module is loaded before any request comes.
    from litellm.proxy.proxy_server import llm_router

    found: dict[tuple[str, str], Deployment] = {}
    rows = (llm_router.get_model_list(model_name=name, team_id=team_id) or ()) if llm_router is not None else ()
    for row in rows:
        served = str(row["litellm_params"]["model"])
        # A wildcard route passes on the name it was asked for.
        deployment = _deployment(name if "*" in served else served, row.get("model_info") or {})
        found.setdefault((deployment.provider, deployment.model), deployment)
    return list(found.values()) or [_deployment(name, {})]


def _deployment(name: str, configured: Mapping[str, Any]) -> Deployment:
    try:
        model, provider, _, _ = litellm.get_llm_provider(model=name)
    except Exception:  # LiteLLM raises its own BadRequestError for a name it does not know
        provider, _, model = name.rpartition("/")
    limit = configured.get("max_output_tokens") or _known_limit(provider, configured.get("base_model") or model)
    return Deployment(provider, model.removeprefix(f"{provider}/"), limit if isinstance(limit, int) else 0)


def _known_limit(provider: str, model: str) -> object:
    try:
        return litellm.get_model_info(model=model, custom_llm_provider=provider or None).get("max_output_tokens")
    except Exception:  # a plain one says that the model is not in LiteLLM's map
        return 0
