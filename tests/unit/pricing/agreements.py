"""Contracts as tests write them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from services.common.clock import Micros
from services.common.money import PICOS_PER_DOLLAR, Picos
from services.pricing.domain.fx import USD, Rate
from services.pricing.domain.overrides import Override
from services.pricing.domain.terms import Contract, Percent, Scope
from tests.unit.pricing.events import at

JANUARY = at(2026, 1, 1)


def contract(name: str = "c", *, tenant: str = "acme", starts: Micros = JANUARY, **terms: Any) -> Contract:
    """Since January 2026, without an end."""
    ends = terms.pop("ends", 0)
    return Contract(tenant_id=tenant, name=name, starts=starts, ends=ends, recorded=starts, **terms)


def percent(share: str, provider: str = "", *models: str) -> Percent:
    """percent("12.5", "openai", "gpt-*")."""
    return Percent(Scope(provider, models), Fraction(share) / 100)


def fixed(provider: str, model: str, *, currency: str = USD, starts: Micros = JANUARY, **prices: str) -> Override:
    """A contract's price of a model: dollars (or other units) for a million units, by bucket."""
    ladders = {bucket: ((0, picos(amount)),) for bucket, amount in prices.items()}
    return Override("acme", provider, model, "standard", False, ladders, starts, 0, starts, "", currency, "c")


def rate(day: Micros, dollars: str, currency: str = "EUR", tenant: str = "acme") -> Rate:
    return Rate(tenant, currency, day, Decimal(dollars))


def picos(amount: str) -> Picos:
    """Trillionths of an amount."""
    value = Fraction(amount) * PICOS_PER_DOLLAR
    assert value.denominator == 1
    return value.numerator
