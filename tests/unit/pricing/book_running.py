"""A pricer whose book is kept fresh from a server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from finops.pricing.v1.pricing_pb2 import ListPricesRequest
from prometheus_client import REGISTRY

from services.common.clock import ManualClock, SystemClock
from services.pricing.adapters.price_book.refusal import Refusal, RefusedCopyError
from services.pricing.adapters.refresh import PriceBookKeeper, open_book
from services.pricing.domain.overrides import Override
from services.pricing.domain.rating import Pricer
from services.pricing.handlers.desk import PriceDesk
from services.pricing.settings import BookOptions, ShadowOptions
from tests.unit.pricing.events import usage
from tests.unit.pricing.price_source import Publisher, model, published

GOOD = published()
GPT = "openai", "gpt-4o"


def dearer(listed: list[dict[str, Any]]) -> None:
    """gpt-4o at $3 instead of $2.50 a million."""
    model(listed, *GPT)["prices"]["input_mtok"] = 3


def a_thousand_times(listed: list[dict[str, Any]]) -> None:
    model(listed, *GPT)["prices"]["input_mtok"] = 2_500


class NoContracts:
    async def put(self, override: Override, recorded_by: str) -> None:
        raise AssertionError("no contract is put here")

    def ensure_loaded(self) -> None:
        pass


@dataclass
class Running:
    """A pricer whose book is kept fresh."""

    options: BookOptions
    clock: ManualClock = field(default_factory=lambda: ManualClock(SystemClock().now()))

    def __post_init__(self) -> None:
        opening = open_book(self.options, self.clock.now())
        self.opened = opening
        self.pricer = Pricer(opening.edition.book, ShadowOptions().prices())
        self.keeper = PriceBookKeeper(self.options, opening, self.pricer.use_book, self.clock)
        self.desk = PriceDesk(self.pricer, NoContracts(), self.clock)

    def dollars(self, model: str = "gpt-4o", **quantities: int) -> int | None:
        """Cost of a million input tokens of an OpenAI model; None: unpriced."""
        quantities = quantities or {"input_tokens": 100_000}
        rating = self.pricer.rate(usage("openai", model, time=self.clock.now(), **quantities), "acme")
        return None if rating.unpriced_buckets else rating.cost_picos

    def listed(self) -> int:
        """What the desk lists for gpt-4o's input."""
        request = ListPricesRequest(provider="openai", page_size=1_000)
        price = next(p for p in self.desk.list_prices("acme", request).prices if p.name == "prices/openai/gpt-4o")
        return next(b.price_picos_per_million for b in price.buckets if b.bucket == "input_tokens")

    async def refused(self) -> Refusal:
        with pytest.raises(RefusedCopyError) as caught:
            await self.keeper.refresh()
        return caught.value.refusal


def options(server: Publisher, folder: Path | None = None, **more: Any) -> BookOptions:
    return BookOptions(source=server.url, folder=str(folder or ""), timeout_seconds=5, **more)


def metric(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)
