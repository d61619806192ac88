"""Settings of the budget service."""

from __future__ import annotations

from pydantic import BaseModel, Field

from services.common.settings import ServiceSettings


class BudgetOptions(BaseModel):
    """`AIFINOPS_BUDGET__...`"""

    refresh_seconds: float = Field(
        default=2.0, gt=0, description="How soon a budget written by another replica is noticed"
    )
    batch_records: int = Field(default=2_000, ge=1, description="Cost records in one batch, at most")
    batch_linger_seconds: float = Field(default=0.05, ge=0, description="How long a batch waits to fill")
    rebuild_concurrency: int = Field(default=4, ge=1, description="Ledger queries under way at a time, to rebuild sums")
    remembered_events: int = Field(
        default=200_000,
        ge=0,
        description="Last usage events whose ids are known, of tenants that reserve: so long may an event come before "
        "the Reserve or Settle that names it",
    )
    forecast_refresh_seconds: float = Field(
        default=3_600,
        gt=0,
        description="How old the past that a forecast rests on may be; six times that, if nobody asks",
    )
    forecast_concurrency: int = Field(default=2, ge=1, description="Ledger queries under way at a time, for forecasts")
    watch_coalesce_seconds: float = Field(
        default=0.2, ge=0, description="Changes of a watched budget within this time are sent as one"
    )


class BudgetSettings(ServiceSettings):
    """What the budget service is told by its environment."""

    budget: BudgetOptions = BudgetOptions()
