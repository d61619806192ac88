"""Money: exact, whatever the size."""

from __future__ import annotations

from fractions import Fraction

import pytest
from finops.cost.v1.cost_pb2 import Money
from hypothesis import given
from hypothesis import strategies as st

from services.common import money

amounts = st.integers(min_value=-(10**30), max_value=10**30)


@given(amounts)
def test_text_and_back(picos: int) -> None:
    if abs(picos) < 10**30:
        assert money.parse_dollars(money.format_dollars(picos)) == picos


@given(amounts)
def test_decimal_and_back(picos: int) -> None:
    assert money.from_decimal(money.to_decimal(picos)) == picos


@given(st.integers(min_value=-(2**63) * 10**12, max_value=(2**63 - 1) * 10**12))
def test_proto_and_back(picos: int) -> None:
    assert money.from_proto(money.to_proto(picos)) == picos


@given(st.integers(min_value=-(10**12), max_value=10**12), st.integers(min_value=0, max_value=10**16))
def test_cost_is_the_nearest_picodollar_ties_to_even(quantity: int, price: int) -> None:
    assert money.cost_of(quantity, price) == round(Fraction(quantity * price, 10**6))


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", "1e-13", "0.0000000000001", "1e40", "１.０a"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        money.parse_dollars(text)


def test_a_mixed_sign_is_refused() -> None:
    with pytest.raises(ValueError, match="same sign"):
        money.from_proto(Money(currency_code="USD", units=1, picos=-1))


def test_another_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="EUR"):
        money.from_proto(Money(currency_code="EUR", units=1))


def test_the_anthropic_invoice_of_pain_3() -> None:
    per_million = {"input": 3, "cache_write": Fraction("3.75"), "output": 15}
    used = {"input": 3, "cache_write": 12304, "output": 550}
    total = sum(money.cost_of(used[b], int(per_million[b] * money.PICOS_PER_DOLLAR)) for b in used)
    # 3 x $3 + 12304 x $3.75 + 550 x $15, each for a million
    assert money.format_dollars(total) == "0.054399000000"
