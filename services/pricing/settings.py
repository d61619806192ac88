"""Settings of pricing."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, Field

from services.common.money import parse_dollars
from services.common.settings import ServiceSettings
from services.pricing.domain.shadow import ShadowPrices


class ShadowOptions(BaseModel):
    """US dollars that usage without a price counts as against budgets. Never part of a cost."""

    input_per_million: Decimal = Field(default=Decimal(3), ge=0, le=10_000, decimal_places=12)
    output_per_million: Decimal = Field(default=Decimal(15), ge=0, le=10_000, decimal_places=12)
    web_searches_per_thousand: Decimal = Field(default=Decimal(10), ge=0, le=10_000, decimal_places=12)
    credit: Decimal = Field(default=Decimal("0.04"), ge=0, le=1_000, decimal_places=12, description="One credit")
    audio_minute: Decimal = Field(
        default=Decimal("0.006"), ge=0, le=1_000, decimal_places=9, description="Of audio billed by its duration"
    )
    seat_per_month: Decimal = Field(default=Decimal(30), ge=0, le=10_000, decimal_places=12)

    def prices(self) -> ShadowPrices:
        """In picodollars for a million units of each bucket."""
        return ShadowPrices(
            input_tokens=parse_dollars(self.input_per_million),
            output_tokens=parse_dollars(self.output_per_million),
            web_searches=parse_dollars(self.web_searches_per_thousand) * 1_000,
            credit_micros=parse_dollars(self.credit),
            audio_milliseconds=parse_dollars(self.audio_minute) * 1_000 // 60,
            seat_month=parse_dollars(self.seat_per_month),
        )


class PricingOptions(BaseModel):
    """`AIFINOPS_PRICING__...`"""

    rater: bool = Field(default=True, description="Also rate finops.usage.v1; off: answer gRPC only")
    batch_records: int = Field(default=2_000, ge=1, le=2_500, description="Usage records rated together")
    linger_seconds: float = Field(default=0.05, ge=0, le=10)
    window_records: int = Field(
        default=100_000, ge=2, description="Cost records of each partition whose events are remembered"
    )
    skew_minutes: float = Field(
        default=5,
        ge=0,
        description="How far in the future an accepted event's time may lie: at least what ingest allows",
    )
    override_refresh_seconds: float = Field(
        default=5, gt=0, description="How soon a contract price put through another process counts"
    )
    shadow: ShadowOptions = ShadowOptions()


class PricingSettings(ServiceSettings):
    """Settings of the pricing service."""

    pricing: PricingOptions = PricingOptions()
