"""Settings of the ledger."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from services.common.settings import ServiceSettings


class ExportOptions(BaseModel):
    """`AIFINOPS_LEDGER__EXPORT__...`: FOCUS files of every closed day"""

    to: str = Field(
        default="",
        pattern=r"^([^:]*|(s3|gs|az|abfss|file)://.+)$",
        description="Where to: a folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix; credentials "
        "are the machine's own. Empty: nothing is exported",
    )
    store_options: dict[str, str] = Field(
        default={}, description="Of the object store, such as region and endpoint, as JSON"
    )
    version: Literal["1.2", "1.3"] = Field(default="1.3", description="Of the FOCUS specification")
    format: Literal["csv", "parquet"] = "parquet"
    reported: bool = Field(default=False, description="What providers reported, instead of what was metered")
    since: date | None = Field(
        default=None, description="First day to export; all days that the ledger has, if not set"
    )
    interval_seconds: float = Field(default=900.0, ge=1, description="How often changed days are looked for")
    settle_hours: float = Field(default=3.0, ge=0, description="How long after its end a day is exported first")
    closing_days: int = Field(
        default=3,
        ge=0,
        description="How long after its end a month is open: later revisions of its events are rows of ChargeClass "
        "Correction, billed in the month they were made in",
    )


class RetentionOptions(BaseModel):
    """`AIFINOPS_LEDGER__RETENTION__...`: days until rows expire; 0: never. Sums stay when what they sum up goes"""

    entries_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Cost entries: what drill-down, tags, past figures, re-rating and exports read",
    )
    hourly_days: int = Field(default=0, ge=0, le=36_500, description="Sums by hour")
    daily_days: int = Field(default=0, ge=0, le=36_500, description="Sums by day")

    @model_validator(mode="after")
    def _sums_outlast_what_they_sum_up(self) -> Self:
        kept = [days or float("inf") for days in (self.entries_days, self.hourly_days, self.daily_days)]
        if kept != sorted(kept):
            raise ValueError(
                "keep sums at least as long as what they sum up: entries_days <= hourly_days <= daily_days"
            )
        return self


class BillOptions(BaseModel):
    """`AIFINOPS_LEDGER__BILL__...`: unexplained spend as a metric"""

    days: int = Field(default=7, ge=1, le=92, description="Whole UTC days before today that it is about")
    interval_seconds: float = Field(default=3600.0, ge=1, description="How often it is computed")


class LedgerOptions(BaseModel):
    """`AIFINOPS_LEDGER__...`"""

    batch_records: int = Field(default=20_000, ge=1, le=100_000, description="Cost records written at once, at most")
    batch_linger_seconds: float = Field(
        default=2.0, gt=0, le=60, description="How long a record waits for others: every block costs ClickHouse merges"
    )
    batch_quiet_seconds: float = Field(
        default=0.5, gt=0, le=60, description="Without a further record for so long, none waits any longer"
    )
    parallel_inserts: int = Field(default=2, ge=1, le=32, description="Blocks written to ClickHouse at the same time")
    reconcile_settle_seconds: float = Field(
        default=3.0,
        ge=0,
        description="`reconcile` mends a difference that stayed the same for so long; a block being written looks "
        "different for a moment",
    )
    retention: RetentionOptions = RetentionOptions()
    export: ExportOptions = ExportOptions()
    bill: BillOptions = BillOptions()


class LedgerSettings(ServiceSettings):
    """What `aifinops run ledger` reads."""

    ledger: LedgerOptions = LedgerOptions()
