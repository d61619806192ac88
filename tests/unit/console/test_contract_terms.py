"""Terms of contracts as forms write and read them."""

from __future__ import annotations

from typing import Any

import pytest
from finops.pricing.v1 import pricing_pb2 as pb

from services.console.domain import contract_texts
from services.console.domain.contract_terms import KINDS

_KINDS = {kind.name: kind for kind in KINDS}
_SCOPE = pb.Scope(provider="openai", models=["gpt-4*", "o3"])
_DAY = 86_400_000_000
_TERMS: dict[str, list[Any]] = {
    "discounts": [pb.PercentTerm(scope=_SCOPE, parts_per_million=125_000)],
    "markups": [pb.PercentTerm(scope=pb.Scope(provider="aws"), parts_per_million=30_001)],
    "prices": [
        pb.FixedPrice(
            provider="openai",
            model="gpt-4o-mini",
            service_tier="flex",
            batch=True,
            buckets=[
                pb.BucketPrice(bucket="input_tokens", price_picos_per_million=120_000_000_000),
                pb.BucketPrice(bucket="input_tokens", price_picos_per_million=1, above_input_tokens=200_000),
                pb.BucketPrice(bucket="credit_micros", price_picos_per_million=10_000_000_000),
            ],
        )
    ],
    "seats": [
        pb.SeatPrice(provider="github", plan="copilot-business", monthly_picos=16_500_000_000_000),
        pb.SeatPrice(provider="github", plan="copilot-enterprise", yearly_picos=400_000_000_000_000),
    ],
    "allowances": [
        pb.Allowance(
            id="copilot-credits",
            scope=pb.Scope(provider="github"),
            bucket="credit_micros",
            included=[pb.IncludedUnits(plan="copilot-business", units=1_900_000_000)],
            pool=500_000,
            overage_picos_per_million=10_000_000_000,
            per_user=True,
        ),
        pb.Allowance(id="calls", bucket="requests", pool=1_000, scope=pb.Scope()),
    ],
    "credits": [
        pb.Credit(
            id="welcome",
            scope=_SCOPE,
            amount_picos=500 * 10**12,
            starts_unix_micros=20_000 * _DAY,
            ends_unix_micros=20_031 * _DAY,
        )
    ],
    "commitments": [
        pb.Commitment(id="month", scope=_SCOPE, amount_picos=10**16, period=pb.COMMITMENT_PERIOD_MONTH),
        pb.Commitment(
            id="year", scope=_SCOPE, amount_picos=10**16, period=pb.COMMITMENT_PERIOD_YEAR, paid_in_advance=True
        ),
        pb.Commitment(id="term", scope=_SCOPE, amount_picos=10**16, period=pb.COMMITMENT_PERIOD_UNSPECIFIED),
    ],
}


def test_there_is_a_form_for_every_sort_of_terms() -> None:
    repeated = {
        name
        for name, field in pb.Contract.DESCRIPTOR.fields_by_name.items()
        if field.message_type and field.is_repeated
    }
    assert set(_KINDS) == repeated == set(_TERMS)


@pytest.mark.parametrize("kind", _TERMS)
def test_what_is_written_reads_back_the_same(kind: str) -> None:
    form = _KINDS[kind]
    for term in _TERMS[kind]:
        texts = form.write(term)
        assert set(texts) == {field.name for field in form.fields}
        assert form.read(texts) == term


def test_amounts_and_units_read_as_people_write_them() -> None:
    assert contract_texts.read_amount(" 1,250.5 ", "amount") == 1_250_500_000_000_000
    assert contract_texts.read_units("1,900", "units", 10**6) == 1_900_000_000
    assert contract_texts.read_units("0.5", "units", 10**6) == 500_000
    assert contract_texts.read_percent("12.5 %".replace(" ", "")) == 125_000
    assert contract_texts.write_amount(500 * 10**12) == "500"
    assert contract_texts.write_amount(150_000_000_000) == "0.15"
    assert contract_texts.write_day(contract_texts.read_day("2026-01-31", "day")) == "2026-01-31"
    assert contract_texts.read_day("", "day") == 0
    assert contract_texts.write_day(0) == ""


@pytest.mark.parametrize(
    ("kind", "changed", "told"),
    [
        ("discounts", {"percent": "much"}, "percent: a number"),
        ("discounts", {"percent": "0.00001"}, "at most four decimals"),
        ("prices", {"prices": "input_tokens="}, "name=number"),
        ("prices", {"prices": "input_tokens=cheap"}, "input_tokens"),
        ("seats", {"price": "a lot"}, "price"),
        ("allowances", {"pool": "0.0000001"}, "pool: '0.0000001' is not a whole number"),
        ("credits", {"from": "31.1.2026"}, "from: a day such as 2026-01-31"),
    ],
)
def test_what_cannot_be_read_is_named(kind: str, changed: dict[str, str], told: str) -> None:
    form = _KINDS[kind]
    with pytest.raises(ValueError, match=told):
        form.read({**form.write(_TERMS[kind][0]), **changed})
