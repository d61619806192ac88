"""Settings of the notifier."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, SecretStr, model_validator

from services.common.settings import ServiceSettings

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


def _with_scheme(url: SecretStr) -> SecretStr:
    if not _SCHEME.fullmatch(url.get_secret_value()):
        raise ValueError("a destination's url reads scheme://..., such as https://, slack://, mailtos:// or json://")
    return url


class Destination(BaseModel):
    """Where messages go."""

    name: str = Field(min_length=1, max_length=100, description="Names it in logs, metrics and the record of messages")
    url: Annotated[SecretStr, AfterValidator(_with_scheme)] = Field(
        description="http(s)://: a plain webhook; anything else: an Apprise URL. It holds secrets and is never logged"
    )
    secret: SecretStr = Field(default=SecretStr(""), description="Signs a plain webhook's body with HMAC-SHA256")
    kinds: tuple[Literal["budget", "anomaly", "governance"], ...] = Field(
        default=("budget", "anomaly", "governance"), min_length=1
    )
    tenants: tuple[str, ...] = Field(default=(), description="Only these; none: every tenant")
    min_severity: Literal["info", "warning", "critical"] = "info"


class NotifierOptions(BaseModel):
    """`AIFINOPS_NOTIFIER__...`"""

    destinations: tuple[Destination, ...] = Field(
        default=(), description='JSON: [{"name": "ops", "url": "slack://...", "kinds": ["budget"]}]'
    )
    console_url: str = Field(default="", description="https://finops.example.com; messages then link to the console")
    max_age_hours: float = Field(
        default=24, gt=0, description="Older events are recorded, not sent: a back-fill of history pages nobody"
    )
    max_attempts: int = Field(default=6, ge=1)
    backoff_seconds: float = Field(default=2.0, gt=0, description="Before the second attempt; doubles with each")
    max_backoff_seconds: float = Field(default=300.0, gt=0)
    send_timeout_seconds: float = Field(default=15.0, gt=0)

    @model_validator(mode="after")
    def _distinct_names(self) -> Self:
        # Checked here and not on the field, since a refused field is shown with its value: these hold secrets.
        names = [destination.name for destination in self.destinations]
        if len(set(names)) < len(names):
            raise ValueError("two destinations have the same name: give each its own")
        return self


class NotifierSettings(ServiceSettings):
    """Everything the notifier reads from its environment."""

    notifier: NotifierOptions = NotifierOptions()
