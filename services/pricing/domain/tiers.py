"""Service tiers: one spelling for each, and how the price list names the kind of request it makes."""

from __future__ import annotations

from collections.abc import Mapping

STANDARD = "standard"

PROVISIONED = "provisioned"
"""Capacity bought by the hour or month: its tokens are already paid for."""

_SAME: Mapping[str, str] = {
    "": STANDARD, "default": STANDARD, "auto": STANDARD, "on_demand": STANDARD, "standard_only": STANDARD,
    "on_demand_flex": "flex", "on_demand_priority": "priority",
    # Azure's names of deployments.
    "globalstandard": STANDARD, "global_standard": STANDARD,
    "datazonestandard": "data_zone", "datazone_standard": "data_zone", "data_zone_standard": "data_zone",
    "globalbatch": "batch", "global_batch": "batch",
    "ptu": PROVISIONED, "provisioned_managed": PROVISIONED, "provisionedmanaged": PROVISIONED,
    "globalprovisionedmanaged": PROVISIONED, "global_provisioned_managed": PROVISIONED,
    "datazoneprovisionedmanaged": PROVISIONED, "data_zone_provisioned_managed": PROVISIONED,
    # Vertex AI's, Bedrock's and OpenAI's capacity bought in advance.
    "provisioned_throughput": PROVISIONED, "reserved": PROVISIONED, "scale": PROVISIONED,
}  # fmt: skip

TIER_CONTEXT = frozenset({"service_tier", "speed"})
BATCH_CONTEXT = "processing"


def served(service_tier: str, batch: bool) -> tuple[str, bool]:
    """The tier in one spelling, and whether the request ran in a batch. Anthropic reports batch as a tier."""
    tier = service_tier.strip().lower().replace("-", "_")
    tier = _SAME.get(tier, tier)
    return (STANDARD, True) if tier == "batch" else (tier, batch)


def context(tier: str, batch: bool) -> dict[str, str]:
    """What a variant's `when` is compared with; empty for a standard request."""
    found: dict[str, str] = {}
    if tier != STANDARD:
        found["service_tier"] = tier
        if tier == "fast":
            found["speed"] = "fast"
    if batch:
        found[BATCH_CONTEXT] = "batch"
    return found
