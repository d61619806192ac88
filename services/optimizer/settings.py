"""Settings of the optimizer."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, Field

from services.common.settings import ServiceSettings


class OptimizerOptions(BaseModel):
    """`AIFINOPS_OPTIMIZER__...`"""

    interval_seconds: float = Field(default=300.0, gt=0, description="Between two runs of the rules")
    first_run_seconds: float = Field(default=20.0, ge=0, description="From the start to the first run")
    min_interval_seconds: float = Field(
        default=30.0, gt=0, description="At least so long between runs, however often seats change"
    )
    window_days: int = Field(default=30, ge=14, le=365, description="History the rules look at")
    min_days: int = Field(default=14, ge=8, description="A workload younger than this is not judged")
    min_monthly_saving: Decimal = Field(
        default=Decimal(10), gt=0, le=10**9, decimal_places=12,
        description="US dollars. A recommendation is withdrawn once it falls below half of it",
    )  # fmt: skip
    max_mean_output_tokens: int = Field(
        default=500, ge=1, description="Output and reasoning tokens a request; longer answers ask for the larger model"
    )
    idle_days: int = Field(default=30, ge=1, description="A seat unused for so long is idle")


class OptimizerSettings(ServiceSettings):
    """Everything the optimizer reads from its environment."""

    optimizer: OptimizerOptions = OptimizerOptions()
