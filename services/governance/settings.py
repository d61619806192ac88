"""Settings of the governance service."""

from __future__ import annotations

from pydantic import BaseModel, Field

from services.common.settings import ServiceSettings


class GovernanceOptions(BaseModel):
    """`AIFINOPS_GOVERNANCE__...`"""

    refresh_seconds: float = Field(
        default=3.0, gt=0, description="How soon a tool registered by another process is noticed"
    )
    last_seen_resolution_minutes: int = Field(
        default=60, ge=0, description="A user's last use of a tool is written once it moved by more than this"
    )
    remembered_users: int = Field(
        default=200_000, ge=1, description="Pairs of tool and user whose last use is kept in memory"
    )


class GovernanceSettings(ServiceSettings):
    """Everything the governance service reads from its environment."""

    governance: GovernanceOptions = GovernanceOptions()
