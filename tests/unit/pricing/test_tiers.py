"""One spelling for each tier that a provider, a cloud or a gateway names."""

from __future__ import annotations

import pytest

from services.pricing.domain.tiers import context, served


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        ("ON_DEMAND", "standard"), ("on-demand-flex", "flex"), ("ON_DEMAND_PRIORITY", "priority"),
        ("PROVISIONED_THROUGHPUT", "provisioned"), ("reserved", "provisioned"), ("scale", "provisioned"),
        ("GlobalStandard", "standard"), ("DataZoneStandard", "data_zone"), ("GlobalProvisionedManaged", "provisioned"),
        ("ProvisionedManaged", "provisioned"), ("PTU", "provisioned"), (" Priority ", "priority"), ("turbo", "turbo"),
    ],
)  # fmt: skip
def test_names_of_tiers(name: str, tier: str) -> None:
    assert served(name, False) == (tier, False)
    assert served(name, True) == (tier, True)


@pytest.mark.parametrize("name", ["batch", "Batch", "GlobalBatch", "global-batch"])
def test_a_batch_told_as_a_tier(name: str) -> None:
    assert served(name, False) == ("standard", True)


def test_what_a_variant_of_the_list_is_compared_with() -> None:
    assert context("standard", False) == {}
    assert context("fast", False) == {"service_tier": "fast", "speed": "fast"}
    assert context("flex", True) == {"service_tier": "flex", "processing": "batch"}
