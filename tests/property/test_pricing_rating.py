"""Rating holds for any quantities and names: lines add up, nothing is dropped, arbitrary text breaks nothing."""

from __future__ import annotations

from functools import cache

from finops.usage.v1.usage_pb2 import Quantities, UsageEvent
from hypothesis import given
from hypothesis import strategies as st

from services.common.dimensions import BUCKETS, quantities
from services.common.money import cost_of
from services.pricing.adapters.price_list import load_price_book
from services.pricing.domain.rating import Pricer
from services.pricing.settings import ShadowOptions
from tests.unit.pricing.events import NOON


@cache
def pricer() -> Pricer:
    return Pricer(load_price_book(), ShadowOptions().prices())


names = st.one_of(
    st.sampled_from(["openai", "anthropic", "google", "azure", "github", "cursor", "gpt-4o", "claude-sonnet-4-5"]),
    st.text(max_size=20),
)
counts = st.dictionaries(st.sampled_from(BUCKETS), st.integers(0, 10**6))
amounts = st.builds(lambda values: Quantities(**values), counts)


@given(names, names, st.sampled_from(["", "flex", "priority", "batch", "?"]), st.booleans(), amounts)
def test_every_unit_is_in_a_line_or_flagged(
    provider: str, model: str, tier: str, batch: bool, used: Quantities
) -> None:
    event = UsageEvent(
        tenant_id="acme", provider=provider, model=model, service_tier=tier, batch=batch, time_unix_micros=NOON,
        quantities=used,
    )  # fmt: skip
    rating = pricer().rate(event, "acme")
    lines = {line.bucket: line.quantity for line in rating.lines}
    flagged = set(rating.unpriced_buckets)
    assert rating.cost_picos == sum(line.cost_picos for line in rating.lines)
    assert all(line.cost_picos == cost_of(line.quantity, line.price_picos_per_million) for line in rating.lines)
    for bucket, quantity in quantities(used).items():
        if bucket != "requests":
            assert (lines.get(bucket) == quantity) != (bucket in flagged)
    assert bool(rating.price_id) == bool(rating.lines)
    assert pricer().rate(event, "acme") == rating
