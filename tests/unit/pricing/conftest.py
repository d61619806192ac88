"""The book as it ships, compiled once; and a server that publishes newer lists."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.pricing.adapters.price_list import load_price_book
from services.pricing.domain.rating import PriceBook, Pricer
from services.pricing.settings import ShadowOptions
from tests.unit.pricing.price_source import Publisher, published, publisher


@pytest.fixture(scope="session")
def book() -> PriceBook:
    return load_price_book()


@pytest.fixture
def pricer(book: PriceBook) -> Pricer:
    return Pricer(book, ShadowOptions().prices())


@pytest.fixture
def server() -> Iterator[Publisher]:
    """At first with the list that ships."""
    with publisher(published()) as told:
        yield told
