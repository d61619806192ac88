"""Settings of the ledger."""

from __future__ import annotations

from pydantic import BaseModel, Field

from services.common.settings import ServiceSettings


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


class LedgerSettings(ServiceSettings):
    """What `aifinops run ledger` reads."""

    ledger: LedgerOptions = LedgerOptions()
