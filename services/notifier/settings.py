"""Settings of the notifier."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, SecretStr, model_validator

from services.common.settings import ServiceSettings

MIN_SECRET = 32
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


class SmtpOptions(BaseModel):
    """`AIFINOPS_NOTIFIER__SMTP__...`: the mail server of routes that send e-mail."""

    host: str = Field(default="", description="Empty: no route may send e-mail")
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = Field(default="", description="Empty: the server wants none")
    password: SecretStr = SecretStr("")
    sender: str = Field(default="", description="finops@example.com; needed with a host")

    @model_validator(mode="after")
    def _has_sender(self) -> Self:
        if self.host and "@" not in self.sender:
            raise ValueError("AIFINOPS_NOTIFIER__SMTP__SENDER is not set: mails need an address they come from")
        return self


class NotifierOptions(BaseModel):
    """`AIFINOPS_NOTIFIER__...`"""

    destinations: tuple[Destination, ...] = Field(
        default=(), description='JSON: [{"name": "ops", "url": "slack://...", "kinds": ["budget"]}]'
    )
    console_url: str = Field(default="", description="https://finops.example.com; messages then link to the console")
    secret_keys: dict[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,20}$")], SecretStr] = Field(
        default={},
        description='JSON: {"2026": "a long random text"}. Encrypts the secrets of routes and signs links; the first '
        "one is used, the others are still understood. None: keys made from the service key",
    )
    link_hours: float = Field(default=168, gt=0, description="How long the links in a message work")
    smtp: SmtpOptions = SmtpOptions()
    allow_private_receivers: bool = Field(
        default=False,
        description="Routes may name receivers inside private networks. Destinations of the settings always may",
    )
    poll_seconds: float = Field(default=5.0, gt=0, description="How soon what another replica recorded is noticed")
    max_age_hours: float = Field(
        default=24, gt=0, description="Older events are recorded, not sent: a back-fill of history pages nobody"
    )
    max_attempts: int = Field(default=20, ge=1, description="With the pauses below: about an hour")
    backoff_seconds: float = Field(default=2.0, gt=0, description="Before the second attempt; doubles with each")
    max_backoff_seconds: float = Field(default=300.0, gt=0)
    send_timeout_seconds: float = Field(default=15.0, gt=0)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        # Checked here and not on the field, since a refused field is shown with its value: these hold secrets.
        if any(len(key.get_secret_value()) < MIN_SECRET for key in self.secret_keys.values()):
            raise ValueError(f"AIFINOPS_NOTIFIER__SECRET_KEYS: each has at least {MIN_SECRET} characters")
        names = [destination.name for destination in self.destinations]
        if len(set(names)) < len(names):
            raise ValueError("two destinations have the same name: give each its own")
        return self


class NotifierSettings(ServiceSettings):
    """Everything the notifier reads from its environment."""

    notifier: NotifierOptions = NotifierOptions()
