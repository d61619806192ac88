"""Shadow prices: what a bucket without a price counts as against a budget. Never part of a cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.common.clock import Micros
from services.common.dimensions import TOKEN_BUCKETS
from services.common.money import Picos, cost_of
from services.pricing.domain.prices import INPUT_BUCKETS
from services.pricing.domain.seats import day_price_at


@dataclass(frozen=True)
class ShadowPrices:
    """Picodollars for a million units; of seats, for one seat and month."""

    input_tokens: Picos
    output_tokens: Picos
    web_searches: Picos
    credit_micros: Picos
    audio_milliseconds: Picos
    gpu_milliseconds: Picos
    requests: Picos
    seat_month: Picos

    def per_million(self) -> Mapping[str, Picos]:
        """By bucket, seats aside."""
        tokens = {b: self.input_tokens if b in INPUT_BUCKETS else self.output_tokens for b in TOKEN_BUCKETS}
        return tokens | {
            "web_searches": self.web_searches,
            "credit_micros": self.credit_micros,
            "audio_milliseconds": self.audio_milliseconds,
            "gpu_milliseconds": self.gpu_milliseconds,
            "requests": self.requests,
        }

    def cost(self, quantities: Mapping[str, int], time: Micros) -> Picos:
        """Of the given buckets at a time."""
        prices = self.per_million()
        return sum(
            quantity * day_price_at(self.seat_month, time) if bucket == "seats" else cost_of(quantity, prices[bucket])
            for bucket, quantity in quantities.items()
        )
