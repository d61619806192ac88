"""Settings of pricing."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, Field, field_validator

from services.common.money import parse_dollars
from services.common.settings import ServiceSettings
from services.pricing.domain.quarantine import Accepted
from services.pricing.domain.shadow import ShadowPrices


class ShadowOptions(BaseModel):
    """US dollars that usage without a price counts as against budgets. Never part of a cost."""

    input_per_million: Decimal = Field(default=Decimal(3), ge=0, le=10_000, decimal_places=12)
    output_per_million: Decimal = Field(default=Decimal(15), ge=0, le=10_000, decimal_places=12)
    web_searches_per_thousand: Decimal = Field(default=Decimal(10), ge=0, le=10_000, decimal_places=12)
    requests_per_thousand: Decimal = Field(
        default=Decimal(5), ge=0, le=10_000, decimal_places=12, description="Of models with a fee for each request"
    )
    credit: Decimal = Field(default=Decimal("0.04"), ge=0, le=1_000, decimal_places=12, description="One credit")
    audio_minute: Decimal = Field(
        default=Decimal("0.006"), ge=0, le=1_000, decimal_places=9, description="Of audio billed by its duration"
    )
    gpu_hour: Decimal = Field(
        default=Decimal(4), ge=0, le=10_000, decimal_places=9, description="Of one GPU held for a self-hosted model"
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
            gpu_milliseconds=parse_dollars(self.gpu_hour) * 10 // 36,
            requests=parse_dollars(self.requests_per_thousand) * 1_000,
            seat_month=parse_dollars(self.seat_per_month),
        )


class BookOptions(BaseModel):
    """Where newer copies of the price list come from, and what is believed of them."""

    source: str = Field(
        default="", description="URL or file of a newer genai-prices data.json; empty: the list in the wheel alone"
    )
    second_catalogue: str = Field(
        default="", description="URL or file of LiteLLM's model_prices_and_context_window.json; empty: no cross-check"
    )
    folder: str = Field(default="", description="Where the last good copy is kept; empty: a restart begins anew")
    interval_minutes: float = Field(default=60, gt=0, le=10_080, description="How often the sources are asked")
    timeout_seconds: float = Field(default=30, gt=0, le=600, description="For one whole answer")
    most_bytes: int = Field(default=20_000_000, ge=1_000, description="A larger copy is not read to its end")
    least_share: float = Field(
        default=0.5, ge=0, le=1, description="Share of the models in force that a copy must have"
    )
    most_jumps: float = Field(
        default=0.05, ge=0, le=1, description="Share of a copy's prices that may be ten times off those in force"
    )
    accepted: list[str] = Field(
        default=[], description="Quarantined prices found right: provider/model:bucket=dollars for a million units"
    )

    @field_validator("accepted")
    @classmethod
    def _readable(cls, accepted: list[str]) -> list[str]:
        for text in accepted:
            Accepted.parse(text)
        return accepted

    def accepted_prices(self) -> frozenset[Accepted]:
        """Read."""
        return frozenset(Accepted.parse(text) for text in self.accepted)


class RerateOptions(BaseModel):
    """Events that are priced anew, and the queue of those without a price."""

    check_seconds: float = Field(
        default=300, ge=0, description="How often the queue of use without a price is looked at; 0: never"
    )
    automatic: bool = Field(
        default=True, description="Re-rate use in the queue that has a price by now; off: only measure the queue"
    )
    page_events: int = Field(default=20_000, ge=1, le=20_000, description="Events looked through and re-rated together")


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
    book: BookOptions = BookOptions()
    settlement_seconds: float = Field(
        default=300,
        ge=0,
        description="How often allowances, credits and commitments of contracts are settled; 0: never",
    )
    rerate: RerateOptions = RerateOptions()


class PricingSettings(ServiceSettings):
    """Settings of the pricing service."""

    pricing: PricingOptions = PricingOptions()
