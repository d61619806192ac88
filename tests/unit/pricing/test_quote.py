"""Quotes."""

from __future__ import annotations

from typing import Any

import pytest
from finops.cost.v1.cost_pb2 import RATING_STATUS_PARTIAL, RATING_STATUS_PRICED, RATING_STATUS_UNPRICED
from finops.pricing.v1.pricing_pb2 import QuoteOption, QuoteRequest, QuoteResponse
from finops.usage.v1.usage_pb2 import Quantities

from services.common.errors import InvalidArgumentError
from services.common.money import PICOS_PER_DOLLAR
from services.pricing.domain.overrides import Override
from services.pricing.domain.rating import Pricer
from services.pricing.handlers.quote import quote
from tests.unit.pricing.events import NOON, at


def _quote(pricer: Pricer, *models: str, tenant: str = "acme", time: int = 0, **fields: Any) -> QuoteResponse:
    buckets = {name: fields.pop(name) for name in list(fields) if name in Quantities.DESCRIPTOR.fields_by_name}
    options = [QuoteOption(provider=m.partition("/")[0], model=m.partition("/")[2], **fields) for m in models]
    request = QuoteRequest(quantities=Quantities(**buckets), options=options, time_unix_micros=time)
    return quote(pricer, request, tenant, NOON)


def _dollars(picos: int) -> float:
    return picos / PICOS_PER_DOLLAR


def test_the_cheapest_first_and_each_exact_with_its_lines(pricer: Pricer) -> None:
    answer = _quote(
        pricer, "openai/gpt-4o", "openai/gpt-4o-mini", "openai/gpt-zeta-9", input_tokens=1_000, output_tokens=200
    )
    assert [q.option.model for q in answer.quotes] == ["gpt-4o-mini", "gpt-4o", "gpt-zeta-9"]
    mini, full, unknown = (q.rating for q in answer.quotes)
    assert _dollars(mini.cost_picos) == 0.00027  # 1,000 at $0.15 and 200 at $0.60 a million
    assert _dollars(full.cost_picos) == 0.0045  # 1,000 at $2.50 and 200 at $10 a million
    assert [(line.bucket, _dollars(line.cost_picos)) for line in full.lines] == [
        ("input_tokens", 0.0025), ("output_tokens", 0.002),
    ]  # fmt: skip
    assert (mini.status, unknown.status) == (RATING_STATUS_PRICED, RATING_STATUS_UNPRICED)
    assert list(unknown.unpriced_buckets) == ["input_tokens", "output_tokens"]
    assert answer.price_book_version == pricer.book.version


def test_what_has_but_part_of_a_price_is_not_the_cheapest(pricer: Pricer) -> None:
    half = {"input_tokens": ((0, 1),)}
    pricer.use([Override("acme", "openai", "half-1", "standard", False, half, 0, 0, NOON)])
    answer = _quote(pricer, "openai/none-1", "openai/half-1", "openai/gpt-4o", input_tokens=9, output_tokens=9)
    assert [q.rating.status for q in answer.quotes] == [
        RATING_STATUS_PRICED, RATING_STATUS_PARTIAL, RATING_STATUS_UNPRICED,
    ]  # fmt: skip


def test_contracts_tier_batch_and_time_count(pricer: Pricer) -> None:
    contract = {"input_tokens": ((0, PICOS_PER_DOLLAR),)}
    pricer.use([Override("acme", "openai", "gpt-4o", "standard", False, contract, at(2026, 6, 1), 0, NOON)])

    def cost(**fields: Any) -> float:
        [only] = _quote(pricer, "openai/gpt-4o", input_tokens=1_000_000, **fields).quotes
        return _dollars(only.rating.cost_picos)

    assert cost() == 1.0
    assert cost(tenant="globex") == 2.5
    assert cost(time=at(2026, 5, 31)) == 2.5
    assert cost(tenant="globex", batch=True) == 1.25


@pytest.mark.parametrize(
    ("models", "fields", "named"),
    [
        (["openai/gpt-4o"], {}, "quantities"),
        (["openai/gpt-4o"], {"input_tokens": -1}, "quantities.input_tokens"),
        ([], {"input_tokens": 1}, "options"),
        (["openai/gpt-4o"] * 1_001, {"input_tokens": 1}, "options"),
        (["openai/gpt-4o", "openai/"], {"input_tokens": 1}, "options[1].model"),
        (["/gpt-4o"], {"input_tokens": 1}, "options[0].provider"),
        (["openai/gpt-4o"], {"input_tokens": 1, "time": -1}, "time_unix_micros"),
        (["openai/gpt-4o"], {"input_tokens": 2**63 - 1}, "options[0]"),
    ],
)
def test_what_cannot_be_quoted(pricer: Pricer, models: list[str], fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        _quote(pricer, *models, **fields)
    assert [violation.field for violation in refused.value.violations] == [named]
