"""Ratings that are serialized all at once are those that are made one by one."""

from __future__ import annotations

import pytest
from finops.pricing.v1.pricing_pb2 import PriceBatchResponse
from finops.usage.v1.usage_pb2 import Quantities, UsageEvent

from services.common.money import MAX_INT64
from services.pricing.domain import serialized
from services.pricing.domain.batches import price_all
from services.pricing.domain.overrides import Override
from services.pricing.domain.rating import Pricer


@pytest.mark.parametrize("events", [5, 50])
@pytest.mark.parametrize("price", [0, 10**6, 2**62 // 10**6 * 10**6])
def test_few_and_many_dear_and_free(pricer: Pricer, events: int, price: int) -> None:
    pricer.use([Override("acme", "house", "llm", "standard", False, {"input_tokens": ((0, price),)}, 0, 0, 0)])
    quantities = [2**63 * number // events // (price // 10**6 + 1) for number in range(1, events + 1)]
    _same(pricer, [Quantities(input_tokens=min(quantity, MAX_INT64)) for quantity in quantities])


@pytest.mark.parametrize("number", range(3))
def test_a_price_that_looks_like_a_mark(pricer: Pricer, number: int) -> None:
    prices = {"input_tokens": ((0, 10**6),), "web_searches": ((0, 2**62 + number),)}
    pricer.use([Override("acme", "house", "llm", "standard", False, prices, 0, 0, 0)])
    _same(pricer, [Quantities(input_tokens=number, web_searches=1) for number in range(1, 40)])


def _same(pricer: Pricer, used: list[Quantities]) -> None:
    events = [UsageEvent(tenant_id="acme", provider="house", model="llm", quantities=each) for each in used]
    batch = price_all(pricer, events)
    answer = PriceBatchResponse.FromString(serialized.ratings(batch, len(events)))
    assert not batch.refused
    assert list(answer.ratings) == [pricer.rate(event, "acme") for event in events]
