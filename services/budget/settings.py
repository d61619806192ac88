"""Settings of the budget service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from services.common import money
from services.common.dimensions import is_dimension
from services.common.settings import ServiceSettings

DIMENSION_HEADERS = {
    "x-team": "team",
    "x-user": "user",
    "x-project": "project",
    "x-key": "key",
    "x-tool": "tool",
    "x-environment": "environment",
    "x-provider": "provider",
    "x-model": "model",
}


def _headers(mapping: dict[str, str]) -> dict[str, str]:
    for header, dimension in mapping.items():
        if not is_dimension(dimension) or dimension == "tenant":
            raise ValueError(f"header {header!r} leads to {dimension!r}, which is no dimension")
    return {header.lower(): dimension for header, dimension in mapping.items()}


def _dollars(text: str) -> str:
    if money.parse_dollars(text) < 0:
        raise ValueError("must not be negative")
    return text


class ExtAuthzOptions(BaseModel):
    """`AIFINOPS_BUDGET__EXT_AUTHZ__...`"""

    mode: Literal["reserve", "check"] = Field(
        default="reserve",
        description="`reserve` holds the estimate until the usage event comes or the lease ends; `check` holds nothing",
    )
    headers: Annotated[dict[str, str], AfterValidator(_headers)] = Field(
        default=DIMENSION_HEADERS, description="JSON: the dimension, or `tag:<name>`, that each request header gives"
    )
    tags_header: str = Field(default="x-tags", description="Header of tags, k=v,k=v; empty: none")
    credential_header: str = Field(
        default="",
        description="Header of the client's secret, such as `authorization`: its SHA-256 becomes the key where no "
        "other header names one. Empty: secrets are not looked at",
    )
    principal: Literal["", "team", "user", "project", "key", "tool"] = Field(
        default="",
        description="Dimension that the identity in the client's certificate gives; it wins over headers",
    )
    request_id_header: str = Field(
        default="x-request-id",
        description="Header whose value is the reservation's id, and the id of the usage event that replaces it",
    )
    estimate_header: str = Field(
        default="x-estimated-cost",
        description="Header of a request's estimate in dollars: it may raise the route's or the default one, no more",
    )
    default_estimate: Annotated[str, AfterValidator(_dollars)] = Field(
        default="0.01", description="Dollars held for a request whose route's configuration tells no `estimate`"
    )
    lease_seconds: int = Field(
        default=300, ge=1, le=86_400, description="How long a hold lives without its usage event"
    )
    denied_status: Literal[402, 403, 429] = Field(default=429, description="HTTP status of a request over budget")


class BudgetOptions(BaseModel):
    """`AIFINOPS_BUDGET__...`"""

    refresh_seconds: float = Field(
        default=2.0, gt=0, description="How soon a budget written by another replica is noticed"
    )
    batch_records: int = Field(default=2_000, ge=1, description="Cost records in one batch, at most")
    batch_linger_seconds: float = Field(default=0.05, ge=0, description="How long a batch waits to fill")
    rebuild_concurrency: int = Field(default=4, ge=1, description="Ledger queries under way at a time, to rebuild sums")
    reconcile_seconds: float = Field(
        default=21_600, gt=0, description="How often all sums are compared with the ledger"
    )
    remembered_events: int = Field(
        default=200_000,
        ge=0,
        description="Last usage events whose ids are known, of tenants that reserve: so long may an event come before "
        "the Reserve or Settle that names it",
    )
    advertised_address: str = Field(
        default="",
        description="host:port at which the other replicas reach this one; empty: the host's address and the gRPC port",
    )
    holds_dir: Path | None = Field(
        default=None,
        description="Folder that keeps reservations, for a broker that is empty again after a restart and a single "
        "budget process; unset: Kafka keeps them",
    )
    settled_seconds: int = Field(
        default=86_400, ge=1, description="How long a settled amount counts while its usage event does not come"
    )
    remembered_seconds: int = Field(
        default=300,
        ge=0,
        description="How long a reservation that was released or counted is known, to answer a repeated call",
    )
    forecast_refresh_seconds: float = Field(
        default=3_600,
        gt=0,
        description="How old the past that a forecast rests on may be; six times that, if nobody asks",
    )
    forecast_concurrency: int = Field(default=2, ge=1, description="Ledger queries under way at a time, for forecasts")
    forecast_processor_share: float = Field(
        default=0.2, gt=0, le=1, description="Of one processor, for computing forecasts while calls are answered"
    )
    watch_coalesce_seconds: float = Field(
        default=0.2, ge=0, description="Changes of a watched budget within this time are sent as one"
    )
    ext_authz: ExtAuthzOptions = ExtAuthzOptions()


class BudgetSettings(ServiceSettings):
    """What the budget service is told by its environment."""

    budget: BudgetOptions = BudgetOptions()
