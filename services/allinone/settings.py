"""What `aifinops up` decides for itself, as the environment any service reads."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

from services.allinone.engines.embedded import (
    BROKER_PARTITIONS,
    BROKER_RETENTION_HOURS,
    EmbeddedBroker,
    EmbeddedClickHouse,
)
from services.common import auth
from services.common.auth import Role

TENANT = "default"

_ANNOUNCED = "running.json"


class NotRunningError(RuntimeError):
    """No `aifinops up` runs on a folder."""


@dataclass(frozen=True)
class Keys:
    """The two keys of one machine."""

    admin: str
    service: str

    @classmethod
    def of(cls, data: Path) -> Keys:
        """The keys in the data folder, made at the first start. Readable by the owner alone."""
        file = data / "keys.json"
        if not file.exists():
            keys = {
                "admin": auth.new_api_key(TENANT, Role.ADMIN, "first admin")[0],
                "service": auth.new_api_key("aifinops", Role.SERVICE, "service")[0],
            }
            draft = file.with_suffix(".draft")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps(keys))
            draft.rename(file)
        return cls(**json.loads(file.read_text()))


def environment(
    data: Path, broker: EmbeddedBroker, clickhouse: EmbeddedClickHouse, keys: Keys, *, log_level: str
) -> dict[str, str]:
    """Settings shared by every service of this machine. What the user has set already stays as it is."""
    ours = {
        "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "AIFINOPS_KAFKA__INCARNATION": broker.incarnation,
        "AIFINOPS_KAFKA__PARTITIONS": str(BROKER_PARTITIONS),
        # The fewer partitions, the more events of each are remembered.
        "AIFINOPS_PRICING__WINDOW_RECORDS": "200000",
        "AIFINOPS_KAFKA__RETENTION_HOURS": str(BROKER_RETENTION_HOURS),
        "AIFINOPS_KAFKA__SHORT_POLL_MS": "100",
        # Each group has one member here. The embedded broker waits for a dead one without end; a static member is
        # known again when it comes back.
        "AIFINOPS_KAFKA__GROUP_INSTANCE_ID": "one-machine",
        "AIFINOPS_KAFKA__SESSION_TIMEOUT_MS": "6000",
        "AIFINOPS_KAFKA__REBALANCE_TIMEOUT_MS": "6000",
        "AIFINOPS_CLICKHOUSE__URL": clickhouse.url,
        "AIFINOPS_AUTH__SERVICE_KEY": keys.service,
        "AIFINOPS_AUTH__ADMIN_KEY": keys.admin,
        "AIFINOPS_AUTH__ADMIN_TENANT": TENANT,
        "AIFINOPS_INGEST__DURABILITY": "journal",
        "AIFINOPS_INGEST__JOURNAL_DIR": str(data / "journal"),
        "AIFINOPS_BUDGET__HOLDS_DIR": str(data / "holds"),
        "AIFINOPS_PRICING__BOOK__FOLDER": str(data / "price-book"),
    }
    ours |= {"AIFINOPS_TELEMETRY__LOG_LEVEL": os.environ.get("AIFINOPS_TELEMETRY__LOG_LEVEL", log_level)}
    return ours


def announce(data: Path, variables: dict[str, str]) -> None:
    """Tells other commands how to reach what runs on this folder. Readable by the owner alone."""
    draft = data / "running.draft"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(variables))
    draft.rename(data / _ANNOUNCED)


def announced(data: Path) -> dict[str, str]:
    """The environment of what runs on this folder.

    Raises:
        NotRunningError: nothing does.
    """
    try:
        with (data / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        raise NotRunningError(f"{data} is no data folder of `aifinops up`") from None
    except BlockingIOError:
        pass  # It runs.
    else:
        raise NotRunningError(f"nothing runs on {data}: start `aifinops up --data {data}` first")
    try:
        variables: dict[str, str] = json.loads((data / _ANNOUNCED).read_text())
    except FileNotFoundError:
        raise NotRunningError(f"what runs on {data} is still starting: try again in a moment") from None
    return variables


def ports(http_host: str, http: int, grpc_host: str, grpc: int) -> dict[str, str]:
    """Where one process listens."""
    return {
        "AIFINOPS_HTTP__HOST": http_host,
        "AIFINOPS_HTTP__PORT": str(http),
        "AIFINOPS_GRPC__HOST": grpc_host,
        "AIFINOPS_GRPC__PORT": str(grpc),
    }


def otlp(host: str, port: int) -> dict[str, str]:
    """Where ingest takes OTLP over gRPC."""
    return {"AIFINOPS_INGEST__OTLP_GRPC_HOST": host, "AIFINOPS_INGEST__OTLP_GRPC_PORT": str(port)}


def peers(targets: dict[str, str]) -> dict[str, str]:
    """Where the services find each other, by service name."""
    return {f"AIFINOPS_PEERS__{name.upper()}": target for name, target in targets.items()}
