"""Settings of ingest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, field_validator
from pydantic_settings import NoDecode

from services.common.settings import ServiceSettings
from services.ingest.domain.attribution import HEADERS, HeaderMap
from services.ingest.domain.otlp.attribution import AttributeMap
from services.ingest.domain.otlp.metrics import Measured, settled

MIB = 1024 * 1024

Value = TypeVar("Value")


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(f"it must be JSON: {error}") from None


FromJson = Annotated[Value, NoDecode, BeforeValidator(_parsed)]
"""Read here rather than by pydantic-settings, whose error would name the section and not the variable."""


class IngestOptions(BaseModel):
    """`AIFINOPS_INGEST__...`"""

    durability: Literal["kafka", "journal"] = Field(
        default="kafka",
        description="What acknowledges an event: Kafka, and the journal while it is away; or the journal, for a broker "
        "that is empty again after a restart; it is then kept until the ledger holds its events",
    )
    kafka_timeout_seconds: float = Field(default=2.0, gt=0, description="Then the journal takes the events instead")
    journal_dir: Path = Field(default=Path("data/journal"), description="One ingest process each; put it on a volume")
    journal_max_bytes: int = Field(default=1024 * MIB, ge=MIB, description="Above it events are refused with 503")
    journal_segment_bytes: int = Field(default=16 * MIB, ge=4096)
    journal_min_free_bytes: int = Field(default=64 * MIB, ge=0, description="Left free on the journal's disk")
    confirm_poll_seconds: float = Field(default=1.0, gt=0, description="How often the ledger is asked (journal)")
    confirm_seal_seconds: float = Field(
        default=5.0, ge=0, description="Age at which a segment is asked about (journal)"
    )
    resend_after_seconds: float = Field(
        default=60.0, gt=0, description="Without progress in the ledger for so long the journal is sent again (journal)"
    )
    max_body_bytes: int = Field(default=5 * MIB, ge=1024, description="Of a request, as sent and as decompressed")
    max_litellm_body_bytes: int = Field(
        default=32 * MIB,
        ge=1024,
        description="The same for /v1/litellm, whose callback posts 512 payloads of 10 kB and more",
    )
    max_items: int = Field(default=5_000, ge=1, description="Events in a request")
    max_in_flight_bytes: int = Field(
        default=256 * MIB, ge=1024, description="Bodies being handled at once; above it requests are refused with 503"
    )
    max_age_days: int = Field(default=400, ge=1, le=36_500, description="Older events are refused")
    max_ahead_seconds: int = Field(default=300, ge=0, le=86_400, description="How far a sender's clock may be ahead")
    rate_limit_events_per_second: float = Field(default=0.0, ge=0, description="For each API key; 0: no limit")
    attribution_headers: FromJson[dict[str, str]] = Field(
        default=dict(HEADERS),
        description="JSON object of header names and what each gives of an event at /v1/usage: team, user, project, "
        "key, tool, environment, session, region, or tag:<name>. It replaces the default",
    )
    max_tag_values: int = Field(
        default=10_000,
        ge=0,
        description="Distinct values of a tag, for each tenant, process and UTC day; further ones become (overflow). "
        "0: no limit",
    )
    rate_limit_burst: float = Field(default=10_000, ge=1, description="Events a key may send at once after a pause")
    otlp_grpc_port: int = Field(default=4317, ge=0, le=65535, description="OTLP/gRPC; OTLP/HTTP is on the HTTP port")
    otlp_grpc_host: str = Field(default="", description="Where it listens; empty: as AIFINOPS_GRPC__HOST")
    otlp_max_body_bytes: int = Field(
        default=16 * MIB, ge=1024, description="Of an OTLP request, as sent and as decompressed"
    )
    otlp_attributes: FromJson[dict[str, list[str]]] = Field(
        default={},
        description="JSON: attributes read before the usual ones, by dimension or tag:<name>, such as "
        '{"team": ["org.team"]}',
    )
    otlp_metrics: FromJson[dict[str, Measured]] = Field(
        default={},
        description="JSON: metrics that are counted, metered or reported, such as "
        '{"claude_code.token.usage": "metered"}; others are not, because spans and events say the same',
    )

    @field_validator("attribution_headers")
    @classmethod
    def _headers_lead_somewhere(cls, mapping: dict[str, str]) -> dict[str, str]:
        HeaderMap(mapping)
        return mapping

    @field_validator("otlp_attributes")
    @classmethod
    def _known_dimensions(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        AttributeMap(value)
        return value

    @field_validator("otlp_metrics")
    @classmethod
    def _known_metrics(cls, value: dict[str, Measured]) -> dict[str, Measured]:
        settled(value)
        return value


class IngestSettings(ServiceSettings):
    """Environment of the ingest service."""

    ingest: IngestOptions = IngestOptions()
