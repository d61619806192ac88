"""The console's settings."""

from __future__ import annotations

import secrets

from pydantic import BaseModel, Field, SecretStr, field_validator

from services.common.settings import ServiceSettings
from services.console.domain.periods import zone


class ConsoleOptions(BaseModel):
    """`AIFINOPS_CONSOLE__...`"""

    storage_secret: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_urlsafe(32)),
        min_length=16,
        description="Signs session cookies. Empty: generated at start, so that a restart signs everybody out anyway.",
    )
    session_hours: float = Field(default=12.0, gt=0, le=24 * 30, description="A session unused for so long ends")
    time_zone: str = Field(default="UTC", description="IANA zone in which the UI's days and months start")
    refresh_seconds: float = Field(default=5.0, ge=1, description="How often the UI reads live figures")

    ingest_url: str = Field(
        default="", description="Where people send events, for the examples the UI shows; empty: the UI's own address"
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        zone(name)
        return name


class ConsoleSettings(ServiceSettings):
    """Everything the console reads from the environment."""

    console: ConsoleOptions = ConsoleOptions()
