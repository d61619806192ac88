"""The book as it ships, compiled once."""

from __future__ import annotations

import pytest

from services.pricing.adapters.price_list import load_price_book
from services.pricing.domain.rating import PriceBook, Pricer
from services.pricing.settings import ShadowOptions


@pytest.fixture(scope="session")
def book() -> PriceBook:
    return load_price_book()


@pytest.fixture
def pricer(book: PriceBook) -> Pricer:
    return Pricer(book, ShadowOptions().prices())
