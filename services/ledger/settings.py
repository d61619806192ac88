"""Settings of the ledger."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

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


class LedgerOptions(BaseModel):
    """`AIFINOPS_LEDGER__...`"""

    batch_records: int = Field(default=20_000, ge=1, le=100_000, description="Cost records written at once, at most")
    batch_linger_seconds: float = Field(
        default=1.0, gt=0, le=60, description="How long a record waits for others: every block costs ClickHouse merges"
    )
    parallel_inserts: int = Field(default=2, ge=1, le=32, description="Blocks written to ClickHouse at the same time")
    reconcile_settle_seconds: float = Field(
        default=3.0,
        ge=0,
        description="`reconcile` mends a difference that stayed the same for so long; a block being written looks "
        "different for a moment",
    )
    export: ExportOptions = ExportOptions()


class LedgerSettings(ServiceSettings):
    """What `aifinops run ledger` reads."""

    ledger: LedgerOptions = LedgerOptions()
