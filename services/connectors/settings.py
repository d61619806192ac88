"""Settings of the connectors."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.common.settings import PREFIX, ServiceSettings
from services.connectors.domain.poller import Poller
from services.connectors.sources import CONNECTORS

_POLLERS = f"{PREFIX}CONNECTORS__POLLERS"
_SPAN = re.compile(r"([1-9][0-9]{0,5})(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _span(value: Any) -> Any:
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('must be a number and a unit, such as "30s", "15m", "6h" or "1d"')
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _day(value: Any) -> Any:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError('must be a day such as "2026-11-01", or a time such as "2026-11-01T12:00:00Z"') from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _plain_url(value: Any) -> Any:
    parts = urlsplit(value if isinstance(value, str) else "")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must read http(s)://host[:port][/path], without user, query or fragment")
    return value


PlainUrl = Annotated[str, BeforeValidator(_plain_url)]


class PollerOptions(BaseModel):
    """One entry of AIFINOPS_CONNECTORS__POLLERS."""

    # A value may be a secret somebody put into the wrong field.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="Names it in logs, metrics and checkpoints")
    connector: str = Field(description="What it reads; `aifinops connectors list` shows them")
    api_key_file: Path | None = Field(default=None, description="File with our API key; its tenant owns the events")
    api_key_env: str = Field(default="", description="Or the environment variable that holds it")
    secret_file: Path | None = Field(default=None, description="File with the source's secret")
    secret_env: str = Field(default="", description="Or the environment variable that holds it")
    options: dict[str, str] = Field(default_factory=dict, description="What the connector must be told")
    base_url: PlainUrl | None = Field(default=None, description="Instead of the source's usual address")
    account: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._-]{0,40}$",
        description="Where several accounts of one source are read for one tenant: tells their events apart",
    )
    interval: Annotated[timedelta, BeforeValidator(_span)] | None = Field(
        default=None, description="Between polls, such as 15m, instead of the connector's own"
    )
    requests_per_minute: int | None = Field(default=None, ge=1, le=60_000, description="Instead of the connector's own")
    backfill_from: Annotated[datetime, BeforeValidator(_day)] | None = Field(
        default=None, description="How far back the first poll reads; set earlier, the time in between is read too"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        where = f"poller {self.name!r}"
        connector = CONNECTORS.get(self.connector)
        if connector is None:
            raise ValueError(f"{where} has no connector {self.connector!r}: choose from {', '.join(CONNECTORS)}")
        for what in ("api_key", "secret") if connector.needs_secret else ("api_key",):
            if bool(getattr(self, f"{what}_file")) == bool(getattr(self, f"{what}_env")):
                raise ValueError(f"{where} needs one of {what}_file and {what}_env")
        missing = [f"{name} ({what})" for name, what in connector.options.items() if not self.options.get(name)]
        if missing:
            raise ValueError(f"{where} needs in its options: {', '.join(missing)}")
        unknown = self.options.keys() - connector.options.keys() - connector.optional.keys()
        if unknown:
            known = ", ".join((*connector.options, *connector.optional)) or "none"
            raise ValueError(f"{where} has options {self.connector} does not know: {', '.join(sorted(unknown))}; it "
                             f"knows {known}")  # fmt: skip
        return self

    def poller(self) -> Poller:
        """What the domain calls it."""
        connector = CONNECTORS[self.connector]
        return Poller(
            name=self.name,
            connector=connector,
            options=self.options,
            base_url=(self.base_url or connector.base_url).rstrip("/"),
            interval=self.interval or connector.interval,
            account=self.account,
            backfill_from=self.backfill_from,
            requests_per_minute=self.requests_per_minute or connector.requests_per_minute,
        )


class ConnectorOptions(BaseModel):
    """`AIFINOPS_CONNECTORS__...`"""

    # See PollerOptions.
    model_config = ConfigDict(hide_input_in_errors=True)

    ingest_url: PlainUrl = Field(default="http://aifinops-ingest:8080", description="Where events are sent")
    pollers: tuple[PollerOptions, ...] = Field(
        default=(),
        description='JSON: [{"name": "openai", "connector": "openai-usage", "api_key_file": "...", '
        '"secret_file": "..."}]; docs/connectors/pollers.md has every field',
    )
    request_timeout_seconds: float = Field(default=60.0, gt=0, description="Of one request to a source")
    patience_seconds: float = Field(
        default=300.0, gt=0, description="Waited in all for a busy source or ingest before a poll is put off"
    )
    max_answer_bytes: int = Field(default=64 * 1024 * 1024, ge=1024, description="Of one answer of a source")

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names: set[str] = set()
        reads: dict[tuple[str, str, str], str] = {}
        for entry in self.pollers:
            if entry.name in names:
                raise ValueError(f"{_POLLERS}: two entries are called {entry.name!r}; give each its own name")
            names.add(entry.name)
            # Which tenant a key belongs to only ingest knows; the same key is the same tenant.
            same = (entry.connector, str(entry.api_key_file or entry.api_key_env), entry.account)
            if same in reads:
                raise ValueError(
                    f"{_POLLERS}: {reads[same]!r} and {entry.name!r} both read {entry.connector} for one tenant; give "
                    "each its own `account`, or their rows are taken for each other's"
                )
            reads[same] = entry.name
        return self


class ConnectorsSettings(ServiceSettings):
    """Everything the connectors read from their environment."""

    connectors: ConnectorOptions = ConnectorOptions()


class ByHandSettings(BaseSettings):
    """What a back-fill by hand needs: neither Kafka nor ClickHouse."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="ignore")

    connectors: ConnectorOptions = ConnectorOptions()
