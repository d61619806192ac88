"""Settings from the environment: `AIFINOPS_...`, nested with `__`. A missing one stops the service at start."""

from __future__ import annotations

import os
import sys
from typing import Literal, NoReturn, TypeVar

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

PREFIX = "AIFINOPS_"

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
EXIT_CONFIG = 78
"""EX_CONFIG of sysexits.h."""


class KafkaSettings(BaseModel):
    """`AIFINOPS_KAFKA__...`"""

    bootstrap_servers: str = Field(description="host:port, comma-separated")
    incarnation: str = Field(
        default="",
        description="Names this life of the log. Empty: the cluster's id. Set a new value after topics were deleted "
        "and created again, because their offsets then start again.",
    )
    topic_prefix: str = Field(
        default="",
        pattern=r"[A-Za-z0-9._-]*",
        description="Before each topic's and group's name, in a shared cluster",
    )
    compression: Literal["none", "lz4"] = "lz4"
    partitions: int = Field(default=6, ge=1, description="Of finops.usage.v1 and finops.costs.v1, when created")
    replication_factor: int = Field(default=1, ge=1)
    retention_hours: int = Field(default=168, ge=1)
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password: SecretStr = SecretStr("")
    ca_file: str = ""
    group_instance_id: str = Field(
        default="",
        description="Static membership: names this replica across its restarts, so that its partitions wait for it "
        "instead of moving. Empty: partitions move when a replica goes",
    )
    session_timeout_ms: int = Field(default=10_000, ge=1_000, description="A member silent for so long is dead")
    rebalance_timeout_ms: int = Field(
        default=30_000, ge=1_000, description="How long members may drain what they have before partitions move"
    )
    request_timeout_ms: int = Field(default=10_000, ge=1_000)
    dead_letter_limit: int = Field(
        default=1_000,
        ge=0,
        description="More records that cannot be processed within the window stop a consumer, instead of draining its "
        "topic into the dead-letter topic",
    )
    dead_letter_window_seconds: int = Field(default=60, ge=1)
    short_poll_ms: int = Field(
        default=0,
        ge=0,
        description="For a broker that does not hold an empty fetch open: how long a consumer pauses between two, at "
        "most; a fifth of it while records come. 0: it does",
    )

    def topic(self, name: str) -> str:
        """A topic's or group's name in this cluster."""
        return self.topic_prefix + name


class ClickHouseSettings(BaseModel):
    """`AIFINOPS_CLICKHOUSE__...`"""

    url: str = Field(description="http://host:8123 or https://host:8443")
    database: str = Field(default="finops", pattern=r"[a-zA-Z_][a-zA-Z0-9_]*")
    username: str = "default"
    password: SecretStr = SecretStr("")
    ca_file: str = ""


class AuthSettings(BaseModel):
    """`AIFINOPS_AUTH__...`"""

    service_key: SecretStr = Field(description="API key the services use among themselves, afk_..., one for all")
    admin_key: SecretStr = Field(default=SecretStr(""), description="First admin key, afk_...; more through the API")
    admin_tenant: str = Field(default="default", description="Tenant of the first admin key")
    refresh_seconds: float = Field(
        default=1.0,
        gt=0,
        description="How soon a revoked key is noticed by processes other than the one it was revoked in",
    )


class GrpcSettings(BaseModel):
    """`AIFINOPS_GRPC__...`"""

    host: str = "0.0.0.0"  # noqa: S104 - a container listens on its pod's address
    port: int = Field(default=50051, ge=0, le=65535)
    max_message_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)


class HttpSettings(BaseModel):
    """`AIFINOPS_HTTP__...`"""

    host: str = "0.0.0.0"  # noqa: S104
    port: int = Field(default=8080, ge=0, le=65535)


class PeerSettings(BaseModel):
    """`AIFINOPS_PEERS__...`: gRPC targets of the other services; in Kubernetes `dns:///` names of headless Services."""

    pricing: str = "dns:///aifinops-pricing:50051"
    ledger: str = "dns:///aifinops-ledger:50051"
    budget: str = "dns:///aifinops-budget:50051"
    anomaly: str = "dns:///aifinops-anomaly:50051"
    optimizer: str = "dns:///aifinops-optimizer:50051"
    governance: str = "dns:///aifinops-governance:50051"
    notifier: str = "dns:///aifinops-notifier:50051"


class TelemetrySettings(BaseModel):
    """`AIFINOPS_TELEMETRY__...`"""

    log_level: LogLevel = "INFO"
    log_format: Literal["json", "console"] = "json"
    otlp_endpoint: str = Field(default="", description="http://collector:4318; empty: no traces are exported")


class ServiceSettings(BaseSettings):
    """What every service has. A service's own class adds its section."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="ignore")

    kafka: KafkaSettings
    clickhouse: ClickHouseSettings
    auth: AuthSettings
    grpc: GrpcSettings = GrpcSettings()
    http: HttpSettings = HttpSettings()
    peers: PeerSettings = PeerSettings()
    telemetry: TelemetrySettings = TelemetrySettings()


AnySettings = TypeVar("AnySettings", bound=BaseSettings)


class UnusableSettingError(Exception):
    """A setting whose form is right and which still cannot be used, as only the part that it is for can tell."""

    def __init__(self, path: str, why: str) -> None:
        """`path`: as settings nest, such as `ledger.export.to`."""
        super().__init__(f"{PREFIX}{path.upper().replace('.', '__')}: {why}")


def load(settings_class: type[AnySettings]) -> AnySettings:
    """Reads the environment; where that fails, says which variables are wrong and ends the process with EX_CONFIG."""
    # A section whose variables are all unset is reported by its required fields, not as a missing object.
    try:
        return settings_class()
    except ValidationError as error:
        _refuse(error, settings_class)
    except SettingsError as error:
        # A value that should be JSON and is not; its text may hold secrets.
        sys.stderr.write(f"aifinops: {error}: it must be JSON\n")
        raise SystemExit(EXIT_CONFIG) from None


def _refuse(error: ValidationError, settings_class: type[BaseSettings]) -> NoReturn:
    lines = [f"aifinops: {len(error.errors())} setting(s) cannot be used:"]
    for problem in error.errors():
        names = [str(part).upper() for part in problem["loc"]]
        variable = PREFIX + "__".join(names)
        section = settings_class.model_fields.get(str(problem["loc"][0])) if problem["loc"] else None
        if problem["type"] == "missing" and len(names) == 1 and section is not None:
            required = [
                f"{variable}__{field.upper()}"
                for field, info in getattr(section.annotation, "model_fields", {}).items()
                if info.is_required()
            ]
            lines += [f"  {name} is not set" for name in required] or [f"  {variable} is not set"]
        elif problem["type"] == "missing":
            lines.append(f"  {variable} is not set")
        else:
            shown = "" if _is_secret(variable) else f" (now {os.environ.get(variable, '')!r})"
            lines.append(f"  {variable}: {problem['msg']}{shown}")
    sys.stderr.write("\n".join(lines) + "\n")
    raise SystemExit(EXIT_CONFIG)


def _is_secret(variable: str) -> bool:
    return any(word in variable for word in ("PASSWORD", "KEY", "SECRET", "TOKEN", "URL", "DESTINATIONS", "POLLERS"))
