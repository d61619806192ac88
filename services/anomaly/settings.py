"""Settings of the anomaly service."""

from __future__ import annotations

from pydantic import BaseModel, Field, field_validator

from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Reader
from services.common.settings import ServiceSettings


class AnomalyOptions(BaseModel):
    """`AIFINOPS_ANOMALY__...`"""

    dimensions: tuple[str, ...] = Field(
        default=("team", "user", "project", "key", "tool", "provider", "model", "source", "team+model"),
        description="What is watched, value by value, besides each tenant as a whole; a+b: both together",
    )
    policy: Policy = Field(default=Policy(), description="Thresholds; AIFINOPS_ANOMALY__POLICY__MIN_IMPACT_USD=50")
    grace_minutes: float = Field(default=10, ge=0, description="An hour is judged so long after its end")
    history_grace_hours: float = Field(
        default=168, ge=0, description="The same for a stream of the past, whose senders hold batches back for days"
    )
    live_within_minutes: float = Field(default=15, gt=0, description="A stream this close behind the clock is live")
    minute_grace_seconds: float = Field(
        default=60, ge=0, description="A minute is judged so long after its end; what comes later counts in a later one"
    )
    idle_seconds: float = Field(default=60, gt=0, description="A partition this long without records has none coming")
    batch_records: int = Field(default=10_000, ge=1, le=100_000, description="Cost records counted at once, at most")
    tick_seconds: float = Field(default=20, gt=0, description="How often silence is looked for")
    cause_patience_seconds: float = Field(
        default=30, ge=0, description="An anomaly is told so long after it was found, though its cause is not known yet"
    )
    checkpoint_minutes: float = Field(
        default=10, gt=0, description="State is kept so often, and at stops, for a restart to go on from"
    )
    history_days: int = Field(default=70, ge=14, le=400, description="Read from the ledger at start")
    rebuild_after_late_hours: int = Field(
        default=72, ge=1, description="So many closed hours with late records are a back-fill: history is read again"
    )
    rebuild_every_minutes: float = Field(default=10, ge=0, description="At most so often")

    @field_validator("dimensions")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return Reader(names).dimensions[1:]


class AnomalySettings(ServiceSettings):
    """Everything the anomaly service reads from the environment."""

    anomaly: AnomalyOptions = AnomalyOptions()
